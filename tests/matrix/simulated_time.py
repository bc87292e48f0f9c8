"""Time that passes only when nobody has anything left to do: minutes of waiting in milliseconds, in any order."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airbyte_agent_hubspot._http import Transport
    from airbyte_agent_hubspot._wire import HttpRequest, HttpResponse
    from server.world import TestClock

_QUIET_ROUNDS = 20


class SimulatedClock:
    """The connector's clock, which HubSpot's follows. It jumps to the next sleeper once all is quiet."""

    def __init__(self, hubspot: TestClock) -> None:
        self._hubspot = hubspot
        self._start_s = hubspot.now().timestamp()
        self._passed_s = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()
        self._pump: asyncio.Task[None] | None = None
        self.busy = 0
        self.moves = 0

    def now_s(self) -> float:
        return self._start_s + self._passed_s

    def monotonic_s(self) -> float:
        return self._passed_s

    async def sleep(self, seconds: float) -> None:
        self.moves += 1
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.monotonic_s() + seconds, next(self._order), woken))
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._pass_time(), name="simulated time")
        await woken

    async def _pass_time(self) -> None:
        while self._sleepers:
            await self._quiet()
            at_s, _, woken = heapq.heappop(self._sleepers)
            if woken.done():  # whoever slept was called off
                continue
            self._passed_s = max(self._passed_s, at_s)
            behind_s = self.now_s() - self._hubspot.now().timestamp()
            self._hubspot.advance(max(0.0, behind_s))
            woken.set_result(None)

    async def _quiet(self) -> None:
        seen, rounds = self.moves, 0
        while rounds < _QUIET_ROUNDS:
            await asyncio.sleep(0)
            rounds = 0 if self.busy or self.moves != seen else rounds + 1
            seen = self.moves


class Watched:
    """A transport that tells the clock when a request is under way."""

    def __init__(self, inner: Transport, clock: SimulatedClock) -> None:
        self._inner = inner
        self._clock = clock
        self.statuses: list[int] = []

    async def send(self, request: HttpRequest) -> HttpResponse:
        self._clock.busy += 1
        self._clock.moves += 1
        try:
            response = await self._inner.send(request)
            self.statuses.append(response.status)
            return response
        finally:
            self._clock.busy -= 1
            self._clock.moves += 1

    async def close(self) -> None:
        await self._inner.close()
