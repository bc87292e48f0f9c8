"""All connectors of an organization, in the database."""

from dataclasses import dataclass

from sqlalchemy import func, select

from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import connectors


@dataclass(frozen=True, slots=True)
class HeldCredential:
    """A connector as whose credential the organization holds."""

    connector_id: str
    workspace_id: str
    name: str


class CredentialList:
    """Which connectors an organization has, over all its workspaces."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, organization_id: str, *, limit: int, offset: int) -> tuple[list[HeldCredential], int]:
        """At most `limit` of them, oldest first, after the first `offset`; and how many there are."""
        live = (connectors.c.organization_id == organization_id, connectors.c.deleted_at.is_(None))
        query = (
            select(connectors.c.id, connectors.c.workspace_id, connectors.c.name)
            .where(*live)
            .order_by(connectors.c.created_at, connectors.c.id)
            .limit(limit)
            .offset(offset)
        )
        async with self._database.read() as connection:
            total = await connection.scalar(select(func.count()).select_from(connectors).where(*live))
            rows = (await connection.execute(query)).all()
        return [HeldCredential(row.id, row.workspace_id, row.name) for row in rows], total or 0
