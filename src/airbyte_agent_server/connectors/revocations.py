"""Grants that are to be taken back at HubSpot: kept sealed until that is done or given up, then erased.

The server's own key seals them, because the key of a workspace is destroyed with the workspace.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from airbyte_agent_hubspot.errors import ConnectorError
from airbyte_agent_server.connectors.apps import OAuthApps
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import revocations
from airbyte_agent_server.db.types import identity_of
from airbyte_agent_server.hubspot import HubspotOAuth
from airbyte_agent_server.jobs.due import LEASE_S, Due, DueRows
from airbyte_agent_server.jobs.engine import Job, Recorded, Run
from airbyte_agent_server.ports import Clock, IdSource, Sealer
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.vault.data_keys import SERVER
from airbyte_agent_server.vault.secrets import OAuthSecret, decode_secret, encode_secret
from airbyte_agent_server.vault.store import SecretStore

RETRIES_AFTER_S = (60, 600, 3600, 6 * 3600, 24 * 3600, 24 * 3600, 24 * 3600)
"""Waits between attempts: eight attempts within some three days."""

_log = logging.getLogger(__name__)


class Revocation(StrEnum):
    """What became of a grant whose connector was deleted."""

    REVOKED = "revoked"
    SHARED = "shared"
    SKIPPED = "skipped"
    FAILED = "failed"


class Revocations:
    """Takes grants back: at once where HubSpot answers, else in the background."""

    def __init__(  # one argument for each part
        self,
        database: Database,
        sealer: Sealer,
        secrets: SecretStore,
        oauth: HubspotOAuth,
        apps: OAuthApps,
        *,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._secrets = secrets
        self._oauth = oauth
        self._apps = apps
        self._clock = clock
        self._ids = ids
        self.rows = DueRows(database, revocations, clock=clock)
        self.job = Job("revocation", self._work)

    async def seal(self, workspace_id: str, secret: OAuthSecret) -> Mapping[str, object]:
        """A row for `add`, with the app's secret, because the app may be gone by then. Seal before a transaction."""
        with suppress(ProblemError):  # an app that is unknown now may come back
            app = await self._apps.app_of(secret)
            secret = msgspec.structs.replace(secret, client_secret=app.client_secret)
        revocation_id = self._ids.new_id()
        sealed = await self._sealer.seal(encode_secret(secret), owner=SERVER, identity=_identity(revocation_id))
        return {"id": revocation_id, "workspace_id": workspace_id, "sealed": sealed}

    async def add(self, connection: AsyncConnection, row: Mapping[str, object]) -> Due:
        """Note a grant to take back, in the transaction that erases it elsewhere. Whoever adds it tries first."""
        now = self._clock.now()
        due = Due(str(row["id"]), 1)
        await connection.execute(
            insert(revocations).values(
                **row, attempts=0, due_at=now + timedelta(seconds=LEASE_S), claim=due.claim, created_at=now
            )
        )
        return due

    async def attempt(self, due: Due) -> Revocation:
        """Try to take a grant back. It is erased once that is done or given up, and if a connector still needs it."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(revocations).where(self.rows.held(due)))).one_or_none()
        if row is None:
            return Revocation.SKIPPED
        secret = decode_secret(await self._sealer.open(row.sealed, identity=_identity(due.id)))
        if not isinstance(secret, OAuthSecret) or await self._secrets.is_shared(secret):
            await self._erase(due)
            return Revocation.SHARED
        try:
            await self._oauth.revoke(await self._apps.app_of(secret), secret.refresh_token)
        except (ConnectorError, ProblemError) as error:
            await self._postpone(due, row.attempts, str(error))
            return Revocation.FAILED
        await self._erase(due)
        return Revocation.REVOKED

    async def _postpone(self, due: Due, attempts: int, why: str) -> None:
        if attempts >= len(RETRIES_AFTER_S):
            _log.error("revocation %s is given up after %d attempts: %s", due.id, attempts + 1, why)
            await self._erase(due)
            return
        due_at = self._clock.now() + timedelta(seconds=RETRIES_AFTER_S[attempts])
        async with self._database.write() as connection:
            await connection.execute(
                update(revocations).where(self.rows.held(due)).values(attempts=attempts + 1, due_at=due_at)
            )

    async def _erase(self, due: Due) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(revocations).where(revocations.c.id == due.id))

    async def _work(self, run: Run, argument: str) -> None:
        due = Due.of(argument)

        async def take_back() -> Recorded:
            return await self.attempt(due)

        await run.step("revoke", take_back)


def _identity(revocation_id: str) -> str:
    return identity_of(revocations.c.sealed, id=revocation_id)
