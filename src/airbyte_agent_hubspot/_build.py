"""Builds the executor for a target: the place where the parts meet."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from ._auth import (
    LEGACY_TOKEN_PATH,
    TOKEN_PATH,
    CachedTokens,
    ExpiringToken,
    FixedToken,
    HubspotRefresh,
    client_pair_of,
)
from ._catalog import DEFAULT_VERSION, LEGACY_VERSION
from ._http import PyqwestTransport
from ._limits import shared_budget
from ._retry import Progress, Retrier
from ._sansio import private_app_token_refused, reauthorization_required, wait_before_retry
from ._target import HostedTarget
from .errors import AuthenticationError
from .models.auth import HubspotPrivateAppAuthConfig

TOKEN_TIMEOUT_S: Final = 30.0
"""A wait for the token endpoint that would end later than this is not begun."""

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ._auth import OnTokenRefresh, Tokens
    from ._clock import Clock
    from ._executor import Executor
    from ._http import Transport
    from ._limits import Budget
    from ._target import LocalTarget
    from ._wire import HttpRequest, HttpResponse
    from .models import GrantedScopes
    from .oauth import Introspection
    from .token_store import TokenStore


def build_executor(
    target: LocalTarget | HostedTarget,
    *,
    transport: Transport | None,
    api_version: str | None,
    on_token_refresh: OnTokenRefresh | None,
    token_store: TokenStore | None = None,
    clock: Clock | None = None,
    budget: Budget | None = None,
) -> Executor:
    """The executor for `target`. Opens nothing yet."""
    transport = transport or PyqwestTransport()
    retrier = Retrier(transport, clock=clock)
    if isinstance(target, HostedTarget):
        from ._hosted import HostedExecutor  # noqa: PLC0415 - one of the two ways to run is needed

        return HostedExecutor(
            retrier=retrier,
            base_url=target.base_url,
            tokens=_server_tokens(target, retrier),
            workspace_name=target.workspace_name,
            connector_id=target.connector_id,
            organization_id=target.organization_id,
        )
    from ._local import LocalExecutor  # noqa: PLC0415

    version = api_version or DEFAULT_VERSION
    tokens = _hubspot_tokens(target, retrier, version, on_token_refresh, token_store)
    config = target.auth_config
    return LocalExecutor(
        retrier=retrier,
        base_url=target.base_url,
        tokens=tokens,
        version=version,
        budget=budget or shared_budget(_account_of(target)),
        introspect=_introspection(target, tokens, transport, retrier.clock),
        client_id=None if isinstance(config, HubspotPrivateAppAuthConfig) else config.client_id,
    )


def _introspection(
    target: LocalTarget, tokens: Tokens, transport: Transport, clock: Clock
) -> Callable[[], Awaitable[GrantedScopes]]:
    """What asks HubSpot about the token. One that is not active is renewed once."""
    config = target.auth_config

    async def ask(token: str) -> Introspection:
        from .oauth import OAuthApp, introspect, introspect_private_app  # noqa: PLC0415 - seldom asked

        if isinstance(config, HubspotPrivateAppAuthConfig):
            return await introspect_private_app(token, api_url=target.base_url, transport=transport, clock=clock)
        client_id, client_secret = client_pair_of(config)
        app = OAuthApp(client_id, client_secret, target.base_url)
        return await introspect(app, token, transport=transport, clock=clock)

    async def granted() -> GrantedScopes:
        token = await tokens.current()
        found = await ask(token)
        if not found.active:
            found = await ask((await tokens.renew(token)).value)
        if not found.active:
            raise reauthorization_required("a freshly issued access token is not active")
        from .models import GrantedScopes  # noqa: PLC0415 - seldom asked

        return GrantedScopes(found.hub_id, sorted(found.scopes), found.user_id, found.app_id)

    return granted


def _account_of(target: LocalTarget) -> str:
    """What names the app and account whose limits are shared, without telling the credentials."""
    config = target.auth_config
    secret: str | None
    if isinstance(config, HubspotPrivateAppAuthConfig):
        secret = config.private_app_token
    else:
        secret = config.refresh_token or config.client_id
    return sha256(f"{target.base_url} {secret}".encode()).hexdigest()


def _hubspot_tokens(
    target: LocalTarget,
    retrier: Retrier,
    version: str,
    on_token_refresh: OnTokenRefresh | None,
    store: TokenStore | None,
) -> Tokens:
    config = target.auth_config
    if isinstance(config, HubspotPrivateAppAuthConfig):
        return FixedToken(config.private_app_token, refused=private_app_token_refused)
    now_s = retrier.clock.now_s
    refresh = HubspotRefresh(
        config,
        token_url=target.base_url + (LEGACY_TOKEN_PATH if version == LEGACY_VERSION else TOKEN_PATH),
        send=_token_sender(retrier),
        now_s=now_s,
        on_token_refresh=on_token_refresh,
    )
    first = ExpiringToken(config.access_token) if config.access_token else None
    if store is None:
        return CachedTokens(refresh, now_s=now_s, first=first)
    from ._stored_tokens import StoredRefresh  # noqa: PLC0415 - only for those who keep tokens

    stored = StoredRefresh(
        config, store=store, exchange=refresh.exchange, now_s=now_s, on_token_refresh=on_token_refresh
    )
    return CachedTokens(stored, now_s=now_s, first=first)


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
        return CachedTokens(_fetcher_of(given), now_s=retrier.clock.now_s)
    from ._hosted import application_token_fetcher  # noqa: PLC0415

    fetch = application_token_fetcher(
        base_url=target.base_url,
        client_id=target.client_id or "",
        client_secret=target.client_secret or "",
        send=_token_sender(retrier),
        now_s=retrier.clock.now_s,
    )
    return CachedTokens(fetch, now_s=retrier.clock.now_s)


def _token_sender(retrier: Retrier) -> Callable[[HttpRequest], Awaitable[HttpResponse]]:
    """Sends requests for tokens: asking twice does no harm."""

    async def send(request: HttpRequest) -> HttpResponse:
        return await retrier.send(
            request,
            resendable=True,
            wait_rule=lambda response, attempt, jitter: wait_before_retry(
                response, attempt=attempt, resendable=True, jitter=jitter
            ),
            progress=Progress(deadline_s=retrier.clock.monotonic_s() + TOKEN_TIMEOUT_S),
        )

    return send


def _fetcher_of(given: Callable[[], Awaitable[str]]) -> Callable[[], Awaitable[ExpiringToken]]:
    async def fetch() -> ExpiringToken:
        return ExpiringToken(await given())

    return fetch
