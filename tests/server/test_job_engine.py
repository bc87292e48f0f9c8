"""The engine for real, on both databases: what is recorded, what is forgotten, and what death leaves behind."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from airbyte_agent_server.jobs.durable import DurableEngine, EnginePlace
from airbyte_agent_server.jobs.engine import Job, JobStatus, Recorded, Run, StepFailedError
from airbyte_agent_server.problems import ProblemError

PROCESS = Path(__file__).parent / "job_process.py"


@pytest.fixture
def place(database_url: str) -> EnginePlace:
    return EnginePlace.of(database_url, f"jobs_{uuid4().hex}")


@pytest.fixture
def done() -> list[str]:
    """What the jobs did."""
    return []


@pytest.fixture
async def engine(place: EnginePlace, done: list[str]) -> AsyncIterator[DurableEngine]:
    """An open engine with two jobs."""

    async def note(text: str) -> Recorded:
        done.append(text)
        return len(done)

    async def fail() -> Recorded:
        raise OSError("a customer's name")

    async def sound(run: Run, argument: str) -> None:
        count = await run.step("note", lambda: note(argument))
        await run.sleep(0.01)
        await run.step("note again", lambda: note(f"{argument} {count}"))

    async def failing(run: Run, argument: str) -> None:
        try:
            await run.step("fail", fail)
        except StepFailedError as error:
            name = str(error)
            await run.step("note", lambda: note(f"{argument} {name}"))
            raise

    opened = DurableEngine(place, node_id="one")
    await opened.open({"sound": Job("sound", sound), "failing": Job("failing", failing)})
    yield opened
    await opened.close()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Real processes and threads have no clock of ours: look until it is so."""
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110  # nobody here could set an event
            await asyncio.sleep(0.02)


async def until_ended(engine: DurableEngine, key: str) -> None:
    async def is_ended() -> bool:
        return await engine.status(key) in {JobStatus.DONE, JobStatus.FAILED}

    await until(is_ended)


async def test_a_run_is_started_once_fails_alone_and_is_forgotten(engine: DurableEngine, done: list[str]) -> None:
    await engine.start("sound", "a", key="k1")
    await engine.start("sound", "b", key="k1")
    await engine.start("failing", "c", key="k2")
    await until_ended(engine, "k1")
    await until_ended(engine, "k2")
    assert [await engine.status(key) for key in ("k1", "k2", "k3")] == [JobStatus.DONE, JobStatus.FAILED, None]
    assert sorted(done) == ["a", f"a {done.index('a') + 1}", "c OSError"]
    assert await engine.busy_nodes() == set()
    assert await engine.forget(datetime.now(UTC) - timedelta(hours=1)) == 0
    assert await engine.forget(datetime.now(UTC) + timedelta(hours=1)) == 2
    assert await engine.status("k1") is None


async def test_what_an_error_says_does_not_reach_the_engines_tables(engine: DurableEngine, place: EnginePlace) -> None:
    await engine.start("failing", "c", key="k")
    await until_ended(engine, "k")
    if place.schema is None:
        path = Path(place.url.removeprefix("sqlite:///"))
        kept = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
        assert b"OSError" in kept
        assert b"customer" not in kept


async def test_an_engine_whose_tables_cannot_be_used_opens_once_they_can(tmp_path: Path) -> None:
    folder = tmp_path / "not there yet"
    engine = DurableEngine(EnginePlace(f"sqlite:///{folder}/jobs.db", None), node_id="one")
    with pytest.raises(ProblemError) as caught:
        await engine.open({})
    assert caught.value.type.code == "unavailable"
    folder.mkdir()
    await engine.open({})
    assert await engine.status("unknown") is None
    await engine.close()
    with pytest.raises(ProblemError) as caught:
        await engine.status("unknown")
    assert caught.value.type.code == "unavailable"


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes to end."""
    running: list[subprocess.Popen[bytes]] = []
    yield running
    for process in running:
        process.kill()
        process.wait()


@pytest.mark.requirement("jobs-survive-death")
async def test_a_job_whose_process_is_killed_is_finished_by_another(
    place: EnginePlace, database_url: str, tmp_path: Path, processes: list[subprocess.Popen[bytes]]
) -> None:
    log = tmp_path / "log"
    log.touch()

    def start(ending: str) -> subprocess.Popen[bytes]:
        arguments = [sys.executable, str(PROCESS), database_url, place.schema or "none", str(log), ending]
        processes.append(subprocess.Popen(arguments))  # noqa: S603  # our own
        return processes[-1]

    async def wrote(*names: str) -> bool:
        return await asyncio.to_thread(log.read_text) == "".join(f"{name}\n" for name in names)

    doomed = start("stuck")
    await until(lambda: wrote("first", "second"))
    start("well")
    os.kill(doomed.pid, signal.SIGKILL)
    await until(lambda: wrote("first", "second", "second", "third"))
