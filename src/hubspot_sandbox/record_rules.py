"""What an account's admins ask of records, which API 2026-09 enforces and older versions ignore.

Source: https://developers.hubspot.com/changelog/crm-api-write-validation-enforcement
"""

from collections.abc import Mapping

import msgspec

from hubspot_sandbox.errors import JsonObject, ValidationError
from hubspot_sandbox.instants import DAY_MS, parse_instant
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.records import Value

_KIND = "record rules"
_DAY_LENGTH = len("2026-01-05")


class RequiredProperty(msgspec.Struct, frozen=True, rename="camel"):
    """A property that must have a value: at creation, or whenever another property has one of some values.

    Without `if_values` any value of `if_property` counts.
    """

    object_type: str
    property: str
    if_property: str = ""
    if_values: tuple[str, ...] = ()


class RecordRules(msgspec.Struct, frozen=True, rename="camel"):
    """The rules of an account; a new account has none."""

    required: tuple[RequiredProperty, ...] = ()
    edit_associations: bool = True


def rules_of(portal: Portal) -> RecordRules:
    """The rules in force."""
    return portal.store.find(_KIND, "all", RecordRules) or RecordRules()


def put_rules(portal: Portal, rules: RecordRules) -> None:
    """Other rules from now on.

    Raises: ApiError for an object type nobody knows.
    """
    for rule in rules.required:
        portal.types.find(rule.object_type)
    portal.store.put(_KIND, "all", rules)


def check_record(
    portal: Portal, object_type: ObjectType, wanted: Mapping[str, object], current: Mapping[str, Value] | None
) -> None:
    """Raises ValidationError if a write breaks a rule. `current` None stands for a creation.

    # choice: the message of a refused conditional rule is that of the other kind.
    """
    values = {**(current or {}), **wanted}
    errors: list[JsonObject] = []
    for rule in rules_of(portal).required:
        if portal.types.find(rule.object_type) != object_type or values.get(rule.property):
            continue
        if not rule.if_property and current is None:
            message = f"A value for {rule.property} must be provided"
            errors.append(_error("MISSING_REQUIRED_PROPERTY", message, rule.property))
        if rule.if_property and _applies(rule, values):
            message = (
                f"{rule.property} is required because of a conditional property rule based on [{rule.if_property}]"
            )
            errors.append(_error("MISSING_CONDITIONAL_REQUIRED_PROPERTY", message, rule.property))
    if errors:
        raise ValidationError("The property values provided are invalid", errors=errors)


def _applies(rule: RequiredProperty, values: Mapping[str, object]) -> bool:
    value = values.get(rule.if_property)
    return bool(value) and (not rule.if_values or str(value) in rule.if_values)


def _error(code: str, message: str, name: str) -> JsonObject:
    return {"message": message, "code": code, "context": {"propertyName": [name]}}


def check_associations(portal: Portal) -> None:
    """Raises ValidationError (400, not 403) where the user may not link records."""
    if not rules_of(portal).edit_associations:
        raise ValidationError("Missing 'Edit Associations' permission.")


def normalized(
    portal: Portal, object_type: ObjectType, wanted: Mapping[str, object]
) -> tuple[dict[str, object], list[JsonObject]]:
    """The values with dates brought to midnight instead of refused, and a warning for each."""
    definitions = portal.definitions(object_type)
    values: dict[str, object] = dict(wanted)
    warnings: list[JsonObject] = []
    for name, raw in wanted.items():
        text = str(raw).strip()
        if name not in definitions or definitions[name].type != "date" or len(text) == _DAY_LENGTH:
            continue
        instant = parse_instant(text)
        if instant is None:
            continue
        midnight = str(instant // DAY_MS * DAY_MS)
        if midnight != text:
            values[name] = midnight
            context = {"normalizedValue": midnight, "propertyName": name, "rawValue": text}
            warnings.append(
                {
                    "category": "PROPERTY_VALUE_NORMALIZED",
                    "context": context,
                    "message": f"{name} was normalized",
                }
            )
    return values, warnings
