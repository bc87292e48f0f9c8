"""How operations are called, for a model: short, from the catalog."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from .._describe import params_schema, signature_of
from .examples import example_params

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .._operation import Operation

    Json = dict[str, object]


def overview_text(actions: Mapping[str, Sequence[str]]) -> str:
    """Entities with their actions; those that have the same ones on one line."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for entity, names in actions.items():
        alike.setdefault(tuple(names), []).append(entity)
    return "\n".join(f"{', '.join(entities)}: {', '.join(names)}" for names, entities in alike.items())


def entity_text(entity: str, sentence: str, operations: Sequence[Operation]) -> str:
    """All actions of an entity with their parameters."""
    lines = [f"{signature_of(operation)}: {operation.summary}" for operation in operations]
    return "\n".join([f"{entity}: {sentence} * = required.", *lines])


def action_text(operation: Operation) -> str:
    """One action with everything about its parameters."""
    schema = params_schema(operation)
    required = cast("list[str]", schema.get("required", []))
    lines = [f"{operation.entity}.{operation.action}: {operation.summary} Effect: {operation.effect}."]
    for name, part in cast("dict[str, Json]", schema["properties"]).items():
        star = "*" if name in required else ""
        lines.append(f"- {name}{star}: {type_text(part)}. {part.get('description', '')}".rstrip())
    example = {"entity": operation.entity, "action": operation.action, "params": example_params(operation)}
    lines.append(f"Example: {json.dumps(example, ensure_ascii=False)}")
    return "\n".join(lines)


def type_text(schema: Json) -> str:
    """A JSON Schema's type as people write it: `list of text`, `{id*, properties*}`, `LOW | HIGH`."""
    return " | ".join(dict.fromkeys(_types(schema)))


def _types(schema: Json) -> Iterator[str]:
    if "anyOf" in schema:
        for part in cast("list[Json]", schema["anyOf"]):
            yield from _types(part)
    elif "enum" in schema:
        yield from map(str, cast("list[object]", schema["enum"]))
    elif schema.get("type") == "array":
        yield f"list of {type_text(cast('Json', schema.get('items') or {}))}"
    elif "properties" in schema:
        required = cast("list[str]", schema.get("required", []))
        members = cast("dict[str, Json]", schema["properties"])
        yield "{" + ", ".join(f"{name}{'*' if name in required else ''}" for name in members) + "}"
    else:
        names = {"string": "text", "integer": "whole number", "boolean": "true or false"}
        kind = str(schema.get("type", "anything"))
        yield names.get(kind, kind)
