"""`overview`: a record with what surrounds it, in as few requests as there are kinds of things around it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

from ..._composition import SubCall, ask
from ..._lexicon import portal
from ...errors import ConnectorError, PermissionDeniedError, ReauthorizationRequiredError
from ...models.answers import Activity, Overview, RelatedRecord
from ..object_types import entity_of_type
from .setting import record_meant, setting
from .words import ACTIVITIES, SHOWN, TITLE, title_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..._composition import Steps
    from ..._shape import Params
    from ...models import BatchResult, Owner, Record
    from .setting import Setting

_AROUND: Final = ("contacts", "companies", "deals", "tickets")
_SHOWN: Final = 10
_INLINE: Final = 100
"""Associated ids that HubSpot gives with a record at most."""
_TEXT: Final[Mapping[str, tuple[str, str, str]]] = {
    "notes": ("", "hs_note_body", ""),
    "calls": ("hs_call_title", "hs_call_body", "hs_call_status"),
    "emails": ("hs_email_subject", "hs_email_text", "hs_email_status"),
    "meetings": ("hs_meeting_title", "hs_meeting_body", "hs_meeting_outcome"),
    "tasks": ("hs_task_subject", "hs_task_body", "hs_task_status"),
}
"""Kind -> the properties that hold an activity's title, text and status."""
_LONGEST_TEXT: Final = 500
_OWNER: Final = "hubspot_owner_id"


def overview(entity: str, params: Params, now_s: float) -> Steps[Overview]:
    """The record, its labels, what it is linked to, and its newest activities."""
    of = yield from setting(entity, params, now_s)
    meant = yield from record_meant(of.entity, of.kind, params["record"], "params.record")
    record, links, hidden = yield from _read(of, meant.id)
    related, not_read = yield from _related(of, links, cast("int", params.get("related", _SHOWN)))
    activities, unread = yield from newest_activities(links, cast("int", params.get("activities", _SHOWN)))
    labels = yield from of.labels([record], list(record.properties))
    shown: dict[str, str | None] = {name: value for name, value in record.properties.items() if value not in {None, ""}}
    name = title_of(of.entity, record.properties) or record.id
    return Overview(
        of.entity,
        replace(record, properties=shown, associations=None),
        name,
        {key: next(iter(said.values())) for key, said in labels.items()},
        related,
        {kind: _count(ids) for kind, ids in links.items()},
        activities,
        [*hidden, *not_read, *unread],
    )


def _read(of: Setting, record_id: str) -> Steps[tuple[Record, dict[str, list[str]], list[str]]]:
    """The record, the ids that it is linked to, and the types whose links the caller may not see."""
    kinds = [*_AROUND, *ACTIVITIES]
    get = {**of.kind, "record_id": record_id, "properties": _wanted(of)}
    [outcome] = yield [SubCall(of.entity, "get", {**get, "associations": kinds})]
    if not isinstance(outcome, ConnectorError):
        record = cast("Record", outcome)
        return record, _links(record), []
    if not _is_denied(outcome):
        raise outcome
    record = cast("Record", (yield from ask(of.entity, "get", get)))
    outcomes = yield [SubCall(of.entity, "get", {**get, "associations": [kind]}) for kind in kinds]
    links: dict[str, list[str]] = {}
    hidden: list[str] = []
    for kind, each in zip(kinds, outcomes, strict=True):
        if not isinstance(each, ConnectorError):
            links.update(_links(cast("Record", each)))
        elif _is_denied(each):
            hidden.append(kind)
        else:
            raise each
    return record, links, hidden


def _is_denied(error: ConnectorError) -> bool:
    """Whether the caller may not see this, though perhaps other things."""
    return isinstance(error, PermissionDeniedError) and not isinstance(error, ReauthorizationRequiredError)


def _wanted(of: Setting) -> list[str]:
    """The properties worth reading: what the portal shows, and what it defined itself."""
    usual = dict.fromkeys((*TITLE.get(of.entity, ()), *SHOWN.get(of.entity, ())))
    more = [name for name in of.definitions if not name.startswith("hs_")]
    return [name for name in dict.fromkeys([*usual, *more]) if name in of.definitions]


