"""`hubspot-agent migrate`."""

from typing import Annotated

import typer

from airbyte_agent_server.commands.session import Config, Exit, run, settings_of, show
from airbyte_agent_server.db.engine import open_database
from airbyte_agent_server.db.schema import HEAD, migrate, read_revision, revision_before
from airbyte_agent_server.settings import make_data_dir

app = typer.Typer(pretty_exceptions_show_locals=False)


@app.command(name="migrate")
def migrate_database(
    *,
    to: Annotated[str | None, typer.Option("--to", metavar="REVISION", help="Where to stop; `base` drops all.")] = None,
    back: Annotated[bool, typer.Option("--back", help="Undo the newest migration; stop the server first.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; end with 1 if some are missing.")] = False,
    config: Config = None,
) -> None:
    """Bring the database's tables to what this version needs, or back to what an older one needs."""

    async def work() -> dict[str, str | None]:
        settings = settings_of(config)
        make_data_dir(settings)
        database = open_database(settings.effective_database_url)
        try:
            async with database.read() as connection:
                before = await connection.run_sync(read_revision)
            if not check:
                await migrate(database, to or (revision_before(before) if back else HEAD))
            async with database.read() as connection:
                return {"before": before, "now": await connection.run_sync(read_revision), "newest": HEAD}
        finally:
            await database.close()

    if (to is not None) + back + check > 1:
        raise typer.BadParameter("--to, --back and --check exclude each other.")
    result = run(work())
    show(result)
    if check and result["now"] != HEAD:
        raise typer.Exit(Exit.FAILED)
