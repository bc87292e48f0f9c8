"""Object schemas: custom object types, and the built-in ones by name.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/objects/schemas/guide,
https://github.com/scopiousdigital/kalup/blob/main/docs/hubspot.md (measured live on 2026-09)
"""

from typing import Final

import msgspec

from hubspot_sandbox.association_labels import add_plain_pair, remove_label
from hubspot_sandbox.associations import USER_DEFINED, AssociationType
from hubspot_sandbox.calls import Answer, Call, Door, objects, read_json, texts
from hubspot_sandbox.doors.access import any_of
from hubspot_sandbox.doors.properties import create_definition
from hubspot_sandbox.errors import JsonObject, NotFoundError, ValidationError
from hubspot_sandbox.instants import format_instant
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.property_rules import NewProperty
from hubspot_sandbox.schemas import (
    Details,
    Labels,
    archive_type,
    archived_types,
    build_type,
    check_name,
    link_to,
    purge_type,
    with_details,
)


class _NewType(msgspec.Struct, frozen=True, rename="camel"):
    name: str
    labels: Labels
    primary_display_property: str = ""


class _NewAssociation(msgspec.Struct, frozen=True, rename="camel"):
    from_object_type_id: str
    to_object_type_id: str
    name: str = ""


def describe_type(portal: Portal, object_type: ObjectType) -> JsonObject:
    """What a type is, without its properties and associations."""
    created_at = format_instant(object_type.created_at_ms)
    body: JsonObject = {
        "labels": {"singular": object_type.label, "plural": object_type.label_plural},
        "requiredProperties": object_type.required if object_type.is_custom else (),
        "searchableProperties": object_type.query_properties or ("hs_object_id",),
        "primaryDisplayProperty": object_type.primary_display,
        "secondaryDisplayProperties": object_type.secondary_display,
        "archived": object_type.archived,
        "restorable": True,
        "metaType": "PORTAL_SPECIFIC" if object_type.is_custom else "HUBSPOT",
        "id": object_type.type_id.partition("-")[2],
        "fullyQualifiedName": object_type.fully_qualified_name(portal.hub_id),
        "createdAt": created_at,
        "updatedAt": format_instant(object_type.updated_at_ms) if object_type.updated_at_ms else created_at,
        "objectTypeId": object_type.type_id,
    }
    if object_type.description:
        body["description"] = object_type.description
    return body


def render_schema(portal: Portal, object_type: ObjectType) -> JsonObject:
    """A schema; every array is there even when empty, since clients walk them unchecked."""
    kinds = () if object_type.archived else portal.associations.kinds.of(object_type.type_id)
    definitions = () if object_type.archived else portal.definitions(object_type).values()
    return {
        **describe_type(portal, object_type),
        "properties": list(definitions),
        "associations": [_describe_kind(portal, kind) for kind in kinds],
        "name": object_type.name if object_type.is_custom else object_type.name.upper(),
    }


def _describe_kind(portal: Portal, kind: AssociationType) -> JsonObject:
    return {
        "fromObjectTypeId": kind.from_type,
        "toObjectTypeId": kind.to_type,
        "name": portal.associations.kinds.wire_name(kind),
        "cardinality": "ONE_TO_MANY",
        "inverseCardinality": "ONE_TO_MANY",
        "id": str(kind.type_id),
        "createdAt": None,
        "updatedAt": None,
    }


def list_schemas(call: Call) -> Answer:
    """The custom types only; with `archived=true` the archived ones too."""
    portal = call.portal
    kinds = [kind for kind in portal.types if kind.is_custom]
    archived = archived_types(portal) if call.flag("archived") else []
    return Answer(200, {"results": [render_schema(portal, kind) for kind in (*kinds, *archived)]})


def read_schema(call: Call) -> Answer:
    """One type, custom or built in."""
    return Answer(200, render_schema(call.portal, call.object_type()))


