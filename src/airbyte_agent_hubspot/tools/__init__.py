"""Tools for agents: what `HubspotConnector.tool_utils` makes."""

from .decorator import Framework, Tool, make_tool

__all__ = ["Framework", "Tool", "make_tool"]
