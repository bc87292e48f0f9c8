"""The request budget: never more than HubSpot allows, bulk last, and what answers teach."""

from __future__ import annotations

import asyncio
import gc
import math
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbyte_agent_hubspot import HubspotConnector, HubspotPrivateAppAuthConfig
from airbyte_agent_hubspot._clock import SystemClock
from airbyte_agent_hubspot._limits import DAILY_MEMORY_S, BudgetGate, SharedBudget, UnlimitedBudget, shared_budget
from airbyte_agent_hubspot._retry import Progress
from airbyte_agent_hubspot._windows import (
    BULK_SHARE,
    BURST_CALLS,
    BURST_WINDOW_S,
    SEARCH_CALLS,
    SEARCH_WINDOW_S,
    Place,
    Window,
)
from airbyte_agent_hubspot.errors import RateLimitedError
from unit.scripted import ScriptedTransport, answer, page

if TYPE_CHECKING:
    from airbyte_agent_hubspot._clock import Clock
    from airbyte_agent_hubspot._operation import LimitKind
    from airbyte_agent_hubspot.transports import HttpRequest, HttpResponse

LOCAL = HubspotPrivateAppAuthConfig(private_app_token="pat-1")


def elapsed_s() -> float:
    return asyncio.get_running_loop().time()


def most_in_any_window(times_s: list[float], length_s: float) -> int:
    """The largest number of places in any window that begins with one of them."""
    return max((sum(start <= one < start + length_s for one in times_s) for start in times_s), default=0)


# ---------------------------------------------------------------- windows


@dataclass(frozen=True)
class Ask:
    """Somebody asks for a place, some time after the one before."""

    later_s: float
    bulk: bool
    closed_for_s: float = 0.0


ASKS = st.lists(
    st.builds(
        Ask, st.sampled_from([0, 0, 0, 0.3, 1, 4, 11]), st.sampled_from([False, False, True]), st.sampled_from([0, 3])
    ),
    max_size=40,
)


@given(calls=st.integers(1, 6), asks=ASKS)
def test_a_window_never_gives_more_places_than_it_has(calls: int, asks: list[Ask]) -> None:
    window = Window(calls, 10)
    now_s = closed_until_s = 0.0
    taken: list[Place] = []
    for ask in asks:
        now_s += ask.later_s
        if ask.closed_for_s:
            closed_until_s = now_s + ask.closed_for_s
            window.close_until(closed_until_s, now_s)
        place = window.reserve(now_s, bulk=ask.bulk, deadline_s=None)
        assert place.at_s >= max(now_s, closed_until_s)
        if place.granted:
            taken.append(place)
    assert most_in_any_window([place.at_s for place in taken], 10) <= calls


def test_a_place_is_free_again_when_the_window_has_passed_for_hubspot_too() -> None:
    window = Window(1, 10)
    window.reserve(0, bulk=False, deadline_s=None)
    assert 10 < window.reserve(5, bulk=False, deadline_s=None).at_s < 10.1


@dataclass(frozen=True)
class Event:
    """Something happens to a window, some time after what happened before."""

    later_s: float
    kind: str
    value: int


EVENTS = st.lists(
    st.builds(
        Event,
        st.sampled_from([0, 0, 0, 0, 0.3, 2, 11]),
        st.sampled_from(["call", "call", "call", "call", "impatient", "bulk", "leave", "allow", "close"]),
        st.integers(1, 9),
    ),
    max_size=60,
)


