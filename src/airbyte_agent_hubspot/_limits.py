"""The request budget of one HubSpot account and app, shared by all connectors of a process.

HubSpot counts requests in a rolling window of ten seconds (per app and account), searches per second (per account),
and all of them per day. A call takes a place in its window before it is sent; the places are what HubSpot allows, so
that nobody sees a 429 whose calls fit the deadline.

Source: https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, Protocol
from weakref import WeakValueDictionary

import msgspec

from ._sansio import read_hubspot_error, read_retry_after_s
from ._windows import BURST_CALLS, BURST_WINDOW_S, SEARCH_CALLS, SEARCH_WINDOW_S, WINDOW_S, Place, Window
from .errors import RateLimitedError

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from ._clock import Clock
    from ._operation import LimitKind
    from ._retry import Progress
    from ._windows import Places
    from ._wire import HttpResponse

DAILY_RESERVE: Final = 0.05
"""The part of a day's calls that bulk work leaves to interactive calls."""
DAILY_MEMORY_S: Final = 900.0
"""After this long, one bulk call asks anew whether the day's calls are still nearly used up."""
ANSWER_S: Final = 1.0
"""What a place leaves of a call's time for HubSpot's answer, if the call has ten times as much."""
_ANSWER_SHARE: Final = 0.1
_TOO_MANY: Final = 429


class Budget(Protocol):
    """Who may send when. One implementation shares within a process; another may share between them."""

    def take(self, kind: LimitKind, now_s: float, *, bulk: bool) -> bool:
        """Takes a place for one request if one is free now; otherwise `enter` waits for one."""
        ...

    async def enter(self, kind: LimitKind, clock: Clock, *, bulk: bool, deadline_s: float | None) -> None:
        """Waits for a place for one request.

        Raises:
            RateLimitedError: there is none before `deadline_s`; said as soon as that is known.
        """
        ...

    def learn(self, kind: LimitKind, response: HttpResponse, now_s: float) -> None:
        """Takes in what an answer says of the limits."""
        ...


class SharedBudget:
    """The budget of one account and app; safe for threads if its windows are. Without any it has its own."""

    def __init__(self, windows: Mapping[LimitKind, Places] | None = None) -> None:
        self._lock = threading.Lock()
        self._windows: Mapping[LimitKind, Places] = windows or {
            "burst": Window(BURST_CALLS, BURST_WINDOW_S),
            "search": Window(SEARCH_CALLS, SEARCH_WINDOW_S),
        }
        self._daily_left = 1.0
        """The part of today's calls that is left, as far as HubSpot has said."""
        self._daily_known_until_s = 0.0

    def take(self, kind: LimitKind, now_s: float, *, bulk: bool) -> bool:
        """Takes a place for one request if one is free now. Bulk calls have to `enter`."""
        if bulk:
            return False
        with self._lock:
            return self._windows[kind].take(now_s)

    def reserve(self, kind: LimitKind, now_s: float, *, bulk: bool, deadline_s: float | None) -> Place:
        """A place for one request; bulk calls leave the last part of the day's calls alone."""
        with self._lock:
            spent = bulk and self._daily_left < DAILY_RESERVE
            if spent and now_s < self._daily_known_until_s:
                place = Place(now_s, granted=False)
                place.daily = True
                return place.refuse(now_s)
            place = self._windows[kind].reserve(now_s, bulk=bulk, deadline_s=deadline_s)
            if spent and place.granted:
                self._daily_known_until_s = now_s + DAILY_MEMORY_S
            return place

    def leave(self, kind: LimitKind, place: Place, now_s: float) -> None:
        """Gives up a place that was waited for: those behind move up."""
        with self._lock:
            self._windows[kind].leave(place, now_s)

    async def enter(self, kind: LimitKind, clock: Clock, *, bulk: bool, deadline_s: float | None) -> None:
        """Waits for a place for one request.

        Raises:
            RateLimitedError: there is none before `deadline_s`; said as soon as that is known.
        """
        now_s = clock.monotonic_s()
        place = self.reserve(kind, now_s, bulk=bulk, deadline_s=deadline_s)
        while not place.granted or place.at_s > now_s:
            if place.too_late:
                raise _too_late(place, now_s)
            if place.at_s > now_s:
                await self._wait(kind, place, clock)
            else:  # bulk calls ask when it may be their turn
                self.leave(kind, place, now_s)
                place = self.reserve(kind, now_s, bulk=bulk, deadline_s=deadline_s)
            now_s = clock.monotonic_s()

    async def _wait(self, kind: LimitKind, place: Place, clock: Clock) -> None:
        try:
            await place.change(clock)
        except BaseException:
            self.leave(kind, place, clock.monotonic_s())  # whoever waited was cancelled
            raise

    def learn(self, kind: LimitKind, response: HttpResponse, now_s: float) -> None:
        """Takes in how many calls the app is allowed, and that others used them up."""
        allowed = response.headers.get("x-hubspot-ratelimit-max", "")
        daily = response.headers.get("x-hubspot-ratelimit-daily", "")
        daily_left = response.headers.get("x-hubspot-ratelimit-daily-remaining", "")
        with self._lock:
            if daily.isdecimal() and daily_left.isdecimal() and int(daily) > 0:
                self._daily_left = int(daily_left) / int(daily)
                self._daily_known_until_s = now_s + DAILY_MEMORY_S
            if kind == "burst" and allowed.isdecimal() and int(allowed) > 0:
                self._windows["burst"].allow(int(allowed), now_s)
            if response.status == _TOO_MANY and read_hubspot_error(response).policyName != "DAILY":
                wait_s = read_retry_after_s(response)
                pause_s = SEARCH_WINDOW_S if kind == "search" else BURST_WINDOW_S / 10
                self._windows[kind].close_until(now_s + (pause_s if wait_s is None else wait_s), now_s)


