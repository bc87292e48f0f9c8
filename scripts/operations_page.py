"""The page of all operations, from the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast, get_args

from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._describe import params_schema
from airbyte_agent_hubspot.filters import Operator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airbyte_agent_hubspot._operation import Operation

_INTRO = """\
# Operations

Everything that the connector can do. `make pages` writes this page from the catalog in the code.

`execute(entity, action, params)` and the HTTP door take parameters under the names below; their snake_case forms are
understood too. The typed methods take the snake_case forms: `connector.contacts.list(properties_with_history=...)`.
A parameter that is not listed is refused, never dropped.
"""
_CONDITIONS = f"""\
## Conditions of api_search

A condition is `{{"propertyName": "amount", "operator": "GTE", "value": 50000}}`. `BETWEEN` takes `value` and
`highValue`, `IN` and `NOT_IN` take `values`, `HAS_PROPERTY` and `NOT_HAS_PROPERTY` take neither. The operators are
{", ".join(f"`{operator}`" for operator in get_args(Operator))}.
"""
_NAMES = {
    "any": "any value",
    "null": "null",
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
}


def render_operations() -> str:
    """The page."""
    entities = (line for entity in CATALOG.entities for line in _entity(entity))
    return "\n".join([_INTRO, *_summary(), *entities, _CONDITIONS])


def _summary() -> Iterator[str]:
    yield "| Entity | Actions |"
    yield "|---|---|"
    for entity in CATALOG.entities:
        actions = ", ".join(f"[`{action}`](#{_anchor(entity, action)})" for action in CATALOG.find_entity(entity))
        yield f"| `{entity}` | {actions} |"
    yield ""


def _entity(entity: str) -> Iterator[str]:
    yield f"## {entity}".replace("*", "\\*")
    yield ""
    yield CATALOG.entities[entity]
    yield ""
    for operation in CATALOG.find_entity(entity).values():
        yield from _operation(operation)


def _operation(operation: Operation) -> Iterator[str]:
    yield f"### {operation.entity}.{operation.action} {{ #{_anchor(operation.entity, operation.action)} }}".replace(
        "*", "\\*"
    )
    yield ""
    yield operation.summary
    yield ""
    scopes = " or ".join(f"`{scope}`" for scope in operation.scopes)
    yield f"Effect: {operation.effect}. Scope: {scopes}. Source: <{operation.source}>"
    yield ""
    schema = params_schema(operation)
    properties = cast("dict[str, dict[str, object]]", schema["properties"])
    required = cast("list[str]", schema.get("required", []))
    if not properties:
        yield "No parameters."
    else:
        yield "| Parameter | Type | Required | What it is |"
        yield "|---|---|---|---|"
    for name in sorted(properties, key=lambda name: name not in required):
        part = properties[name]
        needed = "yes" if name in required else "no"
        yield f"| `{name}` | {_type(part)} | {needed} | {part.get('description', '')} |"
    yield ""


def _type(schema: Mapping[str, object]) -> str:
    """A JSON Schema in words that fit a table's cell."""
    if "anyOf" in schema:
        return " or ".join(_type(part) for part in cast("list[dict[str, object]]", schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in cast("list[str]", schema["enum"]))
    kind = str(schema.get("type", "any"))
    if kind == "array":
        most = f" (at most {schema['maxItems']})" if "maxItems" in schema else ""
        return f"list of {_type(cast('dict[str, object]', schema['items']))}{most}"
    if kind == "object" and "properties" not in schema:
        values = cast("dict[str, object]", schema.get("additionalProperties") or {})
        return f"object of {_type(values)}"
    if kind == "object":
        properties = cast("dict[str, dict[str, object]]", schema["properties"])
        return "{" + ", ".join(f"`{name}`" + _nested(part) for name, part in properties.items()) + "}"
    bounds = f", {schema['minimum']} to {schema['maximum']}" if {"minimum", "maximum"} <= schema.keys() else ""
    return _NAMES[kind] + bounds


def _nested(schema: Mapping[str, object]) -> str:
    """The type of a member, where its name does not say it."""
    is_list_of_objects = schema.get("type") == "array" and "type" in cast("dict[str, object]", schema["items"])
    return f": {_type(schema)}" if is_list_of_objects else ""


def _anchor(entity: str, action: str) -> str:
    return f"{entity.replace('*', 'connector')}-{action.replace('_', '-')}"
