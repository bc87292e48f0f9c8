"""Commands that run operations by their name: `execute`, and `batch` for many inputs from a file."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, cast

import typer

from ._arguments import checked, read_object, read_pairs
from ._completion import complete_action, complete_entity, complete_pair
from ._guard import check_allowed
from ._operations import every_record, find_operation
from ._printing import print_result, print_stream
from ._progress import progress
from ._report import run
from ._session import connect

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from .._operation import Operation
    from ..models import Result
    from ._options import Options

Entity = Annotated[str, typer.Argument(help="For example contacts.", autocompletion=complete_entity)]
Params = Annotated[
    str | None,
    typer.Option(help="Parameters as a JSON object, as @FILE that holds one, or as - for the standard input."),
]


def execute(
    context: typer.Context,
    entity: Entity,
    action: Annotated[str, typer.Argument(help="For example list.", autocompletion=complete_action)],
    pairs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...",
            help="Parameters: limit=3, properties=email,city, where.stage='Contract sent'; KEY:=JSON for JSON.",
            autocompletion=complete_pair,
        ),
    ] = None,
    *,
    params: Params = None,
    all_pages: Annotated[bool, typer.Option("--all", help="Go through all pages, past 10,000 too.")] = False,
) -> None:
    """Run any operation: `hubspot-agent operations` lists them, `schema ENTITY ACTION` shows one."""
    options = cast("Options", context.obj)

    async def work() -> None:
        operation = find_operation(entity, action)
        given = checked({**read_object(params, "--params"), **read_pairs(operation, pairs or ())})
        if all_pages:
            await _print_all(options, operation, given)
            return
        valid = operation.reader.read(given)
        check_allowed(options, operation, valid)
        async with connect(options) as connector:
            print_result(options, await connector.execute(entity, action, valid))

    run(context, work())


async def _print_all(options: Options, operation: Operation, given: dict[str, object]) -> None:
    name = f"{operation.entity} {operation.action}"
    async with connect(options) as connector:
        records = every_record(connector, operation, given)
        with progress(options, name) as advance:

            async def counted() -> AsyncGenerator[Result]:
                async with aclosing(records):
                    async for record in records:
                        advance(1)
                        yield record

            await print_stream(options, counted())