def _links(record: Record) -> dict[str, list[str]]:
    """Linked ids by entity; a primary link comes twice from HubSpot."""
    return {
        entity_of_type(kind.replace(" ", "_")): list(dict.fromkeys(one.id for one in links.results))
        for kind, links in (record.associations or {}).items()
    }


def _count(ids: Sequence[str]) -> str:
    return f"{len(ids)}+" if len(ids) >= _INLINE else str(len(ids))


def _related(
    of: Setting, links: Mapping[str, Sequence[str]], most: int
) -> Steps[tuple[dict[str, list[RelatedRecord]], list[str]]]:
    kinds = [kind for kind in _AROUND if links.get(kind)]
    found, not_read = yield from _read_of_each({kind: links[kind][:most] for kind in kinds}, SHOWN)
    related: dict[str, list[RelatedRecord]] = {}
    for kind, records in found.items():
        other = yield from setting(kind, {}, of.now_s)
        names = [name for name in SHOWN[kind] if name not in TITLE[kind]]
        labels = yield from other.labels(records, names)
        related[kind] = [
            RelatedRecord(
                record.id,
                title_of(kind, record.properties) or record.id,
                {
                    name: labels.get(name, {}).get(value, value)
                    for name in names
                    if (value := record.properties.get(name))
                },
            )
            for record in records
        ]
    return related, not_read


def newest_activities(links: Mapping[str, Sequence[str]], most: int) -> Steps[tuple[list[Activity], list[str]]]:
    """The newest of the activities with these ids."""
    if most == 0:
        return [], []
    wanted = {kind: links[kind] for kind in ACTIVITIES if links.get(kind)}
    properties = {kind: activity_properties(kind) for kind in wanted}
    found, not_read = yield from _read_of_each(wanted, properties)
    records = [(kind, record) for kind, some in found.items() for record in some]
    newest = sorted(records, key=lambda one: one[1].properties.get("hs_timestamp") or "", reverse=True)[:most]
    return (yield from described(newest)), not_read


def activity_properties(kind: str) -> tuple[str, ...]:
    """The properties that describe an activity."""
    return tuple(name for name in (*_TEXT[kind], "hs_timestamp", _OWNER) if name)


def described(records: Sequence[tuple[str, Record]]) -> Steps[list[Activity]]:
    """Activities in short, with the names of their owners."""
    owned = any(record.properties.get(_OWNER) for _, record in records)
    owners: list[Owner] | None = (yield from portal.maybe(portal.owners())) if owned else None
    names = portal.owner_names(owners or [])
    return [_activity(kind, record, names.label(record.properties.get(_OWNER) or "")) for kind, record in records]


def _activity(kind: str, record: Record, owner: str | None) -> Activity:
    title, text, status = (record.properties.get(name) if name else None for name in _TEXT[kind])
    if text and len(text) > _LONGEST_TEXT:
        text = f"{text[:_LONGEST_TEXT]}... [{len(text) - _LONGEST_TEXT} more characters: {kind}.get]"
    at, owner_id = record.properties.get("hs_timestamp"), record.properties.get(_OWNER)
    return Activity(kind, record.id, at, title or None, text or None, status or None, owner, owner_id or None)


def _read_of_each(
    wanted: Mapping[str, Sequence[str]], properties: Mapping[str, Sequence[str]]
) -> Steps[tuple[dict[str, list[Record]], list[str]]]:
    """The records of each kind, read at once; kinds that the caller may not read are named instead."""
    kinds = [kind for kind, ids in wanted.items() if ids]
    calls = [
        SubCall(
            kind,
            "batch_get",
            {"ids": list(wanted[kind])[:_INLINE], "properties": [*TITLE[kind], *properties[kind]]},
        )
        for kind in kinds
    ]
    found: dict[str, list[Record]] = {}
    not_read: list[str] = []
    if not calls:
        return found, not_read
    outcomes = yield calls
    for kind, outcome in zip(kinds, outcomes, strict=True):
        if not isinstance(outcome, ConnectorError):
            found[kind] = cast("BatchResult[Record]", outcome).records
        elif _is_denied(outcome):
            not_read.append(kind)
        else:
            raise outcome
    return found, not_read
