"""`hubspot-agent revoke`."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from airbyte_agent_server.commands.session import Config, Exit, opened, plain, run, say, settings_of, show
from airbyte_agent_server.core import build_connectors
from airbyte_agent_server.revocation import Receipt, Revoker, Scope

app = typer.Typer(pretty_exceptions_show_locals=False)


@app.command()
def revoke(
    organization: Annotated[
        str | None, typer.Option("--organization", metavar="ID", help="All of it, or whose workspace.")
    ] = None,
    workspace: Annotated[str | None, typer.Option(help="A workspace, by its name.")] = None,
    connector: Annotated[str | None, typer.Option("--connector", metavar="ID", help="One connector.")] = None,
    *,
    revoke_upstream: Annotated[
        bool, typer.Option("--revoke-upstream", help="Also take the grants back at HubSpot.")
    ] = False,
    receipt: Annotated[Path | None, typer.Option(help="Where the receipt goes; by default into this folder.")] = None,
    config: Config = None,
) -> None:
    """Erase credentials at once, stop tokens within 30 seconds, and write a receipt.

    A workspace is switched off, an organization disabled; their connectors are deleted.
    """
    if (connector is None) == (organization is None and workspace is None):
        raise typer.BadParameter("name --connector, or --workspace, or --organization, or the last two together.")

    async def work() -> Receipt:
        async with opened(settings_of(config), unlock=True) as core:
            revoker = Revoker(core.database, build_connectors(core), clock=core.clock)
            done = await revoker.receipt(Scope(organization, workspace, connector), upstream=revoke_upstream)
            file = receipt or Path(f"revocation-{done.started_at:%Y%m%dT%H%M%SZ}.json")
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # before anything is done
            try:
                await revoker.run(done)
            finally:
                with os.fdopen(descriptor, "w", encoding="utf-8") as written:
                    json.dump(plain(done), written, indent=2, default=plain)
                say(f"Receipt: {file}")
            return done

    done = run(work())
    show(done)
    if done.failures:
        raise typer.Exit(Exit.FAILED)
