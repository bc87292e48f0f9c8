"""This connector in open source execution."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from airbyte_agent_hubspot import HubspotConnector
from airbyte_agent_hubspot._limits import UnlimitedBudget
from airbyte_agent_hubspot.models import HubspotAuthConfig

from . import verify_count

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from . import FetchPage


@asynccontextmanager
async def opened(base_url: str) -> AsyncIterator[FetchPage]:
    """Pages as typed records."""
    credentials = HubspotAuthConfig(refresh_token="measured", access_token="measured")
    async with HubspotConnector(auth_config=credentials, base_url=base_url, budget=UnlimitedBudget()) as connector:

        async def fetch() -> None:
            verify_count(len(await connector.contacts.list(limit=100)))

        yield fetch
