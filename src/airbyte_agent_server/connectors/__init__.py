"""Connectors: configured instances, one per connected account."""
