"""Associations of many records at once, as API v4 and the dated versions serve them.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/associations/associate-records/guide,
https://developers.hubspot.com/changelog/bug-fix-batch-read-limit-for-hubspot-associations-api
"""

from collections.abc import Callable
from typing import Final

from hubspot_sandbox.calls import Answer, Call, Door, mapping, objects
from hubspot_sandbox.doors.access import reads_both, writes_both
from hubspot_sandbox.doors.associations import (
    LARGEST_PAGE,
    VERSIONS,
    Made,
    default_answer,
    describe_link,
    find_end,
    linked_page,
    requested_kinds,
)
from hubspot_sandbox.doors.batches import completed, read_inputs
from hubspot_sandbox.doors.checked_writes import check_linking
from hubspot_sandbox.errors import ApiError, JsonObject, NotFoundError
from hubspot_sandbox.links import link, plain_kind, unlabel, unlink
from hubspot_sandbox.numerals import whole_number
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.records import Record

# The guide's number; a changelog says 100.
LARGEST_READ: Final = 1_000
LARGEST_WRITE: Final = 2_000


def reference_of(value: object) -> str:
    """The id in `{"id": ...}`."""
    return str(mapping(value).get("id", ""))


def read_batch(call: Call) -> Answer:
    """The linked records of many records; those without any are named in the errors of a 207."""
    started_ms = call.portal.clock.now_ms()
    start, end = call.object_type(), call.object_type("to")
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    for item in read_inputs(call.json(), LARGEST_READ):
        reference = str(item.get("id", ""))
        from_id = call.portal.records.survivor(whole_number(reference) or 0)
        rows, paging = linked_page(call, from_id, after=str(item.get("after") or ""), limit=LARGEST_PAGE)
        if rows:
            body: JsonObject = {"from": {"id": reference}, "to": rows}
            results.append(body | ({"paging": paging} if paging else {}))
        else:
            errors.append(nothing_linked(start, reference, end))
    return completed(call, 200, results, errors, started_ms)


def nothing_linked(start: ObjectType, reference: str, end: ObjectType) -> JsonObject:
    """The error item of a record that is linked to nothing of that type.

    # choice: a record nobody has is answered the same way.
    """
    return NotFoundError(
        f"No {end.name} is associated with {start.name} {reference}.",
        category="OBJECT_NOT_FOUND",
        sub_category="crm.associations.NO_ASSOCIATIONS_FOUND",
        context={"fromObjectId": [reference], "fromObjectType": [start.name], "toObjectType": [end.name]},
    ).item()


def write_each(
    call: Call, write: Callable[[JsonObject, Record, Record], None], *, largest: int = LARGEST_WRITE
) -> list[JsonObject]:
    """The errors of writing each input's pair of records.

    # choice: a pair that cannot be linked is an error item with both ids in its context; the others are written.
    """
    check_linking(call)
    start, end = call.object_type(), call.object_type("to")
    errors: list[JsonObject] = []
    for item in read_inputs(call.json(), largest):
        from_id, to_id = reference_of(item.get("from")), reference_of(item.get("to"))
        try:
            with call.portal.store.savepoint():
                write(item, find_end(call.portal, start, from_id), find_end(call.portal, end, to_id))
        except ApiError as error:
            errors.append(error.item() | {"context": {"fromObjectId": [from_id], "toObjectId": [to_id]}})
    return errors


def create_batch(call: Call) -> Answer:
    """Up to 2,000 links with the types each input names."""
    started_ms = call.portal.clock.now_ms()
    start, end = call.object_type(), call.object_type("to")
    results: list[JsonObject] = []

    def write(item: JsonObject, first: Record, second: Record) -> None:
        kinds = requested_kinds(call, start, end, item.get("types"))
        link(call.portal, first, second, kinds)
        results.append(describe_link(start, first.id, end, second.id, kinds))

    errors = write_each(call, write)
    return completed(call, 201, results, errors, started_ms)


def associate_default(call: Call) -> Answer:
    """Links without labels."""
    started_ms = call.portal.clock.now_ms()
    kind = plain_kind(call.portal, call.object_type().type_id, call.object_type("to").type_id)
    made: list[Made] = []

    def write(_item: JsonObject, first: Record, second: Record) -> None:
        link(call.portal, first, second, [kind])
        made.append((first, second, kind))

    errors = write_each(call, write)
    return default_answer(call, made, errors, started_ms)


def archive_batch(call: Call) -> Answer:
    """204; pairs that are not linked are ignored."""
    portal = call.portal
    for item in read_inputs(call.json(), LARGEST_WRITE):
        for second in objects(item.get("to")):
            ends = _known_ends(call, reference_of(item.get("from")), reference_of(second))
            if ends is not None:
                unlink(portal, *ends)
    return Answer(204)


def archive_labels(call: Call) -> Answer:
    """204; takes the named labels off and leaves the plain link."""
    start, end = call.object_type(), call.object_type("to")
    for item in read_inputs(call.json(), LARGEST_WRITE):
        kinds = requested_kinds(call, start, end, item.get("types"))
        ends = _known_ends(call, reference_of(item.get("from")), reference_of(item.get("to")))
        if ends is not None:
            unlabel(call.portal, *ends, kinds)
    return Answer(204)


def _known_ends(call: Call, from_id: str, to_id: str) -> tuple[Record, Record] | None:
    try:
        start, end = call.object_type(), call.object_type("to")
        return find_end(call.portal, start, from_id), find_end(call.portal, end, to_id)
    except NotFoundError:
        return None


_BATCH: Final = "/crm/associations/{type}/{to}/batch"
DOORS: Final = (
    Door("POST", f"{_BATCH}/read", read_batch, reads_both, versions=VERSIONS),
    Door("POST", f"{_BATCH}/create", create_batch, writes_both, versions=VERSIONS),
    Door("POST", f"{_BATCH}/associate/default", associate_default, writes_both, versions=VERSIONS),
    Door("POST", f"{_BATCH}/archive", archive_batch, writes_both, versions=VERSIONS),
    Door("POST", f"{_BATCH}/labels/archive", archive_labels, writes_both, versions=VERSIONS),
)
