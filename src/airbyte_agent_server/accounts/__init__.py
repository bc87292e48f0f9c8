"""Organizations, their client pairs, and their workspaces."""
