"""Refreshes tokens before they expire, so that calls need not wait for it."""

import asyncio
import logging
import zlib
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from airbyte_agent_hubspot.errors import ConnectorError
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import credentials
from airbyte_agent_server.jobs.engine import Job, Recorded, Run
from airbyte_agent_server.ports import Clock
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.vault.refresh import TokenRefresher

SWEEP_EVERY_S = 60.0
AHEAD_S = 300
USED_WITHIN_S = 3600
_AT_ONCE = 500
_SIDE_BY_SIDE = 8

_log = logging.getLogger(__name__)


class RefreshSweep:
    """A job that refreshes what expires soon and was used lately.

    Each credential has a moment of its own within the second half of the last minutes: connectors that were made
    together are not refreshed together for ever.
    """

    def __init__(self, database: Database, refresher: TokenRefresher, *, clock: Clock) -> None:
        self._database = database
        self._refresher = refresher
        self._clock = clock
        self.job = Job("refresh-sweep", self._work)

    async def _work(self, run: Run, _tick: str) -> None:
        await run.step("refresh", self._sweep)

    async def _sweep(self) -> Recorded:
        slots = asyncio.Semaphore(_SIDE_BY_SIDE)

        async def refresh(connector_id: str) -> bool:
            async with slots:
                try:
                    await self._refresher.renew_ahead(connector_id, _margin_s(connector_id))
                except (ConnectorError, ProblemError) as error:
                    _log.warning("connector %s was not refreshed ahead of time: %s", connector_id, error)
                    return False
            return True

        return sum(await asyncio.gather(*(refresh(connector_id) for connector_id in await self._due())))

    async def _due(self) -> Sequence[str]:
        now = self._clock.now()
        query = (
            select(credentials.c.connector_id, credentials.c.expires_at)
            .where(
                credentials.c.expires_at <= now + timedelta(seconds=AHEAD_S),
                credentials.c.used_at > now - timedelta(seconds=USED_WITHIN_S),
                credentials.c.failed_at.is_(None) | (credentials.c.failed_at <= now - timedelta(seconds=AHEAD_S)),
                credentials.c.failure.is_distinct_from("dead"),
            )
            .order_by(credentials.c.expires_at)
            .limit(_AT_ONCE)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [
            row.connector_id for row in rows if row.expires_at <= now + timedelta(seconds=_margin_s(row.connector_id))
        ]


def _margin_s(connector_id: str) -> float:
    spread = zlib.crc32(connector_id.encode()) / 2**32
    return AHEAD_S * (1 + spread) / 2
