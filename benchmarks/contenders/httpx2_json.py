"""What people write by hand: httpx2 and `json.loads`, no token refresh, no retry, no types."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx2

from . import HEADERS, PATH, verify_count

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from . import FetchPage


@asynccontextmanager
async def opened(base_url: str) -> AsyncIterator[FetchPage]:
    """Pages as dicts."""
    url = base_url + PATH
    async with httpx2.AsyncClient(headers=HEADERS) as client:

        async def fetch() -> None:
            answer = await client.get(url)
            verify_count(len(json.loads(answer.content)["results"]))

        yield fetch
