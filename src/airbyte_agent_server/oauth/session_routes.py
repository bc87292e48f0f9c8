"""Routes of browser connect sessions."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request

from airbyte_agent_server.aliases import API
from airbyte_agent_server.connectors.registry import find_connector_type, get_connector_type
from airbyte_agent_server.connectors.service import ConnectorService
from airbyte_agent_server.oauth.sessions import ConnectSession, ConnectSessions, SessionStatus
from airbyte_agent_server.problems import TENANT_CODES, TYPE_CODES, ProblemError, may_answer
from airbyte_agent_server.tokens.bearer import claims_of
from airbyte_agent_server.tokens.tenant import Tenant, Tenants

_PREFIX = f"{API}/internal/mcp_oauth/sessions"


class SessionBody(BaseModel):
    """What to connect, and for whom."""

    definition_id: str = Field(description="Id of the connector's definition.")
    workspace_id: UUID
    source_template_id: str | None = Field(default=None, description="Id of the source template.")


class StartedSession(BaseModel):
    """Where to ask whether the browser is done."""

    session_id: str


class SessionEnd(BaseModel):
    """The connector that the session led to."""

    source_id: UUID


class SessionView(BaseModel):
    """How far a session is. Secrets never show."""

    status: SessionStatus
    error: str | None
    source_id: str | None
    source_template_id: str
    auth_payload: None = None

    @classmethod
    def of(cls, session: ConnectSession) -> "SessionView":
        """The view of a session."""
        return cls(
            status=session.status,
            error=session.error,
            source_id=session.connector_id,
            source_template_id=get_connector_type(session.connector_type).template_id,
        )


class SessionRoutes:
    """Start a session, ask about it, end it."""

    def __init__(self, sessions: ConnectSessions, connectors: ConnectorService, tenants: Tenants) -> None:
        self._sessions = sessions
        self._connectors = connectors
        self._tenants = tenants

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        one, known = f"{_PREFIX}/{{session_id}}", ("session_not_found",)
        starting = may_answer(*TENANT_CODES, *TYPE_CODES)
        ending = may_answer(*known, "session_consumed", "connector_not_found", "workspace_inactive")
        router.add_api_route(_PREFIX, self.start, methods=["POST"], openapi_extra=starting)
        router.add_api_route(one, self.get, methods=["GET"], openapi_extra=may_answer(*known))
        router.add_api_route(one, self.end, methods=["PATCH"], openapi_extra=ending)

    async def start(self, request: Request, body: SessionBody) -> StartedSession:
        """Start a session, for a browser that opens `/widget-bridge`."""
        kind = find_connector_type(
            connector_type=None, definition_id=body.definition_id, source_template_id=body.source_template_id
        )
        workspace = await self._tenants.enter(claims_of(request), Tenant(None, str(body.workspace_id)))
        return StartedSession(session_id=await self._sessions.start(workspace, kind))

    async def get(self, request: Request, session_id: str) -> SessionView:
        """Say how far it is."""
        return SessionView.of(await self._sessions.find(claims_of(request).organization_id, session_id))

    async def end(self, request: Request, session_id: str, body: SessionEnd) -> SessionView:
        """End it with a connector of its workspace. Ending it again with the same one changes nothing."""
        claims = claims_of(request)
        session = await self._sessions.find(claims.organization_id, session_id)
        connector_id = str(body.source_id)
        if session.status == SessionStatus.PENDING:
            connector = await self._connectors.find(claims, connector_id)
            if connector.workspace_id != session.workspace_id:
                raise ProblemError("connector_not_found", "The session's workspace has no such connector: list them.")
        return SessionView.of(await self._sessions.complete(session, connector_id))
