"""One window of a HubSpot account as this process holds it: places got from the ledger, some of them ahead of need."""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Protocol

from airbyte_agent_hubspot._windows import Place
from airbyte_agent_server.budgets.ledger import Grant, Slice, Trade
from airbyte_agent_server.ports import Clock

SKEW_S = 0.1
"""HubSpot sees a request later than we send it, and clocks of processes differ."""
_STEPS = 80
"""In how many parts of a window uses are told apart: a use counts up to two parts longer than it has to."""
_PAUSES = 10
"""So often in a window is the ledger asked again that had no places."""
_LEAST_AHEAD = 20
_MOST_AHEAD = 4
"""One of so many places of a window is held ahead of need, at least and at most."""
_LOW = 4
"""More is asked for once less than one of so many places is left of what is held ahead."""
_SOON_S = 2.0
_LATE_S = 5.0
_NEWS_S = 1.0
"""So long others go without news of what was used here, and those who wait without news of what others leave."""


class Exchange(Protocol):
    """Trades with the ledger for all windows of this process."""

    def ask_for(self, window: "LeasedWindow") -> None:
        """Trade for it soon."""
        ...

    def ask_later(self, window: "LeasedWindow", wait_s: float) -> None:
        """Trade for it after `wait_s`, if it then has a reason to."""
        ...


@dataclass(slots=True, eq=False)
class _Lease:
    """Places to be used between two instants of the monotonic clock. `until_ms`: how long they count, by wall clock.

    Those that are `counted` were promised, for one instant; the others may be used now.
    """

    from_s: float
    expires_s: float
    until_ms: int
    left: int
    bulk: bool
    counted: bool


class _LeasedPlace(Place):
    """A place of a call that waits, and the promise that it is bound to."""

    __slots__ = ("bulk", "lease")

    def __init__(self, *, bulk: bool, deadline_s: float | None) -> None:
        super().__init__(math.inf, granted=False, deadline_s=deadline_s)
        self.bulk = bulk
        self.lease: _Lease | None = None


