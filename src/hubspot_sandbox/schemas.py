"""Custom object types: made, changed, archived.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/objects/schemas/guide,
https://github.com/scopiousdigital/kalup/blob/main/docs/hubspot.md (measured live on 2026-09)
"""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from hubspot_sandbox.association_labels import add_plain_pair
from hubspot_sandbox.errors import ConflictError, ValidationError
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.property_groups import PropertyGroup, put_group

LONGEST_NAME: Final = 50
MOST_SECONDARY: Final = 2
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_FIRST_TYPE_ID: Final = 41_200_001
# Communications, tasks, notes, meetings, calls, e-mails, postal mail: what of the nine activities the sandbox has.
ACTIVITIES: Final = ("0-18", "0-27", "0-46", "0-47", "0-48", "0-49")


class Labels(msgspec.Struct, frozen=True):
    """What people call one and several records of a type."""

    singular: str = ""
    plural: str = ""


class Details(msgspec.Struct, frozen=True, rename="camel"):
    """What of a type can be changed."""

    labels: Labels | None = None
    description: str | None = None
    primary_display_property: str | None = None
    secondary_display_properties: tuple[str, ...] | None = None
    required_properties: tuple[str, ...] | None = None
    searchable_properties: tuple[str, ...] | None = None
    clear_description: bool = False


def check_name(portal: Portal, name: str) -> None:
    """Raises ValidationError or ConflictError unless a new type may have the name."""
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        # choice: the text for a name with other characters is not documented.
        raise ValidationError(f"Invalid object type name: {name}")
    if any(kind.is_custom and kind.name.lower() == name.lower() for kind in portal.types):
        # choice: the sub-category of this 409 is not known.
        raise ConflictError(f"Object type with name {name} already exists", category="OBJECT_ALREADY_EXISTS")


def build_type(portal: Portal, name: str, labels: Labels) -> ObjectType:
    """A bare type: HubSpot's own properties, one group, links to activities."""
    number = portal.store.next_serial("object type", _FIRST_TYPE_ID)
    now_ms = portal.clock.now_ms()
    object_type = ObjectType(
        type_id=f"2-{number}",
        name=name,
        plural=f"p{portal.hub_id}_{name}".lower(),
        label=labels.singular or name,
        label_plural=labels.plural or name,
        scope="custom",
        primary_display="hs_object_id",
        query_properties=("hs_object_id",),
        group=f"{name.lower()}_information",
        created_at_ms=now_ms,
        updated_at_ms=now_ms,
    )
    portal.put_type(object_type)
    put_group(portal, object_type, PropertyGroup(name=object_type.group, label=f"{object_type.label} Information"))
    link_to(portal, object_type, ACTIVITIES)
    return object_type


def link_to(portal: Portal, object_type: ObjectType, others: Iterable[str]) -> None:
    """Make the type linkable to others, without a label."""
    for other in dict.fromkeys(others):
        end = portal.types.find(other)
        if portal.associations.kinds.plain(object_type.type_id, end.type_id) is None:
            add_plain_pair(portal, object_type, end, f"{object_type.name}_to_{end.name}")


def with_details(portal: Portal, object_type: ObjectType, wanted: Details) -> ObjectType:
    """The type with the changes; nothing is kept yet.

    Raises: ValidationError for a property the type does not have.
    """
    named = (
        *([wanted.primary_display_property] if wanted.primary_display_property else []),
        *(wanted.secondary_display_properties or ()),
        *(wanted.required_properties or ()),
        *(wanted.searchable_properties or ()),
    )
    definitions = portal.definitions(object_type)
    unknown = [name for name in named if name not in definitions]
    if unknown:
        # choice: the text for a display property that does not exist is not documented.
        raise ValidationError(f"Properties {', '.join(unknown)} do not exist on {object_type.name}")
    if len(wanted.secondary_display_properties or ()) > MOST_SECONDARY:
        # choice: the text for a third secondary property is not documented.
        raise ValidationError(f"At most {MOST_SECONDARY} secondary display properties are allowed")
    changes = {
        "description": "" if wanted.clear_description else wanted.description,
        "primary_display": wanted.primary_display_property,
        "secondary_display": wanted.secondary_display_properties,
        "required": wanted.required_properties,
        "query_properties": wanted.searchable_properties or None,
        "label": wanted.labels.singular or None if wanted.labels else None,
        "label_plural": wanted.labels.plural or None if wanted.labels else None,
        "updated_at_ms": portal.clock.now_ms(),
    }
    return msgspec.structs.replace(object_type, **{name: value for name, value in changes.items() if value is not None})


def archive_type(portal: Portal, object_type: ObjectType) -> None:
    """Move a type to the recycle bin.

    Raises: ValidationError while it has records.
    """
    if portal.records.count(object_type.type_id):
        # choice: only the sub-category is known.
        raise ValidationError(
            f"Object type {object_type.name} still has records",
            sub_category="ObjectSchemaError.EXISTING_OBJECT_RECORDS",
        )
    now_ms = portal.clock.now_ms()
    portal.put_type(msgspec.structs.replace(object_type, archived=True, updated_at_ms=now_ms))


def archived_types(portal: Portal) -> list[ObjectType]:
    """The types in the recycle bin."""
    return [kind for kind in portal.store.all("object_type", ObjectType) if kind.archived]


def purge_type(portal: Portal, object_type: ObjectType) -> None:
    """Remove an archived type for good."""
    portal.store.remove("object_type", object_type.type_id)
