"""Who is compared: one module each, imported only by the process that measures it.

A module has `opened(base_url)`: a context manager that constructs a client and gives a function which fetches one page
and raises unless all its records are there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeAlias

FetchPage: TypeAlias = Callable[[], Awaitable[None]]
Opened: TypeAlias = Callable[[str], AbstractAsyncContextManager[FetchPage]]

PATH: Final = "/crm/objects/2026-03/contacts?limit=100"
PAGE_RECORDS: Final = 100
HEADERS: Final = {"authorization": "Bearer measured", "accept": "application/json"}


class IncompletePageError(Exception):
    """A contender did not get what it is measured for."""


def verify_count(found: int, *, expected: int = PAGE_RECORDS) -> None:
    """Raises unless all records are there: a fast failure must not look like a fast client."""
    if found != expected:
        raise IncompletePageError(f"{found} records instead of {expected}")
