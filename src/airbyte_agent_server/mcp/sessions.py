"""Speaks MCP: the only module of the server that needs the extra `mcp`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import Receive, Scope, Send

from airbyte_agent_hubspot.connector import HubspotConnector
from airbyte_agent_hubspot.mcp import McpOptions, build_mcp_server

_CONNECTOR = "mcp_connector"


class McpSessions:
    """Answers requests, each on its own: what a client said before is of no account."""

    def __init__(self, *, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._servers = {
            read_only: build_mcp_server(_connector_of, McpOptions(read_only=read_only)) for read_only in (False, True)
        }

    async def answer(
        self, hubspot: HubspotConnector, scope: Scope, receive: Receive, send: Send, *, read_only: bool
    ) -> None:
        """Answer one request with a connector's tools. When the client hangs up, what it asked for is cancelled."""
        scope["state"][_CONNECTOR] = hubspot
        manager = StreamableHTTPSessionManager(
            self._servers[read_only], stateless=True, max_request_body_size=self._limit_bytes
        )
        async with manager.run():
            await manager.handle_request(scope, receive, send)


@asynccontextmanager
async def _connector_of(context: ServerRequestContext[Any, Any]) -> AsyncIterator[HubspotConnector]:
    """The connector that the request was admitted for."""
    request: Any = context.request  # there is one with this transport
    hubspot: HubspotConnector = request.scope["state"][_CONNECTOR]
    yield hubspot
