"""The organization of a token, and all of its connectors."""
