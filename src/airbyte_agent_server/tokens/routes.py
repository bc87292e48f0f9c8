"""Routes that mint tokens and say whose they are."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.requests import Request

from airbyte_agent_server.aliases import API
from airbyte_agent_server.tokens.bearer import check_organization, claims_of
from airbyte_agent_server.tokens.claims import Permissions
from airbyte_agent_server.tokens.service import TokenService
from airbyte_agent_server.tokens.tenant import Tenant, Tenants, WorkspaceName

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


class AllowedEntity(BaseModel):
    """One row of `allow`."""

    model_config = ConfigDict(extra="forbid")

    entity: str
    actions: list[str] = Field(min_length=1, description="Names of actions; `search` covers every search; `*`.")


class PermissionsBody(BaseModel):
    """What a scoped token may still do. It narrows, it never widens."""

    model_config = ConfigDict(extra="forbid")

    read_only: bool = Field(default=False, description="Drops writes.")
    manage: bool = Field(default=False, description="Keeps connector management and OAuth.")
    connector_ids: list[UUID] | None = Field(default=None, description="Only these connectors.")
    allow: list[AllowedEntity] | None = Field(default=None, description="Only these entities and actions.")

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
            else [AllowedEntity(entity=entity, actions=sorted(actions)) for entity, actions in allow.items()],
        )

    def permissions(self) -> Permissions:
        """The permissions; rows of one entity add up."""
        allow: dict[str, frozenset[str]] | None = None
        if self.allow is not None:
            allow = {}
            for row in self.allow:
                allow[row.entity] = allow.get(row.entity, frozenset()) | frozenset(row.actions)
        ids = None if self.connector_ids is None else frozenset(str(item) for item in self.connector_ids)
        return Permissions(self.read_only, self.manage, ids, allow)


class ScopedTokenBody(BaseModel):
    """Whom the token is for."""

    workspace_name: WorkspaceName | None = None
    workspace_id: UUID | None = Field(default=None, description="An existing workspace, by id.")
    permissions: PermissionsBody | None = None


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
    """Application tokens, scoped tokens, and what a scoped token is."""

    def __init__(self, tokens: TokenService, tenants: Tenants) -> None:
        self._tokens = tokens
        self._tenants = tenants

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        router.add_api_route(f"{_PREFIX}/token", self.mint_application, methods=["POST"])
        router.add_api_route(f"{_PREFIX}/scoped-token", self.mint_scoped, methods=["POST"])
        router.add_api_route(f"{_PREFIX}/scoped-token/info", self.describe, methods=["GET"])

    async def mint_application(self, request: Request, body: ClientBody) -> ApplicationToken:
        """Trade a client pair for an application token."""
        minted = await self._tokens.mint_application(body.client_id, body.client_secret.get_secret_value())
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
        minted = self._tokens.mint_scoped(claims, workspace, permissions)
        return ScopedToken(
            token=minted.token,
            expires_in=minted.expires_in,
            workspace_id=workspace.id,
            workspace_name=workspace.name,
        )

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
        )
