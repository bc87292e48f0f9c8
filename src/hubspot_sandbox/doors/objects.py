"""Records one at a time: list, read, create, update, archive, merge, GDPR delete.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/using-object-apis
"""

from collections.abc import Sequence
from typing import Final

from hubspot_sandbox.associations import wanted_kinds
from hubspot_sandbox.calls import Answer, Call, Door, mapping, objects
from hubspot_sandbox.doors.access import reads_records, writes_records
from hubspot_sandbox.doors.checked_writes import create_checked, update_checked, with_warnings
from hubspot_sandbox.errors import ApiError, JsonObject, NotFoundError, ValidationError, record_not_found
from hubspot_sandbox.numerals import whole_number
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.records import Record
from hubspot_sandbox.rendering import View, render, view, written_view
from hubspot_sandbox.writes import (
    LinkRequest,
    archive_record,
    erase_record,
    merge_records,
)

PAGE: Final = 10
LARGEST_PAGE: Final = 100
LARGEST_HISTORY_PAGE: Final = 50
TOO_MUCH_HISTORY: Final = "You can only request at most 50 objects in one request for properties with history"


def locate(
    portal: Portal, object_type: ObjectType, reference: str, id_property: str = "", *, archived: bool = False
) -> Record:
    """The record of an id, or of the value of a unique property; a merged-away id leads to the survivor.

    Raises: NotFoundError; ApiError if `id_property` cannot identify records.
    """
    if id_property and id_property != "hs_object_id":
        require_unique(portal, object_type, id_property)
        record = portal.records.find_by_value(object_type.type_id, id_property, reference, archived=archived)
        if record is None:
            raise NotFoundError("resource not found")
        return record
    number = whole_number(reference)
    if number is None:
        raise record_not_found(reference)
    record_id = portal.records.survivor(number)
    record = portal.records.find(object_type.type_id, record_id, archived=None)
    if record is None:
        raise record_not_found(reference)
    if (record.archived_ms is not None) != archived:
        raise NotFoundError("resource not found", category="OBJECT_NOT_FOUND")
    return record


def require_unique(portal: Portal, object_type: ObjectType, name: str) -> None:
    """Raises ApiError (400) unless the property can identify a record of the type."""
    definition = portal.definitions(object_type).get(name)
    is_email = object_type.type_id == "0-1" and name == "email"
    if not is_email and (definition is None or not definition.has_unique_value):
        # choice: the text for a property that is not unique is not documented.
        raise ValidationError(f"Property {name} is not a unique identifier of {object_type.plural}")


def _view(call: Call, object_type: ObjectType) -> View:
    linked = [call.portal.types.find(name) for name in call.names("associations")]
    return view(call.portal, object_type, call.names("properties"), call.names("propertiesWithHistory"), linked)


def list_records(call: Call) -> Answer:
    """One page of records, ascending by id."""
    object_type = call.object_type()
    wanted = _view(call, object_type)
    limit = call.number("limit", PAGE, at_most=LARGEST_PAGE)
    if wanted.with_history and limit > LARGEST_HISTORY_PAGE:
        raise ValidationError(TOO_MUCH_HISTORY)
    after = call.place()
    archived = call.flag("archived")
    found = call.portal.records.page(object_type.type_id, after_id=after, limit=limit + 1, archived=archived)
    shown = found[:limit]
    body: JsonObject = {"results": [render(call.portal, object_type, record, wanted) for record in shown]}
    if len(found) > limit:
        body["paging"] = next_page(call, str(shown[-1].id + 1))
    return Answer(200, body)


def next_page(call: Call, after: str) -> JsonObject:
    """The `paging` of a list, its link on the host that was asked."""
    kept = [(name, value) for name, values in call.query.items() if name != "after" for value in values]
    return {"next": {"after": after, "link": call.link([*kept, ("after", after)])}}


def read_record(call: Call) -> Answer:
    """One record."""
    object_type = call.object_type()
    archived = call.flag("archived")
    record = locate(call.portal, object_type, call.path["id"], call.text("idProperty"), archived=archived)
    return Answer(200, render(call.portal, object_type, record, _view(call, object_type)))


def read_written(portal: Portal, object_type: ObjectType, record_id: int) -> JsonObject:
    """A record with its default properties, as it stands after a write."""
    record = locate(portal, object_type, str(record_id))
    return render(portal, object_type, record, view(portal, object_type, ()))


