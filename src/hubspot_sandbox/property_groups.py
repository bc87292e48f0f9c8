"""Groups that properties are shown in: those the built-in properties name, and those people made.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide
"""

import msgspec

from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.portal import Portal


class PropertyGroup(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A group; field order is the order on the wire."""

    name: str
    label: str
    display_order: int = -1
    archived: bool = False


def groups(portal: Portal, object_type: ObjectType) -> dict[str, PropertyGroup]:
    """The groups of a type by name.

    # choice: the labels of HubSpot's own groups are the words of their names.
    """
    names = sorted({definition.group_name for definition in portal.definitions(object_type).values()})
    found = {name: PropertyGroup(name=name, label=_label(object_type, name)) for name in names}
    for own in portal.store.all(_kind(object_type), PropertyGroup):
        found[own.name] = own
    return {name: group for name, group in found.items() if not group.archived}


def put_group(portal: Portal, object_type: ObjectType, group: PropertyGroup) -> None:
    """Write a group over any earlier one of its name."""
    portal.store.put(_kind(object_type), group.name, group)


def _label(object_type: ObjectType, name: str) -> str:
    if name in {object_type.group, f"{object_type.name}_information"}:
        return f"{object_type.label} Information"
    return name.replace("_", " ").capitalize()


def _kind(object_type: ObjectType) -> str:
    return f"property group {object_type.type_id}"
