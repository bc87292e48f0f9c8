"""HubSpot's OAuth endpoints: refresh, exchange a code, say whose token it is, revoke."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlencode

import msgspec
from pydantic import SecretStr

from airbyte_agent_hubspot._auth import read_grant, refresh_flow
from airbyte_agent_hubspot._http import TransportError
from airbyte_agent_hubspot._retry import Progress, Retrier
from airbyte_agent_hubspot._sansio import read_hubspot_error, reauthorization_required, wait_before_retry
from airbyte_agent_hubspot._wire import HttpRequest, HttpResponse
from airbyte_agent_hubspot.errors import ConnectorError, Upstream, UpstreamError, UpstreamUnavailableError
from airbyte_agent_hubspot.models import HubspotAuthConfig, TokenGrant
from airbyte_agent_server.ports import Clock

PRIVATE_APP_INFO_PATH = "/oauth/v2/private-apps/get/access-token-info"

T = TypeVar("T")
_SERVER_FAILURES_FROM = 500
_OK = frozenset({200, 204})
_PASSING = frozenset({423, 429, 477})


@dataclass(frozen=True, slots=True)
class OAuthApp:
    """A HubSpot OAuth app that may exchange codes and refresh tokens."""

    client_id: str
    client_secret: SecretStr


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """Which HubSpot account a credential opens, and what it may do there."""

    hub_id: int | None
    scopes: tuple[str, ...]


class _Introspection(msgspec.Struct, frozen=True):
    hub_id: int | None = None
    scopes: tuple[str, ...] = ()


class _PrivateAppInfo(msgspec.Struct, frozen=True):
    hub_id: int | None = msgspec.field(name="hubId", default=None)
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HubspotOAuth:
    """Speaks to HubSpot about tokens. Every method raises `ConnectorError`s only."""

    retrier: Retrier = field(repr=False)
    api_base_url: str
    token_path: str
    clock: Clock

    async def refresh(self, app: OAuthApp, refresh_token: SecretStr) -> TokenGrant:
        """A new access token.

        Raises:
            ReauthorizationRequiredError: the refresh token is dead.
            AuthenticationError: client id or secret are wrong.
        """
        config = HubspotAuthConfig(
            refresh_token=refresh_token.get_secret_value(),
            client_id=app.client_id,
            client_secret=app.client_secret.get_secret_value(),
        )
        return await self._run(
            refresh_flow(
                config,
                refresh_token=config.refresh_token,
                token_url=self.api_base_url + self.token_path,
                now_s=self._now_s,
            )
        )

    async def exchange(self, app: OAuthApp, code: str, *, redirect_uri: str, verifier: str | None) -> TokenGrant:
        """What an authorization code is worth. Raises like `refresh`; a code is never sent twice."""
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        if verifier is not None:
            fields["code_verifier"] = verifier
        asked_at_s = self._now_s()
        response = await self._post_form(self.token_path, app, fields, resendable=False)
        return read_grant(response, refresh_token="", asked_at_s=asked_at_s)

    async def read_account(self, app: OAuthApp, grant: TokenGrant) -> AccountFacts:
        """Whose token it is: from the grant itself where HubSpot says so, else by asking."""
        if grant.hub_id is not None and grant.scopes is not None:
            return AccountFacts(grant.hub_id, tuple(sorted(grant.scopes)))
        fields = {"token": grant.access_token, "token_type_hint": "access_token"}
        response = await self._post_form(f"{self.token_path}/introspect", app, fields, resendable=True)
        found = _decode(response, _Introspection)
        return AccountFacts(found.hub_id, tuple(sorted(found.scopes)))

    async def read_private_app(self, token: SecretStr) -> AccountFacts:
        """Whose private app it is.

        Raises:
            ReauthorizationRequiredError: HubSpot does not know the token.
        """
        request = HttpRequest(
            "POST",
            self.api_base_url + PRIVATE_APP_INFO_PATH,
            {"content-type": "application/json", "accept": "application/json"},
            msgspec.json.encode({"tokenKey": token.get_secret_value()}),
        )
        found = _decode(await self._send(request, resendable=True), _PrivateAppInfo)
        return AccountFacts(found.hub_id, tuple(sorted(found.scopes)))

    async def revoke(self, app: OAuthApp, refresh_token: SecretStr) -> None:
        """Make the refresh token worthless."""
        fields = {"token": refresh_token.get_secret_value(), "token_type_hint": "refresh_token"}
        response = await self._post_form(f"{self.token_path}/revoke", app, fields, resendable=True)
        if response.status not in _OK:
            raise _refusal(response)

    def _now_s(self) -> float:
        return self.clock.now().timestamp()

    async def _post_form(self, path: str, app: OAuthApp, fields: dict[str, str], *, resendable: bool) -> HttpResponse:
        client = {"client_id": app.client_id, "client_secret": app.client_secret.get_secret_value()}
        request = HttpRequest(
            "POST",
            self.api_base_url + path,
            {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"},
            urlencode({**fields, **client}).encode(),
        )
        return await self._send(request, resendable=resendable)

    async def _run(self, flow: Generator[HttpRequest, HttpResponse, TokenGrant]) -> TokenGrant:
        request = next(flow)
        while True:
            try:
                request = flow.send(await self._send(request, resendable=True))
            except StopIteration as done:
                grant: TokenGrant = done.value
                return grant

    async def _send(self, request: HttpRequest, *, resendable: bool) -> HttpResponse:
        def wait_rule(response: HttpResponse, attempt: int, jitter: Callable[[], float]) -> float | None:
            return wait_before_retry(response, attempt=attempt, resendable=resendable, jitter=jitter)

        try:
            return await self.retrier.send(request, resendable=resendable, wait_rule=wait_rule, progress=Progress())
        except TransportError as error:
            raise UpstreamUnavailableError(
                f"HubSpot's token endpoint could not be reached at {self.api_base_url}. Try again later."
            ) from error


def _decode(response: HttpResponse, kind: type[T]) -> T:
    if response.status not in _OK:
        raise _refusal(response)
    try:
        return msgspec.json.decode(response.body, type=kind)
    except msgspec.DecodeError as error:
        raise UpstreamError(
            "HubSpot's answer about the token could not be read. Try again later.",
            upstream=Upstream(response.status),
        ) from error


def _refusal(response: HttpResponse) -> ConnectorError:
    body = read_hubspot_error(response)
    upstream = Upstream(response.status, body.category, body.correlationId, body.policyName)
    said = body.message or f"HTTP {response.status}"
    if response.status in _PASSING or response.status >= _SERVER_FAILURES_FROM:
        return UpstreamError(f"HubSpot's token endpoint failed: {said}. Try again later.", upstream=upstream)
    return reauthorization_required(said, upstream)
