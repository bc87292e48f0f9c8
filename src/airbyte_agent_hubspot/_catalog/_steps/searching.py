"""Every record that fits, past the 10,000 that one search gives, or the first of them in an order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, cast

from ..._composition import SubCall, ask_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..._composition import Steps
    from ...models import Page, Record
    from .filters import Filter
    from .where import Where

PAGE: Final = 200
REACH: Final = 10_000
"""Results that one search gives at most. Source: https://developers.hubspot.com/docs/api-reference/search/guide"""
MOST_SORTED: Final = 50_000
"""More records than this are not read to be sorted."""
_ID: Final = "hs_object_id"
_WHOLE_SECOND: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass(frozen=True, slots=True)
class Order:
    """By which property, and in which direction. `is_number` says how its values compare."""

    property_name: str
    descending: bool = False
    is_number: bool = False

    @property
    def wire(self) -> list[dict[str, str]]:
        """As HubSpot takes it."""
        return [{"propertyName": self.property_name, "direction": "DESCENDING" if self.descending else "ASCENDING"}]

    def sorted(self, records: Sequence[Record]) -> list[Record]:
        """The records in this order; those without a value last."""
        valued = [record for record in records if record.properties.get(self.property_name)]
        rest = [record for record in records if not record.properties.get(self.property_name)]
        return [*sorted(valued, key=self._key, reverse=self.descending), *rest]

    def _key(self, record: Record) -> tuple[Decimal, str]:
        text = record.properties[self.property_name] or ""
        if self.is_number:
            try:
                return Decimal(text), ""
            except InvalidOperation:
                return Decimal(0), text
        return Decimal(0), in_order(text).casefold()


def in_order(text: str) -> str:
    """The text; of an instant so that instants compare as they follow one another: with milliseconds."""
    return f"{text[:-1]}.000Z" if _WHOLE_SECOND.fullmatch(text) else text


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for among records of one type; `kind` names it where the entity does not: `{"objectType": ...}`."""

    entity: str
    kind: Mapping[str, object]
    where: Where
    properties: Sequence[str]
    query: str | None = None

    def page(self, groups: Sequence[Sequence[Filter]], **more: object) -> SubCall:
        """One page."""
        params: dict[str, object] = {**self.kind, "properties": list(self.properties), **more}
        if self.query:
            params["query"] = self.query
        if all(groups):  # an alternative without conditions fits everything
            params["filterGroups"] = [{"filters": list(group)} for group in groups]
        return SubCall(self.entity, "api_search", params)


@dataclass(frozen=True, slots=True)
class Found:
    """Records that fit, and how many do: of several searches only after all were read."""

    records: list[Record]
    total: int


def search(wanted: Search, limit: int, order: Order) -> Steps[Found]:
    """The first `limit` records in an order; of more than can be sorted, the first that HubSpot itself sorts."""
    searches = [] if wanted.where.is_hopeless else list(wanted.where.searches())
    if len(searches) != 1:
        everything = yield from all_that_fit(wanted, None)
        return Found(order.sorted(everything.records)[:limit], everything.total)
    [groups] = searches
    first = yield from _pages([wanted.page(groups, limit=min(limit, PAGE), sorts=order.wire)])
    total = first[0].meta.total or len(first[0].data)
    if min(limit, total) > REACH and total <= MOST_SORTED:
        everything = yield from all_that_fit(wanted, None)
        return Found(order.sorted(everything.records)[:limit], everything.total)
    limit = min(limit, REACH)
    following = yield from _pages(
        [
            wanted.page(groups, limit=PAGE, sorts=order.wire, after=str(start))
            for start in range(PAGE, min(limit, total), PAGE)
        ]
    )
    records = {record.id: record for page in (*first, *following) for record in page.data}
    return Found(list(records.values())[:limit], total)


def count(wanted: Search) -> Steps[int]:
    """How many records fit."""
    searches = [] if wanted.where.is_hopeless else list(wanted.where.searches())
    if len(searches) > 1:
        return (yield from all_that_fit(wanted, None)).total
    pages = yield from _pages([wanted.page(groups, limit=1) for groups in searches])
    return sum(page.meta.total or 0 for page in pages)


def all_that_fit(wanted: Search, most: int | None) -> Steps[Found]:
    """Every record that fits, ascending by id; about `most` of them if that is given.

    Each page asks for ids above the last one, so that none is lost or repeated while others are written.
    """
    records: dict[str, Record] = {}
    total = 0
    searches = [] if wanted.where.is_hopeless else list(wanted.where.searches())
    order = Order(_ID).wire
    for groups in searches:
        window: Sequence[Sequence[Filter]] = groups
        is_first = True
        while True:
            [page] = yield from _pages([wanted.page(window, limit=PAGE, sorts=order)])
            if is_first:
                total += page.meta.total or 0
                is_first = False
            records.update({record.id: record for record in page.data})
            if page.meta.next_cursor is None or (most is not None and len(records) >= most):
                break
            beyond: Filter = {"propertyName": _ID, "operator": "GT", "value": page.data[-1].id}
            window = [[*group, beyond] for group in groups]
    if len(searches) > 1 and (most is None or len(records) < most):
        total = len(records)  # a record may be linked to several of what was asked for
    return Found(list(records.values()), total)


def _pages(calls: list[SubCall]) -> Steps[list[Page[Record]]]:
    if not calls:
        return []
    return cast("list[Page[Record]]", (yield from ask_all(calls)))
