"""Commands that look operations up: `operations` and `schema`. They send nothing and need no credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from ._completion import complete_action, complete_entity
from ._operations import catalog, find_entity, find_operation
from ._printing import format_of, print_shown
from ._report import reporting

if TYPE_CHECKING:
    from .._operation import Operation
    from ._options import Options


def operations(
    context: typer.Context,
    entity: Annotated[
        str | None, typer.Argument(help="Only those of this entity.", autocompletion=complete_entity)
    ] = None,
    *,
    matching: Annotated[str | None, typer.Option(help="Only those with this word in their name or summary.")] = None,
    reads: Annotated[bool, typer.Option("--reads", help="Only those that change nothing.")] = False,
) -> None:
    """List all operations with what they do."""
    with reporting(context):
        found = catalog() if entity is None else find_entity(entity).values()
        rows = [
            {"entity": item.entity, "action": item.action, "effect": item.effect, "summary": item.summary}
            for item in found
            if not (reads and item.writes) and _matches(item, matching)
        ]
        print_shown(cast("Options", context.obj), {"data": rows})


def _matches(operation: Operation, word: str | None) -> bool:
    return word is None or word.lower() in f"{operation.entity} {operation.action} {operation.summary}".lower()


def schema(
    context: typer.Context,
    entity: Annotated[str | None, typer.Argument(help="For example deals.", autocompletion=complete_entity)] = None,
    action: Annotated[str | None, typer.Argument(help="For example find.", autocompletion=complete_action)] = None,
) -> None:
    """Show entities, the actions of one, or the parameters of one action; as JSON with their JSON Schema."""
    options = cast("Options", context.obj)
    with reporting(context):
        from .._describe import describe_entity, signature_of  # noqa: PLC0415 - not needed where help is printed

        as_data = format_of(options) in {"json", "ndjson"}
        if entity is None:
            rows = [
                {"name": name, "description": text, "actions": ", ".join(catalog().find_entity(name))}
                for name, text in catalog().entities.items()
            ]
            print_shown(options, {"data": rows})
        elif action is None:
            find_entity(entity)
            actions = [
                {"action": item.action, "effect": item.effect, "summary": item.summary, "takes": signature_of(item)}
                for item in catalog().find_entity(entity).values()
            ]
            print_shown(options, describe_entity(catalog(), entity) if as_data else {"data": actions})
        else:
            operation = find_operation(entity, action)
            print_shown(options, _described(operation) if as_data else {"data": _parameters(operation)})


def _described(operation: Operation) -> dict[str, object]:
    from .._describe import params_schema  # noqa: PLC0415

    return {
        "entity": operation.entity,
        "action": operation.action,
        "description": operation.summary,
        "effect": operation.effect,
        "scopes": list(operation.scopes),
        "source": operation.source,
        "params": params_schema(operation),
    }


def _parameters(operation: Operation) -> list[dict[str, object]]:
    from .._describe import params_schema  # noqa: PLC0415

    schema = params_schema(operation)
    required = cast("list[str]", schema.get("required", []))
    return [
        {"name": name, "required": name in required, "what": part.get("description", "")}
        for name, part in cast("dict[str, dict[str, object]]", schema["properties"]).items()
    ]
