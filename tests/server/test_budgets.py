"""HubSpot's limits with several processes on one database: kept together, used up, and free again when one dies."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, func, select
from sqlalchemy.exc import InterfaceError

from airbyte_agent_hubspot._limits import Budget, BudgetGate
from airbyte_agent_hubspot._operation import LimitKind
from airbyte_agent_hubspot._retry import Progress
from airbyte_agent_hubspot._wire import HttpResponse
from airbyte_agent_hubspot.errors import RateLimitedError
from airbyte_agent_server.app import build_server
from airbyte_agent_server.budgets.exchange import HubspotBudgets
from airbyte_agent_server.budgets.leases import LeasedWindow
from airbyte_agent_server.budgets.ledger import Ledger, WindowState
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.schema import migrate
from airbyte_agent_server.db.tables import hubspot_windows
from airbyte_agent_server.telemetry.metrics import Metrics
from matrix.simulated_time import SimulatedClock, Watched
from server.jobs import SteppedEngine
from server.world import CONNECTORS, Client, CountingIds, TestClock, World

if TYPE_CHECKING:
    from airbyte_agent_hubspot._windows import Place

CALLS, WINDOW_S = 100, 10.0


class TradingClock(SimulatedClock):
    """Simulated time that stands still while a process asks the database for places."""

    def __init__(self, hubspot: TestClock) -> None:
        super().__init__(hubspot)
        self.processes: list[HubspotBudgets] = []

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.now_s(), UTC)

    async def _quiet(self) -> None:
        quiet = 0
        while quiet < 2:  # what a trade that has just ended sets going takes its time, too
            await super()._quiet()
            quiet = 0 if any(process.is_trading for process in self.processes) else quiet + 1
            await asyncio.sleep(0)


@dataclass
class Process:
    """What one process sends to an account, and when."""

    clock: TradingClock
    budgets: HubspotBudgets
    sent_s: list[float] = field(default_factory=list)

    @property
    def budget(self) -> Budget:
        return self.budgets.of("1", "oauth")

    async def call(self, kind: LimitKind = "burst", *, bulk: bool = False, timeout_s: float | None = None) -> None:
        deadline_s = None if timeout_s is None else self.clock.monotonic_s() + timeout_s
        await BudgetGate(self.budget, kind, bulk=bulk).enter(self.clock, Progress(deadline_s=deadline_s))
        self.sent_s.append(self.clock.monotonic_s())

    def learn_of(self, calls: int) -> None:
        answer = HttpResponse(200, {"x-hubspot-ratelimit-max": str(calls)}, b"")
        self.budget.learn("burst", answer, self.clock.monotonic_s())

    async def calls(self, count: int, kind: LimitKind = "burst", *, bulk: bool = False) -> None:
        await asyncio.gather(*(self.call(kind, bulk=bulk) for _ in range(count)))


@dataclass
class Fleet:
    """Several processes on one database."""

    clock: TradingClock
    database: Database
    transactions: int = 0

    def process(self) -> Process:
        number = len(self.clock.processes) + 1
        ids = CountingIds(first=number * 1000)
        budgets = HubspotBudgets(Ledger(self.database, clock=self.clock), Metrics(), clock=self.clock, ids=ids)
        self.clock.processes.append(budgets)
        return Process(self.clock, budgets)


@pytest.fixture
async def fleet(database: Database) -> AsyncIterator[Fleet]:
    await migrate(database)
    fleet = Fleet(TradingClock(TestClock()), database)

    def count(_connection: object) -> None:
        fleet.transactions += 1

    event.listen(database.engine.sync_engine, "begin", count)
    yield fleet
    for process in fleet.clock.processes:
        await process.close()


def most_at_once(sent_s: list[float], length_s: float) -> int:
    """The largest number of calls in any window."""
    return max(sum(start <= one < start + length_s for one in sent_s) for start in sent_s)


# ---------------------------------------------------------------- the law, without a database


class Nearby:
    """An exchange that trades at once."""

    def __init__(self, state: WindowState, now: Callable[[], float]) -> None:
        self._state = state
        self._now = now

    def ask_for(self, window: LeasedWindow) -> None:
        trade = window.trade(self._now())
        # What is stored and read again is the same.
        window.receive(trade, self._state.settle(trade, int(self._now() * 1000)), self._now())

    def ask_later(self, window: LeasedWindow, wait_s: float) -> None:
        """It is asked often enough."""


@dataclass(frozen=True)
class Step:
    """Something happens in one of the processes, some time after what happened before."""

    later_s: float
    who: int
    kind: str
    value: int


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from([0, 0, 0, 0, 0.02, 0.3, 1, 4, 11]),
        st.integers(0, 2),
        st.sampled_from(["call"] * 6 + ["impatient", "bulk", "leave", "ask", "allow", "close", "die"]),
        st.integers(1, 30),
    ),
    max_size=120,
)


class Fate:
    """What becomes of the places of several windows as time passes."""

    def __init__(self, calls: int) -> None:
        self.most = calls
        """How many calls were allowed at most since the first."""
        self.waiting: list[tuple[LeasedWindow, Place]] = []
        self.sent: list[tuple[float, int]] = []
        """When, and how many calls were allowed at most until then."""

    def take(self, step: Step, window: LeasedWindow, now_s: float) -> None:
        match step.kind:
            case "leave":
                if self.waiting:
                    one, place = self.waiting.pop(step.value % len(self.waiting))
                    one.leave(place, now_s)
            case "allow":
                self.most = max(self.most, step.value)
                window.allow(step.value, now_s)
            case "close":
                window.close_until(now_s + step.value / 2, now_s)
            case _:
                deadline_s = now_s + step.value if step.kind == "impatient" else None
                place = window.reserve(now_s, bulk=step.kind == "bulk", deadline_s=deadline_s)
                if step.kind != "bulk" or place.granted:
                    self.waiting.append((window, place))
                else:
                    window.leave(place, now_s)

    def forget(self, window: LeasedWindow) -> None:
        self.waiting = [(one, place) for one, place in self.waiting if one is not window]

    def pass_time(self, until_s: float) -> None:
        gone = [place for _, place in self.waiting if place.granted and place.at_s <= until_s]
        self.sent += [(place.at_s, self.most) for place in sorted(gone, key=lambda place: place.at_s)]
        assert all(place.at_s >= place.deadline_s for _, place in self.waiting if place.too_late)
        self.waiting = [(window, place) for window, place in self.waiting if place not in gone and not place.too_late]

    def check_order(self) -> None:
        """Of each window's calls, nobody who came later goes sooner."""
        for window in {id(window): window for window, _ in self.waiting}.values():
            line = [place.at_s for one, place in self.waiting if one is window and not place.too_late]
            assert line == sorted(line)


