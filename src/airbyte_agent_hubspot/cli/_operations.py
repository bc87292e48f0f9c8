"""The operations that commands name, and all pages of those that have some."""

from __future__ import annotations

from contextlib import aclosing
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, cast

from ..errors import FieldError, InvalidParamsError, UnknownOperationError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

    from .._operation import Catalog, Operation
    from ..connector import HubspotConnector
    from ..models import Page, Record, Result

_SEARCH: Final = "api_search"


def catalog() -> Catalog:
    """All operations. They are loaded when a command needs them: help does not."""
    from .._catalog import CATALOG  # noqa: PLC0415

    return CATALOG


def find_operation(entity: str, action: str) -> Operation:
    """The operation.

    Raises:
        UnknownOperationError: there is none; it says which is nearest.
    """
    find_entity(entity)
    try:
        return catalog().find(entity, action)
    except UnknownOperationError as error:
        raise _taught(error, action, catalog().find_entity(entity)) from error


def find_entity(entity: str) -> Mapping[str, Operation]:
    """The operations of an entity, by action.

    Raises:
        UnknownOperationError: there is none; it says which is nearest.
    """
    try:
        return catalog().find_entity(entity)
    except UnknownOperationError as error:
        raise _taught(error, entity, catalog().entities) from error


def _taught(error: UnknownOperationError, given: str, known: Mapping[str, object]) -> UnknownOperationError:
    details = {"given": given, "nearest": get_close_matches(given, known, n=1)}
    return UnknownOperationError(error.message, errors=[FieldError("", error.message, error.code, details)])


async def every_record(
    connector: HubspotConnector, operation: Operation, params: Mapping[str, object]
) -> AsyncGenerator[Result]:
    """The records of all pages: the next is fetched while one is printed. Searches go on past 10,000, by id.

    Raises:
        InvalidParamsError: it has no pages, or a search is to be sorted.
        ConnectorError: whatever a page raises.
    """
    from .._describe import params_schema  # noqa: PLC0415 - not needed where help is printed
    from .._paging import prefetched_pages  # noqa: PLC0415

    if "after" not in operation.reader.wire_names:
        raise InvalidParamsError(f"{operation.entity}.{operation.action} has no pages: leave out --all.")

    async def fetch(**wanted: object) -> Page[Result]:
        return cast("Page[Result]", await connector.execute(operation.entity, operation.action, wanted, bulk=True))

    if operation.action == _SEARCH:
        pages = _pages_by_id(fetch, params)
    else:
        largest = cast("dict[str, dict[str, object]]", params_schema(operation)["properties"])["limit"]["maximum"]
        pages = prefetched_pages(fetch, {"limit": largest, **params})
    async with aclosing(pages):
        async for page in pages:
            for record in page:
                yield record


async def _pages_by_id(
    fetch: Callable[..., Awaitable[Page[Result]]], params: Mapping[str, object]
) -> AsyncGenerator[Page[Result]]:
    from .._paging import above_id  # noqa: PLC0415

    searched = dict(params)
    kind = {"objectType": searched.pop("objectType")} if "objectType" in searched else {}
    last_id: str | None = None
    while True:
        page = await fetch(**kind, **above_id(searched, last_id))
        yield page
        if not page.data or page.meta.next_cursor is None:
            return
        last_id = cast("Record", page.data[-1]).id
