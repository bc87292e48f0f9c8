"""Associations as the older APIs v3 and v1 write them: by the name or the number of one type.

Source: https://developers.hubspot.com/docs/api-reference/legacy/crm/associations/associate-records/guide,
https://github.com/grouparoo/grouparoo (v1 as recorded)
"""

from collections.abc import Sequence
from typing import Final

from hubspot_sandbox.associations import HUBSPOT_DEFINED, PRIMARY, AssociationType, Link
from hubspot_sandbox.calls import Answer, Call, Door
from hubspot_sandbox.doors.access import reads_both, reads_either, writes_both
from hubspot_sandbox.doors.association_batches import nothing_linked, reference_of, write_each
from hubspot_sandbox.doors.associations import find_end
from hubspot_sandbox.doors.batches import completed, read_inputs
from hubspot_sandbox.doors.objects import next_page, portal_record, read_written
from hubspot_sandbox.errors import JsonObject, NotFoundError, ValidationError
from hubspot_sandbox.links import link, unlabel
from hubspot_sandbox.numerals import whole_number
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.records import Record

LARGEST_PAGE: Final = 500
LINKS_PER_RECORD: Final = 100
_COMPANIES: Final = "0-2"
_V1_PAGE: Final = 100


def _kind(call: Call, start: ObjectType, end: ObjectType, wanted: str) -> AssociationType:
    """The type of that name or number.

    Raises: ValidationError.
    """
    kinds = call.portal.associations.kinds
    for kind in kinds.between(start.type_id, end.type_id):
        if wanted in {kinds.wire_name(kind), str(kind.type_id)}:
            return kind
    # choice: the text for a type of association nobody knows is not documented.
    raise ValidationError(f"{wanted} is not an association type from {start.name} to {end.name}")


def _rows(call: Call, start: ObjectType, end: ObjectType, links: Sequence[Link]) -> list[JsonObject]:
    kinds = call.portal.associations.kinds
    found = ((link, kinds.find(start.type_id, end.type_id, link.category, link.type_id)) for link in links)
    return [{"id": str(link.to_id), "type": kinds.wire_name(kind)} for link, kind in found if kind is not None]


def list_linked(call: Call) -> Answer:
    """The linked records, one row per type of association."""
    portal, start, end = call.portal, call.object_type(), call.object_type("to")
    record = find_end(portal, start, call.path["id"])
    limit = call.number("limit", LARGEST_PAGE, at_most=LARGEST_PAGE)
    after = call.place()
    ids = portal.associations.targets(record.id, end.type_id, after_id=after, limit=limit + 1)
    links = [
        Link(kind.to_type, to_id, kind.category, kind.type_id)
        for to_id in ids[:limit]
        for kind in portal.associations.kinds_between(start.type_id, record.id, end.type_id, to_id)
    ]
    body: JsonObject = {"results": _rows(call, start, end, links)}
    if len(ids) > limit:
        body["paging"] = next_page(call, str(ids[limit - 1]))
    return Answer(200, body)


def set_link(call: Call) -> Answer:
    """Link two records; the answer is the first record."""
    portal, start, end = call.portal, call.object_type(), call.object_type("to")
    first, second = find_end(portal, start, call.path["id"]), find_end(portal, end, call.path["to_id"])
    link(portal, first, second, [_kind(call, start, end, call.path["kind"])])
    return Answer(200, read_written(portal, start, first.id))


def delete_link(call: Call) -> Answer:
    """204, whether there was a link or not."""
    portal, start, end = call.portal, call.object_type(), call.object_type("to")
    kind = _kind(call, start, end, call.path["kind"])
    first, second = portal_record(portal, start, call.path["id"]), portal_record(portal, end, call.path["to_id"])
    if first is not None and second is not None:
        unlabel(portal, first, second, [kind])
    return Answer(204)


def list_types(call: Call) -> Answer:
    """The types from one object type to another, by number and name."""
    kinds = call.portal.associations.kinds
    between = kinds.between(call.object_type().type_id, call.object_type("to").type_id)
    return Answer(200, {"results": [{"id": str(kind.type_id), "name": kinds.wire_name(kind)} for kind in between]})


def read_batch(call: Call) -> Answer:
    """The linked records of many records, at most 100 each; of companies the primary one alone."""
    started_ms = call.portal.clock.now_ms()
    start, end = call.object_type(), call.object_type("to")
    primary = call.portal.associations.kinds.qualified(start.type_id, end.type_id, PRIMARY)
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    for item in read_inputs(call.json()):
        reference = str(item.get("id", ""))
        from_id = whole_number(reference) or 0
        links = call.portal.associations.links(from_id, end.type_id, limit=LINKS_PER_RECORD)
        if end.type_id == _COMPANIES and primary is not None:
            links = [each for each in links if each.type_id == primary.type_id]
        rows = _rows(call, start, end, links)
        if rows:
            results.append({"from": {"id": reference}, "to": rows})
        else:
            errors.append(nothing_linked(start, reference, end))
    return completed(call, 200, results, errors, started_ms)


