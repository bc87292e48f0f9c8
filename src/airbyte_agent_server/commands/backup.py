"""`hubspot-agent backup`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from airbyte_agent_server.backups.dump import BackupWriter
from airbyte_agent_server.commands.session import Config, opened, run, settings_of, show

app = typer.Typer(pretty_exceptions_show_locals=False)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where it goes; must not exist.")],
    *,
    passphrase_file: Annotated[
        Path | None, typer.Option(help="File with the passphrase that seals the keys; else it is asked for.")
    ] = None,
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="Leave the keys out: only the same master key opens the backup.")
    ] = False,
    config: Config = None,
) -> None:
    """Write all tables to a file, as they are at one instant, while the server serves.

    The rows hold sealed bytes only. The keys go along, sealed under a passphrase, so it can be restored anywhere.
    """
    passphrase = None if without_keys else read_passphrase(passphrase_file, confirm=True)

    async def work() -> dict[str, int]:
        async with opened(settings_of(config), unlock=passphrase is not None) as core:
            writer = BackupWriter(core.database, core.sealer.keys, clock=core.clock, ids=core.ids)
            return await writer.write(file, passphrase=passphrase)

    rows = run(work())
    show({"file": str(file), "keys": passphrase is not None, "rows": rows})


def read_passphrase(file: Path | None, *, confirm: bool) -> str:
    """The passphrase in the file, else from the terminal."""
    if file is None:
        try:
            asked: str = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm)
        except typer.Abort:
            if sys.stdin.isatty():
                raise
            raise typer.BadParameter(
                "There is no terminal to ask for the passphrase: give --passphrase-file."
            ) from None
        return asked
    try:
        text = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}.") from None
    if not text:
        raise typer.BadParameter(f"{file} is empty: write the passphrase into it.")
    return text
