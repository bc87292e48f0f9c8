"""What happened to an account while a task was worked on: seen by triggers in its database."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hubspot_sandbox import Portal
    from hubspot_sandbox.records import Value

_TRIGGERS: Final = """
CREATE TEMP TABLE task_record (id INTEGER PRIMARY KEY, type TEXT, before TEXT, archived INTEGER);
CREATE TEMP TRIGGER task_created AFTER INSERT ON record BEGIN
  INSERT OR IGNORE INTO task_record VALUES (NEW.id, NEW.type, NULL, 0);
END;
CREATE TEMP TRIGGER task_changed AFTER UPDATE ON record BEGIN
  INSERT OR IGNORE INTO task_record VALUES (OLD.id, OLD.type, OLD.properties, OLD.archived);
END;
CREATE TEMP TRIGGER task_erased AFTER DELETE ON record BEGIN
  INSERT OR IGNORE INTO task_record VALUES (OLD.id, OLD.type, OLD.properties, OLD.archived);
END;
CREATE TEMP TABLE task_link (
  from_id INTEGER, to_type TEXT, to_id INTEGER, category TEXT, type_id INTEGER, was INTEGER,
  PRIMARY KEY (from_id, to_type, to_id, category, type_id)
);
CREATE TEMP TRIGGER task_linked AFTER INSERT ON association BEGIN
  INSERT OR IGNORE INTO task_link VALUES (NEW.from_id, NEW.to_type, NEW.to_id, NEW.category, NEW.type_id, 0);
END;
CREATE TEMP TRIGGER task_unlinked AFTER DELETE ON association BEGIN
  INSERT OR IGNORE INTO task_link VALUES (OLD.from_id, OLD.to_type, OLD.to_id, OLD.category, OLD.type_id, 1);
END;
CREATE TEMP TABLE task_other (kind TEXT PRIMARY KEY);
CREATE TEMP TRIGGER task_member AFTER INSERT ON member BEGIN
  INSERT OR IGNORE INTO task_other VALUES ('member ' || NEW.record_id);
END;
CREATE TEMP TRIGGER task_no_member AFTER DELETE ON member BEGIN
  INSERT OR IGNORE INTO task_other VALUES ('member ' || OLD.record_id);
END;
CREATE TEMP TRIGGER task_document AFTER INSERT ON document WHEN NEW.kind NOT IN ('access_token', 'grant') BEGIN
  INSERT OR IGNORE INTO task_other VALUES (NEW.kind);
END;
CREATE TEMP TRIGGER task_no_document AFTER DELETE ON document WHEN OLD.kind NOT IN ('access_token', 'grant') BEGIN
  INSERT OR IGNORE INTO task_other VALUES (OLD.kind);
END;
"""
"""The first state of whatever changes is kept."""
Link = tuple[str, str, str]
"""Of one record, to another: the two ids, the label or nothing."""


@dataclass(frozen=True)
class New:
    """A record that was created. `links` are the ids that it is linked to."""

    type_id: str
    values: dict[str, str]
    links: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Changes:
    """All that happened: what was created, changed (id -> property -> value now), deleted, linked and unlinked.

    Links are told once, of the lower id; those of created and deleted records are not among them. `others` are
    settings and memberships of lists that changed.
    """

    created: dict[str, New] = field(default_factory=dict[str, New])
    changed: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    deleted: frozenset[str] = frozenset()
    linked: frozenset[Link] = frozenset()
    unlinked: frozenset[Link] = frozenset()
    others: frozenset[str] = frozenset()


class Watch:
    """Sees what happens to an account from now on."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._sql = portal.store.connection
        self._sql.executescript(_TRIGGERS)

    def changes(self) -> Changes:
        """What is different now. What was done and undone is no change."""
        created: dict[str, New] = {}
        changed: dict[str, dict[str, str]] = {}
        deleted: set[str] = set()
        for record_id, type_id, before, archived in self._sql.execute("SELECT * FROM task_record").fetchall():
            now = self._sql.execute("SELECT properties, archived FROM record WHERE id = ?", (record_id,)).fetchone()
            is_live = now is not None and not now[1]
            if before is None or archived:
                if is_live:
                    created[str(record_id)] = New(type_id, _texts(json.loads(now[0])), self._neighbours(record_id))
            elif not is_live:
                deleted.add(str(record_id))
            elif different := self._different(type_id, json.loads(before), json.loads(now[0])):
                changed[str(record_id)] = different
        aside = {*created, *deleted}
        linked, unlinked = self._links(aside)
        others = frozenset(str(kind) for (kind,) in self._sql.execute("SELECT kind FROM task_other"))
        return Changes(created, changed, frozenset(deleted), linked, unlinked, others)

    def _different(self, type_id: str, before: dict[str, Value], after: dict[str, Value]) -> dict[str, str]:
        """Properties that people set; what HubSpot calculates follows from them."""
        definitions = self._portal.definitions(self._portal.types.by_id(type_id))
        return {
            name: str(after.get(name, ""))
            for name in sorted({*before, *after})
            if before.get(name) != after.get(name) and not (name in definitions and definitions[name].is_read_only)
        }

    def _neighbours(self, record_id: int) -> frozenset[str]:
        rows = self._sql.execute("SELECT DISTINCT to_id FROM association WHERE from_id = ?", (record_id,))
        return frozenset(str(row[0]) for row in rows)

    def _links(self, aside: set[str]) -> tuple[frozenset[Link], frozenset[Link]]:
        linked: set[Link] = set()
        unlinked: set[Link] = set()
        rows = self._sql.execute("SELECT * FROM task_link WHERE from_id < to_id").fetchall()
        for from_id, to_type, to_id, category, type_id, was in rows:
            if {str(from_id), str(to_id)} & aside:
                continue
            key = (from_id, to_type, to_id, category, type_id)
            place = "from_id = ? AND to_type = ? AND to_id = ? AND category = ? AND type_id = ?"
            now = self._sql.execute(f"SELECT 1 FROM association WHERE {place}", key).fetchone()  # noqa: S608 - constant
            if bool(now) != bool(was):
                link = (str(from_id), str(to_id), self._label(*key))
                (linked if now else unlinked).add(link)
        return frozenset(linked), frozenset(unlinked)

    def _label(self, from_id: int, to_type: str, _to_id: int, category: str, type_id: int) -> str:
        from_type = self._sql.execute("SELECT type FROM record WHERE id = ?", (from_id,)).fetchone()[0]
        kind = self._portal.associations.kinds.find(from_type, to_type, category, type_id)
        return (kind.label or "") if kind is not None else ""


def _texts(values: dict[str, Value]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}
