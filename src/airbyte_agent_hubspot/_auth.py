"""Access tokens: fetched, refreshed before they expire and once after a 401, one refresh at a time.

Source: https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/oauth/oauth-quickstart-guide
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, cast
from urllib.parse import urlencode

import msgspec

from ._sansio import read_hubspot_error, read_retry_after_s, reauthorization_required
from ._wire import UNREADABLE, HttpRequest
from .errors import (
    AuthenticationError,
    ConfigurationError,
    FieldError,
    MissingCredentialsError,
    RateLimitedError,
    Upstream,
    UpstreamError,
)
from .models.auth import TokenGrant

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Generator

    from ._wire import HttpResponse
    from .errors import ConnectorError
    from .models.auth import HubspotAuthConfig

TOKEN_PATH: Final = "/oauth/2026-03/token"  # noqa: S105 - a path
LEGACY_TOKEN_PATH: Final = "/oauth/v1/token"  # noqa: S105 - a path
"""For accounts whose apps are not on the dated endpoints yet."""
REFRESH_MARGIN_S: Final = 60.0
"""A token is replaced when it has this long to live."""

OnTokenRefresh: TypeAlias = "Callable[[TokenGrant], Awaitable[None] | None]"
"""Called with each new grant, and awaited, before its access token is used for the first time."""


class _Grant(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: float
    refresh_token: str | None = None
    hub_id: int | None = None
    scopes: tuple[str, ...] | None = None


_CLIENT_ERRORS: Final = {"BAD_CLIENT_ID": "client_id", "BAD_CLIENT_SECRET": "client_secret"}


def client_pair_of(config: HubspotAuthConfig) -> tuple[str, str]:
    """Client id and secret of the OAuth app.

    Raises:
        MissingCredentialsError: they were not given.
    """
    if not config.client_id or not config.client_secret:
        raise MissingCredentialsError(
            "client_id and client_secret are missing: the access token is absent or expired, and HubSpot gives a new "
            "one for the refresh token only to the OAuth app it belongs to. "
            "Pass HubspotAuthConfig(client_id=..., client_secret=..., refresh_token=...).",
            errors=[
                FieldError(f"credentials.{name}", f"{name} is needed to fetch an access token.", "missing")
                for name in ("client_id", "client_secret")
            ],
        )
    return config.client_id, config.client_secret


def refresh_flow(
    config: HubspotAuthConfig, *, refresh_token: str, token_url: str, now_s: Callable[[], float]
) -> Generator[HttpRequest, HttpResponse, TokenGrant]:
    """One refresh without I/O: yields the request, takes HubSpot's answer, returns the grant.

    Raises:
        MissingCredentialsError: the client id and secret of the OAuth app are not known.
        ReauthorizationRequiredError: the refresh token is dead.
        AuthenticationError: HubSpot does not know the client id, or the secret is wrong.
    """
    client_id, client_secret = client_pair_of(config)
    asked_at_s = now_s()
    response = yield HttpRequest(
        "POST",
        token_url,
        {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"},
        urlencode(
            {
                "grant_type": "refresh_token",
                "client_id": client_id,
                "client_secret": client_secret,
                "refresh_token": refresh_token,
            }
        ).encode(),
    )
    return read_grant(response, refresh_token=refresh_token, asked_at_s=asked_at_s)


def read_grant(response: HttpResponse, *, refresh_token: str, asked_at_s: float) -> TokenGrant:
    """The grant in a token endpoint's answer. `refresh_token` is kept if the answer carries none.

    Raises:
        ReauthorizationRequiredError, AuthenticationError, UpstreamError: see `refresh_flow`.
    """
    if response.status != 200:  # noqa: PLR2004 - HTTP's own number
        raise refusal_of(response)
    try:
        grant = msgspec.json.decode(response.body, type=_Grant)
    except UNREADABLE as error:
        raise UpstreamError(
            "HubSpot's token endpoint gave an answer that could not be read. Try again later.",
            upstream=Upstream(response.status),
        ) from error
    return TokenGrant(
        grant.access_token,
        grant.refresh_token or refresh_token,
        asked_at_s + grant.expires_in,
        grant.hub_id,
        grant.scopes,
    )


def refusal_of(response: HttpResponse) -> ConnectorError:
    """The error that a token endpoint's answer of failure stands for."""
    body = read_hubspot_error(response)
    upstream = Upstream(response.status, body.category, body.correlationId)
    said = body.message or f"HTTP {response.status}"
    field = _CLIENT_ERRORS.get(str(body.status))
    if field is not None:
        sentence = f"HubSpot does not accept the {field} of the OAuth app: {said}. Check it in the app's settings."
        return AuthenticationError(
            sentence,
            code="invalid_credentials",
            errors=[FieldError(f"credentials.{field}", sentence, f"{field}_invalid")],
            upstream=upstream,
        )
    if response.status in {400, 401, 403}:
        return reauthorization_required(said, upstream, error_code=_reason(str(body.status), said))
    if response.status == 429:  # noqa: PLR2004 - HTTP's own number
        return RateLimitedError(
            f"HubSpot's token endpoint limits this app: {said}. Try again later.",
            upstream=upstream,
            retry_after_s=read_retry_after_s(response),
        )
    return UpstreamError(f"HubSpot's token endpoint failed: {said}. Try again later.", upstream=upstream)


def _reason(status: str, said: str) -> str:
    """Why a refresh token is refused.

    Source: https://github.com/airbytehq/airbyte/issues/57001
    """
    if status == "BAD_HUB":
        return "account_unreachable"
    # choice: only the text tells a token of another app ("was not issued to this client") from a dead one.
    return "refresh_token_wrong_client" if "client" in said.lower() else "refresh_token_invalid"


