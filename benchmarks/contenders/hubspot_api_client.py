"""HubSpot's own Python client, which is synchronous: one call at a time."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from hubspot.hubspot import HubSpot

from . import verify_count

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from . import FetchPage


@asynccontextmanager
async def opened(base_url: str) -> AsyncIterator[FetchPage]:
    """Pages as generated model objects."""
    contacts = HubSpot(access_token="measured", host=base_url).crm.contacts.basic_api

    async def fetch() -> None:
        verify_count(len(contacts.get_page(limit=100).results))

    yield fetch
