"""Progress of long work on a terminal's standard error; nothing elsewhere."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ._options import Options


@contextmanager
def progress(options: Options, what: str, *, total: int | None = None) -> Generator[Callable[[int], None]]:
    """While it is entered, a line says how far the work is. It is told how much more was done."""
    if options.quiet or not sys.stderr.isatty():
        yield _say_nothing
        return
    from rich import progress as rich  # noqa: PLC0415 - for terminals only
    from rich.console import Console  # noqa: PLC0415

    amount = [] if total is None else [rich.BarColumn(), rich.MofNCompleteColumn()]
    counted = rich.TextColumn("{task.completed:,.0f}" if total is None else "")
    bar = rich.Progress(
        rich.SpinnerColumn(),
        rich.TextColumn("{task.description}", markup=False),
        *amount,
        counted,
        rich.TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)


def _say_nothing(_done: int) -> None:
    pass
