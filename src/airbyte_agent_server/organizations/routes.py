"""Routes of organizations."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from airbyte_agent_server.accounts.store import AccountStore
from airbyte_agent_server.aliases import API
from airbyte_agent_server.organizations.store import CredentialList
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.tokens.bearer import claims_of

_MAX_OFFSET = 1_000_000


class CredentialView(BaseModel):
    """One connector, as whose credential the organization holds."""

    id: str = Field(description="Id of the connector.")
    workspace_id: str
    connector_name: str
    context_store_status: str | None = Field(default=None, description="Null: not switched on.")
    context_store_entity_count: int | None = None
    last_accessed_at: datetime | None = Field(description="When the last call that is still on record began.")
    context_store_badge_status: str | None = None


class CredentialPage(BaseModel):
    """Connectors over all workspaces, oldest first."""

    data: list[CredentialView]
    total: int


class OrganizationView(BaseModel):
    """An organization."""

    id: str
    name: str


class OrganizationList(BaseModel):
    """The token's organization, under both names that clients read."""

    organizations: list[OrganizationView]
    data: list[OrganizationView]


class OrganizationRoutes:
    """Which organization a token has, and which connectors that has."""

    def __init__(self, accounts: AccountStore, credentials: CredentialList) -> None:
        self._accounts = accounts
        self._credentials = credentials

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        router.add_api_route(f"{API}/organizations/{{organization_id}}/credentials", self.credentials, methods=["GET"])
        router.add_api_route(f"{API}/internal/account/organizations", self.organizations, methods=["GET"])

    async def credentials(
        self,
        request: Request,
        organization_id: str,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        offset: Annotated[int, Query(ge=0, le=_MAX_OFFSET)] = 0,
    ) -> CredentialPage:
        """List the connectors of all workspaces, oldest first."""
        own = claims_of(request).organization_id
        if organization_id.lower() != own:
            raise ProblemError(
                "organization_mismatch", f"The token belongs to the organization {own}: ask for that one."
            )
        found, total = await self._credentials.page(own, limit=limit, offset=offset)
        return CredentialPage(
            data=[
                CredentialView(
                    id=held.connector_id,
                    workspace_id=held.workspace_id,
                    connector_name=held.name,
                    last_accessed_at=held.last_called_at,
                )
                for held in found
            ],
            total=total,
        )

    async def organizations(self, request: Request) -> OrganizationList:
        """Show the token's organization."""
        organization = await self._accounts.find_organization(claims_of(request).organization_id)
        found = [] if organization is None else [OrganizationView(id=organization.id, name=organization.name)]
        return OrganizationList(organizations=found, data=found)