def create_batch(call: Call) -> Answer:
    """Links by the name of their type; the answer holds both directions."""
    started_ms = call.portal.clock.now_ms()
    start, end = call.object_type(), call.object_type("to")
    kinds = call.portal.associations.kinds
    results: list[JsonObject] = []

    def write(item: JsonObject, first: Record, second: Record) -> None:
        kind = _kind(call, start, end, str(item.get("type", "")))
        link(call.portal, first, second, [kind])
        for one, other, each in ((first, second, kind), (second, first, kinds.inverse(kind))):
            ends: JsonObject = {"from": {"id": str(one.id)}, "to": {"id": str(other.id)}}
            results.append({**ends, "type": kinds.wire_name(each)})

    errors = write_each(call, write, largest=LINKS_PER_RECORD)
    return completed(call, 201, results, errors, started_ms)


def archive_batch(call: Call) -> Answer:
    """204; links that are not there are ignored."""
    portal, start, end = call.portal, call.object_type(), call.object_type("to")
    for item in read_inputs(call.json()):
        kind = _kind(call, start, end, str(item.get("type", "")))
        first = portal_record(portal, start, reference_of(item.get("from")))
        second = portal_record(portal, end, reference_of(item.get("to")))
        if first is not None and second is not None:
            unlabel(portal, first, second, [kind])
    return Answer(204)


def _v1_kind(call: Call, definition: object) -> AssociationType:
    for object_type in call.portal.types:
        for kind in call.portal.associations.kinds.of(object_type.type_id):
            if kind.category == HUBSPOT_DEFINED and str(kind.type_id) == str(definition):
                return kind
    # choice: the text for a definition id nobody knows is not documented.
    raise NotFoundError("resource not found")


def _v1_read_scopes(call: Call) -> Sequence[str]:
    return call.portal.types.by_id(_v1_kind(call, call.path["definition"]).from_type).read_scopes


def _v1_write_scopes(call: Call) -> Sequence[str]:
    return call.portal.types.by_id(_v1_kind(call, call.json().get("definitionId")).from_type).write_scopes


def list_v1(call: Call) -> Answer:
    """The ids linked by one type, with an offset instead of a cursor."""
    kind = _v1_kind(call, call.path["definition"])
    first, after_id = whole_number(call.path["id"]) or 0, whole_number(call.text("offset")) or 0
    found = [
        to_id
        for to_id in call.portal.associations.targets(first, kind.to_type, after_id=after_id, limit=_V1_PAGE + 1)
        if kind in call.portal.associations.kinds_between(kind.from_type, first, kind.to_type, to_id)
    ]
    page = found[:_V1_PAGE]
    return Answer(200, {"results": page, "hasMore": len(found) > _V1_PAGE, "offset": page[-1] if page else 0})


def set_v1(call: Call) -> Answer:
    """204; one link by the number of its type."""
    body = call.json()
    kind = _v1_kind(call, body.get("definitionId"))
    start, end = call.portal.types.by_id(kind.from_type), call.portal.types.by_id(kind.to_type)
    first = find_end(call.portal, start, str(body.get("fromObjectId")))
    link(call.portal, first, find_end(call.portal, end, str(body.get("toObjectId"))), [kind])
    return Answer(204)


def delete_v1(call: Call) -> Answer:
    """204; one link by the number of its type, whether it was there or not."""
    body = call.json()
    kind = _v1_kind(call, body.get("definitionId"))
    first = portal_record(call.portal, call.portal.types.by_id(kind.from_type), str(body.get("fromObjectId")))
    second = portal_record(call.portal, call.portal.types.by_id(kind.to_type), str(body.get("toObjectId")))
    if first is not None and second is not None:
        unlabel(call.portal, first, second, [kind])
    return Answer(204)


_V1: Final = frozenset({"v1"})
_V3: Final = frozenset({"v3"})
_ONE: Final = "/crm/objects/{type}/{id}/associations/{to}"
_PAIR: Final = "/crm/associations/{type}/{to}"
_OLDEST: Final = "/crm-associations/associations"
DOORS: Final = (
    Door("GET", _ONE, list_linked, reads_both, versions=_V3),
    Door("PUT", f"{_ONE}/{{to_id}}/{{kind}}", set_link, writes_both, versions=_V3),
    Door("DELETE", f"{_ONE}/{{to_id}}/{{kind}}", delete_link, writes_both, versions=_V3),
    Door("GET", f"{_PAIR}/types", list_types, reads_either, versions=_V3),
    Door("POST", f"{_PAIR}/batch/read", read_batch, reads_both, versions=_V3),
    Door("POST", f"{_PAIR}/batch/create", create_batch, writes_both, versions=_V3),
    Door("POST", f"{_PAIR}/batch/archive", archive_batch, writes_both, versions=_V3),
    Door("GET", f"{_OLDEST}/{{id}}/HUBSPOT_DEFINED/{{definition}}", list_v1, _v1_read_scopes, versions=_V1),
    Door("PUT", _OLDEST, set_v1, _v1_write_scopes, versions=_V1),
    Door("PUT", f"{_OLDEST}/delete", delete_v1, _v1_write_scopes, versions=_V1),
)
