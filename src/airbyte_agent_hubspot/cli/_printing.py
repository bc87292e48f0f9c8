"""Prints results: JSON in a pipe, tables on a terminal, or what was asked for. What is for people goes elsewhere."""

from __future__ import annotations

import csv
import io
import json
import sys
from contextlib import aclosing
from typing import TYPE_CHECKING, cast

import typer

from ._report import say
from ._rows import columns_of, flat, items_of, labelled, rows_of, sections_of, text_of
from ._safe import safe, safe_cell

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Iterator, Mapping, Sequence

    from ..models import Result
    from ._options import Format, Options
    from ._rows import Row


def format_of(options: Options, *, streamed: bool = False) -> Format:
    """The form to print in: what was asked for; else tables on a terminal, and JSON in a pipe, by lines for streams."""
    return options.format or ("table" if sys.stdout.isatty() else "ndjson" if streamed else "json")


def print_result(options: Options, result: Result, *, columns: Sequence[str] = ()) -> None:
    """Prints what an operation gave. Tables show `columns` first."""
    print_shown(options, result.to_dict(), first=columns)


def print_shown(options: Options, shown: Mapping[str, object], *, first: Sequence[str] = ()) -> None:
    """Prints plain data: a list of records, or one thing."""
    form, rows = format_of(options), rows_of(shown)
    if form == "json":
        _print_json(shown)
        return
    if form == "ndjson":
        for item in items_of(shown) or ([dict(shown)] if rows is None else []):
            _print_line(item)
    elif form == "csv":
        rows = [flat(shown)] if rows is None else rows
        columns = columns_of(rows, options.columns)
        _print_csv([columns, *([row.get(name) for name in columns] for row in rows)])
    elif rows is None:
        from ._tables import print_sections  # noqa: PLC0415 - Rich, for tables only

        print_sections(sections_of(shown))
    else:
        from ._tables import print_list  # noqa: PLC0415

        labels = cast("Mapping[str, Mapping[str, str]]", shown.get("labels") or {})
        print_list(labelled(rows, labels), columns_of(rows, options.columns, short=True, first=first), options)
    if not options.quiet:
        for note in _notes(shown, in_table=form == "table"):
            say(note)


async def print_stream(options: Options, records: AsyncGenerator[Result]) -> None:
    """Prints records as they come; as a table or as one JSON document, at the end."""
    form = format_of(options, streamed=True)
    async with aclosing(records):  # at once, also if nobody reads on
        if form == "ndjson":
            async for record in records:
                _print_line(record.to_dict())
        elif form == "csv":
            await _stream_csv(options, records)
        else:
            print_shown(options, {"data": [record.to_dict() async for record in records]})


async def _stream_csv(options: Options, records: AsyncIterable[Result]) -> None:
    """The columns are those of the first record, or those that are chosen; others are named at the end."""
    columns: list[str] | None = None
    late: dict[str, None] = {}
    async for record in records:
        row = flat(record.to_dict())
        if columns is None:
            columns = columns_of([row], options.columns)
            _print_csv([columns])
        elif options.columns is None:
            late.update(dict.fromkeys(row.keys() - set(columns)))
        _print_csv([[row.get(name) for name in columns]])
    if late:
        say(f"Not printed, because the first record has no such column: {', '.join(late)}. Name it in --columns.")


def _print_json(shown: object) -> None:
    typer.echo(safe(json.dumps(shown, ensure_ascii=False, indent=2, default=str)))


def _print_line(shown: object) -> None:
    typer.echo(safe(json.dumps(shown, ensure_ascii=False, separators=(",", ":"), default=str)))


def _print_csv(lines: Sequence[Sequence[object]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([safe_cell(text_of(cell)) for cell in line] for line in lines)
    typer.echo(safe(text.getvalue()), nl=False)


def _notes(shown: Mapping[str, object], *, in_table: bool) -> Iterator[str]:
    """What a list of records does not show: how many there are, what is missing, how it was understood."""
    items, total, meta = items_of(shown), shown.get("total"), cast("Row", shown.get("meta") or {})
    if items is not None and isinstance(total, int) and in_table:
        groups = f"{len(items)} of {shown.get('row_count')} groups, {shown.get('records')} of {total} records."
        yield groups if "overall" in shown else f"{len(items)} of {total}."
    if meta.get("next_cursor"):
        yield f"There is more: add --all, or after={meta['next_cursor']}"
    if in_table and shown.get("overall"):
        yield "All together: " + ", ".join(f"{name} {value}" for name, value in cast("Row", shown["overall"]).items())
    if in_table and shown.get("understood"):
        yield "Understood: " + "; ".join(cast("list[str]", shown["understood"]))
    if shown.get("note"):
        yield str(shown["note"])
