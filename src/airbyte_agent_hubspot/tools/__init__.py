"""Tools for agents: `build_tools(connector)`, and what `HubspotConnector.tool_utils` makes."""

from ..shaping import Receipt, Redaction
from .building import build_tools
from .decorator import Tool, make_tool
from .frameworks import Framework
from .results import ToolResult
from .retrying import Retries
from .spec import ToolSet, ToolSpec

__all__ = [
    "Framework",
    "Receipt",
    "Redaction",
    "Retries",
    "Tool",
    "ToolResult",
    "ToolSet",
    "ToolSpec",
    "build_tools",
    "make_tool",
]
