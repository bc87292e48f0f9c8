"""What all commands share: settings, the parts of a server, errors as sentences, results as JSON."""

import asyncio
import dataclasses
import json
import os
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from airbyte_agent_hubspot._http import PyqwestTransport
from airbyte_agent_server.core import Core, build_core
from airbyte_agent_server.db.schema import SchemaError, migrate
from airbyte_agent_server.ports import RandomIds, SealBrokenError, SystemClock
from airbyte_agent_server.problems import ProblemError, sentence_of
from airbyte_agent_server.settings import Settings, SettingsError, make_data_dir, read_settings
from airbyte_agent_server.vault.master_key import MasterKeyError

T = TypeVar("T")

Config = Annotated[
    Path | None, typer.Option("--config", help="File of settings; variables AGENT_SERVER_* win over it.")
]


class Exit(IntEnum):
    """What a command ended with."""

    DONE = 0
    FAILED = 1
    """The database, HubSpot or a key service failed, or there is something to mend."""
    MISUSED = 2
    """The command line or the settings are wrong, or what was named does not exist."""


def new_app(help_text: str) -> typer.Typer:
    """A group of commands."""
    return typer.Typer(help=help_text, no_args_is_help=True, pretty_exceptions_show_locals=False)


def settings_of(config: Path | None) -> Settings:
    """The settings, in the form the server itself would read."""
    return read_settings(os.environ, config=config)


@asynccontextmanager
async def parts(settings: Settings) -> AsyncIterator[Core]:
    """The parts of a server on its database, which stays as it is. Nothing is made."""
    upstream = PyqwestTransport(read_timeout_s=settings.upstream_timeout_s)
    core = build_core(settings, clock=SystemClock(), ids=RandomIds(), upstream=upstream)
    try:
        yield core
    finally:
        await core.retrier.close()
        await core.database.close()


@asynccontextmanager
async def opened(settings: Settings, *, unlock: bool = False) -> AsyncIterator[Core]:
    """The parts of a server on its database, which is brought up to date; with `unlock`, the vault is open too."""
    make_data_dir(settings)
    async with parts(settings) as core:
        await migrate(core.database)
        if unlock:
            await core.sealer.unlock()
        yield core


def run(work: Coroutine[None, None, T]) -> T:
    """The result of `work`; an error becomes a sentence and an exit code."""
    with reporting():
        return asyncio.run(work)


@contextmanager
def reporting() -> Iterator[None]:
    """Turns errors into a sentence on standard error and an exit code."""
    try:
        yield
    except (ProblemError, SealBrokenError) as error:
        raise _ended(str(error), Exit.FAILED) from None
    except (SettingsError, SchemaError, MasterKeyError, ValueError, OSError) as error:
        raise _ended(sentence_of(error), Exit.MISUSED) from None


def _ended(text: str, code: Exit) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(code)


def show(result: object) -> None:
    """Print a result."""
    typer.echo(json.dumps(result, indent=2, default=plain, ensure_ascii=False))


def say(text: str) -> None:
    """Tell a person."""
    typer.echo(text, err=True)


def plain(value: object) -> object:
    """What JSON can hold, of a dataclass or an instant."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value)} has no form in JSON")
