"""Going through many records: pages ahead of time, windows past the search's end, batches side by side."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar, cast

from .errors import FieldError, InvalidParamsError
from .models import BatchItem, BatchResult
from .params.records import BATCH_SIZE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence

    from .filters import FilterGroup
    from .models import Page
    from .params.records import SearchAllParams, SearchParams

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


def above_id(params: SearchAllParams, last_id: str | None) -> SearchParams:
    """The search for the page of records whose id is above `last_id`, in ascending order of id.

    Raises:
        InvalidParamsError: a group has no room for one more filter.
    """
    window = cast("SearchParams", dict(params))
    window["limit"] = _SEARCH_PAGE
    window["sorts"] = [{"property_name": "hs_object_id", "direction": "ASCENDING"}]
    everything: FilterGroup = {"filters": []}
    groups = params.get("filter_groups") or [everything]
    _check_room(groups)
    if last_id is not None:
        beyond: FilterGroup = {"filters": [{"property_name": "hs_object_id", "operator": "GT", "value": last_id}]}
        groups = [{"filters": [*group["filters"], *beyond["filters"]]} for group in groups]
        window["filter_groups"] = groups
    return window


def _check_room(groups: Sequence[FilterGroup]) -> None:
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

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(start)) for start in range(0, len(ids), BATCH_SIZE)]
    items = [item for task in tasks for item in task.result()]
    return BatchResult([BatchItem(index, item.id, item.record, item.error) for index, item in enumerate(items)])