class UnlimitedBudget:
    """No limits: for tests against a server of your own, and for accounts whose limits somebody else keeps."""

    def take(self, kind: LimitKind, now_s: float, *, bulk: bool) -> bool:
        """Lets it pass."""
        del kind, now_s, bulk
        return True

    async def enter(self, kind: LimitKind, clock: Clock, *, bulk: bool, deadline_s: float | None) -> None:
        """Lets it pass."""

    def learn(self, kind: LimitKind, response: HttpResponse, now_s: float) -> None:
        """Nothing to learn."""


class BudgetGate(msgspec.Struct):
    """The gate of one call: a place in the budget for each of its requests."""

    budget: Budget
    kind: LimitKind
    bulk: bool

    def pass_now(self, clock: Clock, progress: Progress) -> bool:
        """Takes a place that is free now, if the deadline has not come."""
        now_s, deadline_s = clock.monotonic_s(), progress.deadline_s
        if deadline_s is not None and now_s >= deadline_s:
            return False
        return self.budget.take(self.kind, now_s, bulk=self.bulk)

    async def enter(self, clock: Clock, progress: Progress) -> None:
        """Waits for a place that comes before the deadline and leaves time for HubSpot's answer.

        Raises:
            RateLimitedError: there is none; said as soon as that is known.
        """
        last_s = deadline_s = progress.deadline_s
        if deadline_s is not None:
            last_s = deadline_s - min(ANSWER_S, max(0.0, deadline_s - clock.monotonic_s()) * _ANSWER_SHARE)
        progress.waits_for_place = True
        await self.budget.enter(self.kind, clock, bulk=self.bulk, deadline_s=last_s)
        if deadline_s is not None and clock.monotonic_s() >= deadline_s:
            raise self.no_place()  # it came in time, but this process was too busy to see it
        progress.waits_for_place = False

    def no_place(self) -> RateLimitedError:
        """The error for a call whose time ended while it waited for its place."""
        return RateLimitedError(
            "HubSpot's limit of calls is used up by other calls: no place for this one came before its deadline. "
            "Call again later, or allow more time.",
            retry_after_s=WINDOW_S[self.kind],
        )

    def learn(self, response: HttpResponse, now_s: float) -> None:
        """Hands on what an answer says of the limits."""
        self.budget.learn(self.kind, response, now_s)


def _too_late(place: Place, now_s: float) -> RateLimitedError:
    if place.daily:
        return RateLimitedError(
            "Today's calls of this HubSpot app are nearly used up: the rest is for interactive calls. "
            "Go on with bulk work after midnight in the account's time zone."
        )
    wait_s = place.at_s - now_s
    return RateLimitedError(
        "HubSpot's limit of calls is used up by other calls: a place for this one comes "
        f"in {wait_s:.1f} s, after its deadline. Call again then, or allow more time.",
        retry_after_s=wait_s,
    )


_budgets: WeakValueDictionary[Hashable, SharedBudget] = WeakValueDictionary()
_budgets_lock = threading.Lock()


def shared_budget(account: Hashable) -> SharedBudget:
    """The one budget of `account`; it lives as long as a connector uses it."""
    with _budgets_lock:
        budget = _budgets.get(account)
        if budget is None:
            budget = _budgets[account] = SharedBudget()
        return budget
