"""What time it is in the portal: the machine's clock, or one that tests move."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from hubspot_sandbox.instants import to_ms

VIRTUAL_START: Final = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


class Clock(Protocol):
    """Tells the present instant, and when a later one has come."""

    def now_ms(self) -> int:
        """Epoch milliseconds, UTC."""
        ...

    async def wait_until_ms(self, at_ms: int) -> None:
        """Return once it is that late."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Epoch milliseconds, UTC."""
        return time.time_ns() // 1_000_000

    async def wait_until_ms(self, at_ms: int) -> None:
        """Return once it is that late."""
        await asyncio.sleep(max(0, at_ms - self.now_ms()) / 1000)


@dataclass(frozen=True, slots=True, eq=False)
class _Sleeper:
    """Somebody who waits for a virtual instant."""

    at_ms: int
    loop: asyncio.AbstractEventLoop
    woken: "asyncio.Future[None]"

    def wake(self) -> None:
        if not self.woken.done():
            self.woken.set_result(None)


class VirtualClock:
    """A clock that stands still until it is told to move, from any thread.

    `start` must be aware; the default is a fixed instant, so two portals of one seed are equal.
    """

    def __init__(self, start: datetime = VIRTUAL_START) -> None:
        self._now_ms = to_ms(start)
        self._sleepers: list[_Sleeper] = []

    def now_ms(self) -> int:
        """Epoch milliseconds, UTC."""
        return self._now_ms

    def advance(self, seconds: float) -> None:
        """Move forward by so many seconds."""
        self._now_ms += round(seconds * 1000)
        for sleeper in tuple(self._sleepers):
            if sleeper.at_ms <= self._now_ms:
                sleeper.loop.call_soon_threadsafe(sleeper.wake)

    async def wait_until_ms(self, at_ms: int) -> None:
        """Return once somebody has moved the clock that far."""
        loop = asyncio.get_running_loop()
        sleeper = _Sleeper(at_ms, loop, loop.create_future())
        self._sleepers.append(sleeper)
        try:
            if at_ms > self._now_ms:
                await sleeper.woken
        finally:
            self._sleepers.remove(sleeper)
