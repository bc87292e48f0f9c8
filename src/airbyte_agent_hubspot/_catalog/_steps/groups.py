"""By what records are grouped: a property, a time, an owner's team, or the records they are linked to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final, cast

from ..._composition import SubCall, ask_all
from ..._lexicon import portal
from ..._lexicon.dates import first_of
from ..._lexicon.names import plain
from ...errors import FieldError, InvalidParamsError
from .words import TITLE, created_property, related_type, title_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..._composition import Steps
    from ...models import AssociatedRecords, BatchResult, PropertyDefinition, Record
    from .setting import Setting

_UNITS: Final = ("day", "week", "month", "quarter", "year")
_BY_TIME: Final = re.compile(
    rf"(?:(?P<name>.+?)\s*(?:\bby\b|:|\s)\s*(?P<unit>{'|'.join(_UNITS)})"
    rf"|(?P<unit2>{'|'.join(_UNITS)})\s*(?:\bof\b|\(|\bby\b)\s*(?P<name2>.+?)\)?|(?P<alone>{'|'.join(_UNITS)}))",
    re.IGNORECASE,
)
_BATCH: Final = 100


@dataclass(frozen=True)
class Group:
    """One way to group: `key_name` names it in the answer. `unit` is set for times, `kind` for linked records."""

    key_name: str
    definition: PropertyDefinition | None = None
    unit: str | None = None
    kind: str | None = None
    is_team: bool = False

    @property
    def property_name(self) -> str | None:
        """The property that must be read."""
        return portal.OWNER_PROPERTY if self.is_team else self.definition.name if self.definition else None


@dataclass
class Keys:
    """The keys of each record under one way to group, and what people call them."""

    of: dict[str, list[str | None]] = field(default_factory=dict[str, "list[str | None]"])
    labels: dict[str, str] = field(default_factory=dict[str, str])
    kind: str | None = None
    """The type of linked records, whose names are only looked up for the keys that are shown."""


def read_groups(of: Setting, given: object, date_property: object) -> list[Group]:
    """The ways to group that were asked for."""
    names = cast("list[object]", given) if isinstance(given, list) else [given] if given else []
    return [_group(of, str(name).strip(), date_property, f"params.groupBy[{at}]") for at, name in enumerate(names)]


def _group(of: Setting, said: str, date_property: object, place: str) -> Group:
    if plain(said) == "team" and said not in of.definitions:
        return Group("team", is_team=True)
    kind = related_type(said)
    if kind is not None and said not in of.definitions:
        return Group(kind, kind=kind)
    if said not in of.definitions:
        timed = _BY_TIME.fullmatch(said)
        if timed is not None:
            unit = (timed["unit"] or timed["unit2"] or timed["alone"]).casefold()
            name = timed["name"] or timed["name2"] or str(date_property or _usual_time(of))
            definition = of.property(name, place)
            if definition.type not in {"date", "datetime"}:
                sentence = f"{definition.name} is no date: group by {unit} of one that is, such as {_usual_time(of)}."
                raise InvalidParamsError(sentence, errors=[FieldError(place, sentence, "wrong_type")])
            return Group(f"{definition.name} by {unit}", definition, unit)
    definition = of.property(said, place)
    if definition.type in {"date", "datetime"}:
        return Group(f"{definition.name} by day", definition, "day")
    return Group(definition.name, definition)


def _usual_time(of: Setting) -> str:
    return "hs_timestamp" if "hs_timestamp" in of.definitions else created_property(of.entity)


def keys_of(of: Setting, group: Group, records: Sequence[Record]) -> Steps[Keys]:
    """Each record's keys. A record that is linked to several others has several."""
    if group.kind is not None:
        return (yield from _linked(of, group.kind, records))
    if group.is_team:
        return (yield from _teams(records))
    definition = cast("PropertyDefinition", group.definition)
    values = {record.id: record.properties.get(definition.name) or None for record in records}
    if group.unit is not None:
        buckets = {identifier: _bucket(of, definition, group.unit, text) for identifier, text in values.items()}
        return Keys({identifier: [bucket] for identifier, bucket in buckets.items()})
    labels = yield from of.labels(records, [definition.name])
    return Keys({identifier: [value] for identifier, value in values.items()}, labels.get(definition.name, {}))


