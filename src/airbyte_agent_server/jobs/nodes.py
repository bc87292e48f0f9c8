"""Which processes run jobs: each has a row, and counts in it as long as it lives."""

from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update

from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import job_nodes
from airbyte_agent_server.ports import Clock


@dataclass(frozen=True, slots=True)
class Sign:
    """What a process showed of itself last. `stopped`: it said that it stops."""

    beats: int
    stopped: bool


class Nodes:
    """The rows of all processes, and the way to count in one's own."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def beat(self, node_id: str) -> None:
        """Count on; the first beat makes the row, and so does one after others took the process for dead."""
        now = self._clock.now()
        counted = (
            update(job_nodes)
            .where(job_nodes.c.id == node_id)
            .values(beats=job_nodes.c.beats + 1, stopped=False, beat_at=now)
        )
        async with self._database.write() as connection:
            if (await connection.execute(counted)).rowcount == 0:
                row = {"id": node_id, "beats": 1, "stopped": False, "beat_at": now}
                await connection.execute(insert(job_nodes).values(row))

    async def leave(self, node_id: str) -> None:
        """Say that this process stops, so that others need not wait before they take over."""
        async with self._database.write() as connection:
            await connection.execute(update(job_nodes).where(job_nodes.c.id == node_id).values(stopped=True))

    async def signs(self) -> dict[str, Sign]:
        """Of each process, what it showed last."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(job_nodes))).all()
        return {row.id: Sign(row.beats, row.stopped) for row in rows}

    async def forget(self, node_id: str, sign: Sign) -> None:
        """Delete the row of a dead process, unless it showed another sign since."""
        async with self._database.write() as connection:
            await connection.execute(
                delete(job_nodes).where(
                    job_nodes.c.id == node_id, job_nodes.c.beats == sign.beats, job_nodes.c.stopped == sign.stopped
                )
            )
