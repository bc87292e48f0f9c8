"""Access tokens: fetched, kept, replaced in time and after a 401, one refresh at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from airbyte_agent_hubspot import HubspotAuthConfig, HubspotConnector, HubspotPrivateAppAuthConfig
from airbyte_agent_hubspot._auth import REFRESH_MARGIN_S, CachedTokens, ExpiringToken, HubspotRefresh
from airbyte_agent_hubspot.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    MissingCredentialsError,
    RateLimitedError,
    ReauthorizationRequiredError,
    Upstream,
    UpstreamError,
    UpstreamUnavailableError,
)
from airbyte_agent_hubspot.models import TokenGrant
from airbyte_agent_hubspot.transports import HttpRequest, HttpResponse, NotSentError
from unit.scripted import ScriptedTransport, answer, form, grant, page

if TYPE_CHECKING:
    from airbyte_agent_hubspot._auth import OnTokenRefresh

TOKEN = "POST /oauth/2026-03/token"
CONTACTS = "GET /crm/objects/2026-03/contacts"
EXPIRED = answer({"status": "error", "message": "expired", "category": "EXPIRED_AUTHENTICATION"}, status=401)
UNKNOWN = answer(
    {"status": "error", "message": "not found", "category": "INVALID_AUTHENTICATION", "correlationId": "c-1"},
    status=401,
)


def connect(
    transport: ScriptedTransport, *, access_token: str | None = None, on_token_refresh: OnTokenRefresh | None = None
) -> HubspotConnector:
    config = HubspotAuthConfig(
        client_id="app-1", client_secret="app-secret", refresh_token="refresh-1", access_token=access_token
    )
    return HubspotConnector(auth_config=config, transport=transport, on_token_refresh=on_token_refresh)


class Portal:
    """Answers as HubSpot does: knows which access token is good, grants another for the refresh token."""

    def __init__(self, *, good: str, grants: str, refresh_s: float = 1) -> None:
        self._good = good
        self._grants = grants
        self._refresh_s = refresh_s
        self.refreshes = 0

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            self.refreshes += 1
            await asyncio.sleep(self._refresh_s)
            self._good = self._grants
            return grant(self._grants)
        await asyncio.sleep(0.1)
        return page("1") if request.headers["authorization"] == f"Bearer {self._good}" else EXPIRED


async def test_the_first_access_token_is_fetched_and_then_kept() -> None:
    transport = ScriptedTransport(grant("access-1"), page(), page())
    connector = connect(transport)
    await connector.contacts.list()
    await connector.contacts.list()
    assert transport.paths() == [TOKEN, CONTACTS, CONTACTS]
    assert transport.requests[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert form(transport.requests[0]) == {
        "grant_type": "refresh_token",
        "client_id": "app-1",
        "client_secret": "app-secret",
        "refresh_token": "refresh-1",
    }
    assert transport.tokens() == ["access-1", "access-1"]


async def test_a_given_access_token_is_used_until_it_is_refused() -> None:
    transport = ScriptedTransport(page(), EXPIRED, grant("access-2"), page())
    connector = connect(transport, access_token="access-1")
    await connector.contacts.list()
    await connector.contacts.list()
    assert transport.paths() == [CONTACTS, CONTACTS, TOKEN, CONTACTS]
    assert transport.tokens() == ["access-1", "access-1", "access-2"]


@pytest.mark.requirement("refresh-before-expiry")
async def test_a_token_is_replaced_a_minute_before_it_expires() -> None:
    now_s = 1_000.0
    fetched = 0

    async def fetch() -> ExpiringToken:
        nonlocal fetched
        fetched += 1
        return ExpiringToken(f"access-{fetched}", now_s + 1800)

    tokens = CachedTokens(fetch, now_s=lambda: now_s)
    assert await tokens.current() == "access-1"
    now_s += 1800 - REFRESH_MARGIN_S - 1
    assert await tokens.current() == "access-1"
    now_s += 1
    assert await tokens.current() == "access-2"


@pytest.mark.requirement("single-flight")
async def test_fifty_calls_with_an_expired_token_refresh_once() -> None:
    portal = Portal(good="access-2", grants="access-3")
    transport = ScriptedTransport(portal)
    connector = connect(transport, access_token="access-1")
    async with asyncio.timeout(10):
        pages = await asyncio.gather(*(connector.contacts.list() for _ in range(50)))
    assert [len(one) for one in pages] == [1] * 50
    assert portal.refreshes == 1
    assert transport.tokens() == ["access-1"] * 50 + ["access-3"] * 50


@pytest.mark.requirement("single-flight")
async def test_a_call_refused_late_uses_what_another_fetched_meanwhile() -> None:
    portal = Portal(good="access-2", grants="access-2", refresh_s=0)
    late = asyncio.Event()

    async def respond(request: HttpRequest) -> HttpResponse:
        response = await portal(request)
        if request.url.endswith("deals") and response.status == 401:
            await late.wait()
        return response

    connector = connect(ScriptedTransport(respond), access_token="access-1")
    deals = asyncio.create_task(connector.deals.list())
    await connector.contacts.list()
    late.set()
    await deals
    assert portal.refreshes == 1


@pytest.mark.requirement("second-401")
@pytest.mark.parametrize("refusal", [EXPIRED, UNKNOWN])
async def test_a_second_401_asks_for_a_new_connection(refusal: HttpResponse) -> None:
    transport = ScriptedTransport(refusal, grant("access-2"), refusal)
    with pytest.raises(ReauthorizationRequiredError) as caught:
        await connect(transport, access_token="access-1").contacts.list()
    assert caught.value.code == "reauthorization_required"
    assert transport.paths() == [CONTACTS, TOKEN, CONTACTS]


@pytest.mark.requirement("single-flight")
async def test_a_cancelled_caller_does_not_cancel_the_refresh_that_others_wait_for() -> None:
    portal = Portal(good="access-2", grants="access-2")
    connector = connect(ScriptedTransport(portal))
    first, second = (asyncio.create_task(connector.contacts.list()) for _ in range(2))
    await asyncio.sleep(0.5)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert len(await second) == 1
    assert portal.refreshes == 1


async def test_a_refresh_whose_callers_all_left_warns_nobody_and_the_next_call_tries_anew() -> None:
    async def refuse_slowly(_: HttpRequest) -> HttpResponse:
        await asyncio.sleep(1)
        return answer({"status": "BAD_REFRESH_TOKEN"}, status=400)

    transport = ScriptedTransport(refuse_slowly, grant("access-1"), page("1"))
    connector = connect(transport)
    call = asyncio.create_task(connector.contacts.list())
    await asyncio.sleep(0.5)
    call.cancel()
    await asyncio.sleep(2)
    assert len(await connector.contacts.list()) == 1


async def test_all_who_wait_for_a_refresh_see_it_fail() -> None:
    async def refuse_slowly(_: HttpRequest) -> HttpResponse:
        await asyncio.sleep(1)
        return answer({"status": "BAD_REFRESH_TOKEN", "message": "revoked"}, status=400)

    transport = ScriptedTransport(refuse_slowly)
    connector = connect(transport)
    outcomes = await asyncio.gather(*(connector.contacts.list() for _ in range(5)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ReauthorizationRequiredError] * 5
    assert transport.paths() == [TOKEN]


async def test_closing_ends_a_refresh_with_an_error_for_those_who_wait() -> None:
    ended: list[bool] = []

    async def hang(_: HttpRequest) -> HttpResponse:
        try:
            return await asyncio.Future[HttpResponse]()
        finally:
            ended.append(True)

    transport = ScriptedTransport(hang)
    connector = connect(transport)
    call = asyncio.create_task(connector.contacts.list())
    await asyncio.sleep(1)
    await connector.close()
    with pytest.raises(ConfigurationError):
        await call
    assert ended == [True]
    assert transport.closed == 1


@pytest.mark.requirement("stored-before-use")
async def test_a_new_grant_is_handed_over_before_its_token_is_used() -> None:
    events: list[str] = []
    grants: list[TokenGrant] = []

    async def store(new: TokenGrant) -> None:
        grants.append(new)
        await asyncio.sleep(1)
        events.append("stored")

    async def watch(request: HttpRequest) -> HttpResponse:
        events.append(request.headers.get("authorization", "refresh"))
        if request.method == "POST":
            return grant("access-1", refresh_token="refresh-2", hub_id=24681012, scopes=["oauth", "tickets"])
        return page()

    await connect(ScriptedTransport(watch), on_token_refresh=store).contacts.list()
    assert events == ["refresh", "stored", "Bearer access-1"]
    assert [(new.access_token, new.refresh_token, new.hub_id, new.scopes) for new in grants] == [
        ("access-1", "refresh-2", 24681012, ("oauth", "tickets"))
    ]


async def test_the_time_at_which_a_grant_ends_counts_from_the_question() -> None:
    times = iter([1_000.0])
    grants: list[TokenGrant] = []

    async def send(_: HttpRequest) -> HttpResponse:
        return grant("access-1", expires_in=1800)

    refresh = HubspotRefresh(
        HubspotAuthConfig(client_id="app-1", client_secret="s", refresh_token="refresh-1"),
        token_url="https://hubspot.test/token",
        send=send,
        now_s=lambda: next(times),
        on_token_refresh=grants.append,
    )
    assert await refresh() == ExpiringToken("access-1", 2_800.0, is_fresh=True)
    assert grants == [TokenGrant("access-1", "refresh-1", 2_800.0)]


@pytest.mark.requirement("stored-before-use")
async def test_a_token_that_could_not_be_stored_is_not_used() -> None:
    class DiskFullError(Exception):
        pass

    def fail(_: TokenGrant) -> None:
        raise DiskFullError

    transport = ScriptedTransport(grant("access-1"))
    with pytest.raises(DiskFullError):
        await connect(transport, on_token_refresh=fail).contacts.list()
    assert transport.paths() == [TOKEN]


async def test_a_rotated_refresh_token_replaces_the_old_one() -> None:
    transport = ScriptedTransport(
        grant("access-1", refresh_token="refresh-2", expires_in=0), page(), grant("access-2", expires_in=0), page()
    )
    connector = connect(transport)
    await connector.contacts.list()
    await connector.contacts.list()
    assert [form(request).get("refresh_token") for request in transport.requests] == [
        "refresh-1",
        None,
        "refresh-2",
        None,
    ]


@pytest.mark.requirement("missing-credentials")
@pytest.mark.parametrize(("access_token", "script"), [(None, []), ("access-1", [EXPIRED])])
async def test_without_client_id_and_secret_an_expired_token_names_what_is_missing(
    access_token: str | None, script: list[HttpResponse]
) -> None:
    transport = ScriptedTransport(*script)
    config = HubspotAuthConfig(refresh_token="refresh-1", access_token=access_token)
    with pytest.raises(MissingCredentialsError) as caught:
        await HubspotConnector(auth_config=config, transport=transport).contacts.list()
    assert caught.value.code == "missing_credentials"
    assert [error.field for error in caught.value.errors] == ["credentials.client_id", "credentials.client_secret"]
    assert "client_id and client_secret" in caught.value.message
    assert len(transport.requests) == len(script)


async def test_without_client_id_and_secret_a_good_access_token_is_enough() -> None:
    config = HubspotAuthConfig(refresh_token="refresh-1", access_token="access-1")
    assert len(await HubspotConnector(auth_config=config, transport=ScriptedTransport(page("1"))).contacts.list()) == 1


async def test_a_private_apps_token_that_is_refused_is_not_refreshed() -> None:
    transport = ScriptedTransport(UNKNOWN)
    connector = HubspotConnector(
        auth_config=HubspotPrivateAppAuthConfig(private_app_token="pat-1"), transport=transport
    )
    with pytest.raises(ReauthorizationRequiredError) as refused:
        await connector.contacts.list()
    await connector.close()
    assert len(transport.requests) == 1
    assert [(item.field, item.error_code) for item in refused.value.errors] == [
        ("credentials.private_app_token", "private_app_token_invalid")
    ]
    assert "refresh token" not in refused.value.message


@pytest.mark.parametrize(
    ("refusal", "error_class", "code", "errors"),
    [
        pytest.param(
            answer(
                {
                    "error": "invalid_grant",
                    "error_description": "refresh token is invalid, expired or revoked",
                    "status": "BAD_REFRESH_TOKEN",
                    "message": "refresh token is invalid, expired or revoked",
                },
                status=400,
            ),
            ReauthorizationRequiredError,
            "reauthorization_required",
            [("credentials.refresh_token", "refresh_token_invalid")],
            id="dead refresh token",
        ),
        pytest.param(
            answer(
                {"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token", "correlationId": "c-1"},
                status=400,
            ),
            ReauthorizationRequiredError,
            "reauthorization_required",
            [("credentials.refresh_token", "refresh_token_invalid")],
            id="dead refresh token, v1",
        ),
        pytest.param(
            answer({"error": "access_denied", "status": "BAD_HUB"}, status=400),
            ReauthorizationRequiredError,
            "reauthorization_required",
            [("credentials.refresh_token", "account_unreachable")],
            id="app cut off from the account",
        ),
        pytest.param(
            answer({"error": "invalid_client", "status": "BAD_CLIENT_ID"}, status=400),
            AuthenticationError,
            "invalid_credentials",
            [("credentials.client_id", "client_id_invalid")],
            id="unknown client id",
        ),
        pytest.param(
            answer({"status": "BAD_CLIENT_SECRET"}, status=400),
            AuthenticationError,
            "invalid_credentials",
            [("credentials.client_secret", "client_secret_invalid")],
            id="wrong client secret",
        ),
        pytest.param(answer(b"<html>", status=415), UpstreamError, "upstream_error", [], id="no answer to read"),
        pytest.param(answer(b"{}"), UpstreamError, "upstream_error", [], id="a grant without a token"),
        pytest.param(
            answer({"message": "slow down"}, status=429, headers={"retry-after": "3600"}),
            RateLimitedError,
            "upstream_rate_limited",
            [],
            id="a limit that resets later than anybody waits",
        ),
    ],
)
async def test_a_refused_refresh_says_what_to_mend(
    refusal: HttpResponse, error_class: type[ConnectorError], code: str, errors: list[tuple[str, str]]
) -> None:
    with pytest.raises(ConnectorError) as caught:
        await connect(ScriptedTransport(refusal)).contacts.list()
    assert type(caught.value) is error_class
    assert caught.value.code == code
    assert [(error.field, error.error_code) for error in caught.value.errors] == errors
    assert caught.value.upstream is not None
    assert caught.value.upstream.status == refusal.status


async def test_a_refused_refresh_carries_hubspots_correlation_id() -> None:
    refusal = answer({"status": "BAD_REFRESH_TOKEN", "message": "gone", "correlationId": "c-1"}, status=400)
    with pytest.raises(ReauthorizationRequiredError) as caught:
        await connect(ScriptedTransport(refusal)).contacts.list()
    assert caught.value.upstream == Upstream(400, None, "c-1")


async def test_a_failing_token_endpoint_is_asked_again() -> None:
    transport = ScriptedTransport(NotSentError("refused"), answer({}, status=503), grant("access-1"), page("1"))
    assert len(await connect(transport).contacts.list()) == 1


async def test_a_token_endpoint_that_cannot_be_reached_is_unavailable() -> None:
    with pytest.raises(UpstreamUnavailableError):
        await connect(ScriptedTransport(*[NotSentError("refused")] * 4)).contacts.list()
