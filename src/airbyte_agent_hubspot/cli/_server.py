"""The commands that operate a server. They belong to the server's package, and are loaded when they are used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import typer
from typer.core import TyperCommand, TyperGroup

from ._exits import Exit
from ._options import write_sections
from ._report import TYPED

if TYPE_CHECKING:
    from typer._click import Command, Context
    from typer._click.formatting import HelpFormatter

ENTRY_POINTS: Final = "hubspot_agent.commands"
"""The group of entry points; each is a Typer application."""

_PANEL: Final = "Operate a server"
_HELP: Final = {
    "serve": "Serve until stopped.",
    "org": "Create, list, show and disable organizations.",
    "client": "Create, rotate, revoke and list client pairs.",
    "keys": "List and rotate keys; destroy the key of a workspace.",
    "connectors": "List, show, disable and enable connectors.",
    "revoke": "Erase credentials of a connector, a workspace or an organization, with a receipt.",
    "migrate": "Bring the database's tables forward or back.",
    "backup": "Write all tables to a file, as they are at one instant.",
    "restore": "Fill an empty database from a backup.",
    "doctor": "Say what is wrong with settings, database, keys and addresses, and what to do.",
}


class GroupWithServer(TyperGroup):
    """Our commands, and those of the server."""

    def list_commands(self, ctx: Context) -> list[str]:
        """All names."""
        return [*super().list_commands(ctx), *_HELP]

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """The command; of the server's, what the list of commands shows."""
        if cmd_name in _HELP:
            return TyperCommand(cmd_name, help=_HELP[cmd_name], rich_help_panel=_PANEL)
        return super().get_command(ctx, cmd_name)

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Options and commands for people, by section. Plain: help that needs Rich takes twice the time."""
        write_sections(self.get_params(ctx), ctx, formatter)
        for title, names in (("Commands", super().list_commands(ctx)), (_PANEL, list(_HELP))):
            found = [(name, self.get_command(ctx, name)) for name in names]
            with formatter.section(title):
                formatter.write_dl([(name, command.get_short_help_str(100)) for name, command in found if command])

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Keeps what was typed, for errors that show it corrected."""
        ctx.meta[TYPED] = tuple(args)
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """The command to run."""
        if args and args[0] in _HELP:
            return args[0], _load(args[0]), args[1:]
        return super().resolve_command(ctx, args)


def _load(name: str) -> Command:
    from importlib.metadata import entry_points  # noqa: PLC0415 - not needed by commands that are ours

    try:
        [found] = entry_points(group=ENTRY_POINTS, name=name)
        loaded: typer.Typer = found.load()
    except ImportError as error:
        typer.echo(f"hubspot-agent {name} needs {error.name}: pip install 'airbyte-agent-hubspot[server]'", err=True)
        raise typer.Exit(Exit.MISUSED) from None
    command = typer.main.get_command(loaded)
    command.name = name
    return command
