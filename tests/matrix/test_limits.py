"""HubSpot's limits: kept by waiting, so that nobody sees a 429 whose calls fit the deadline."""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

import pytest

from airbyte_agent_hubspot import HubspotConnector
from airbyte_agent_hubspot._http import AsgiTransport
from airbyte_agent_hubspot.errors import RateLimitedError
from airbyte_agent_hubspot.models import HubspotPrivateAppAuthConfig
from hubspot_sandbox import Behaviour, Quotas
from hubspot_sandbox import create_app as create_sandbox
from matrix.simulated_time import SimulatedClock, Watched
from server.world import TestClock

if TYPE_CHECKING:
    from hubspot_sandbox import Portal

BURST_CALLS, BURST_WINDOW_S = 100, 10.0
_accounts = count()


class Limited:
    """A connector of a private app under HubSpot's smallest limits, on simulated time."""

    def __init__(self, *, timeout_s: float) -> None:
        hubspot = TestClock()
        app = create_sandbox(
            portal="small", clock=hubspot.hubspot, behaviour=Behaviour(quotas=Quotas(private_per_10_s=BURST_CALLS))
        )
        portal: Portal = app.state.portal
        self.clock = SimulatedClock(hubspot)
        self.wire = Watched(AsgiTransport(app), self.clock)
        token = next(token for token in portal.tokens.access_tokens() if token.token.startswith("pat-"))
        # Each account has an address of its own: budgets are shared by all connectors of one app in a process.
        self.connect = partial(
            HubspotConnector,
            auth_config=HubspotPrivateAppAuthConfig(private_app_token=token.token),
            base_url=f"https://hubspot-{next(_accounts)}.test",
            transport=self.wire,
            clock=self.clock,
            timeout_s=timeout_s,
        )
        self.connector = self.connect()


async def test_two_hundred_calls_of_mixed_kinds_see_no_429_and_use_the_quota() -> None:
    limited = Limited(timeout_s=600)
    lists = [limited.connector.contacts.list(limit=1) for _ in range(150)]
    searches = [limited.connector.contacts.api_search(limit=1) for _ in range(50)]
    started_s = limited.clock.monotonic_s()
    await asyncio.gather(*lists, *searches)
    assert set(limited.wire.statuses) == {200}
    assert len(limited.wire.statuses) == 200
    took_s = limited.clock.monotonic_s() - started_s
    # 150 calls fill one window and half of the next; 50 searches fill ten seconds: both end after ten seconds.
    assert took_s <= BURST_WINDOW_S * 1.05


async def test_throughput_stays_within_five_percent_of_the_quota() -> None:
    limited = Limited(timeout_s=600)
    await asyncio.gather(*(limited.connector.contacts.list(limit=1) for _ in range(500)))
    windows = 500 / BURST_CALLS - 1
    assert set(limited.wire.statuses) == {200}
    assert limited.clock.monotonic_s() == pytest.approx(windows * BURST_WINDOW_S, rel=0.05)


async def test_a_call_that_would_wait_past_its_deadline_says_so_at_once() -> None:
    limited = Limited(timeout_s=5)
    results = await asyncio.gather(
        *(limited.connector.contacts.list(limit=1) for _ in range(BURST_CALLS + 1)), return_exceptions=True
    )
    refused = [result for result in results if isinstance(result, Exception)]
    assert [type(error) for error in refused] == [RateLimitedError]
    assert limited.clock.monotonic_s() == 0
    assert set(limited.wire.statuses) == {200}


async def test_interactive_calls_go_before_bulk() -> None:
    limited = Limited(timeout_s=600)
    order: list[str] = []

    async def run(name: str, *, bulk: bool) -> None:
        await limited.connector.execute("contacts", "list", {"limit": 1}, bulk=bulk)
        order.append(name)

    bulk_work = [asyncio.create_task(run("bulk", bulk=True)) for _ in range(120)]
    await asyncio.sleep(0)
    await asyncio.gather(*(run("interactive", bulk=False) for _ in range(20)))
    assert "bulk" not in order[80:100]
    await asyncio.gather(*bulk_work)
    assert set(limited.wire.statuses) == {200}


async def test_connectors_of_one_app_share_its_limits() -> None:
    limited = Limited(timeout_s=600)
    both = [limited.connector, limited.connect()]
    await asyncio.gather(*(both[number % 2].contacts.list(limit=1) for number in range(150)))
    assert set(limited.wire.statuses) == {200}
