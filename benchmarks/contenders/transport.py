"""The connector's HTTP client alone: the bytes of a page, undecoded. A part of every page of the connector."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from pyqwest import Client, HTTPTransport, HTTPVersion

from benchmarks.contact_page import build_contact_page

from . import HEADERS, PATH, verify_count

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from . import FetchPage


@asynccontextmanager
async def opened(base_url: str) -> AsyncIterator[FetchPage]:
    """Pages as bytes."""
    url = base_url + PATH
    size_bytes = len(build_contact_page())
    async with HTTPTransport(http_version=HTTPVersion.HTTP1, enable_otel=False) as transport:
        client = Client(transport)

        async def fetch() -> None:
            verify_count(len((await client.get(url, HEADERS)).content), expected=size_bytes)

        yield fetch
