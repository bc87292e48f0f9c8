"""Tables on a terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ._report import say
from ._rows import columns_of, text_of
from ._safe import safe, safe_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._options import Options
    from ._rows import Row, Section

_GAP: Final = 3
_NARROW: Final = 14
"""A column may be cut to so many characters. Columns that do not fit even so are left out, and named."""
_PROSE: Final = frozenset({"summary", "description", "what", "takes", "actions", "text", "message"})
"""Columns that are not cut: they go on in the next line."""
_INSTANT: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(?:\.\d+)?Z")


def print_list(rows: Sequence[Row], columns: Sequence[str], options: Options) -> None:
    """Records under each other. Cells are cut where they do not fit; columns that do not fit are named."""
    if not rows:
        say("Nothing found.")
        return
    console = _console()
    shown = columns if options.columns is not None else _fitting(rows, columns, console.width)
    console.print(_table(rows, shown))
    left_out = columns[len(shown) :]
    if left_out and not options.quiet:
        say(f"Not shown: {', '.join(left_out)}. Choose with --columns, or use --json or --csv.")


def print_sections(sections: Sequence[Section]) -> None:
    """One thing in parts: fields with their values, lists as tables."""
    console = _console()
    for section in sections:
        if section.title:
            console.print(Text(f"\n{safe_line(section.title)}", style="bold"))
        if section.is_list:
            columns = columns_of(section.rows, None, short=True)
            console.print(_table(section.rows, _fitting(section.rows, columns, console.width)))
        else:
            console.print(_fields(section.rows[0]))


def _console() -> Console:
    return Console(highlight=False, soft_wrap=False)


def _fitting(rows: Sequence[Row], columns: Sequence[str], width: int) -> Sequence[str]:
    """The first columns that fit side by side; at least one."""
    used = 0
    for place, name in enumerate(columns):
        used += _least(rows, name) + _GAP
        if used > width + _GAP and place:
            return columns[:place]
    return columns


def _least(rows: Sequence[Row], name: str) -> int:
    """What a column cannot do without: an id is never cut."""
    widest = max(len(name), *(len(_cell(row.get(name))) for row in rows))
    return widest if name == "id" else min(widest, _NARROW)


def _table(rows: Sequence[Row], columns: Sequence[str]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in columns:
        numbers = name != "id" and all(_is_number(row.get(name)) for row in rows)
        prose = name in _PROSE
        table.add_column(
            Text(safe_line(name)),
            no_wrap=not prose,
            overflow="fold" if prose else "ellipsis",
            justify="right" if numbers else "left",
            min_width=_least(rows, name),
        )
    for row in rows:
        table.add_row(*(Text(_cell(row.get(name))) for name in columns))
    return table


def _fields(row: Row) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in row.items():
        if text_of(value):
            table.add_row(Text(safe_line(name)), Text(safe(text_of(value))))
    return table


def _cell(value: object) -> str:
    """A value on one line; instants to the minute, in UTC."""
    return _INSTANT.sub(r"\1 \2Z", safe_line(text_of(value)))


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        return value.replace(".", "", 1).lstrip("-").isdecimal()
    return value is None or isinstance(value, int | float)
