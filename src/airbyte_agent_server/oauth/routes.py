"""Routes of the OAuth broker."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from airbyte_agent_server.aliases import API
from airbyte_agent_server.connectors.bodies import EntityAccess, ReplicationConfig, TypeFields, rows_of
from airbyte_agent_server.connectors.routes import find_type
from airbyte_agent_server.connectors.service import ConnectorService
from airbyte_agent_server.oauth.broker import ConsentRequest, OAuthBroker
from airbyte_agent_server.oauth.flow import Completion, Narrowing, choose_completion
from airbyte_agent_server.oauth.sessions import ConnectSessions, session_not_found
from airbyte_agent_server.problems import CONNECTOR_CODES, TENANT_CODES, TYPE_CODES, ProblemError, may_answer
from airbyte_agent_server.tokens.bearer import claims_of
from airbyte_agent_server.tokens.claims import Denied, Scope, verify_scope
from airbyte_agent_server.tokens.tenant import Tenant, Tenants, WorkspaceName
from airbyte_agent_server.wire.canonical import spelling_of

_PREFIX = f"{API}/integrations/connectors/oauth"
_SESSION_CODES = ("session_not_found", "session_consumed")
_CONSENT_CODES = ("invalid_redirect_url", "redirect_origin_not_allowed", "oauth_app_not_configured")
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Connection not completed</title></head>
<body><h1>The connection was not completed</h1><p>{message}</p></body></html>
"""


class ScopeLists(BaseModel):
    """Scopes to ask for, out of those the OAuth app has."""

    model_config = ConfigDict(extra="forbid")

    scopes: list[str] | None = None
    optional_scopes: list[str] | None = None


class InitiateBody(TypeFields):
    """A consent to start."""

    workspace_name: WorkspaceName | None = None
    workspace_id: UUID | None = None
    redirect_url: str = Field(min_length=1, description="Where the browser goes after consent.")
    name: str | None = Field(default=None, min_length=1, max_length=255, description="For the new connector.")
    replication_config: ReplicationConfig = Field(default_factory=ReplicationConfig)
    entities: list[EntityAccess] | None = None
    oauth_input_configuration: ScopeLists = Field(default_factory=ScopeLists)
    completion: Completion | None = Field(default=None, description="What the callback carries.")
    connector_id: UUID | None = Field(default=None, description="Authorize this connector anew.")
    session_id: UUID | None = Field(default=None, description="The browser connect session that this completes.")
    allow_account_change: bool = Field(default=False, description="Accept another HubSpot account.")


class Initiated(BaseModel):
    """Where to send the user."""

    consent_url: str
    expires_at: datetime
    completion: Completion


class OAuthRoutes:
    """Start a consent, and take the browser back from HubSpot."""

    def __init__(
        self, broker: OAuthBroker, sessions: ConnectSessions, connectors: ConnectorService, tenants: Tenants
    ) -> None:
        self._sessions = sessions
        self._broker = broker
        self._connectors = connectors
        self._tenants = tenants

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        starting = may_answer(*TENANT_CODES, *TYPE_CODES, *CONNECTOR_CODES, *_SESSION_CODES, *_CONSENT_CODES)
        router.add_api_route(f"{_PREFIX}/initiate", self.initiate, methods=["POST"], openapi_extra=starting)
        router.add_api_route(
            f"{_PREFIX}/callback",
            self.callback,
            methods=["GET"],
            response_class=RedirectResponse,
            status_code=302,
            responses={400: {"description": "A page that says what went wrong.", "content": {"text/html": {}}}},
            openapi_extra=may_answer("invalid_state"),
        )

    async def initiate(self, request: Request, body: InitiateBody) -> Initiated:
        """Get the URL where a user consents."""
        claims = claims_of(request)
        kind = find_type(body)
        workspace = await self._tenants.enter(claims, Tenant.of(body.workspace_name, body.workspace_id))
        connector = None
        if body.connector_id is not None:
            verdict = verify_scope(claims, frozenset({claims.kind}), Scope.CONNECTORS_WRITE)
            if isinstance(verdict, Denied):
                raise verdict.raised()
            connector = await self._connectors.find(claims, str(body.connector_id))
            if connector.workspace_id != workspace.id:
                raise ProblemError("connector_not_found", "The workspace has no such connector: list them.")
        session = None
        if body.session_id is not None:
            session = await self._sessions.find_pending(claims.organization_id, str(body.session_id))
            if (session.workspace_id, session.connector_type) != (workspace.id, kind.slug):
                raise session_not_found(session.id)
        completion = choose_completion(
            spellings=spelling_of(request.scope).fields,
            asked=body.completion,
            binding="connector_id" if connector is not None else "session_id" if session is not None else None,
        )
        lists = body.oauth_input_configuration
        modes = None if body.entities is None else {item.entity: item.modes for item in body.entities}
        started = await self._broker.start(
            claims,
            ConsentRequest(
                workspace=workspace,
                kind=kind,
                redirect_url=body.redirect_url,
                completion=completion,
                narrowing=Narrowing(lists.scopes, lists.optional_scopes, modes),
                connector=connector,
                session=session,
                allow_account_change=body.allow_account_change,
                name=body.name,
                replication_config=body.replication_config.public(),
                entities=rows_of(body.entities),
            ),
        )
        return Initiated(consent_url=started.consent_url, expires_at=started.expires_at, completion=completion)

    async def callback(
        self, request: Request, state: str = "", code: str | None = None, error: str | None = None
    ) -> Response:
        """Take the browser back from HubSpot and send it to the application."""
        try:
            target = await self._broker.finish(state, code=code, provider_error=error)
        except ProblemError as problem:
            if "json" in request.headers.get("accept", "") or problem.type.code != "invalid_state":
                raise
            return HTMLResponse(_PAGE.format(message=problem.message), problem.type.status)
        return Response(status_code=302, headers={"location": target, "referrer-policy": "no-referrer"})
