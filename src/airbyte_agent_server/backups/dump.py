"""Writes a backup while the server serves."""

import gzip
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select

from airbyte_agent_server.backups.format import FORMAT, encode_value, kinds_of, seal_keys
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.schema import HEAD
from airbyte_agent_server.db.tables import data_keys, metadata
from airbyte_agent_server.ports import Clock, IdSource
from airbyte_agent_server.vault.data_keys import DataKeys

_AT_ONCE = 500


@contextmanager
def _new_file(path: Path) -> Iterator[gzip.GzipFile]:
    """A file for its owner alone, on the disk at the end; none if something goes wrong."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0) as out:
                yield out
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink()
        raise


class BackupWriter:
    """Writes all tables as they are at one instant. The vault must be unlocked if the keys go along."""

    def __init__(self, database: Database, keys: DataKeys, *, clock: Clock, ids: IdSource) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._ids = ids

    async def write(self, path: Path, *, passphrase: str | None) -> dict[str, int]:
        """The numbers of rows by table. Without a passphrase the backup has no keys.

        Raises:
            FileExistsError: `path` is there already.
        """
        with _new_file(path) as out:
            return await self._write(out, passphrase)

    async def _write(self, out: gzip.GzipFile, passphrase: str | None) -> dict[str, int]:
        checksum, counted, opened = hashlib.sha256(), dict[str, int](), dict[str, bytes]()

        def put(item: dict[str, Any]) -> None:
            line = json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            checksum.update(line)
            out.write(line)

        tables = metadata.sorted_tables
        put(
            {
                "format": FORMAT,
                "revision": HEAD,
                "created_at": self._clock.now().isoformat(),
                "tables": {table.name: kinds_of(table) for table in tables},
            }
        )
        wrapped = list[str]()
        async with self._database.snapshot() as connection:
            for table in tables:
                kinds = kinds_of(table)
                rows = await connection.stream(select(table).execution_options(yield_per=_AT_ONCE))
                async for row in rows:
                    values = [encode_value(value, kind) for value, kind in zip(row, kinds.values(), strict=True)]
                    put({"t": table.name, "r": values})
                    counted[table.name] = counted.get(table.name, 0) + 1
                    if table is data_keys and row.wrapped is not None:
                        wrapped.append(row.id)
        keys = None
        if passphrase is not None:
            for key_id in wrapped:
                found = await self._keys.find(key_id)
                if found is not None:  # else it was destroyed since, and what it sealed shall not open again
                    opened[key_id] = found.key
            keys = seal_keys(opened, passphrase, checksum.digest(), self._ids)
        tail = {"end": True, "rows": counted, "sha256": checksum.hexdigest(), "keys": keys}
        out.write(json.dumps(tail).encode() + b"\n")
        return counted
