"""`hubspot-agent serve`."""

from pathlib import Path
from typing import Annotated

import typer

from airbyte_agent_server.__main__ import main
from airbyte_agent_server.commands.session import Config

app = typer.Typer(pretty_exceptions_show_locals=False)


@app.command()
def serve(
    config: Config = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 lets the system choose.")] = None,
) -> None:
    """Serve until stopped."""
    given = {"--host": host, "--port": port}
    options = [part for name, value in given.items() if value is not None for part in (name, str(value))]
    raise typer.Exit(main([*_config(config), "serve", *options]))


def _config(config: Path | None) -> list[str]:
    return [] if config is None else ["--config", str(config)]
