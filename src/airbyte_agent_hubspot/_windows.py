"""HubSpot's windows, and who may send in them when: places are bound to instants, and move when the window changes.

Source: https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
"""

from __future__ import annotations

import math
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import asyncio

    from ._clock import Clock
    from ._operation import LimitKind

BURST_CALLS: Final = 100
"""Calls in ten seconds that every kind of app is allowed; HubSpot's answers then say how many this one is."""
BURST_WINDOW_S: Final = 10.0
SEARCH_CALLS: Final = 5
SEARCH_WINDOW_S: Final = 1.0
WINDOW_S: Final[dict[LimitKind, float]] = {"burst": BURST_WINDOW_S, "search": SEARCH_WINDOW_S}
BULK_SHARE: Final = 0.8
"""The part of a window that bulk work leaves nothing of for others at most."""
_SKEW_S: Final = 0.05
"""HubSpot sees a request later than we send it, and not always by the same time."""


class Place:
    """A place to send at `at_s`, if `granted`; else when to ask again, or infinity if nobody knows yet.

    While its call waits, the window may move or refuse it: `too_late`, as it would come at `at_s`, after `deadline_s`.
    `daily` says that it is the day's calls that are used up.
    """

    __slots__ = ("_waiter", "at_s", "daily", "deadline_s", "granted", "too_late")

    def __init__(self, at_s: float, *, granted: bool, deadline_s: float | None = None) -> None:
        self.at_s = at_s
        self.granted = granted
        self.too_late = False
        self.daily = False
        self.deadline_s = math.inf if deadline_s is None else deadline_s
        self._waiter: tuple[asyncio.AbstractEventLoop, asyncio.Future[None]] | None = None

    def move(self, at_s: float, *, granted: bool) -> None:
        """Says when it is now; safe for threads."""
        if (at_s, granted) != (self.at_s, self.granted):
            self.at_s = at_s
            self.granted = granted
            self._wake()

    def refuse(self, at_s: float) -> Place:
        """Says that it would come at `at_s`, too late; safe for threads."""
        self.at_s = at_s
        self.granted = False
        self.too_late = True
        self._wake()
        return self

    async def change(self, clock: Clock) -> None:
        """Returns when the place has come, or was moved or refused. One task waits at a time."""
        import asyncio  # noqa: PLC0415 - needed at the first wait

        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        self._waiter = loop, woken  # before the time is read: another thread may move it between the two
        seconds = self.at_s - clock.monotonic_s()
        if self.too_late or seconds <= 0:
            return
        if math.isinf(seconds):
            await woken
            return
        sleeping = loop.create_task(clock.sleep(seconds), name="waiting for a place")
        try:
            await asyncio.wait((sleeping, woken), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()

    def _wake(self) -> None:
        if self._waiter is not None:
            loop, woken = self._waiter
            with suppress(RuntimeError):  # a loop that is closed wakes nobody
                loop.call_soon_threadsafe(_resolve, woken)


def _resolve(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)


class Places(Protocol):
    """Places of one kind. `Window` counts within a process; another may share with other processes."""

    def take(self, now_s: float) -> bool:
        """Takes a place for an interactive request, if one is free now."""
        ...

    def reserve(self, now_s: float, *, bulk: bool, deadline_s: float | None) -> Place:
        """A place for one request, now or later, or when to ask again."""
        ...

    def leave(self, place: Place, now_s: float) -> None:
        """Gives up a place that has not come: those behind move up."""
        ...

    def allow(self, calls: int, now_s: float) -> None:
        """HubSpot allows so many calls: whoever waits moves."""
        ...

    def close_until(self, at_s: float, now_s: float) -> None:
        """No places before `at_s`: whoever waits moves."""
        ...


class Window:
    """At most `calls` places in any `length_s` seconds. Times are on any clock that does not go back."""

    def __init__(self, calls: int, length_s: float) -> None:
        self._calls = calls
        self._length_s = length_s + _SKEW_S
        self._taken: deque[Place] = deque()
        """By time, those of calls that wait last."""
        self._bulk: list[Place] = []
        """Of bulk calls that wait: when each asks again."""
        self._closed_until_s = 0.0

    def next_free_s(self, now_s: float, *, share: float = 1.0) -> float:
        """When the next place is free, for somebody who may use `share` of the window."""
        while self._taken and self._taken[0].at_s <= now_s - self._length_s:
            self._taken.popleft()
        places = max(1, int(self._calls * share))
        free_s = now_s if len(self._taken) < places else self._taken[-places].at_s + self._length_s
        return max(now_s, free_s, self._closed_until_s)

    def take(self, now_s: float) -> bool:
        """Takes a place for an interactive request, if one is free now."""
        if self.next_free_s(now_s) > now_s:
            return False
        self._taken.append(Place(now_s, granted=True))
        return True

    def reserve(self, now_s: float, *, bulk: bool, deadline_s: float | None) -> Place:
        """A place for one request.

        Interactive calls take the next place there is, even in the future. Bulk calls take only a place that is free
        now, and leave a part of the window alone, so that they never stand before the others.
        """
        at_s = self.next_free_s(now_s, share=BULK_SHARE if bulk else 1.0)
        place = Place(at_s, granted=not bulk or at_s <= now_s, deadline_s=deadline_s)
        if at_s >= place.deadline_s:
            return place.refuse(at_s)
        if place.granted:
            self._taken.append(place)
        else:
            self._bulk.append(place)
        return place

    def leave(self, place: Place, now_s: float) -> None:
        """Gives up a place that has not come: those behind move up."""
        if place in self._bulk:
            self._bulk.remove(place)
        elif place.granted and place.at_s > now_s:
            self._taken.remove(place)
            self._rebook(now_s)

    def allow(self, calls: int, now_s: float) -> None:
        """HubSpot allows so many calls: whoever waits moves."""
        if calls != self._calls:
            self._calls = calls
            self._rebook(now_s)

    def close_until(self, at_s: float, now_s: float) -> None:
        """No places before `at_s`, HubSpot has counted more than we did: whoever waits moves."""
        self._closed_until_s = max(self._closed_until_s, at_s)
        self._rebook(now_s)

    def _rebook(self, now_s: float) -> None:
        """Bind the places that have not come anew, in their order; then say to bulk calls when to ask."""
        waiting: list[Place] = []
        while self._taken and self._taken[-1].at_s > now_s:
            waiting.append(self._taken.pop())
        for place in reversed(waiting):
            at_s = self.next_free_s(now_s)
            if at_s >= place.deadline_s:
                place.refuse(at_s)
            else:
                place.move(at_s, granted=True)
                self._taken.append(place)
        bulk, self._bulk = self._bulk, []
        for place in bulk:
            at_s = self.next_free_s(now_s, share=BULK_SHARE)
            if at_s >= place.deadline_s:
                place.refuse(at_s)
            else:
                place.move(at_s, granted=False)
                self._bulk.append(place)
