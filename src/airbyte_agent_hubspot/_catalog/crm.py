"""CRM objects: the same operations for every object type.

Source: https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/guide
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from .. import params as p
from .._operation import Operation
from .._shape import ItemShape, PageShape
from ..models import Company, Contact, Deal, Record, Ticket
from ._paths import get, names_in, objects_path, post

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .._shape import Params
    from .._wire import HttpRequest

_LIST_QUERY = ("limit", "after", "properties", "propertiesWithHistory", "associations", "archived")
_GET_QUERY = ("properties", "propertiesWithHistory", "associations", "idProperty", "archived")
_SOURCE = "https://developers.hubspot.com/docs/api-reference/crm-{}-v3/guide"


def _encode_list(params: Params, version: str, *, object_type: str) -> HttpRequest:
    return get(objects_path(version, object_type), params, _LIST_QUERY)


def _encode_get(params: Params, version: str, *, object_type: str, id_name: str) -> HttpRequest:
    return get(objects_path(version, object_type, str(params[id_name])), params, _GET_QUERY)


def _encode_search(params: Params, version: str, *, object_type: str) -> HttpRequest:
    body = dict(params)
    if "properties" in body:
        body["properties"] = names_in(body["properties"])
    if "filterGroups" in body:
        groups = cast("list[dict[str, list[dict[str, object]]]]", body["filterGroups"])
        body["filterGroups"] = [{"filters": [_as_text(item) for item in group["filters"]]} for group in groups]
    return post(objects_path(version, object_type, "search"), body)


def _as_text(condition: dict[str, object]) -> dict[str, object]:
    """The condition with its values as text, the only form that HubSpot keeps values in."""
    return {
        name: [_value_text(item) for item in cast("list[object]", value)] if name == "values" else _value_text(value)
        for name, value in condition.items()
    }


def _value_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _crm_entity(
    entity: str, singular: str, record: type[Record], *, read_scopes: tuple[str, ...]
) -> Iterator[Operation]:
    id_name = f"{singular}Id"
    source = _SOURCE.format(entity)
    yield Operation(
        entity,
        "list",
        f"One page of {entity}, ascending by id.",
        source,
        p.ListParams,
        lambda params, version: _encode_list(params, version, object_type=entity),
        PageShape(record),
        scopes=read_scopes,
    )
    yield Operation(
        entity,
        "get",
        f"One {singular} by id or unique property.",
        source,
        p.GetParams,
        lambda params, version: _encode_get(params, version, object_type=entity, id_name=id_name),
        ItemShape(record),
        scopes=read_scopes,
        wire_names={"record_id": id_name},
    )
    yield Operation(
        entity,
        "api_search",
        f"One page of {entity} that fit conditions or words; HubSpot's index may lag writes by seconds.",
        "https://developers.hubspot.com/docs/api-reference/search/guide",
        p.SearchParams,
        lambda params, version: _encode_search(params, version, object_type=entity),
        PageShape(record),
        scopes=read_scopes,
    )


def _custom_objects() -> Iterator[Operation]:
    encode_list: Callable[[Params, str], HttpRequest] = lambda params, version: _encode_list(  # noqa: E731
        params, version, object_type=str(params["objectType"])
    )
    encode_get: Callable[[Params, str], HttpRequest] = lambda params, version: _encode_get(  # noqa: E731
        params, version, object_type=str(params["objectType"]), id_name="objectId"
    )
    source = "https://developers.hubspot.com/docs/api-reference/crm-custom-objects-v3/guide"
    scopes = ("crm.objects.custom.read",)
    yield Operation(
        "objects",
        "list",
        "One page of records of any object type, custom ones included, ascending by id.",
        source,
        p.ListObjectsParams,
        encode_list,
        PageShape(Record),
        scopes=scopes,
    )
    yield Operation(
        "objects",
        "get",
        "One record of any object type by id or unique property.",
        source,
        p.GetObjectParams,
        encode_get,
        ItemShape(Record),
        scopes=scopes,
        wire_names={"record_id": "objectId"},
    )


OPERATIONS: tuple[Operation, ...] = (
    *_crm_entity("contacts", "contact", Contact, read_scopes=("crm.objects.contacts.read",)),
    *_crm_entity("companies", "company", Company, read_scopes=("crm.objects.companies.read",)),
    *_crm_entity("deals", "deal", Deal, read_scopes=("crm.objects.deals.read",)),
    *_crm_entity("tickets", "ticket", Ticket, read_scopes=("tickets",)),
    *_custom_objects(),
)
