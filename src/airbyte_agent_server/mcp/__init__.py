"""The door for MCP clients: how they are let into a workspace, and the tools they find there."""
