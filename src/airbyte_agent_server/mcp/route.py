"""The door itself: MCP over streamable HTTP. Nothing is kept between requests, so any process may answer each.

Source: https://modelcontextprotocol.io/specification/2025-06-18/basic/transports
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Final
from uuid import UUID

from starlette.datastructures import Headers
from starlette.routing import Route

from airbyte_agent_hubspot.connector import HubspotConnector
from airbyte_agent_server.mcp.hop import Hop
from airbyte_agent_server.mcp.programs import is_listed
from airbyte_agent_server.origins import own_origin, split_url
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.tokens.access import MCP
from airbyte_agent_server.tokens.claims import MCP_PATH, Claims, Ok, Scope, verify_connector
from airbyte_agent_server.wire.entrance import request_id_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import Receive, Send
    from starlette.types import Scope as AsgiScope

    from airbyte_agent_server.connectors.service import ConnectorService
    from airbyte_agent_server.connectors.store import Connector
    from airbyte_agent_server.execute.routes import ExecuteEndpoint
    from airbyte_agent_server.mcp.sessions import McpSessions
    from airbyte_agent_server.ports import Clock
    from airbyte_agent_server.tokens.bearer import Gate

_IN_PROCESS: Final = "http://127.0.0.1"
_PROTOCOL: Final = "airbyte_agent_server.mcp.sessions"


class McpEndpoint:
    """Answers MCP requests with the tools of one connector."""

    def __init__(
        self,
        endpoint: ExecuteEndpoint,
        gate: Gate,
        connectors: ConnectorService,
        *,
        public_url: str,
        origins: Collection[str],
        limit_bytes: int,
        clock: Clock,
    ) -> None:
        self._endpoint = endpoint
        self._gate = gate
        self._connectors = connectors
        self._public_url = public_url
        self._origins = (*origins, own_origin(public_url))
        self._limit_bytes = limit_bytes
        self._clock = clock
        self._sessions: McpSessions | None = None
        self.of_workspace = Route(MCP_PATH, self, methods=["POST"])
        self.of_connector = Route(f"{MCP_PATH}/{{connector_id}}", self, methods=["POST"])

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        named: str | None = scope["path_params"].get("connector_id")
        scope["route"] = self.of_workspace if named is None else self.of_connector
        try:
            claims = await self._gate.admit(scope, MCP)
        except ProblemError as problem:
            problem.challenge = (f'resource_metadata="{self._metadata_url(named)}"',)
            raise
        self._check_origin(Headers(scope=scope).get("origin"))
        sessions = await self._load()
        connector = await self._find(claims, named)
        hubspot = HubspotConnector(
            connector_id=connector.id,
            airbyte_token="admitted",  # noqa: S106  # the hop knows whose request it is
            base_url=_IN_PROCESS,
            transport=Hop(self._endpoint, self._gate, claims, request_id=request_id_of(scope)),
            clock=self._clock,
        )
        read_only = Scope.EXECUTE_WRITE not in claims.scopes
        await sessions.answer(hubspot, scope, receive, send, read_only=read_only)

    def _check_origin(self, origin: str | None) -> None:
        """Raise for a request of a page that is elsewhere: a browser may think the door is of the same site.

        Raises:
            ProblemError: `origin_mismatch`.

        Source: https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#security-warning
        """
        parts = None if origin is None else split_url(origin)
        if origin is not None and (parts is None or not is_listed(parts, self._origins)):
            raise ProblemError(
                "origin_mismatch",
                "Pages of other sites may not come here: have the operator add the origin, in the setting "
                "AGENT_SERVER_MCP_REDIRECT_ORIGINS.",
            )

    def _metadata_url(self, named: str | None) -> str:
        path = MCP_PATH
        with suppress(ValueError):  # what is no id cannot be a connector: its door is nobody's
            path += f"/{UUID(named)}" if named else ""
        return f"{self._public_url}/.well-known/oauth-protected-resource{path}"

    async def _find(self, claims: Claims, named: str | None) -> Connector:
        """The connector that is named; else the only one of the token's workspace that the token may use.

        Raises:
            ProblemError: `connector_not_found`, `workspace_required`, `permission_denied`, `workspace_inactive`.
        """
        if named is not None:
            return await self._connectors.find(claims, named)
        if claims.workspace_id is None:
            raise ProblemError(
                "workspace_required",
                f"An application token reaches many workspaces: use {MCP_PATH}/<connector_id>, or a scoped token.",
            )
        found = [
            connector
            for connector in await self._connectors.list(claims.workspace_id, kind=None)
            if verify_connector(claims, connector.id) == Ok()
        ]
        if len(found) == 1:
            return await self._connectors.find(claims, found[0].id)
        if not found:
            raise ProblemError("connector_not_found", "The workspace has no connector yet: connect an account first.")
        doors = ", ".join(f"{self._public_url}{MCP_PATH}/{connector.id} ({connector.name})" for connector in found)
        raise ProblemError(
            "connector_not_found",
            f"The workspace has {len(found)} connectors: use the address of one of them. {doors}",
        )

    async def _load(self) -> McpSessions:
        """What speaks the protocol. It is an extra and takes a second to import, so it comes with the first request.

        Raises:
            ProblemError: `not_implemented`: the server was installed without it.
        """
        if self._sessions is None:
            try:
                module = await asyncio.to_thread(import_module, _PROTOCOL)
            except ImportError as error:
                if error.name is None or error.name.partition(".")[0] != "mcp":
                    raise
                raise ProblemError(
                    "not_implemented", "This server was installed without MCP: have its operator add the extra `mcp`."
                ) from None
            sessions: McpSessions = module.McpSessions(limit_bytes=self._limit_bytes)
            self._sessions = sessions
        return self._sessions
