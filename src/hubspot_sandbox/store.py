"""The portal's memory: one SQLite database, in memory or in a file.

    record       every CRM record of every type; its property values are one JSON object
    history      superseded and present values of properties that changed after creation
    association  both directions of every association, one row per association type
    merged       ids that live on as another record
    stale        what the search index still shows of records that changed a moment ago
    document     the small collections (tokens, owners, pipelines, schemas, definitions) as JSON
    member       who is in a list that people fill by hand
    counter      serial numbers

Property values are text, as on the wire; instants are integers (epoch ms), so that SQL compares them as numbers.
Keyset paging walks `record_page`; the indexes on common properties hold lower-cased text, as search compares it.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

import msgspec

from hubspot_sandbox.data import read_data
from hubspot_sandbox.matching import FUNCTIONS

_DocumentT = TypeVar("_DocumentT")

# (name, object type, property): the look-ups that clients do all the time.
TEXT_INDEXES: Final = (
    ("contact_email", "0-1", "email"),
    ("contact_lastname", "0-1", "lastname"),
    ("company_domain", "0-2", "domain"),
    ("company_name", "0-2", "name"),
    ("deal_dealname", "0-3", "dealname"),
)
_INDEXES: Final = "\n".join(
    [
        "CREATE INDEX IF NOT EXISTS record_page ON record (type, archived, id);",
        "CREATE INDEX IF NOT EXISTS record_created ON record (type, archived, created_ms);",
        "CREATE INDEX IF NOT EXISTS record_updated ON record (type, archived, updated_ms);",
        *(
            f"CREATE INDEX IF NOT EXISTS record_{name} ON record "
            f"""(lower(json_extract(properties, '$."{column}"'))) WHERE type = '{type_id}';"""
            for name, type_id, column in TEXT_INDEXES
        ),
    ]
)


class Store:
    """One open database. Used from one thread at a time; every request is one transaction.

    `scratch` is the directory of a database that nobody keeps; it is removed on closing.
    """

    def __init__(self, path: Path | None = None, *, scratch: TemporaryDirectory[str] | None = None) -> None:
        self._scratch = scratch
        self.connection = sqlite3.connect(
            str(path) if path else ":memory:", isolation_level=None, check_same_thread=False
        )
        for name, argument_count, function in FUNCTIONS:
            self.connection.create_function(name, argument_count, function, deterministic=True)
        self.write_ahead()
        self.connection.executescript(read_data("schema.sql"))

    def write_ahead(self) -> None:
        """Commit without waiting for the disk; a file stays whole whenever the process dies."""
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = NORMAL")

    def create_indexes(self) -> None:
        """Build the indexes and their statistics: after the seeding, since that is much faster."""
        self.connection.executescript(_INDEXES)
        self.connection.execute("ANALYZE")

    def copy_to(self, other: "Store") -> None:
        """Make the other database equal to this one."""
        self.connection.backup(other.connection)
        other.write_ahead()

    def close(self) -> None:
        """Close the database; a file keeps its content."""
        self.connection.close()
        if self._scratch is not None:
            self._scratch.cleanup()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: an exception undoes what happened inside."""
        self.connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """All or nothing inside a transaction."""
        self.connection.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK TO part")
            raise
        finally:
            self.connection.execute("RELEASE part")

    def next_serial(self, name: str, first: int = 1) -> int:
        """The next number of a series; never given twice, across restarts too."""
        row = self.connection.execute(
            "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
            (name, first),
        ).fetchone()
        return int(row[0])

    def put(self, kind: str, key: str, document: msgspec.Struct) -> None:
        """Write a document, over any earlier one of that key."""
        self.connection.execute(
            "INSERT OR REPLACE INTO document VALUES (?, ?, ?)", (kind, key, msgspec.json.encode(document))
        )

    def put_all(self, kind: str, documents: Iterable[tuple[str, msgspec.Struct]]) -> None:
        """Write many documents of one kind."""
        self.connection.executemany(
            "INSERT OR REPLACE INTO document VALUES (?, ?, ?)",
            ((kind, key, msgspec.json.encode(document)) for key, document in documents),
        )

    def remove(self, kind: str, key: str) -> None:
        """Remove a document, if it is there."""
        self.connection.execute("DELETE FROM document WHERE kind = ? AND key = ?", (kind, key))

    def find(self, kind: str, key: str, shape: type[_DocumentT]) -> _DocumentT | None:
        """The document of that key, or None."""
        row = self.connection.execute("SELECT body FROM document WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return msgspec.json.decode(row[0], type=shape) if row else None

    def all(self, kind: str, shape: type[_DocumentT]) -> list[_DocumentT]:
        """Every document of a kind, in the order of their keys."""
        rows = self.connection.execute("SELECT body FROM document WHERE kind = ? ORDER BY key", (kind,))
        return [msgspec.json.decode(body, type=shape) for (body,) in rows]
