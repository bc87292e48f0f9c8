"""What background work asks of the engine that runs it, and what the engine asks of the work."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

Recorded: TypeAlias = str | int | float | bool | None
"""What a step gives back. The engine stores it in plain text: identifiers and counts, never a secret."""


class Run(Protocol):
    """One run of a job. After the death of its process it begins anew, and steps that are recorded do not."""

    @property
    def key(self) -> str:
        """What the run was started under."""
        ...

    async def step(self, name: str, work: Callable[[], Awaitable[Recorded]]) -> Recorded:
        """What `work` gave back, perhaps in an earlier life.

        It runs again if its process died before that was recorded. Steps come in the same order in each life.

        Raises:
            StepFailedError: `work` raised; recorded, too.
        """
        ...

    async def sleep(self, seconds: float) -> None:
        """Let so many seconds pass, the time between two lives included."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """A kind of background work. `argument` is stored in plain text: an identifier, never a secret."""

    name: str
    work: Callable[[Run, str], Awaitable[None]]


class JobStatus(StrEnum):
    """How far a run has come."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Engine(Protocol):
    """Runs jobs, each on one of the processes that share a database."""

    async def open(self, jobs: Mapping[str, Job]) -> None:
        """Begin to run jobs."""
        ...

    async def start(self, job: str, argument: str, *, key: str) -> None:
        """Have a job run soon, on any process. A second start under the same key does nothing."""
        ...

    async def status(self, key: str) -> JobStatus | None:
        """How far the run has come; None when there is none, or when it was forgotten long after its end."""
        ...

    async def busy_nodes(self) -> set[str]:
        """The processes that have runs which are not finished."""
        ...

    async def rescue(self, node_id: str) -> int:
        """Have others continue what a process leaves behind; how many runs that are.

        Twice does no harm. Should the process live after all, what it still records is refused.
        """
        ...

    async def forget(self, before: datetime) -> int:
        """Delete what is kept of runs that ended before; how many, at most some hundreds at once."""
        ...

    async def close(self) -> None:
        """Run no more jobs here; other processes take over what is not finished."""
        ...


class StepFailedError(Exception):
    """A step raised. The text is the error's class alone, because the engine stores it in plain text."""
