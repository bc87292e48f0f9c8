"""`hubspot-agent`: its own options, and its commands."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads it
from typing import Annotated, Final

import typer

from ._account import check, login, logout
from ._asking import aggregate, describe, find, overview
from ._batch import batch
from ._calling import execute
from ._lookup import operations, schema
from ._mcp import mcp
from ._options import CONNECTION, OUTPUT, CallCommand, Options
from ._sandbox import PASSED_ON, sandbox
from ._server import GroupWithServer

app = typer.Typer(
    name="hubspot-agent",
    cls=GroupWithServer,
    help="HubSpot for AI agents, on the command line: straight to HubSpot or through a server.",
    epilog="The options of `hubspot-agent` may stand before a command or after it. "
    "Exit codes: 0 done, 1 failed, 2 wrong use, 3 not logged in, 4 login not completed, 5 partly done, 6 try later.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode=None,
    add_completion=True,
)
_COMMANDS: Final = (find, overview, aggregate, execute, batch, describe, schema, operations, mcp, login, check, logout)

for command in _COMMANDS:
    app.command(cls=CallCommand)(command)
app.command("show", cls=CallCommand, help="The same as overview.")(overview)
app.command(context_settings=PASSED_ON, add_help_option=False)(sandbox)


def _print_version(asked: bool) -> None:  # noqa: FBT001 - Typer calls it
    if asked:
        from .. import __version__  # noqa: PLC0415

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def configure(  # noqa: PLR0913 - each is an option of its own
    context: typer.Context,
    *,
    hosted: Annotated[
        bool | None,
        typer.Option(
            "--hosted/--local",
            rich_help_panel=CONNECTION,
            help="Through a server, or straight to HubSpot. Without this: through a server if a workspace or a "
            "connector is named.",
        ),
    ] = None,
    client_id: Annotated[
        str,
        typer.Option(envvar="HUBSPOT_CLIENT_ID", rich_help_panel=CONNECTION, help="Client id of your HubSpot app."),
    ] = "",
    token_file: Annotated[
        Path | None,
        typer.Option(
            envvar="HUBSPOT_TOKEN_FILE",
            rich_help_panel=CONNECTION,
            help="Where the login is kept; by default in your settings folder.",
        ),
    ] = None,
    api_url: Annotated[
        str | None,
        typer.Option(
            envvar="HUBSPOT_API_URL", rich_help_panel=CONNECTION, help="HubSpot's API; by default HubSpot itself."
        ),
    ] = None,
    workspace: Annotated[
        str | None,
        typer.Option(
            envvar="AIRBYTE_WORKSPACE_NAME",
            rich_help_panel=CONNECTION,
            help="Through a server: whose HubSpot account, by the name of the workspace.",
        ),
    ] = None,
    connector_id: Annotated[
        str | None,
        typer.Option(
            envvar="AIRBYTE_CONNECTOR_ID", rich_help_panel=CONNECTION, help="Through a server: which connector, by id."
        ),
    ] = None,
    server_url: Annotated[
        str | None,
        typer.Option(rich_help_panel=CONNECTION, help="The server; by default what AIRBYTE_API_URL says."),
    ] = None,
    timeout_s: Annotated[
        float | None,
        typer.Option("--timeout", min=0.001, rich_help_panel=CONNECTION, help="Seconds that a call may take."),
    ] = None,
    read_only: Annotated[
        bool,
        typer.Option(
            "--read-only",
            envvar="HUBSPOT_AGENT_READ_ONLY",
            rich_help_panel=CONNECTION,
            help="Refuse everything that changes HubSpot.",
        ),
    ] = False,
    yes: Annotated[
        bool,
        typer.Option("--yes", "-y", rich_help_panel=CONNECTION, help="Do not ask before something is deleted."),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", rich_help_panel=OUTPUT, help="JSON: what a pipe gets without this.")
    ] = False,
    ndjson: Annotated[
        bool, typer.Option("--ndjson", rich_help_panel=OUTPUT, help="One JSON value on each line, one for each record.")
    ] = False,
    table: Annotated[
        bool, typer.Option("--table", rich_help_panel=OUTPUT, help="A table: what a terminal gets without this.")
    ] = False,
    csv: Annotated[
        bool, typer.Option("--csv", rich_help_panel=OUTPUT, help="Lines of CSV, the first with names.")
    ] = False,
    columns: Annotated[
        str | None, typer.Option(rich_help_panel=OUTPUT, help="Columns of a table or of CSV, with commas between.")
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", rich_help_panel=OUTPUT, help="No notes and no progress; errors only.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    """HubSpot for AI agents, on the command line."""
    del version
    context.obj = Options(
        hosted=hosted,
        client_id=client_id,
        token_file=token_file,
        api_url=api_url,
        workspace=workspace,
        connector_id=connector_id,
        server_url=server_url,
        timeout_s=timeout_s,
        read_only=read_only,
        yes=yes,
        json=json,
        ndjson=ndjson,
        table=table,
        csv=csv,
        columns=columns,
        quiet=quiet,
    )