def create_schema(call: Call) -> Answer:
    """A new custom type with its first properties and links."""
    portal, body = call.portal, call.json()
    wanted = read_json(call.body, _NewType)
    if not wanted.primary_display_property:
        # choice: only the sub-category is known.
        raise ValidationError(
            "primaryDisplayProperty is required", sub_category="ObjectSchemaError.PRIMARY_DISPLAY_PROPERTY_REQUIRED"
        )
    check_name(portal, wanted.name)
    for archived in archived_types(portal):
        if archived.name.lower() == wanted.name.lower():
            purge_type(portal, archived)
    object_type = build_type(portal, wanted.name, wanted.labels)
    for item in objects(body.get("properties")):
        given = {"groupName": object_type.group, **item}
        definition = read_json(msgspec.json.encode(given), NewProperty)
        create_definition(portal, object_type, definition, call.user_id)
    link_to(portal, object_type, texts(body.get("associatedObjects")))
    object_type = with_details(portal, object_type, read_json(call.body, Details))
    portal.put_type(object_type)
    return Answer(201, render_schema(portal, object_type))


def _custom(call: Call) -> ObjectType:
    """The custom type in the path.

    Raises: ValidationError for one of HubSpot's.
    """
    object_type = call.object_type()
    if not object_type.is_custom:
        # choice: the text for a change of a built-in type is not documented.
        raise ValidationError(f"{object_type.name} is defined by HubSpot and cannot be changed")
    return object_type


def update_schema(call: Call) -> Answer:
    """A custom type with some things changed; its name never changes."""
    changed = with_details(call.portal, _custom(call), read_json(call.body, Details))
    call.portal.put_type(changed)
    described = describe_type(call.portal, changed)
    return Answer(200, {**described, "portalId": call.portal.hub_id, "name": changed.name})


def delete_schema(call: Call) -> Answer:
    """204; with `archived=true` an archived type is removed for good."""
    if call.flag("archived"):
        for kind in archived_types(call.portal):
            if call.path["type"] in {kind.type_id, kind.fully_qualified_name(call.portal.hub_id)}:
                purge_type(call.portal, kind)
                return Answer(204)
        # choice: the text for a purge of a type that is not archived is not documented.
        raise ValidationError(f"Object type {call.path['type']} is not archived")
    archive_type(call.portal, _custom(call))
    return Answer(204)


def create_association(call: Call) -> Answer:
    """A way to link the type with another, without a label."""
    portal, object_type = call.portal, _custom(call)
    wanted = read_json(call.body, _NewAssociation)
    start, end = portal.types.find(wanted.from_object_type_id), portal.types.find(wanted.to_object_type_id)
    if object_type not in {start, end}:
        # choice: the text for an association between two other types is not documented.
        raise ValidationError(f"The association must start or end at {object_type.name}")
    made = add_plain_pair(portal, start, end, wanted.name or f"{start.name}_to_{end.name}")[0]
    now_at = format_instant(portal.clock.now_ms())
    return Answer(201, _describe_kind(portal, made) | {"createdAt": now_at, "updatedAt": now_at})


def delete_association(call: Call) -> Answer:
    """204; the type can no longer be linked that way."""
    object_type = _custom(call)
    for kind in list(call.portal.associations.kinds.of(object_type.type_id)):
        if kind.category == USER_DEFINED and str(kind.type_id) == call.path["association"]:
            remove_label(call.portal, kind)
            return Answer(204)
    raise NotFoundError("resource not found", category="OBJECT_NOT_FOUND")


_CUSTOM: Final = ("crm.schemas.custom.read", "crm.objects.custom.read")
_WRITE: Final = any_of("crm.schemas.custom.write")
_ONE: Final = "/crm/schemas/{type}"
DOORS: Final = (
    Door("GET", "/crm/schemas", list_schemas, any_of(*_CUSTOM)),
    Door("POST", "/crm/schemas", create_schema, _WRITE),
    Door("GET", _ONE, read_schema, any_of(*_CUSTOM, "oauth")),
    Door("PATCH", _ONE, update_schema, _WRITE),
    Door("DELETE", _ONE, delete_schema, _WRITE),
    Door("POST", f"{_ONE}/associations", create_association, _WRITE),
    Door("DELETE", f"{_ONE}/associations/{{association}}", delete_association, _WRITE),
)
