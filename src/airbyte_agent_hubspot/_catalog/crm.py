"""CRM records: the same operations for every object type.

Source: https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/guide
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final, cast

from .. import models as m
from .._batch_shape import BATCH_DELETED, batch_of, ids_of, only_of_batch, places_of_inputs
from .._operation import Operation
from .._shape import ConvertedShape, ItemShape, PageShape
from ..params import records as p
from ._paths import delete, get, names_in, path, send, value_text, with_query
from .object_types import default_association

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .._shape import Params
    from .._wire import HttpRequest

_LIST_QUERY = ("limit", "after", "properties", "propertiesWithHistory", "associations", "archived")
_GET_QUERY = ("properties", "propertiesWithHistory", "associations", "idProperty", "archived")
_GUIDE: Final = "https://developers.hubspot.com/docs/api-reference/crm-{}-v3/guide"
_SEARCH_GUIDE: Final = "https://developers.hubspot.com/docs/api-reference/search/guide"


@dataclass(frozen=True)
class Kind:
    """One entity: how it is named, read, and what it needs."""

    entity: str
    singular: str
    record: type[m.Record]
    read_scopes: tuple[str, ...]
    write_scopes: tuple[str, ...]
    can_merge: bool = False
    object_type: str | None = None
    """HubSpot's name of the type; None where the caller names it in `objectType`."""

    @cached_property
    def id_name(self) -> str:
        """Wire name of the record's id: `contactId`."""
        first, *rest = self.singular.split("_")
        return f"{first}{''.join(part.capitalize() for part in rest)}Id"


def _type_of(kind: Kind, params: Params) -> str:
    return kind.object_type or str(params["objectType"])


def _encode_list(params: Params, version: str, *, kind: Kind) -> HttpRequest:
    return get(path("objects", version, _type_of(kind, params)), params, *_LIST_QUERY)


def _encode_get(params: Params, version: str, *, kind: Kind) -> HttpRequest:
    return get(path("objects", version, _type_of(kind, params), params[kind.id_name]), params, *_GET_QUERY)


def _encode_search(params: Params, version: str, *, kind: Kind) -> HttpRequest:
    body: dict[str, object] = {name: params[name] for name in ("query", "sorts", "limit", "after") if name in params}
    if "properties" in params:
        body["properties"] = names_in(params["properties"])
    if "filterGroups" in params:
        groups = cast("list[dict[str, list[dict[str, object]]]]", params["filterGroups"])
        body["filterGroups"] = [{"filters": [_as_text(item) for item in group["filters"]]} for group in groups]
    return send("POST", path("objects", version, _type_of(kind, params), "search"), body)


def _as_text(condition: Mapping[str, object]) -> dict[str, object]:
    """The condition with its values as text."""
    return {
        name: [value_text(item) for item in cast("list[object]", value)] if name == "values" else value_text(value)
        for name, value in condition.items()
    }


def _encode_create(params: Params, version: str, *, kind: Kind) -> HttpRequest:
    object_type = _type_of(kind, params)
    return send("POST", path("objects", version, object_type), _creation(params, object_type))


def _creation(given: Mapping[str, object], object_type: str) -> dict[str, object]:
    body: dict[str, object] = {"properties": _values(given)}
    if "associations" in given:
        wanted = cast("list[dict[str, object]]", given["associations"])
        body["associations"] = [
            {
                "to": {"id": str(item["toObjectId"])},
                "types": item.get("types") or [default_association(object_type, str(item["toObjectType"]))],
            }
            for item in wanted
        ]
    return body


def _values(given: Mapping[str, object]) -> dict[str, str]:
    values = cast("Mapping[str, object]", given["properties"])
    return {name: value_text(value) for name, value in values.items()}


def _encode_update(params: Params, version: str, *, kind: Kind) -> HttpRequest:
    url = path("objects", version, _type_of(kind, params), params[kind.id_name])
    return send("PATCH", with_query(url, params, "idProperty"), {"properties": _values(params)})


def _encode_upsert(params: Params, version: str, *, kind: Kind) -> HttpRequest:
    one = {"id": str(params["id"]), "idProperty": params["idProperty"], "properties": _values(params)}
    return send("POST", path("objects", version, _type_of(kind, params), "batch", "upsert"), {"inputs": [one]})


def _encode_delete(params: Params, version: str, *, kind: Kind) -> HttpRequest:
    return delete(path("objects", version, _type_of(kind, params), params[kind.id_name]))


def _encode_merge(params: Params, version: str, *, kind: Kind) -> HttpRequest:
    body = {name: str(params[name]) for name in ("primaryObjectId", "objectIdToMerge")}
    return send("POST", path("objects", version, _type_of(kind, params), "merge"), body)


def _batch_url(params: Params, version: str, kind: Kind, action: str) -> str:
    return path("objects", version, _type_of(kind, params), "batch", action)


