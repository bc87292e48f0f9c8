"""Sends a request as often as it may be sent, within one deadline."""

from __future__ import annotations

import random
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol, TypeAlias

import msgspec

from ._clock import SystemClock
from ._http import MaybeSentError, NotSentError, TransportError
from ._sansio import MAX_ATTEMPTS, back_off_s

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ._clock import Clock
    from ._http import Transport
    from ._wire import HttpRequest, HttpResponse

WaitRule: TypeAlias = "Callable[[HttpResponse, int, Callable[[], float]], float | None]"
"""Seconds to wait after the answer to the n-th attempt; None: it settles the matter. The last is jitter."""


_heard_of_requests: ContextVar[Callable[[], None] | None] = ContextVar("heard_of_requests", default=None)


@contextmanager
def each_request_calls(hear: Callable[[], None]) -> Generator[None, None, None]:
    """Calls `hear` for each request that is sent within, by this task or those it starts."""
    token = _heard_of_requests.set(hear)
    try:
        yield
    finally:
        _heard_of_requests.reset(token)


class Progress(msgspec.Struct):
    """How far one call has come: what its deadline, its error and its report need to know."""

    deadline_s: float | None = None
    """On the retrier's clock."""
    upstream_calls: int = 0
    retries: int = 0
    waits_for_place: bool = False
    """Whether a request waits until HubSpot's limits allow it."""
    in_flight: bool = False
    """Whether a request is with the other side, its answer not yet here."""
    in_doubt: bool = False
    """Whether an earlier request may have arrived, its answer lost."""


class Gate(Protocol):
    """What each request of a call passes before it is sent."""

    def pass_now(self, clock: Clock, progress: Progress) -> bool:
        """Whether the request may be sent at once; if not it has to `enter`."""
        ...

    async def enter(self, clock: Clock, progress: Progress) -> None:
        """Waits until the request may be sent."""
        ...

    def learn(self, response: HttpResponse, now_s: float) -> None:
        """Takes in what an answer says of the limits."""
        ...


class Retrier:
    """A transport that resends. Deadlines and waits are on the clock's monotonic time."""

    def __init__(
        self, transport: Transport, *, clock: Clock | None = None, jitter: Callable[[], float] = random.random
    ) -> None:
        self.clock = clock or SystemClock()
        self._transport = transport
        self._jitter = jitter

    async def send(
        self,
        request: HttpRequest,
        *,
        resendable: bool,
        wait_rule: WaitRule,
        progress: Progress,
        gate: Gate | None = None,
    ) -> HttpResponse:
        """The answer that settles it, or the last one that may be had.

        Raises:
            TransportError: no answer came, and the request may not be sent again.
            RateLimitedError: the gate would not open before the deadline.
        """
        attempt = 0
        while True:
            if gate is not None and not gate.pass_now(self.clock, progress):
                await gate.enter(self.clock, progress)
            attempt += 1
            progress.upstream_calls += 1
            progress.retries += attempt > 1
            hear = _heard_of_requests.get()
            if hear is not None:
                hear()
            try:
                progress.in_flight = True
                response = await self._transport.send(request)
                progress.in_flight = False
            except TransportError as error:
                progress.in_flight = False
                progress.in_doubt = progress.in_doubt or isinstance(error, MaybeSentError)
                may_resend = resendable or isinstance(error, NotSentError)
                wait_s = back_off_s(attempt, self._jitter) if attempt < MAX_ATTEMPTS else None
                if wait_s is None or not may_resend or not await self._wait(wait_s, progress):
                    raise
                continue
            if gate is not None:
                gate.learn(response, self.clock.monotonic_s())
            stated_s = wait_rule(response, attempt, self._jitter)
            if stated_s is None or not await self._wait(stated_s, progress):
                return response

    async def close(self) -> None:
        """Gives up connections."""
        await self._transport.close()

    async def _wait(self, seconds: float, progress: Progress) -> bool:
        """Waits, unless the deadline comes first: then False, at once."""
        if progress.deadline_s is not None and self.clock.monotonic_s() + seconds >= progress.deadline_s:
            return False
        await self.clock.sleep(seconds)
        return True
