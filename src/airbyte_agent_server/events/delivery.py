"""Delivers webhooks: one attempt per run, until it is taken, given up, or its endpoint is disabled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Row, Select, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import events, webhook_deliveries, webhook_endpoints
from airbyte_agent_server.egress import Egress, EgressError
from airbyte_agent_server.events.endpoints import DisabledBecause, Endpoint, EndpointStore
from airbyte_agent_server.events.outbox import DeliveryStatus
from airbyte_agent_server.events.signature import sign
from airbyte_agent_server.jobs.due import Due, DueRows
from airbyte_agent_server.jobs.engine import Job, Recorded, Run
from airbyte_agent_server.ports import Clock, IdSource

RETRIES_AFTER_S = (5, 300, 1800, 7200, 18_000, 28_800, 36_000)
"""Waits between attempts: eight attempts within a day and two hours."""
DISABLED_AFTER_S = 5 * 24 * 3600
"""An endpoint that took nothing for so long is disabled."""
_SPREAD = 0.1
_TAKEN = range(200, 300)
_GONE = 410


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one endpoint, with what each attempt came to."""

    id: str
    event_id: str
    endpoint_id: str
    kind: str
    body: str
    status: DeliveryStatus
    attempts: Sequence[Mapping[str, object]]
    next_attempt_at: datetime | None
    created_at: datetime
    finished_at: datetime | None


class DeliveryStore:
    """Reads the delivery log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, endpoint_id: str, *, status: DeliveryStatus | None, after: tuple[datetime, str] | None, limit: int
    ) -> list[Delivery]:
        """Deliveries to an endpoint, newest first."""
        columns = webhook_deliveries.c
        query = _deliveries().where(columns.endpoint_id == endpoint_id)
        if status is not None:
            query = query.where(columns.status == status)
        if after is not None:
            query = query.where(tuple_(columns.created_at, columns.id) < tuple_(*after))
        query = query.order_by(columns.created_at.desc(), columns.id.desc()).limit(limit)
        async with self._database.read() as connection:
            return [_delivery(row) for row in await connection.execute(query)]

    async def find(self, condition: ColumnElement[bool]) -> Delivery | None:
        """The delivery that meets a condition."""
        async with self._database.read() as connection:
            row = (await connection.execute(_deliveries().where(condition))).one_or_none()
        return None if row is None else _delivery(row)


class Deliverer:
    """The job that sends."""

    def __init__(
        self, database: Database, endpoints: EndpointStore, egress: Egress, *, clock: Clock, ids: IdSource
    ) -> None:
        self._database = database
        self._endpoints = endpoints
        self._deliveries = DeliveryStore(database)
        self._egress = egress
        self._clock = clock
        self._ids = ids
        self.rows = DueRows(database, webhook_deliveries, clock=clock)
        self.job = Job("webhook", self._work)

    async def _work(self, run: Run, argument: str) -> None:
        due = Due.of(argument)
        await run.step("send", lambda: self._send(due))

    async def _send(self, due: Due) -> Recorded:
        delivery = await self._deliveries.find(self.rows.held(due))
        if delivery is None or delivery.status != DeliveryStatus.PENDING:
            return None
        async with self._database.read() as connection:
            query = select(webhook_endpoints.c.organization_id).where(webhook_endpoints.c.id == delivery.endpoint_id)
            organization_id = str(await connection.scalar(query))
        endpoint = await self._endpoints.find(organization_id, delivery.endpoint_id)
        started_at = self._clock.now()
        status, error = await self._attempt(delivery, endpoint)
        attempt = {
            "at": started_at.isoformat().replace("+00:00", "Z"),
            "duration_ms": round((self._clock.now() - started_at).total_seconds() * 1000),
            "http_status": status,
            "error": error,
        }
        async with self._database.write() as connection:
            await self._settle(connection, due, [*delivery.attempts, attempt], taken=status in _TAKEN)
            await self._judge(connection, endpoint, status)
        return status

    async def _attempt(self, delivery: Delivery, endpoint: Endpoint) -> tuple[int | None, str | None]:
        body = delivery.body.encode()
        headers = {
            "content-type": "application/json",
            "user-agent": "airbyte-agent-server-webhooks",
            **sign(delivery.event_id, self._clock.now(), body, await self._endpoints.secrets(endpoint)),
        }
        try:
            reply = await self._egress.post(endpoint.url, headers, body)
        except EgressError as error:
            return None, str(error)
        return reply.status, None if reply.status in _TAKEN else f"The endpoint answered {reply.status}."

    async def _settle(
        self, connection: AsyncConnection, due: Due, attempts: Sequence[Mapping[str, object]], *, taken: bool
    ) -> None:
        now = self._clock.now()
        values: dict[str, object] = {"attempts": list(attempts)}
        if taken or len(attempts) > len(RETRIES_AFTER_S):
            values |= {"status": DeliveryStatus.DELIVERED if taken else DeliveryStatus.FAILED}
            values |= {"due_at": None, "finished_at": now}
        else:
            values["due_at"] = now + timedelta(seconds=RETRIES_AFTER_S[len(attempts) - 1] * (1 + self._jitter()))
        await connection.execute(update(webhook_deliveries).where(self.rows.held(due)).values(values))

    async def _judge(self, connection: AsyncConnection, endpoint: Endpoint, status: int | None) -> None:
        now = self._clock.now()
        since = endpoint.failing_since or now
        if status in _TAKEN:
            await self._mark(connection, endpoint, {"failing_since": None})
        elif status == _GONE:
            await self._disable(connection, endpoint, DisabledBecause.GONE, since)
        elif now - since >= timedelta(seconds=DISABLED_AFTER_S):
            await self._disable(connection, endpoint, DisabledBecause.FAILURES, since)
        elif endpoint.failing_since is None:
            await self._mark(connection, endpoint, {"failing_since": since})

    async def _disable(
        self, connection: AsyncConnection, endpoint: Endpoint, because: DisabledBecause, since: datetime
    ) -> None:
        now = self._clock.now()
        values = {"failing_since": since, "disabled_at": now, "disabled_because": because}
        await self._mark(connection, endpoint, values)
        await abandon(connection, endpoint.id, at=now)

    async def _mark(self, connection: AsyncConnection, endpoint: Endpoint, values: Mapping[str, object]) -> None:
        # Whoever changed the endpoint while this was under way knows better.
        unchanged = (webhook_endpoints.c.id == endpoint.id) & (webhook_endpoints.c.updated_at == endpoint.updated_at)
        await connection.execute(update(webhook_endpoints).where(unchanged).values(values))

    def _jitter(self) -> float:
        return _SPREAD * self._ids.random_bytes(4)[0] / 256


async def abandon(connection: AsyncConnection, endpoint_id: str, *, at: datetime) -> None:
    """Stop all deliveries to an endpoint that are pending."""
    await connection.execute(
        update(webhook_deliveries)
        .where(webhook_deliveries.c.endpoint_id == endpoint_id, webhook_deliveries.c.status == DeliveryStatus.PENDING)
        .values(status=DeliveryStatus.ABANDONED, due_at=None, finished_at=at)
    )


def _deliveries() -> Select[tuple[object, ...]]:
    return select(webhook_deliveries, events.c.kind, events.c.body).join(
        events, events.c.id == webhook_deliveries.c.event_id
    )


def _delivery(row: Row[tuple[object, ...]]) -> Delivery:
    return Delivery(
        row.id,
        row.event_id,
        row.endpoint_id,
        row.kind,
        row.body,
        DeliveryStatus(row.status),
        row.attempts,
        row.due_at,
        row.created_at,
        row.finished_at,
    )
