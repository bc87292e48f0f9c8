"""The commands. Results are JSON on the standard output; everything for people goes to standard error.

Exit codes: 0 done; 1 HubSpot refused, failed or could not be reached; 2 the command line, the environment, the
parameters or the token file are wrong; 3 not logged in, or no longer accepted; 4 the login was not completed.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar, cast

import typer

from .._target import HUBSPOT_API_URL
from ..connector import HubspotConnector
from ..errors import ConfigurationError, ConnectorError, InvalidParamsError
from ..models.auth import HubspotAuthConfig
from ..oauth import AUTHORIZE_URL, OAuthApp
from ..token_store import EncryptedTokenFile
from ._exits import Exit, exit_of
from ._login import LoginOptions, log_in, log_out

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

    from ..models import CheckResult, Result

T = TypeVar("T")

DEFAULT_PORT: Final = 8976
DEFAULT_TIMEOUT_S: Final = 300.0
_DEFAULT_SCOPE: Final = "oauth"

app = typer.Typer(
    name="hubspot-agent",
    help="HubSpot for AI agents, on the command line.",
    epilog="Exit codes: 0 done, 1 HubSpot refused or failed, 2 wrong use, 3 not logged in, 4 login not completed.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    add_completion=True,
)


@dataclass(frozen=True, slots=True)
class _Session:
    """What all commands share."""

    app: OAuthApp
    file: EncryptedTokenFile

    def connect(self) -> HubspotConnector:
        """A connector with the grant of the token file."""
        credentials = HubspotAuthConfig(client_id=self.app.client_id, client_secret=self.app.client_secret)
        return HubspotConnector(auth_config=credentials, base_url=self.app.api_url, token_store=self.file)


@app.callback()
def configure(  # each is an option of its own
    context: typer.Context,
    *,
    client_id: Annotated[
        str, typer.Option(envvar="HUBSPOT_CLIENT_ID", help="Client id of your HubSpot OAuth app.")
    ] = "",
    client_secret: Annotated[
        str,
        typer.Option(
            envvar="HUBSPOT_CLIENT_SECRET", help="Its secret. Others on this machine see options: use the variable."
        ),
    ] = "",
    token_file: Annotated[
        Path | None,
        typer.Option(envvar="HUBSPOT_TOKEN_FILE", help="Where the login is kept; by default in your settings folder."),
    ] = None,
    api_url: Annotated[
        str | None, typer.Option(envvar="HUBSPOT_API_URL", help="HubSpot's API; by default HubSpot itself.")
    ] = None,
    authorize_url: Annotated[
        str, typer.Option(envvar="HUBSPOT_AUTHORIZE_URL", help="HubSpot's consent page.")
    ] = AUTHORIZE_URL,
) -> None:
    """HubSpot for AI agents, on the command line."""
    with _reporting():
        if not client_id or not client_secret:
            raise ConfigurationError(
                "Set HUBSPOT_CLIENT_ID and HUBSPOT_CLIENT_SECRET to the client id and secret of your HubSpot OAuth app."
            )
        path = token_file or Path(typer.get_app_dir("hubspot-agent")) / "token"
        context.obj = _Session(
            OAuthApp(client_id, client_secret, api_url or HUBSPOT_API_URL, authorize_url), EncryptedTokenFile(path)
        )


@app.command()
def login(
    context: typer.Context,
    *,
    port: Annotated[
        int,
        typer.Option(min=0, max=65_535, help="Port of the redirect address on this machine; 0 takes a free one."),
    ] = DEFAULT_PORT,
    scope: Annotated[
        list[str] | None, typer.Option(help=f"A scope that must be granted; repeat it. By default {_DEFAULT_SCOPE}.")
    ] = None,
    optional_scope: Annotated[
        list[str] | None,
        typer.Option(help="A scope that may be missing; repeat it. By default all that any operation needs."),
    ] = None,
    pkce: Annotated[bool, typer.Option(help="Use PKCE, which HubSpot wants of some kinds of apps.")] = False,
    browser: Annotated[bool, typer.Option(help="Open the browser.")] = True,
    timeout_s: Annotated[
        float, typer.Option("--timeout", min=0, help="Seconds to wait for the consent.")
    ] = DEFAULT_TIMEOUT_S,
) -> None:
    """Connect a HubSpot account in the browser, and keep the grant in the token file.

    The app must have registered the redirect URL http://localhost:8976/oauth/callback (or that of your --port).
    """
    session = _session(context)
    required = tuple(scope or [_DEFAULT_SCOPE])
    optional = _every_scope(without=required) if optional_scope is None else tuple(optional_scope)
    options = LoginOptions(port, required, optional, pkce, browser, timeout_s)
    grant = _run(log_in(session.app, session.file, options, say=_say))
    account = "a HubSpot account" if grant.hub_id is None else f"HubSpot account {grant.hub_id}"
    _say(f"Connected to {account}. The login is kept in {session.file.path}")


@app.command()
def check(context: typer.Context) -> None:
    """Say whether the login works, as JSON. Ends with 1 if it does not."""

    async def run() -> CheckResult:
        async with _session(context).connect() as connector:
            return await connector.check()

    result = _run(run())
    _print(result)
    raise typer.Exit(Exit.DONE if result.status == "healthy" else Exit.FAILED)


@app.command()
def execute(
    context: typer.Context,
    entity: Annotated[str, typer.Argument(help="For example contacts.")],
    action: Annotated[str, typer.Argument(help="For example list.")],
    *,
    params: Annotated[str, typer.Option(help="Parameters as a JSON object.")] = "{}",
) -> None:
    """Run an operation and print its result as JSON."""

    async def run() -> Result:
        async with _session(context).connect() as connector:
            return await connector.execute(entity, action, _read_params(params))

    _print(_run(run()))


@app.command()
def logout(context: typer.Context) -> None:
    """Revoke the login at HubSpot and remove the token file."""
    session = _session(context)
    _run(log_out(session.app, session.file))
    _say(f"Logged out; {session.file.path} is gone.")


def _session(context: typer.Context) -> _Session:
    return cast("_Session", context.obj)


def _every_scope(*, without: tuple[str, ...]) -> tuple[str, ...]:
    from .._catalog import CATALOG  # noqa: PLC0415 - only a login needs it

    return tuple(sorted({scope for operation in CATALOG for scope in operation.scopes}.difference(without)))


def _read_params(text: str) -> dict[str, object]:
    try:
        params: object = json.loads(text)
    except ValueError as error:
        raise InvalidParamsError(f"--params is not JSON: {error}.") from error
    if not isinstance(params, dict):
        raise InvalidParamsError('--params must be a JSON object, for example {"limit": 3}.')
    return cast("dict[str, object]", params)


def _run(work: Coroutine[None, None, T]) -> T:
    with _reporting():
        return asyncio.run(work)


@contextmanager
def _reporting() -> Generator[None, None, None]:
    """Turns an error into a sentence and an exit code."""
    try:
        yield
    except ConnectorError as error:
        _say(f"{error.code}: {error.message}")
        raise typer.Exit(exit_of(error)) from None


def _print(result: Result) -> None:
    typer.echo(json.dumps(result.to_dict(), ensure_ascii=False, indent=2, default=str))


def _say(text: str) -> None:
    typer.echo(text, err=True)
