"""What HubSpot says is wrong with the properties of a record: in an error's details, or as JSON within its message."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from ._wire import UNREADABLE
from .errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Iterable

UNKNOWN_PROPERTY: Final = "property_doesnt_exist"
UNKNOWN_TYPE: Final = "unknown_object_type"
_NO_PROPERTY: Final = re.compile(r'Property ".*" does not exist')
_PROPERTY_ERRORS: Final = "Property values were not valid: "
_UNKNOWN_TYPE: Final = re.compile(r"Unable to infer object type from: (.*)")
_TOO_FAR: Final = "Paging beyond "
"""How the sandbox begins to refuse pages past HubSpot's 10,000 results; HubSpot's own text is not known."""
_EXISTING_ID: Final = re.compile(r"Existing ID: (\d+)")


class RefusedDetail(msgspec.Struct, frozen=True):
    """One thing that is wrong; every member may be absent."""

    message: str | None = None
    code: str | None = None
    error: str | None = None
    name: str | None = None
    context: dict[str, list[str]] = {}


_DETAILS = msgspec.json.Decoder(list[RefusedDetail])


def field_errors(details: Iterable[RefusedDetail], place: str) -> list[FieldError]:
    """Each as an error of a field in `place`."""
    return [
        FieldError(
            field=".".join([place, *detail.context.get("propertyName", [])[:1]]),
            message=detail.message,
            error_code=_code_of(detail),
            details=dict(detail.context),
        )
        for detail in details
        if detail.message
    ]


def read_property_errors(message: str, place: str) -> list[FieldError]:
    """What HubSpot wrote about single properties, as JSON, at the end of a message."""
    start = message.find(_PROPERTY_ERRORS)
    if start < 0:
        return []
    try:
        details = _DETAILS.decode(message[start + len(_PROPERTY_ERRORS) :])
    except UNREADABLE:
        return []
    named = [msgspec.structs.replace(one, context={"propertyName": [one.name]} if one.name else {}) for one in details]
    return field_errors(named, place)


def read_request_errors(message: str, entity: str) -> list[FieldError]:
    """What HubSpot wrote about the request as a whole, with what to do about it."""
    unknown = _UNKNOWN_TYPE.fullmatch(message)
    if unknown is not None:
        sentence = (
            f"{message.rstrip('.')}. schemas.list has the account's own types: name them by objectTypeId or "
            "fullyQualifiedName."
        )
        return [FieldError("params", sentence, UNKNOWN_TYPE, {"given": unknown[1]})]
    if message.startswith(_TOO_FAR):
        sentence = (
            f"{message}. Ask for fewer records with narrower filters, or read on with {entity}.find, which goes past "
            "10,000 (`search_all` in Python)."
        )
        return [FieldError("params.after", sentence, "out_of_reach")]
    return []


def existing_id(message: str) -> str | None:
    """The id of the record that HubSpot has already, if the message names it."""
    found = _EXISTING_ID.search(message)
    return found[1] if found is not None else None


def _code_of(detail: RefusedDetail) -> str:
    """HubSpot's code in lower case. A search names an unknown property without one."""
    found = detail.code or detail.error
    if found is None and _NO_PROPERTY.fullmatch(detail.message or ""):
        return UNKNOWN_PROPERTY
    return (found or "rejected").lower()
