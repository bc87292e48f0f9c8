"""The request budget: never more than HubSpot allows, bulk last, and what answers teach."""

from __future__ import annotations

import asyncio
import gc
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbyte_agent_hubspot import HubspotConnector, HubspotPrivateAppAuthConfig
from airbyte_agent_hubspot._limits import (
    BULK_SHARE,
    BURST_CALLS,
    BURST_WINDOW_S,
    DAILY_MEMORY_S,
    SEARCH_CALLS,
    SEARCH_WINDOW_S,
    SharedBudget,
    UnlimitedBudget,
    Window,
    shared_budget,
)
from airbyte_agent_hubspot.errors import RateLimitedError
from unit.scripted import ScriptedTransport, answer, page

if TYPE_CHECKING:
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
    share: float
    closed_for_s: float = 0.0


ASKS = st.lists(
    st.builds(
        Ask, st.sampled_from([0, 0, 0, 0.3, 1, 4, 11]), st.sampled_from([1.0, 0.8, 0.3]), st.sampled_from([0, 3])
    ),
    max_size=40,
)


@given(calls=st.integers(1, 6), asks=ASKS)
def test_a_window_never_gives_more_places_than_it_has(calls: int, asks: list[Ask]) -> None:
    window = Window(calls, 10)
    now_s = closed_until_s = 0.0
    taken: list[float] = []
    for ask in asks:
        now_s += ask.later_s
        if ask.closed_for_s:
            closed_until_s = now_s + ask.closed_for_s
            window.close_until(closed_until_s)
        at_s = window.next_free_s(now_s, share=ask.share)
        assert at_s >= max(now_s, closed_until_s)
        if ask.share == 1 or at_s == now_s:  # as the budget does: only who may use all of it waits for a place
            window.take(at_s)
            taken.append(at_s)
    assert most_in_any_window(taken, 10) <= calls


def test_a_place_is_free_again_when_the_window_has_passed_for_hubspot_too() -> None:
    window = Window(1, 10)
    window.take(window.next_free_s(0))
    assert 10 < window.next_free_s(5) < 10.1


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
    taken: list[float] = []
    bulk_taken: list[float] = []
    for step in steps:
        now_s += step.later_s
        deadline_s = None if step.patience_s is None else now_s + step.patience_s
        if step.refused:
            budget.learn(kind, answer({}, status=429), now_s)
        place = budget.reserve(kind, now_s, bulk=step.bulk, deadline_s=deadline_s)
        assert place.granted <= (not place.too_late)
        if place.granted:
            taken.append(place.at_s)
            assert deadline_s is None or place.at_s < deadline_s
        if place.granted and step.bulk:
            assert place.at_s == now_s
            bulk_taken.append(place.at_s)
        assert step.bulk or place.granted or place.too_late
    assert most_in_any_window(taken, length_s) <= calls
    assert most_in_any_window(bulk_taken, length_s) <= calls * BULK_SHARE


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
