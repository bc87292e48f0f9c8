"""`hubspot-agent mcp`: serves MCP to the program that started this one."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, cast

import typer

from ..errors import ConfigurationError
from ..shaping import Redaction
from ._completion import complete_entity
from ._report import run, say
from ._session import connect

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from ..connector import HubspotConnector
    from ..shaping.redaction import Mode
    from ._options import Options


def mcp(
    context: typer.Context,
    *,
    entity: Annotated[
        list[str] | None,
        typer.Option(help="Offer only this entity; repeat it. By default all.", autocompletion=complete_entity),
    ] = None,
    per_operation: Annotated[
        bool, typer.Option("--per-operation", help="Offer a tool for each operation, in place of three for all.")
    ] = False,
    max_tokens: Annotated[
        int | None, typer.Option(help="Most tokens of a result, unless the model asks for another size.")
    ] = None,
    redact: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PROPERTY=MODE", help="Keep a property from the model: mask, hash or drop. '*phone*' fits many."
        ),
    ] = None,
) -> None:
    """Serve MCP on standard input and output, for the program that starts this one (Claude Desktop, an IDE)."""
    options = cast("Options", context.obj)
    if sys.stdin.isatty() and not options.quiet:
        say("This waits for an MCP client on its standard input; clients start it by themselves. Ctrl-C ends it.")

    async def work() -> None:
        await serve_mcp(
            connect(options),
            read_only=options.read_only,
            entities=entity or (),
            per_operation=per_operation,
            max_tokens=max_tokens,
            redact=redact or (),
        )

    run(context, work())


async def serve_mcp(
    connector: HubspotConnector,
    *,
    read_only: bool,
    entities: Sequence[str],
    per_operation: bool,
    max_tokens: int | None,
    redact: Sequence[str] = (),
) -> None:
    """Serves until the client hangs up.

    Raises:
        ConfigurationError: the package `mcp` is not installed, or the options cannot be met.
    """
    try:
        from ..mcp import McpOptions, serve_stdio  # noqa: PLC0415 - an extra
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in {"mcp", "mcp_types"}:
            raise
        raise ConfigurationError(
            "hubspot-agent mcp needs the package mcp: pip install 'airbyte-agent-hubspot[cli,mcp]'."
        ) from error
    options = McpOptions(read_only=read_only, entities=tuple(entities) or None, per_operation=per_operation)
    if max_tokens is not None:
        options = replace(options, max_tokens=max_tokens)
    if redact:
        options = replace(options, redact=_redaction(redact))
    async with connector:
        with _ended_by_an_interrupt():
            await serve_stdio(connector, options)


@contextmanager
def _ended_by_an_interrupt() -> Generator[None]:
    """Lets Ctrl-C, and clients that end this program so, end it at once: a wait for input cannot be cancelled."""
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _redaction(said: Sequence[str]) -> Redaction:
    """What `email=hash` and its like mean."""
    properties: dict[str, Mode] = {}
    for rule in said:
        name, _, mode = rule.partition("=")
        properties[name] = cast("Mode", mode)
    return Redaction(properties)