@given(steps=STEPS, calls=st.integers(1, 30))
async def test_processes_together_send_no_more_than_a_window_has(steps: list[Step], calls: int) -> None:
    clock, state = TradingClock(TestClock()), WindowState()
    exchange = Nearby(state, clock.now_s)
    ids = CountingIds()

    def process() -> LeasedWindow:
        return LeasedWindow("1", ids.new_id(), calls, WINDOW_S, exchange=exchange, clock=clock)

    clock.monotonic_s = clock.now_s  # type: ignore[method-assign]  # one clock is enough here
    processes = [process() for _ in range(3)]
    fate = Fate(calls)
    for step in steps:
        clock._passed_s += step.later_s
        fate.pass_time(clock.now_s())
        if step.kind == "die":
            fate.forget(processes[step.who])
            processes[step.who] = process()
        elif step.kind == "ask":
            exchange.ask_for(processes[step.who])
        else:
            fate.take(step, processes[step.who], clock.now_s())
        fate.check_order()
    fate.pass_time(clock.now_s() + 1e6)
    for number, (at_s, allowed) in enumerate(fate.sent):
        assert sum(other_s > at_s - WINDOW_S for other_s, _ in fate.sent[: number + 1]) <= allowed


# ---------------------------------------------------------------- processes on one database


@pytest.mark.parametrize(("first", "second"), [(150, 150), (290, 10)])
async def test_two_processes_use_the_quota_up_and_never_more(fleet: Fleet, first: int, second: int) -> None:
    one, other = fleet.process(), fleet.process()
    await asyncio.gather(one.calls(first), other.calls(second))
    sent_s = one.sent_s + other.sent_s
    assert 0.9 * CALLS <= most_at_once(sent_s, WINDOW_S) <= CALLS
    # The database answers in real time: on a busy machine a place may be handed over a window of the tests' time late.
    assert max(sent_s) <= 3 * WINDOW_S * 1.05