def create(call: Call) -> Answer:
    """A new record, linked as wished."""
    object_type = call.object_type()
    body = call.json()
    links = read_links(call.portal, object_type, body.get("associations"))
    written, warnings = create_checked(call, object_type, mapping(body.get("properties")), links)
    shown = written_view(object_type, written.names)
    return Answer(201, with_warnings(render(call.portal, object_type, written.record, shown), warnings))


def read_links(portal: Portal, object_type: ObjectType, value: object) -> list[LinkRequest]:
    """The links a create asks for.

    Raises: ValidationError for a link that cannot be.
    """
    found: list[LinkRequest] = []
    for item in objects(value):
        to_id = str(mapping(item.get("to")).get("id", ""))
        types = [
            (str(kind.get("associationCategory")), _integer(kind.get("associationTypeId")))
            for kind in objects(item.get("types"))
        ]
        target = _linked_record(portal, object_type, to_id, types)
        kinds = wanted_kinds(portal.associations.kinds, object_type, portal.types.by_id(target.type_id), types)
        found.append(LinkRequest(target.id, kinds))
    return found


def _linked_record(portal: Portal, object_type: ObjectType, to_id: str, types: Sequence[tuple[str, int]]) -> Record:
    number = whole_number(to_id)
    if number is None or not types:
        # choice: the text for an incomplete association is not documented.
        raise ValidationError(f"Associations of {object_type.name} need `to.id` and `types`")
    record_id = portal.records.survivor(number)
    for kind in portal.associations.kinds.of(object_type.type_id):
        if kind.from_type == object_type.type_id and (kind.category, kind.type_id) in types:
            target = portal.records.find(kind.to_type, record_id)
            if target is not None:
                return target
    raise NotFoundError(
        f"No object to associate with id {to_id} and association types {[type_id for _, type_id in types]}",
        category="OBJECT_NOT_FOUND",
    )


def _integer(value: object) -> int:
    return value if isinstance(value, int) else -1


def update(call: Call) -> Answer:
    """A record with some values changed."""
    object_type = call.object_type()
    record = locate(call.portal, object_type, call.path["id"], call.text("idProperty"))
    properties = mapping(call.json().get("properties"))
    written, warnings = update_checked(call, object_type, record, properties)
    shown = written_view(object_type, written.names)
    return Answer(200, with_warnings(render(call.portal, object_type, written.record, shown), warnings))


def archive(call: Call) -> Answer:
    """204, whether there was a record or not."""
    object_type = call.object_type()
    reference = call.path["id"]
    record = portal_record(call.portal, object_type, reference)
    if record is not None:
        archive_record(call.portal, record)
    return Answer(204)


def portal_record(portal: Portal, object_type: ObjectType, reference: str) -> Record | None:
    """The live record of an id, or None."""
    number = whole_number(reference)
    return None if number is None else portal.records.find(object_type.type_id, number)


def merge(call: Call) -> Answer:
    """The survivor of two records."""
    object_type = call.object_type()
    body = call.json()
    winner = locate(call.portal, object_type, str(body.get("primaryObjectId", "")))
    loser = locate(call.portal, object_type, str(body.get("objectIdToMerge", "")))
    if winner.id == loser.id:
        # choice: the text is not documented.
        raise ValidationError(f"Cannot merge {object_type.name} {winner.id} with itself")
    survivor = merge_records(call.portal, object_type, winner, loser, call.author)
    return Answer(200, render(call.portal, object_type, survivor, view(call.portal, object_type, ())))


def gdpr_delete(call: Call) -> Answer:
    """204; the contact is gone for good."""
    object_type = call.object_type()
    if object_type.type_id != "0-1":
        # choice: HubSpot documents the call for contacts alone.
        raise ApiError(f"GDPR deletion is not available for {object_type.plural}")
    body = call.json()
    reference, id_property = str(body.get("objectId", "")), str(body.get("idProperty") or "")
    try:
        erase_record(call.portal, locate(call.portal, object_type, reference, id_property))
    except NotFoundError:
        return Answer(204)
    return Answer(204)


_ONE: Final = "/crm/objects/{type}/{id}"
DOORS: Final = (
    Door("GET", "/crm/objects/{type}", list_records, reads_records),
    Door("POST", "/crm/objects/{type}", create, writes_records),
    Door("POST", "/crm/objects/{type}/merge", merge, writes_records),
    Door("POST", "/crm/objects/{type}/gdpr-delete", gdpr_delete, writes_records),
    Door("GET", _ONE, read_record, reads_records),
    Door("PATCH", _ONE, update, writes_records),
    Door("DELETE", _ONE, archive, writes_records),
)
