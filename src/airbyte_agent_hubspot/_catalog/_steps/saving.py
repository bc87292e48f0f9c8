"""`upsert_by`: a record found by what names it, without a unique property of HubSpot's; changed, or created."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from ..._composition import ask
from ..._lexicon.names import Named, Names
from ...models.answers import Saved
from .._paths import value_text
from .searching import Order
from .setting import setting
from .words import TITLE, created_property, title_of

if TYPE_CHECKING:
    from ..._composition import Steps
    from ..._shape import Params
    from ...models import Page, Record

_CANDIDATES: Final = 10


def upsert_by(entity: str, params: Params, now_s: float) -> Steps[Saved[Record]]:
    """The record, whether it was created, and what its changed properties were before."""
    by = cast("dict[str, object]", params["by"])
    given = cast("dict[str, object]", params["properties"])
    if entity == "contacts" and set(by) == {"email"}:
        wanted = {"id_property": "email", "id": str(by["email"]), "properties": {"email": by["email"], **given}}
        record = cast("Record", (yield from ask(entity, "upsert", wanted)))
        return Saved(record, bool(record.new))
    of = yield from setting(entity, params, now_s)
    keys = {of.property(name, f"params.by.{name}").name: value for name, value in by.items()}
    values = {of.property(name, f"params.properties.{name}").name: value for name, value in given.items()}
    where = yield from of.where({name: {"eq": value} for name, value in keys.items()}, "params.by")
    names = list(dict.fromkeys([*TITLE.get(of.entity, ()), *keys, *values]))
    search = of.search(where, names)
    [groups] = list(where.searches())
    call = search.page(groups, limit=_CANDIDATES, sorts=Order(created_property(of.entity)).wire)
    page = cast("Page[Record]", (yield from ask(call.entity, call.action, call.params)))
    if len(page.data) > 1:
        fitting = [Named(item.id, title_of(of.entity, item.properties) or item.id) for item in page.data]
        raise Names("record", fitting).ambiguous(
            ", ".join(f"{name} {value}" for name, value in keys.items()), fitting, "params.by"
        )
    if not page.data:
        record = cast("Record", (yield from ask(of.entity, "create", {**of.kind, "properties": {**keys, **values}})))
        return Saved(record, created=True)
    [there] = page.data
    record = cast(
        "Record", (yield from ask(of.entity, "update", {**of.kind, "record_id": there.id, "properties": values}))
    )
    before = {
        name: there.properties.get(name)
        for name, value in values.items()
        if (there.properties.get(name) or "") != (record.properties.get(name) or value_text(value))
    }
    return Saved(record, created=False, changed=before)