async def test_searches_of_all_apps_of_an_account_share_its_second(fleet: Fleet) -> None:
    one, other = fleet.process(), fleet.process()
    await other.budgets.of("1", "private").enter("burst", fleet.clock, bulk=False, deadline_s=None)
    await asyncio.gather(one.calls(20, "search"), other.calls(20, "search"))
    sent_s = one.sent_s + other.sent_s
    assert most_at_once(sent_s, 1.0) == 5
    assert max(sent_s) <= 7 * 1.15


async def test_a_process_alone_rarely_asks_the_database(fleet: Fleet) -> None:
    alone = fleet.process()
    for _ in range(90):
        await alone.call()
        await fleet.clock.sleep(0.1)
    await alone.budgets.close()
    assert fleet.transactions <= 90 / 4
    assert alone.sent_s == pytest.approx([number * 0.1 for number in range(90)])


async def test_places_of_a_process_that_died_are_free_again_after_two_windows(fleet: Fleet) -> None:
    dead, alive = fleet.process(), fleet.process()
    await dead.calls(50)
    await alive.calls(50)
    fleet.clock.processes.remove(dead.budgets)
    await fleet.clock.sleep(2 * WINDOW_S + 0.5)
    at_s = fleet.clock.monotonic_s()
    await alive.calls(CALLS)
    assert max(alive.sent_s) == at_s


async def test_a_call_that_cannot_get_a_place_before_its_deadline_is_told_at_once(fleet: Fleet) -> None:
    one, other = fleet.process(), fleet.process()
    await one.calls(CALLS)
    await fleet.clock.sleep(1.5)  # the other has heard of it then
    for _ in range(2):
        with pytest.raises(RateLimitedError) as caught:
            await other.call(timeout_s=5)
        assert caught.value.retry_after_s is not None
    assert fleet.clock.monotonic_s() == 1.5


async def test_calls_that_wait_go_at_once_when_hubspot_allows_more_than_was_known(fleet: Fleet) -> None:
    alone = fleet.process()
    calls = asyncio.create_task(alone.calls(280))
    bulk = asyncio.create_task(alone.call(bulk=True))
    await fleet.clock.sleep(1)
    assert len(alone.sent_s) == CALLS
    alone.learn_of(190)
    await fleet.clock.sleep(0.01)
    assert alone.sent_s == [0] * CALLS + [1] * 90
    alone.learn_of(1000)
    await fleet.clock.sleep(0.01)
    assert alone.sent_s == [0] * CALLS + [1] * 90 + [1.01] * 91
    await asyncio.gather(calls, bulk)


async def test_calls_that_wait_elsewhere_go_about_a_second_after_it_was_learned(fleet: Fleet) -> None:
    one, other = fleet.process(), fleet.process()
    await one.calls(CALLS)
    calls = [asyncio.create_task(process.calls(150)) for process in (one, other)]
    await fleet.clock.sleep(2.5)
    assert len(one.sent_s + other.sent_s) == CALLS
    one.learn_of(1000)
    await fleet.clock.sleep(0.01)
    assert one.sent_s[CALLS:] == [2.5] * 150
    await asyncio.gather(*calls)
    assert max(other.sent_s) <= 2.5 + 1.01


async def test_what_calls_that_give_up_were_promised_others_get(fleet: Fleet) -> None:
    one, other = fleet.process(), fleet.process()
    await one.calls(CALLS)
    await fleet.clock.sleep(2)
    given_up = [asyncio.create_task(one.call()) for _ in range(CALLS)]
    await fleet.clock.sleep(0.5)
    calls = asyncio.create_task(other.calls(CALLS))
    await fleet.clock.sleep(0.5)
    for call in given_up:
        call.cancel()
    await asyncio.gather(*given_up, return_exceptions=True)
    await calls
    assert max(other.sent_s) <= 1.06 * WINDOW_S
    assert most_at_once(one.sent_s + other.sent_s, WINDOW_S) <= CALLS


