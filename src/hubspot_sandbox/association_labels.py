"""Labels of associations: pairs of association types that people of the portal made.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/associations/associate-records/guide,
https://github.com/scopiousdigital/kalup/blob/main/docs/hubspot.md (measured live)
"""

from typing import Final

import msgspec

from hubspot_sandbox.associations import USER_DEFINED, AssociationType
from hubspot_sandbox.errors import ApiError, ValidationError
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.portal import Portal

MOST_LABELS: Final = 50
TOO_MANY_LABELS_STATUS: Final = 437
_KIND: Final = "association_type"
_FIRST_TYPE_ID: Final = 101


class LabelRequest(msgspec.Struct, frozen=True, rename="camel"):
    """A label as clients ask for it; without `inverse_label` both directions read the same."""

    name: str
    label: str
    inverse_label: str = ""


def add_label(portal: Portal, start: ObjectType, end: ObjectType, wanted: LabelRequest) -> list[AssociationType]:
    """Both directions of a new label; an empty label makes the plain kind.

    Raises: ApiError (437) beyond 50 labels of the pair, ValidationError for a name that is taken.
    """
    kinds = portal.associations.kinds
    existing = kinds.between(start.type_id, end.type_id)
    if any(wanted.name in {kind.name, kind.text} or (wanted.label and wanted.label == kind.text) for kind in existing):
        # choice: HubSpot's text for a label whose name is taken is not documented.
        raise ValidationError(f"An association definition named '{wanted.name}' already exists")
    own = [kind for kind in existing if kind.category == USER_DEFINED and kind.text]
    labels = len(own) // 2 if start == end else len(own)
    if wanted.label and labels >= MOST_LABELS:
        # choice: the end of this sentence is not known.
        raise ApiError(
            f"No more than {MOST_LABELS} association types are allowed between {start.type_id} and {end.type_id}",
            status=TOO_MANY_LABELS_STATUS,
            category="VALIDATION_ERROR",
        )
    if wanted.label and kinds.plain(start.type_id, end.type_id) is None:
        _add_pair(portal, start, end, LabelRequest(f"{start.name}_to_{end.name}", ""))
    return _add_pair(portal, start, end, wanted)


def add_plain_pair(portal: Portal, start: ObjectType, end: ObjectType, name: str) -> list[AssociationType]:
    """Both directions of the kind without a label, between a custom type and another."""
    return _add_pair(portal, start, end, LabelRequest(name, ""))


def change_label(portal: Portal, kind: AssociationType, label: str, inverse_label: str) -> None:
    """Give a label another text; without an inverse one it is put on both sides."""
    inverse = portal.associations.kinds.inverse(kind)
    for old, text in ((kind, label), (inverse, inverse_label or label)):
        portal.associations.kinds.remove(old)
        _keep(portal, msgspec.structs.replace(old, text=text))


def remove_label(portal: Portal, kind: AssociationType) -> None:
    """Delete both directions of a label; records lose it and stay linked by the plain kind.

    Raises: ValidationError for the plain kind while labels of the pair remain.
    """
    kinds = portal.associations.kinds
    if not kind.text and any(other.text for other in kinds.between(kind.from_type, kind.to_type)):
        raise ValidationError(
            f"Definition with label still exists; Cannot delete unlabeled type with associationTypeId {kind.type_id}"
        )
    for each in {kind, kinds.inverse(kind)}:
        portal.associations.drop_everywhere(each)
        kinds.remove(each)
        portal.store.remove(_KIND, _key(each))


def find_own_kind(portal: Portal, start: ObjectType, end: ObjectType, type_id: int) -> AssociationType | None:
    """The association type of that number that people of the portal made, or None."""
    return portal.associations.kinds.find(start.type_id, end.type_id, USER_DEFINED, type_id)


def _add_pair(portal: Portal, start: ObjectType, end: ObjectType, wanted: LabelRequest) -> list[AssociationType]:
    first, second = (portal.store.next_serial("association type", _FIRST_TYPE_ID) for _ in range(2))
    qualifier = wanted.name if wanted.label else ""
    inverse_label = wanted.inverse_label or wanted.label
    there = AssociationType(
        first, start.name, start.type_id, end.name, end.type_id, qualifier, second, USER_DEFINED, wanted.label,
        wanted.name,
    )  # fmt: skip
    back = AssociationType(
        second, end.name, end.type_id, start.name, start.type_id, qualifier, first, USER_DEFINED, inverse_label,
        wanted.name,
    )  # fmt: skip
    for kind in (there, back):
        _keep(portal, kind)
    return [there, back]


def _keep(portal: Portal, kind: AssociationType) -> None:
    portal.store.put(_KIND, _key(kind), kind)
    portal.associations.kinds.add(kind)


def _key(kind: AssociationType) -> str:
    return f"{kind.type_id:04d}"
