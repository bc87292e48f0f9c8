"""The OAuth flow for those who run it themselves, and the scopes that a connector was granted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from airbyte_agent_hubspot import HubspotAuthConfig, HubspotConnector, HubspotPrivateAppAuthConfig
from airbyte_agent_hubspot._auth import FixedToken
from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._executor import Call
from airbyte_agent_hubspot._local import LocalExecutor
from airbyte_agent_hubspot._retry import Retrier
from airbyte_agent_hubspot.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    MissingCredentialsError,
    ReauthorizationRequiredError,
    UpstreamError,
    UpstreamRejectedError,
    UpstreamUnavailableError,
)
from airbyte_agent_hubspot.models import GrantedScopes, TokenGrant
from airbyte_agent_hubspot.oauth import (
    Introspection,
    OAuthApp,
    authorize_url,
    exchange_code,
    introspect,
    introspect_private_app,
    new_code_verifier,
    revoke,
)
from airbyte_agent_hubspot.transports import AsgiTransport, HttpRequest, HttpResponse, MaybeSentError, NotSentError
from hubspot_sandbox import Portal, VirtualClock, create_app
from unit.scripted import ScriptedTransport, answer, form, grant

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

REDIRECT_URI = "http://localhost:3000/callback"
APP = OAuthApp("app-1", "s3cret")
TOKEN = "POST /oauth/2026-03/token"


class SandboxClock:
    """The portal's time, for a connector."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    def now_s(self) -> float:
        return self._clock.now_ms() / 1000

    def monotonic_s(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class World:
    """A small account in this process, and its app."""

    def __init__(self) -> None:
        clock = VirtualClock()
        app = create_app(portal="small", clock=clock)
        self.portal: Portal = app.state.portal
        self.transport = AsgiTransport(app)
        self.clock = SandboxClock(clock)
        registered = self.portal.tokens.apps()[0]
        self.app = OAuthApp(registered.client_id, registered.client_secret, "https://hubspot.test")
        self.refresh_token = self.portal.tokens.grants()[0].refresh_token

    async def consent(self, url: str) -> dict[str, list[str]]:
        """What comes back when a user approves."""
        page = await self.transport.send(HttpRequest("GET", f"{url}&auto_approve=true"))
        assert page.status == 302, page.body.decode()
        return parse_qs(urlsplit(page.headers["location"]).query)


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("code_verifier", [None, new_code_verifier()], ids=["without PKCE", "with PKCE"])
async def test_a_user_who_consents_gives_tokens_that_can_be_asked_about_and_revoked(
    world: World, code_verifier: str | None
) -> None:
    url = authorize_url(
        world.app,
        redirect_uri=REDIRECT_URI,
        scopes=["oauth", "crm.objects.contacts.read"],
        optional_scopes=["tickets"],
        state="state-1",
        code_verifier=code_verifier,
    )
    came_back = await world.consent(url.replace("https://app.hubspot.com", "https://hubspot.test"))
    assert came_back["state"] == ["state-1"]
    [code] = came_back["code"]
    granted = await exchange_code(
        world.app,
        code,
        redirect_uri=REDIRECT_URI,
        code_verifier=code_verifier,
        transport=world.transport,
        clock=world.clock,
    )
    scopes = ("crm.objects.contacts.read", "oauth", "tickets")
    now_s = world.clock.now_s()
    assert (granted.expires_at_s, granted.hub_id, granted.scopes) == (now_s + 1800, world.portal.hub_id, scopes)
    access = await introspect(world.app, granted.access_token, transport=world.transport, clock=world.clock)
    facts = {
        "client_id": world.app.client_id,
        "hub_id": world.portal.hub_id,
        "user_id": access.user_id,
        "app_id": world.portal.tokens.apps()[0].app_id,
        "scopes": scopes,
        "user": access.user,
        "hub_domain": f"sandbox-{world.portal.hub_id}.com",
    }
    expected = Introspection(active=True, token_use="access_token", expires_at_s=now_s + 1800, **facts)  # type: ignore[arg-type] # the values are as different as the fields
    assert access == expected
    refresh = await introspect(
        world.app, granted.refresh_token, token_type="refresh_token", transport=world.transport, clock=world.clock
    )
    assert refresh == Introspection(active=True, token_use="refresh_token", **facts)  # type: ignore[arg-type] # as above
    await revoke(world.app, granted.refresh_token, transport=world.transport)
    dead = await introspect(world.app, granted.refresh_token, transport=world.transport)
    assert dead == Introspection(active=False)


def test_a_consent_url_has_its_parameters_in_hubspots_order() -> None:
    url = authorize_url(
        APP, redirect_uri=REDIRECT_URI, scopes=["oauth", "tickets"], optional_scopes=["automation"], state="s 1"
    )
    assert url == (
        "https://app.hubspot.com/oauth/authorize?client_id=app-1"
        "&redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcallback&scope=oauth%20tickets&optional_scope=automation&state=s%201"
    )


def test_a_consent_url_leaves_out_what_is_not_asked_for() -> None:
    url = authorize_url(APP, redirect_uri="http://localhost/", scopes=["oauth"], state="s")
    assert url == (
        "https://app.hubspot.com/oauth/authorize?client_id=app-1&redirect_uri=http%3A%2F%2Flocalhost%2F&scope=oauth&state=s"
    )


@pytest.mark.parametrize(("scopes", "state"), [([], "state-1"), (["oauth"], "")])
def test_a_consent_url_needs_a_scope_and_a_state(scopes: list[str], state: str) -> None:
    with pytest.raises(ConfigurationError):
        authorize_url(APP, redirect_uri=REDIRECT_URI, scopes=scopes, state=state)


def test_an_app_does_not_show_its_secret() -> None:
    assert "s3cret" not in repr(APP)


@pytest.mark.parametrize(
    ("status", "name"),
    [
        ("BAD_AUTH_CODE", "code"),
        ("EXPIRED_AUTH_CODE", "code"),
        ("BAD_CODE_VERIFIER", "code_verifier"),
        ("MISMATCH_REDIRECT_URI_AUTH_CODE", "redirect_uri"),
    ],
)
async def test_a_refused_code_names_what_is_wrong_and_is_not_sent_again(status: str, name: str) -> None:
    transport = ScriptedTransport(answer({"status": status, "correlationId": "c-1"}, status=400))
    with pytest.raises(UpstreamRejectedError) as caught:
        await exchange_code(APP, "code-1", redirect_uri=REDIRECT_URI, transport=transport)
    assert [(error.field, error.error_code) for error in caught.value.errors] == [(name, status.lower())]
    assert transport.paths() == [TOKEN]


@pytest.mark.parametrize(
    ("failure", "error_class"),
    [
        (answer({"status": "BAD_CLIENT_SECRET"}, status=400), AuthenticationError),
        (answer(b"<html>"), UpstreamError),
        (answer({}, status=503), UpstreamError),
        (MaybeSentError("closed"), UpstreamUnavailableError),
    ],
)
async def test_a_code_whose_fate_is_unknown_is_not_sent_again(
    failure: HttpResponse | MaybeSentError, error_class: type[ConnectorError]
) -> None:
    transport = ScriptedTransport(failure)
    with pytest.raises(error_class):
        await exchange_code(APP, "code-1", redirect_uri=REDIRECT_URI, transport=transport)
    assert transport.paths() == [TOKEN]
    assert transport.closed == 0


async def test_a_code_that_was_not_sent_is_sent_again() -> None:
    transport = ScriptedTransport(NotSentError("refused"), grant("access-1", refresh_token="refresh-1"))
    granted = await exchange_code(APP, "code-1", redirect_uri=REDIRECT_URI, transport=transport)
    assert isinstance(granted, TokenGrant)
    assert form(transport.requests[1]) == {
        "grant_type": "authorization_code",
        "client_id": "app-1",
        "client_secret": "s3cret",
        "code": "code-1",
        "redirect_uri": REDIRECT_URI,
    }


async def test_a_transport_of_its_own_is_closed() -> None:
    nowhere = OAuthApp("app-1", "s3cret", "http://127.0.0.1:9")
    with pytest.raises(UpstreamUnavailableError):
        await introspect(nowhere, "access-1")


async def test_an_old_style_refusal_of_an_unknown_token_means_that_it_is_not_active() -> None:
    refusal = answer({"status": "BAD_REFRESH_TOKEN"}, status=400)
    assert await introspect(APP, "refresh-1", transport=ScriptedTransport(refusal)) == Introspection(active=False)


@pytest.mark.parametrize(
    "ask",
    [
        lambda transport: introspect(APP, "access-1", transport=transport),
        lambda transport: introspect_private_app("pat-1", transport=transport),
        lambda transport: revoke(APP, "refresh-1", transport=transport),
    ],
    ids=["introspect", "introspect_private_app", "revoke"],
)
async def test_questions_are_asked_again_and_their_failures_are_named(
    ask: Callable[[ScriptedTransport], Coroutine[None, None, object]],
) -> None:
    transport = ScriptedTransport(*[answer({}, status=503)] * 4)
    with pytest.raises(UpstreamError):
        await ask(transport)
    assert transport.unused == 0


async def test_an_answer_about_a_token_that_cannot_be_read_is_named() -> None:
    with pytest.raises(UpstreamError):
        await introspect(APP, "access-1", transport=ScriptedTransport(answer({"scopes": 7})))


async def test_a_private_apps_token_can_be_asked_about(world: World) -> None:
    token = world.portal.tokens.mint_private_token(["tickets"])
    found = await introspect_private_app(token.token, api_url="https://hubspot.test", transport=world.transport)
    assert found == Introspection(
        active=True, hub_id=world.portal.hub_id, user_id=token.user_id, app_id=token.app_id, scopes=("tickets",)
    )
    unknown = await introspect_private_app("pat-0", api_url="https://hubspot.test", transport=world.transport)
    assert unknown == Introspection(active=False)


def connect(world: World, **more: str) -> HubspotConnector:
    config = HubspotAuthConfig(
        client_id=world.app.client_id, client_secret=world.app.client_secret, refresh_token=world.refresh_token, **more
    )
    return HubspotConnector(
        auth_config=config, base_url="https://hubspot.test", transport=world.transport, clock=world.clock
    )


async def test_a_connector_says_what_its_user_granted(world: World) -> None:
    app = world.portal.tokens.apps()[0]
    user_id = world.portal.tokens.grants()[0].user_id
    granted = await connect(world).granted_scopes()
    assert granted == GrantedScopes(world.portal.hub_id, sorted(app.scopes), user_id, app.app_id)


async def test_a_dead_access_token_is_replaced_before_it_is_asked_about(world: World) -> None:
    granted = await connect(world, access_token="dead").granted_scopes()
    assert granted.hub_id == world.portal.hub_id


async def test_a_private_apps_connector_says_what_it_may_do(world: World) -> None:
    token = world.portal.tokens.mint_private_token(["tickets", "oauth"])
    for value, expected in ((token.token, ["oauth", "tickets"]), ("pat-0", None)):
        connector = HubspotConnector(
            auth_config=HubspotPrivateAppAuthConfig(private_app_token=value),
            base_url="https://hubspot.test",
            transport=world.transport,
        )
        if expected is None:
            with pytest.raises(ReauthorizationRequiredError):
                await connector.granted_scopes()
        else:
            assert (await connector.granted_scopes()).scopes == expected


async def test_a_fresh_token_that_is_not_active_asks_for_a_new_connection() -> None:
    inactive = answer({"active": False})
    transport = ScriptedTransport(grant("access-1"), inactive, grant("access-2"), inactive)
    config = HubspotAuthConfig(client_id="app-1", client_secret="s", refresh_token="refresh-1")
    with pytest.raises(ReauthorizationRequiredError):
        await HubspotConnector(auth_config=config, transport=transport).granted_scopes()
    assert transport.unused == 0


async def test_an_access_token_alone_cannot_be_asked_about() -> None:
    config = HubspotAuthConfig(refresh_token="refresh-1", access_token="access-1")
    with pytest.raises(MissingCredentialsError):
        await HubspotConnector(auth_config=config, transport=ScriptedTransport()).granted_scopes()


async def test_a_hosted_connector_asks_its_server() -> None:
    granted = {"hub_id": 24681012, "scopes": ["oauth", "tickets"], "user_id": None, "app_id": None}
    transport = ScriptedTransport(answer({"status": "success", "result": granted, "connector_metadata": {}}))
    connector = HubspotConnector(airbyte_token="scoped-1", connector_id="c-1", transport=transport)
    assert await connector.granted_scopes() == GrantedScopes(24681012, ["oauth", "tickets"])
    assert transport.paths() == ["POST /api/v1/integrations/connectors/c-1/execute"]


async def test_an_executor_that_was_not_told_how_to_ask_says_so() -> None:
    executor = LocalExecutor(
        retrier=Retrier(ScriptedTransport()),
        base_url="https://hubspot.test",
        tokens=FixedToken("pat-1", refused=lambda: ConnectorError("refused")),
        version="2026-03",
    )
    with pytest.raises(ConfigurationError):
        await executor.execute(Call(CATALOG.find("account", "granted_scopes"), {}))
