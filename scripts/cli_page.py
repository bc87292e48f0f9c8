"""The page of the command line, from the commands themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer.main
from typer.core import TyperOption

from airbyte_agent_hubspot.cli._commands import app
from airbyte_agent_hubspot.cli._exits import Exit
from airbyte_agent_hubspot.cli._options import CONNECTION, OUTPUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typer._click import Command, Context, Parameter
    from typer.core import TyperGroup

_INTRO = """\
# Command line

Every command of `hubspot-agent`. `make pages` writes this page from the commands;
[the guide](../how-to/command-line.md) says how to use them.
"""
_SHARED = """\
## Options of all commands

They may stand before the command or after it; where both are given, the latter counts. A command that has an option of
the same name takes its own.
"""
_SERVER = """\
## Commands that operate a server

They need the extra `server`, and are described in [Operate a server](../how-to/operate.md).

| Command | What it does |
|---|---|"""
_EXITS = """\
## Exit codes

| Code | Meaning |
|---|---|"""


def render_cli() -> str:
    """The page."""
    group: TyperGroup = typer.main.get_command(app)  # type: ignore[assignment] # it has commands
    context = group.context_class(group, info_name="hubspot-agent")
    commands = {name: command for name, command in group.commands.items() if command.help}
    lines = [_INTRO]
    for name, command in commands.items():
        lines += _command(name, command, command.context_class(command, info_name=name, parent=context))
    lines.append(_SHARED)
    for panel in (CONNECTION, OUTPUT):
        lines += [f"### {panel}", "", *_options([param for param in group.params if _panel(param) == panel], context)]
    lines.append(_SERVER)
    for name in group.list_commands(context):
        operating = group.get_command(context, name)
        if name not in commands and operating is not None:
            lines.append(f"| `{name}` | {operating.help} |")
    lines += ["", _EXITS, *(f"| {code.value} | {code.meaning} |" for code in Exit), ""]
    return "\n".join(lines)


def _command(name: str, command: Command, context: Context) -> Iterator[str]:
    arguments = " ".join(
        param.metavar or (param.name.upper() if param.required else f"[{param.name.upper()}]")
        for param in command.params
        if not isinstance(param, TyperOption)
    )
    yield f"## {name}"
    yield ""
    yield f"`hubspot-agent {name} {arguments}".strip() + "`"
    yield ""
    yield (command.help or "").strip()
    yield ""
    yield from _options(command.params, context)


def _options(params: list[Parameter], context: Context) -> Iterator[str]:
    if not params:
        return
    yield "| Argument or option | What it is |"
    yield "|---|---|"
    for param in params:
        record = param.get_help_record(context)
        if record is not None:
            shown, text = (part.replace("|", "\\|").replace("\n", " ") for part in record)
            yield f"| `{shown}` | {text} |"
    yield ""


def _panel(param: Parameter) -> str | None:
    return param.rich_help_panel if isinstance(param, TyperOption) else None