def is_due(expires_at_s: float | None, now_s: float, margin_s: float = REFRESH_MARGIN_S) -> bool:
    """Whether a token that ends then is to be replaced now."""
    return expires_at_s is not None and now_s >= expires_at_s - margin_s


@dataclass(frozen=True, slots=True)
class ExpiringToken:
    """An access token, and when it ends in epoch seconds; None if nobody knows.

    `is_fresh`: this process asked for it and got it, so that asking again would not give a better one.
    """

    value: str = field(repr=False)
    expires_at_s: float | None = None
    is_fresh: bool = False


class Tokens(Protocol):
    """Where an executor gets its access token from."""

    def held(self) -> str | None:
        """What `current` would give, if it is at hand."""
        ...

    async def current(self) -> str:
        """An access token that has not expired as far as anyone knows."""
        ...

    async def renew(self, rejected: str) -> ExpiringToken:
        """Another access token than `rejected`, which was answered with 401."""
        ...

    async def close(self) -> None:
        """Stops fetching a token that nobody waits for any more."""
        ...


class FixedToken:
    """A token that somebody else looks after. `refused` makes the error for a 401."""

    def __init__(self, token: str, *, refused: Callable[[], ConnectorError]) -> None:
        self._token = token
        self._refused = refused

    def held(self) -> str | None:
        """The token."""
        return self._token

    async def current(self) -> str:
        """The token."""
        return self._token

    async def renew(self, rejected: str) -> ExpiringToken:
        """Never another token.

        Raises:
            ConnectorError: always.
        """
        del rejected
        raise self._refused()

    async def close(self) -> None:
        """Nothing to stop."""


class CachedTokens:
    """Tokens from `fetch`, kept until shortly before they expire; one fetch at a time, however many wait for it."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[ExpiringToken]],
        *,
        now_s: Callable[[], float],
        first: ExpiringToken | None = None,
    ) -> None:
        self._fetch = fetch
        self._now_s = now_s
        self._token = first
        self._fetching: asyncio.Task[ExpiringToken] | None = None

    def held(self) -> str | None:
        """The token, unless it is about to expire."""
        token = self._token
        return None if token is None or is_due(token.expires_at_s, self._now_s()) else token.value

    async def current(self) -> str:
        """The token; a new one if there is none or it is about to expire."""
        return self.held() or (await self._fetch_once()).value

    async def renew(self, rejected: str) -> ExpiringToken:
        """A new token, unless somebody fetched one since `rejected` was handed out."""
        if self._token is not None and self._token.value != rejected:
            return self._token
        return await self._fetch_once()

    async def close(self) -> None:
        """Cancels a fetch that is under way, and returns when it has ended."""
        import asyncio  # noqa: PLC0415 - not needed to import the package

        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])

    async def _fetch_once(self) -> ExpiringToken:
        import asyncio  # noqa: PLC0415 - needed at the first fetch

        if self._fetching is None:
            self._fetching = asyncio.create_task(self._store(), name="access token")
            self._fetching.add_done_callback(self._forget)
        fetching, caller = self._fetching, asyncio.current_task()
        try:
            # A caller that is cancelled must not cancel the fetch that others wait for.
            return await asyncio.shield(fetching)
        except asyncio.CancelledError:
            if fetching.cancelled() and not (caller and caller.cancelling()):
                raise ConfigurationError("This connector was closed while a call waited for its token.") from None
            raise

    async def _store(self) -> ExpiringToken:
        self._token = await self._fetch()
        return self._token

    def _forget(self, task: asyncio.Task[ExpiringToken]) -> None:
        self._fetching = None
        if not task.cancelled():
            task.exception()  # read it, so that a fetch whose callers all left does not warn


class HubspotRefresh:
    """Fetches access tokens with a refresh token, and remembers a rotated one.

    `send` may resend by itself: refreshing twice does no harm.
    """

    def __init__(
        self,
        config: HubspotAuthConfig,
        *,
        token_url: str,
        send: Callable[[HttpRequest], Awaitable[HttpResponse]],
        now_s: Callable[[], float],
        on_token_refresh: OnTokenRefresh | None = None,
    ) -> None:
        self._config = config
        self._refresh_token = config.refresh_token
        self._token_url = token_url
        self._send = send
        self._now_s = now_s
        self._on_token_refresh = on_token_refresh

    async def __call__(self) -> ExpiringToken:
        """A new access token; `on_token_refresh` has been awaited when this returns."""
        grant = await self.exchange(self._refresh_token)
        self._refresh_token = grant.refresh_token  # remembered even if the next line fails: the old one may be dead
        await hand_over(grant, self._on_token_refresh)
        return ExpiringToken(grant.access_token, grant.expires_at_s, is_fresh=True)

    async def exchange(self, refresh_token: str) -> TokenGrant:
        """A new grant for `refresh_token`."""
        flow = refresh_flow(self._config, refresh_token=refresh_token, token_url=self._token_url, now_s=self._now_s)
        request = next(flow)
        while True:
            try:
                request = flow.send(await self._send(request))
            except StopIteration as done:
                return cast("TokenGrant", done.value)


async def hand_over(grant: TokenGrant, on_token_refresh: OnTokenRefresh | None) -> None:
    """Calls `on_token_refresh`, and waits for it if it is asynchronous."""
    if on_token_refresh is not None:
        stored = on_token_refresh(grant)
        if stored is not None:
            await stored