def _encode_batch_get(params: Params, version: str, *, kind: Kind) -> HttpRequest:
    properties = names_in(params.get("properties", []))
    id_property = params.get("idProperty")
    if isinstance(id_property, str) and id_property not in properties:
        properties.append(id_property)  # results are matched to inputs by it
    body: dict[str, object] = {
        "inputs": [{"id": str(value)} for value in cast("list[object]", params["ids"])],
        "properties": properties,
        "propertiesWithHistory": names_in(params.get("propertiesWithHistory", [])),
    }
    if id_property is not None:
        body["idProperty"] = id_property
    return send("POST", with_query(_batch_url(params, version, kind, "read"), params, "archived"), body)


def _inputs(params: Params) -> list[dict[str, object]]:
    return cast("list[dict[str, object]]", params["inputs"])


def _encode_batch_create(params: Params, version: str, *, kind: Kind) -> HttpRequest:
    object_type = _type_of(kind, params)
    # HubSpot answers in another order than asked, and creates part of a batch only if each input has a trace id.
    inputs = [
        {**_creation(item, object_type), "objectWriteTraceId": str(index)} for index, item in enumerate(_inputs(params))
    ]
    return send("POST", _batch_url(params, version, kind, "create"), {"inputs": inputs})


def _encode_batch_update(params: Params, version: str, *, kind: Kind) -> HttpRequest:
    inputs = [
        {**item, "id": str(item["id"]), "properties": _values(item), "objectWriteTraceId": str(index)}
        for index, item in enumerate(_inputs(params))
    ]
    return send("POST", _batch_url(params, version, kind, "update"), {"inputs": inputs})


def _encode_batch_upsert(params: Params, version: str, *, kind: Kind) -> HttpRequest:
    inputs = [
        {
            "id": str(item["id"]),
            "idProperty": params["idProperty"],
            "properties": _values(item),
            "objectWriteTraceId": str(index),
        }
        for index, item in enumerate(_inputs(params))
    ]
    return send("POST", _batch_url(params, version, kind, "upsert"), {"inputs": inputs})


def _encode_batch_delete(params: Params, version: str, *, kind: Kind) -> HttpRequest:
    inputs = [{"id": str(value)} for value in cast("list[object]", params["ids"])]
    return send("POST", _batch_url(params, version, kind, "archive"), {"inputs": inputs})


def _read_deleted(kind: Kind) -> ConvertedShape[m.Deleted]:
    return ConvertedShape(m.Deleted, lambda _body, params: m.Deleted(str(params[kind.id_name])))


def _reads(kind: Kind) -> Iterator[Operation]:
    one, many = kind.singular.replace("_", " "), kind.entity.replace("_", " ")
    operation = partial(Operation, kind.entity, scopes=kind.read_scopes)
    guide = _GUIDE.format(kind.entity.replace("_", "-"))
    yield operation(
        "list",
        f"One page of {many}, ascending by id.",
        guide,
        p.ListParams,
        partial(_encode_list, kind=kind),
        PageShape(kind.record),
    )
    yield operation(
        "get",
        f"One {one} by id or unique property.",
        guide,
        p.GetParams,
        partial(_encode_get, kind=kind),
        ItemShape(kind.record),
        wire_names={"record_id": kind.id_name},
    )
    yield operation(
        "api_search",
        f"One page of {many} that fit conditions or words; HubSpot's index may lag writes by seconds.",
        _SEARCH_GUIDE,
        p.SearchParams,
        partial(_encode_search, kind=kind),
        PageShape(kind.record),
        limit="search",
    )
    yield operation(
        "batch_get",
        f"Up to 100 {many} by id or unique property, each found or not.",
        guide,
        p.BatchGetParams,
        partial(_encode_batch_get, kind=kind),
        batch_of(kind.record, ids_of),
    )


def _writes(kind: Kind) -> Iterator[Operation]:
    one, many = kind.singular.replace("_", " "), kind.entity.replace("_", " ")
    operation = partial(Operation, kind.entity, scopes=kind.write_scopes, effect="write")
    guide = _GUIDE.format(kind.entity.replace("_", "-"))
    yield operation(
        "create",
        f"Creates a {one}, with associations if wanted.",
        guide,
        p.CreateParams,
        partial(_encode_create, kind=kind),
        ItemShape(kind.record),
    )
    yield operation(
        "update",
        f"Changes properties of a {one}; the others stay.",
        guide,
        p.UpdateParams,
        partial(_encode_update, kind=kind),
        ItemShape(kind.record),
        wire_names={"record_id": kind.id_name},
        idempotent=True,
    )
    yield operation(
        "upsert",
        f"Changes the {one} with that value of a unique property, or creates it.",
        guide,
        p.UpsertParams,
        partial(_encode_upsert, kind=kind),
        only_of_batch(kind.record),
        idempotent=True,
    )
    yield operation(
        "batch_create",
        f"Creates up to 100 {many}, each for itself.",
        guide,
        p.BatchCreateParams,
        partial(_encode_batch_create, kind=kind),
        batch_of(kind.record, places_of_inputs),
    )
    yield operation(
        "batch_update",
        f"Changes up to 100 {many}.",
        guide,
        p.BatchUpdateParams,
        partial(_encode_batch_update, kind=kind),
        batch_of(kind.record, places_of_inputs),
        idempotent=True,
    )
    yield operation(
        "batch_upsert",
        f"Changes or creates up to 100 {many} by a unique property.",
        guide,
        p.BatchUpsertParams,
        partial(_encode_batch_upsert, kind=kind),
        batch_of(kind.record, places_of_inputs),
        idempotent=True,
    )


