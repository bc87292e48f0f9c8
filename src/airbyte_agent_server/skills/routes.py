"""Routes of skills: what agents read about the connectors they may use."""

from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_server.aliases import API
from airbyte_agent_server.connectors.registry import get_connector_type
from airbyte_agent_server.connectors.service import ConnectorService
from airbyte_agent_server.connectors.store import Connector
from airbyte_agent_server.problems import CONNECTOR_CODES, TENANT_CODES, ProblemError, field_problem, may_answer
from airbyte_agent_server.skills.documents import OVERVIEW, Block, OutlineItem, outline, section
from airbyte_agent_server.tokens.bearer import claims_of
from airbyte_agent_server.tokens.claims import Claims, Ok, verify_connector
from airbyte_agent_server.tokens.tenant import Tenant, Tenants, WorkspaceName

_PREFIX = f"{API}/skills"
_KIND = "connector-source"
_VERSION = version("airbyte-agent-hubspot")
_SEARCHED = " ".join(
    f"{operation.entity} {operation.action} {operation.summary} {CATALOG.entities[operation.entity]}"
    for operation in CATALOG
).casefold()


class Skill(BaseModel):
    """One connector, as something an agent can read about."""

    id: str
    kind: Literal["connector_source"] = "connector_source"
    title: str
    summary: str
    tags: list[str]
    provenance: str = Field(default="catalog", description="What the document is written from.")
    version: str = Field(default=_VERSION, description="Of the catalog.")
    freshness: datetime = Field(description="When the connector changed last.")
    warnings: list[str]

    @classmethod
    def of(cls, connector: Connector) -> Self:
        """The skill of a connector."""
        kind = get_connector_type(connector.connector_type)
        account = "" if connector.hub_id is None else f" account {connector.hub_id}"
        return cls(
            id=f"{_KIND}:{connector.id}",
            title=connector.name,
            summary=f"{kind.name}{account} of {connector.workspace_name}: {len(CATALOG.entities) - 1} entities.",
            tags=[kind.slug],
            freshness=connector.updated_at,
            warnings=list(connector.warnings),
        )

    def matches(self, query: str) -> bool:
        """Whether every word of the query occurs, in the skill or in what can be done with it."""
        text = f"{self.title} {self.summary} {' '.join(self.tags)}".casefold()
        return all(word in text or word in _SEARCHED for word in query.casefold().split())


class SkillList(BaseModel):
    """Skills, oldest connector first; at most 1000."""

    data: list[Skill]
    next_cursor: None = None


class SkillDocument(BaseModel):
    """What is known of a connector: the outline of all, the content of one section."""

    metadata: Skill
    outline: list[OutlineItem]
    section_id: str
    content: list[Block]


class SkillRoutes:
    """List, search and read skills."""

    def __init__(self, connectors: ConnectorService, tenants: Tenants) -> None:
        self._connectors = connectors
        self._tenants = tenants

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        listing, reading = may_answer(*TENANT_CODES), may_answer(*CONNECTOR_CODES)
        router.add_api_route(_PREFIX, self.list, methods=["GET"], openapi_extra=listing)
        router.add_api_route(f"{_PREFIX}/search", self.search, methods=["GET"], openapi_extra=listing)
        router.add_api_route(f"{_PREFIX}/docs", self.read, methods=["GET"], openapi_extra=reading)

    async def list(
        self, request: Request, workspace_name: WorkspaceName | None = None, workspace_id: UUID | None = None
    ) -> SkillList:
        """List the skills of a workspace; with an application token and no tenant, of all workspaces."""
        return SkillList(data=[*await self._skills(claims_of(request), Tenant.of(workspace_name, workspace_id))])

    async def search(
        self,
        request: Request,
        query: Annotated[str, Query(min_length=1, max_length=255, description="Words that must all occur.")],
        workspace_name: WorkspaceName | None = None,
        workspace_id: UUID | None = None,
    ) -> SkillList:
        """List the skills in which every word occurs."""
        found = await self._skills(claims_of(request), Tenant.of(workspace_name, workspace_id))
        return SkillList(data=[skill for skill in found if skill.matches(query)])

    async def _skills(self, claims: Claims, tenant: Tenant) -> Sequence[Skill]:
        if claims.workspace_id is None and tenant == Tenant(None):
            found: Sequence[Connector] = await self._connectors.list_all(claims.organization_id)
        else:
            workspace = await self._tenants.find(claims, tenant)
            found = [] if workspace is None else await self._connectors.list(workspace.id, kind=None)
        return [Skill.of(connector) for connector in found if isinstance(verify_connector(claims, connector.id), Ok)]

    async def read(
        self,
        request: Request,
        skill_id: Annotated[str, Query(alias="id", description=f"`{_KIND}:<id of the connector>`")],
        section_id: Annotated[str, Query(alias="section", description="Id of a section of the outline.")] = OVERVIEW,
    ) -> SkillDocument:
        """Read one section of a connector's document."""
        kind, _, connector_id = skill_id.partition(":")
        if kind != _KIND:
            raise field_problem("validation_error", "id", f"id: it must look like {_KIND}:<id of the connector>.")
        connector = await self._connectors.find(claims_of(request), connector_id)
        content = section(connector, section_id)
        if content is None:
            known = [item.id for item in outline(connector)]
            raise _unknown_section(section_id, known)
        return SkillDocument(
            metadata=Skill.of(connector), outline=outline(connector), section_id=section_id, content=content
        )


def _unknown_section(section_id: str, known: list[str]) -> ProblemError:
    return field_problem(
        "validation_error",
        "section",
        f"section: there is no section {section_id}: use one of {', '.join(known)}.",
        error_code="unknown_section",
        known=known,
    )