class Line:
    """Calls that wait for places of a window; what they see as time passes."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.waiting: list[Place] = []
        self.sent: list[tuple[float, int]] = []
        """When, and how many calls were allowed then."""
        self.refused: list[Place] = []

    def pass_time(self, until_s: float, calls: int) -> None:
        gone = [place for place in self.waiting if place.granted and place.at_s <= until_s]
        self.sent += [(place.at_s, calls) for place in gone]
        self.refused += [place for place in self.waiting if place.too_late]
        self.waiting = [place for place in self.waiting if place not in gone and not place.too_late]


@given(events=EVENTS)
def test_whoever_waits_moves_with_the_window_in_order_and_never_overbooks_it(events: list[Event]) -> None:
    line, now_s, calls, asked = Line(Window(3, 10)), 0.0, 3, 0
    for happening in events:
        now_s += happening.later_s
        line.pass_time(now_s, calls)
        match happening.kind:
            case "leave" if line.waiting:
                place = line.waiting.pop(happening.value % len(line.waiting))
                line.window.leave(place, now_s)
            case "allow":
                calls = happening.value
                line.window.allow(calls, now_s)
            case "close":
                line.window.close_until(now_s + happening.value, now_s)
            case "call" | "impatient" | "bulk":
                patience_s = now_s + happening.value * 3 if happening.kind == "impatient" else None
                place = line.window.reserve(now_s, bulk=happening.kind == "bulk", deadline_s=patience_s)
                if place.granted or place.too_late:
                    asked += 1
                    line.waiting.append(place)
            case _:
                continue
        asked -= happening.kind == "leave"
        line.pass_time(now_s, calls)
        waiting = [place.at_s for place in line.waiting]
        assert waiting == sorted(waiting)
        assert all(at_s < place.deadline_s for at_s, place in zip(waiting, line.waiting, strict=True))
    line.pass_time(1e9, calls)
    assert len(line.sent) + len(line.refused) == asked
    assert all(place.at_s >= place.deadline_s for place in line.refused)
    for number, (at_s, allowed) in enumerate(line.sent):
        assert sum(other_s > at_s - 10 for other_s, _ in line.sent[: number + 1]) <= allowed


def test_a_larger_allowance_moves_all_who_wait_up_interactive_calls_first() -> None:
    window = Window(10, 10)
    places = [window.reserve(0, bulk=False, deadline_s=None) for _ in range(30)]
    bulk = window.reserve(0, bulk=True, deadline_s=None)
    assert [round(place.at_s) for place in places] == [0] * 10 + [10] * 10 + [20] * 10
    window.allow(25, 1)
    assert [round(place.at_s) for place in places] == [0] * 10 + [1] * 15 + [10] * 5
    assert (bulk.granted, round(bulk.at_s)) == (False, 11)
    window.allow(100, 2)
    assert [round(place.at_s) for place in places] == [0] * 10 + [1] * 15 + [2] * 5
    assert (bulk.granted, bulk.at_s) == (False, 2)


def test_a_place_that_has_come_cannot_be_given_back() -> None:
    window = Window(1, 10.0)
    window.leave(window.reserve(0.0, bulk=False, deadline_s=None), 0.0)
    assert window.reserve(0.0, bulk=False, deadline_s=None).at_s > 10.0


def test_bulk_work_that_would_ask_after_its_deadline_is_refused_when_the_window_closes() -> None:
    window = Window(1, 10.0)
    window.reserve(0.0, bulk=False, deadline_s=None)
    place = window.reserve(0.0, bulk=True, deadline_s=12.0)
    assert (place.granted, place.too_late) == (False, False)
    window.close_until(15.0, 0.0)
    assert (place.at_s, place.granted, place.too_late) == (15.0, False, True)


def test_a_smaller_allowance_refuses_at_once_who_would_wait_too_long() -> None:
    window = Window(10, 10)
    places = [window.reserve(0, bulk=False, deadline_s=15) for _ in range(20)]
    window.allow(5, 1)
    assert [(place.granted, place.too_late) for place in places] == [(True, False)] * 15 + [(False, True)] * 5
    assert {round(place.at_s) for place in places[15:]} == {20}


# ---------------------------------------------------------------- budgets


@dataclass(frozen=True)
class Step:
    """One request, or an answer that tells of the limits."""

    later_s: float
    bulk: bool
    patience_s: float | None
    refused: bool


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from([0, 0, 0, 0, 0.2, 2, 10]),
        st.booleans(),
        st.sampled_from([None, 1.0, 30.0]),
        st.sampled_from([False, False, False, False, True]),
    ),
    max_size=60,
)


@given(steps=STEPS, kind=st.sampled_from(["burst", "search"]))
def test_a_budget_gives_what_hubspot_allows_whoever_asks_and_whenever(steps: list[Step], kind: LimitKind) -> None:
    budget = SharedBudget()
    calls, length_s = (BURST_CALLS, BURST_WINDOW_S) if kind == "burst" else (SEARCH_CALLS, SEARCH_WINDOW_S)
    if kind == "burst":
        calls = 7
        budget.learn(kind, answer(headers={"x-hubspot-ratelimit-max": "7"}), 0)
    now_s = 0.0
    places: list[Place] = []
    bulk_sent_s: list[float] = []
    for step in steps:
        now_s += step.later_s
        deadline_s = None if step.patience_s is None else now_s + step.patience_s
        if step.refused:
            budget.learn(kind, answer({}, status=429), now_s)
        place = budget.reserve(kind, now_s, bulk=step.bulk, deadline_s=deadline_s)
        assert step.bulk or place.granted or place.too_late
        if place.granted and step.bulk:
            assert place.at_s == now_s
            bulk_sent_s.append(place.at_s)
        places.append(place)
    assert all(place.granted <= (not place.too_late) for place in places)
    assert all((place.at_s >= place.deadline_s) == place.too_late for place in places)
    sent_s = [place.at_s for place in places if place.granted]
    assert most_in_any_window(sent_s, length_s) <= calls
    assert most_in_any_window(bulk_sent_s, length_s) <= calls * BULK_SHARE


def test_bulk_work_leaves_a_part_of_each_window_to_others() -> None:
    budget = SharedBudget()
    places = [budget.reserve("burst", 0, bulk=True, deadline_s=None) for _ in range(BURST_CALLS)]
    assert [place.granted for place in places] == [True] * 80 + [False] * 20
    assert 10 < places[-1].at_s < 10.1
    others = [budget.reserve("burst", 0, bulk=False, deadline_s=None) for _ in range(21)]
    assert [place.at_s for place in others[:20]] == [0] * 20
    assert others[20].at_s > 10


def test_searches_and_other_calls_have_windows_of_their_own() -> None:
    budget = SharedBudget()
    searches = [budget.reserve("search", 0, bulk=False, deadline_s=None).at_s for _ in range(SEARCH_CALLS + 1)]
    assert searches[:5] == [0] * 5
    assert 1 < searches[5] < 1.1
    assert budget.reserve("burst", 0, bulk=False, deadline_s=None).at_s == 0


@pytest.mark.parametrize(
    ("kind", "headers", "places"),
    [
        ("burst", {"x-hubspot-ratelimit-max": "190"}, 190),
        ("burst", {"x-hubspot-ratelimit-max": "3"}, 3),
        ("burst", {"x-hubspot-ratelimit-max": "0"}, 100),
        ("burst", {"x-hubspot-ratelimit-max": "many"}, 100),
        ("burst", {}, 100),
        ("search", {"x-hubspot-ratelimit-max": "190"}, 5),
    ],
)
def test_answers_say_how_many_calls_the_app_has(kind: LimitKind, headers: dict[str, str], places: int) -> None:
    budget = SharedBudget()
    budget.learn(kind, answer(headers=headers), 0)
    free = [budget.reserve(kind, 0, bulk=False, deadline_s=0.5) for _ in range(200)]
    assert sum(place.granted for place in free) == places


@pytest.mark.parametrize(
    ("kind", "headers", "closed_s"),
    [
        ("burst", {}, 1.0),
        ("search", {}, 1.0),
        ("burst", {"retry-after": "7"}, 7.0),
        ("search", {"retry-after": "0"}, 0),
    ],
)
def test_a_refusal_closes_its_window_for_a_while(kind: LimitKind, headers: dict[str, str], closed_s: float) -> None:
    budget = SharedBudget()
    budget.learn(kind, answer({}, status=429, headers=headers), 5)
    assert budget.reserve(kind, 5, bulk=False, deadline_s=None).at_s == 5 + closed_s
    other: LimitKind = "search" if kind == "burst" else "burst"
    assert budget.reserve(other, 5, bulk=False, deadline_s=None).at_s == 5


def test_a_daily_refusal_closes_nothing_for_nobody_waits_a_day() -> None:
    budget = SharedBudget()
    budget.learn("burst", answer({"policyName": "DAILY"}, status=429, headers={"retry-after": "9999"}), 0)
    assert budget.reserve("burst", 0, bulk=False, deadline_s=None).at_s == 0


def daily(left: int | str, of: int | str = 1000) -> HttpResponse:
    return answer(headers={"x-hubspot-ratelimit-daily": str(of), "x-hubspot-ratelimit-daily-remaining": str(left)})


@pytest.mark.parametrize(
    ("told", "granted"),
    [
        (daily(49), False),
        (daily(50), True),
        (daily(0, 0), True),
        (daily("few"), True),
        (daily(49, "many"), True),
        (answer(headers={"x-hubspot-ratelimit-daily": "1000"}), True),
    ],
)
def test_the_last_of_a_days_calls_are_not_for_bulk_work(told: HttpResponse, *, granted: bool) -> None:
    budget = SharedBudget()
    budget.learn("burst", told, 0)
    place = budget.reserve("burst", 1, bulk=True, deadline_s=None)
    assert (place.granted, place.daily) == (granted, not granted)
    assert budget.reserve("burst", 1, bulk=False, deadline_s=None).granted


def test_after_a_while_one_bulk_call_asks_whether_a_new_day_has_begun() -> None:
    budget = SharedBudget()
    budget.learn("burst", daily(1), 0)
    asked = [budget.reserve("burst", DAILY_MEMORY_S, bulk=True, deadline_s=None).granted for _ in range(3)]
    assert asked == [True, False, False]
    budget.learn("burst", daily(999), DAILY_MEMORY_S + 1)
    assert budget.reserve("burst", DAILY_MEMORY_S + 2, bulk=True, deadline_s=None).granted


def test_threads_get_no_more_than_there_is() -> None:
    budget = SharedBudget()
    taken: list[float] = []
    start = threading.Barrier(8)

    def run() -> None:
        start.wait()
        for _ in range(50):
            taken.append(budget.reserve("burst", 0, bulk=False, deadline_s=None).at_s)  # noqa: PERF401 - threads

    threads = [threading.Thread(target=run, name=f"caller {number}") for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 400
    assert most_in_any_window(taken, BURST_WINDOW_S) == BURST_CALLS


def test_an_account_has_one_budget_as_long_as_somebody_uses_it() -> None:
    budget = shared_budget("a")
    assert shared_budget("a") is budget
    assert shared_budget("b") is not budget
    budget.reserve("burst", 0, bulk=False, deadline_s=None)
    remembered = [budget.reserve("burst", 0, bulk=False, deadline_s=None).at_s for _ in range(BURST_CALLS)][-1]
    assert remembered > 0
    del budget
    gc.collect()
    assert shared_budget("a").reserve("burst", 0, bulk=False, deadline_s=None).at_s == 0


# ---------------------------------------------------------------- calls


def connect(transport: ScriptedTransport, *, timeout_s: float | None = None) -> HubspotConnector:
    return HubspotConnector(auth_config=LOCAL, transport=transport, timeout_s=timeout_s)


async def one_page(_: HttpRequest) -> HttpResponse:
    return page("1")


async def test_calls_beyond_the_window_wait_for_a_place() -> None:
    connector = connect(ScriptedTransport(one_page))
    await asyncio.gather(*(connector.contacts.list() for _ in range(BURST_CALLS)))
    assert elapsed_s() == 0
    await connector.contacts.list()
    assert 10 < elapsed_s() < 10.1


async def test_bulk_calls_ask_again_until_there_is_a_place() -> None:
    connector = connect(ScriptedTransport(one_page))
    await asyncio.gather(*(connector.execute("contacts", "list", bulk=True) for _ in range(81)))
    assert 10 < elapsed_s() < 10.1


@pytest.mark.requirement("deadline")
async def test_a_place_after_the_deadline_is_said_at_once_with_its_time() -> None:
    connector = connect(ScriptedTransport(one_page), timeout_s=5)
    calls = [connector.contacts.list() for _ in range(BURST_CALLS + 1)]
    [error] = [one for one in await asyncio.gather(*calls, return_exceptions=True) if isinstance(one, Exception)]
    assert isinstance(error, RateLimitedError)
    assert error.retry_after_s == pytest.approx(10, abs=0.1)
    assert elapsed_s() == 0


async def test_calls_that_wait_go_as_soon_as_hubspot_is_known_to_allow_them() -> None:
    budget = SharedBudget()
    clock = SystemClock()

    async def enter(*, bulk: bool = False) -> float:
        await budget.enter("burst", clock, bulk=bulk, deadline_s=None)
        return elapsed_s()

    calls = [asyncio.create_task(enter()) for _ in range(3 * BURST_CALLS)]
    bulk = asyncio.create_task(enter(bulk=True))
    await asyncio.sleep(1)
    budget.learn("burst", answer(headers={"x-hubspot-ratelimit-max": "190"}), 1)
    went_s = [round(at_s) for at_s in await asyncio.gather(*calls, bulk)]
    assert went_s == [0] * 100 + [1] * 90 + [10] * 100 + [11] * 11


async def test_calls_of_other_threads_are_woken_too() -> None:
    budget = SharedBudget()
    for _ in range(BURST_CALLS):
        await budget.enter("burst", SystemClock(), bulk=False, deadline_s=None)
    waits, went = threading.Event(), threading.Event()

    async def enter_elsewhere() -> None:
        entering = asyncio.create_task(budget.enter("burst", RealClock(), bulk=False, deadline_s=None))
        await asyncio.sleep(0)
        waits.set()
        await entering
        went.set()

    thread = threading.Thread(target=lambda: asyncio.run(enter_elsewhere()), name="elsewhere")
    thread.start()
    assert waits.wait(10)
    budget.learn("burst", answer(headers={"x-hubspot-ratelimit-max": "190"}), 0)
    assert went.wait(5)
    thread.join()


class RealClock(SystemClock):
    """Stands still until somebody sleeps, which takes its time."""

    def monotonic_s(self) -> float:
        return 0.0


def test_a_place_whose_loop_was_closed_moves_all_the_same() -> None:
    window = Window(1, 10)
    place = [window.reserve(0, bulk=False, deadline_s=None) for _ in range(2)][1]

    async def abandon() -> None:
        await asyncio.wait([asyncio.create_task(place.change(RealClock()))], timeout=0)

    asyncio.run(abandon())
    window.allow(2, 1)
    assert place.at_s == 1


async def test_a_call_that_is_cancelled_leaves_its_place_to_those_behind() -> None:
    budget = SharedBudget()
    clock = SystemClock()
    calls = [
        asyncio.create_task(budget.enter("burst", clock, bulk=False, deadline_s=None))
        for _ in range(2 * BURST_CALLS + 1)
    ]
    await asyncio.sleep(1)
    calls[150].cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    assert 10 < elapsed_s() < 10.1


async def test_a_place_that_nobody_can_say_the_time_of_is_waited_for_until_it_is_known() -> None:
    place = Place(math.inf, granted=False)
    waiting = asyncio.create_task(place.change(SystemClock()))
    await asyncio.sleep(3)
    assert not waiting.done()
    place.move(7, granted=True)
    place.move(8, granted=True)
    await waiting
    await asyncio.wait_for(place.change(SystemClock()), 10)
    await place.refuse(20).change(SystemClock())
    assert elapsed_s() == 8


class Never:
    """A budget that lets nothing pass."""

    def take(self, kind: LimitKind, now_s: float, *, bulk: bool) -> bool:
        del kind, now_s, bulk
        return False

    async def enter(self, kind: LimitKind, clock: Clock, *, bulk: bool, deadline_s: float | None) -> None:
        del kind, bulk, deadline_s
        await clock.sleep(1e6)

    def learn(self, kind: LimitKind, response: HttpResponse, now_s: float) -> None: ...


@pytest.mark.requirement("deadline")
@pytest.mark.parametrize("action", ["list", "create"])
async def test_a_deadline_that_ends_the_wait_for_a_place_is_no_time_out_of_hubspot(action: str) -> None:
    connector = HubspotConnector(auth_config=LOCAL, transport=ScriptedTransport(one_page), budget=Never(), timeout_s=5)
    with pytest.raises(RateLimitedError) as caught:
        await connector.execute("contacts", action, {"properties": {"email": "a@b.test"}} if action == "create" else {})
    assert (caught.value.retry_after_s, caught.value.code, elapsed_s()) == (10, "upstream_rate_limited", 5)


async def test_a_place_leaves_time_for_hubspots_answer() -> None:
    connector = connect(ScriptedTransport(one_page), timeout_s=10.5)
    calls = [connector.contacts.list() for _ in range(BURST_CALLS + 1)]
    [error] = [one for one in await asyncio.gather(*calls, return_exceptions=True) if isinstance(one, Exception)]
    assert isinstance(error, RateLimitedError)
    assert elapsed_s() == 0
    await connect(ScriptedTransport(one_page), timeout_s=11.5).contacts.list()
    assert 10 < elapsed_s() < 10.1


class BusyClock(SystemClock):
    """Much has passed whenever it is looked at."""

    looks = 0

    def monotonic_s(self) -> float:
        self.looks += 1
        return 4.0 * self.looks


class Crowded(SharedBudget):
    """Has a place only for who waits for it."""

    def take(self, kind: LimitKind, now_s: float, *, bulk: bool) -> bool:
        del kind, now_s, bulk
        return False


async def test_a_place_that_is_seen_too_late_is_not_used() -> None:
    transport = ScriptedTransport(one_page)
    connector = HubspotConnector(
        auth_config=LOCAL, transport=transport, clock=BusyClock(), budget=Crowded(), timeout_s=15
    )
    with pytest.raises(RateLimitedError):
        await connector.contacts.list()
    assert transport.requests == []


async def test_a_call_whose_time_is_over_takes_no_place() -> None:
    transport = ScriptedTransport(one_page)
    connector = HubspotConnector(auth_config=LOCAL, transport=transport, clock=BusyClock(), timeout_s=3)
    with pytest.raises(RateLimitedError):
        await connector.contacts.list()
    assert transport.requests == []


async def test_a_request_without_a_deadline_waits_as_long_as_it_takes() -> None:
    gate = BudgetGate(SharedBudget({"burst": Window(1, 100)}), "burst", bulk=False)
    await asyncio.gather(*(gate.enter(SystemClock(), Progress()) for _ in range(3)))
    assert 200 < elapsed_s() < 200.2


async def test_bulk_work_at_the_end_of_the_day_is_told_when_to_go_on() -> None:
    transport = ScriptedTransport(UnderHeadersOf(daily(3)).respond)
    connector = connect(transport)
    await connector.contacts.list()
    with pytest.raises(RateLimitedError) as caught:
        await connector.execute("contacts", "list", bulk=True)
    assert (caught.value.retry_after_s, len(transport.requests)) == (None, 1)
    assert "midnight" in caught.value.message
    await connector.contacts.list()


@dataclass(frozen=True)
class UnderHeadersOf:
    """Answers with a page under the headers of another answer."""

    other: HttpResponse

    async def respond(self, _: HttpRequest) -> HttpResponse:
        return answer({"results": []}, headers=self.other.headers)


async def test_an_unlimited_budget_lets_everything_through() -> None:
    connector = HubspotConnector(auth_config=LOCAL, transport=ScriptedTransport(one_page), budget=UnlimitedBudget())
    await asyncio.gather(*(connector.execute("contacts", "list", bulk=True) for _ in range(300)))
    assert elapsed_s() == 0
