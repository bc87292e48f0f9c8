"""Property groups.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide,
https://github.com/scopiousdigital/kalup/blob/main/docs/hubspot.md (measured live)
"""

from typing import Final

import msgspec

from hubspot_sandbox.calls import Answer, Call, Door, read_json
from hubspot_sandbox.doors.properties import definition_type, reading, writing
from hubspot_sandbox.errors import ConflictError, NotFoundError, ValidationError
from hubspot_sandbox.property_groups import PropertyGroup, groups, put_group
from hubspot_sandbox.property_rules import check_new_name


class _NewGroup(msgspec.Struct, frozen=True, rename="camel"):
    name: str
    label: str
    display_order: int = -1


class _Change(msgspec.Struct, frozen=True, rename="camel"):
    label: str | None = None
    display_order: int | None = None


def list_groups(call: Call) -> Answer:
    """Every group; archived ones are never shown."""
    return Answer(200, {"results": list(groups(call.portal, definition_type(call)).values())})


def _group(call: Call) -> PropertyGroup:
    name = call.path["group"]
    group = groups(call.portal, definition_type(call)).get(name)
    if group is None:
        # choice: only category and status are known.
        raise NotFoundError(f"Property group {name} does not exist", category="OBJECT_NOT_FOUND")
    return group


def read_group(call: Call) -> Answer:
    """One group."""
    return Answer(200, _group(call))


def create_group(call: Call) -> Answer:
    """A new group; the name of an archived one makes a fresh one."""
    object_type, wanted = definition_type(call), read_json(call.body, _NewGroup)
    check_new_name(wanted.name)
    if wanted.name in groups(call.portal, object_type):
        # choice: the text and sub-category for a group's name that is taken are not documented.
        raise ConflictError(
            f"A property group named '{wanted.name}' already exists.",
            category="OBJECT_ALREADY_EXISTS",
            sub_category="Properties.PROPERTY_GROUP_WITH_NAME_EXISTS",
        )
    group = PropertyGroup(name=wanted.name, label=wanted.label, display_order=wanted.display_order)
    put_group(call.portal, object_type, group)
    return Answer(201, group)


def update_group(call: Call) -> Answer:
    """A group with another label or place."""
    group, wanted = _group(call), read_json(call.body, _Change)
    changed = msgspec.structs.replace(
        group,
        label=group.label if wanted.label is None else wanted.label,
        display_order=group.display_order if wanted.display_order is None else wanted.display_order,
    )
    put_group(call.portal, definition_type(call), changed)
    return Answer(200, changed)


def archive_group(call: Call) -> Answer:
    """204; refused while active properties are in the group, with the refusal as text inside the message."""
    object_type, group = definition_type(call), _group(call)
    members = [each for each in call.portal.definitions(object_type).values() if each.group_name == group.name]
    if members:
        inner = ValidationError(
            f"Property group {group.name} has {len(members)} active properties",
            sub_category="PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES",
        )
        nested = msgspec.json.encode(inner.item()).decode()
        raise ValidationError(nested, sub_category=inner.sub_category)
    put_group(call.portal, object_type, msgspec.structs.replace(group, archived=True))
    return Answer(204)


_GROUPS: Final = "/crm/properties/{type}/groups"
DOORS: Final = (
    Door("GET", _GROUPS, list_groups, reading),
    Door("POST", _GROUPS, create_group, writing),
    Door("GET", f"{_GROUPS}/{{group}}", read_group, reading),
    Door("PATCH", f"{_GROUPS}/{{group}}", update_group, writing),
    Door("DELETE", f"{_GROUPS}/{{group}}", archive_group, writing),
)
