"""Portals too large to generate at every start: generated once into a file, then copied.

The file is in the user's cache directory (`XDG_CACHE_HOME`, or `~/.cache`), one per portal and seed; it is made anew
once this package would make it differently. Its dates lead up to a fixed day, so that it stays what it is.
"""

import os
import shutil
from functools import cache as cache_result
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from hubspot_sandbox.clock import VIRTUAL_START, Clock, VirtualClock
from hubspot_sandbox.portal import Behaviour, Portal
from hubspot_sandbox.seeding.crowd import Crowd
from hubspot_sandbox.store import Store

# What the content of a generated portal follows from, beside its seed.
_SOURCES: Final = (
    "calculations.py",
    "data/*",
    "identifiers.py",
    "pipelines.py",
    "records.py",
    "scopes.py",
    "seeding/*.py",
    "store.py",
    "tokens.py",
)
_CROWDED_TABLES: Final = ("record", "association")


def default_cache() -> Path:
    """Where generated portals are kept unless somebody says otherwise."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "hubspot-sandbox"


def cached_file(cache: Path, portal: str, seed: int) -> Path:
    """The file of a portal, whether it exists or not."""
    return cache / f"{portal}-{seed}-{_fingerprint()}.db"


@cache_result
def _fingerprint() -> str:
    package = Path(__file__).parents[1]
    digest = sha256()
    for path in sorted(path for pattern in _SOURCES for path in package.glob(pattern) if path.is_file()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def copy_cached(source: Path, path: Path | None) -> Store:
    """A store of one's own with the content of a file; without a path it lasts until it is closed."""
    if path is not None:
        shutil.copyfile(source, path)
        return Store(path)
    scratch = TemporaryDirectory(prefix="hubspot-sandbox-")
    shutil.copyfile(source, Path(scratch.name) / "portal.db")
    return Store(Path(scratch.name) / "portal.db", scratch=scratch)


def write_crowded(target: Path, template: Store, contacts: int) -> None:
    """A file with the template's portal and a crowd, so that there are so many contacts in all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    store = Store(unfinished)
    try:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -65536"):
            store.connection.execute(f"PRAGMA {pragma}")
        with store.transaction():
            _fill(store, template, contacts)
        store.create_indexes()
        # One file that needs no other beside it.
        store.connection.execute("PRAGMA journal_mode = DELETE")
        store.close()
        unfinished.replace(target)
        for outdated in target.parent.glob(f"{target.name.rpartition('-')[0]}-*.db"):
            if outdated != target:
                outdated.unlink()
    finally:
        store.close()
        unfinished.unlink(missing_ok=True)


def _fill(store: Store, template: Store, contacts: int) -> None:
    for (table,) in template.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        if table not in _CROWDED_TABLES and not table.startswith("sqlite_"):
            _copy(store, template, table, "")
    clock: Clock = VirtualClock(VIRTUAL_START)
    portal = Portal(store, clock, Behaviour())
    known = int(template.connection.execute("SELECT count(*) FROM record WHERE type = '0-1'").fetchone()[0])
    crowd = Crowd(portal, contacts - known)
    types = [row[0] for row in template.connection.execute("SELECT type FROM record GROUP BY type ORDER BY min(id)")]
    for type_id in types:
        _copy(store, template, "record", f"WHERE type = '{type_id}' ORDER BY id")
        store.connection.executemany(
            "INSERT INTO record (id, type, archived, created_ms, updated_ms, properties) VALUES (?, ?, ?, ?, ?, ?)",
            crowd.records(type_id),
        )
    for type_id in types:
        _copy(
            store,
            template,
            "association",
            f"WHERE from_id IN (SELECT id FROM record WHERE type = '{type_id}') "  # noqa: S608 - a type id of ours
            "ORDER BY from_id, to_type, to_id",
        )
        store.connection.executemany("INSERT INTO association VALUES (?, ?, ?, ?, ?)", crowd.links(type_id))


def _copy(store: Store, template: Store, table: str, condition: str) -> None:
    rows = template.connection.execute(f"SELECT * FROM {table} {condition}")  # noqa: S608 - our tables
    first = next(iter(rows), None)
    if first is not None:
        marks = ", ".join("?" * len(first))
        statement = f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608 - our tables
        store.connection.execute(statement, first)
        store.connection.executemany(statement, rows)
