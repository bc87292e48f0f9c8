"""Routes of definitions and templates."""

from typing import Annotated

from fastapi import APIRouter, Query

from airbyte_agent_server.aliases import API
from airbyte_agent_server.catalogue.views import (
    ConnectionTemplateList,
    Definition,
    DefinitionDetail,
    DefinitionList,
    DestinationList,
    TemplateDetail,
    TemplateList,
)
from airbyte_agent_server.connectors.registry import CONNECTOR_TYPES
from airbyte_agent_server.connectors.views import SummarizedSourceTemplate
from airbyte_agent_server.problems import ProblemError, may_answer

_DEFINITIONS = f"{API}/integrations/definitions"
_TEMPLATES = f"{API}/integrations/templates"
Ignored = Annotated[str | None, Query(description="Accepted; there are no templates of one's own to tell apart.")]


class CatalogueRoutes:
    """What can be connected. The same for everyone."""

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        router.add_api_route(f"{_DEFINITIONS}/sources", self.definitions, methods=["GET"])
        router.add_api_route(
            f"{_DEFINITIONS}/sources/{{definition_id}}",
            self.definition,
            methods=["GET"],
            openapi_extra=may_answer("definition_not_found"),
        )
        router.add_api_route(f"{_DEFINITIONS}/destinations", self.destinations, methods=["GET"])
        router.add_api_route(f"{_TEMPLATES}/sources", self.templates, methods=["GET"])
        router.add_api_route(f"{_TEMPLATES}/sources/global", self.global_templates, methods=["GET"])
        router.add_api_route(
            f"{_TEMPLATES}/sources/{{template_id}}",
            self.template,
            methods=["GET"],
            openapi_extra=may_answer("template_not_found"),
        )
        router.add_api_route(f"{_TEMPLATES}/connections", self.connection_templates, methods=["GET"])

    async def definitions(
        self, name: Annotated[str | None, Query(description="Part of the name; case does not matter.")] = None
    ) -> DefinitionList:
        """List the kinds of connectors."""
        wanted = (name or "").casefold()
        return DefinitionList(
            definitions=[Definition.of(kind) for kind in CONNECTOR_TYPES if wanted in kind.name.casefold()]
        )

    async def definition(self, definition_id: str) -> DefinitionDetail:
        """Show one kind of connector, with the schema of its credentials."""
        for kind in CONNECTOR_TYPES:
            if kind.definition_id == definition_id.lower():
                return DefinitionDetail.of(kind)
        raise ProblemError("definition_not_found", f"There is no definition {definition_id}: list the definitions.")

    async def destinations(self) -> DestinationList:
        """List destinations: there are none."""
        return DestinationList()

    async def templates(
        self,
        tags: Annotated[list[str] | None, Query(description="Accepted; no template has tags.")] = None,
        tags_mode: Ignored = None,
        use_global: Ignored = None,
    ) -> TemplateList:
        """List the source templates."""
        del tags, tags_mode, use_global
        return await self.global_templates()

    async def global_templates(self) -> TemplateList:
        """List the source templates that every organization has."""
        return TemplateList(data=[SummarizedSourceTemplate.of(kind) for kind in CONNECTOR_TYPES])

    async def template(self, template_id: str) -> TemplateDetail:
        """Show one source template."""
        for kind in CONNECTOR_TYPES:
            if kind.template_id == template_id.lower():
                return TemplateDetail.of(kind)
        raise ProblemError("template_not_found", f"There is no source template {template_id}: list the templates.")

    async def connection_templates(self) -> ConnectionTemplateList:
        """List connection templates: there are none."""
        return ConnectionTemplateList()
