"""Rows that say themselves until when they count."""

from sqlalchemy import delete, select

from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import idempotency_keys, mcp_grants, oauth_grants, oauth_states
from airbyte_agent_server.ports import Clock

_DELETED_AT_ONCE = 500
_TABLES = (oauth_states, oauth_grants, mcp_grants, idempotency_keys)


async def sweep_expired(database: Database, clock: Clock) -> int:
    """Delete some rows that have expired; how many."""
    deleted = 0
    for table in _TABLES:
        [key] = table.primary_key.columns
        expired = select(key).where(table.c.expires_at <= clock.now()).limit(_DELETED_AT_ONCE)
        async with database.write() as connection:
            # Another process may be sweeping too: each leaves to the other what it has locked.
            found = (await connection.scalars(expired.with_for_update(skip_locked=True))).all()
            await connection.execute(delete(table).where(key.in_(found)))
        deleted += len(found)
    return deleted
