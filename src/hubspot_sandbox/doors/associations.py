"""Associations between records, as API v4 and the dated versions serve them.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/associations/associate-records/guide
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, unquote

from hubspot_sandbox.associations import AssociationType, wanted_kinds
from hubspot_sandbox.calls import Answer, Call, Door, objects, parse_json
from hubspot_sandbox.doors.access import reads_both, writes_both
from hubspot_sandbox.doors.batches import completed
from hubspot_sandbox.doors.checked_writes import check_linking
from hubspot_sandbox.doors.objects import portal_record
from hubspot_sandbox.errors import JsonObject, NotFoundError, ValidationError
from hubspot_sandbox.links import link, plain_kind, relabel, unlink
from hubspot_sandbox.numerals import whole_number
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.records import Record
from hubspot_sandbox.versions import DATED

LARGEST_PAGE: Final = 500
VERSIONS: Final = frozenset({"v4"}) | DATED

Made = tuple[Record, Record, AssociationType]


def find_end(portal: Portal, object_type: ObjectType, reference: str) -> Record:
    """The live record at one end of an association.

    Raises: NotFoundError.
    """
    number = whole_number(reference)
    record = None if number is None else portal.records.find(object_type.type_id, portal.records.survivor(number))
    if record is None:
        # choice: the text for an association with a record nobody has is not documented.
        raise NotFoundError(
            f"No {object_type.name} with id {reference} exists",
            category="OBJECT_NOT_FOUND",
            context={"id": [reference]},
        )
    return record


def requested_kinds(call: Call, start: ObjectType, end: ObjectType, value: object) -> list[AssociationType]:
    """The kinds that a list of `{associationCategory, associationTypeId}` names.

    Raises: ValidationError for none, or for one that does not link the two types.
    """
    pairs = [(str(item.get("associationCategory")), _number(item.get("associationTypeId"))) for item in objects(value)]
    if not pairs:
        # choice: the text for a request without association types is not documented.
        raise ValidationError("At least one association type is required")
    return wanted_kinds(call.portal.associations.kinds, start, end, pairs)


def _number(value: object) -> int:
    return value if isinstance(value, int) else -1


def describe_kinds(kinds: Sequence[AssociationType]) -> list[JsonObject]:
    """Association types as v4 writes them; the plain one has label null."""
    return [{"category": kind.category, "typeId": kind.type_id, "label": kind.label} for kind in kinds]


def linked_page(call: Call, from_id: int, *, after: str, limit: int) -> tuple[list[JsonObject], JsonObject | None]:
    """The linked records of one page, and the `paging` if there are more."""
    start, end = call.object_type(), call.object_type("to")
    associations = call.portal.associations
    ids = associations.targets(from_id, end.type_id, after_id=_after(after), limit=limit + 1)
    rows: list[JsonObject] = [
        {
            "toObjectId": to_id,
            "associationTypes": describe_kinds(associations.kinds_between(start.type_id, from_id, end.type_id, to_id)),
        }
        for to_id in ids[:limit]
    ]
    if len(ids) <= limit:
        return rows, None
    cursor = quote(base64.b64encode(f"{end.type_id}-{ids[limit - 1]}".encode()).decode())
    link_path = f"/crm/v3/objects/{start.type_id}/{from_id}/associations/{end.type_id}"
    address = f"{call.base_url}{link_path}?portalId={call.portal.hub_id}&after={cursor}"
    return rows, {"next": {"after": cursor, "link": address}}


def _after(cursor: str) -> int:
    """The id that a cursor such as `MC0yLTc1MDI%3D` (`0-2-7502`) stands at."""
    if not cursor:
        return 0
    try:
        after_id = whole_number(base64.b64decode(unquote(cursor), validate=True).decode().rpartition("-")[2])
    except (binascii.Error, ValueError):
        after_id = None
    if after_id is None:
        # choice: the text for a cursor that is none is not documented.
        raise ValidationError(f"after must be a cursor of an earlier page, got {cursor}")
    return after_id


def list_linked(call: Call) -> Answer:
    """One page of the records that a record is linked to."""
    record = find_end(call.portal, call.object_type(), call.path["id"])
    limit = call.number("limit", LARGEST_PAGE, at_most=LARGEST_PAGE)
    rows, paging = linked_page(call, record.id, after=call.text("after"), limit=limit)
    return Answer(200, {"results": rows, **({"paging": paging} if paging else {})})


def _ends(call: Call) -> tuple[ObjectType, Record, ObjectType, Record]:
    start, end = call.object_type(), call.object_type("to")
    first = find_end(call.portal, start, call.path["id"])
    return start, first, end, find_end(call.portal, end, call.path["to_id"])


def set_labels(call: Call) -> Answer:
    """Link two records by exactly the labels of the body."""
    check_linking(call)
    start, first, end, second = _ends(call)
    kinds = requested_kinds(call, start, end, parse_json(call.body))
    relabel(call.portal, first, second, kinds)
    return Answer(201, describe_link(start, first.id, end, second.id, kinds))


def describe_link(
    start: ObjectType, from_id: int, end: ObjectType, to_id: int, kinds: Sequence[AssociationType]
) -> JsonObject:
    """A link just made, with the labels it was given."""
    return {
        "fromObjectTypeId": start.type_id,
        "fromObjectId": from_id,
        "toObjectTypeId": end.type_id,
        "toObjectId": to_id,
        "labels": [kind.label for kind in kinds if kind.label],
    }


def set_default(call: Call) -> Answer:
    """Link two records without a label; the answer names both directions."""
    check_linking(call)
    start, first, end, second = _ends(call)
    kind = plain_kind(call.portal, start.type_id, end.type_id)
    link(call.portal, first, second, [kind])
    return default_answer(call, [(first, second, kind)], [], call.portal.clock.now_ms())


def default_answer(call: Call, made: Sequence[Made], errors: Sequence[JsonObject], started_ms: int) -> Answer:
    """The batch answer of links without labels: each of them in both directions."""
    results: list[JsonObject] = []
    for first, second, kind in made:
        inverse = call.portal.associations.kinds.inverse(kind)
        for start, end, each in ((first, second, kind), (second, first, inverse)):
            spec = {"associationCategory": each.category, "associationTypeId": each.type_id}
            ends: JsonObject = {"from": {"id": str(start.id)}, "to": {"id": str(end.id)}}
            results.append({**ends, "associationSpec": spec})
    return completed(call, 200, results, errors, started_ms)


def delete_links(call: Call) -> Answer:
    """204, whether there was a link or not."""
    portal = call.portal
    first = portal_record(portal, call.object_type(), call.path["id"])
    second = portal_record(portal, call.object_type("to"), call.path["to_id"])
    if first is not None and second is not None:
        unlink(portal, first, second)
    return Answer(204)


_LINKS: Final = "/crm/objects/{type}/{id}/associations"
DOORS: Final = (
    Door("GET", f"{_LINKS}/{{to}}", list_linked, reads_both, versions=VERSIONS),
    Door("PUT", f"{_LINKS}/default/{{to}}/{{to_id}}", set_default, writes_both, versions=VERSIONS),
    Door("PUT", f"{_LINKS}/{{to}}/{{to_id}}", set_labels, writes_both, versions=VERSIONS),
    Door("DELETE", f"{_LINKS}/{{to}}/{{to_id}}", delete_links, writes_both, versions=VERSIONS),
)
