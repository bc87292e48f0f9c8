"""`connect`: the same connector, run locally and through a server, over the same HubSpot account."""

from __future__ import annotations

import functools
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pytest
from pydantic import SecretStr

from airbyte_agent_hubspot import HubspotConnector
from airbyte_agent_hubspot._http import AsgiTransport
from airbyte_agent_hubspot.models import HubspotAuthConfig
from airbyte_agent_server.admin import Administration
from airbyte_agent_server.app import build_server
from airbyte_agent_server.settings import Settings
from hubspot_sandbox import Behaviour, Portal
from hubspot_sandbox import create_app as create_sandbox
from server.world import HUBSPOT_URL, PUBLIC_URL, Client, CountingIds, TestClock, Wiretap, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from starlette.applications import Starlette

USER = "user-123"


@dataclass(frozen=True)
class Hubspot:
    """The account behind a connector: what it holds, what it was asked, and the clock."""

    portal: Portal
    wire: Wiretap
    clock: TestClock

    @property
    def config(self) -> HubspotAuthConfig:
        """Full credentials of the account, without an access token."""
        app, grant = self.portal.tokens.apps()[0], self.portal.tokens.grants()[0]
        return HubspotAuthConfig(
            client_id=app.client_id, client_secret=app.client_secret, refresh_token=grant.refresh_token
        )


@pytest.fixture
def hubspot() -> Hubspot:
    """A small account, the same in every test."""
    clock = TestClock()
    app: Starlette = create_sandbox(portal="small", clock=clock.hubspot, behaviour=Behaviour(rate_limits=False))
    return Hubspot(app.state.portal, Wiretap(AsgiTransport(app)), clock)


@pytest.fixture(params=["local", "hosted"])
def mode(request: pytest.FixtureRequest) -> Literal["local", "hosted"]:
    found: Literal["local", "hosted"] = request.param
    return found


@asynccontextmanager
async def serve(hubspot: Hubspot, data_dir: Path) -> AsyncIterator[World]:
    """A started server whose upstream is the account."""
    app = hubspot.portal.tokens.apps()[0]
    settings = Settings(
        public_url=PUBLIC_URL,
        data_dir=data_dir,
        database_url=f"sqlite:///{data_dir / 'server.db'}",
        organization_rate_limit=0,  # clocks stand still here
        workspace_rate_limit=0,
        hubspot_api_base_url=HUBSPOT_URL,
        hubspot_authorize_url=f"{HUBSPOT_URL}/oauth/authorize",
        hubspot_client_id=app.client_id,
        hubspot_client_secret=SecretStr(app.client_secret),
    )
    ids = CountingIds()
    pair = await Administration(settings, hubspot.clock, ids).create_organization("Acme", redirect_origins=[])
    server = build_server(settings, clock=hubspot.clock, ids=ids, upstream=hubspot.wire)
    await server.start()
    yield World(settings, hubspot.clock, server, Client(server.app), hubspot.portal, hubspot.wire, pair)
    await server.stop()


@pytest.fixture
async def connect(mode: str, hubspot: Hubspot, tmp_path: Path) -> AsyncIterator[Callable[[], HubspotConnector]]:
    """Makes connectors to the account: directly, or through a server where it is connected already."""
    if mode == "local":
        yield functools.partial(
            HubspotConnector,
            auth_config=hubspot.config,
            base_url="https://hubspot.test",
            transport=hubspot.wire,
            clock=hubspot.clock,
        )
        return
    async with serve(hubspot, tmp_path) as world:
        await world.create_connector(await world.scoped_token(USER))
        hubspot.wire.seen.clear()
        yield functools.partial(
            HubspotConnector,
            external_user_id=USER,
            airbyte_client_id=world.pair.client_id,
            airbyte_client_secret=world.pair.client_secret.get_secret_value(),
            base_url=PUBLIC_URL,
            transport=AsgiTransport(world.server.app),
        )


@pytest.fixture
async def connector(connect: Callable[[], HubspotConnector]) -> AsyncIterator[HubspotConnector]:
    """One connector to the account."""
    async with connect() as opened:
        yield opened
