"""Opens the database and hands out transactions."""

import socket
import sqlite3
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Table, event, text
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from airbyte_agent_server.problems import ProblemError

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
_FILE_POOL = {"pool_size": 3, "max_overflow": 12}
"""A connection to SQLite is a thread with a cache of its own, and only one of them writes at a time."""
_CACHE = "cache_size=-512"  # KiB for each connection
_WRITES = "server_writes"
_SQLITE_OUTAGES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_NOTADB,
    }
)
_POSTGRESQL_OUTAGES = frozenset({"28000", "28P01", "3D000", "53300", "57P03"})
"""No such role, a wrong password, no such database, too many connections, and a start that is not over."""


class OutageError(ProblemError):
    """The database does not answer. As text it is for operators; callers get `message`, which names no address."""

    def __init__(self, url: URL, reason: str) -> None:
        super().__init__("unavailable", "The server's database does not answer: try again.", retry_after_s=2)
        self._url = url
        self._reason = reason

    def __str__(self) -> str:
        url = self._url
        if url.get_backend_name() == "sqlite":
            return (
                f"The server's database {url.database} does not answer ({self._reason}). Let the server's user write "
                "there, or set AGENT_SERVER_DATA_DIR or AGENT_SERVER_DATABASE_URL to another place."
            )
        shown = URL.create("postgresql", host=url.host, port=url.port, database=url.database)
        return (
            f"The server's database {shown} does not answer ({self._reason}). "
            "Check AGENT_SERVER_DATABASE_URL, and that the database runs."
        )


class Database:
    """One database, of either kind. A transaction ends with its `async with` block."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads."""
        with _outages_named(self.engine.url):
            async with self.engine.begin() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write. It commits at the end and rolls back on an error.

        SQLite has one writer at a time: never open one inside another, nor await anything but SQL in it.
        """
        with _outages_named(self.engine.url):
            async with self.engine.connect() as connection:
                await connection.execution_options(**{_WRITES: True})
                async with connection.begin():
                    yield connection

    async def only_writer_of(self, connection: AsyncConnection, table: Table) -> None:
        """Let no other transaction write to `table` until this one ends; SQLite has one writer anyway."""
        if self.engine.dialect.name == "postgresql":
            await connection.execute(text(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE"))

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that reads all tables as they were at one instant, while others write."""
        with _outages_named(self.engine.url):
            async with self.engine.connect() as connection:
                if self.engine.dialect.name == "postgresql":
                    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
                    await connection.execution_options(**options)
                async with connection.begin():
                    yield connection

    async def erase_behind(self, connection: AsyncConnection) -> None:
        """Let what this transaction deletes be overwritten on the disk, as far as the database can; then `scrub`."""
        if self.engine.dialect.name == "sqlite":
            await connection.execute(text("PRAGMA secure_delete=ON"))

    async def scrub(self, table: Table) -> None:
        """Remove what deleted rows of `table` left behind in the database's files."""
        with _outages_named(self.engine.url):
            async with self.engine.connect() as connection:
                if self.engine.dialect.name == "sqlite":
                    raw: Any = (await connection.get_raw_connection()).driver_connection  # it wants no transaction
                    await (await raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")).close()
                else:
                    await connection.execution_options(isolation_level="AUTOCOMMIT")
                    await connection.execute(text(f"VACUUM {table.name}"))

    def connections(self) -> dict[str, float]:
        """How many connections are open, those in use apart."""
        pool = self.engine.pool
        if not isinstance(pool, QueuePool):
            return {}
        return {"idle": pool.checkedin(), "used": pool.checkedout()}

    @property
    def file(self) -> Path | None:
        """Where SQLite keeps it; None for PostgreSQL, and for a database in memory."""
        url = self.engine.url
        if url.get_backend_name() != "sqlite" or url.database in {None, "", ":memory:"}:
            return None
        return Path(str(url.database))

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


def open_database(url: str) -> Database:
    """The database at `url`, `sqlite:///path` or `postgresql://...`. Nothing connects yet."""
    parsed = make_url(url)
    embedded = parsed.get_backend_name() == "sqlite"
    engine = create_async_engine(
        _async_url(parsed),
        pool_pre_ping=not embedded,
        **(_FILE_POOL if embedded and parsed.database not in {None, ":memory:"} else {}),
        hide_parameters=True,  # errors with their values would reach the log
    )
    if embedded:
        event.listen(engine.sync_engine, "connect", _set_up_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return Database(engine)


def _async_url(url: URL) -> URL:
    return url.set(drivername=_DRIVERS[url.get_backend_name()])


def _set_up_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions begin where _begin_sqlite says, not where sqlite3 guesses
    connection.create_function("from_base64", 1, b64decode, deterministic=True)  # PostgreSQL has its own
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000", _CACHE):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later cannot wait for another writer: it fails at once.
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _outages_named(url: URL) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if not _is_of_the_network(error):
            raise
        raise OutageError(url, str(error) or "it did not answer in time") from error
    except DBAPIError as error:
        if error.connection_invalidated or isinstance(error, InterfaceError) or _is_outage(error.orig):
            raise OutageError(url, str(error.orig)) from error
        raise


def _is_of_the_network(error: OSError) -> bool:
    # A socket that is missing or closed to us has no file name in its error; a file that is, has.
    socket_file = isinstance(error, FileNotFoundError | PermissionError) and error.filename is None
    return socket_file or isinstance(error, ConnectionError | TimeoutError | socket.gaierror)


def _is_outage(cause: object) -> bool:
    # SQLite calls a misspelt table an operational error too: only its own code tells.
    if isinstance(cause, sqlite3.DatabaseError):
        return (getattr(cause, "sqlite_errorcode", 0) & 0xFF) in _SQLITE_OUTAGES
    return getattr(cause, "sqlstate", None) in _POSTGRESQL_OUTAGES
