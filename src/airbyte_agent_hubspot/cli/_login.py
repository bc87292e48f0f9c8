"""Login and logout: a grant from the browser into the token file, and out of it."""

from __future__ import annotations

import asyncio
import webbrowser
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import TYPE_CHECKING

from ..errors import ConnectorError, MissingCredentialsError, ReauthorizationRequiredError, UpstreamRejectedError
from ..oauth import authorize_url, exchange_code, new_code_verifier, revoke
from ..token_store import keep_grant
from ._exits import LoginError
from ._loopback import Loopback

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..models.auth import TokenGrant
    from ..oauth import OAuthApp
    from ..token_store import EncryptedTokenFile


@dataclass(frozen=True, slots=True)
class LoginOptions:
    """How to log in."""

    port: int
    scopes: tuple[str, ...]
    optional_scopes: tuple[str, ...]
    pkce: bool
    browser: bool
    timeout_s: float


async def log_in(
    app: OAuthApp, file: EncryptedTokenFile, options: LoginOptions, *, say: Callable[[str], None]
) -> TokenGrant:
    """The grant that the user gave in the browser, after it was stored.

    Raises:
        LoginError: the user refused, or did not decide in time.
        ConnectorError: HubSpot did not accept the app or the code, or the file cannot be used.
    """
    state, verifier = token_urlsafe(32), new_code_verifier() if options.pkce else None
    async with Loopback(port=options.port, state=state) as loopback:
        address = authorize_url(
            app,
            redirect_uri=loopback.redirect_uri,
            scopes=options.scopes,
            optional_scopes=options.optional_scopes,
            state=state,
            code_verifier=verifier,
        )
        say(f"Open this address to connect a HubSpot account:\n\n{address}\n")
        opening = asyncio.create_task(asyncio.to_thread(webbrowser.open, address)) if options.browser else None
        try:
            code = await loopback.wait_for_code(timeout_s=options.timeout_s)
            grant = await _exchange(app, code, loopback.redirect_uri, verifier)
            await keep_grant(file, grant, client_id=app.client_id)
        except ConnectorError as error:
            loopback.show("Not connected", error.message)
            raise
        loopback.show("Connected", "The HubSpot account is connected. You can close this page.")
    if opening is not None:
        await opening
    return grant


async def _exchange(app: OAuthApp, code: str, redirect_uri: str, verifier: str | None) -> TokenGrant:
    try:
        return await exchange_code(app, code, redirect_uri=redirect_uri, code_verifier=verifier)
    except UpstreamRejectedError as error:
        raise LoginError(error.message, errors=error.errors, upstream=error.upstream) from error


async def log_out(app: OAuthApp, file: EncryptedTokenFile) -> None:
    """Revokes the stored grant, then removes the file. A grant that is dead already is only removed.

    Raises:
        MissingCredentialsError: there is no grant.
        ConnectorError: HubSpot could not be asked; the file is still there.
    """
    async with file.exclusive():
        held = await file.load()
        if held is None:
            raise MissingCredentialsError(f"Nobody is logged in: there is no {file.path}.")
        with suppress(ReauthorizationRequiredError):  # it is dead: what was wanted
            await revoke(app, held.grant.refresh_token)
        await file.delete()
