"""This connector's `list_all`: each fetch takes the next hundred records."""

from __future__ import annotations

from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from airbyte_agent_hubspot import HubspotConnector
from airbyte_agent_hubspot._limits import UnlimitedBudget
from airbyte_agent_hubspot.models import HubspotAuthConfig

from . import PAGE_RECORDS, verify_count

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from . import FetchPage


@asynccontextmanager
async def opened(base_url: str) -> AsyncIterator[FetchPage]:
    """A hundred records at a time, without HubSpot's limits: the server here has none."""
    credentials = HubspotAuthConfig(refresh_token="measured", access_token="measured")
    connector = HubspotConnector(auth_config=credentials, base_url=base_url, budget=UnlimitedBudget())
    async with connector, aclosing(connector.contacts.list_all()) as records:

        async def fetch() -> None:
            taken = 0
            async for _ in records:
                taken += 1
                if taken == PAGE_RECORDS:
                    break
            verify_count(taken)

        yield fetch
