"""Opens the database and hands out transactions."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from sqlalchemy import Table, event, text
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from airbyte_agent_server.problems import ProblemError

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
_WRITES = "server_writes"
_SQLITE_OUTAGES = frozenset(
    {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL}
)


class Database:
    """One database, of either kind. A transaction ends with its `async with` block."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads."""
        with _outages_named():
            async with self.engine.begin() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write. It commits at the end and rolls back on an error.

        SQLite has one writer at a time: never open one inside another, nor await anything but SQL in it.
        """
        with _outages_named():
            async with self.engine.connect() as connection:
                await connection.execution_options(**{_WRITES: True})
                async with connection.begin():
                    yield connection

    async def only_writer_of(self, connection: AsyncConnection, table: Table) -> None:
        """Let no other transaction write to `table` until this one ends; SQLite has one writer anyway."""
        if self.engine.dialect.name == "postgresql":
            await connection.execute(text(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE"))

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


def open_database(url: str) -> Database:
    """The database at `url`, `sqlite:///path` or `postgresql://...`. Nothing connects yet."""
    parsed = make_url(url)
    engine = create_async_engine(
        _async_url(parsed),
        pool_pre_ping=parsed.get_backend_name() != "sqlite",
        hide_parameters=True,  # errors with their values would reach the log
    )
    if parsed.get_backend_name() == "sqlite":
        event.listen(engine.sync_engine, "connect", _set_up_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return Database(engine)


def _async_url(url: URL) -> URL:
    return url.set(drivername=_DRIVERS[url.get_backend_name()])


def _set_up_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions begin where _begin_sqlite says, not where sqlite3 guesses
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later cannot wait for another writer: it fails at once.
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _outages_named() -> Iterator[None]:
    try:
        yield
    except ConnectionError as error:
        raise _unavailable() from error
    except DBAPIError as error:
        if error.connection_invalidated or isinstance(error, InterfaceError) or _is_sqlite_outage(error):
            raise _unavailable() from error
        raise


def _is_sqlite_outage(error: DBAPIError) -> bool:
    # SQLite calls a misspelt table an operational error too: only its own code tells.
    cause = error.orig
    return isinstance(cause, sqlite3.OperationalError) and (cause.sqlite_errorcode & 0xFF) in _SQLITE_OUTAGES


def _unavailable() -> ProblemError:
    return ProblemError("unavailable", "The server's database does not answer: try again.", retry_after_s=2)
