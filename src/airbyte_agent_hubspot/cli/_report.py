"""Errors for people: a sentence, the command as it should be, and an exit code."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar, cast

import typer

from ..errors import ConnectorError
from ._exits import exit_of
from ._safe import safe

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator, Sequence

    from ..errors import FieldError

T = TypeVar("T")
PROGRAM: Final = "hubspot-agent"
TYPED: Final = "hubspot_agent.typed"
"""Where a context's `meta` has the arguments as they were typed."""


def run(context: typer.Context, work: Coroutine[None, None, T]) -> T:
    """What comes of the work. An error becomes a sentence and an exit code."""
    import asyncio  # noqa: PLC0415 - what only helps or shows needs none

    with reporting(context):
        return asyncio.run(work)


@contextmanager
def reporting(context: typer.Context) -> Generator[None, None, None]:
    """Turns an error into a sentence and an exit code."""
    try:
        yield
    except ConnectorError as error:
        say(f"{error.code}: {error.message}")
        better = corrected(cast("tuple[str, ...]", context.meta.get(TYPED, ())), error)
        if better is not None:
            say(f"Try: {better}")
        raise typer.Exit(exit_of(error)) from None


def say(text: str) -> None:
    """Tells people, on the standard error."""
    typer.echo(safe(text), err=True)


def corrected(arguments: Sequence[str], error: ConnectorError) -> str | None:
    """The command line with the nearest right name in place of each wrong one; None if nothing is known."""
    better = list(arguments)
    for item in error.errors:
        wrong, right = _pair_of(item)
        if right is not None:
            better = [_replaced(part, wrong, right) for part in better]
    return None if better == list(arguments) else f"{PROGRAM} {shlex.join(better)}"


def _pair_of(item: FieldError) -> tuple[str, str | None]:
    """What was wrong, and the one thing that is meant most likely."""
    nearest, candidates = item.details.get("nearest"), item.details.get("candidates")
    if nearest is not None:
        names = cast("list[str]", nearest) if isinstance(nearest, list) else [str(nearest)]
    else:
        names = [str(one["label"]) for one in cast("list[dict[str, object]]", candidates or [])]
        names = names if len(names) == 1 else []
    wrong = str(item.details.get("given") or item.field.rpartition(".")[2])
    return wrong, names[0] if names else None


def _replaced(part: str, wrong: str, right: str) -> str:
    """One argument with the right name, where the wrong one stands by itself, in a pair or in JSON."""
    if not wrong:
        return part
    if part == wrong:
        return right
    part = part.replace(f'"{wrong}"', f'"{right}"')
    name, equals, value = part.partition("=")
    if not equals:
        return part
    names = ".".join(right if piece == wrong else piece for piece in name.split("."))
    return f"{names}={right if value == wrong else value}"
