"""Object schemas: custom object types, and the built-in ones by name.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/objects/schemas/guide
"""

from typing import Final

from hubspot_sandbox.calls import Answer, Call, Door
from hubspot_sandbox.doors.access import any_of
from hubspot_sandbox.errors import JsonObject
from hubspot_sandbox.instants import format_instant
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.portal import Portal


def render_schema(portal: Portal, object_type: ObjectType) -> JsonObject:
    """A schema; every array is there even when empty, since clients walk them unchecked."""
    created_at = format_instant(object_type.created_at_ms)
    searchable = object_type.query_properties or ("hs_object_id",)
    return {
        "labels": {"singular": object_type.label, "plural": object_type.label_plural},
        "requiredProperties": object_type.required if object_type.is_custom else (),
        "searchableProperties": searchable,
        "primaryDisplayProperty": object_type.primary_display,
        "secondaryDisplayProperties": object_type.secondary_display,
        "archived": False,
        "restorable": True,
        "metaType": "PORTAL_SPECIFIC" if object_type.is_custom else "HUBSPOT",
        "id": object_type.type_id.partition("-")[2],
        "fullyQualifiedName": object_type.fully_qualified_name(portal.hub_id),
        "createdAt": created_at,
        "updatedAt": created_at,
        "objectTypeId": object_type.type_id,
        "properties": list(portal.definitions(object_type).values()),
        "associations": [
            {
                "fromObjectTypeId": kind.from_type,
                "toObjectTypeId": kind.to_type,
                "name": portal.associations.kinds.wire_name(kind),
                "cardinality": "ONE_TO_MANY",
                "inverseCardinality": "ONE_TO_MANY",
                "id": str(kind.type_id),
                "createdAt": None,
                "updatedAt": None,
            }
            for kind in portal.associations.kinds.of(object_type.type_id)
        ],
        "name": object_type.name if object_type.is_custom else object_type.name.upper(),
    }


def list_schemas(call: Call) -> Answer:
    """The custom types only."""
    portal = call.portal
    return Answer(200, {"results": [render_schema(portal, kind) for kind in portal.types if kind.is_custom]})


def read_schema(call: Call) -> Answer:
    """One type, custom or built in."""
    return Answer(200, render_schema(call.portal, call.object_type()))


_CUSTOM: Final = ("crm.schemas.custom.read", "crm.objects.custom.read")
DOORS: Final = (
    Door("GET", "/crm/schemas", list_schemas, any_of(*_CUSTOM)),
    Door("GET", "/crm/schemas/{type}", read_schema, any_of(*_CUSTOM, "oauth")),
)
