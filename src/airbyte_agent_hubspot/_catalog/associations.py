"""Associations and their labels (API v4).

Source: https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, cast

import msgspec

from .. import models as m
from .._batch_shape import BatchError, errors_by_key, ids_of, item_error
from .._operation import Operation
from .._shape import ConvertedPageShape, ConvertedShape, PageShape, Paging
from ..params import associations as p
from ._paths import delete, get, path, send
from .object_types import default_association

if TYPE_CHECKING:
    from .._shape import Params
    from .._wire import HttpRequest

_GUIDE: Final = "https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide"
_READ: Final = ("crm.objects.contacts.read", "crm.objects.companies.read", "crm.objects.deals.read", "tickets")
_WRITE: Final = ("crm.objects.contacts.write", "crm.objects.companies.write", "crm.objects.deals.write", "tickets")
_NONE_FOUND: Final = "crm.associations.NO_ASSOCIATIONS_FOUND"


class _To(msgspec.Struct, frozen=True):
    toObjectId: int | str  # noqa: N815 - HubSpot's name
    associationTypes: list[m.AssociationType] = []  # noqa: N815 - HubSpot's name

    def read(self) -> m.Association:
        return m.Association(str(self.toObjectId), list(self.associationTypes))


class _ToPage(msgspec.Struct, frozen=True):
    results: list[_To]
    paging: Paging | None = None


class _From(msgspec.Struct, frozen=True):
    id: int | str


class _FromTo(msgspec.Struct, frozen=True):
    from_: _From = msgspec.field(name="from")
    to: list[_To] = []
    paging: Paging | None = None


class _Batch(msgspec.Struct, frozen=True):
    results: list[_FromTo] = []
    errors: list[BatchError] = []


class _Labels(msgspec.Struct, frozen=True):
    labels: list[str] = []


def _cursor(paging: Paging | None) -> str | None:
    return paging.next.after if paging is not None and paging.next is not None else None


def _read_page(body: bytes, params: Params) -> m.Page[m.Association]:
    del params
    page = msgspec.json.decode(body, type=_ToPage)
    return m.Page([item.read() for item in page.results], m.PageMeta(_cursor(page.paging)))


def _read_batch(body: bytes, params: Params) -> m.BatchResult[m.AssociatedRecords]:
    """One item per id; a record without associations is an empty list, not an error."""
    batch = msgspec.json.decode(body, type=_Batch)
    found = {
        str(item.from_.id): m.AssociatedRecords(str(item.from_.id), [to.read() for to in item.to], _cursor(item.paging))
        for item in batch.results
    }
    failed = errors_by_key([error for error in batch.errors if error.subCategory != _NONE_FOUND])
    return m.BatchResult(
        [
            m.BatchItem(index, key, None, failed[key])
            if key in failed
            else m.BatchItem(index, key, found.get(key, m.AssociatedRecords(key)))
            for index, key in enumerate(ids_of(params))
        ]
    )


def _read_link(body: bytes, params: Params) -> m.AssociationLink:
    labels = msgspec.json.decode(body, type=_Labels).labels if body else []
    return m.AssociationLink(
        str(params["fromObjectType"]),
        str(params["fromObjectId"]),
        str(params["toObjectType"]),
        str(params["toObjectId"]),
        labels,
    )


def _ids_in(error: BatchError) -> set[str]:
    """The ids that an error names: those of one pair."""
    return {name for names in error.context.values() for name in names if name.isdecimal()}


def _read_links(body: bytes, params: Params) -> m.BatchResult[m.AssociationLink]:
    """One item per pair. HubSpot's errors name the pairs by their ids."""
    batch = msgspec.json.decode(body, type=_Errors) if body else _Errors()
    inputs = cast("list[dict[str, object]]", params["inputs"])
    items: list[m.BatchItem[m.AssociationLink]] = []
    for index, item in enumerate(inputs):
        ids = {str(item["fromObjectId"]), str(item["toObjectId"])}
        error = next((one for one in batch.errors if ids >= _ids_in(one) != set()), None)
        if error is not None:
            items.append(m.BatchItem(index, str(item["fromObjectId"]), None, item_error(error)))
            continue
        link = m.AssociationLink(
            str(params["fromObjectType"]),
            str(item["fromObjectId"]),
            str(params["toObjectType"]),
            str(item["toObjectId"]),
        )
        items.append(m.BatchItem(index, link.fromObjectId, link))
    return m.BatchResult(items)


class _Errors(msgspec.Struct, frozen=True):
    errors: list[BatchError] = []


def _encode_list(params: Params, version: str) -> HttpRequest:
    return get(_record_url(params, version), params, "limit", "after")


def _record_url(params: Params, version: str, *before_type: str) -> str:
    parts = [params["fromObjectType"], params["fromObjectId"], "associations", *before_type, params["toObjectType"]]
    if "toObjectId" in params:
        parts.append(params["toObjectId"])
    return path("object_associations", version, *parts)


