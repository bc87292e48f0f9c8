"""What all commands share: options that may stand before the command or after it."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast

from typer.core import TyperCommand, TyperOption

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from typer._click import Context, Parameter
    from typer._click.formatting import HelpFormatter

CONNECTION: Final = "Whose HubSpot account"
OUTPUT: Final = "What is printed"
Format: TypeAlias = Literal["json", "ndjson", "table", "csv"]


@dataclass(frozen=True, slots=True)
class Options:
    """The options of `hubspot-agent` itself."""

    hosted: bool | None = None
    client_id: str = ""
    token_file: Path | None = None
    api_url: str | None = None
    workspace: str | None = None
    connector_id: str | None = None
    server_url: str | None = None
    timeout_s: float | None = None
    read_only: bool = False
    yes: bool = False
    json: bool = False
    ndjson: bool = False
    table: bool = False
    csv: bool = False
    columns: str | None = None
    quiet: bool = False

    @property
    def format(self) -> Format | None:
        """The form that was asked for.

        Raises:
            ConfigurationError: several were.
        """
        given: dict[Format, bool] = {"json": self.json, "ndjson": self.ndjson, "table": self.table, "csv": self.csv}
        chosen: list[Format] = [name for name, asked in given.items() if asked]
        if len(chosen) > 1:
            raise ConfigurationError(f"Only one form can be printed: --{' or --'.join(chosen)}, not both.")
        return chosen[0] if chosen else None


class CallCommand(TyperCommand):
    """A command that takes the options of `hubspot-agent` after its name too; its own win over those."""

    _shared: list[Parameter] | None = None

    def get_params(self, ctx: Context) -> list[Parameter]:
        """Its own parameters, then the shared ones."""
        own = super().get_params(ctx)
        if self._shared is None:
            taken = {name for param in own for name in param.opts}
            above = [] if ctx.parent is None else ctx.parent.command.params
            self._shared = [_again(param) for param in above if _is_shared(param) and not taken & set(param.opts)]
        return [*own, *self._shared]

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Its parameters for people, by section."""
        write_sections(self.get_params(ctx), ctx, formatter)


def write_sections(params: list[Parameter], ctx: Context, formatter: HelpFormatter) -> None:
    """Parameters for people: arguments, options, then the shared ones by what they are about."""
    sections: dict[str, list[tuple[str, str]]] = {}
    shown = [(param, record) for param in params if (record := param.get_help_record(ctx)) is not None]
    for param, record in shown:
        panel = param.rich_help_panel if isinstance(param, TyperOption) else "Arguments"
        sections.setdefault(panel or "Options", []).append(record)
    for title, records in sections.items():
        with formatter.section(title):
            formatter.write_dl(records)


def _is_shared(param: Parameter) -> bool:
    return isinstance(param, TyperOption) and param.rich_help_panel is not None


def _again(param: Parameter) -> Parameter:
    """The same option for a command: what is given after the command counts more."""
    repeated = copy(param)
    repeated.expose_value = False
    repeated.callback = _remember
    return repeated


def _remember(ctx: Context, param: Parameter, value: object) -> object:
    source = ctx.get_parameter_source(param.name)
    if source is not None and source.name == "COMMANDLINE" and not ctx.resilient_parsing:
        changed = cast("dict[str, Any]", {param.name: value})  # `Options` has the same names
        ctx.obj = replace(cast("Options", ctx.obj), **changed)
    return value
