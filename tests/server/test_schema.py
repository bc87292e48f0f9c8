import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from airbyte_agent_server import db
from airbyte_agent_server.db.engine import Database, open_database
from airbyte_agent_server.db.schema import HEAD, SchemaError, migrate, read_revision
from airbyte_agent_server.db.tables import metadata
from airbyte_agent_server.problems import ProblemError


def test_the_newest_migration_is_the_one_the_server_asks_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(db.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


async def test_migrations_lead_to_the_tables_in_code_and_back_to_nothing(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    def tables(connection: Connection) -> set[str]:
        return set(inspect(connection).get_table_names())

    for _ in range(2):
        await migrate(database)
        async with database.read() as connection:
            assert await connection.run_sync(differences) == []
            assert await connection.run_sync(read_revision) == HEAD
        await migrate(database, "base")
        async with database.read() as connection:
            assert await connection.run_sync(tables) == {"alembic_version"}


async def test_processes_that_start_together_migrate_once(database_url: str) -> None:
    first, second = open_database(database_url), open_database(database_url)
    await asyncio.gather(migrate(first), migrate(second))
    async with first.read() as connection:
        assert await connection.run_sync(read_revision) == HEAD
    await first.close()
    await second.close()


async def test_a_database_of_a_newer_server_is_refused(database: Database) -> None:
    await migrate(database)
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaError) as caught:
        await migrate(database)
    assert "Start the newer server" in str(caught.value)


async def test_a_database_that_is_away_is_named_unavailable() -> None:
    database = open_database("postgresql://nobody@127.0.0.1:9/none")
    with pytest.raises(ProblemError) as caught:
        await migrate(database)
    assert caught.value.type.code == "unavailable"
    await database.close()


async def test_a_mistake_in_a_statement_is_not_called_an_outage(database: Database) -> None:
    with pytest.raises(Exception, match=r"no_such_table") as caught:
        async with database.write() as connection:
            await connection.execute(text("INSERT INTO no_such_table VALUES (1)"))
    assert not isinstance(caught.value, ProblemError)
