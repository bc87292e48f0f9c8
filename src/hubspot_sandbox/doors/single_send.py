"""Single sends: one marketing or transactional e-mail to one person.

Source: https://developers.hubspot.com/docs/api-reference/marketing-single-send-v4/guide
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from hubspot_sandbox.calls import Answer, Call, Door, objects, read_json
from hubspot_sandbox.doors.access import any_of
from hubspot_sandbox.errors import JsonObject, NotFoundError, ValidationError
from hubspot_sandbox.instants import format_instant
from hubspot_sandbox.subscriptions import DEFINITIONS, status_of
from hubspot_sandbox.writes import create_record, update_record

# choice: a send is under way for a second and done after two.
STARTS_AFTER_MS: Final = 1_000
ENDS_AFTER_MS: Final = 2_000
CONTACTS: Final = "contacts"
_KIND: Final = "single send"


class _Message(msgspec.Struct, frozen=True, rename="camel"):
    to: str
    send_id: str = ""


class _Request(msgspec.Struct, frozen=True, rename="camel"):
    email_id: int
    message: _Message
    contact_properties: object = None


class Send(msgspec.Struct, frozen=True, kw_only=True):
    """A send as it is kept; its state follows from the time."""

    status_id: str
    send_id: str
    requested_ms: int
    result: str


def send(call: Call) -> Answer:
    """Ask for a send; the answer is what will tell how it went.

    # choice: every emailId is that of an e-mail that exists.
    """
    wanted = read_json(call.body, _Request)
    if "@" not in wanted.message.to:
        # choice: the text for a recipient that is no address is not documented.
        raise ValidationError(f"Invalid recipient: {wanted.message.to}")
    known = {each.send_id for each in call.portal.store.all(_KIND, Send)} - {""}
    result = "IDEMPOTENT_IGNORE" if wanted.message.send_id in known else _result(call, wanted.message.to)
    _touch_contact(call, wanted.message.to, _values(wanted.contact_properties))
    serial = call.portal.store.next_serial("single send")
    made = Send(
        status_id=call.portal.identifiers.uuid("single send", serial),
        send_id=wanted.message.send_id,
        requested_ms=call.portal.clock.now_ms(),
        result=result,
    )
    call.portal.store.put(_KIND, made.status_id, made)
    return Answer(200, _state(call, made))


def _result(call: Call, address: str) -> str:
    marketing = status_of(call.portal, address.lower(), DEFINITIONS[0])
    return "PREVIOUSLY_UNSUBSCRIBED_MESSAGE" if marketing.status == "UNSUBSCRIBED" else "SENT"


def _values(given: object) -> dict[str, object]:
    """Contact properties by name: a map, or a list of names and values as the guide also writes them."""
    if isinstance(given, Mapping):
        return dict(given)
    return {str(item.get("name")): item.get("value") for item in objects(given)}


def _touch_contact(call: Call, address: str, values: dict[str, object]) -> None:
    """Set the contact's properties; an address nobody has becomes a contact."""
    portal, object_type = call.portal, call.portal.types.find(CONTACTS)
    contact = portal.records.find_by_value(object_type.type_id, "email", address)
    if contact is None:
        create_record(portal, object_type, {"email": address, **values}, call.author)
    elif values:
        update_record(portal, object_type, contact, values, call.author)


def _state(call: Call, made: Send) -> JsonObject:
    age_ms = call.portal.clock.now_ms() - made.requested_ms
    body: JsonObject = {"requestedAt": format_instant(made.requested_ms), "statusId": made.status_id}
    if age_ms >= STARTS_AFTER_MS:
        body["startedAt"] = format_instant(made.requested_ms + STARTS_AFTER_MS)
    if age_ms < ENDS_AFTER_MS:
        return {**body, "status": "PROCESSING" if age_ms >= STARTS_AFTER_MS else "PENDING"}
    completed_at = format_instant(made.requested_ms + ENDS_AFTER_MS)
    event_id = call.portal.identifiers.uuid(f"event {made.status_id}")
    return {
        **body,
        "completedAt": completed_at,
        "status": "COMPLETE",
        "sendResult": made.result,
        "eventId": {"id": event_id, "created": completed_at},
    }


def read_status(call: Call) -> Answer:
    """What became of a send."""
    made = call.portal.store.find(_KIND, call.path["status"], Send)
    if made is None:
        # choice: the text for a status id nobody has is not documented.
        raise NotFoundError("resource not found", category="OBJECT_NOT_FOUND")
    return Answer(200, _state(call, made))


_SCOPES: Final = any_of("marketing-email", "transactional-email")
DOORS: Final = (
    Door("POST", "/marketing/email/single-send", send, _SCOPES, versions=frozenset({"v4"})),
    Door("GET", "/marketing/email/send-statuses/{status}", read_status, _SCOPES, versions=frozenset({"v3", "v4"})),
)