async def test_a_call_that_leaves_the_line_lets_those_behind_move_up(fleet: Fleet) -> None:
    alone = fleet.process()
    await alone.calls(CALLS)
    await fleet.clock.sleep(1)
    calls = [asyncio.create_task(alone.call()) for _ in range(CALLS + 1)]
    await fleet.clock.sleep(1)
    calls[0].cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    assert max(alone.sent_s) <= 1.06 * WINDOW_S


async def test_nobody_goes_while_hubspot_wants_a_pause_and_everybody_after_it(fleet: Fleet) -> None:
    one, other = fleet.process(), fleet.process()
    await one.calls(CALLS)
    await fleet.clock.sleep(2)
    calls = [asyncio.create_task(process.calls(30)) for process in (one, other)]
    await fleet.clock.sleep(1)
    impatient = asyncio.create_task(one.call(timeout_s=12))
    await fleet.clock.sleep(1)
    refused = HttpResponse(429, {"retry-after": "15"}, b'{"policyName":"TEN_SECONDLY_ROLLING"}')
    one.budget.learn("burst", refused, fleet.clock.monotonic_s())
    with pytest.raises(RateLimitedError) as caught:
        await impatient
    assert caught.value.retry_after_s == pytest.approx(15)
    assert fleet.clock.monotonic_s() == pytest.approx(4)
    await asyncio.gather(*calls)
    later_s = one.sent_s[CALLS:] + other.sent_s
    assert len(later_s) == 60
    assert 19 <= min(later_s) <= max(later_s) <= 19.1


async def test_calls_that_are_refused_use_no_places_up(fleet: Fleet) -> None:
    alone = fleet.process()
    await alone.calls(CALLS)
    for _ in range(20):
        calls = (alone.call(timeout_s=5) for _ in range(50))
        refused = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(error) for error in refused} == {RateLimitedError}
        await fleet.clock.sleep(0.2)
    await alone.calls(CALLS)
    assert max(alone.sent_s) <= 1.06 * WINDOW_S


async def test_nobody_waits_until_the_deadline_for_a_place_that_comes_later(fleet: Fleet) -> None:
    one, other = fleet.process(), fleet.process()
    calls = [process.call(timeout_s=25) for _ in range(400) for process in (one, other)]
    ended = await asyncio.gather(*calls, return_exceptions=True)
    refused = [error for error in ended if isinstance(error, RateLimitedError)]
    sent_s = one.sent_s + other.sent_s
    assert len(refused) + len(sent_s) == 800
    assert fleet.clock.monotonic_s() <= 2 * WINDOW_S * 1.06  # whoever is refused later than the last is sent, waited
    assert len(sent_s) >= 3 * CALLS * 0.9
    assert most_at_once(sent_s, WINDOW_S) <= CALLS
    assert all(error.retry_after_s is not None and error.retry_after_s > 1 for error in refused)


async def test_bulk_calls_leave_a_fifth_to_others_wherever_they_run(fleet: Fleet) -> None:
    one, other = fleet.process(), fleet.process()
    bulk = [asyncio.create_task(process.calls(60, bulk=True)) for process in (one, other)]
    await fleet.clock.sleep(1)
    assert len(one.sent_s + other.sent_s) <= 80
    late = fleet.process()
    await late.calls(20)
    assert max(late.sent_s) == 1
    await asyncio.gather(*bulk)
    assert most_at_once(one.sent_s + other.sent_s + late.sent_s, WINDOW_S) <= CALLS


async def test_what_hubspot_tells_one_process_the_others_know(fleet: Fleet) -> None:
    one, other = fleet.process(), fleet.process()
    await one.call()
    one.learn_of(190)
    await one.calls(30)
    await fleet.clock.sleep(1.5)
    await other.calls(140)
    assert max(other.sent_s) == 1.5
    refused = HttpResponse(429, {"retry-after": "3"}, b'{"policyName":"TEN_SECONDLY_ROLLING"}')
    await fleet.clock.sleep(30)
    one.budget.learn("burst", refused, fleet.clock.monotonic_s())
    await fleet.clock.sleep(0.01)
    await asyncio.gather(one.call(), other.call())
    assert min(one.sent_s[-1], other.sent_s[-1]) == pytest.approx(34.5, abs=0.01)


