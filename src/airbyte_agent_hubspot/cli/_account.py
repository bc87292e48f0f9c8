"""Commands about the account: `login`, `check`, `logout`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from .._remedies import AUTHORIZE_URL
from ..errors import ConfigurationError
from ._exits import Exit
from ._printing import print_result
from ._report import run, say
from ._session import connect, is_hosted, oauth_app, token_file, winning_variable

if TYPE_CHECKING:
    from ..models import CheckResult
    from ..models.auth import TokenGrant
    from ._options import Options

DEFAULT_PORT: Final = 8976
DEFAULT_TIMEOUT_S: Final = 300.0
_DEFAULT_SCOPE: Final = "oauth"


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
    authorize_url: Annotated[
        str, typer.Option(envvar="HUBSPOT_AUTHORIZE_URL", help="HubSpot's consent page.")
    ] = AUTHORIZE_URL,
    pkce: Annotated[bool, typer.Option("--pkce", help="Use PKCE, which HubSpot wants of some kinds of apps.")] = False,
    browser: Annotated[bool, typer.Option(help="Open the browser.")] = True,
    wait_s: Annotated[
        float, typer.Option("--timeout", min=0, help="Seconds to wait for the consent.")
    ] = DEFAULT_TIMEOUT_S,
) -> None:
    """Connect a HubSpot account in the browser, and keep the grant in the token file.

    The app must have registered the redirect URL http://localhost:8976/oauth/callback (or that of your --port).
    """
    options = cast("Options", context.obj)

    async def work() -> TokenGrant:
        from ._login import LoginOptions, log_in  # noqa: PLC0415 - with the OAuth flow

        _check_local(options, "login")
        app = oauth_app(options, authorize_url)
        required = tuple(scope or [_DEFAULT_SCOPE])
        optional = _every_scope(without=required) if optional_scope is None else tuple(optional_scope)
        asked = LoginOptions(port, required, optional, pkce, browser, wait_s)
        return await log_in(app, token_file(options), asked, say=say)

    grant = run(context, work())
    account = "a HubSpot account" if grant.hub_id is None else f"HubSpot account {grant.hub_id}"
    say(f"Connected to {account}. The login is kept in {token_file(options).path}")
    winning = winning_variable()
    if winning is not None:
        say(f"The variable {winning} is set and counts more than this login: unset it to use the login.")


def check(context: typer.Context) -> None:
    """Say whether the connection works. Ends with 1 if it does not."""
    options = cast("Options", context.obj)

    async def work() -> CheckResult:
        async with connect(options) as connector:
            result = await connector.check()
        print_result(options, result)
        return result

    if run(context, work()).status != "healthy":
        raise typer.Exit(Exit.FAILED)


def logout(context: typer.Context) -> None:
    """Revoke the login at HubSpot and remove the token file."""
    options = cast("Options", context.obj)

    async def work() -> None:
        from ._login import log_out  # noqa: PLC0415 - with the OAuth flow

        _check_local(options, "logout")
        await log_out(oauth_app(options, AUTHORIZE_URL), token_file(options))
        say(f"Logged out; {token_file(options).path} is gone.")

    run(context, work())


def _check_local(options: Options, command: str) -> None:
    if is_hosted(options):
        raise ConfigurationError(
            f"`{command}` is about a login on this machine; a server keeps the credentials of its connectors itself. "
            "Leave out --workspace, --connector-id, AIRBYTE_TOKEN and their variables, or add --local."
        )


def _every_scope(*, without: tuple[str, ...]) -> tuple[str, ...]:
    from .._catalog import CATALOG  # noqa: PLC0415 - only a login needs it

    return tuple(sorted({scope for operation in CATALOG for scope in operation.scopes}.difference(without)))
