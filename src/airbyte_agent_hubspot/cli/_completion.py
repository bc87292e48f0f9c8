"""What a shell offers for entities, actions, parameters and conditions: from the catalog, without a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import typer  # noqa: TC002 - Typer reads annotations

from ..errors import UnknownOperationError
from ._operations import catalog

if TYPE_CHECKING:
    from .._operation import Operation

_WORDS: Final = ("owner=", "stage=", "team=", "created=", "status=", "company=", "contact=", "deal=", "list=")
"""Words that conditions understand on most records."""


def complete_entity(incomplete: str) -> list[tuple[str, str]]:
    """Entities, each with its sentence."""
    return [item for item in catalog().entities.items() if item[0].startswith(incomplete)]


def complete_action(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Actions of the entity that is typed already."""
    try:
        actions = catalog().find_entity(str(context.params.get("entity")))
    except UnknownOperationError:
        return []
    return [(name, item.summary) for name, item in actions.items() if name.startswith(incomplete)]


def complete_batch_action(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """What can be done to many records of the entity that is typed already."""
    found = complete_action(context, "batch_" + incomplete)
    return [(name.removeprefix("batch_"), text) for name, text in found]


def complete_pair(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Parameters of the operation that is typed already, as `key=`; after it, the values where they are few."""
    from .._describe import params_schema  # noqa: PLC0415 - only where parameters are completed

    try:
        operation: Operation = catalog().find(str(context.params.get("entity")), str(context.params.get("action")))
    except UnknownOperationError:
        return []
    found: list[tuple[str, str]] = []
    for name, schema in cast("dict[str, dict[str, object]]", params_schema(operation)["properties"]).items():
        text = str(schema.get("description", ""))
        values = cast("list[str]", schema.get("enum") or (["true", "false"] if schema.get("type") == "boolean" else []))
        if values and incomplete.startswith(f"{name}="):
            found += [(f"{name}={value}", text) for value in values]
        else:
            found.append((f"{name}=", text))
    return [item for item in found if item[0].startswith(incomplete)]


def complete_condition(incomplete: str) -> list[str]:
    """Words that begin a condition."""
    return [word for word in _WORDS if word.startswith(incomplete)]
