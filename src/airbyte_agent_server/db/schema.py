"""Brings the database to the tables this version needs."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from airbyte_agent_server.db.engine import Database

HEAD = "0015"
"""The newest migration; a test compares it with the folder."""

_LOCK_NAME = 4_702_111_234
_FOLDER = Path(__file__).parent / "migrations"


class SchemaError(Exception):
    """The database's tables are not ones this version can serve."""


async def migrate(database: Database, revision: str = HEAD) -> None:
    """Run the missing migrations, or the ones back to an older `revision`. One process at a time does it.

    Raises:
        SchemaError: a newer version of the server has been here, or there is no such `revision`.
    """
    async with database.write() as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(text("SELECT pg_advisory_xact_lock(:name)"), {"name": _LOCK_NAME})
        await connection.run_sync(_migrate, revision)


def _migrate(connection: Connection, revision: str) -> None:
    current = read_revision(connection)
    if current == revision:
        return
    if current is not None and current > HEAD:
        raise SchemaError(
            f"The database is at migration {current}, made by a newer server; this one knows up to {HEAD}. "
            "Start the newer server, or restore a backup from before the upgrade."
        )
    # Alembic takes a third of a second to import, and most starts have nothing to migrate.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER))
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    if revision not in {"base", *known}:
        raise SchemaError(f"There is no migration {revision}: they are base and {known[-1]} to {known[0]}.")
    if current is not None and (revision == "base" or current > revision):
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)


def read_revision(connection: Connection) -> str | None:
    """The migration the database is at, or None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def revision_before(revision: str | None) -> str:
    """The migration that `revision` stands on; `base` if there is none.

    Raises:
        ValueError: this version does not know `revision`.
    """
    from alembic.script import ScriptDirectory  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    if revision is None:
        return "base"
    try:
        before = ScriptDirectory(str(_FOLDER)).get_revision(revision).down_revision
    except CommandError:
        raise ValueError(f"This version knows no migration {revision}: use the version that made it.") from None
    return before if isinstance(before, str) else "base"
