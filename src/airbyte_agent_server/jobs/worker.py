"""One process's share of the background work: it beats, rescues, starts what is due, and runs what it gets."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from airbyte_agent_server.jobs.due import DueRows
from airbyte_agent_server.jobs.engine import Engine, Job
from airbyte_agent_server.jobs.nodes import Nodes
from airbyte_agent_server.jobs.rescue import Rescuer
from airbyte_agent_server.ports import Clock
from airbyte_agent_server.problems import ProblemError

_log = logging.getLogger(__name__)

_TAKEN_AT_ONCE = 100
_TURNS_PER_SILENCE = 4
_CALM_S = 2.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """A job that runs every so many seconds, once for all processes together."""

    job: Job
    every_s: float


@dataclass(frozen=True, slots=True)
class Queue:
    """A job that runs for each row of a table that is due."""

    job: Job
    rows: DueRows


@dataclass(frozen=True, slots=True)
class Plan:
    """All background work there is."""

    schedules: Sequence[Schedule]
    queues: Sequence[Queue]

    def jobs(self) -> Mapping[str, Job]:
        """Every job by its name."""
        jobs = [*(schedule.job for schedule in self.schedules), *(queue.job for queue in self.queues)]
        return {job.name: job for job in jobs}


class Worker:
    """Does one turn after the other until it is closed."""

    def __init__(  # one argument for each part
        self,
        engine: Engine,
        plan: Plan,
        nodes: Nodes,
        rescuer: Rescuer,
        *,
        own_id: str,
        turn_s: float,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self.plan = plan
        self._nodes = nodes
        self._rescuer = rescuer
        self._own_id = own_id
        self._turn_s = turn_s
        self._clock = clock
        self._ticks: dict[str, int] = {}
        self._turning: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Begin, a moment after the server serves: what the engine needs takes a second to import."""
        self._turning = asyncio.create_task(self._live(), name="jobs")
        self._turning.add_done_callback(_say_why)

    async def turn(self) -> None:
        """Show that this process lives, rescue the runs of dead ones, start what is due."""
        await self._nodes.beat(self._own_id)
        await self._rescuer.look()
        for schedule in self.plan.schedules:
            await self._start_tick(schedule)
        for queue in self.plan.queues:
            await self._start_due(queue)

    async def _start_tick(self, schedule: Schedule) -> None:
        name = schedule.job.name
        tick = int(self._clock.now_s() // schedule.every_s)
        if self._ticks.get(name) != tick:
            await self._engine.start(name, str(tick), key=f"{name}:{tick}")
            self._ticks[name] = tick

    async def _start_due(self, queue: Queue) -> None:
        name = queue.job.name
        for due in await queue.rows.take(_TAKEN_AT_ONCE):
            await self._engine.start(name, str(due), key=f"{name}:{due}")

    async def _live(self) -> None:
        await self._clock.sleep(_CALM_S)
        opened = False
        while True:
            try:
                if not opened:
                    await self._nodes.beat(self._own_id)  # before the first run is assigned to this process
                    await self._engine.open(self.plan.jobs())
                    opened = True
                await self.turn()
            except ProblemError as problem:  # a database does not answer
                _log.warning("background work waits: %s", problem)
            await self._clock.sleep(self._turn_s)

    async def close(self) -> None:
        """Stop, and let others continue at once what is not finished."""
        if self._turning is None:
            return
        self._turning.cancel()
        await asyncio.gather(self._turning, return_exceptions=True)
        self._turning = None
        await self._engine.close()
        await self._nodes.leave(self._own_id)


def _say_why(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        _log.error("background work stopped", exc_info=task.exception())


def turn_s_of(silence_s: float) -> float:
    """How long a turn may wait so that nobody takes this process for dead."""
    return silence_s / _TURNS_PER_SILENCE
