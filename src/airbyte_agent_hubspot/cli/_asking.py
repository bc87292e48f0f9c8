"""Commands that answer questions: `find`, `overview`, `aggregate`, `describe`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from ._arguments import checked, read_conditions, read_object
from ._calling import Entity  # noqa: TC001 - Typer reads it
from ._completion import complete_condition
from ._operations import find_operation
from ._printing import print_result
from ._progress import progress
from ._report import run
from ._session import connect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..models import Result
    from ._options import Options

Conditions = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[CONDITION]...",
        help="Such as 'stage=Contract sent', 'amount>=10000', 'closedate=this quarter', 'company=Acme'. All must hold; "
        "a name repeated with = means any of the values.",
        autocompletion=complete_condition,
    ),
]
Where = Annotated[
    str | None, typer.Option(help="Conditions as a JSON object, as @FILE, or as - for the standard input.")
]
Query = Annotated[str | None, typer.Option(help="Words to look for in the searchable properties.")]
ObjectType = Annotated[
    str | None, typer.Option("--object-type", help="With the entity objects: the type, such as p123_cars.")
]
Record = Annotated[str, typer.Argument(help="The record: its id, name, e-mail address or domain.")]
Kinds = Annotated[str | None, typer.Option(help="With the entity activities: notes,calls,emails,meetings,tasks.")]


def find(  # noqa: PLR0913 - each is an option of its own
    context: typer.Context,
    entity: Entity,
    conditions: Conditions = None,
    *,
    where: Where = None,
    query: Query = None,
    sort: Annotated[str | None, typer.Option(help="Such as -amount; newest first if absent.")] = None,
    limit: Annotated[int | None, typer.Option(help="Records, 1-50000; 20 if absent.")] = None,
    properties: Annotated[
        str | None, typer.Option(help="Properties to return, by name or label, with commas between.")
    ] = None,
    kinds: Kinds = None,
    object_type: ObjectType = None,
) -> None:
    """Find records by conditions as people say them: `hubspot-agent find deals 'stage=Contract sent'`."""
    _ask(
        context,
        entity,
        "find",
        {
            "query": query,
            "sort": sort,
            "limit": limit,
            "properties": _names(properties),
            "kinds": _names(kinds),
            "objectType": object_type,
        },
        where=(where, conditions),
        shown=_names(properties),
    )


def aggregate(  # noqa: PLR0913 - each is an option of its own
    context: typer.Context,
    entity: Entity,
    conditions: Conditions = None,
    *,
    group_by: Annotated[
        list[str] | None,
        typer.Option(help="Such as owner, stage, company, month, 'closedate by week'; repeat it."),
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(help="Such as count, 'sum amount', 'avg amount'; repeat it. Count if absent.")
    ] = None,
    where: Where = None,
    query: Query = None,
    date_property: Annotated[
        str | None, typer.Option(help="The date meant by `month` alone; when it was created if absent.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Groups, 1-1000; 50 if absent.")] = None,
    max_records: Annotated[int | None, typer.Option(help="Records to read at most; 20000 if absent.")] = None,
    kinds: Kinds = None,
    object_type: ObjectType = None,
) -> None:
    """Count and add up, exactly: `hubspot-agent aggregate deals --group-by owner --metric 'sum amount'`."""
    _ask(
        context,
        entity,
        "aggregate",
        {
            "query": query,
            "groupBy": group_by,
            "metrics": metric,
            "dateProperty": date_property,
            "limit": limit,
            "maxRecords": max_records,
            "kinds": _names(kinds),
            "objectType": object_type,
        },
        where=(where, conditions),
    )


def overview(
    context: typer.Context,
    entity: Entity,
    record: Record,
    *,
    related: Annotated[int | None, typer.Option(help="Related records of each type, 0-100; 10 if absent.")] = None,
    activities: Annotated[int | None, typer.Option(help="Newest activities, 0-100; 10 if absent.")] = None,
    object_type: ObjectType = None,
) -> None:
    """Show a record with related records and newest activities: `hubspot-agent overview companies Acme`."""
    given = {"record": record, "related": related, "activities": activities, "objectType": object_type}
    _ask(context, entity, "overview", given)


def describe(
    context: typer.Context,
    object_types: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[OBJECT_TYPE]...",
            help="Whose properties to show; contacts, companies, deals and tickets if absent.",
        ),
    ] = None,
    *,
    custom_only: Annotated[
        bool, typer.Option("--custom-only", help="Only properties the portal defined itself.")
    ] = False,
) -> None:
    """Describe the portal: pipelines with stages, owners, teams, object types, properties with options."""
    _ask(context, "account", "describe_portal", {"objectTypes": object_types, "customOnly": custom_only or None})


def _ask(
    context: typer.Context,
    entity: str,
    action: str,
    given: Mapping[str, object],
    *,
    where: tuple[str | None, list[str] | None] = (None, None),
    shown: list[str] | None = None,
) -> None:
    options = cast("Options", context.obj)

    async def work() -> Result:
        operation = find_operation(entity, action)
        conditions = {**read_object(where[0], "--where"), **read_conditions(where[1] or ())}
        asked = {**given, "where": conditions or None}
        given_only = checked({name: value for name, value in asked.items() if value is not None})
        params = operation.reader.read(given_only)
        async with connect(options) as connector:
            with progress(options, f"{entity} {action}"):
                return await connector.execute(entity, action, params)

    async def show() -> None:
        print_result(options, await work(), columns=["id", *shown] if shown else ())

    run(context, show())


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]
