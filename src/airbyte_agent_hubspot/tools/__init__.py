"""Tools for agents: what `HubspotConnector.tool_utils` makes."""

from .decorator import Tool, make_tool
from .frameworks import Framework

__all__ = ["Framework", "Tool", "make_tool"]
