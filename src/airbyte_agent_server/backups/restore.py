"""Fills an empty database from a backup, of either kind of database and of this version or an older one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, column, func, inspect, select
from sqlalchemy import table as sketch
from sqlalchemy.ext.asyncio import AsyncConnection

from airbyte_agent_server.backups.format import BackupError, Contents, open_keys, read_contents, read_rows, type_of
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.schema import HEAD, migrate
from airbyte_agent_server.db.tables import data_keys
from airbyte_agent_server.vault.key_ring import ReadKeyRing
from airbyte_agent_server.vault.master_key import DataKeyName

_AT_ONCE = 500
_OURS = "alembic_version"


class Restorer:
    """Restores into one database. What fails leaves it empty."""

    def __init__(self, database: Database, read_ring: ReadKeyRing) -> None:
        self._database = database
        self._read_ring = read_ring

    async def restore(self, path: Path, *, passphrase: str | None) -> Contents:
        """What was restored. With a passphrase, its data keys are wrapped by the master key that is current here.

        Raises:
            BackupError: the backup cannot be read or opened, a newer server made it, or the database is not empty.
            MasterKeyError: there is no master key to wrap with.
        """
        contents = read_contents(path)
        if contents.revision > HEAD:
            raise BackupError(
                f"The backup is at migration {contents.revision}, made by a newer server; this one knows up to {HEAD}. "
                "Restore it with the newer server."
            )
        async with self._database.read() as connection:
            filled = await connection.run_sync(_filled)
        if filled:
            raise BackupError(f"The database is not empty: {', '.join(filled)} have rows. Restore into a fresh one.")
        if passphrase is None:
            await self._look_for_keys(contents)
            wrapped = dict[str, dict[str, object]]()
        else:
            wrapped = await self._wrap(contents, open_keys(contents, passphrase))
        await migrate(self._database, contents.revision)
        async with self._database.write() as connection:
            await _store(connection, contents, wrapped)
        await migrate(self._database)
        return contents

    async def _look_for_keys(self, contents: Contents) -> None:
        """Before anything is stored: what the backup's data keys are wrapped by must be known here."""
        used = {row["master_key_id"] for name, row in read_rows(contents) if name == data_keys.name and row["wrapped"]}
        ring = await self._read_ring(not used)
        unknown = sorted(key_id for key_id in used if ring.find(key_id) is None)
        if unknown:
            raise BackupError(
                f"The backup's data keys are wrapped by {' and '.join(unknown)}; known here is {ring.current.id}, in "
                f"{ring.current.origin}. Bring that master key, or restore with the passphrase."
            )

    async def _wrap(self, contents: Contents, keys: Mapping[str, bytes]) -> dict[str, dict[str, object]]:
        """What replaces the wrapping of each data key."""
        current = (await self._read_ring(True)).current
        wrapped = dict[str, dict[str, object]]()
        for name, row in read_rows(contents):
            if name == data_keys.name and row["id"] in keys:
                key = await current.wrap(keys[row["id"]], name=DataKeyName(row["id"], row["owner"]))
                wrapped[row["id"]] = {"master_key_id": current.id, "wrapped": key}
        return wrapped


async def _store(connection: AsyncConnection, contents: Contents, wrapped: Mapping[str, Mapping[str, object]]) -> None:
    pending, current = list[dict[str, Any]](), ""
    for name, row in read_rows(contents):
        if pending and (name != current or len(pending) == _AT_ONCE):
            await _insert(connection, contents, current, pending)
            pending = []
        current = name
        pending.append({**row, **wrapped.get(row["id"], {})} if name == data_keys.name else row)
    if pending:
        await _insert(connection, contents, current, pending)


async def _insert(connection: AsyncConnection, contents: Contents, name: str, rows: list[dict[str, Any]]) -> None:
    # The tables are as they were when the backup was made, which need not be as the code has them now.
    columns = [column(item, type_of(kind)) for item, kind in contents.tables[name].items()]
    await connection.execute(sketch(name, *columns).insert(), rows)


def _filled(connection: Connection) -> list[str]:
    names = [name for name in inspect(connection).get_table_names() if name != _OURS]
    counted = {name: connection.scalar(select(func.count()).select_from(sketch(name))) for name in names}
    return sorted(name for name, count in counted.items() if count)
