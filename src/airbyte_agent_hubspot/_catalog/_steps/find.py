"""`find`: records that fit conditions as people write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from ...models.answers import Found
from .searching import MOST_SORTED, REACH, search
from .setting import setting

if TYPE_CHECKING:
    from ..._composition import Steps
    from ..._shape import Params
    from ...models import Record

LIMIT: Final = 20


def find(entity: str, params: Params, now_s: float) -> Steps[Found[Record]]:
    """The records that fit, and how many there are."""
    of = yield from setting(entity, params, now_s)
    order = of.order(params.get("sort"))
    names = of.properties(params.get("properties"))
    where = yield from of.where(params.get("where"))
    limit = cast("int", params.get("limit", LIMIT))
    wanted = of.search(where, dict.fromkeys([*names, order.property_name]), params.get("query"))
    found = yield from search(wanted, limit, order)
    labels = yield from of.labels(found.records, names)
    sure = all(link.complete for link in where.links)
    complete = sure and len(found.records) >= found.total
    return Found(
        found.records, found.total, complete, labels, where.understood, _note(len(found.records), found.total, sure)
    )


def _note(shown: int, total: int, sure: bool) -> str | None:  # noqa: FBT001 - said by name where it is called
    if not sure:
        return "There may be more: not all of the records that these must be linked to were looked at."
    if shown < total:
        if shown >= REACH and total > MOST_SORTED:
            return (
                f"These are the first {shown} of {total}; of so many no more can be had in an order: say more in where."
            )
        return f"These are the first {shown} of {total}: raise limit (at most {MOST_SORTED}), or say more in where."
    return None
