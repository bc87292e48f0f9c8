"""Changes keys while the server serves, on as many processes as there are. Whatever is cut short goes on when repeated.

Master key: every data key is wrapped anew; what it seals stays as it is. Data keys: every owner gets a new one, then
whatever was sealed under the old one is sealed anew, row by row; readers open either. A retired key is destroyed once
nothing is sealed under it and every process must have noticed.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Column, LargeBinary, Row, Table, func, select, update

from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import data_keys, metadata
from airbyte_agent_server.db.types import Sealed, identity_of
from airbyte_agent_server.ports import Clock, SealBrokenError
from airbyte_agent_server.vault.data_keys import STANDING_LIFE_S
from airbyte_agent_server.vault.master_key import DataKeyName
from airbyte_agent_server.vault.sealer import HEAD_BYTES, EnvelopeSealer, key_id_of

GRACE_S = 60.0
"""From the retirement of a key to its destruction: no process seals with it any more, nor holds what it sealed."""
_BATCH = 100

if GRACE_S <= 2 * STANDING_LIFE_S:
    raise ValueError("a retired data key must outlive what processes remember")


@dataclass(frozen=True, slots=True)
class Resealed:
    """What was sealed anew. `broken` are the rows whose envelope does not open, as `table/key`."""

    rows: int
    broken: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """What opens, what does not, as `table/key`, and how many rows lost their key when a workspace was deleted."""

    rows: int
    broken: tuple[str, ...]
    worthless: int


def sealed_columns() -> list[tuple[Table, Column[Any]]]:
    """Every column that holds envelopes."""
    return [
        (table, column)
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Sealed)
    ]


class KeyRotation:
    """Rotates the keys of one database. The vault must be unlocked."""

    def __init__(self, database: Database, sealer: EnvelopeSealer, *, clock: Clock) -> None:
        self._database = database
        self._sealer = sealer
        self._keys = sealer.keys
        self._clock = clock

    async def rewrap(self) -> int:
        """Wrap every data key under the current master key; how many were not."""
        done = 0
        while rows := await self._foreign():
            for row in rows:
                name = DataKeyName(row.id, row.owner)
                data_key = await (await self._keys.master_of(row.master_key_id)).unwrap(row.wrapped, name=name)
                current = self._keys.ring.current
                wrapped = await current.wrap(data_key, name=name)
                async with self._database.write() as connection:
                    await self._database.erase_behind(connection)
                    await connection.execute(
                        update(data_keys)
                        .where(data_keys.c.id == row.id, data_keys.c.wrapped == row.wrapped)
                        .values(wrapped=wrapped, master_key_id=current.id)
                    )
                done += 1
        await self._database.scrub(data_keys)
        return done

    async def count_foreign(self) -> int:
        """How many data keys the current master key does not wrap."""
        current = self._keys.ring.current.id
        query = select(func.count()).where(data_keys.c.master_key_id != current, data_keys.c.wrapped.is_not(None))
        async with self._database.read() as connection:
            return await connection.scalar(query) or 0

    async def _foreign(self) -> Sequence[Row[tuple[object, ...]]]:
        ring = await self._keys.reload_ring()
        query = select(data_keys).where(data_keys.c.master_key_id != ring.current.id, data_keys.c.wrapped.is_not(None))
        async with self._database.read() as connection:
            return (await connection.execute(query.order_by(data_keys.c.id).limit(_BATCH))).all()

    async def renew_data_keys(self) -> int:
        """Give every owner a new data key; how many."""
        query = select(data_keys.c.owner).where(data_keys.c.retired_at.is_(None), data_keys.c.wrapped.is_not(None))
        async with self._database.read() as connection:
            owners = (await connection.scalars(query.order_by(data_keys.c.owner))).all()
        for owner in owners:
            await self._keys.replace(owner)
        return len(owners)

    async def reseal(self) -> Resealed:
        """Seal anew whatever is sealed under a retired key, until nothing is."""
        rows, broken, again = 0, set[str](), True
        while again:
            retired, again = await self._retired(), False
            for owner in set(retired.values()):
                self._keys.forget(owner)  # another rotation may have retired what this process seals with
            for table, column in sealed_columns():
                async for batch in self._batches(table, column):
                    found = [row for row in batch if _is_under(row[column.name], retired)]
                    done, failed = await self._reseal(table, column, found, retired)
                    rows += done
                    again = again or done > 0
                    broken |= failed
        return Resealed(rows, tuple(sorted(broken)))

    async def _retired(self) -> dict[str, str]:
        query = select(data_keys.c.id, data_keys.c.owner).where(data_keys.c.retired_at.is_not(None))
        async with self._database.read() as connection:
            return {row.id: row.owner for row in (await connection.execute(query)).all()}

    async def _batches(self, table: Table, column: Column[Any]) -> AsyncIterator[list[dict[str, Any]]]:
        [key] = table.primary_key.columns
        last: object = None
        while True:
            query = select(table).where(column.is_not(None)).order_by(key).limit(_BATCH)
            if last is not None:
                query = query.where(key > last)
            async with self._database.read() as connection:
                batch = [dict(row) for row in (await connection.execute(query)).mappings()]
            if not batch:
                return
            yield batch
            last = batch[-1][key.name]

    async def _reseal(
        self, table: Table, column: Column[Any], rows: Sequence[dict[str, Any]], retired: dict[str, str]
    ) -> tuple[int, set[str]]:
        [key] = table.primary_key.columns
        fresh, broken = list[tuple[object, object, object]](), set[str]()
        for row in rows:
            envelope = row[column.name]
            identity = _identity_of(column, row)
            try:
                plaintext = await self._sealer.open(envelope, identity=identity)
            except SealBrokenError:
                broken.add(f"{table.name}/{row[key.name]!s}")
                continue
            owner = retired[key_id_of(envelope)]
            anew = await self._sealer.seal(plaintext, owner=owner, identity=identity)
            fresh.append((row[key.name], envelope, anew))
        done = 0
        if fresh:
            async with self._database.write() as connection:
                for identifier, old, new in fresh:
                    # Whoever stored another envelope in the meantime wins.
                    unchanged = update(table).where(key == identifier, column == old)
                    done += (await connection.execute(unchanged.values({column.name: new}))).rowcount
        return done, broken

    async def check(self) -> Opened:
        """Open whatever is sealed, and change nothing."""
        rows, worthless, broken = 0, 0, set[str]()
        for table, column in sealed_columns():
            [key] = table.primary_key.columns
            async for batch in self._batches(table, column):
                for row in batch:
                    envelope = row[column.name]
                    try:
                        if await self._keys.find(key_id_of(envelope)) is None:
                            worthless += 1
                            continue
                        await self._sealer.open(envelope, identity=_identity_of(column, row))
                    except SealBrokenError:
                        broken.add(f"{table.name}/{row[key.name]!s}")
                    else:
                        rows += 1
        return Opened(rows, tuple(sorted(broken)), worthless)

    async def destroy_retired(self) -> int:
        """Destroy the retired keys that nothing is sealed under and that no process can still use; how many."""
        before = self._clock.now() - timedelta(seconds=GRACE_S)
        destroyed = await self._keys.destroy_retired(before=before, used=await self.used())
        await self._database.scrub(data_keys)
        return destroyed

    async def used(self) -> frozenset[str]:
        """The ids of the data keys that something is sealed under."""
        found = set[str]()
        async with self._database.snapshot() as connection:
            for _, column in sealed_columns():
                head = func.substr(column, 1, HEAD_BYTES, type_=LargeBinary)
                heads = (await connection.scalars(select(head).where(column.is_not(None)).distinct())).all()
                found |= {key_id_of(head) for head in heads if len(head) == HEAD_BYTES}
        return frozenset(found)


def _identity_of(column: Column[Any], row: dict[str, Any]) -> str:
    return identity_of(column, **{name: str(value) for name, value in row.items()})


def _is_under(envelope: bytes, keys: dict[str, str]) -> bool:
    try:
        return key_id_of(envelope) in keys
    except SealBrokenError:
        return False
