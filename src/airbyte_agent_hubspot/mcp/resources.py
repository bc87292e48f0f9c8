"""What a client may read besides calling tools: the account's schema, and how operations are called."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from mcp import MCPError
from mcp_types import INVALID_PARAMS, ReadResourceResult, Resource, ResourceTemplate, TextResourceContents

from .._catalog import CATALOG
from ..tools.disclosure import PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..connector import HubspotConnector
    from ..models import Page, PropertyDefinition
    from ..tools import ToolSet

_ROOT: Final = "hubspot://"
PORTAL: Final = f"{_ROOT}portal"
ENTITIES: Final = f"{_ROOT}entities"
_DOCS: Final = f"{_ROOT}docs/"
_PROPERTIES: Final = f"{_ROOT}properties/"
_DOCS_TOOL: Final = f"{PREFIX}docs"
_MOST_OPTIONS: Final = 30

TEMPLATES: Final = (
    ResourceTemplate(
        name="entity_docs",
        title="How to call an entity",
        uri_template=f"{_DOCS}{{entity}}",
        description="All actions of an entity with their parameters.",
        mime_type="text/plain",
    ),
    ResourceTemplate(
        name="action_docs",
        title="How to call an action",
        uri_template=f"{_DOCS}{{entity}}/{{action}}",
        description="One action with everything about its parameters.",
        mime_type="text/plain",
    ),
    ResourceTemplate(
        name="properties",
        title="Properties of an object type",
        uri_template=f"{_PROPERTIES}{{entity}}",
        description="The account's own properties: names, labels, types and options.",
        mime_type="text/plain",
    ),
)


def resources_of(entities: Sequence[str]) -> list[Resource]:
    """What can be read without filling in anything."""
    fixed = [
        Resource(
            uri=PORTAL,
            name="portal",
            title="The HubSpot account",
            description="Pipelines with stages, owners, teams, object types, time zone and currency.",
            mime_type="application/json",
        ),
        Resource(
            uri=ENTITIES,
            name="entities",
            title="Entities and their actions",
            description="What can be called.",
            mime_type="text/plain",
        ),
    ]
    return fixed + [
        Resource(
            uri=f"{_DOCS}{entity}",
            name=f"{entity}_docs",
            title=f"How to call {entity}",
            description=CATALOG.entities[entity],
            mime_type="text/plain",
        )
        for entity in entities
    ]


async def read_resource(
    uri: str, connector: HubspotConnector, tools: ToolSet, actions: Mapping[str, Sequence[str]]
) -> ReadResourceResult:
    """What is at an address. `actions` has the entities that may be asked about.

    Raises:
        MCPError: there is nothing.
        ConnectorError: HubSpot refused or failed.
    """
    if uri == PORTAL:
        portal = await connector.account.describe_portal()
        return _text(uri, json.dumps(portal.to_dict(), ensure_ascii=False, default=str), "application/json")
    if uri == ENTITIES:
        return _text(uri, "\n".join(f"{entity}: {', '.join(names)}" for entity, names in actions.items()))
    if uri.startswith(_DOCS):
        return _text(uri, await _docs(uri, tools))
    if uri.startswith(_PROPERTIES):
        entity = unquote(uri[len(_PROPERTIES) :])
        if entity in actions or "objects" in actions:  # that stands for every type the account has
            page = await connector.properties.list(object_type=entity)
            return _text(uri, _properties(page))
    known = ", ".join([PORTAL, ENTITIES, *(template.uri_template for template in TEMPLATES)])
    raise MCPError(INVALID_PARAMS, f"There is no resource {uri!r}. There are: {known}.")


async def _docs(uri: str, tools: ToolSet) -> str:
    entity, _, action = uri[len(_DOCS) :].partition("/")
    named = {"entity": unquote(entity)} | ({"action": unquote(action)} if action else {})
    told = await tools.dispatch(_DOCS_TOOL, named)
    if told.is_error:
        raise MCPError(INVALID_PARAMS, told.text)
    return told.text


def _properties(page: Page[PropertyDefinition]) -> str:
    return "\n".join(_line(item) for item in page)


def _line(item: PropertyDefinition) -> str:
    line = f"{item.name} ({item.type}): {item.label}"
    shown = [f"{option.value} ({option.label})" for option in item.options[:_MOST_OPTIONS]]
    more = len(item.options) - len(shown)
    if shown:
        line += f"; options: {', '.join(shown)}" + (f" and {more} more" if more > 0 else "")
    return line


def _text(uri: str, text: str, mime_type: str = "text/plain") -> ReadResourceResult:
    return ReadResourceResult(contents=[TextResourceContents(uri=uri, mime_type=mime_type, text=text)])


def completions(argument: str, begun: str, actions: Mapping[str, Sequence[str]], entity: str | None) -> list[str]:
    """What an argument of a template may be, by how it begins."""
    known: Sequence[str] = ()
    if argument == "entity":
        known = list(actions)
    elif argument == "action":
        known = actions.get(entity or "", ()) or sorted({name for names in actions.values() for name in names})
    return [name for name in known if name.startswith(begun.strip().lower())]
