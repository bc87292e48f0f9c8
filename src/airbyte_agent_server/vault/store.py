"""The secrets of connectors: sealed in the database, opened in memory for as long as they count."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Literal

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from airbyte_agent_hubspot._auth import ExpiringToken
from airbyte_agent_server.bounded import BoundedCache, Kept
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import credentials, data_keys
from airbyte_agent_server.db.types import identity_of
from airbyte_agent_server.ports import Clock
from airbyte_agent_server.vault.sealer import EnvelopeSealer
from airbyte_agent_server.vault.secrets import (
    ConnectorSecret,
    OAuthSecret,
    PrivateAppSecret,
    decode_secret,
    encode_secret,
    grant_of,
)

SuppliedBy = Literal["caller", "consent"]
"""`caller`: handed over in a request, so perhaps used elsewhere too; `consent`: obtained by our OAuth flow."""


class Failure(StrEnum):
    """Why the last refresh failed: for good, or for now."""

    DEAD = "dead"
    PASSING = "passing"


LEASE_S = 6.0
"""How long a process has for a refresh before another may try, so how long calls wait for one that died.

HubSpot takes less. Should it take longer, it is asked twice, and whoever stores first wins."""

_CACHED_SECRETS = 10_000
_USE_NOTED_EVERY_S = 300
_AT_REST: Mapping[str, None] = dict.fromkeys(("lease", "leased_until", "failure", "failed_at"))
"""What a new secret begins with: nobody refreshes it, and nothing has failed."""
_CACHE_LIFE_S = 20.0


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A secret ready to be stored with its connector."""

    connector_id: str
    workspace_id: str
    supplied_by: SuppliedBy
    grant_hash: str
    app_id: str | None
    envelope: bytes
    expires_at: datetime | None


@dataclass(frozen=True)
class OpenedSecret:
    """A connector's secret; `generation` grows with each refresh and replacement."""

    connector_id: str
    workspace_id: str
    supplied_by: SuppliedBy
    generation: int
    secret: ConnectorSecret
    used_at: datetime | None = None
    failure: Failure | None = None
    failed_at: datetime | None = None

    @cached_property
    def access(self) -> ExpiringToken | None:
        """The access token; None before the first refresh, and where nobody knows how long it is good for."""
        if isinstance(self.secret, PrivateAppSecret):
            return ExpiringToken(self.secret.token.get_secret_value())
        token, expires_at = self.secret.access_token, self.secret.expires_at
        if token is None or expires_at is None:
            return None
        return ExpiringToken(token.get_secret_value(), expires_at.timestamp())


