"""Property definitions.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide
"""

from collections.abc import Sequence
from typing import Final

from hubspot_sandbox.calls import Answer, Call, Door
from hubspot_sandbox.doors.access import reads_definitions
from hubspot_sandbox.errors import ApiError, NotFoundError
from hubspot_sandbox.object_types import ObjectType

NON_SENSITIVE: Final = "non_sensitive"


def _object_type(call: Call) -> ObjectType:
    """The type in the path; a custom type's bare name is not enough here.

    Source: https://github.com/scopiousdigital/kalup/blob/main/docs/hubspot.md (measured live)
    """
    name = call.path["type"]
    found = call.object_type()
    if found.is_custom and name.lower() == found.name:
        raise ApiError(f"Unable to infer object type from: {name}")
    return found


def _scopes(call: Call) -> Sequence[str]:
    _object_type(call)
    return reads_definitions(call)


def list_properties(call: Call) -> Answer:
    """Every definition of a type, or every archived one; no paging."""
    definitions = call.portal.definitions(_object_type(call)).values()
    sensitivity = call.text("dataSensitivity", NON_SENSITIVE)
    archived = call.flag("archived")
    return Answer(
        200,
        {
            "results": [
                definition
                for definition in definitions
                if definition.data_sensitivity == sensitivity and (definition.archived is True) == archived
            ]
        },
    )


def read_property(call: Call) -> Answer:
    """One definition."""
    name = call.path["name"]
    definition = call.portal.definitions(_object_type(call)).get(name)
    if definition is None:
        # choice: only category and status are known.
        raise NotFoundError(f'Property "{name}" does not exist', category="OBJECT_NOT_FOUND")
    return Answer(200, definition)


DOORS: Final = (
    Door("GET", "/crm/properties/{type}", list_properties, _scopes),
    Door("GET", "/crm/properties/{type}/{name}", read_property, _scopes),
)
