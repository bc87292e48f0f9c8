"""The document of one connector: an outline and sections, written from the catalog. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Literal, cast

from pydantic import BaseModel, Field

from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._describe import describe_entity, signature_of, tool_text
from airbyte_agent_hubspot._operation import Operation
from airbyte_agent_server.connectors.store import Connector

OVERVIEW = "overview"


class Heading(BaseModel):
    """A heading; level 1 is the document's title."""

    type: Literal["heading"] = "heading"
    level: int
    text: str


class Paragraph(BaseModel):
    """Running text."""

    type: Literal["paragraph"] = "paragraph"
    text: str


class ItemList(BaseModel):
    """A list of short texts."""

    type: Literal["list"] = "list"
    items: list[str]


class Code(BaseModel):
    """Something to send, or to read as it is."""

    type: Literal["code"] = "code"
    language: str
    text: str


class Grid(BaseModel):
    """Rows under named columns."""

    type: Literal["table"] = "table"
    columns: list[str]
    rows: list[list[str]]


Block = Heading | Paragraph | ItemList | Code | Grid


class OutlineItem(BaseModel):
    """One section. It is not available when the account did not grant what it needs."""

    id: str
    title: str
    summary: str
    available: bool = Field(description="Whether this connector may use it.")


def outline(connector: Connector) -> list[OutlineItem]:
    """All sections of a connector's document."""
    sections = [
        OutlineItem(id=OVERVIEW, title="Overview", summary="How to call it, and what there is.", available=True)
    ]
    for entity in _entities():
        usable = any(_is_granted(connector, operation) for operation in CATALOG.find_entity(entity).values())
        sections.append(OutlineItem(id=entity, title=entity, summary=CATALOG.entities[entity], available=usable))
    return sections


def section(connector: Connector, section_id: str) -> list[Block] | None:
    """The content of one section; None if there is no such section."""
    if section_id == OVERVIEW:
        return list(_overview(connector))
    return list(_entity(connector, section_id)) if section_id in _entities() else None


def _entities() -> list[str]:
    return [entity for entity in CATALOG.entities if entity != "*"]


def _is_granted(connector: Connector, operation: Operation) -> bool:
    """Whether the account granted what the operation needs; of a connector that was not tried nobody knows."""
    granted = connector.granted_scopes
    return not granted or not operation.scopes or not set(granted).isdisjoint(operation.scopes)


def _overview(connector: Connector) -> Iterator[Block]:
    yield Heading(level=1, text=connector.name)
    yield Paragraph(text="Send entity, action and params to the connector's execute route. Each entity has a section.")
    yield _example(CATALOG.find("contacts", "list"), connector.id, {"limit": 3})
    yield Heading(level=2, text="Everything it can do")
    yield Code(language="text", text=tool_text(CATALOG))
    if connector.warnings:
        yield Heading(level=2, text="What this account did not grant")
        yield ItemList(items=list(connector.warnings))


def _entity(connector: Connector, entity: str) -> Iterator[Block]:
    described = describe_entity(CATALOG, entity)
    yield Heading(level=1, text=entity)
    yield Paragraph(text=str(described["description"]))
    for action in cast("list[dict[str, object]]", described["actions"]):
        operation = CATALOG.find(entity, str(action["name"]))
        yield Heading(level=2, text=signature_of(operation))
        effect = " It changes the account." if operation.writes else ""
        yield Paragraph(text=f"{operation.summary}{effect}")
        if not _is_granted(connector, operation):
            yield Paragraph(text=f"Not available: the account did not grant {' or '.join(operation.scopes)}.")
        schema = cast("dict[str, object]", action["params"])
        rows = list(_rows(schema))
        if rows:
            yield Grid(columns=["Parameter", "Required", "Type", "Meaning"], rows=rows)


def _rows(schema: Mapping[str, object]) -> Iterator[list[str]]:
    required = cast("list[str]", schema.get("required", []))
    for name, value in cast("dict[str, dict[str, object]]", schema["properties"]).items():
        yield [name, "yes" if name in required else "no", _type_of(value), str(value.get("description", ""))]


def _type_of(schema: Mapping[str, object]) -> str:
    if "anyOf" in schema:
        choices = cast("list[dict[str, object]]", schema["anyOf"])
        return " or ".join(dict.fromkeys(_type_of(choice) for choice in choices))
    if "enum" in schema:
        return " or ".join(json.dumps(value) for value in cast("list[object]", schema["enum"]))
    if schema.get("type") == "array":
        return f"array of {_type_of(cast('dict[str, object]', schema.get('items', {})))}"
    return str(schema.get("type", "any"))


def _example(operation: Operation, connector_id: str, params: Mapping[str, object]) -> Code:
    body = {"entity": operation.entity, "action": operation.action, "params": params}
    path = f"/api/v1/integrations/connectors/{connector_id}/execute"
    return Code(language="http", text=f"POST {path}\nContent-Type: application/json\n\n{json.dumps(body)}")
