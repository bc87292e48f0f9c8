"""Property definitions.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide,
https://github.com/scopiousdigital/kalup/blob/main/docs/hubspot.md (measured live)
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from hubspot_sandbox.calls import Answer, Call, Door, mapping, read_json
from hubspot_sandbox.definitions import ModificationMetadata, PropertyDefinition
from hubspot_sandbox.doors.access import reads_definitions, writes_definitions
from hubspot_sandbox.doors.batches import completed, read_inputs
from hubspot_sandbox.errors import ApiError, ConflictError, JsonObject, NotFoundError, ValidationError
from hubspot_sandbox.instants import format_instant
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.property_groups import groups
from hubspot_sandbox.property_rules import (
    NewProperty,
    PropertyChange,
    check_definition,
    check_new_name,
    check_room,
    used_by,
)

NON_SENSITIVE: Final = "non_sensitive"
_FORMULA: Final = "calculation_equation"


def definition_type(call: Call) -> ObjectType:
    """The type in the path; a custom type's bare name is not enough here.

    Source: https://github.com/scopiousdigital/kalup/blob/main/docs/hubspot.md (measured live)
    """
    name = call.path["type"]
    found = call.object_type()
    if found.is_custom and name.lower() == found.name:
        raise ApiError(f"Unable to infer object type from: {name}")
    return found


def reading(call: Call) -> Sequence[str]:
    """The scopes to read definitions, once the type was found."""
    definition_type(call)
    return reads_definitions(call)


def writing(call: Call) -> Sequence[str]:
    """The scopes to change definitions, once the type was found."""
    definition_type(call)
    return writes_definitions(call)


def property_not_found(name: str) -> NotFoundError:
    """404 for a definition nobody has."""
    # choice: only category and status are known.
    return NotFoundError(f'Property "{name}" does not exist', category="OBJECT_NOT_FOUND")


def list_properties(call: Call) -> Answer:
    """Every definition of a type, or every archived one; no paging."""
    object_type, portal = definition_type(call), call.portal
    found = portal.archived_definitions(object_type) if call.flag("archived") else portal.definitions(object_type)
    sensitivity = call.text("dataSensitivity", NON_SENSITIVE)
    return Answer(200, {"results": [each for each in found.values() if each.data_sensitivity == sensitivity]})


def _find(call: Call, name: str, *, archived: bool, sensitivity: str) -> PropertyDefinition:
    object_type, portal = definition_type(call), call.portal
    found = portal.archived_definitions(object_type) if archived else portal.definitions(object_type)
    definition = found.get(name)
    if definition is None or definition.data_sensitivity != sensitivity:
        raise property_not_found(name)
    return definition


def read_property(call: Call) -> Answer:
    """One definition."""
    sensitivity = call.text("dataSensitivity", NON_SENSITIVE)
    return Answer(200, _find(call, call.path["name"], archived=call.flag("archived"), sensitivity=sensitivity))


def create_definition(portal: Portal, object_type: ObjectType, wanted: NewProperty, user_id: int) -> PropertyDefinition:
    """A definition that is kept from now on; the name of an archived one brings its values back.

    Raises: ConflictError for a name in use, ValidationError.
    """
    if wanted.name in portal.definitions(object_type):
        raise ConflictError(
            f"A property named '{wanted.name}' already exists.",
            category="OBJECT_ALREADY_EXISTS",
            sub_category="Properties.PROPERTY_WITH_NAME_EXISTS",
        )
    check_new_name(wanted.name)
    check_room(portal, object_type, wanted)
    if wanted.group_name not in groups(portal, object_type):
        # choice: only the words "group does not exist" are known.
        raise ValidationError(f"The property group {wanted.group_name} does not exist: group does not exist")
    now_at = format_instant(portal.clock.now_ms())
    optional = {
        "referenced_object_type": wanted.referenced_object_type,
        "calculation_formula": wanted.calculation_formula,
        "currency_property_name": wanted.currency_property_name,
    }
    definition = PropertyDefinition(
        updated_at=now_at,
        created_at=now_at,
        name=wanted.name,
        label=wanted.label,
        type=wanted.type,
        field_type=_FORMULA if wanted.calculation_formula else wanted.field_type,
        description=wanted.description,
        group_name=wanted.group_name,
        options=wanted.options,
        created_user_id=str(user_id),
        updated_user_id=str(user_id),
        display_order=wanted.display_order,
        calculated=bool(wanted.calculation_formula),
        external_options=wanted.external_options,
        archived=False,
        has_unique_value=wanted.has_unique_value,
        hidden=wanted.hidden,
        modification_metadata=ModificationMetadata(read_only_value=bool(wanted.calculation_formula)),
        form_field=wanted.form_field,
        show_currency_symbol=wanted.show_currency_symbol,
        data_sensitivity=wanted.data_sensitivity,
    )
    definition = msgspec.structs.replace(definition, **{name: value for name, value in optional.items() if value})
    check_definition(definition)
    portal.put_definition(object_type, definition)
    return definition


def create_property(call: Call) -> Answer:
    """A new definition: 201 with the address it has."""
    wanted = read_json(call.body, NewProperty)
    definition = create_definition(call.portal, definition_type(call), wanted, call.user_id)
    location = f"{call.base_url}{call.url_path.rstrip('/')}/{definition.name}"
    return Answer(201, definition, headers={"Location": location})


def update_property(call: Call) -> Answer:
    """A definition with some things changed; `options` replace the list."""
    object_type, portal = definition_type(call), call.portal
    definition = portal.definitions(object_type).get(call.path["name"])
    if definition is None:
        raise property_not_found(call.path["name"])
    wanted = msgspec.structs.asdict(read_json(call.body, PropertyChange))
    changes = {name: value for name, value in wanted.items() if value is not msgspec.UNSET}
    if changes.get("group_name", definition.group_name) not in groups(portal, object_type):
        raise ValidationError(f"The property group {changes['group_name']} does not exist: group does not exist")
    now_at = format_instant(portal.clock.now_ms())
    changed = msgspec.structs.replace(definition, updated_at=now_at, updated_user_id=str(call.user_id), **changes)
    if not changed.hubspot_defined:
        check_definition(changed)
    portal.put_definition(object_type, changed)
    return Answer(200, changed)


def archive_definition(call: Call, name: str) -> None:
    """Move a definition to the recycle bin; values of records stay.

    Raises: NotFoundError, ValidationError for one in use or one of HubSpot's.
    """
    object_type, portal = definition_type(call), call.portal
    definition = portal.definitions(object_type).get(name)
    if definition is None:
        raise property_not_found(name)
    if definition.hubspot_defined:
        # choice: the text for archiving one of HubSpot's own properties is not documented.
        raise ValidationError(f"Property {name} is defined by HubSpot and cannot be archived")
    uses = used_by(portal, object_type, name)
    if uses:
        raise ValidationError(
            f"Property {name} is in use and cannot be deleted",
            sub_category="PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE",
            errors=[
                {
                    "message": f"Property {name} is used by {parent}",
                    "context": {"parentType": [kind], "parentName": [parent]},
                }
                for kind, parent in uses
            ],
        )
    at = format_instant(portal.clock.now_ms())
    portal.put_definition(object_type, msgspec.structs.replace(definition, archived=True, archived_at=at))


def archive_property(call: Call) -> Answer:
    """204."""
    archive_definition(call, call.path["name"])
    return Answer(204)


def read_batch(call: Call) -> Answer:
    """Definitions by name; 207 names those nobody has."""
    started_ms = call.portal.clock.now_ms()
    body = call.json()
    results: list[PropertyDefinition] = []
    errors: list[JsonObject] = []
    for item in read_inputs(body):
        name = str(item.get("name", ""))
        sensitivity = str(body.get("dataSensitivity") or NON_SENSITIVE)
        try:
            results.append(_find(call, name, archived=body.get("archived") is True, sensitivity=sensitivity))
        except NotFoundError as error:
            errors.append(error.item() | {"context": {"name": [name]}})
    return completed(call, 200, results, errors, started_ms)


def create_batch(call: Call) -> Answer:
    """Up to 100 definitions; 207 names those that were refused."""
    started_ms = call.portal.clock.now_ms()
    object_type = definition_type(call)
    results: list[PropertyDefinition] = []
    errors: list[JsonObject] = []
    for item in read_inputs(call.json()):
        try:
            wanted = read_json(msgspec.json.encode(item), NewProperty)
            results.append(create_definition(call.portal, object_type, wanted, call.user_id))
        except ApiError as error:
            errors.append(error.item() | {"context": {"name": [str(item.get("name", ""))]}})
    return completed(call, 201, results, errors, started_ms)


def archive_batch(call: Call) -> Answer:
    """204; names nobody has are ignored."""
    for item in read_inputs(call.json()):
        name = str(mapping(item).get("name", ""))
        if name in call.portal.definitions(definition_type(call)):
            archive_definition(call, name)
    return Answer(204)


_ALL: Final = "/crm/properties/{type}"
DOORS: Final = (
    Door("GET", _ALL, list_properties, reading),
    Door("POST", _ALL, create_property, writing),
    Door("POST", f"{_ALL}/batch/read", read_batch, reading),
    Door("POST", f"{_ALL}/batch/create", create_batch, writing),
    Door("POST", f"{_ALL}/batch/archive", archive_batch, writing),
    Door("GET", f"{_ALL}/{{name}}", read_property, reading),
    Door("PATCH", f"{_ALL}/{{name}}", update_property, writing),
    Door("DELETE", f"{_ALL}/{{name}}", archive_property, writing),
)
