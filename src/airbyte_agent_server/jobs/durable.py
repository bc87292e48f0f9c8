"""The engine on DBOS Transact: runs are rows in a database of its own, and any process continues them."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from airbyte_agent_server.jobs.engine import Job, JobStatus, Recorded, StepFailedError
from airbyte_agent_server.problems import ProblemError

if TYPE_CHECKING:
    from dbos import DBOSConfig

T = TypeVar("T")

_log = logging.getLogger(__name__)

VERSION = "1"
"""Raise it when a job's steps change so that runs which were begun before cannot be continued."""

_NAME = "agent-server"
_QUEUE = "jobs"
_AT_ONCE = 16
_POOL_SIZE = 4
_THREADS = 12
_DELETED_AT_ONCE = 500
_STATUS = {
    "ENQUEUED": JobStatus.WAITING,
    "DELAYED": JobStatus.WAITING,
    "PENDING": JobStatus.RUNNING,
    "SUCCESS": JobStatus.DONE,
}


class EngineOutageError(ProblemError):
    """The engine cannot use its tables. As text it is for operators; callers get `message`."""

    def __init__(self, cause: Exception) -> None:
        super().__init__("unavailable", "The tables of the job engine cannot be used: try again.", retry_after_s=2)
        self._reason = str(cause.orig if isinstance(cause, DBAPIError) else cause).partition("\n")[0]

    def __str__(self) -> str:
        return f"The tables of the job engine cannot be used ({self._reason}): `hubspot-agent doctor` says what to do."


@dataclass(frozen=True, slots=True)
class EnginePlace:
    """Where the engine keeps its tables: a file beside SQLite's, a schema of its own in PostgreSQL."""

    url: str
    schema: str | None

    @classmethod
    def of(cls, database_url: str, schema: str) -> "EnginePlace":
        """The place that belongs to the server's database."""
        parsed = make_url(database_url)
        if parsed.get_backend_name() != "sqlite":
            return cls(database_url, schema)
        path = parsed.database or ""
        return cls(f"sqlite:///{path.removesuffix('.db')}-jobs.db", None)


@dataclass(frozen=True, slots=True)
class DurableRun:
    """A run on DBOS. The steps' work runs on the server's event loop, where its connections live."""

    key: str
    home: asyncio.AbstractEventLoop

    async def step(self, name: str, work: Callable[[], Awaitable[Recorded]]) -> Recorded:
        """What `work` gave back, perhaps in an earlier life."""
        from dbos import DBOS  # noqa: PLC0415

        async def recorded() -> Recorded:
            return await _at_home(self.home, work)

        return await DBOS.run_step_async({"name": name}, recorded)

    async def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        from dbos import DBOS  # noqa: PLC0415

        await DBOS.sleep_async(seconds)


async def _at_home(home: asyncio.AbstractEventLoop, work: Callable[[], Awaitable[T]]) -> T:
    async def call() -> T:
        return await work()

    done = asyncio.wrap_future(asyncio.run_coroutine_threadsafe(call(), home))
    try:
        await asyncio.wait([done])
    finally:
        done.cancel()  # a step that nobody waits for any more ends, too
    error = done.exception()
    if error is not None:
        _log.warning("a step of background work failed", exc_info=error)
        raise StepFailedError(type(error).__name__)
    return done.result()