def _removals(kind: Kind) -> Iterator[Operation]:
    one, many = kind.singular.replace("_", " "), kind.entity.replace("_", " ")
    operation = partial(Operation, kind.entity, scopes=kind.write_scopes, effect="destructive")
    guide = _GUIDE.format(kind.entity.replace("_", "-"))
    yield operation(
        "delete",
        f"Archives a {one}; HubSpot's pages can restore it for 90 days, its API cannot.",
        guide,
        p.DeleteParams,
        partial(_encode_delete, kind=kind),
        _read_deleted(kind),
        wire_names={"record_id": kind.id_name},
        idempotent=True,
    )
    yield operation(
        "batch_delete",
        f"Archives up to 100 {many}.",
        guide,
        p.BatchDeleteParams,
        partial(_encode_batch_delete, kind=kind),
        BATCH_DELETED,
        idempotent=True,
    )
    if kind.can_merge:
        yield operation(
            "merge",
            f"Merges one {one} into another, for good.",
            guide,
            p.MergeParams,
            partial(_encode_merge, kind=kind),
            ItemShape(kind.record),
        )


def _kind(
    entity: str,
    singular: str,
    record: type[m.Record] = m.Record,
    *,
    read: str | tuple[str, ...] = "",
    write: str | tuple[str, ...] = "",
    can_merge: bool = False,
) -> Kind:
    """A standard entity: its scopes are `crm.objects.X.read` and `.write` unless others are given."""
    reads = read or f"crm.objects.{entity}.read"
    writes = write or f"crm.objects.{entity}.write"
    return Kind(
        entity,
        singular,
        record,
        (reads,) if isinstance(reads, str) else reads,
        (writes,) if isinstance(writes, str) else writes,
        can_merge,
        entity,
    )


_CONTACTS: Final = ("crm.objects.contacts.read", "crm.objects.contacts.write")
_SHOP: Final = "e-commerce"

KINDS: Final = (
    _kind("contacts", "contact", m.Contact, can_merge=True),
    _kind("companies", "company", m.Company, can_merge=True),
    _kind("deals", "deal", m.Deal, can_merge=True),
    _kind("tickets", "ticket", m.Ticket, read="tickets", write="tickets", can_merge=True),
    _kind(
        "products", "product", read=("crm.objects.products.read", _SHOP), write=("crm.objects.products.write", _SHOP)
    ),
    _kind(
        "line_items",
        "line_item",
        read=("crm.objects.line_items.read", _SHOP),
        write=("crm.objects.line_items.write", _SHOP),
    ),
    _kind("quotes", "quote", read=("crm.objects.quotes.read", _SHOP), write=("crm.objects.quotes.write", _SHOP)),
    _kind("leads", "lead"),
    _kind("notes", "note", read=_CONTACTS[0], write=_CONTACTS[1]),
    _kind("calls", "call", read=_CONTACTS[0], write=_CONTACTS[1]),
    _kind(
        "emails",
        "email",
        read=("crm.objects.contacts.read", "sales-email-read"),
        write=("crm.objects.contacts.write", "sales-email-read"),
    ),
    _kind("meetings", "meeting", read=_CONTACTS[0], write=_CONTACTS[1]),
    _kind("tasks", "task", read=_CONTACTS[0], write=_CONTACTS[1]),
    _kind("communications", "communication", read=_CONTACTS[0], write=_CONTACTS[1]),
    Kind("objects", "object", m.Record, ("crm.objects.custom.read",), ("crm.objects.custom.write",), can_merge=True),
)
"""All entities that are CRM records."""

KIND_OF: Final = {kind.entity: kind for kind in KINDS}


def operations_on(entity: str) -> tuple[Operation, ...]:
    """All operations on one kind of records."""
    kind = KIND_OF[entity]
    operations = (operation for group in (_reads, _writes, _removals) for operation in group(kind))
    if kind.object_type is not None:
        return tuple(operations)
    from ..params.objects import WITH_TYPE  # noqa: PLC0415 - for this entity alone

    return tuple(replace(operation, params=WITH_TYPE[operation.params]) for operation in operations)
