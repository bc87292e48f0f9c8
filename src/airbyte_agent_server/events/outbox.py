"""Events, written in the transaction of the change they tell of: both happen or neither does."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import connectors, events, webhook_deliveries, webhook_endpoints, workspaces
from airbyte_agent_server.ports import Clock, IdSource
from airbyte_agent_server.telemetry.metrics import Metrics

KEPT_DAYS = 30
_DELETED_AT_ONCE = 500


class EventKind(StrEnum):
    """What can happen."""

    CONNECTOR_CREATED = "connector.created"
    CONNECTOR_NEEDS_REAUTH = "connector.needs_reauth"
    CONNECTOR_DELETED = "connector.deleted"
    TOKEN_REFRESH_FAILED = "token.refresh_failed"  # noqa: S105  # a name


class DeliveryStatus(StrEnum):
    """How far a delivery has come. `abandoned`: its endpoint was disabled."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    ABANDONED = "abandoned"


class Outbox:
    """Writes events, with a delivery for each endpoint that wants them."""

    def __init__(self, metrics: Metrics, *, clock: Clock, ids: IdSource) -> None:
        self._metrics = metrics
        self._clock = clock
        self._ids = ids

    async def add(
        self,
        connection: AsyncConnection,
        kind: EventKind,
        connector_id: str,
        details: Mapping[str, object] | None = None,
    ) -> None:
        """Tell of a connector, deleted ones included. Without an endpoint that wants it, nothing is written."""
        self._metrics.event_happened(kind)
        about = (
            select(
                connectors.c.id.label("connector_id"),
                connectors.c.name.label("connector_name"),
                connectors.c.connector_type,
                connectors.c.organization_id,
                connectors.c.workspace_id,
                workspaces.c.name.label("workspace_name"),
            )
            .join(workspaces, workspaces.c.id == connectors.c.workspace_id)
            .where(connectors.c.id == connector_id)
        )
        row = (await connection.execute(about)).one()
        live = select(webhook_endpoints.c.id, webhook_endpoints.c.kinds).where(
            webhook_endpoints.c.organization_id == row.organization_id, webhook_endpoints.c.disabled_at.is_(None)
        )
        wanting = [found.id for found in await connection.execute(live) if found.kinds is None or kind in found.kinds]
        if not wanting:
            return
        now = self._clock.now()
        data = {**row._mapping, **(details or {})}  # noqa: SLF001  # SQLAlchemy's documented access by name
        body = msgspec.json.encode({"type": kind, "timestamp": now, "data": data}).decode()
        event_id = self._ids.new_id()
        await connection.execute(
            insert(events).values(
                id=event_id, organization_id=row.organization_id, kind=kind, body=body, created_at=now
            )
        )
        for endpoint_id in wanting:
            await self.deliver(connection, event_id, endpoint_id)

    async def deliver(self, connection: AsyncConnection, event_id: str, endpoint_id: str) -> str:
        """Have an event delivered to an endpoint; the delivery's id."""
        now = self._clock.now()
        delivery_id = self._ids.new_id()
        await connection.execute(
            insert(webhook_deliveries).values(
                id=delivery_id,
                event_id=event_id,
                endpoint_id=endpoint_id,
                status=DeliveryStatus.PENDING,
                attempts=[],
                due_at=now,
                claim=0,
                created_at=now,
            )
        )
        return delivery_id


async def sweep_events(database: Database, clock: Clock) -> int:
    """Delete some events that are older than they are kept, with their deliveries; how many."""
    before = clock.now() - timedelta(days=KEPT_DAYS)
    old = select(events.c.id).where(events.c.created_at < before).limit(_DELETED_AT_ONCE)
    async with database.write() as connection:
        found = (await connection.scalars(old)).all()
        await connection.execute(delete(webhook_deliveries).where(webhook_deliveries.c.event_id.in_(found)))
        await connection.execute(delete(events).where(events.c.id.in_(found)))
    return len(found)
