"""Links between records: both directions, one row per association type.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/associations/associate-records/guide
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Final

import msgspec

from hubspot_sandbox.data import read_data
from hubspot_sandbox.errors import ValidationError
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.store import Store

HUBSPOT_DEFINED: Final = "HUBSPOT_DEFINED"
USER_DEFINED: Final = "USER_DEFINED"
PRIMARY: Final = "primary"
_COMPANIES: Final = "0-2"

# choice: the first company of a contact, deal or ticket becomes its primary one.
_FIRST_IS_PRIMARY: Final = frozenset({"0-1", "0-3", "0-5"})


class AssociationType(msgspec.Struct, frozen=True, array_like=True):
    """One direction of one kind of link."""

    type_id: int
    from_name: str
    from_type: str
    to_name: str
    to_type: str
    qualifier: str = ""
    inverse_id: int | None = None
    category: str = HUBSPOT_DEFINED
    text: str = ""
    name: str = ""

    @property
    def label(self) -> str | None:
        """What people read; None for the plain kind.

        # choice: HubSpot's own labels but `Primary` are the words of their names.
        """
        return self.text or self.qualifier.replace("_", " ").capitalize() or None


class Link(msgspec.Struct, frozen=True):
    """One stored direction."""

    to_type: str
    to_id: int
    category: str
    type_id: int


@cache
def _standard() -> tuple[AssociationType, ...]:
    return tuple(msgspec.json.decode(read_data("association_types.json"), type=list[AssociationType]))


class AssociationTypes:
    """The kinds of links of one portal."""

    def __init__(self) -> None:
        self._by_pair: dict[tuple[str, str], list[AssociationType]] = {}
        self._by_id: dict[tuple[str, str, str, int], AssociationType] = {}
        for kind in _standard():
            self.add(kind)

    def add(self, kind: AssociationType) -> None:
        """Make a kind known."""
        self._by_pair.setdefault((kind.from_type, kind.to_type), []).append(kind)
        self._by_id[kind.from_type, kind.to_type, kind.category, kind.type_id] = kind

    def remove(self, kind: AssociationType) -> None:
        """Forget a kind."""
        self._by_pair[kind.from_type, kind.to_type].remove(kind)
        del self._by_id[kind.from_type, kind.to_type, kind.category, kind.type_id]

    def between(self, from_type: str, to_type: str) -> Sequence[AssociationType]:
        """Every kind of link in that direction."""
        return self._by_pair.get((from_type, to_type), ())

    def of(self, type_id: str) -> Iterator[AssociationType]:
        """Every kind that starts or ends at the type."""
        return (kind for kind in self._by_id.values() if type_id in {kind.from_type, kind.to_type})

    def find(self, from_type: str, to_type: str, category: str, type_id: int) -> AssociationType | None:
        """The kind of that category and id in that direction, or None."""
        return self._by_id.get((from_type, to_type, category, type_id))

    def plain(self, from_type: str, to_type: str) -> AssociationType | None:
        """The kind without a label, or None if the two types are never linked."""
        return self.qualified(from_type, to_type, "")

    def qualified(self, from_type: str, to_type: str, qualifier: str) -> AssociationType | None:
        """The kind with that qualifier, or None."""
        kinds = self.between(from_type, to_type)
        return next((kind for kind in kinds if kind.qualifier == qualifier), None)

    def inverse(self, kind: AssociationType) -> AssociationType:
        """The same link seen from the other end; where HubSpot lists none, the plain one or itself."""
        back = self.between(kind.to_type, kind.from_type)
        same = (other for other in back if (other.category, other.type_id) == (kind.category, kind.inverse_id))
        return next(same, None) or next((other for other in back if not other.qualifier), kind)

    def wire_name(self, kind: AssociationType) -> str:
        """`contact_to_company` for the primary link, `contact_to_company_unlabeled` for the plain one beside it."""
        if kind.name:
            return kind.name
        name = f"{kind.from_name}_to_{kind.to_name}"
        if kind.qualifier and kind.qualifier != PRIMARY:
            return f"{name}_{kind.qualifier}"
        has_primary = self.qualified(kind.from_type, kind.to_type, PRIMARY) is not None
        return f"{name}_unlabeled" if has_primary and not kind.qualifier else name


class Associations:
    """Makes and reads links."""

    def __init__(self, store: Store, kinds: AssociationTypes) -> None:
        self._sql = store.connection
        self.kinds = kinds

    def links(self, from_id: int, to_type: str, *, after_id: int = 0, limit: int = 100) -> list[Link]:
        """The links of a record to records of a type, ascending by id; `limit` counts rows, not records."""
        rows = self._sql.execute(
            "SELECT to_type, to_id, category, type_id FROM association "
            "WHERE from_id = ? AND to_type = ? AND to_id > ? ORDER BY to_id, type_id LIMIT ?",
            (from_id, to_type, after_id, limit),
        )
        return [Link(*row) for row in rows]

    def targets(self, from_id: int, to_type: str, *, after_id: int = 0, limit: int) -> list[int]:
        """The ids of the records of a type that a record is linked to, ascending, above `after_id`."""
        rows = self._sql.execute(
            "SELECT DISTINCT to_id FROM association WHERE from_id = ? AND to_type = ? AND to_id > ? "
            "ORDER BY to_id LIMIT ?",
            (from_id, to_type, after_id, limit),
        )
        return [int(row[0]) for row in rows]

    def kinds_between(self, from_type: str, from_id: int, to_type: str, to_id: int) -> list[AssociationType]:
        """How two records are linked, the plain kind first."""
        rows = self._sql.execute(
            "SELECT category, type_id FROM association WHERE from_id = ? AND to_type = ? AND to_id = ? "
            "ORDER BY type_id",
            (from_id, to_type, to_id),
        )
        found = (self.kinds.find(from_type, to_type, category, type_id) for category, type_id in rows)
        return sorted((kind for kind in found if kind is not None), key=lambda kind: bool(kind.qualifier))

    def disconnect(self, from_id: int, to_id: int) -> None:
        """Remove every link between two records."""
        self._sql.executemany(
            "DELETE FROM association WHERE from_id = ? AND to_id = ?", [(from_id, to_id), (to_id, from_id)]
        )

    def drop(self, from_id: int, to_id: int, kind: AssociationType) -> None:
        """Remove one kind of link between two records; the others stay."""
        inverse = self.kinds.inverse(kind)
        self._sql.executemany(
            "DELETE FROM association WHERE from_id = ? AND to_id = ? AND category = ? AND type_id = ?",
            [(from_id, to_id, kind.category, kind.type_id), (to_id, from_id, inverse.category, inverse.type_id)],
        )

    def drop_everywhere(self, kind: AssociationType) -> None:
        """Remove one direction of a kind from all records."""
        self._sql.execute(
            "DELETE FROM association WHERE to_type = ? AND category = ? AND type_id = ?",
            (kind.to_type, kind.category, kind.type_id),
        )

    def count(self, from_id: int, to_type: str) -> int:
        """How many records of a type a record is linked to."""
        row = self._sql.execute(
            "SELECT count(DISTINCT to_id) FROM association WHERE from_id = ? AND to_type = ?",
            (from_id, to_type),
        ).fetchone()
        return int(row[0])

    def count_of_kind(self, from_id: int, kind: AssociationType) -> int:
        """How many records a record is linked to by one kind."""
        row = self._sql.execute(
            "SELECT count(*) FROM association WHERE from_id = ? AND to_type = ? AND category = ? AND type_id = ?",
            (from_id, kind.to_type, kind.category, kind.type_id),
        ).fetchone()
        return int(row[0])

    def primary(self, from_type: str, from_id: int, to_type: str) -> int | None:
        """The id of the primary record of a type, or None."""
        kind = self.kinds.qualified(from_type, to_type, PRIMARY)
        if kind is None:
            return None
        row = self._sql.execute(
            "SELECT to_id FROM association WHERE from_id = ? AND to_type = ? AND category = ? AND type_id = ?",
            (from_id, to_type, kind.category, kind.type_id),
        ).fetchone()
        return int(row[0]) if row else None

    def connect(self, from_id: int, to_id: int, kinds: Sequence[AssociationType]) -> None:
        """Link two records by these kinds; the plain kind comes along, and a new primary one replaces the old."""
        first = kinds[0]
        wanted = list(kinds)
        plain = self.kinds.plain(first.from_type, first.to_type)
        if plain is not None and plain not in wanted:
            wanted.append(plain)
        primary = self._missing_primary(from_id, first)
        if primary is not None and primary not in wanted:
            wanted.append(primary)
        for kind in wanted:
            if kind.qualifier == PRIMARY:
                self._drop_primary(from_id, kind)
            self.insert([(from_id, to_id, kind)])

    def insert(self, rows: Iterable[tuple[int, int, AssociationType]]) -> None:
        """Write links as they are, with their other direction: (from, to, kind)."""
        both: list[tuple[int, str, int, str, int]] = []
        for from_id, to_id, kind in rows:
            inverse = self.kinds.inverse(kind)
            both.append((from_id, kind.to_type, to_id, kind.category, kind.type_id))
            both.append((to_id, inverse.to_type, from_id, inverse.category, inverse.type_id))
        self._sql.executemany("INSERT OR IGNORE INTO association VALUES (?, ?, ?, ?, ?)", both)

    def erase(self, record_id: int) -> list[tuple[str, int]]:
        """Remove every link of a record; the (type, id) it was linked to."""
        others = self._sql.execute(
            "SELECT DISTINCT to_type, to_id FROM association WHERE from_id = ?", (record_id,)
        ).fetchall()
        self._sql.executemany(
            "DELETE FROM association WHERE from_id = ? AND to_id = ?",
            [pair for _, other in others for pair in ((record_id, other), (other, record_id))],
        )
        return others

    def move(self, old_type: str, old_id: int, new_id: int) -> None:
        """Give the links of one record to another of its type."""
        rows = self._sql.execute(
            "SELECT to_type, to_id, category, type_id FROM association WHERE from_id = ?", (old_id,)
        ).fetchall()
        self.erase(old_id)
        for to_type, to_id, category, type_id in rows:
            kind = self.kinds.find(old_type, to_type, category, type_id)
            if kind is None or to_id == new_id:
                continue
            if kind.qualifier == PRIMARY and self.primary(old_type, new_id, to_type) is not None:
                continue
            self.insert([(new_id, to_id, kind)])

    def _missing_primary(self, from_id: int, kind: AssociationType) -> AssociationType | None:
        if kind.from_type not in _FIRST_IS_PRIMARY or kind.to_type != _COMPANIES:
            return None
        if self.primary(kind.from_type, from_id, kind.to_type) is not None:
            return None
        return self.kinds.qualified(kind.from_type, kind.to_type, PRIMARY)

    def _drop_primary(self, from_id: int, kind: AssociationType) -> None:
        old = self.primary(kind.from_type, from_id, kind.to_type)
        if old is not None:
            self.drop(from_id, old, kind)


def wanted_kinds(
    kinds: AssociationTypes, from_type: ObjectType, to_type: ObjectType, types: Sequence[tuple[str, int]]
) -> list[AssociationType]:
    """The kinds behind (category, type id) pairs.

    Raises: ValidationError for a pair that does not link the two types.
    """
    found: list[AssociationType] = []
    for category, type_id in types:
        kind = kinds.find(from_type.type_id, to_type.type_id, category, type_id)
        if kind is None:
            # choice: the text of this refusal is not documented.
            raise ValidationError(
                f"{category} association type {type_id} does not link {from_type.name} to {to_type.name}"
            )
        found.append(kind)
    return found
