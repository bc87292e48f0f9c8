"""Routes of the OAuth broker."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from airbyte_agent_server.aliases import API
from airbyte_agent_server.connectors.routes import find_type
from airbyte_agent_server.connectors.service import ConnectorService
from airbyte_agent_server.connectors.views import EntityAccess, ReplicationConfig, TypeFields
from airbyte_agent_server.oauth.broker import ConsentRequest, OAuthBroker
from airbyte_agent_server.oauth.flow import Completion, choose_completion
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.tokens.bearer import claims_of
from airbyte_agent_server.tokens.claims import Denied, Scope, verify_scope
from airbyte_agent_server.tokens.tenant import Tenant, Tenants, WorkspaceName
from airbyte_agent_server.wire.canonical import spelling_of

_PREFIX = f"{API}/integrations/connectors/oauth"
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
    allow_account_change: bool = Field(default=False, description="Accept another HubSpot account.")


class Initiated(BaseModel):
    """Where to send the user."""

    consent_url: str
    expires_at: datetime
    completion: Completion


class OAuthRoutes:
    """Start a consent, and take the browser back from HubSpot."""

    def __init__(self, broker: OAuthBroker, connectors: ConnectorService, tenants: Tenants) -> None:
        self._broker = broker
        self._connectors = connectors
        self._tenants = tenants

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        router.add_api_route(f"{_PREFIX}/initiate", self.initiate, methods=["POST"])
        router.add_api_route(f"{_PREFIX}/callback", self.callback, methods=["GET"], response_class=RedirectResponse)

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
        completion = choose_completion(
            spellings=spelling_of(request.scope).fields,
            asked=body.completion,
            reauthorizes=connector is not None,
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
                scopes=self._broker.app_scopes().narrowed(
                    required=lists.scopes, optional=lists.optional_scopes, entities=modes
                ),
                connector=connector,
                allow_account_change=body.allow_account_change,
                name=body.name,
                replication_config=body.replication_config.public(),
                entities=None if body.entities is None else [item.model_dump() for item in body.entities],
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
