"""The OAuth flow for those who run it themselves: consent URL, code for tokens, what a token may do, its end.

```python
from airbyte_agent_hubspot.oauth import OAuthApp, authorize_url, exchange_code

app = OAuthApp(client_id="...", client_secret="...")
print(authorize_url(app, redirect_uri=REDIRECT_URI, scopes=["oauth"], state=state))
grant = await exchange_code(app, code, redirect_uri=REDIRECT_URI)
```

Every function that sends raises `ConnectorError`s only. `transport` is closed by whoever made it.

Source: https://developers.hubspot.com/docs/api-reference/latest/authentication/manage-oauth-tokens
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from ._auth import TOKEN_PATH, read_grant, refusal_of
from ._http import PyqwestTransport, TransportError
from ._remedies import AUTHORIZE_URL
from ._retry import Progress, Retrier
from ._sansio import read_hubspot_error, wait_before_retry
from ._target import HUBSPOT_API_URL, checked_url
from ._wire import UNREADABLE, HttpRequest
from .errors import (
    ConfigurationError,
    FieldError,
    Upstream,
    UpstreamError,
    UpstreamRejectedError,
    UpstreamUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable

    from ._clock import Clock
    from ._http import Transport
    from ._wire import HttpResponse
    from .errors import ConnectorError
    from .models.auth import TokenGrant

__all__ = [
    "Introspection",
    "OAuthApp",
    "authorize_url",
    "exchange_code",
    "introspect",
    "introspect_private_app",
    "new_code_verifier",
    "revoke",
]

T = TypeVar("T")
TokenType: TypeAlias = Literal["access_token", "refresh_token"]

DEADLINE_S: Final = 30.0
"""A wait for the token endpoint that would end later than this is not begun."""
_PRIVATE_APP_PATH: Final = "/oauth/v2/private-apps/get/access-token-info"
_OK: Final = frozenset({200, 204})
_UNKNOWN_TOKEN: Final = frozenset({400, 401, 404})
# choice: what HubSpot answers for the token of a private app that is gone is not documented.
_CODE_FIELDS: Final = {
    "BAD_AUTH_CODE": "code",
    "EXPIRED_AUTH_CODE": "code",
    "BAD_CODE_VERIFIER": "code_verifier",
    "BAD_REDIRECT_URI": "redirect_uri",
    "MISMATCH_REDIRECT_URI_AUTH_CODE": "redirect_uri",
}


@dataclass(frozen=True, slots=True)
class OAuthApp:
    """A HubSpot OAuth app, and where HubSpot is: by default HubSpot itself."""

    client_id: str
    client_secret: str = field(repr=False)
    api_url: str = HUBSPOT_API_URL
    authorize_url: str = AUTHORIZE_URL


@dataclass(frozen=True, slots=True)
class Introspection:
    """What a token is. If it is not `active`, nothing else is known."""

    active: bool
    token_use: str | None = None
    client_id: str | None = None
    hub_id: int | None = None
    user_id: int | None = None
    app_id: int | None = None
    scopes: tuple[str, ...] = ()
    expires_at_s: float | None = None
    """In epoch seconds; a refresh token has none."""
    user: str | None = None
    """E-mail address of the user who let the app in."""
    hub_domain: str | None = None


class _Introspected(msgspec.Struct, frozen=True):
    active: bool
    token_use: str | None = None
    client_id: str | None = None
    hub_id: int | None = None
    user_id: int | None = None
    app_id: int | None = None
    scopes: tuple[str, ...] = ()
    expires_in: float | None = None
    user: str | None = None
    hub_domain: str | None = None


class _PrivateApp(msgspec.Struct, frozen=True, rename="camel"):
    hub_id: int | None = None
    user_id: int | None = None
    app_id: int | None = None
    scopes: tuple[str, ...] = ()


def new_code_verifier() -> str:
    """A PKCE verifier: keep it with the state, give it to `authorize_url` and `exchange_code`."""
    from secrets import token_urlsafe  # noqa: PLC0415 - only for those who use PKCE

    return token_urlsafe(32)


def authorize_url(  # one argument for each parameter of the URL
    app: OAuthApp,
    *,
    redirect_uri: str,
    scopes: Iterable[str],
    state: str,
    optional_scopes: Iterable[str] = (),
    code_verifier: str | None = None,
) -> str:
    """The page where a user lets the app into an account. Sends nothing.

    `redirect_uri` is one that the app has registered. `state` comes back unchanged: make it unguessable, tie it to the
    user's session, and compare. HubSpot drops optional scopes that the account has no feature for. `code_verifier`
    turns on PKCE (S256), which HubSpot wants of some kinds of apps only.

    Raises:
        ConfigurationError: there is no scope, or no state.
    """
    scope = " ".join(scopes)
    if not scope or not state:
        missing = "state" if scope else "scopes"
        raise ConfigurationError(f"{missing} is missing: the consent page needs at least one scope, and a state.")
    parameters = {"client_id": app.client_id, "redirect_uri": redirect_uri, "scope": scope}
    optional_scope = " ".join(optional_scopes)
    if optional_scope:
        parameters["optional_scope"] = optional_scope
    parameters["state"] = state
    if code_verifier is not None:
        challenge = urlsafe_b64encode(sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()
        parameters |= {"code_challenge": challenge, "code_challenge_method": "S256"}
    page = checked_url(app.authorize_url, "authorize_url", allow_insecure_http=False)
    return f"{page}?{urlencode(parameters, quote_via=quote)}"


async def exchange_code(
    app: OAuthApp,
    code: str,
    *,
    redirect_uri: str,
    code_verifier: str | None = None,
    transport: Transport | None = None,
    clock: Clock | None = None,
) -> TokenGrant:
    """The tokens for an authorization code. `redirect_uri` is the one that the code came to. Never sent twice.

    Raises:
        UpstreamRejectedError: the code is unknown, used or expired, or does not fit the other values.
        AuthenticationError: HubSpot does not know the client id, or the secret is wrong.
    """
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    if code_verifier is not None:
        fields["code_verifier"] = code_verifier
    async with _speaking(app, transport, clock) as speaker:
        asked_at_s = speaker.now_s()
        response = await speaker.post("", fields, resendable=False)
    if response.status not in _OK:
        raise _code_refusal(response)
    return read_grant(response, refresh_token="", asked_at_s=asked_at_s)


async def introspect(
    app: OAuthApp,
    token: str,
    *,
    token_type: TokenType = "access_token",  # noqa: S107 - a kind of token
    transport: Transport | None = None,
    clock: Clock | None = None,
) -> Introspection:
    """What a token of the app is and may do. For a dead or unknown one only that it is not active."""
    async with _speaking(app, transport, clock) as speaker:
        asked_at_s = speaker.now_s()
        response = await speaker.post("/introspect", {"token": token, "token_type_hint": token_type}, resendable=True)
    if response.status not in _OK:
        # choice: what HubSpot answers for an unknown token is not documented; this refusal would say the same.
        if read_hubspot_error(response).status == "BAD_REFRESH_TOKEN":
            return Introspection(active=False)
        raise refusal_of(response)
    found = _decoded(response, _Introspected)
    facts = {name: value for name, value in msgspec.structs.asdict(found).items() if name != "expires_in"}
    expires_at_s = None if found.expires_in is None else asked_at_s + found.expires_in
    return Introspection(**facts, expires_at_s=expires_at_s)


async def introspect_private_app(
    token: str, *, api_url: str = HUBSPOT_API_URL, transport: Transport | None = None, clock: Clock | None = None
) -> Introspection:
    """What the token of a private app or a service key may do. For an unknown one only that it is not active.

    Source: https://developers.hubspot.com/docs/apps/legacy-apps/private-apps/overview
    """
    async with _speaking(OAuthApp("", "", api_url), transport, clock) as speaker:
        response = await speaker.send(
            HttpRequest(
                "POST",
                speaker.api_url + _PRIVATE_APP_PATH,
                {"content-type": "application/json", "accept": "application/json"},
                msgspec.json.encode({"tokenKey": token}),
            ),
            resendable=True,
        )
    if response.status in _UNKNOWN_TOKEN:
        return Introspection(active=False)
    if response.status not in _OK:
        raise refusal_of(response)
    found = _decoded(response, _PrivateApp)
    return Introspection(
        active=True, hub_id=found.hub_id, user_id=found.user_id, app_id=found.app_id, scopes=found.scopes
    )


async def revoke(
    app: OAuthApp,
    token: str,
    *,
    token_type: TokenType = "refresh_token",  # noqa: S107 - a kind of token
    transport: Transport | None = None,
    clock: Clock | None = None,
) -> None:
    """Makes a token worthless. The app stays installed, and access tokens may live on until they expire."""
    async with _speaking(app, transport, clock) as speaker:
        response = await speaker.post("/revoke", {"token": token, "token_type_hint": token_type}, resendable=True)
    if response.status not in _OK:
        raise refusal_of(response)


@dataclass(frozen=True, slots=True)
class _Speaker:
    """Speaks to the token endpoint for an app."""

    app: OAuthApp
    api_url: str
    retrier: Retrier

    def now_s(self) -> float:
        return self.retrier.clock.now_s()

    async def post(self, below: str, fields: dict[str, str], *, resendable: bool) -> HttpResponse:
        """The answer to a form with `fields` and the app's credentials."""
        form = {"client_id": self.app.client_id, "client_secret": self.app.client_secret, **fields}
        request = HttpRequest(
            "POST",
            f"{self.api_url}{TOKEN_PATH}{below}",
            {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"},
            urlencode(form).encode(),
        )
        return await self.send(request, resendable=resendable)

    async def send(self, request: HttpRequest, *, resendable: bool) -> HttpResponse:
        """The answer, whatever its status."""

        def wait_rule(response: HttpResponse, attempt: int, jitter: Callable[[], float]) -> float | None:
            return wait_before_retry(response, attempt=attempt, resendable=resendable, jitter=jitter)

        progress = Progress(deadline_s=self.retrier.clock.monotonic_s() + DEADLINE_S)
        try:
            return await self.retrier.send(request, resendable=resendable, wait_rule=wait_rule, progress=progress)
        except TransportError as error:
            raise UpstreamUnavailableError(
                f"HubSpot's token endpoint at {self.api_url} gave no answer. Try again later."
            ) from error


@asynccontextmanager
async def _speaking(app: OAuthApp, transport: Transport | None, clock: Clock | None) -> AsyncGenerator[_Speaker, None]:
    """Speaks over `transport`; over one of its own, which it closes, if there is none."""
    api_url = checked_url(app.api_url, "api_url", allow_insecure_http=False)
    used = transport or PyqwestTransport()
    try:
        yield _Speaker(app, api_url, Retrier(used, clock=clock))
    finally:
        if transport is None:
            await used.close()


def _decoded(response: HttpResponse, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(response.body, type=kind)
    except UNREADABLE as error:
        raise UpstreamError(
            "HubSpot's answer about the token could not be read. Try again later.",
            upstream=Upstream(response.status),
        ) from error


def _code_refusal(response: HttpResponse) -> ConnectorError:
    body = read_hubspot_error(response)
    field = _CODE_FIELDS.get(str(body.status))
    if field is None:
        return refusal_of(response)
    sentence = (
        f"HubSpot does not accept the {field}: {body.message or body.status}. Send the user to the consent page again."
    )
    return UpstreamRejectedError(
        sentence,
        errors=[FieldError(field, sentence, str(body.status).lower())],
        upstream=Upstream(response.status, body.category, body.correlationId),
    )
