"""What a property definition must look like before it is kept.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide,
https://github.com/scopiousdigital/kalup/blob/main/docs/hubspot.md (measured live)
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from hubspot_sandbox.definitions import Option, PropertyDefinition
from hubspot_sandbox.errors import ApiError, ValidationError
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.portal import Portal

NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
MOST_CUSTOM: Final = 1_000
MOST_UNIQUE: Final = 10
_FIELD_TYPES: Final[Mapping[str, frozenset[str]]] = {
    "bool": frozenset({"booleancheckbox", "calculation_equation", "calculation_read_time"}),
    "enumeration": frozenset(
        {"booleancheckbox", "checkbox", "radio", "select", "calculation_equation", "calculation_rollup"}
    ),
    "date": frozenset({"date"}),
    "datetime": frozenset({"date", "calculation_rollup", "calculation_equation"}),
    "string": frozenset(
        {"text", "textarea", "html", "file", "phonenumber", "calculation_equation", "calculation_rollup"}
    ),
    "phone_number": frozenset({"phonenumber"}),
    "number": frozenset({"number", "calculation_equation", "calculation_rollup", "calculation_score"}),
}
_BOOLEAN: Final = frozenset({"true", "false"})


class NewProperty(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A property as clients ask for it."""

    name: str
    label: str
    type: str
    field_type: str
    group_name: str
    description: str = ""
    options: tuple[Option, ...] = ()
    display_order: int = -1
    hidden: bool = False
    form_field: bool = False
    has_unique_value: bool = False
    external_options: bool = False
    referenced_object_type: str = ""
    calculation_formula: str = ""
    data_sensitivity: str = "non_sensitive"
    show_currency_symbol: bool | msgspec.UnsetType = msgspec.UNSET
    currency_property_name: str = ""


class PropertyChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What a PATCH may change; anything else in its body is ignored."""

    label: str | msgspec.UnsetType = msgspec.UNSET
    type: str | msgspec.UnsetType = msgspec.UNSET
    field_type: str | msgspec.UnsetType = msgspec.UNSET
    group_name: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET
    options: tuple[Option, ...] | msgspec.UnsetType = msgspec.UNSET
    display_order: int | msgspec.UnsetType = msgspec.UNSET
    hidden: bool | msgspec.UnsetType = msgspec.UNSET
    form_field: bool | msgspec.UnsetType = msgspec.UNSET
    calculation_formula: str | msgspec.UnsetType = msgspec.UNSET


def check_new_name(name: str) -> None:
    """Raises ValidationError unless properties and groups may have the name."""
    if not NAME.fullmatch(name):
        # choice: the text for a name with other characters is not documented.
        raise ValidationError(
            f"Property name '{name}' is invalid: it must start with a letter and may only contain "
            "lowercase letters, numbers, and underscores"
        )


def check_room(portal: Portal, object_type: ObjectType, wanted: NewProperty) -> None:
    """Raises ValidationError if the type has too many properties of its own, or too many unique ones.

    # choice: the texts for both limits are not documented.
    """
    own = [definition for definition in portal.definitions(object_type).values() if not definition.hubspot_defined]
    if len(own) >= MOST_CUSTOM:
        raise ValidationError(f"You have reached the limit of {MOST_CUSTOM} custom properties for this object")
    if wanted.has_unique_value and sum(definition.has_unique_value for definition in own) >= MOST_UNIQUE:
        raise ValidationError(f"You have reached the limit of {MOST_UNIQUE} unique properties for this object")


def check_definition(definition: PropertyDefinition) -> None:
    """Raises ApiError unless type, field type and options go together.

    # choice: of these refusals only INVALID_BOOLEAN_OPTION and the 403 for sensitive data are known.
    """
    field_types = _FIELD_TYPES.get(definition.type)
    if field_types is None:
        raise ValidationError(f"Invalid property type: {definition.type}")
    if definition.field_type not in field_types:
        raise ValidationError(f"{definition.field_type} is not a valid field type for type {definition.type}")
    if definition.data_sensitivity != "non_sensitive":
        raise ApiError(
            "Missing required scope for: sensitive-data-property-create", status=403, category="MISSING_SCOPES"
        )
    values = [option.value for option in definition.options]
    if definition.type == "bool" and set(values) != _BOOLEAN:
        raise ValidationError(
            "Boolean properties must have exactly two options, true and false",
            errors=[{"message": "Boolean options must be true and false", "code": "INVALID_BOOLEAN_OPTION"}],
        )
    if len(values) != len(set(values)):
        raise ValidationError(f"Option values of property {definition.name} must be unique")
    if definition.external_options and (definition.options or not definition.referenced_object_type):
        raise ValidationError("External options need a referencedObjectType and no options of their own")


def used_by(portal: Portal, object_type: ObjectType, name: str) -> list[tuple[str, str]]:
    """What uses a property: (kind, name) of each formula and of the type's own display."""
    found = [
        ("CALCULATED_PROPERTY", other.name)
        for other in portal.definitions(object_type).values()
        if isinstance(other.calculation_formula, str) and re.search(rf"\b{name}\b", other.calculation_formula)
    ]
    displayed = {object_type.primary_display, *object_type.secondary_display, *object_type.required}
    if object_type.is_custom and name in displayed:
        # choice: the kind that HubSpot names for a type's display and required properties is not known.
        found.append(("OBJECT_TYPE", object_type.name))
    return found
