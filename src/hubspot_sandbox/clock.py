"""What time it is in the portal: the machine's clock, or one that tests move."""

import time
from datetime import UTC, datetime
from typing import Final, Protocol

from hubspot_sandbox.instants import to_ms

VIRTUAL_START: Final = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


class Clock(Protocol):
    """Tells the present instant."""

    def now_ms(self) -> int:
        """Epoch milliseconds, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Epoch milliseconds, UTC."""
        return time.time_ns() // 1_000_000


class VirtualClock:
    """A clock that stands still until it is told to move.

    `start` must be aware; the default is a fixed instant, so two portals of one seed are equal.
    """

    def __init__(self, start: datetime = VIRTUAL_START) -> None:
        self._now_ms = to_ms(start)

    def now_ms(self) -> int:
        """Epoch milliseconds, UTC."""
        return self._now_ms

    def advance(self, seconds: float) -> None:
        """Move forward by so many seconds."""
        self._now_ms += round(seconds * 1000)
