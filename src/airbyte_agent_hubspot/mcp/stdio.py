"""Serves MCP over standard input and output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp.server.stdio import stdio_server

from .server import always, build_mcp_server

if TYPE_CHECKING:
    from ..connector import HubspotConnector
    from .options import McpOptions


async def serve_stdio(connector: HubspotConnector, options: McpOptions | None = None) -> None:
    """Serves until the client hangs up. Nothing else may write to the standard output meanwhile."""
    server = build_mcp_server(always(connector), options)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())
