"""How many records may be linked by one type of association: limits that an admin of the account sets.

Source: https://developers.hubspot.com/changelog/introducing-custom-association-limits-for-associations-api
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from hubspot_sandbox.associations import Associations, AssociationType
from hubspot_sandbox.errors import ValidationError
from hubspot_sandbox.store import Store

_KIND: Final = "association_limit"


class AssociationLimit(msgspec.Struct, frozen=True):
    """At most so many records by one direction of one kind of link."""

    from_type: str
    to_type: str
    category: str
    type_id: int
    most: int


def all_limits(store: Store) -> list[AssociationLimit]:
    """Every limit, by object types and number."""
    found = store.all(_KIND, AssociationLimit)
    return sorted(found, key=lambda each: (each.from_type, each.to_type, each.category, each.type_id))


def find_limit(store: Store, kind: AssociationType) -> int | None:
    """How many records the kind may link, or None where nobody set a limit."""
    found = store.find(_KIND, _key(kind), AssociationLimit)
    return None if found is None else found.most


def put_limit(store: Store, kind: AssociationType, others: Iterable[AssociationType], most: int) -> None:
    """Set a limit; links beyond it that exist already stay. `others` are all kinds of that direction.

    Raises: ValidationError for none at all, and for a label that would allow more than the plain kind.
    """
    if most < 1:
        # choice: the text for a limit below one is not documented.
        raise ValidationError(f"maxToObjectIds must be at least 1, got {most}")
    for other in others:
        limit = find_limit(store, other)
        if limit is None or bool(other.label) == bool(kind.label):
            continue
        if limit < most if kind.label else limit > most:
            # choice: that the answer gives the valid range is documented, its words are not.
            valid = f"1-{limit}" if kind.label else f"{limit} or more"
            raise ValidationError(f"maxToObjectIds of a label cannot exceed that of the object: it must be {valid}")
    wanted = AssociationLimit(kind.from_type, kind.to_type, kind.category, kind.type_id, most)
    store.put(_KIND, _key(kind), wanted)


def remove_limit(store: Store, kind: AssociationType) -> None:
    """Let the kind link any number again."""
    store.remove(_KIND, _key(kind))


def check_limits(associations: Associations, store: Store, start: tuple[str, int], end: tuple[str, int]) -> None:
    """Raises ValidationError if either of two linked records, (type, id), is linked more often than a limit allows."""
    for (one_type, one_id), (other_type, other_id) in ((start, end), (end, start)):
        for kind in associations.kinds_between(one_type, one_id, other_type, other_id):
            most = find_limit(store, kind)
            if most is not None and associations.count_of_kind(one_id, kind) > most:
                # choice: the text for a link beyond a limit is not documented.
                raise ValidationError(
                    f"{kind.from_name} {one_id} has the most associations to {kind.to_name} that the account allows "
                    f"for type {kind.type_id}: {most}"
                )


def _key(kind: AssociationType) -> str:
    return f"{kind.from_type} {kind.to_type} {kind.category} {kind.type_id}"
