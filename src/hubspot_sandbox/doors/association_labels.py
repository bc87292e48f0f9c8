"""The types that associations between two object types can have, and their labels.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/associations/associate-records/guide,
https://github.com/scopiousdigital/kalup/blob/main/docs/hubspot.md (measured live on 2026-09)
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from hubspot_sandbox.association_labels import LabelRequest, add_label, change_label, find_own_kind, remove_label
from hubspot_sandbox.associations import AssociationType
from hubspot_sandbox.calls import Answer, Call, Door, read_json
from hubspot_sandbox.doors.access import reads_either, writes_either
from hubspot_sandbox.doors.associations import VERSIONS, describe_kinds
from hubspot_sandbox.errors import JsonObject, NotFoundError, ValidationError
from hubspot_sandbox.numerals import whole_number


class _Change(msgspec.Struct, frozen=True, rename="camel"):
    association_type_id: int
    label: str
    inverse_label: str = ""


def _listed(call: Call, kinds: Sequence[AssociationType]) -> list[JsonObject]:
    """The types; 2026-09 adds the two object types, which it leaves null."""
    rows = describe_kinds(kinds)
    if call.version == "2026-09":
        return [{**row, "fromObjectTypeId": None, "toObjectTypeId": None} for row in rows]
    return rows


def list_labels(call: Call) -> Answer:
    """Every type in that direction, labelled or not."""
    kinds = call.portal.associations.kinds.between(call.object_type().type_id, call.object_type("to").type_id)
    return Answer(200, {"results": _listed(call, kinds)})


def create_label(call: Call) -> Answer:
    """A label with both its directions: 200, not 201."""
    wanted = read_json(call.body, LabelRequest)
    if not wanted.name:
        # choice: the text for an empty name is not documented.
        raise ValidationError("name must not be empty")
    made = add_label(call.portal, call.object_type(), call.object_type("to"), wanted)
    return Answer(200, {"results": _listed(call, made)})


def update_label(call: Call) -> Answer:
    """204; the name of a label never changes."""
    wanted = read_json(call.body, _Change)
    kind = _own_kind(call, wanted.association_type_id)
    change_label(call.portal, kind, wanted.label, wanted.inverse_label)
    return Answer(204)


def delete_label(call: Call) -> Answer:
    """204; both directions go."""
    remove_label(call.portal, _own_kind(call, whole_number(call.path["label"]) or 0))
    return Answer(204)


def _own_kind(call: Call, type_id: int) -> AssociationType:
    """The label of that number.

    # choice: a number nobody gave, or one of HubSpot's own, is 404 with this text.
    """
    kind = find_own_kind(call.portal, call.object_type(), call.object_type("to"), type_id)
    if kind is None:
        raise NotFoundError(f"No association label with type id {type_id} exists", category="OBJECT_NOT_FOUND")
    return kind


_LABELS: Final = "/crm/associations/{type}/{to}/labels"
DOORS: Final = (
    Door("GET", _LABELS, list_labels, reads_either, versions=VERSIONS),
    Door("POST", _LABELS, create_label, writes_either, versions=VERSIONS),
    Door("PUT", _LABELS, update_label, writes_either, versions=VERSIONS),
    Door("DELETE", f"{_LABELS}/{{label}}", delete_label, writes_either, versions=VERSIONS),
)
