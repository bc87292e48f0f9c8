"""What each process does for the background work: beats, watches the others, starts what is due, tidies up."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select

from airbyte_agent_server.background import build_plan, build_worker
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.schema import migrate
from airbyte_agent_server.db.types import Instant
from airbyte_agent_server.jobs.due import LEASE_S, Due, DueRows
from airbyte_agent_server.jobs.engine import Job, JobStatus, Run
from airbyte_agent_server.jobs.housekeeping import Housekeeping
from airbyte_agent_server.jobs.nodes import Nodes, Sign
from airbyte_agent_server.jobs.worker import Plan, Queue, Schedule, Worker
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.settings import Settings
from airbyte_agent_server.telemetry.metrics import Metrics
from server.jobs import SteppedEngine
from server.world import START, TestClock

SILENCE_S = 20.0
ERRANDS = Table(
    "errands",
    MetaData(),
    Column("id", String(36), primary_key=True),
    Column("due_at", Instant),
    Column("claim", Integer, nullable=False),
)


@pytest.fixture
async def tables(database: Database) -> Database:
    """A database with the server's tables, and with one of errands."""
    await migrate(database)
    async with database.write() as connection:
        await connection.run_sync(ERRANDS.create)
    return database


class Diary:
    """Jobs that write down what they were told to do."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.hourly = Job("hourly", self._write)
        self.errand = Job("errand", self._write)

    async def _write(self, run: Run, argument: str) -> None:
        self.lines.append(f"{run.key} {argument}")


@pytest.fixture
def diary() -> Diary:
    return Diary()


async def begun(
    database: Database, engine: SteppedEngine, diary: Diary, clock: TestClock, *, node_id: str = "one"
) -> Worker:
    rows = DueRows(database, ERRANDS, clock=clock)
    plan = Plan([Schedule(diary.hourly, 3600)], [Queue(diary.errand, rows)])
    await engine.open(plan.jobs())
    settings = Settings(job_silence_s=SILENCE_S)
    return build_worker(settings, database, engine, plan, node_id=node_id, clock=clock)


async def test_a_schedule_runs_once_for_all_processes_together(
    tables: Database, engine: SteppedEngine, diary: Diary, clock: TestClock
) -> None:
    one = await begun(tables, engine, diary, clock)
    two = await begun(tables, engine, diary, clock, node_id="two")
    hour = int(clock.now_s() // 3600)
    await one.turn()
    await one.turn()
    await two.turn()
    await engine.run()
    await two.turn()
    await engine.run()
    clock.advance(3600)
    await two.turn()
    await one.turn()
    await engine.run()
    assert diary.lines == [f"hourly:{hour} {hour}", f"hourly:{hour + 1} {hour + 1}"]


async def test_what_is_due_is_handed_out_once_and_again_if_nothing_comes_of_it(
    tables: Database, engine: SteppedEngine, diary: Diary, clock: TestClock
) -> None:
    one = await begun(tables, engine, diary, clock)
    async with tables.write() as connection:
        await connection.execute(
            insert(ERRANDS),
            [
                {"id": "now", "due_at": START, "claim": 0},
                {"id": "later", "due_at": START + timedelta(seconds=10), "claim": 0},
                {"id": "done", "due_at": None, "claim": 3},
            ],
        )
    await one.turn()
    await engine.run("errand")
    assert diary.lines == ["errand:now:1 now:1"]
    clock.advance(10)
    await one.turn()
    await engine.run("errand")
    assert diary.lines[1:] == ["errand:later:1 later:1"]
    clock.advance(LEASE_S)
    await one.turn()
    await engine.run("errand")
    assert diary.lines[2:] == ["errand:now:2 now:2", "errand:later:2 later:2"]
    rows = DueRows(tables, ERRANDS, clock=clock)
    async with tables.read() as connection:
        late = (await connection.execute(select(ERRANDS).where(rows.held(Due("now", 1))))).all()
        held = (await connection.execute(select(ERRANDS).where(rows.held(Due.of("now:2"))))).all()
    assert (len(late), len(held)) == (0, 1)


async def test_the_jobs_of_a_silent_process_go_to_others(
    tables: Database, engine: SteppedEngine, diary: Diary, clock: TestClock
) -> None:
    one = await begun(tables, engine, diary, clock)
    two = await begun(tables, engine, diary, clock, node_id="two")
    engine.left_behind = {"two": 3, "unheard-of": 1}
    await two.turn()
    await one.turn()
    clock.advance(SILENCE_S - 1)
    await two.turn()  # slow, but alive
    await one.turn()
    clock.advance(1)
    await one.turn()
    assert engine.rescued == ["unheard-of"]
    clock.advance(SILENCE_S - 1)
    await one.turn()
    assert engine.rescued == ["unheard-of", "two"]
    assert list(await Nodes(tables, clock=clock).signs()) == ["one"]
    await two.turn()  # was only paused
    assert await Nodes(tables, clock=clock).signs() == {"one": Sign(4, stopped=False), "two": Sign(1, stopped=False)}


async def test_a_process_that_stops_is_not_waited_for(
    tables: Database, engine: SteppedEngine, diary: Diary, clock: TestClock
) -> None:
    one = await begun(tables, engine, diary, clock)
    nodes = Nodes(tables, clock=clock)
    await nodes.beat("two")
    await nodes.leave("two")
    engine.left_behind = {"two": 1}
    await one.turn()
    assert engine.rescued == ["two"]
    assert list(await nodes.signs()) == ["one"]


async def test_a_sign_of_life_is_not_forgotten_by_those_who_did_not_see_it(tables: Database, clock: TestClock) -> None:
    nodes = Nodes(tables, clock=clock)
    await nodes.beat("two")
    await nodes.beat("two")
    await nodes.forget("two", Sign(1, stopped=False))
    assert await nodes.signs() == {"two": Sign(2, stopped=False)}


class LateEngine(SteppedEngine):
    """Cannot be opened at the first attempt. It says when it is given something to do."""

    def __init__(self, clock: TestClock) -> None:
        super().__init__(clock)
        self.attempts = 0
        self.busy = asyncio.Event()

    async def open(self, jobs: Mapping[str, Job]) -> None:
        self.attempts += 1
        if self.attempts == 1:
            raise ProblemError("unavailable", "The tables of the job engine cannot be used: try again.")
        await super().open(jobs)

    async def start(self, job: str, argument: str, *, key: str) -> None:
        await super().start(job, argument, key=key)
        self.busy.set()


async def test_a_process_works_from_when_its_tables_are_there_and_says_that_it_stops(
    tables: Database, diary: Diary, clock: TestClock
) -> None:
    engine = LateEngine(clock)
    plan = Plan([Schedule(diary.hourly, 3600)], [])
    worker = build_worker(Settings(), tables, engine, plan, node_id="one", clock=clock)
    await worker.close()  # never began
    worker.begin()
    await engine.busy.wait()
    await worker.close()
    assert engine.attempts == 2
    assert [sign.stopped for sign in (await Nodes(tables, clock=clock).signs()).values()] == [True]


async def test_housekeeping_deletes_in_portions_until_nothing_is_left(engine: SteppedEngine) -> None:
    left = {"states": [2, 1, 0, 9], "keys": [0]}

    async def sweep_states() -> int:
        return left["states"].pop(0)

    async def sweep_keys() -> int:
        return left["keys"].pop(0)

    job = Housekeeping({"states": sweep_states, "keys": sweep_keys}).job
    await engine.open({job.name: job})
    await engine.start(job.name, "1", key="k")
    await engine.run()
    assert left == {"states": [9], "keys": []}
    assert await engine.status("k") == JobStatus.DONE


async def test_runs_are_forgotten_in_time(engine: SteppedEngine, clock: TestClock) -> None:
    plan = build_plan(engine, {}, metrics=Metrics(), clock=clock)
    await engine.open(plan.jobs())
    engine.ended = {"old": JobStatus.DONE}
    await engine.start("housekeeping", "1", key="k")
    await engine.run("housekeeping")
    assert engine.ended == {"k": JobStatus.DONE}
