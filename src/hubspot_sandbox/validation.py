"""Property values of a write: checked with HubSpot's codes, and brought to the form the store keeps.

Source: https://developers.hubspot.com/docs/api-reference/error-handling, and section texts recorded 2021 to 2026
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

from hubspot_sandbox.definitions import Option, PropertyDefinition
from hubspot_sandbox.errors import JsonObject, ValidationError
from hubspot_sandbox.instants import DAY_MS, format_day, format_time_of_day, parse_instant
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.records import Value

_EMAIL: Final = re.compile(r"[^\s@,;]+@[^\s@,;]+\.[^\s@,;.]+")
_CONTACTS: Final = "0-1"


class _Problem(msgspec.Struct, frozen=True):
    """Why one value is refused."""

    name: str
    code: str
    message: str


def check_values(
    portal: Portal, object_type: ObjectType, properties: Mapping[str, object], current: Mapping[str, Value]
) -> dict[str, Value | None]:
    """The values to store by name, None where the property is cleared.

    `current` are the record's present values: `;C` appends to them.
    Raises: ValidationError that lists every refused value.
    """
    definitions = portal.definitions(object_type)
    values: dict[str, Value | None] = {}
    problems: list[_Problem] = []
    for name, raw in properties.items():
        definition = definitions.get(name)
        if definition is None:
            problems.append(_Problem(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'))
            continue
        if definition.is_read_only:
            message = f'"{name}" is a read only property; its value cannot be set.'
            problems.append(_Problem(name, "READ_ONLY_VALUE", message))
            continue
        text = _text(raw)
        if not text:
            values[name] = None
            continue
        checked = _checked(portal, object_type, definition, text, str(current.get(name, "")))
        if isinstance(checked, _Problem):
            problems.append(checked)
        else:
            values[name] = checked
    if problems:
        raise _refusal(portal.hub_id, problems)
    return values


def refused_option(hub_id: int, name: str, value: str, options: Sequence[Option]) -> ValidationError:
    """The refusal of a value that is not among the options."""
    return _refusal(hub_id, [_not_an_option(name, value, options)])


def _text(raw: object) -> str:
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return str(raw)


def _checked(
    portal: Portal, object_type: ObjectType, definition: PropertyDefinition, text: str, current: str
) -> Value | _Problem:
    if definition.referenced_object_type == "OWNER":
        return _owner(portal, definition.name, text)
    if object_type.type_id == _CONTACTS and definition.name == "email":
        return _email(definition.name, text)
    if definition.type == "enumeration":
        return _enumeration(definition, text, current)
    if definition.type == "bool":
        return _enumeration(definition, text.lower(), current)
    check = _CHECKS.get(definition.type)
    return check(definition.name, text) if check else text


def _email(name: str, text: str) -> Value | _Problem:
    if _EMAIL.fullmatch(text.strip()):
        return text.strip().lower()
    return _Problem(name, "INVALID_EMAIL", f"Email address {text} is invalid")


def _instant(name: str, text: str) -> Value | _Problem:
    instant = parse_instant(text)
    return _Problem(name, "INVALID_LONG", f"{text} was not a valid long.") if instant is None else instant


def _number(name: str, text: str) -> Value | _Problem:
    try:
        valid = Decimal(text.strip()).is_finite()
    except InvalidOperation:
        valid = False
    return text.strip() if valid else _Problem(name, "INVALID_INTEGER", f"{text} was not a valid number")


def _owner(portal: Portal, name: str, text: str) -> Value | _Problem:
    if not text.isdecimal():
        message = f"{text} was not a valid integer (for owner ID)."
        return _Problem(name, "INVALID_INTEGER", message)
    if text not in portal.owners():
        # choice: the code for an owner id nobody has is not documented.
        return _Problem(name, "INVALID_OWNER_ID", f"Owner {text} does not exist")
    return text


def _enumeration(definition: PropertyDefinition, text: str, current: str) -> Value | _Problem:
    parts = [part for part in text.split(";") if part] if definition.is_multiple else [text]
    if not definition.external_options:
        allowed = {option.value for option in definition.options}
        unknown = [part for part in parts if part not in allowed]
        if unknown:
            return _not_an_option(definition.name, unknown[0], definition.options)
    if definition.is_multiple and text.startswith(";"):
        parts = [part for part in current.split(";") if part] + parts
    return ";".join(dict.fromkeys(parts))


def _day(name: str, text: str) -> Value | _Problem:
    instant = _instant(name, text)
    if isinstance(instant, int) and instant % DAY_MS:
        message = f"{text} is at {format_time_of_day(instant)} UTC, not midnight!"
        return _Problem(name, "INVALID_DATE", message)
    return format_day(instant) if isinstance(instant, int) else instant


def _not_an_option(name: str, value: str, options: Sequence[Option]) -> _Problem:
    listed = ", ".join(f'label: "{option.label}"\nvalue: "{option.value}"' for option in options)
    message = f"{value} was not one of the allowed options: [{listed}]"
    return _Problem(name, "INVALID_OPTION", message)


def _refusal(hub_id: int, problems: Sequence[_Problem]) -> ValidationError:
    described: list[JsonObject] = [
        {
            "isValid": False,
            "message": problem.message,
            "error": problem.code,
            "name": problem.name,
            "localizedErrorMessage": problem.message,
            "portalId": hub_id,
        }
        for problem in problems
    ]
    errors: list[JsonObject] = [
        {"message": problem.message, "code": problem.code, "context": {"propertyName": [problem.name]}}
        for problem in problems
    ]
    return ValidationError(f"Property values were not valid: {msgspec.json.encode(described).decode()}", errors=errors)


_CHECKS: Final[Mapping[str, Callable[[str, str], Value | _Problem]]] = {
    "number": _number,
    "datetime": _instant,
    "date": _day,
}
