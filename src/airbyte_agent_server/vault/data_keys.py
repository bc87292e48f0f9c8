"""Data keys: one for each owner (a workspace, or the server itself) that seals, and retired ones that still open."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Row, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from airbyte_agent_server.bounded import BoundedCache
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import data_keys
from airbyte_agent_server.ports import Clock, IdSource, SealBrokenError
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.vault.cipher import KEY_BYTES
from airbyte_agent_server.vault.key_ring import KeyRing, ReadKeyRing
from airbyte_agent_server.vault.master_key import DataKeyName, MasterKey, MasterKeyError

SERVER = "server"
"""Owner of what belongs to no workspace."""

STANDING_LIFE_S = 20.0
"""For so long a process may seal with a key that was retired, and open with one that was destroyed."""
_UNWRAPPED_LIFE_S = 3600.0
_CACHED_KEYS = 10_000


@dataclass(frozen=True, slots=True)
class DataKey:
    """A data key, unwrapped."""

    id: str
    key: bytes = field(repr=False)


class DataKeys:
    """Makes, finds, retires and destroys data keys. Unwrapped ones are in memory only."""

    def __init__(self, database: Database, read_ring: ReadKeyRing, *, clock: Clock, ids: IdSource) -> None:
        self._database = database
        self._read_ring = read_ring
        self._clock = clock
        self._ids = ids
        self._ring: KeyRing | None = None
        self._hash_key: DataKey | None = None
        self._unwrapped: BoundedCache[str, DataKey] = BoundedCache(
            size=_CACHED_KEYS, life_s=_UNWRAPPED_LIFE_S, clock=clock
        )
        self._standing: BoundedCache[str, bool] = BoundedCache(size=_CACHED_KEYS, life_s=STANDING_LIFE_S, clock=clock)
        self._current: BoundedCache[str, str] = BoundedCache(size=_CACHED_KEYS, life_s=STANDING_LIFE_S, clock=clock)

    async def unlock(self) -> None:
        """Read the master keys, and make or open the server's own data key with them.

        Raises:
            MasterKeyError: there is no master key, or a data key was wrapped by another one.
        """
        query = select(data_keys.c.master_key_id).where(data_keys.c.wrapped.is_not(None)).distinct()
        async with self._database.read() as connection:
            used = (await connection.scalars(query)).all()
        ring = self._ring = await self._read_ring(not used)
        unknown = sorted(key_id for key_id in used if ring.find(key_id) is None)
        if unknown:
            raise MasterKeyError(
                f"The master key in {ring.current.origin} (id {ring.current.id}) does not open this database: "
                f"data keys in it are wrapped by {' and '.join(unknown)}. Start with that key, or add it to "
                "AGENT_SERVER_OTHER_MASTER_KEYS."
            )
        try:
            await self.current(SERVER)
            self._hash_key = await self._first_of_server()
        except SealBrokenError:
            raise MasterKeyError(
                f"The master key in {ring.current.origin} (id {ring.current.id}) does not open this database: "
                "the wrapped keys in it were altered. Restore a backup."
            ) from None

    async def read_ring(self) -> KeyRing:
        """The master keys that were given, read for a database in which nothing is sealed yet.

        Raises:
            MasterKeyError: one of them cannot be used.
        """
        return await self._read_ring(True)

    @property
    def ring(self) -> KeyRing:
        """The master keys, as they were read last."""
        if self._ring is None:
            raise SealBrokenError("The vault is locked: the server has not started yet.")
        return self._ring

    @property
    def hash_key(self) -> bytes:
        """The key of keyed hashes: the server's first data key, which is never destroyed."""
        if self._hash_key is None:
            raise SealBrokenError("The vault is locked: the server has not started yet.")
        return self._hash_key.key

    async def current(self, owner: str) -> DataKey:
        """The key that seals for `owner`, made if there is none. Perhaps one that was retired some seconds ago.

        Raises:
            ProblemError: `workspace_inactive`: the owner's key was destroyed.
        """
        _ = self.ring  # raises while the vault is locked
        known = self._current.get(owner)
        key = None if known is None else await self.find(known)
        while key is None:
            drops = self._current.drops
            row = await self._row((data_keys.c.owner == owner) & data_keys.c.retired_at.is_(None))
            if row is None:
                await self._create(owner)
            elif row.wrapped is None:
                raise ProblemError("workspace_inactive", "The workspace was deleted, and its key destroyed.")
            else:
                key = await self._opened(row)
                self._current.put(owner, row.id, drops=drops)
        return key

    async def find(self, key_id: str) -> DataKey | None:
        """The key with that id; None when it was destroyed."""
        key = self._unwrapped.get(key_id)
        if key is not None and self._standing.get(key_id):
            return key
        row = await self._row(data_keys.c.id == key_id)
        if row is None or row.wrapped is None:
            self._unwrapped.drop(key_id)
            return None
        return await self._opened(row)

    async def _opened(self, row: Row[tuple[object, ...]]) -> DataKey:
        drops = self._unwrapped.drops, self._standing.drops
        key = self._unwrapped.get(row.id)
        if key is None:
            master = await self.master_of(row.master_key_id)
            key = DataKey(row.id, await master.unwrap(row.wrapped, name=DataKeyName(row.id, row.owner)))
            self._unwrapped.put(row.id, key, drops=drops[0])
        self._standing.put(row.id, True, drops=drops[1])
        return key

    async def master_of(self, master_key_id: str) -> MasterKey:
        """The master key with that id. Keys that were added to the key file since the start are found.

        Raises:
            SealBrokenError: it is not known here.
        """
        found = self.ring.find(master_key_id) or (await self.reload_ring()).find(master_key_id)
        if found is None:
            raise SealBrokenError(f"A data key is wrapped by master key {master_key_id}, which is not known here.")
        return found

    async def reload_ring(self) -> KeyRing:
        """The master keys as they are now."""
        ring = self._ring = await self._read_ring(False)
        return ring

    async def _row(self, wanted: ColumnElement[bool]) -> Row[tuple[object, ...]] | None:
        async with self._database.read() as connection:
            row: Row[tuple[object, ...]] | None = (
                await connection.execute(select(data_keys).where(wanted))
            ).one_or_none()
        return row

    async def _first_of_server(self) -> DataKey:
        query = select(data_keys).where(data_keys.c.owner == SERVER).order_by(data_keys.c.created_at, data_keys.c.id)
        async with self._database.read() as connection:
            row = (await connection.execute(query.limit(1))).one()
        return await self._opened(row)

    async def _create(self, owner: str) -> None:
        values = await self._fresh(owner)
        try:
            async with self._database.write() as connection:
                await connection.execute(data_keys.insert().values(values))
        except IntegrityError:
            pass  # another request made the owner's key in the meantime; that one counts

    async def _fresh(self, owner: str) -> dict[str, object]:
        ring = await self.reload_ring()  # the current master key may have changed since
        key_id, master = self._ids.new_id(), ring.current
        wrapped = await master.wrap(self._ids.random_bytes(KEY_BYTES), name=DataKeyName(key_id, owner))
        return {
            "id": key_id,
            "owner": owner,
            "master_key_id": master.id,
            "wrapped": wrapped,
            "created_at": self._clock.now(),
        }

    async def replace(self, owner: str) -> None:
        """Give the owner a new key that seals; the one before is retired. Nothing happens if it has none."""
        now = self._clock.now()
        current = (data_keys.c.owner == owner, data_keys.c.retired_at.is_(None), data_keys.c.wrapped.is_not(None))
        values = await self._fresh(owner)
        async with self._database.write() as connection:
            retired = await connection.execute(update(data_keys).where(*current).values(retired_at=now))
            if retired.rowcount == 1:
                await connection.execute(data_keys.insert().values(values))
        self._current.drop(owner)

    async def destroy(self, connection: AsyncConnection, owner: str) -> None:
        """Make all that was sealed for `owner` worthless, in the transaction that deletes the owner.

        A row without a key remains, so that the owner never gets another. Call `forget` afterwards.
        """
        await self._database.erase_behind(connection)
        own = data_keys.c.owner == owner
        await connection.execute(delete(data_keys).where(own, data_keys.c.retired_at.is_not(None)))
        now = self._clock.now()
        gone: dict[str, object] = {"wrapped": None, "destroyed_at": now}
        if (await connection.execute(update(data_keys).where(own).values(gone))).rowcount == 0:
            values = {"id": self._ids.new_id(), "owner": owner, "master_key_id": "", "created_at": now, **gone}
            await connection.execute(data_keys.insert().values(values))

    def forget(self, owner: str) -> None:
        """Drop what memory holds of an owner's current key."""
        key_id = self._current.get(owner)
        self._current.drop(owner)
        if key_id is not None:
            self._unwrapped.drop(key_id)

    async def destroy_retired(self, *, before: datetime, used: frozenset[str]) -> int:
        """Destroy the keys that were retired before an instant and are not `used`; how many."""
        query = select(data_keys.c.id).where(data_keys.c.retired_at <= before)
        async with self._database.write() as connection:
            await self._database.erase_behind(connection)
            doomed = set((await connection.scalars(query)).all()) - used
            if self._hash_key is not None:
                doomed.discard(self._hash_key.id)
            for key_id in sorted(doomed):
                await connection.execute(delete(data_keys).where(data_keys.c.id == key_id))
        return len(doomed)