class LeasedWindow:
    """`Places` of one window, for one event loop.

    Calls that wait stand in line, interactive ones before bulk. The first are bound to the places that come first;
    whenever places come or a call leaves, all are bound anew: everybody moves up, and nobody overtakes.
    """

    def __init__(
        self,
        key: str,
        holder: str,
        calls: int,
        length_s: float,
        *,
        exchange: "Exchange",
        clock: Clock,
    ) -> None:
        self._key = key
        self._holder = holder
        self._default_calls = calls
        self._set_calls(calls)
        self._told_calls = 0
        self._length_s = length_s
        self._window_ms = math.ceil((length_s + SKEW_S) * 1000)
        self._exchange = exchange
        self._clock = clock
        self._step_s = length_s / _STEPS
        self._leases: list[_Lease] = []
        """In the order in which they may be used."""
        self._left = 0
        self._used: dict[int, int] = {}
        """How many uses in each part of a window have not been reported."""
        self._reported: dict[int, int] = {}
        """What is being reported."""
        self._line: list[_LeasedPlace] = []
        self._bulk_line: list[_LeasedPlace] = []
        self._ahead = max(1, calls // _LEAST_AHEAD)
        self._ahead_since_s = -math.inf
        self._none_before_s = self._no_bulk_before_s = self._none_ahead_before_s = 0.0
        self._promised_from_s = 0.0
        """No promise begins sooner, as far as the ledger has said."""
        self._closed_until_s = 0.0
        self._returned: Counter[int] = Counter()
        """When promises begin that nobody here can use, by wall clock."""
        self._unreported = 0
        self._interactive = False
        """Whether anything but bulk was called since the last trade."""
        self._asked = False

    def _set_calls(self, calls: int) -> None:
        self._calls = calls
        self._least = max(1, calls // _LEAST_AHEAD)

    def allow(self, calls: int, now_s: float) -> None:
        """HubSpot allows so many calls: the others want to know, and whoever waits may find a place now."""
        del now_s
        self._told_calls = calls
        if calls != self._calls:
            self._set_calls(calls)
            self._ask()

    def take(self, now_s: float) -> bool:
        """Takes a place that is held, for an interactive request."""
        self._interactive = True
        first = self._leases[0] if self._leases else None
        if first is None or not first.left or first.expires_s <= now_s:
            first = self._next(now_s, bulk=False)
        return self._take(first, now_s, bulk=False)

    def _take(self, lease: _Lease | None, now_s: float, *, bulk: bool) -> bool:
        if lease is None or lease.from_s > now_s:
            return False
        self._use(lease, now_s)
        if not bulk and self._left * _LOW < self._ahead and not self._asked and now_s >= self._none_ahead_before_s:
            self._ask()
        return True

    def reserve(self, now_s: float, *, bulk: bool, deadline_s: float | None) -> Place:
        """A place for one request: one that is held, or else one in the line."""
        self._interactive |= not bulk
        if self._take(self._next(now_s, bulk=bulk), now_s, bulk=bulk):
            return Place(now_s, granted=True)
        return self._line_up(now_s, bulk=bulk, deadline_s=deadline_s)

    def _line_up(self, now_s: float, *, bulk: bool, deadline_s: float | None) -> Place:
        place = _LeasedPlace(bulk=bulk, deadline_s=deadline_s)
        self._bind(place, now_s)
        if place.too_late:
            return place
        if not place.granted and now_s >= max(self._closed_until_s, self._none_since_s(bulk=bulk)):
            self._ask()
        else:
            self._ask_again(now_s)
        return place

    def leave(self, place: Place, now_s: float) -> None:
        """Gives up a place that has not come: those behind move up."""
        if isinstance(place, _LeasedPlace) and place in self._waiting(now_s):
            (self._bulk_line if place.bulk else self._line).remove(place)
            _unbind(place)
            self._bind_all(now_s)

    def _next(self, now_s: float, *, bulk: bool) -> _Lease | None:
        if self._leases and _is_over(self._leases[0], now_s):
            self._leases = [lease for lease in self._leases if not _is_over(lease, now_s)]
            self._left = sum(lease.left for lease in self._leases if not lease.counted)
        for lease in self._leases:
            # Interactive calls may use what was meant for bulk, and not the other way round.
            if lease.left and lease.expires_s > now_s and (lease.bulk or not bulk):
                return lease
        return None

    def _use(self, lease: _Lease, at_s: float) -> None:
        lease.left -= 1
        if not lease.counted:
            step = int(at_s / self._step_s)
            self._used[step] = self._used.get(step, 0) + 1
            self._left -= 1
            self._unreported += 1
            if self._unreported == self._least:
                self._exchange.ask_later(self, _NEWS_S)

    def _bind(self, place: _LeasedPlace, now_s: float) -> None:
        """Give it the first place there is. If there is none it stands in line, unless it would wait too long."""
        lease = self._next(now_s, bulk=place.bulk)
        if lease is not None:
            at_s = max(now_s, lease.from_s)
        else:  # not sooner, as far as that is known: nothing is promised to bulk calls
            told = now_s < self._none_before_s and not place.bulk
            at_s = max(now_s, self._closed_until_s, self._promised_from_s if told else 0.0)
        if at_s >= place.deadline_s:
            place.refuse(at_s)
        elif lease is None:
            place.move(math.inf, granted=False)
        else:
            self._use(lease, at_s)
            place.lease = lease
            place.move(at_s, granted=True)
        if place.at_s > now_s and not place.too_late:
            (self._bulk_line if place.bulk else self._line).append(place)

    def _bind_all(self, now_s: float) -> None:
        waiting = self._waiting(now_s)
        for place in waiting:
            _unbind(place)
        self._line, self._bulk_line = [], []
        for place in waiting:
            self._bind(place, now_s)

    def _waiting(self, now_s: float) -> list[_LeasedPlace]:
        """The calls in line; the time of the others has come."""
        return [place for place in (*self._line, *self._bulk_line) if place.at_s > now_s]

    def has_reason_to_trade(self, now_s: float) -> bool:
        """Whether somebody waits here, or elsewhere for what is used or not needed here."""
        return bool(self._unreported >= self._least or self._waiting(now_s) or self._unneeded(now_s))

    def _unneeded(self, now_s: float) -> list[_Lease]:
        """Promises that nobody waits for any more."""
        return [lease for lease in self._leases if lease.counted and lease.left and lease.expires_s > now_s]

    def _ask(self) -> None:
        self._asked = True
        self._exchange.ask_for(self)

    def _ask_again(self, now_s: float) -> None:
        """Have the ledger asked when that may help those who wait, here or elsewhere."""
        waiting = self._waiting(now_s)
        if waiting or self._unneeded(now_s):
            pause_s = self._length_s / _PAUSES
            wait_s = max(_NEWS_S, pause_s) if all(place.granted for place in waiting) else pause_s
            self._exchange.ask_later(self, max(wait_s, self._closed_until_s - now_s))

    def _none_since_s(self, *, bulk: bool) -> float:
        return self._no_bulk_before_s if bulk else self._none_before_s

    def close_until(self, at_s: float, now_s: float) -> None:
        """HubSpot has counted more than all processes did: what is held is worth nothing."""
        self._close_until(at_s, now_s)
        self._bind_all(now_s)
        self._ask()

    def _close_until(self, at_s: float, now_s: float) -> None:
        self._closed_until_s = max(self._closed_until_s, at_s)
        for place in self._waiting(now_s):
            _unbind(place)
        for lease in self._unneeded(now_s):
            if lease.from_s < self._closed_until_s:
                self._returned[lease.until_ms - self._window_ms] += lease.left
        self._leases = [lease for lease in self._leases if lease.counted and lease.from_s >= self._closed_until_s]
        self._left = 0

    def trade(self, now_s: float) -> Trade:
        """What to report and to ask for."""
        ahead_s = self._clock.now_s() - now_s
        held: dict[int, int] = {}
        for lease in self._leases:
            if lease.left and lease.expires_s > now_s and not lease.counted:
                held[lease.until_ms] = held.get(lease.until_ms, 0) + lease.left
        used: dict[int, int] = {}
        for step, count in self._used.items():
            until_ms = self._until_ms(step, ahead_s)
            used[until_ms] = used.get(until_ms, 0) + count
        waiting = [place for place in self._waiting(now_s) if not place.bulk]
        self._give_late_ones_back(waiting, now_s)
        placeless = [place for place in waiting if not place.granted]
        for lease in self._unneeded(now_s):
            self._returned[lease.until_ms - self._window_ms] += lease.left
            lease.left = 0
        trade = Trade(
            key=self._key,
            holder=self._holder,
            told_calls=self._told_calls,
            default_calls=self._default_calls,
            window_ms=self._window_ms,
            life_ms=int(self._length_s * 1000),
            waiting=len(placeless),
            sooner=len(waiting) - len(placeless),
            # Bulk calls come one after the other: one that waits stands for those behind it.
            waiting_bulk=max(len(self._bulk_line), self._ahead) if self._bulk_line else 0,
            promised_before_ms=max((place.deadline_s + ahead_s for place in placeless), default=0.0) * 1000,
            returned=dict(self._returned),
            ahead=max(0, self._ahead - self._left) if self._interactive else 0,
            used=used,
            held=held,
            closed_until_ms=int((self._closed_until_s + ahead_s) * 1000) if self._closed_until_s > now_s else 0,
        )
        self._reported, self._used = self._used, {}
        self._unreported = 0
        self._interactive = False
        # If the ledger did not hear of them they stay taken: it may have heard, and given them to others.
        self._returned = Counter()
        return trade

    def _give_late_ones_back(self, waiting: list[_LeasedPlace], now_s: float) -> None:
        """Promises that come later than what others have left since: those who wait for them have none meanwhile."""
        if self._promised_from_s <= now_s:
            return
        for place in waiting:
            if place.at_s > self._promised_from_s:
                _unbind(place)
                place.move(math.inf, granted=False)

    def _until_ms(self, step: int, ahead_s: float) -> int:
        """How long a use counts, by the wall clock, in whole steps so that uses of all processes add up."""
        until_s = (step + 1) * self._step_s + ahead_s + self._length_s + SKEW_S
        return int(math.ceil(until_s / self._step_s) * self._step_s * 1000)

    def receive(self, trade: Trade, grant: Grant | None, now_s: float) -> None:
        """Put what was granted into store; None: the ledger does not answer."""
        ahead_s = self._clock.now_s() - now_s
        self._asked = False
        if grant is None:
            self._go_on_alone(now_s, ahead_s)
        else:
            self._take_in(trade, grant, now_s, ahead_s)
        self._bind_all(now_s)
        self._ask_again(now_s)

    def _take_in(self, trade: Trade, grant: Grant, now_s: float, ahead_s: float) -> None:
        self._set_calls(grant.calls)
        closed_until_s = grant.closed_until_ms / 1000 - ahead_s
        if closed_until_s > self._closed_until_s:
            self._close_until(closed_until_s, now_s)
        self._promised_from_s = grant.promised_from_ms / 1000 - ahead_s
        self._reported = {}
        for part in grant.slices:
            self._store(part, now_s, ahead_s)
        got_bulk = any(part.bulk for part in grant.slices)
        got = sum(part.count for part in grant.slices if not part.bulk)
        again_s = now_s + self._length_s / _PAUSES
        if got < trade.waiting:
            self._none_before_s = again_s
        if trade.waiting_bulk and not got_bulk:
            self._no_bulk_before_s = again_s
        if trade.ahead and got <= trade.waiting + trade.sooner:
            self._none_ahead_before_s = again_s
        elif trade.ahead:
            self._adapt(now_s)

    def _adapt(self, now_s: float) -> None:
        """Hold more ahead while it is used up soon, less when it is not."""
        lasted_s, self._ahead_since_s = now_s - self._ahead_since_s, now_s
        most = max(1, self._calls // _MOST_AHEAD)
        if lasted_s < _SOON_S:
            self._ahead = min(most, self._ahead * 2)
        elif lasted_s > _LATE_S:
            self._ahead //= 2
        self._ahead = max(self._least, self._ahead)

    def _store(self, part: Slice, now_s: float, ahead_s: float) -> None:
        from_s = part.from_ms / 1000 - ahead_s if part.counted else now_s
        expires_s = part.expires_ms / 1000 - ahead_s
        until_ms = part.expires_ms + self._window_ms
        self._leases.append(_Lease(from_s, expires_s, until_ms, part.count, part.bulk, part.counted))
        self._leases.sort(key=lambda lease: lease.from_s)
        self._left += 0 if part.counted else part.count

    def _go_on_alone(self, now_s: float, ahead_s: float) -> None:
        """At the pace that HubSpot allows, as if nobody else called; what was used is reported later."""
        for step, count in self._reported.items():
            self._used[step] = self._used.get(step, 0) + count
        self._reported = {}
        self._promised_from_s = 0.0
        pause_s = self._length_s / _PAUSES
        if now_s >= max(self._none_before_s, self._closed_until_s):
            now_ms, places = int((now_s + ahead_s) * 1000), max(1, self._calls // _PAUSES)
            self._store(Slice(now_ms, now_ms + int(pause_s * 1000), places, bulk=True), now_s, ahead_s)
        self._none_before_s = self._no_bulk_before_s = self._none_ahead_before_s = now_s + pause_s


def _is_over(lease: _Lease, now_s: float) -> bool:
    """Whether nobody uses it any more. Calls that a promise is bound to may leave it to others."""
    return lease.expires_s <= now_s or not (lease.left or lease.counted)


def _unbind(place: _LeasedPlace) -> None:
    if place.lease is not None:
        place.lease.left += 1
        place.lease = None
