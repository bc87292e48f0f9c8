"""The secrets of connectors: sealed in the database, opened in memory for as long as they count."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from airbyte_agent_server.bounded import BoundedCache
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import credentials
from airbyte_agent_server.ports import Clock
from airbyte_agent_server.vault.sealer import EnvelopeSealer
from airbyte_agent_server.vault.secrets import ConnectorSecret, decode_secret, encode_secret, grant_of

SuppliedBy = Literal["caller", "consent"]
"""`caller`: handed over in a request, so perhaps used elsewhere too; `consent`: obtained by our OAuth flow."""

_CACHED_SECRETS = 10_000
_CACHE_LIFE_S = 20.0


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A secret ready to be stored with its connector."""

    connector_id: str
    workspace_id: str
    supplied_by: SuppliedBy
    grant_hash: str
    envelope: bytes


@dataclass(frozen=True, slots=True)
class OpenedSecret:
    """A connector's secret; `generation` grows with each refresh and replacement."""

    connector_id: str
    workspace_id: str
    supplied_by: SuppliedBy
    generation: int
    secret: ConnectorSecret


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
        return SealedSecret(connector_id, workspace_id, supplied_by, grant_hash, envelope)

    async def insert(self, connection: AsyncConnection, sealed: SealedSecret) -> None:
        """Store the secret of a new connector, in the transaction that stores the connector."""
        await connection.execute(
            credentials.insert().values(
                connector_id=sealed.connector_id,
                workspace_id=sealed.workspace_id,
                generation=1,
                supplied_by=sealed.supplied_by,
                grant_hash=sealed.grant_hash,
                sealed=sealed.envelope,
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
                sealed=sealed.envelope,
                updated_at=self._clock.now(),
            )
        )

    async def open(self, connector_id: str) -> OpenedSecret | None:
        """The secret, from memory if it was opened lately; None when the connector has none any more."""
        return self._opened.get(connector_id) or await self.reload(connector_id)

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
        opened = OpenedSecret(connector_id, row.workspace_id, row.supplied_by, row.generation, decode_secret(plaintext))
        self._opened.put(connector_id, opened, drops=drops)
        return opened

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
                .where(
                    credentials.c.connector_id == opened.connector_id,
                    credentials.c.generation == opened.generation,
                )
                .values(
                    generation=opened.generation + 1,
                    grant_hash=sealed.grant_hash,
                    sealed=sealed.envelope,
                    updated_at=self._clock.now(),
                )
            )
        return await self.reload(opened.connector_id)

    async def erase(self, connection: AsyncConnection, connector_id: str) -> None:
        """Destroy a connector's secret."""
        await connection.execute(delete(credentials).where(credentials.c.connector_id == connector_id))

    def forget(self, connector_id: str) -> None:
        """Drop what memory holds, after a transaction that erased or overwrote the secret."""
        self._opened.drop(connector_id)

    async def is_shared(self, secret: ConnectorSecret) -> bool:
        """Whether some connector still holds the same grant."""
        grant_hash = self._sealer.keyed_hash("grant", grant_of(secret))
        query = select(credentials.c.connector_id).where(credentials.c.grant_hash == grant_hash).limit(1)
        async with self._database.read() as connection:
            return await connection.scalar(query) is not None


def _identity(workspace_id: str, connector_id: str) -> str:
    return f"connector:{workspace_id}:{connector_id}"
