"""What the account holds, read from its own records: what answers are checked against.

Nothing here uses the connector, nor the sandbox's search.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from hubspot_sandbox.portal import TIME_ZONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hubspot_sandbox import Portal
    from hubspot_sandbox.records import Record, Value

TYPE: Final = {
    "contacts": "0-1",
    "companies": "0-2",
    "deals": "0-3",
    "tickets": "0-5",
    "products": "0-7",
    "line_items": "0-8",
    "tasks": "0-27",
    "notes": "0-46",
    "meetings": "0-47",
    "calls": "0-48",
    "emails": "0-49",
    "installations": "2-30417762",
}
ACTIVITIES: Final = ("notes", "calls", "emails", "meetings", "tasks")
_ALL: Final = 100_000_000
ZONE: Final = ZoneInfo(TIME_ZONE)


@dataclass(frozen=True)
class Row:
    """One record with all its values; instants are epoch milliseconds."""

    id: str
    values: dict[str, Value]

    def __getitem__(self, name: str) -> str:
        return str(self.values.get(name, ""))

    @property
    def name(self) -> str:
        """What people call it."""
        person = f"{self['firstname']} {self['lastname']}".strip()
        return self["dealname"] or self["subject"] or self["hs_task_subject"] or self["name"] or person

    def amount(self, name: str = "amount") -> Decimal:
        """A number; 0 without a value."""
        return Decimal(self[name] or "0")

    def at(self, name: str) -> datetime | None:
        """An instant, in the account's time zone."""
        value = self.values.get(name)
        return None if value in {None, ""} else datetime.fromtimestamp(int(str(value)) / 1000, ZONE)

    def day(self, name: str) -> date:
        """The day of an instant in the account's time zone; the first of all without a value."""
        at = self.at(name)
        return date.min if at is None else at.date()


class Book:
    """The account as it stands. Rows are read once."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self._rows: dict[str, dict[str, Row]] = {}

    def by_id(self, entity: str) -> dict[str, Row]:
        """The live records of a type by id."""
        if entity not in self._rows:
            type_id = TYPE[entity]
            records = self.portal.records.page(type_id, after_id=0, limit=_ALL, archived=False)
            self._rows[entity] = {str(record.id): self._row(record) for record in records}
        return self._rows[entity]

    def rows(self, entity: str, fits: Callable[[Row], bool] = lambda _row: True) -> list[Row]:
        """The live records of a type that fit."""
        return [row for row in self.by_id(entity).values() if fits(row)]

    def select(self, entity: str, columns: str, condition: str) -> list[tuple[object, ...]]:
        """Columns of the live records of a type, by SQL over their `properties`: of a million, not all are read."""
        query = f"SELECT {columns} FROM record WHERE type = ? AND archived = 0 AND {condition}"  # noqa: S608 - ours
        return self.portal.store.connection.execute(query, (TYPE[entity],)).fetchall()

    def newest(self, entity: str, count: int) -> list[Row]:
        """The records created last, newest first."""
        object_type = self.portal.types.by_id(TYPE[entity])
        return top(self.rows(entity), lambda row: int(row.values[object_type.created_property]), count)

    def one(self, entity: str, **values: str) -> Row:
        """The only record with these values.

        Raises:
            ValueError: there is none, or there are several.
        """
        [row] = self.rows(entity, lambda row: all(row[name] == value for name, value in values.items()))
        return row

    def linked(self, row: Row, entity: str) -> list[Row]:
        """The records of a type that a record is linked to."""
        rows = self.by_id(entity)
        ids = self.portal.associations.targets(int(row.id), TYPE[entity], limit=_ALL)
        return [rows[str(one)] for one in ids if str(one) in rows]

    def owner(self, row: Row) -> str:
        """The name of a record's owner; empty without one."""
        return self.owners.get(row["hubspot_owner_id"], "")

    def stage(self, row: Row) -> str:
        """The label of a deal's or ticket's stage."""
        return self.stages[row["dealstage"] or row["hs_pipeline_stage"]]

    @cached_property
    def owners(self) -> dict[str, str]:
        """Names of all owners by id."""
        return {owner.id: f"{owner.first_name} {owner.last_name}" for owner in self.portal.owners().values()}

    @cached_property
    def teams(self) -> dict[str, set[str]]:
        """Ids of the owners of each team."""
        teams: dict[str, set[str]] = {}
        for owner in self.portal.owners().values():
            for team in owner.teams:
                teams.setdefault(team.name, set()).add(owner.id)
        return teams

    @cached_property
    def stages(self) -> dict[str, str]:
        """Labels of the stages of deals and tickets by id."""
        types = (self.portal.types.by_id(TYPE[entity]) for entity in ("deals", "tickets"))
        lines = (line for object_type in types for line in self.portal.pipelines(object_type))
        return {stage.id: stage.label for line in lines for stage in line.stages}

    def _row(self, record: Record) -> Row:
        return Row(str(record.id), record.values(self.portal.types.by_id(record.type_id)))


def is_won(deal: Row) -> bool:
    """Whether a deal is closed and won."""
    return deal["hs_is_closed_won"] == "true"


def is_open(row: Row) -> bool:
    """Whether a deal or ticket is not closed."""
    return row["hs_is_closed"] == "false"


def top(rows: Iterable[Row], key: Callable[[Row], object], count: int) -> list[Row]:
    """The first rows in falling order of `key`.

    Raises:
        ValueError: the order is not certain, since two of them have the same key.
    """
    ordered = sorted(rows, key=key, reverse=True)  # type: ignore[arg-type]  # keys of one kind
    keys = [key(row) for row in ordered[: count + 1]]
    if len(set(keys)) < len(keys):
        raise ValueError(f"there is a tie among {keys}")
    return ordered[:count]


def value_sql(name: str) -> str:
    """The SQL of a property's value."""
    return f"json_extract(properties, '$.{name}')"


def moment(year: int, month: int, day: int, hour: int = 0) -> datetime:
    """A moment in the account's time zone."""
    return datetime(year, month, day, hour, tzinfo=ZONE)


def utc_text(at: datetime) -> str:
    """A moment as HubSpot writes it, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
