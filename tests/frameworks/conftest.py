"""A connector to a small HubSpot account in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airbyte_agent_hubspot import HubspotAuthConfig, HubspotConnector
from airbyte_agent_hubspot.transports import AsgiTransport
from frameworks.calls import CALLS, ToolCall
from hubspot_sandbox import Behaviour, create_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hubspot_sandbox import Portal


@pytest.fixture
async def connector() -> AsyncIterator[HubspotConnector]:
    app = create_app(portal="small", behaviour=Behaviour(rate_limits=False))
    portal: Portal = app.state.portal
    oauth_app, grant = portal.tokens.apps()[0], portal.tokens.grants()[0]
    config = HubspotAuthConfig(
        client_id=oauth_app.client_id, client_secret=oauth_app.client_secret, refresh_token=grant.refresh_token
    )
    async with HubspotConnector(
        auth_config=config, base_url="https://hubspot.test", transport=AsgiTransport(app)
    ) as opened:
        yield opened


@pytest.fixture(params=CALLS, ids=str)
def call(request: pytest.FixtureRequest) -> ToolCall:
    chosen: ToolCall = request.param
    return chosen
