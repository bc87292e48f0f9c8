"""Notes, calls, e-mails, meetings and tasks together: found, counted, written down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from itertools import product
from typing import TYPE_CHECKING, Final, cast

from ..._composition import ask
from ..._lexicon import portal
from ..._lexicon.names import UNKNOWN, Named, name_error
from ..._lexicon.values import time_error
from ...models.answers import Activities, Aggregate, AggregateRow, Logged
from .groups import Group, Keys, keys_of, label_of, named, read_groups
from .overview import activity_properties, described
from .searching import Order, all_that_fit, search
from .setting import record_meant, setting
from .words import ACTIVITIES, RELATED, related_type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..._composition import Steps
    from ..._lexicon.dates import Calendar
    from ..._shape import Params
    from ...models import Record, Result
    from .setting import Setting
    from .where import Where

    _Key = tuple[str | None, ...]

_LIMIT: Final = 20
_ROWS: Final = 50
_MOST_RECORDS: Final = 20_000
_NEWEST: Final = Order("hs_timestamp", descending=True)
_MORNING: Final = timedelta(hours=9)
_TIMES: Final = "Say for example `next friday`, `tomorrow at 15:00`, `2026-12-01` or `2026-12-01T09:00`."
_NOON: Final = timedelta(hours=12)
_ENTITY: Final = {"note": "notes", "call": "calls", "email": "emails", "meeting": "meetings"}


@dataclass(frozen=True)
class _Kind:
    of: Setting
    where: Where


def _kinds(params: Params, now_s: float) -> Steps[list[_Kind]]:
    """The kinds that are asked about, with the conditions on each."""
    names = cast("list[str]", params.get("kinds", ACTIVITIES))
    kinds: list[_Kind] = []
    for name in dict.fromkeys(names):
        of = yield from setting(name, {}, now_s)
        kinds += [_Kind(of, (yield from of.where(params.get("where"))))]
    return kinds


def find(params: Params, now_s: float) -> Steps[Activities]:
    """The newest activities that fit."""
    kinds = yield from _kinds(params, now_s)
    limit = cast("int", params.get("limit", _LIMIT))
    records: list[tuple[str, Record]] = []
    total = 0
    for kind in kinds:
        wanted = kind.of.search(kind.where, activity_properties(kind.of.entity), params.get("query"))
        found = yield from search(wanted, limit, _NEWEST)
        records += [(kind.of.entity, record) for record in found.records]
        total += found.total
    newest = sorted(records, key=lambda one: one[1].properties.get("hs_timestamp") or "", reverse=True)[:limit]
    sure = all(link.complete for kind in kinds for link in kind.where.links)
    note = None if len(newest) >= total else f"These are the newest {len(newest)} of {total}: raise limit, or say more."
    activities = yield from described(newest)
    return Activities(activities, total, sure and len(newest) >= total, kinds[0].where.understood, note)


def aggregate(params: Params, now_s: float) -> Steps[Aggregate]:
    """Activities counted by group."""
    kinds = yield from _kinds(params, now_s)
    given = params.get("groupBy")
    names = (
        [str(name) for name in cast("list[object]", given)]
        if isinstance(given, list)
        else [str(given)]
        if given
        else []
    )
    most = cast("int", params.get("maxRecords", _MOST_RECORDS))
    members: dict[_Key, int] = {}
    groups: list[Group] = []
    merged = [Keys() for _ in names]
    read = total = 0
    for kind in kinds:
        groups = [Group("kind") if name == "kind" else read_groups(kind.of, name, "hs_timestamp")[0] for name in names]
        properties = sorted({group.property_name for group in groups if group.property_name})
        found = yield from all_that_fit(kind.of.search(kind.where, properties), max(1, most - read))
        records = found.records[: most - read]
        read, total = read + len(records), total + found.total
        keys: list[Keys] = []
        for group in groups:
            if group.key_name == "kind":
                keys += [Keys({record.id: [kind.of.entity] for record in records})]
            else:
                keys += [(yield from keys_of(kind.of, group, records))]
        for known, one in zip(merged, keys, strict=True):
            known.labels.update(one.labels)
            known.kind = one.kind
        for record in records:
            for key in product(*(one.of[record.id] for one in keys)):
                members[key] = members.get(key, 0) + 1
    limit = cast("int", params.get("limit", _ROWS))
    shown = _ordered(members, groups)[:limit]
    yield from named(merged, shown)
    sure = all(link.complete for kind in kinds for link in kind.where.links)
    notes = [] if read >= total else [f"Only {read} of {total} activities were read."]
    if any(group.kind for group in groups):
        notes.append("An activity that is linked to several counts in the group of each.")
    return Aggregate(
        [_row(key, members[key], groups, merged) for key in shown],
        {"count": str(read)},
        len(members),
        read,
        total,
        sure and read >= total,
        None,
        kinds[0].where.understood,
        " ".join(notes) or None,
    )


def _ordered(members: Mapping[_Key, int], groups: Sequence[Group]) -> list[_Key]:
    """Times in their order; within one time, and without, the largest first."""
    times = [at for at, group in enumerate(groups) if group.unit is not None]

    def place(key: _Key) -> tuple[list[str], int, list[str]]:
        return [key[at] or "~" for at in times], -members[key], [part or "~" for part in key]

    return sorted(members, key=place)


def _row(key: _Key, count: int, groups: Sequence[Group], keys: Sequence[Keys]) -> AggregateRow:
    return AggregateRow(
        {group.key_name: part for group, part in zip(groups, key, strict=True)},
        {
            group.key_name: label_of(one.labels, part)
            for group, one, part in zip(groups, keys, key, strict=True)
            if group.unit is None
        },
        {"count": str(count)},
    )


def log(params: Params, now_s: float) -> Steps[Logged]:
    """A note, call, e-mail or meeting on records."""
    kind, text = str(params["kind"]), str(params["text"])
    calendar = yield from portal.calendar(now_s)
    at = _moment(calendar, params.get("at", "now"), "params.at", whole_day=_NOON)
    when, title = _wire(at), str(params.get("title", ""))
    values: dict[str, dict[str, object]] = {
        "note": {"hs_note_body": f"{title}\n{text}" if title else text},
        "call": {"hs_call_title": title or text[:80], "hs_call_body": text, "hs_call_status": "COMPLETED"},
        "email": {
            "hs_email_subject": title or text[:80],
            "hs_email_text": text,
            "hs_email_direction": "EMAIL",
            "hs_email_status": "SENT",
        },
        "meeting": {"hs_meeting_title": title or text[:80], "hs_meeting_body": text, "hs_meeting_start_time": when},
    }
    more = cast("dict[str, object]", params.get("properties", {}))
    return (yield from _written(_ENTITY[kind], params, {**values[kind], "hs_timestamp": when, **more}))


def create_task(params: Params, now_s: float) -> Steps[Logged]:
    """A task, due at nine in the morning where only a day is said."""
    calendar = yield from portal.calendar(now_s)
    due = _moment(calendar, params.get("due", "tomorrow"), "params.due", whole_day=_MORNING)
    values: dict[str, object] = {
        "hs_timestamp": _wire(due),
        "hs_task_subject": params["title"],
        "hs_task_status": "NOT_STARTED",
        "hs_task_type": params.get("type", "TODO"),
    }
    for name, key in (("hs_task_body", "text"), ("hs_task_priority", "priority")):
        if key in params:
            values[name] = params[key]
    return (yield from _written("tasks", params, values))


def _written(entity: str, params: Params, values: dict[str, object]) -> Steps[Logged]:
    """Creates the activity, linked to the records that were named: in one request."""
    linked: dict[str, dict[str, str]] = {}
    for said, names in cast("dict[str, object]", params.get("records", {})).items():
        place = f"params.records.{said}"
        kind = related_type(said)
        if kind is None:
            sentence = f"{said!r} is no type of record. Use one of: {', '.join(RELATED[:6])}."
            near = get_close_matches(said, RELATED[:6], n=1)
            raise name_error(sentence, UNKNOWN, place, said, [Named(one, one) for one in near])
        for name in cast("list[object]", names) if isinstance(names, list) else [names]:
            found = yield from record_meant(kind, {}, name, place)
            linked.setdefault(kind, {})[found.id] = found.label
    owner = None
    if "owner" in params:
        owner = yield from portal.owner(params["owner"], "params.owner")
        values["hubspot_owner_id"] = owner.id
    associations = [{"toObjectType": kind, "toObjectId": one} for kind, ids in linked.items() for one in ids]
    created: Result = yield from ask(
        entity, "create", {"properties": values, **({"associations": associations} if associations else {})}
    )
    record = cast("Record", created)
    return Logged(
        entity,
        record.id,
        str(values["hs_timestamp"]),
        linked,
        owner.label if owner else None,
        owner.id if owner else None,
    )


def _moment(calendar: Calendar, said: object, place: str, *, whole_day: timedelta) -> datetime:
    """The moment that is meant; of a whole day, that long after its begin."""
    span = calendar.span(str(said))
    if span is None or span.start is None:
        raise time_error(calendar, said, place, _TIMES)
    return span.start if span.start == span.end else span.start + whole_day


def _wire(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
