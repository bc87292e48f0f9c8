"""Indexes that searches ask for: where a type has very many records, the first search by a property makes one.

That search takes as long as a look at every record; later ones by the same property are quick.
"""

from collections.abc import Iterable
from typing import Final

from hubspot_sandbox.search_sql import Field
from hubspot_sandbox.store import TEXT_INDEXES, Store

# A look at so many records is quick enough.
MANY: Final = 50_000
_INDEXED: Final = frozenset((type_id, name) for _, type_id, name in TEXT_INDEXES)


def make_indexes(store: Store, type_id: str, fields: Iterable[Field]) -> None:
    """Make the indexes that comparisons with these properties of a type need and do not have."""
    for field in fields:
        name = f"searched {type_id} {field.name}"
        if (type_id, field.name) in _INDEXED or _is_there(store, name) or not _has_many(store, type_id):
            continue
        # The further columns bring the first page in its usual order.
        store.connection.execute(
            f"CREATE INDEX \"{name}\" ON record ({field.compared}, archived, created_ms) WHERE type = '{type_id}'"
        )


def _is_there(store: Store, name: str) -> bool:
    return store.connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone() is not None


def _has_many(store: Store, type_id: str) -> bool:
    query = "SELECT 1 FROM record WHERE type = ? AND archived = 0 LIMIT 1 OFFSET ?"
    return store.connection.execute(query, (type_id, MANY)).fetchone() is not None
