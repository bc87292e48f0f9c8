"""Routes that mint tokens and say whose they are."""

import difflib
import json
from base64 import b64encode
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from starlette.requests import Request

from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._catalog.object_types import entity_of_type
from airbyte_agent_server.accounts.store import hash_secret
from airbyte_agent_server.aliases import API
from airbyte_agent_server.origins import read_origin
from airbyte_agent_server.problems import TENANT_CODES, ProblemError, may_answer
from airbyte_agent_server.rates import Rates, too_many
from airbyte_agent_server.tokens.bearer import check_organization, claims_of
from airbyte_agent_server.tokens.claims import SEARCHES, Permissions
from airbyte_agent_server.tokens.service import TokenService
from airbyte_agent_server.tokens.tenant import Tenant, Tenants, WorkspaceName

_ACTIONS = frozenset(operation.action for operation in CATALOG) | SEARCHES | {"*", "describe"}
_PREFIX = f"{API}/account/applications"


class ClientBody(BaseModel):
    """A client pair."""

    client_id: str = Field(min_length=1, description="Client id of the organization.")
    client_secret: SecretStr = Field(min_length=1, description="Its secret.")


class ApplicationToken(BaseModel):
    """A token for a whole organization."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  # RFC 6749's word
    expires_in: int
    organization_id: str


def _checked_action(name: str) -> str:
    if name not in _ACTIONS:
        near = difflib.get_close_matches(name, _ACTIONS, n=1)
        guess = f" Did you mean {near[0]}?" if near else ""
        raise ValueError(f"no entity has an action {name!r}.{guess} Known are: {', '.join(sorted(_ACTIONS))}")
    return name


class AllowedEntity(BaseModel):
    """One row of `allow`."""

    model_config = ConfigDict(extra="forbid")

    entity: str = Field(description="An entity, or an object type by its name in the singular or plural, or its id.")
    actions: list[Annotated[str, AfterValidator(_checked_action)]] = Field(
        min_length=1, fail_fast=True, description="Names of actions; `search` covers every search; `*`."
    )


class PermissionsBody(BaseModel):
    """What a scoped token may still do. It narrows, it never widens."""

    model_config = ConfigDict(extra="forbid")

    read_only: bool = Field(default=False, description="Drops writes.")
    manage: bool = Field(default=False, description="Keeps connector management and OAuth.")
    connector_ids: list[UUID] | None = Field(default=None, description="Only these connectors.")
    allow: Annotated[list[AllowedEntity], Field(fail_fast=True)] | None = Field(
        default=None, description="Only these entities and actions."
    )

    @classmethod
    def of(cls, permissions: Permissions) -> "PermissionsBody":
        """The body that asks for these permissions."""
        allow = permissions.allow
        ids = permissions.connector_ids
        return cls(
            read_only=permissions.read_only,
            manage=permissions.manage,
            connector_ids=None if ids is None else [UUID(item) for item in sorted(ids)],
            allow=None
            if allow is None
            else [
                AllowedEntity.model_construct(entity=entity, actions=sorted(actions))
                for entity, actions in allow.items()
            ],
        )

    def permissions(self) -> Permissions:
        """The permissions; rows of one entity add up."""
        allow: dict[str, frozenset[str]] | None = None
        if self.allow is not None:
            allow = {}
            for row in self.allow:
                entity = entity_of_type(row.entity)
                allow[entity] = allow.get(entity, frozenset()) | frozenset(row.actions)
        ids = None if self.connector_ids is None else frozenset(str(item) for item in self.connector_ids)
        return Permissions(self.read_only, self.manage, ids, allow)


class ScopedTokenBody(BaseModel):
    """Whom the token is for."""

    workspace_name: WorkspaceName | None = None
    workspace_id: UUID | None = Field(default=None, description="An existing workspace, by id.")
    permissions: PermissionsBody | None = None


class WidgetTokenBody(ScopedTokenBody):
    """Whom the token is for, and which pages."""

    allowed_origin: Annotated[str, AfterValidator(read_origin)] = Field(
        description="Origin of the pages that use it: https, or http on this machine."
    )
    organization_id: str = Field(default="", description="The token's own organization; may be left out.")


class WidgetToken(BaseModel):
    """A token for pages: base64 of a JSON object with `token` and `widgetUrl`."""

    token: str


class ScopedToken(BaseModel):
    """A token for one workspace."""

    token: str
    expires_in: int
    workspace_id: str
    workspace_name: str


class TokenInfo(BaseModel):
    """Whose token it is."""

    organization_id: str
    workspace_id: str
    workspace_name: str
    expires_at: datetime
    permissions: PermissionsBody | None
    allowed_origin: str | None = None


class TokenRoutes:
    """Application, scoped and widget tokens, and what one of the latter two is."""

    def __init__(
        self, tokens: TokenService, tenants: Tenants, rates: Rates, *, failure_limit: int, public_url: str
    ) -> None:
        self._tokens = tokens
        self._rates = rates
        self._failure_limit = failure_limit
        self._tenants = tenants
        self._public_url = public_url

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        router.add_api_route(
            f"{_PREFIX}/token",
            self.mint_application,
            methods=["POST"],
            openapi_extra=may_answer("invalid_client", "organization_mismatch"),
        )
        router.add_api_route(
            f"{_PREFIX}/scoped-token", self.mint_scoped, methods=["POST"], openapi_extra=may_answer(*TENANT_CODES)
        )
        router.add_api_route(
            f"{_PREFIX}/widget-token",
            self.mint_widget,
            methods=["POST"],
            openapi_extra=may_answer(*TENANT_CODES, "organization_mismatch"),
        )
        router.add_api_route(f"{_PREFIX}/scoped-token/info", self.describe, methods=["GET"])

    async def mint_application(self, request: Request, body: ClientBody) -> ApplicationToken:
        """Trade a client pair for an application token."""
        address = "" if request.client is None else request.client.host
        tried = (f"login of {hash_secret(body.client_id)}", f"login from {address}")
        wait_s = max(self._rates.wait_s(key, self._failure_limit) for key in tried)
        if wait_s > 0:
            raise too_many("There were too many logins with a wrong secret", wait_s)
        try:
            minted = await self._tokens.mint_application(body.client_id, body.client_secret.get_secret_value())
        except ProblemError as problem:
            if problem.type.code == "invalid_client":
                for key in tried:
                    self._rates.count(key)
            raise
        organization_id = minted.claims.organization_id
        check_organization(request.headers.get("x-organization-id", ""), organization_id)
        return ApplicationToken(
            access_token=minted.token, expires_in=minted.expires_in, organization_id=organization_id
        )

    async def mint_scoped(self, request: Request, body: ScopedTokenBody) -> ScopedToken:
        """Mint a token for one workspace, which is made at first use."""
        claims = claims_of(request)
        workspace = await self._tenants.enter(claims, Tenant.of(body.workspace_name, body.workspace_id))
        permissions = None if body.permissions is None else body.permissions.permissions()
        minted = await self._tokens.mint_scoped(claims, workspace, permissions)
        return ScopedToken(
            token=minted.token,
            expires_in=minted.expires_in,
            workspace_id=workspace.id,
            workspace_name=workspace.name,
        )

    async def mint_widget(self, request: Request, body: WidgetTokenBody) -> WidgetToken:
        """Mint a token for pages of one origin, to connect accounts in one workspace."""
        claims = claims_of(request)
        check_organization(body.organization_id, claims.organization_id, name="organization_id")
        workspace = await self._tenants.enter(claims, Tenant.of(body.workspace_name, body.workspace_id))
        permissions = None if body.permissions is None else body.permissions.permissions()
        minted = await self._tokens.mint_widget(claims, workspace, permissions, allowed_origin=body.allowed_origin)
        where = urlencode({"workspaceId": workspace.id, "allowedOrigin": body.allowed_origin})
        carried = {"token": minted.token, "widgetUrl": f"{self._public_url}/widget?{where}"}
        return WidgetToken(token=b64encode(json.dumps(carried).encode()).decode())

    async def describe(self, request: Request) -> TokenInfo:
        """Say which workspace the token is for, until when, and what it may do."""
        claims = claims_of(request)
        workspace = await self._tenants.enter(claims, Tenant(None))
        permissions = None if claims.permissions is None else PermissionsBody.of(claims.permissions)
        return TokenInfo(
            organization_id=claims.organization_id,
            workspace_id=workspace.id,
            workspace_name=workspace.name,
            expires_at=claims.expires_at,
            permissions=permissions,
            allowed_origin=claims.allowed_origin,
        )
