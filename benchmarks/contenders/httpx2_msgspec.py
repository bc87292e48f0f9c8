"""httpx2 with the records that this connector decodes: what is left if only the transport differs."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx2

from . import HEADERS, PATH, verify_count
from .decoding import PAGES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from . import FetchPage


@asynccontextmanager
async def opened(base_url: str) -> AsyncIterator[FetchPage]:
    """Pages as typed records."""
    url = base_url + PATH
    async with httpx2.AsyncClient(headers=HEADERS) as client:

        async def fetch() -> None:
            answer = await client.get(url)
            verify_count(len(PAGES.decode(answer.content).results))

        yield fetch
