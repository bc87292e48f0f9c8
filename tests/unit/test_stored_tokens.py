"""A token store behind a connector: whose token is used, when HubSpot is asked, and what a failure must not lose."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from airbyte_agent_hubspot import (
    AirbyteAuthConfig,
    HubspotAuthConfig,
    HubspotConnector,
    HubspotPrivateAppAuthConfig,
)
from airbyte_agent_hubspot.errors import ConfigurationError, MissingCredentialsError, UpstreamError
from airbyte_agent_hubspot.models import StoredGrant, TokenGrant
from airbyte_agent_hubspot.token_store import keep_grant, origin_of
from unit.scripted import ScriptedTransport, answer, form, grant, page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from airbyte_agent_hubspot._auth import OnTokenRefresh
    from airbyte_agent_hubspot.transports import HttpRequest, HttpResponse

TOKEN = "POST /oauth/2026-03/token"
CONTACTS = "GET /crm/objects/2026-03/contacts"
EXPIRED = answer({"status": "error", "message": "expired", "category": "EXPIRED_AUTHENTICATION"}, status=401)
NOW_S = 10_000.0


class StandingClock:
    """Shows one time, until it is told another."""

    now = NOW_S

    def now_s(self) -> float:
        return self.now

    def monotonic_s(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class DiskFullError(Exception):
    """What a store may raise."""


class MemoryStore:
    """A store in memory. Takes a moment to save, and fails as often as it is told."""

    def __init__(self, *held: StoredGrant, failures: int = 0) -> None:
        self.saved = list(held)
        self._lock = asyncio.Lock()
        self._failures = failures

    def __repr__(self) -> str:
        return "MemoryStore()"

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        async with self._lock:
            yield

    async def load(self) -> StoredGrant | None:
        assert self._lock.locked()
        return self.saved[-1] if self.saved else None

    async def save(self, stored: StoredGrant) -> None:
        assert self._lock.locked()
        await asyncio.sleep(1)
        if self._failures:
            self._failures -= 1
            raise DiskFullError
        self.saved.append(stored)


def connect(
    transport: ScriptedTransport,
    store: MemoryStore,
    *,
    refresh_token: str = "refresh-1",
    on_token_refresh: OnTokenRefresh | None = None,
    clock: StandingClock | None = None,
) -> HubspotConnector:
    return HubspotConnector(
        auth_config=HubspotAuthConfig(client_id="app-1", client_secret="s", refresh_token=refresh_token),
        transport=transport,
        token_store=store,
        on_token_refresh=on_token_refresh,
        clock=clock or StandingClock(),
    )


def stored(
    access: str,
    refresh: str,
    *,
    generation: int = 1,
    expires_at_s: float = NOW_S + 1800,
    client_id: str = "app-1",
    origin: str = "refresh-1",
) -> StoredGrant:
    return StoredGrant(TokenGrant(access, refresh, expires_at_s), client_id, generation, origin_of(origin))


@pytest.mark.requirement("token-store")
async def test_a_grant_is_stored_before_its_token_is_used() -> None:
    store, held_at_use = MemoryStore(), list[int]()

    async def respond(request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            return grant("access-1", refresh_token="refresh-2")
        held_at_use.append(len(store.saved))
        return page()

    await connect(ScriptedTransport(respond), store).contacts.list()
    assert held_at_use == [1]
    assert store.saved == [stored("access-1", "refresh-2")]


@pytest.mark.requirement("token-store")
async def test_what_another_process_stored_is_used_without_a_refresh() -> None:
    transport = ScriptedTransport(page(), page())
    connector = connect(transport, MemoryStore(stored("access-5", "refresh-5", generation=5)))
    await connector.contacts.list()
    await connector.contacts.list()
    assert transport.tokens() == ["access-5", "access-5"]


@pytest.mark.requirement("token-store")
async def test_the_stored_refresh_token_wins_over_the_one_it_descends_from() -> None:
    store = MemoryStore(stored("access-5", "refresh-5", generation=5, expires_at_s=NOW_S + 60))
    transport = ScriptedTransport(grant("access-6"), page())
    await connect(transport, store).contacts.list()
    assert form(transport.requests[0])["refresh_token"] == "refresh-5"
    assert store.saved[-1] == stored("access-6", "refresh-5", generation=6)


async def test_a_refresh_token_that_was_configured_since_replaces_the_stored_one() -> None:
    store = MemoryStore(stored("access-5", "refresh-5", generation=5, origin="refresh-0"))
    transport = ScriptedTransport(grant("access-6", refresh_token="refresh-6"), page())
    await connect(transport, store).contacts.list()
    assert form(transport.requests[0])["refresh_token"] == "refresh-1"
    assert store.saved[-1] == stored("access-6", "refresh-6", generation=6)


@pytest.mark.requirement("token-store")
async def test_a_refused_token_is_replaced_by_what_another_process_stored_meanwhile() -> None:
    store = MemoryStore(stored("access-5", "refresh-5", generation=5))
    transport = ScriptedTransport(page(), EXPIRED, page(), EXPIRED, grant("access-7"), page())
    connector = connect(transport, store)
    await connector.contacts.list()
    store.saved.append(stored("access-6", "refresh-6", generation=6))
    await connector.contacts.list()
    await connector.contacts.list()
    assert transport.paths() == [CONTACTS] * 4 + [TOKEN, CONTACTS]
    assert transport.tokens() == ["access-5", "access-5", "access-6", "access-6", "access-7"]
    assert form(transport.requests[4])["refresh_token"] == "refresh-6"


@pytest.mark.requirement("second-401")
async def test_a_dead_token_of_another_process_is_no_second_401() -> None:
    store = MemoryStore(stored("access-5", "refresh-5", generation=5))
    transport = ScriptedTransport(page(), EXPIRED, EXPIRED, grant("access-7"), page())
    connector = connect(transport, store)
    await connector.contacts.list()
    store.saved.append(stored("access-6", "refresh-6", generation=6))
    await connector.contacts.list()
    assert transport.paths() == [CONTACTS] * 3 + [TOKEN, CONTACTS]
    assert transport.tokens() == ["access-5", "access-5", "access-6", "access-7"]


async def test_without_a_configured_refresh_token_the_store_must_hold_one() -> None:
    store, transport = MemoryStore(), ScriptedTransport(page())
    connector = connect(transport, store, refresh_token="")
    with pytest.raises(MissingCredentialsError):
        await connector.contacts.list()
    await keep_grant(store, TokenGrant("access-1", "refresh-9", NOW_S + 1800), client_id="app-1")
    await connector.contacts.list()
    assert transport.tokens() == ["access-1"]


async def test_a_grant_of_another_app_is_neither_used_nor_replaced() -> None:
    store = MemoryStore(stored("access-5", "refresh-5", client_id="app-2"))
    with pytest.raises(ConfigurationError):
        await connect(ScriptedTransport(), store).contacts.list()
    assert len(store.saved) == 1


@pytest.mark.requirement("token-store")
async def test_a_grant_that_the_store_did_not_take_is_stored_at_the_next_try() -> None:
    store = MemoryStore(failures=2)
    transport = ScriptedTransport(grant("access-1", refresh_token="refresh-2"), page())
    connector = connect(transport, store)
    for _ in range(2):
        with pytest.raises(DiskFullError):
            await connector.contacts.list()
    await connector.contacts.list()
    assert transport.paths() == [TOKEN, CONTACTS]
    assert store.saved == [stored("access-1", "refresh-2")]


async def test_a_grant_that_was_not_taken_gives_way_to_a_newer_one() -> None:
    store = MemoryStore(failures=1)
    transport = ScriptedTransport(grant("access-1", refresh_token="refresh-2"), page())
    connector = connect(transport, store)
    with pytest.raises(DiskFullError):
        await connector.contacts.list()
    newer = stored("access-3", "refresh-3", generation=3)
    store.saved.append(newer)
    await connector.contacts.list()
    assert transport.tokens() == ["access-3"]
    assert store.saved == [newer]


@pytest.mark.requirement("token-store")
async def test_closing_during_a_refresh_waits_until_the_grant_is_stored() -> None:
    async def grant_slowly(_: HttpRequest) -> HttpResponse:
        await asyncio.sleep(1)
        return grant("access-1", refresh_token="refresh-2")

    store, transport = MemoryStore(), ScriptedTransport(grant_slowly)
    connector = connect(transport, store)
    call = asyncio.create_task(connector.contacts.list())
    await asyncio.sleep(0.5)
    await connector.close()
    with pytest.raises(ConfigurationError):
        await call
    assert store.saved == [stored("access-1", "refresh-2")]
    assert transport.closed == 1


async def test_closing_during_a_refresh_that_fails_warns_nobody() -> None:
    async def refuse_slowly(_: HttpRequest) -> HttpResponse:
        await asyncio.sleep(1)
        return answer({"status": "BAD_REFRESH_TOKEN"}, status=400)

    connector = connect(ScriptedTransport(refuse_slowly), MemoryStore())
    call = asyncio.create_task(connector.contacts.list())
    await asyncio.sleep(0.5)
    await connector.close()
    with pytest.raises(ConfigurationError):
        await call


async def test_a_callback_is_called_for_refreshes_alone_and_outside_the_store() -> None:
    store, seen = MemoryStore(), list[str]()
    clock = StandingClock()

    async def note(new: TokenGrant) -> None:
        async with store.exclusive():
            seen.append(new.access_token)

    transport = ScriptedTransport(grant("access-1"), page(), page())
    await connect(transport, store, on_token_refresh=note, clock=clock).contacts.list()
    await connect(transport, store, on_token_refresh=note, clock=clock).contacts.list()
    assert seen == ["access-1"]


async def test_an_unreadable_grant_leaves_the_store_as_it_was() -> None:
    before = stored("access-5", "refresh-5", expires_at_s=NOW_S)
    store = MemoryStore(before)
    with pytest.raises(UpstreamError):
        await connect(ScriptedTransport(answer(b"<html>")), store).contacts.list()
    assert store.saved == [before]


@pytest.mark.parametrize(
    "auth_config",
    [
        HubspotPrivateAppAuthConfig(private_app_token="pat-1"),
        AirbyteAuthConfig(airbyte_client_id="i", airbyte_client_secret="s"),
        HubspotAuthConfig(refresh_token="r", access_token="a"),
    ],
)
async def test_a_store_without_an_oauth_app_is_refused(
    auth_config: HubspotAuthConfig | HubspotPrivateAppAuthConfig | AirbyteAuthConfig,
) -> None:
    with pytest.raises(ConfigurationError):
        HubspotConnector(auth_config=auth_config, token_store=MemoryStore())


def test_an_app_without_a_refresh_token_needs_a_store() -> None:
    with pytest.raises(ConfigurationError):
        HubspotConnector(auth_config=HubspotAuthConfig(client_id="app-1", client_secret="s"))
