"""A process that runs jobs, for tests that kill it. Arguments: database, schema, log file, how its `second` ends."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

from airbyte_agent_server.background import build_worker
from airbyte_agent_server.db.engine import open_database
from airbyte_agent_server.db.schema import migrate
from airbyte_agent_server.jobs.durable import DurableEngine, EnginePlace
from airbyte_agent_server.jobs.engine import Job, Recorded, Run
from airbyte_agent_server.jobs.worker import Plan, Schedule
from airbyte_agent_server.ports import RandomIds, SystemClock
from airbyte_agent_server.settings import Settings


class EagerClock(SystemClock):
    """Has no patience before it begins."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.25))


def three_steps(log: Path, *, stuck: bool) -> Job:
    """Writes a line for each step; a process that is stuck never ends its second one."""

    def line(name: str) -> Callable[[], Coroutine[None, None, Recorded]]:
        async def write() -> Recorded:
            with log.open("a") as file:
                file.write(f"{name}\n")
            if name == "second" and stuck:
                await asyncio.sleep(3600)
            return None

        return write

    async def work(run: Run, argument: str) -> None:
        del argument
        for name in ("first", "second"):
            await run.step(name, line(name))
        await run.sleep(0.1)
        await run.step("third", line("third"))

    return Job("three-steps", work)


async def main(database_url: str, schema: str, log: str, ending: str) -> None:
    settings = Settings(database_url=database_url, jobs_schema=schema, job_silence_s=1)
    database = open_database(database_url)
    await migrate(database)
    node_id = RandomIds().new_id()
    engine = DurableEngine(EnginePlace.of(database_url, schema), node_id=node_id)
    plan = Plan([Schedule(three_steps(Path(log), stuck=ending == "stuck"), 1e9)], [])
    worker = build_worker(settings, database, engine, plan, node_id=node_id, clock=EagerClock())
    worker.begin()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
