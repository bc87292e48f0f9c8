"""`hubspot-agent restore`."""

from pathlib import Path
from typing import Annotated

import typer

from airbyte_agent_server.backups.restore import Restorer
from airbyte_agent_server.commands.backup import read_passphrase
from airbyte_agent_server.commands.session import Config, Exit, parts, run, settings_of, show
from airbyte_agent_server.settings import make_data_dir
from airbyte_agent_server.vault.key_ring import KeyRingSource
from airbyte_agent_server.vault.rotation import KeyRotation

app = typer.Typer(pretty_exceptions_show_locals=False)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    *,
    passphrase_file: Annotated[
        Path | None, typer.Option(help="File with the passphrase of the backup; else it is asked for.")
    ] = None,
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="The backup has no keys: its master key must be known here.")
    ] = False,
    config: Config = None,
) -> None:
    """Fill an empty database from a backup, then open everything in it once.

    The backup may come from the other kind of database, and from an older version.
    """
    passphrase = None if without_keys else read_passphrase(passphrase_file, confirm=False)

    async def work() -> dict[str, object]:
        settings = settings_of(config)
        make_data_dir(settings)
        async with parts(settings) as core:
            ring = KeyRingSource(settings.master_key, settings.other_master_keys, settings.data_dir, core.ids)
            contents = await Restorer(core.database, ring.read).restore(file, passphrase=passphrase)
            await core.sealer.unlock()
            checked = await KeyRotation(core.database, core.sealer, clock=core.clock).check()
            return {
                "made_at": contents.created_at.replace("+00:00", "Z"),
                "rows": contents.rows,
                "opened": checked.rows,
                "worthless": checked.worthless,
                "broken": list(checked.broken),
            }

    result = run(work())
    show(result)
    if result["broken"]:
        raise typer.Exit(Exit.FAILED)
