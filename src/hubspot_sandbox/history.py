"""The earlier values of properties.

Only what changed after a record's creation is written down; for the rest the present value, set at creation,
is the whole history.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/using-object-apis (propertiesWithHistory)
"""

from collections.abc import Iterable, Mapping
from typing import Final

from hubspot_sandbox.errors import JsonObject
from hubspot_sandbox.instants import format_instant
from hubspot_sandbox.records import Author, Record, Value
from hubspot_sandbox.store import Store

# choice: the guides disagree and nobody measured it: 20 versions, 45 for contacts.
DEPTH: Final = 20
CONTACT_DEPTH: Final = 45


def wire(value: Value | None) -> str | None:
    """A stored value as HubSpot writes it."""
    return format_instant(value) if isinstance(value, int) else value


class History:
    """Writes and reads the versions of property values."""

    def __init__(self, store: Store) -> None:
        self._sql = store.connection

    def note_change(self, before: Record, changed: Mapping[str, Value | None], author: Author, at_ms: int) -> None:
        """Write down the new values of a record, and the old ones where none was written before."""
        for name, value in changed.items():
            serial = self._next_serial(before.id, name)
            if serial == 0 and name in before.properties:
                first = (before.id, name, 0, wire(before.properties[name]), before.created_ms)
                self._insert([(*first, *_origin(before))])
                serial = 1
            row = (before.id, name, serial, wire(value) or "", at_ms)
            self._insert([(*row, author.source_type, author.source_id, author.user_id)])

    def seed(self, rows: Iterable[tuple[int, str, int, str, int, str, str | None, int | None]]) -> None:
        """Write versions of a generated portal: (record, property, serial, value, instant, source, its id, user)."""
        self._insert(rows)

    def versions(self, record: Record, name: str, depth: int) -> list[JsonObject]:
        """The versions of a property, newest first, at most `depth`."""
        rows = self._sql.execute(
            "SELECT value, at_ms, source_type, source_id, user_id FROM history "
            "WHERE record_id = ? AND property = ? ORDER BY serial DESC LIMIT ?",
            (record.id, name, depth),
        ).fetchall()
        if not rows and name in record.properties:
            rows = [(wire(record.properties[name]), record.created_ms, *_origin(record))]
        return [_version(*row) for row in rows]

    def _next_serial(self, record_id: int, name: str) -> int:
        row = self._sql.execute(
            "SELECT max(serial) FROM history WHERE record_id = ? AND property = ?", (record_id, name)
        ).fetchone()
        return 0 if row[0] is None else int(row[0]) + 1

    def _insert(self, rows: Iterable[tuple[object, ...]]) -> None:
        self._sql.executemany("INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _origin(record: Record) -> tuple[str, str | None, int | None]:
    source = record.properties.get("hs_object_source")
    source_id = record.properties.get("hs_object_source_id")
    return (str(source) if source else "CRM_UI", str(source_id) if source_id else None, None)


def _version(value: str, at_ms: int, source_type: str, source_id: str | None, user_id: int | None) -> JsonObject:
    version: JsonObject = {"value": value, "timestamp": format_instant(at_ms), "sourceType": source_type}
    if source_id:
        version["sourceId"] = source_id
    if user_id:
        version["updatedByUserId"] = user_id
    return version
