"""Rows of a table that are due: each is handed out to one process, and again if nothing comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Table, select, update

from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.ports import Clock

LEASE_S = 300
"""How long a row that was handed out stays out of sight. Longer than its job takes."""


@dataclass(frozen=True, slots=True)
class Due:
    """A row that was handed out. Its claim grows each time, so that whoever held it before can do nothing more."""

    id: str
    claim: int

    @classmethod
    def of(cls, argument: str) -> "Due":
        """What a job's argument names."""
        row_id, _, claim = argument.rpartition(":")
        return cls(row_id, int(claim))

    def __str__(self) -> str:
        return f"{self.id}:{self.claim}"


class DueRows:
    """A table with the columns `id`, `due_at` (null: nothing to do) and `claim`."""

    def __init__(self, database: Database, table: Table, *, clock: Clock) -> None:
        self._database = database
        self._table = table
        self._clock = clock

    async def take(self, limit: int) -> Sequence[Due]:
        """Rows that are due, now this process's. Those that nobody finishes become due again."""
        now = self._clock.now()
        columns = self._table.c
        due = select(columns.id, columns.claim).where(columns.due_at <= now).order_by(columns.due_at).limit(limit)
        async with self._database.read() as connection:
            if (await connection.execute(due.limit(1))).first() is None:
                return ()
        async with self._database.write() as connection:
            # Another process may be taking rows too: each leaves to the other what it has locked.
            rows = (await connection.execute(due.with_for_update(skip_locked=True))).all()
            await connection.execute(
                update(self._table)
                .where(columns.id.in_([row.id for row in rows]))
                .values(claim=columns.claim + 1, due_at=now + timedelta(seconds=LEASE_S))
            )
        return [Due(row.id, row.claim + 1) for row in rows]

    def held(self, due: Due) -> ColumnElement[bool]:
        """The condition that the row is still this holder's."""
        return (self._table.c.id == due.id) & (self._table.c.claim == due.claim)
