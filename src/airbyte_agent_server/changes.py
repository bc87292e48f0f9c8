"""Tells this process what others changed, so that what it remembers is never older than about a second.

Once a second it asks for rows with a recent `updated_at` (or `disabled_at`). Nobody who writes has to do anything for
it. Rows are looked for as far back as clocks of processes may differ and transactions may last.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Column, literal, select, union_all

from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import clients, connectors, credentials, organizations, workspaces
from airbyte_agent_server.ports import Clock
from airbyte_agent_server.problems import ProblemError

_log = logging.getLogger(__name__)

PAUSE_S = 0.75
_WINDOW = timedelta(seconds=30)

Changed = Literal["connector", "credentials", "tenant"]
"""What was changed; a tenant is a workspace, a client or an organization."""
Forget = Callable[[str], None]

_SOURCES: tuple[tuple[Changed, Column[str], Column[datetime]], ...] = (
    ("connector", connectors.c.id, connectors.c.updated_at),
    ("credentials", credentials.c.connector_id, credentials.c.updated_at),
    ("tenant", workspaces.c.id, workspaces.c.updated_at),
    ("tenant", clients.c.id, clients.c.disabled_at),
    ("tenant", organizations.c.id, organizations.c.disabled_at),
)


class ChangeWatch:
    """Looks for changes. `listen` says who forgets what."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._listeners: list[tuple[Changed, Forget]] = []
        self._seen: set[tuple[Changed, str, datetime]] = set()
        self._task: asyncio.Task[None] | None = None

    def listen(self, changed: Changed, forget: Forget) -> None:
        """Call `forget` with the id of whatever was changed."""
        self._listeners.append((changed, forget))

    def begin(self) -> None:
        """Look from now on, until `stop`."""
        self._task = asyncio.create_task(self._look_for_ever(), name="changes of other processes")

    async def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _look_for_ever(self) -> None:
        while True:
            await asyncio.sleep(PAUSE_S)
            try:
                await self.look()
            except ProblemError as problem:
                # What is remembered has an end of its own, which comes soon enough without this, too.
                _log.warning("changes of other processes cannot be seen: %s", problem.message)

    async def look(self) -> None:
        """Tell the listeners what was changed since the last look."""
        since = self._clock.now() - _WINDOW
        query = union_all(*(select(literal(kind), key, at).where(at > since) for kind, key, at in _SOURCES))
        async with self._database.read() as connection:
            found = {(kind, key, at) for kind, key, at in (await connection.execute(query)).all()}
        fresh, self._seen = found - self._seen, found
        for kind, key, _ in fresh:
            for changed, forget in self._listeners:
                if changed == kind:
                    forget(key)
