"""Linking and unlinking records one pair at a time, with the properties that count links kept up to date.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/associations/associate-records/guide
"""

from collections.abc import Sequence

from hubspot_sandbox.association_limits import check_limits
from hubspot_sandbox.associations import AssociationType
from hubspot_sandbox.errors import ValidationError
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.records import Record
from hubspot_sandbox.recounts import recount


def plain_kind(portal: Portal, from_type: str, to_type: str) -> AssociationType:
    """The kind of link without a label.

    Raises: ValidationError if records of the two types are never linked.
    """
    kind = portal.associations.kinds.plain(from_type, to_type)
    if kind is None:
        # choice: the text for two types without any association type is not documented.
        raise ValidationError(f"No association type exists between {from_type} and {to_type}")
    return kind


def link(portal: Portal, start: Record, end: Record, kinds: Sequence[AssociationType]) -> None:
    """Link two records; labels they had stay.

    Raises: ValidationError beyond a limit of the account.
    """
    portal.associations.connect(start.id, end.id, kinds)
    check_limits(portal.associations, portal.store, (start.type_id, start.id), (end.type_id, end.id))
    _recount(portal, start, end)


def relabel(portal: Portal, start: Record, end: Record, kinds: Sequence[AssociationType]) -> None:
    """Link two records by exactly these labels and the plain kind."""
    portal.associations.disconnect(start.id, end.id)
    link(portal, start, end, kinds)


def unlabel(portal: Portal, start: Record, end: Record, kinds: Sequence[AssociationType]) -> None:
    """Take labels off a link; the plain link stays unless it is named itself."""
    for kind in kinds:
        portal.associations.drop(start.id, end.id, kind)
    _recount(portal, start, end)


def unlink(portal: Portal, start: Record, end: Record) -> None:
    """Remove every link between two records."""
    portal.associations.disconnect(start.id, end.id)
    _recount(portal, start, end)


def _recount(portal: Portal, start: Record, end: Record) -> None:
    recount(portal, [(start.type_id, start.id), (end.type_id, end.id)])