def _bucket(of: Setting, definition: PropertyDefinition, unit: str, text: str | None) -> str | None:
    """`2026-11-25`, `2026-W48`, `2026-11`, `2026-Q4`, `2026`: in the portal's time zone."""
    day = day_of(of, definition, text)
    if day is None:
        return None
    first = first_of(unit, day)
    if unit == "week":
        year, week, _ = first.isocalendar()
        return f"{year}-W{week:02}"
    if unit == "quarter":
        return f"{first.year}-Q{(first.month + 2) // 3}"
    return first.isoformat()[: {"day": 10, "month": 7, "year": 4}[unit]]


def day_of(of: Setting, definition: PropertyDefinition, text: str | None) -> date | None:
    """The day that a value is, in the portal's time zone."""
    if not text:
        return None
    try:
        if definition.type == "date":
            return date.fromisoformat(text[:10])
        at = datetime.fromtimestamp(int(text) / 1000, UTC) if text.isdecimal() else datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.astimezone(of.calendar.zone).date()


def _teams(records: Sequence[Record]) -> Steps[Keys]:
    owners = yield from portal.owners()
    primary = {
        owner.id: next((team for team in (*(one for one in owner.teams if one.primary), *owner.teams)), None)
        for owner in owners
    }
    keys = Keys()
    for record in records:
        team = primary.get(record.properties.get(portal.OWNER_PROPERTY) or "")
        keys.of[record.id] = [team.id if team else None]
        if team:
            keys.labels[team.id] = team.name
    return keys


def _linked(of: Setting, kind: str, records: Sequence[Record]) -> Steps[Keys]:
    ids = [record.id for record in records]
    links = yield from linked_ids(of.object_type, kind, ids)
    return Keys({identifier: [*links.get(identifier, [])] or [None] for identifier in ids}, kind=kind)


def linked_ids(from_type: str, to_type: str, ids: Sequence[str]) -> Steps[dict[str, list[str]]]:
    """The ids of one type that records of another are linked to."""
    calls = [
        SubCall(
            "associations",
            "batch_get",
            {
                "fromObjectType": from_type,
                "toObjectType": to_type,
                "ids": list(ids[at : at + _BATCH]),
            },
        )
        for at in range(0, len(ids), _BATCH)
    ]
    answers = cast("list[BatchResult[AssociatedRecords]]", (yield from ask_all(calls))) if calls else []
    return {
        str(item.id): list(dict.fromkeys(one.toObjectId for one in item.record.to))
        for answer in answers
        for item in answer
        if item.record is not None
    }


def names_of(kind: str, ids: Sequence[str]) -> Steps[dict[str, str]]:
    """What people call the records with these ids."""
    titles = list(TITLE[kind])
    calls = [
        SubCall(kind, "batch_get", {"ids": list(ids[at : at + _BATCH]), "properties": titles})
        for at in range(0, len(ids), _BATCH)
    ]
    answers = cast("list[BatchResult[Record]]", (yield from ask_all(calls))) if calls else []
    records = [record for answer in answers for record in answer.records]
    return {record.id: title_of(kind, record.properties) or record.id for record in records}


def named(keys: Sequence[Keys], shown: Sequence[Sequence[str | None]]) -> Steps[None]:
    """Looks up the names of the linked records among the keys that are shown."""
    for at, one in enumerate(keys):
        if one.kind is not None:
            ids = dict.fromkeys(part for key in shown if (part := key[at]) is not None)
            one.labels.update((yield from names_of(one.kind, list(ids))))


def label_of(mapping: Mapping[str, str], key: str | None) -> str:
    """What people call a key."""
    return "(none)" if key is None else mapping.get(key, key)