async def test_without_its_database_a_process_goes_on_at_the_pace_of_one(fleet: Fleet) -> None:
    alone = fleet.process()

    def refuse(_connection: object) -> None:
        raise InterfaceError("BEGIN", None, ConnectionError())

    event.listen(fleet.database.engine.sync_engine, "begin", refuse)
    await alone.calls(50)
    assert max(alone.sent_s) == pytest.approx(4)
    event.remove(fleet.database.engine.sync_engine, "begin", refuse)
    await fleet.clock.sleep(1)
    await alone.calls(CALLS)
    assert most_at_once(alone.sent_s, WINDOW_S) <= CALLS


async def test_rows_of_idle_accounts_are_deleted(fleet: Fleet) -> None:
    process = fleet.process()
    await process.call()
    assert await process.budgets.forget_idle() == 0
    await fleet.clock.sleep(3601)
    assert await process.budgets.forget_idle() == 1
    async with fleet.database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(hubspot_windows)) == 0


# ---------------------------------------------------------------- whole servers before HubSpot's real limits


async def test_two_servers_see_no_429_and_use_the_quota(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    clock = TradingClock(world.clock)
    wire = Watched(world.hubspot, clock)
    settings = world.settings.model_copy(update={"execute_deadline_s": 600})
    servers = [
        build_server(
            settings, clock=clock, ids=CountingIds(first=first), upstream=wire, engine=SteppedEngine(world.clock)
        )
        for first in (1_000_000, 2_000_000)
    ]
    clients = [Client(server.app) for server in servers]
    clock.processes = [server.core.budgets for server in servers]
    for server in servers:
        await server.start()
    path, body = (
        f"{CONNECTORS}/{connector_id}/execute",
        {"entity": "contacts", "action": "list", "params": {"limit": 1}},
    )
    quota = world.portal.limits.quotas.oauth_per_10_s
    for client in clients:
        assert (await client.post(path, body, token=token)).status == 200  # HubSpot has told its quota
    started_s = clock.monotonic_s()
    answers = await asyncio.gather(*(clients[n % 2].post(path, body, token=token) for n in range(2 * quota - 30)))
    took_s = clock.monotonic_s() - started_s
    for server in servers:
        await server.stop()
    assert {answer.status for answer in answers} == {200}
    assert set(wire.statuses) == {200}
    assert took_s <= WINDOW_S * 1.06


async def test_a_call_whose_place_comes_after_its_deadline_is_told_when_to_come_again(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    clock = TradingClock(world.clock)
    settings = world.settings.model_copy(update={"execute_deadline_s": 5})
    wire = Watched(world.hubspot, clock)
    server = build_server(settings, clock=clock, ids=CountingIds(first=1_000_000), upstream=wire)
    clock.processes = [server.core.budgets]
    await server.start()
    client = Client(server.app)
    path, body = (
        f"{CONNECTORS}/{connector_id}/execute",
        {"entity": "contacts", "action": "list", "params": {"limit": 1}},
    )
    assert (await client.post(path, body, token=token)).status == 200
    quota = world.portal.limits.quotas.oauth_per_10_s
    answers = await asyncio.gather(*(client.post(path, body, token=token) for _ in range(quota + 20)))
    refused = [answer for answer in answers if answer.status != 200]
    assert {(answer.status, answer.code) for answer in refused} == {(429, "upstream_rate_limited")}
    assert all(1 <= int(answer.headers["retry-after"]) <= 2 * WINDOW_S for answer in refused)
    assert 21 <= len(refused) <= 30
    assert set(wire.statuses) == {200}
    await server.stop()


async def test_a_wait_for_places_that_outlasts_the_deadline_is_answered_as_a_limit(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    assert (await world.execute(token, connector_id, "contacts", "list")).status == 200
    settings = world.settings.model_copy(update={"execute_deadline_s": 0.3})
    server = build_server(settings, clock=world.clock, ids=CountingIds(first=1_000_000), upstream=world.hubspot)
    await server.start()
    body = {"entity": "contacts", "action": "list"}
    async with server.core.database.write() as connection:
        await server.core.database.only_writer_of(connection, hubspot_windows)
        answer = await Client(server.app).post(f"{CONNECTORS}/{connector_id}/execute", body, token=token)
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (429, "upstream_rate_limited", "10")
    await server.stop()
