"""All connectors of an organization, in the database."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from airbyte_agent_server.audit.record import time_of
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import connectors, tool_calls


@dataclass(frozen=True, slots=True)
class HeldCredential:
    """A connector as whose credential the organization holds."""

    connector_id: str
    workspace_id: str
    name: str
    last_called_at: datetime | None
    """When the last call on it that is still on record began."""


class CredentialList:
    """Which connectors an organization has, over all its workspaces."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, organization_id: str, *, limit: int, offset: int) -> tuple[list[HeldCredential], int]:
        """At most `limit` of them, oldest first, after the first `offset`; and how many there are."""
        live = (connectors.c.organization_id == organization_id, connectors.c.deleted_at.is_(None))
        last_call = (
            select(func.max(tool_calls.c.id)).where(tool_calls.c.connector_id == connectors.c.id).scalar_subquery()
        )
        query = (
            select(connectors.c.id, connectors.c.workspace_id, connectors.c.name, last_call.label("last_call"))
            .where(*live)
            .order_by(connectors.c.created_at, connectors.c.id)
            .limit(limit)
            .offset(offset)
        )
        async with self._database.read() as connection:
            total = await connection.scalar(select(func.count()).select_from(connectors).where(*live))
            rows = (await connection.execute(query)).all()
        found = [
            HeldCredential(row.id, row.workspace_id, row.name, row.last_call and time_of(row.last_call)) for row in rows
        ]
        return found, total or 0
