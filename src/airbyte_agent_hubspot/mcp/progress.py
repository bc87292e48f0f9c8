"""Tells the client that work goes on, while it does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from .._retry import each_request_calls

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

EVERY_S: Final = 1.0


class Reports(Protocol):
    """What tells a client how far its request is; nothing happens if the client did not ask for it."""

    async def report_progress(self, progress: float, total: float | None = None, message: str | None = None) -> None:
        """Tells it."""
        ...


async def with_progress(
    work: Callable[[], Awaitable[T]],
    reports: Reports,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> T:
    """What `work` gives. Until then the client hears every second how many requests were sent for it."""
    requests = 0

    def count() -> None:
        nonlocal requests
        requests += 1

    async def tell() -> None:
        seconds = 0.0
        while True:
            await sleep(EVERY_S)
            seconds += EVERY_S
            said = f"{requests} request{'' if requests == 1 else 's'} so far"
            await reports.report_progress(seconds, message=said)

    telling = asyncio.create_task(tell(), name="mcp-progress")
    try:
        with each_request_calls(count):
            return await work()
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
