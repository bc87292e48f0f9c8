"""Engagements of API v1: notes, tasks, calls, meetings and e-mails in one shape, over the records of today.

Source: https://developers.hubspot.com/docs/api-reference/legacy/crm/activities/engagements/post-engagements-v1-engagements
"""

from collections.abc import Mapping, Sequence
from typing import Final

from hubspot_sandbox.calls import Answer, Call, Door, mapping, texts
from hubspot_sandbox.doors.access import any_of
from hubspot_sandbox.doors.associations import find_end
from hubspot_sandbox.doors.objects import portal_record
from hubspot_sandbox.errors import JsonObject, NotFoundError, ValidationError
from hubspot_sandbox.links import link, plain_kind, unlink
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.records import Record
from hubspot_sandbox.writes import create_record, update_record

# Type of v1 -> (object type, name in the metadata -> property).
_TYPES: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "NOTE": ("0-46", {"body": "hs_note_body"}),
    "TASK": (
        "0-27",
        {
            "body": "hs_task_body",
            "subject": "hs_task_subject",
            "status": "hs_task_status",
            "forObjectType": "hs_task_for_object_type",
        },
    ),
    "CALL": (
        "0-48",
        {
            "toNumber": "hs_call_to_number",
            "fromNumber": "hs_call_from_number",
            "status": "hs_call_status",
            "durationMilliseconds": "hs_call_duration",
            "recordingUrl": "hs_call_recording_url",
            "body": "hs_call_body",
            "disposition": "hs_call_disposition",
        },
    ),
    "MEETING": (
        "0-47",
        {
            "body": "hs_meeting_body",
            "startTime": "hs_meeting_start_time",
            "endTime": "hs_meeting_end_time",
            "title": "hs_meeting_title",
        },
    ),
    "EMAIL": ("0-49", {"subject": "hs_email_subject", "html": "hs_email_html", "text": "hs_email_text"}),
}
_LINKED: Final = (("contactIds", "0-1"), ("companyIds", "0-2"), ("dealIds", "0-3"), ("ticketIds", "0-5"))
_NUMBERS: Final = frozenset({"durationMilliseconds", "startTime", "endTime"})


def _kind_of(object_type: ObjectType) -> str:
    return next(name for name, (type_id, _) in _TYPES.items() if type_id == object_type.type_id)


def _render(portal: Portal, object_type: ObjectType, record: Record) -> JsonObject:
    kind = _kind_of(object_type)
    values = record.properties
    owner = str(values.get("hubspot_owner_id", ""))
    engagement: JsonObject = {
        "id": record.id,
        "portalId": portal.hub_id,
        "active": True,
        "createdAt": record.created_ms,
        "lastUpdated": record.updated_ms,
        "type": kind,
        "timestamp": values.get("hs_timestamp", record.created_ms),
        **({"ownerId": int(owner)} if owner else {}),
    }
    linked = {name: portal.associations.targets(record.id, type_id, limit=1_000) for name, type_id in _LINKED}
    metadata: JsonObject = {}
    for name, source in _TYPES[kind][1].items():
        value = values.get(source)
        if value is not None:
            metadata[name] = int(value) if name in _NUMBERS else value
    return {
        "engagement": engagement,
        "associations": {**linked, "ownerIds": [], "workflowIds": [], "contentIds": [], "quoteIds": []},
        "attachments": [],
        "metadata": metadata,
    }


def _values(portal: Portal, object_type: ObjectType, body: JsonObject) -> dict[str, object]:
    engagement, metadata = mapping(body.get("engagement")), mapping(body.get("metadata"))
    found: dict[str, object] = {}
    if "timestamp" in engagement:
        found["hs_timestamp"] = engagement["timestamp"]
    if "ownerId" in engagement:
        found["hubspot_owner_id"] = engagement["ownerId"]
    definitions = portal.definitions(object_type)
    for name, target in _TYPES[_kind_of(object_type)][1].items():
        # choice: metadata that today's property keeps read-only (a task's forObjectType) is taken and dropped.
        if name in metadata and target in definitions and not definitions[target].is_read_only:
            found[target] = metadata[name]
    return found


def _link(call: Call, record: Record, wanted: JsonObject, *, replace: bool) -> None:
    """Link an engagement; a change replaces the records of each kind it names."""
    portal = call.portal
    for name, type_id in _LINKED:
        if name not in wanted:
            continue
        ends = [find_end(portal, portal.types.by_id(type_id), each) for each in texts(wanted[name])]
        kept = {end.id for end in ends}
        for old in portal.associations.targets(record.id, type_id, limit=1_000) if replace else ():
            former = portal.records.find(type_id, old)
            if old not in kept and former is not None:
                unlink(portal, record, former)
        for end in ends:
            link(portal, record, end, [plain_kind(portal, record.type_id, type_id)])


def create(call: Call) -> Answer:
    """A new engagement with its links."""
    body = call.json()
    kind = str(mapping(body.get("engagement")).get("type", ""))
    if kind not in _TYPES:
        # choice: the text for a kind of engagement that cannot be made is not documented.
        raise ValidationError(f"Engagement type must be one of {', '.join(_TYPES)}, got {kind}")
    object_type = call.portal.types.by_id(_TYPES[kind][0])
    values: dict[str, object] = {"hs_timestamp": call.portal.clock.now_ms()}
    if kind == "EMAIL":
        values["hs_email_direction"] = kind
    values |= _values(call.portal, object_type, body)
    record = create_record(call.portal, object_type, values, call.author).record
    _link(call, record, mapping(body.get("associations")), replace=False)
    return Answer(200, _render(call.portal, object_type, record))


def _find(call: Call) -> tuple[ObjectType, Record]:
    for type_id, _ in _TYPES.values():
        object_type = call.portal.types.by_id(type_id)
        record = portal_record(call.portal, object_type, call.path["id"])
        if record is not None:
            return object_type, record
    raise NotFoundError("resource not found")


def read(call: Call) -> Answer:
    """One engagement."""
    return Answer(200, _render(call.portal, *_find(call)))


def update(call: Call) -> Answer:
    """An engagement with some things changed."""
    (object_type, record), body = _find(call), call.json()
    values = _values(call.portal, object_type, body)
    changed = update_record(call.portal, object_type, record, values, call.author).record
    _link(call, changed, mapping(body.get("associations")), replace=True)
    return Answer(200, _render(call.portal, object_type, changed))


def _scopes(verb: str) -> Sequence[str]:
    return (*(f"crm.objects.{name}.{verb}" for name in ("contacts", "companies", "deals")), "tickets", "e-commerce")


_V1: Final = frozenset({"v1"})
_ONE: Final = "/engagements/engagements/{id}"
DOORS: Final = (
    Door("POST", "/engagements/engagements", create, any_of(*_scopes("write")), versions=_V1),
    Door("GET", _ONE, read, any_of(*_scopes("read")), versions=_V1),
    Door("PATCH", _ONE, update, any_of(*_scopes("write")), versions=_V1),
)
