"""An engine that runs jobs when a test says so, with time that passes at once."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from airbyte_agent_server.jobs.engine import Job, JobStatus, Recorded, StepFailedError
from server.world import TestClock


@dataclass(frozen=True)
class SteppedRun:
    """A run without memory of earlier lives."""

    key: str
    clock: TestClock

    async def step(self, name: str, work: Callable[[], Awaitable[Recorded]]) -> Recorded:
        del name
        return await work()

    async def sleep(self, seconds: float) -> None:
        await self.clock.sleep(seconds)


@dataclass
class SteppedEngine:
    """Keeps what is started until `run` is called."""

    clock: TestClock
    jobs: dict[str, Job] = field(default_factory=dict)
    waiting: list[tuple[str, str, str]] = field(default_factory=list)
    ended: dict[str, JobStatus] = field(default_factory=dict)
    left_behind: dict[str, int] = field(default_factory=dict)
    """Process -> how many unfinished runs it has."""
    rescued: list[str] = field(default_factory=list)

    async def open(self, jobs: Mapping[str, Job]) -> None:
        self.jobs.update(jobs)

    async def start(self, job: str, argument: str, *, key: str) -> None:
        if await self.status(key) is None:
            self.waiting.append((job, argument, key))

    async def status(self, key: str) -> JobStatus | None:
        if any(key == waiting for _, _, waiting in self.waiting):
            return JobStatus.WAITING
        return self.ended.get(key)

    async def run(self, *names: str) -> list[str]:
        """Run what waits, of the jobs named; the keys of the runs."""
        chosen = [entry for entry in self.waiting if not names or entry[0] in names]
        self.waiting = [entry for entry in self.waiting if entry not in chosen]
        for job, argument, key in chosen:
            self.ended[key] = JobStatus.FAILED
            try:
                await self.jobs[job].work(SteppedRun(key, self.clock), argument)
            except StepFailedError:
                continue
            self.ended[key] = JobStatus.DONE
        return [key for _, _, key in chosen]

    async def busy_nodes(self) -> set[str]:
        return set(self.left_behind)

    async def rescue(self, node_id: str) -> int:
        self.rescued.append(node_id)
        return self.left_behind.pop(node_id, 0)

    async def forget(self, before: datetime) -> int:
        del before
        forgotten = len(self.ended)
        self.ended.clear()
        return forgotten

    async def close(self) -> None:
        self.jobs.clear()
