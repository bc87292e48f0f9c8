"""All background work of the server, put together once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.jobs.durable import DurableEngine, EnginePlace
from airbyte_agent_server.jobs.engine import Engine, Job, Run
from airbyte_agent_server.jobs.housekeeping import HOUSEKEEPING_EVERY_S, Housekeeping, Sweep
from airbyte_agent_server.jobs.nodes import Nodes
from airbyte_agent_server.jobs.rescue import Rescuer
from airbyte_agent_server.jobs.worker import Plan, Queue, Schedule, Worker, turn_s_of
from airbyte_agent_server.ports import Clock
from airbyte_agent_server.settings import Settings
from airbyte_agent_server.telemetry.metrics import Metrics

RUNS_KEPT_S = 24 * 3600


def build_engine(settings: Settings, node_id: str) -> Engine:
    """The engine of this process."""
    place = EnginePlace.of(settings.effective_database_url, settings.jobs_schema)
    return DurableEngine(place, node_id=node_id)


def build_plan(
    engine: Engine,
    sweeps: Mapping[str, Sweep],
    schedules: Sequence[Schedule] = (),
    queues: Sequence[Queue] = (),
    *,
    metrics: Metrics,
    clock: Clock,
) -> Plan:
    """Everything there is to do. `sweeps` delete what features no longer need."""
    housekeeping = Housekeeping({"job runs": partial(_forget_runs, engine, clock), **sweeps})
    schedules = [*schedules, Schedule(housekeeping.job, HOUSEKEEPING_EVERY_S)]
    return Plan(
        [replace(schedule, job=_watched(schedule.job, metrics, clock)) for schedule in schedules],
        [replace(queue, job=_watched(queue.job, metrics, clock)) for queue in queues],
    )


def _watched(job: Job, metrics: Metrics, clock: Clock) -> Job:
    """The job, its runs counted and timed."""

    async def work(run: Run, argument: str) -> None:
        began_at_s, outcome = clock.monotonic_s(), "failed"
        try:
            await job.work(run, argument)
            outcome = "done"
        finally:
            metrics.job_ended(job.name, outcome, clock.monotonic_s() - began_at_s)

    return Job(job.name, work)


async def _forget_runs(engine: Engine, clock: Clock) -> int:
    return await engine.forget(clock.now() - timedelta(seconds=RUNS_KEPT_S))


def build_worker(
    settings: Settings, database: Database, engine: Engine, plan: Plan, *, node_id: str, clock: Clock
) -> Worker:
    """This process's share of the work in `plan`."""
    nodes = Nodes(database, clock=clock)
    silence_s = settings.job_silence_s
    rescuer = Rescuer(engine, nodes, own_id=node_id, silence_s=silence_s, clock=clock)
    return Worker(engine, plan, nodes, rescuer, own_id=node_id, turn_s=turn_s_of(silence_s), clock=clock)
