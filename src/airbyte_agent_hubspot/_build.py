"""Builds the executor for a target: the place where the parts meet."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from ._auth import TOKEN_PATH, CachedTokens, ExpiringToken, FixedToken, HubspotRefresh
from ._catalog import DEFAULT_VERSION
from ._hosted import HostedExecutor, application_token_fetcher
from ._http import PyqwestTransport
from ._local import LocalExecutor
from ._retry import Progress, Retrier
from ._sansio import reauthorization_required, wait_before_retry
from ._target import HostedTarget
from .errors import AuthenticationError
from .models.auth import HubspotPrivateAppAuthConfig

TOKEN_TIMEOUT_S: Final = 30.0
"""A wait for the token endpoint that would end later than this is not begun."""

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ._auth import OnTokenRefresh, Tokens
    from ._executor import Executor
    from ._http import Transport
    from ._target import LocalTarget
    from ._wire import HttpRequest, HttpResponse


def build_executor(
    target: LocalTarget | HostedTarget,
    *,
    transport: Transport | None,
    api_version: str | None,
    on_token_refresh: OnTokenRefresh | None,
) -> Executor:
    """The executor for `target`. Opens nothing yet."""
    retrier = Retrier(transport or PyqwestTransport())
    if isinstance(target, HostedTarget):
        return HostedExecutor(
            retrier=retrier,
            base_url=target.base_url,
            tokens=_server_tokens(target, retrier),
            workspace_name=target.workspace_name,
            connector_id=target.connector_id,
            organization_id=target.organization_id,
        )
    return LocalExecutor(
        retrier=retrier,
        base_url=target.base_url,
        tokens=_hubspot_tokens(target, retrier, on_token_refresh),
        version=api_version or DEFAULT_VERSION,
    )


def _hubspot_tokens(target: LocalTarget, retrier: Retrier, on_token_refresh: OnTokenRefresh | None) -> Tokens:
    config = target.auth_config
    if isinstance(config, HubspotPrivateAppAuthConfig):
        return FixedToken(
            config.private_app_token,
            refused=lambda: reauthorization_required("the private app's token is invalid or was rotated"),
        )
    refresh = HubspotRefresh(
        config,
        token_url=target.base_url + TOKEN_PATH,
        send=_token_sender(retrier),
        now_s=time.time,
        on_token_refresh=on_token_refresh,
    )
    first = ExpiringToken(config.access_token) if config.access_token else None
    return CachedTokens(refresh, now_s=time.time, first=first)


def _server_tokens(target: HostedTarget, retrier: Retrier) -> Tokens:
    given = target.token
    if isinstance(given, str):
        return FixedToken(
            given,
            refused=lambda: AuthenticationError(
                "The server refused airbyte_token: it has expired or is not for this server. Mint a new one, or pass "
                "an async function that does.",
                code="token_expired",
            ),
        )
    if given is not None:
        return CachedTokens(_fetcher_of(given), now_s=time.time)
    fetch = application_token_fetcher(
        base_url=target.base_url,
        client_id=target.client_id or "",
        client_secret=target.client_secret or "",
        send=_token_sender(retrier),
        now_s=time.time,
    )
    return CachedTokens(fetch, now_s=time.time)


def _token_sender(retrier: Retrier) -> Callable[[HttpRequest], Awaitable[HttpResponse]]:
    """Sends requests for tokens: asking twice does no harm."""

    async def send(request: HttpRequest) -> HttpResponse:
        import asyncio  # noqa: PLC0415 - needed at the first token

        return await retrier.send(
            request,
            resendable=True,
            wait_rule=lambda response, attempt, jitter: wait_before_retry(
                response, attempt=attempt, resendable=True, jitter=jitter
            ),
            progress=Progress(deadline_s=asyncio.get_running_loop().time() + TOKEN_TIMEOUT_S),
        )

    return send


def _fetcher_of(given: Callable[[], Awaitable[str]]) -> Callable[[], Awaitable[ExpiringToken]]:
    async def fetch() -> ExpiringToken:
        return ExpiringToken(await given())

    return fetch
