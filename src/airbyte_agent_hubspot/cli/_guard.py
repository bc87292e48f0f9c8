"""What is not done without a word: writes in read-only mode, and what destroys."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import typer

from ..errors import ConfigurationError
from ._exits import Exit
from ._report import say
from ._safe import safe_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._operation import Operation
    from ._options import Options

_SHOWN_CHARS: Final = 300


def check_allowed(options: Options, operation: Operation, params: Mapping[str, object], *, inputs: int = 1) -> None:
    """Nothing, if the operation may be run: destructive ones after a question on a terminal, or with `--yes`.

    Raises:
        ConfigurationError: it may not.
        typer.Exit: the user said no.
    """
    name = f"{operation.entity} {operation.action}"
    if options.read_only and operation.writes:
        raise ConfigurationError(
            f"`{name}` changes HubSpot, which --read-only (or HUBSPOT_AGENT_READ_ONLY) forbids: leave it out to write."
        )
    if operation.effect != "destructive" or options.yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigurationError(
            f"`{name}` deletes or merges, and there is no terminal to ask at. Add --yes if that is meant."
        )
    what = ", ".join(f"{key}={value}" for key, value in params.items())
    shown = what if len(what) <= _SHOWN_CHARS else what[:_SHOWN_CHARS] + " ..."
    if not typer.confirm(safe_line(f"{name} ({shown or inputs}) cannot be undone here. Go on?"), err=True):
        say("Nothing was done.")
        raise typer.Exit(Exit.FAILED)