def _encode_create(params: Params, version: str) -> HttpRequest:
    if "types" in params:
        return send("PUT", _record_url(params, version), params["types"])
    return send("PUT", _record_url(params, version, "default"), {})


def _pair_url(params: Params, version: str, *parts: object) -> str:
    return path("associations", version, params["fromObjectType"], params["toObjectType"], *parts)


def _encode_batch_get(params: Params, version: str) -> HttpRequest:
    return send(
        "POST", _pair_url(params, version, "batch", "read"), {"inputs": [{"id": key} for key in ids_of(params)]}
    )


def _encode_batch_create(params: Params, version: str) -> HttpRequest:
    inputs = cast("list[dict[str, object]]", params["inputs"])
    pairs: list[dict[str, object]] = [
        {"from": {"id": str(item["fromObjectId"])}, "to": {"id": str(item["toObjectId"])}} for item in inputs
    ]
    if not any("types" in item for item in inputs):
        return send("POST", _pair_url(params, version, "batch", "associate", "default"), {"inputs": pairs})
    types = [item.get("types") or [_default_of(params)] for item in inputs]
    typed = [{**pair, "types": one} for pair, one in zip(pairs, types, strict=True)]
    return send("POST", _pair_url(params, version, "batch", "create"), {"inputs": typed})


def _default_of(params: Params) -> dict[str, object]:
    return default_association(str(params["fromObjectType"]), str(params["toObjectType"]))


def _encode_batch_delete(params: Params, version: str) -> HttpRequest:
    inputs = cast("list[dict[str, object]]", params["inputs"])
    pairs = [{"from": {"id": str(item["fromObjectId"])}, "to": [{"id": str(item["toObjectId"])}]} for item in inputs]
    return send("POST", _pair_url(params, version, "batch", "archive"), {"inputs": pairs})


def _encode_create_label(params: Params, version: str) -> HttpRequest:
    body = {name: params[name] for name in ("label", "name", "inverseLabel") if name in params}
    return send("POST", _pair_url(params, version, "labels"), body)


_read_association = partial(Operation, "associations", source=_GUIDE, scopes=_READ)
_write_association = partial(Operation, "associations", source=_GUIDE, scopes=_WRITE, idempotent=True)
_label = partial(Operation, "association_labels", source=_GUIDE)

OPERATIONS: tuple[Operation, ...] = (
    _read_association(
        "list",
        "Records of one type that are associated with a record, with the labels of each association.",
        params=p.ListAssociationsParams,
        encode=_encode_list,
        shape=ConvertedPageShape(m.Association, _read_page),
    ),
    _read_association(
        "batch_get",
        "The same for up to 100 records at once.",
        params=p.BatchGetAssociationsParams,
        encode=_encode_batch_get,
        shape=ConvertedShape(m.BatchResult[m.AssociatedRecords], _read_batch),
    ),
    _write_association(
        "create",
        "Associates two records: unlabelled, or with exactly the given types.",
        params=p.CreateAssociationParams,
        encode=_encode_create,
        shape=ConvertedShape(m.AssociationLink, _read_link),
        effect="write",
    ),
    _write_association(
        "delete",
        "Removes all associations between two records.",
        params=p.LinkParams,
        encode=lambda params, version: delete(_record_url(params, version)),
        shape=ConvertedShape(m.Deleted, lambda _body, params: m.Deleted(str(params["toObjectId"]))),
        effect="destructive",
    ),
    _write_association(
        "batch_create",
        "Associates up to 100 pairs of records.",
        params=p.BatchCreateAssociationsParams,
        encode=_encode_batch_create,
        shape=ConvertedShape(m.BatchResult[m.AssociationLink], _read_links),
        effect="write",
    ),
    _write_association(
        "batch_delete",
        "Removes all associations between up to 100 pairs of records.",
        params=p.BatchDeleteAssociationsParams,
        encode=_encode_batch_delete,
        shape=ConvertedShape(m.BatchResult[m.AssociationLink], _read_links),
        effect="destructive",
    ),
    _label(
        "list",
        "Types that associations from one object type to another can have, labelled and not.",
        params=p.Pair,
        encode=lambda params, version: get(_pair_url(params, version, "labels"), params),
        shape=PageShape(m.AssociationType),
        scopes=_READ,
    ),
    _label(
        "create",
        "Creates a label, or a pair of them with `inverseLabel`.",
        params=p.CreateLabelParams,
        encode=_encode_create_label,
        shape=PageShape(m.AssociationType),
        effect="write",
        scopes=_WRITE,
    ),
    _label(
        "delete",
        "Deletes a label; associations that have only it stay, unlabelled.",
        params=p.DeleteLabelParams,
        encode=lambda params, version: delete(_pair_url(params, version, "labels", params["associationTypeId"])),
        shape=ConvertedShape(m.Deleted, lambda _body, params: m.Deleted(str(params["associationTypeId"]))),
        effect="destructive",
        scopes=_WRITE,
        idempotent=True,
    ),
)
