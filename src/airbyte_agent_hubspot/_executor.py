"""The one interface behind both ways to run."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Generator

    from ._operation import Operation
    from ._shape import Params
    from .models import Result


class Call(msgspec.Struct, frozen=True):
    """One validated call of one operation. `timeout_s` bounds everything: waits, refreshes, every attempt.

    `bulk` calls give way to others where the account's limits are shared. An answer that the executor remembers is as
    good as a new one if it is at most `max_age_s` old.
    """

    operation: Operation
    params: Params
    timeout_s: float | None = None
    idempotency_key: str | None = None
    bulk: bool = False
    max_age_s: float = 0.0


class Executor(Protocol):
    """Runs calls."""

    async def execute(self, call: Call) -> Result:
        """The call's result.

        Raises:
            ConnectorError: for everything that can go wrong; there is no success flag.
        """
        ...

    async def close(self) -> None:
        """Gives up connections. Calling it twice does no harm."""
        ...


@dataclass(slots=True)
class Tally:
    """What was asked of HubSpot: how many requests, those of a server on our behalf included."""

    upstream_calls: int = 0


_TALLY: ContextVar[Tally | None] = ContextVar("tally", default=None)


@contextmanager
def counting() -> Generator[Tally]:
    """Counts the requests of all calls that are made within, in whatever task."""
    tally = Tally()
    token = _TALLY.set(tally)
    try:
        yield tally
    finally:
        _TALLY.reset(token)


def note_calls(upstream_calls: int) -> None:
    """Takes in that a call took so many requests."""
    tally = _TALLY.get()
    if tally is not None:
        tally.upstream_calls += upstream_calls
