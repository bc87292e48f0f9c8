"""Workspaces as their organization administers them."""