class DurableEngine:
    """One process's share of the work. DBOS knows one engine per process, so there is one at a time."""

    def __init__(self, place: EnginePlace, *, node_id: str) -> None:
        self._node_id = node_id
        self._place = place
        self._opening: asyncio.Task[None] | None = None

    async def open(self, jobs: Mapping[str, Job]) -> None:
        """Begin to run jobs. DBOS is imported here, in a thread, because that takes a second."""
        home = asyncio.get_running_loop()
        self._opening = asyncio.create_task(asyncio.to_thread(self._open, jobs, home))
        await asyncio.shield(self._opening)  # a thread cannot be stopped half-way

    def _open(self, jobs: Mapping[str, Job], home: asyncio.AbstractEventLoop) -> None:
        from dbos import DBOS  # noqa: PLC0415
        from dbos import error as dbos_errors  # noqa: PLC0415

        logging.getLogger("dbos").addHandler(logging.NullHandler())  # else it writes to the console by itself
        try:
            if self._place.schema is None:
                _use_write_ahead_log(self._place.url)
            DBOS(config=self._config())
            for job in jobs.values():
                DBOS.workflow(name=job.name)(_workflow(job, home))
            DBOS.listen_queues([_QUEUE])
            DBOS.launch()
            DBOS.register_queue(_QUEUE, worker_concurrency=_AT_ONCE, polling_interval_sec=0.5)
        except (SQLAlchemyError, sqlite3.Error, dbos_errors.DBOSException) as error:
            DBOS.destroy(destroy_registry=True)
            raise EngineOutageError(error) from error

    def _config(self) -> "DBOSConfig":
        from dbos import DBOSPortableJSONSerializer  # noqa: PLC0415

        config: DBOSConfig = {
            "name": _NAME,
            "system_database_url": self._place.url,
            "application_version": VERSION,
            "executor_id": self._node_id,
            "sys_db_pool_size": _POOL_SIZE,
            "max_executor_threads": _THREADS,
            "log_level": "WARNING",
            "enable_otlp": False,
            "serializer": DBOSPortableJSONSerializer(),  # the default one unpickles what the database holds
            "use_listen_notify": False,
        }
        if self._place.schema is not None:
            config["dbos_system_schema"] = self._place.schema
        return config

    async def start(self, job: str, argument: str, *, key: str) -> None:
        """Have a job run soon, on any process. A second start under the same key does nothing."""
        from dbos import DBOS, EnqueueOptions  # noqa: PLC0415

        options: EnqueueOptions = {
            "workflow_name": job,
            "queue_name": _QUEUE,
            "workflow_id": key,
            "app_version": VERSION,
        }
        await _ask(lambda: DBOS.enqueue_workflow_with_options(options, key, argument))

    async def status(self, key: str) -> JobStatus | None:
        """How far the run has come."""
        from dbos import DBOS  # noqa: PLC0415

        found = await _ask(lambda: DBOS.get_workflow_status(key))
        return None if found is None else _STATUS.get(found.status, JobStatus.FAILED)

    async def busy_nodes(self) -> set[str]:
        """The processes that have runs which are not finished."""
        from dbos import DBOS  # noqa: PLC0415

        found = await _ask(lambda: DBOS.list_workflows(status="PENDING", load_input=False, load_output=False))
        return {run.executor_id for run in found if run.executor_id is not None}

    async def rescue(self, node_id: str) -> int:
        """Have others continue what a process leaves behind.

        Each run goes back to the queue in one statement that asks who has it: only one rescuer succeeds.
        """
        from dbos import DBOS  # noqa: PLC0415

        return len(await _ask(lambda: DBOS._recover_pending_workflows([node_id])))  # noqa: SLF001  # has no public name

    async def forget(self, before: datetime) -> int:
        """Delete the rows of runs that ended before."""
        from dbos import DBOS  # noqa: PLC0415

        def delete() -> int:
            ended = DBOS.list_workflows(
                completed_before=before.isoformat(), limit=_DELETED_AT_ONCE, load_input=False, load_output=False
            )
            DBOS.delete_workflows([run.workflow_id for run in ended])
            return len(ended)

        return await _ask(delete)

    async def close(self) -> None:
        """Run no more jobs here."""
        if self._opening is not None:
            await asyncio.wait([self._opening])
            self._opening = None
            await asyncio.to_thread(self._close)

    def _close(self) -> None:
        from dbos import DBOS  # noqa: PLC0415

        DBOS.destroy(destroy_registry=True)


async def _ask(question: Callable[[], T]) -> T:
    """DBOS blocks: it is asked from a thread."""
    from dbos import error as dbos_errors  # noqa: PLC0415

    try:
        return await asyncio.to_thread(question)
    except (SQLAlchemyError, dbos_errors.DBOSException) as error:
        raise EngineOutageError(error) from error


def _workflow(job: Job, home: asyncio.AbstractEventLoop) -> Callable[[str, str], Coroutine[None, None, None]]:
    async def run(key: str, argument: str) -> None:
        await job.work(DurableRun(key, home), argument)

    run.__qualname__ = job.name
    return run


def _use_write_ahead_log(url: str) -> None:
    connection = sqlite3.connect(make_url(url).database or "")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
