"""The request budget of one HubSpot account and app, shared by all connectors of a process.

HubSpot counts requests in a rolling window of ten seconds (per app and account), searches per second (per account),
and all of them per day. A call takes a place in its window before it is sent; the places are what HubSpot allows, so
that nobody sees a 429 whose calls fit the deadline.

Source: https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol
from weakref import WeakValueDictionary

from ._sansio import read_hubspot_error, read_retry_after_s
from .errors import RateLimitedError

if TYPE_CHECKING:
    from collections.abc import Hashable

    from ._clock import Clock
    from ._operation import LimitKind
    from ._retry import Progress
    from ._wire import HttpResponse

BURST_CALLS: Final = 100
"""Calls in ten seconds that every kind of app is allowed; HubSpot's answers then say how many this one is."""
BURST_WINDOW_S: Final = 10.0
SEARCH_CALLS: Final = 5
SEARCH_WINDOW_S: Final = 1.0
BULK_SHARE: Final = 0.8
"""The part of a window that bulk work leaves nothing of for others at most."""
_SKEW_S: Final = 0.05
"""HubSpot sees a request later than we send it, and not always by the same time."""
DAILY_RESERVE: Final = 0.05
"""The part of a day's calls that bulk work leaves to interactive calls."""
DAILY_MEMORY_S: Final = 900.0
"""After this long, one bulk call asks anew whether the day's calls are still nearly used up."""
_TOO_MANY: Final = 429


class Window:
    """At most `calls` places in any `length_s` seconds. Times are on any clock that does not go back."""

    def __init__(self, calls: int, length_s: float) -> None:
        self.calls = calls
        self._length_s = length_s + _SKEW_S
        self._taken: deque[float] = deque()
        self._closed_until_s = 0.0

    def next_free_s(self, now_s: float, *, share: float = 1.0) -> float:
        """When the next place is free, for somebody who may use `share` of the window."""
        while self._taken and self._taken[0] <= now_s - self._length_s:
            self._taken.popleft()
        places = max(1, int(self.calls * share))
        free_s = now_s if len(self._taken) < places else self._taken[-places] + self._length_s
        return max(now_s, free_s, self._closed_until_s)

    def take(self, at_s: float) -> None:
        """Takes the place at `at_s`, which `next_free_s` gave."""
        self._taken.append(at_s)

    def close_until(self, at_s: float) -> None:
        """No places before `at_s`: HubSpot has counted more than we did."""
        self._closed_until_s = max(self._closed_until_s, at_s)


class Budget(Protocol):
    """Who may send when. One implementation shares within a process; another may share between them."""

    def reserve(self, kind: LimitKind, now_s: float, *, bulk: bool, deadline_s: float | None) -> Place:
        """A place for one request, or when to ask again."""
        ...

    def learn(self, kind: LimitKind, response: HttpResponse, now_s: float) -> None:
        """Takes in what an answer says of the limits."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """A place to send at `at_s`, if `granted`; else when to ask again, or never if that is `too_late`.

    `daily` says that it is the day's calls that are used up.
    """

    at_s: float
    granted: bool
    too_late: bool = False
    daily: bool = False


class SharedBudget:
    """The budget of one account and app within this process; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[LimitKind, Window] = {
            "burst": Window(BURST_CALLS, BURST_WINDOW_S),
            "search": Window(SEARCH_CALLS, SEARCH_WINDOW_S),
        }
        self._daily_left = 1.0
        """The part of today's calls that is left, as far as HubSpot has said."""
        self._daily_known_until_s = 0.0

    def reserve(self, kind: LimitKind, now_s: float, *, bulk: bool, deadline_s: float | None) -> Place:
        """A place for one request.

        Interactive calls take the next place there is, even in the future. Bulk calls take only a place that is free
        now, and leave a part of the window alone, so that they never stand before the others.
        """
        with self._lock:
            spent = bulk and self._daily_left < DAILY_RESERVE
            if spent and now_s < self._daily_known_until_s:
                return Place(now_s, granted=False, too_late=True, daily=True)
            window = self._windows[kind]
            at_s = window.next_free_s(now_s, share=BULK_SHARE if bulk else 1.0)
            if deadline_s is not None and at_s >= deadline_s:
                return Place(at_s, granted=False, too_late=True)
            if bulk and at_s > now_s:
                return Place(at_s, granted=False)
            if spent:
                self._daily_known_until_s = now_s + DAILY_MEMORY_S
            window.take(at_s)
            return Place(at_s, granted=True)

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
                self._windows["burst"].calls = int(allowed)
            if response.status == _TOO_MANY and read_hubspot_error(response).policyName != "DAILY":
                wait_s = read_retry_after_s(response)
                pause_s = SEARCH_WINDOW_S if kind == "search" else BURST_WINDOW_S / 10
                self._windows[kind].close_until(now_s + (pause_s if wait_s is None else wait_s))


class UnlimitedBudget:
    """No limits: for tests against a server of your own, and for accounts whose limits somebody else keeps."""

    def reserve(self, kind: LimitKind, now_s: float, *, bulk: bool, deadline_s: float | None) -> Place:
        """A place now."""
        del kind, bulk, deadline_s
        return Place(now_s, granted=True)

    def learn(self, kind: LimitKind, response: HttpResponse, now_s: float) -> None:
        """Nothing to learn."""


class BudgetGate:
    """The gate of one call: a place in the budget for each of its requests."""

    def __init__(self, budget: Budget, kind: LimitKind, *, bulk: bool) -> None:
        self._budget = budget
        self._kind: LimitKind = kind
        self._bulk = bulk

    async def enter(self, clock: Clock, progress: Progress) -> None:
        """Waits for a place.

        Raises:
            RateLimitedError: the place would come after the deadline; nothing is waited for then.
        """
        while True:
            now_s = clock.monotonic_s()
            place = self._budget.reserve(self._kind, now_s, bulk=self._bulk, deadline_s=progress.deadline_s)
            if place.too_late:
                raise _too_late(place, now_s)
            if place.at_s > now_s:
                await clock.sleep(place.at_s - now_s)
            if place.granted:
                return

    def learn(self, response: HttpResponse, now_s: float) -> None:
        """Hands on what an answer says of the limits."""
        self._budget.learn(self._kind, response, now_s)


def _too_late(place: Place, now_s: float) -> RateLimitedError:
    if place.daily:
        return RateLimitedError(
            "Today's calls of this HubSpot app are nearly used up: the rest is for interactive calls. "
            "Go on with bulk work after midnight in the account's time zone."
        )
    wait_s = place.at_s - now_s
    return RateLimitedError(
        "HubSpot's limit of calls is used up by other calls of this process: a place for this one comes "
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
