"""Decoding alone: a page from memory to typed records. A part of every page of the connector."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import msgspec

from airbyte_agent_hubspot.models import Contact  # noqa: TC001 - msgspec reads the annotation
from benchmarks.contact_page import build_contact_page

from . import verify_count

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from . import FetchPage


class _Contacts(msgspec.Struct, frozen=True):
    results: list[Contact]
    paging: dict[str, dict[str, str]] | None = None


PAGES: Final = msgspec.json.Decoder(_Contacts)


@asynccontextmanager
async def opened(base_url: str) -> AsyncIterator[FetchPage]:
    """Pages as typed records, without a network."""
    del base_url
    body = build_contact_page()

    async def fetch() -> None:
        verify_count(len(PAGES.decode(body).results))

    yield fetch
