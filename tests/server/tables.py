"""The server's tables, made at once: those that all migrations lead to, which tests/server/test_schema.py compares."""

import sqlite3
from functools import cache

import asyncpg
from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.schema import CreateIndex, CreateTable

from airbyte_agent_server.db.schema import HEAD
from airbyte_agent_server.db.tables import metadata


async def make_tables(url: str) -> None:
    """Make the tables of the newest version in an empty database."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        connection = sqlite3.connect(parsed.database or "")
        connection.executescript(f"PRAGMA synchronous=OFF; BEGIN; {_statements(sqlite.dialect)} COMMIT;")
        connection.close()
        return
    opened = await asyncpg.connect(url)
    await opened.execute(_statements(postgresql.dialect))
    await opened.close()


@cache
def _statements(dialect: type[Dialect]) -> str:
    parts = [
        (
            "CREATE TABLE alembic_version "
            "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
        ),
        f"INSERT INTO alembic_version VALUES ('{HEAD}')",  # noqa: S608  # our own constant
    ]
    for table in metadata.sorted_tables:
        parts.append(str(CreateTable(table).compile(dialect=dialect())))
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        parts += [str(CreateIndex(index).compile(dialect=dialect())) for index in indexes]
    return "".join(f"{part};\n" for part in parts)
