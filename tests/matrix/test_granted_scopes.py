"""What the user granted: the same answer in both ways to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airbyte_agent_hubspot import HubspotConnector
    from matrix.conftest import Hubspot


async def test_both_ways_say_which_account_granted_what(connector: HubspotConnector, hubspot: Hubspot) -> None:
    granted = await connector.granted_scopes()
    scopes = sorted(hubspot.portal.tokens.grants()[0].scopes)
    assert (granted.hub_id, granted.scopes) == (hubspot.portal.hub_id, scopes)
