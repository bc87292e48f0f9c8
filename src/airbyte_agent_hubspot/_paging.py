"""Going through many records: pages ahead of time, windows past the search's end, batches side by side."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar, cast

from ._reader import ParamsReader
from .errors import FieldError, InvalidParamsError
from .models import BatchItem, BatchResult
from .params.records import BATCH_SIZE, SearchAllParams

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence

    from .models import Page

_Condition: TypeAlias = "dict[str, object]"
_Group: TypeAlias = "dict[str, list[_Condition]]"
T = TypeVar("T")

_SEARCH_PAGE: Final = 200
_MAX_FILTERS_PER_GROUP: Final = 6
_MAX_FILTERS: Final = 18
_BATCHES_AT_ONCE: Final = 4


async def prefetched_pages(
    fetch: Callable[..., Awaitable[Page[T]]], params: Mapping[str, object]
) -> AsyncGenerator[Page[T]]:
    """All pages. While one is worked on, the next is fetched; never more than that one."""
    following: asyncio.Future[Page[T]] = asyncio.ensure_future(fetch(**params))
    try:
        while True:
            page = await following
            if page.meta.next_cursor is None:
                yield page
                return
            following = asyncio.ensure_future(fetch(**{**params, "after": page.meta.next_cursor}))
            yield page
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


def above_id(params: Mapping[str, object], last_id: str | None) -> dict[str, object]:
    """The search for the page of records whose id is above `last_id`, in ascending order of id.

    Raises:
        InvalidParamsError: a parameter is unknown or wrong, or a group has no room for one more filter.
    """
    window = _search_all().read(params)
    groups = cast("list[_Group]", window.pop("filterGroups", None) or [{"filters": []}])
    _check_room(groups)
    if last_id is not None:
        beyond: _Condition = {"propertyName": "hs_object_id", "operator": "GT", "value": last_id}
        groups = [{"filters": [*group["filters"], beyond]} for group in groups]
    if any(group["filters"] for group in groups):
        window["filterGroups"] = groups
    return {
        **window,
        "limit": _SEARCH_PAGE,
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
    }


@cache
def _search_all() -> ParamsReader:
    return ParamsReader(SearchAllParams, wire_names={}, owner="search_all")


def _check_room(groups: Sequence[_Group]) -> None:
    sizes = [len(group["filters"]) + 1 for group in groups]
    if max(sizes) > _MAX_FILTERS_PER_GROUP or sum(sizes) > _MAX_FILTERS:
        sentence = (
            f"search_all adds one filter to each group, and HubSpot allows {_MAX_FILTERS_PER_GROUP} in a group and "
            f"{_MAX_FILTERS} in all: use at most {_MAX_FILTERS_PER_GROUP - 1} filters in a group, or fewer groups."
        )
        raise InvalidParamsError(sentence, errors=[FieldError("params.filterGroups", sentence, "out_of_range")])


async def in_batches(
    ids: Sequence[str | int], fetch: Callable[[list[str | int]], Awaitable[BatchResult[T]]]
) -> BatchResult[T]:
    """One result of as many batches as `ids` need, some of them at once."""
    at_once = asyncio.Semaphore(_BATCHES_AT_ONCE)

    async def one(start: int) -> BatchResult[T]:
        async with at_once:
            return await fetch(list(ids[start : start + BATCH_SIZE]))

    failed: Exception | None = None
    tasks: list[asyncio.Task[BatchResult[T]]] = []
    try:
        async with asyncio.TaskGroup() as group:
            tasks += [group.create_task(one(start)) for start in range(0, len(ids), BATCH_SIZE)]
    except ExceptionGroup as failures:
        failed = failures.exceptions[0]
    if failed is not None:
        raise failed  # as a single call would: the others were cancelled for it
    items = [item for task in tasks for item in task.result()]
    return BatchResult([BatchItem(index, item.id, item.record, item.error) for index, item in enumerate(items)])
