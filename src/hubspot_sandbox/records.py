"""CRM records in the store: one implementation for every object type.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/using-object-apis
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.store import Store

# Text as on the wire; an integer is an instant in epoch milliseconds.
Value = str | int
_COLUMNS: Final = "id, type, created_ms, updated_ms, archived_ms, properties"
_FIRST_ID: Final = 601_200_300_400
_IDS_PER_TYPE: Final = 1_000_000_000
_decode_properties: Final = msgspec.json.Decoder(dict[str, Value]).decode


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it stands; the properties of id, creation and modification are not among `properties`."""

    id: int
    type_id: str
    created_ms: int
    updated_ms: int
    archived_ms: int | None
    properties: dict[str, Value]

    def values(self, object_type: ObjectType) -> dict[str, Value]:
        """All values by property name, those of id, creation and modification too."""
        return {
            **self.properties,
            "hs_object_id": str(self.id),
            object_type.created_property: self.created_ms,
            object_type.modified_property: self.updated_ms,
        }


@dataclass(frozen=True, slots=True)
class Author:
    """On whose behalf something is written."""

    source_type: str
    source_id: str
    user_id: int | None = None


def record_of(row: tuple[int, str, int, int, int | None, str]) -> Record:
    """A record from a row: id, type, created, updated, archived, properties."""
    return Record(row[0], row[1], row[2], row[3], row[4], _decode_properties(row[5]))


def encode_properties(properties: Mapping[str, Value]) -> str:
    """The JSON a record's values are kept as."""
    return msgspec.json.encode(properties).decode()


class Records:
    """Reads and writes the rows of records. Knows nothing of validation or rights."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sql = store.connection

    def take_ids(self, type_id: str, number: int = 1) -> list[int]:
        """Fresh ids of 12 digits, ascending with gaps; each type counts in a range of its own.

        # choice: no two records of a portal share an id, whatever their types.
        """
        name = f"ids {type_id}"
        row = self._sql.execute("SELECT value FROM counter WHERE name = ?", (name,)).fetchone()
        last = row[0] if row else self._first_id()
        taken: list[int] = []
        for _ in range(number):
            last += 1 + last % 7
            taken.append(last)
        self._sql.execute("INSERT OR REPLACE INTO counter VALUES (?, ?)", (name, last))
        return taken

    def _first_id(self) -> int:
        ranges = self._sql.execute("SELECT count(*) FROM counter WHERE name LIKE 'ids %'").fetchone()[0]
        return _FIRST_ID + int(ranges) * _IDS_PER_TYPE

    def insert(self, records: Iterable[Record]) -> None:
        """Add new records."""
        self._sql.executemany(
            "INSERT INTO record (id, type, archived, created_ms, updated_ms, archived_ms, properties) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    record.id,
                    record.type_id,
                    record.archived_ms is not None,
                    record.created_ms,
                    record.updated_ms,
                    record.archived_ms,
                    encode_properties(record.properties),
                )
                for record in records
            ),
        )

    def replace(self, record: Record) -> None:
        """Write a changed record over itself."""
        self._sql.execute(
            "UPDATE record SET archived = ?, updated_ms = ?, archived_ms = ?, properties = ? WHERE id = ?",
            (
                record.archived_ms is not None,
                record.updated_ms,
                record.archived_ms,
                encode_properties(record.properties),
                record.id,
            ),
        )

    def erase(self, record: Record) -> None:
        """Remove a record for good, with its history and its aliases."""
        for statement in (
            "DELETE FROM record WHERE id = ?",
            "DELETE FROM history WHERE record_id = ?",
            "DELETE FROM stale WHERE id = ?",
            "DELETE FROM merged WHERE new_id = ?",
        ):
            self._sql.execute(statement, (record.id,))

    def find(self, type_id: str, record_id: int, *, archived: bool | None = False) -> Record | None:
        """The record of that type and id; `archived` None takes both kinds."""
        row = self._sql.execute(
            f"SELECT {_COLUMNS} FROM record WHERE id = ? AND type = ?",  # noqa: S608 - constant columns
            (record_id, type_id),
        ).fetchone()
        if row is None or (archived is not None and (row[4] is not None) != archived):
            return None
        return record_of(row)

    def find_by_value(self, type_id: str, name: str, value: str, *, archived: bool = False) -> Record | None:
        """The first record whose property has that text, in any letter case."""
        row = self._sql.execute(
            f"SELECT {_COLUMNS} FROM record WHERE type = '{type_id}' AND archived = ? "  # noqa: S608 - known names
            f"AND {lowered(name)} = ? ORDER BY id LIMIT 1",
            (archived, value.lower()),
        ).fetchone()
        return record_of(row) if row else None

    def survivor(self, record_id: int) -> int:
        """The id a merged-away id lives on as; any other id itself."""
        row = self._sql.execute("SELECT new_id FROM merged WHERE old_id = ?", (record_id,)).fetchone()
        return self.survivor(int(row[0])) if row else record_id

    def redirect(self, old_id: int, new_id: int) -> None:
        """Let a merged-away id lead to the survivor."""
        self._sql.execute("INSERT OR REPLACE INTO merged VALUES (?, ?)", (old_id, new_id))

    def page(self, type_id: str, *, after_id: int, limit: int, archived: bool) -> list[Record]:
        """Up to `limit` records with an id of at least `after_id`, ascending."""
        rows = self._sql.execute(
            f"SELECT {_COLUMNS} FROM record WHERE type = ? AND archived = ? AND id >= ? "  # noqa: S608 - constant
            "ORDER BY id LIMIT ?",
            (type_id, archived, after_id, limit),
        )
        return [record_of(row) for row in rows]

    def count(self, type_id: str) -> int:
        """How many live records of a type there are."""
        row = self._sql.execute("SELECT count(*) FROM record WHERE type = ? AND archived = 0", (type_id,)).fetchone()
        return int(row[0])

    def remember_stale(self, record_id: int, before: Record | None, type_id: str, until_ms: int) -> None:
        """Let search show the record as it was (None: not at all) until an instant."""
        self._sql.execute(
            "INSERT INTO stale VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET shown_until_ms = excluded.shown_until_ms",
            (
                record_id,
                type_id,
                until_ms,
                before.created_ms if before else None,
                before.updated_ms if before else None,
                encode_properties(before.properties) if before and before.archived_ms is None else None,
            ),
        )


def lowered(name: str) -> str:
    """The SQL of a property's lower-cased text: written as the indexes write it, so that they are used."""
    return f"lower({value_of(name)})"


def value_of(name: str) -> str:
    """The SQL of a property's value."""
    quoted = name.replace("'", "''").replace('"', "")
    return f"""json_extract(properties, '$."{quoted}"')"""
