"""`hubspot-agent batch`: one operation on each row of a file, a hundred in a request."""

from __future__ import annotations

from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from ..errors import ConnectorError, InvalidParamsError, OutcomeUnknownError
from ._arguments import STDIN, checked, read_text
from ._batch_rows import inputs_of, read_rows
from ._calling import Entity  # noqa: TC001 - Typer reads it
from ._completion import complete_batch_action
from ._exits import Exit
from ._guard import check_allowed
from ._operations import find_operation
from ._printing import format_of, print_stream
from ._progress import progress
from ._report import run, say
from ._session import connect

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Sequence

    from .._operation import Operation
    from ..connector import HubspotConnector
    from ..models import BatchItem, BatchResult, Result
    from ._options import Options

SIZE: Final = 100
"""Inputs in one request: HubSpot allows no more."""


@dataclass(slots=True)
class _Progress:
    """How far it is: rows up to which it was sent and answered, and how many of them failed."""

    start: int
    begun: int
    answered: int
    failed: int = 0


def batch(
    context: typer.Context,
    entity: Entity,
    action: Annotated[
        str, typer.Argument(help="create, update, upsert, delete or get.", autocompletion=complete_batch_action)
    ],
    file: Annotated[
        str, typer.Argument(help="CSV with a line of names, a JSON array, or JSON lines; - is the standard input.")
    ],
    *,
    id_property: Annotated[
        str | None, typer.Option(help="The unique property that names records, such as email, instead of id.")
    ] = None,
    object_type: Annotated[
        str | None, typer.Option(help="With the entity objects: the type, such as p123_cars.")
    ] = None,
    clear_empty: Annotated[
        bool, typer.Option("--clear-empty", help="An empty cell of CSV clears the property; else it is left alone.")
    ] = False,
    start: Annotated[int, typer.Option(min=0, help="Go on with this row, counted from 0.")] = 0,
) -> None:
    """Create, change, delete or read a record for each row of a file. Columns are properties, or `id`.

    All rows are read before anything is sent. What became of each is printed; on a terminal, of those that failed.
    Ends with 5 if some were not done.
    """
    options = cast("Options", context.obj)
    state = _Progress(start, start, start)

    async def work() -> None:
        operation = _batch_operation(entity, action)
        rows = read_rows(read_text(file if file == STDIN else f"@{file}", "FILE"), clear_empty=clear_empty)
        given = {"objectType": object_type, "idProperty": id_property}
        known = operation.reader.wire_names.values()
        fixed = {name: value for name, value in given.items() if value is not None and name in known}
        key, inputs = inputs_of(operation.action, rows[start:], id_property)
        calls = [
            operation.reader.read(checked({**fixed, key: inputs[at : at + SIZE]})) for at in range(0, len(inputs), SIZE)
        ]
        check_allowed(options, operation, fixed, inputs=len(inputs))
        async with connect(options) as connector:
            with progress(options, f"{entity} {operation.action}", total=len(inputs)) as advance:
                results = _results(connector, operation, calls, state, advance)
                as_table = format_of(options, streamed=True) == "table"
                await print_stream(options, _failed(results) if as_table else results)

    with _resumable(state):
        run(context, work())
    say(f"{state.answered - start - state.failed} done, {state.failed} failed.")
    if state.failed:
        raise typer.Exit(Exit.PARTLY_DONE)


def _batch_operation(entity: str, action: str) -> Operation:
    operation = find_operation(entity, f"batch_{action.removeprefix('batch_')}")
    if not {"ids", "inputs"} & set(operation.reader.wire_names.values()) or entity == "associations":
        raise InvalidParamsError(f"batch is for records: run `hubspot-agent execute {entity} {operation.action}`.")
    return operation


async def _results(
    connector: HubspotConnector,
    operation: Operation,
    calls: Sequence[dict[str, object]],
    state: _Progress,
    advance: Callable[[int], None],
) -> AsyncGenerator[BatchItem[Result]]:
    """What became of each input, under its place in the file."""
    for params in calls:
        size = len(cast("list[object]", params.get("ids") or params["inputs"]))
        state.begun += size
        try:
            answer = await connector.execute(operation.entity, operation.action, params, bulk=True)
        except OutcomeUnknownError:
            raise
        except ConnectorError:
            state.begun = state.answered  # certainly not done
            raise
        result = cast("BatchResult[Result]", answer)
        first, state.answered = state.answered, state.answered + size
        state.failed += len(result.errors)
        advance(size)
        for item in result:
            yield replace(item, index=first + item.index)


async def _failed(results: AsyncGenerator[BatchItem[Result]]) -> AsyncGenerator[BatchItem[Result]]:
    async with aclosing(results):
        async for item in results:
            if item.error is not None:
                yield item


@contextmanager
def _resumable(state: _Progress) -> Generator[None]:
    """Says, if it is cut short, where to go on."""
    finished = False
    try:
        yield
        finished = True
    finally:
        if not finished and state.begun == state.answered > state.start:
            say(f"Rows before {state.answered} are done. To go on: --start {state.answered}")
        elif not finished and state.begun > state.answered:
            say(
                f"Rows before {state.answered} are done. Nobody knows of rows {state.answered} to {state.begun - 1}: "
                f"look, then go on with --start {state.answered}, or with --start {state.begun} if they were done."
            )
