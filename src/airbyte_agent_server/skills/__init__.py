"""What an agent can read about a connector before it uses it: written from the catalog, like `describe`."""