class SecretStore:
    """Stores, opens and replaces the secrets of connectors."""

    def __init__(self, database: Database, sealer: EnvelopeSealer, *, clock: Clock) -> None:
        self._database = database
        self._sealer = sealer
        self._clock = clock
        self._opened: BoundedCache[str, OpenedSecret] = BoundedCache(
            size=_CACHED_SECRETS, life_s=_CACHE_LIFE_S, clock=clock
        )

    async def seal(
        self, secret: ConnectorSecret, *, connector_id: str, workspace_id: str, supplied_by: SuppliedBy
    ) -> SealedSecret:
        """Seal before opening a write transaction."""
        envelope = await self._sealer.seal(
            encode_secret(secret), owner=workspace_id, identity=_identity(workspace_id, connector_id)
        )
        grant_hash = self._sealer.keyed_hash("grant", grant_of(secret))
        expires_at, app_id = (secret.expires_at, secret.app_id) if isinstance(secret, OAuthSecret) else (None, None)
        return SealedSecret(connector_id, workspace_id, supplied_by, grant_hash, app_id, envelope, expires_at)

    async def insert(self, connection: AsyncConnection, sealed: SealedSecret) -> None:
        """Store the secret of a new connector, in the transaction that stores the connector."""
        await connection.execute(
            credentials.insert().values(
                connector_id=sealed.connector_id,
                workspace_id=sealed.workspace_id,
                generation=1,
                supplied_by=sealed.supplied_by,
                grant_hash=sealed.grant_hash,
                app_id=sealed.app_id,
                sealed=sealed.envelope,
                expires_at=sealed.expires_at,
                updated_at=self._clock.now(),
            )
        )

    async def overwrite(self, connection: AsyncConnection, sealed: SealedSecret) -> None:
        """Replace the secret of a connector that is authorized anew; a refresh under way will lose to it."""
        await connection.execute(
            update(credentials)
            .where(credentials.c.connector_id == sealed.connector_id)
            .values(
                generation=credentials.c.generation + 1,
                supplied_by=sealed.supplied_by,
                grant_hash=sealed.grant_hash,
                app_id=sealed.app_id,
                sealed=sealed.envelope,
                expires_at=sealed.expires_at,
                updated_at=self._clock.now(),
                **_AT_REST,
            )
        )

    def find(self, connector_id: str) -> Kept[OpenedSecret] | None:
        """The secret, and until when it counts, if it was opened for use lately."""
        return self._opened.find(connector_id)

    async def open(self, connector_id: str) -> OpenedSecret | None:
        """The secret for use, from memory if it was opened lately; None when the connector has none any more."""
        return await self._opened.recall(connector_id, lambda: self._reload_for_use(connector_id))

    async def _reload_for_use(self, connector_id: str) -> OpenedSecret | None:
        opened = await self.reload(connector_id)
        await self._note_use(opened)
        return opened

    async def _note_use(self, opened: OpenedSecret | None) -> None:
        now = self._clock.now()
        noted_until = now - timedelta(seconds=_USE_NOTED_EVERY_S)
        if opened is None or (opened.used_at is not None and opened.used_at > noted_until):
            return
        async with self._database.write() as connection:
            await connection.execute(
                update(credentials).where(credentials.c.connector_id == opened.connector_id).values(used_at=now)
            )

    async def reload(self, connector_id: str) -> OpenedSecret | None:
        """The secret as the database has it now."""
        drops = self._opened.drops
        query = select(credentials).where(credentials.c.connector_id == connector_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            self._opened.drop(connector_id)
            return None
        plaintext = await self._sealer.open(row.sealed, identity=_identity(row.workspace_id, connector_id))
        opened = OpenedSecret(
            connector_id,
            row.workspace_id,
            row.supplied_by,
            row.generation,
            decode_secret(plaintext),
            used_at=row.used_at,
            failure=None if row.failure is None else Failure(row.failure),
            failed_at=row.failed_at,
        )
        self._opened.put(connector_id, opened, drops=drops)
        return opened

    async def lease(self, opened: OpenedSecret, holder: str) -> bool:
        """The sole right to refresh `opened`, for `LEASE_S`; False while another has it, or if `opened` is not news."""
        now = self._clock.now()
        free = credentials.c.leased_until.is_(None) | (credentials.c.leased_until <= now)
        unfailed = credentials.c.failed_at == opened.failed_at  # none failed since: whoever waited for it shall know
        async with self._database.write() as connection:
            done = await connection.execute(
                update(credentials)
                .where(_is(opened), free, unfailed)
                .values(lease=holder, leased_until=now + timedelta(seconds=LEASE_S))
            )
        return done.rowcount == 1

    async def note_failure(
        self, connection: AsyncConnection, opened: OpenedSecret, failure: Failure, holder: str
    ) -> bool:
        """Remember that the holder's refresh of `opened` failed, and give the right to it back.

        False when it has no right any more: the secret was replaced, or another process took over.
        """
        done = await connection.execute(
            update(credentials)
            .where(_is(opened), credentials.c.lease == holder)
            .values(failure=failure, failed_at=self._clock.now(), lease=None, leased_until=None)
        )
        return done.rowcount == 1

    async def replace(self, opened: OpenedSecret, secret: ConnectorSecret) -> OpenedSecret | None:
        """Store `secret` in place of `opened`, and give back what counts from now on.

        That is another one when somebody replaced `opened` first, and None when the connector was deleted.
        """
        sealed = await self.seal(
            secret,
            connector_id=opened.connector_id,
            workspace_id=opened.workspace_id,
            supplied_by=opened.supplied_by,
        )
        async with self._database.write() as connection:
            await connection.execute(
                update(credentials)
                .where(_is(opened))
                .values(
                    generation=opened.generation + 1,
                    grant_hash=sealed.grant_hash,
                    sealed=sealed.envelope,
                    expires_at=sealed.expires_at,
                    updated_at=self._clock.now(),
                    **_AT_REST,
                )
            )
        return await self.reload(opened.connector_id)

    async def erase(self, connection: AsyncConnection, connector_id: str) -> None:
        """Destroy a connector's secret."""
        await connection.execute(delete(credentials).where(credentials.c.connector_id == connector_id))

    async def shred(self, connection: AsyncConnection, workspace_id: str) -> None:
        """Destroy the key of a workspace that is deleted in this transaction; then `scrub`."""
        await self._sealer.shred(connection, workspace_id)

    async def scrub(self) -> None:
        """Remove what destroyed keys left behind in the database's files."""
        await self._database.scrub(data_keys)

    def forget(self, connector_id: str) -> None:
        """Drop what memory holds, after a transaction that erased or overwrote the secret."""
        self._opened.drop(connector_id)

    async def is_shared(self, secret: ConnectorSecret) -> bool:
        """Whether some connector still holds the same grant."""
        grant_hash = self._sealer.keyed_hash("grant", grant_of(secret))
        query = select(credentials.c.connector_id).where(credentials.c.grant_hash == grant_hash).limit(1)
        async with self._database.read() as connection:
            return await connection.scalar(query) is not None


def _is(opened: OpenedSecret) -> ColumnElement[bool]:
    return (credentials.c.connector_id == opened.connector_id) & (credentials.c.generation == opened.generation)


def _identity(workspace_id: str, connector_id: str) -> str:
    return identity_of(credentials.c.sealed, workspace_id=workspace_id, connector_id=connector_id)
