"""Time, as far as calls depend on it: one seam, so that tests can move it."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells time and lets it pass."""

    def now_s(self) -> float:
        """Seconds since the epoch: when tokens expire."""
        ...

    def monotonic_s(self) -> float:
        """Seconds on a clock that never goes back: when waits and deadlines end."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Lets that long pass."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_s(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic_s(self) -> float:
        """Seconds since some moment in the past."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Lets that long pass; other tasks run meanwhile."""
        import asyncio  # noqa: PLC0415 - needed at the first wait

        await asyncio.sleep(seconds)
