"""Records as HubSpot writes them: text values, alphabetic property keys, null for what is empty.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/using-object-apis
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from hubspot_sandbox.errors import JsonObject
from hubspot_sandbox.history import CONTACT_DEPTH, DEPTH
from hubspot_sandbox.instants import format_instant
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.records import Record

UI: Final = "https://app.hubspot.com"
INLINE_LINKS: Final = 100
_CONTACTS: Final = "0-1"
_TASKS: Final = "0-27"
_ACTIVITIES: Final = frozenset({"0-18", "0-46", "0-47", "0-48", "0-49"})


@dataclass(frozen=True, slots=True)
class View:
    """What of a record is wanted. `names` are sorted and all of them defined."""

    names: Sequence[str]
    with_history: Sequence[str] = ()
    linked: Sequence[ObjectType] = ()


def view(
    portal: Portal,
    object_type: ObjectType,
    names: Sequence[str],
    with_history: Sequence[str] = (),
    linked: Sequence[ObjectType] = (),
) -> View:
    """The view of a request: without names the defaults, unknown names left out.

    # choice: a request for history alone still shows the default properties.
    """
    definitions = portal.definitions(object_type)
    wanted = {name for name in names if name in definitions} if names else set(object_type.default_properties)
    history = [name for name in dict.fromkeys(with_history) if name in definitions]
    return View(sorted({*wanted, *history, *object_type.base_properties}), history, linked)


def written_view(object_type: ObjectType, names: frozenset[str]) -> View:
    """The view a write answers with: what was set or recomputed, and the record's basics."""
    return View(sorted(names | set(object_type.base_properties)))


def render(portal: Portal, object_type: ObjectType, record: Record, wanted: View) -> JsonObject:
    """The JSON of a record, keys in HubSpot's order."""
    values = record.values(object_type)
    properties: dict[str, str | None] = {}
    for name in wanted.names:
        value = values.get(name)
        properties[name] = format_instant(value) if isinstance(value, int) else value
    body: JsonObject = {"id": str(record.id), "properties": properties}
    if wanted.with_history:
        depth = CONTACT_DEPTH if record.type_id == _CONTACTS else DEPTH
        body["propertiesWithHistory"] = {
            name: portal.history.versions(record, name, depth) for name in sorted(wanted.with_history)
        }
    body["createdAt"] = format_instant(record.created_ms)
    body["updatedAt"] = format_instant(record.updated_ms)
    body["archived"] = record.archived_ms is not None
    if record.archived_ms is not None:
        body["archivedAt"] = format_instant(record.archived_ms)
    linked = _render_links(portal, record, wanted.linked)
    if linked:
        body["associations"] = linked
    body["url"] = record_url(portal.hub_id, record)
    return body


def record_url(hub_id: int, record: Record) -> str:
    """Where people see the record in HubSpot's own interface."""
    if record.type_id == _TASKS:
        return f"{UI}/tasks/{hub_id}/view/all/task/{record.id}"
    if record.type_id in _ACTIVITIES:
        condition = {"property": "hs_object_id", "operator": "EQ", "value": str(record.id)}
        filters = quote(json.dumps([condition], separators=(",", ":")), safe="")
        return f"{UI}/contacts/{hub_id}/objects/{record.type_id}/views/all/list?filters={filters}"
    return f"{UI}/contacts/{hub_id}/record/{record.type_id}/{record.id}"


def _render_links(portal: Portal, record: Record, linked: Sequence[ObjectType]) -> JsonObject:
    """The links by type name: one row per association type, so a primary company shows twice."""
    found: JsonObject = {}
    kinds = portal.associations.kinds
    for wanted in linked:
        to_type = wanted.type_id
        links = portal.associations.links(record.id, to_type, limit=INLINE_LINKS + 1)
        rows: list[JsonObject] = []
        for link in links[:INLINE_LINKS]:
            kind = kinds.find(record.type_id, to_type, link.category, link.type_id)
            if kind is not None:
                rows.append({"id": str(link.to_id), "type": kinds.wire_name(kind)})
        if not rows:
            continue
        section: JsonObject = {"results": rows}
        if len(links) > INLINE_LINKS:
            section["paging"] = {"next": {"after": str(links[INLINE_LINKS].to_id)}}
        name = wanted.fully_qualified_name(portal.hub_id) if wanted.is_custom else wanted.plural
        found[name] = section
    return found
