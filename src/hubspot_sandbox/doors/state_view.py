"""The portal for human eyes, at `/_sandbox`: objects, requests, limits, faults, webhooks, credentials.

Plain HTML without scripts; reading it changes nothing. Credentials are there, folded away.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from html import escape
from typing import Final
from urllib.parse import urlencode

from hubspot_sandbox.calls import Answer, Call, Door
from hubspot_sandbox.clock import VirtualClock
from hubspot_sandbox.data import read_data
from hubspot_sandbox.doors.admin import credentials_of
from hubspot_sandbox.doors.objects import locate
from hubspot_sandbox.faults import KINDS
from hubspot_sandbox.history import wire
from hubspot_sandbox.instants import format_instant
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.records import Record
from hubspot_sandbox.versions import UNVERSIONED

ROOT: Final = "/_sandbox"
_PAGE: Final = 50
_SHOWN_REQUESTS: Final = 50
_SHOWN_DELIVERIES: Final = 10
_SHOWN_LINKS: Final = 20
_COLUMNS: Final = 6
_GUARDS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_HTML: Final = "text/html; charset=utf-8"
_SECTIONS: Final = ("Objects", "Requests", "Limits", "Faults", "Webhooks", "Credentials")
_EXAMPLE: Final = (
    """curl {url}/_sandbox/faults -d '{{"kind": "internal_error", "route": "/crm/objects/*", "times": 3}}'"""
)

# Cells are HTML already; the others are escaped on their way in.
Cell = str


def show_overview(call: Call) -> Answer:
    """Everything on one page."""
    portal = call.portal
    sections = {
        "Objects": _objects(portal),
        "Requests": _requests(portal),
        "Limits": _limits(portal),
        "Faults": _faults(portal, call.base_url),
        "Webhooks": _webhooks(portal),
        "Credentials": _credentials(portal, call.base_url),
    }
    content = "".join(
        f'<section aria-labelledby="{name.lower()}"><h2 id="{name.lower()}">{name}</h2>{html}</section>'
        for name, html in sections.items()
    )
    links = "".join(f'<a href="#{name.lower()}">{name}</a>' for name in _SECTIONS)
    return _page(portal, portal.name, links, content)


def browse(call: Call) -> Answer:
    """The records of a type, a page at a time."""
    portal, object_type = call.portal, call.object_type()
    after = call.place()
    found = portal.records.page(object_type.type_id, after_id=after, limit=_PAGE + 1, archived=False)
    names = object_type.default_properties[:_COLUMNS] or (object_type.primary_display,)
    rows = [
        [_record_link(object_type, record.id), *(_value(record, object_type, name) for name in names)]
        for record in found[:_PAGE]
    ]
    table = _table(f"{object_type.label_plural}", ["id", *map(escape, names)], rows)
    following = ""
    if len(found) > _PAGE:
        query = urlencode({"after": found[_PAGE].id})
        following = f'<p><a href="{_path(object_type)}?{query}">Next {_PAGE}</a></p>'
    count = portal.records.count(object_type.type_id)
    links = f'<a href="{ROOT}">Overview</a><a href="{_path(object_type)}">First page</a>'
    title = f"{object_type.label_plural} ({count:,})"
    return _page(portal, title, links, f"<section>{table}{following}</section>")


def show_record(call: Call) -> Answer:
    """One record with all its values and links."""
    portal, object_type = call.portal, call.object_type()
    record = locate(portal, object_type, call.path["id"])
    rows = [[escape(name), _code(value)] for name, value in sorted(_wired(record, object_type).items())]
    content = f"<section>{_table('Properties', ['property', 'value'], rows, wide=1)}</section>"
    linked: list[list[Cell]] = []
    for other in portal.types:
        targets = portal.associations.targets(record.id, other.type_id, limit=_SHOWN_LINKS)
        if targets:
            linked.append([escape(other.label_plural), ", ".join(_record_link(other, each) for each in targets)])
    content += f'<section><h2 id="links">Links</h2>{_table("Links", ["type", "records"], linked, wide=1)}</section>'
    links = f'<a href="{ROOT}">Overview</a><a href="{_path(object_type)}">{escape(object_type.label_plural)}</a>'
    return _page(portal, f"{object_type.label} {record.id}", links, content)


def _objects(portal: Portal) -> str:
    rows: list[list[Cell]] = []
    empty: list[Cell] = []
    for object_type in portal.types:
        count = portal.records.count(object_type.type_id)
        name = f'<a href="{_path(object_type)}">{escape(object_type.label_plural)}</a>'
        if count:
            rows.append([name, _code(object_type.type_id), f"{count:,}"])
        else:
            empty.append(name)
    table = _table("Objects", ["type", "id", "records"], rows, number=2)
    return f"{table}<p>Without records: {', '.join(empty)}.</p>" if empty else table


def _requests(portal: Portal) -> str:
    rows = [
        [
            format_instant(entry.at_ms)[11:19],
            escape(entry.method),
            _code(f"{entry.path}?{entry.query}" if entry.query else entry.path),
            _status(entry.status),
            escape(entry.auth_kind),
            escape(entry.fault),
        ]
        for entry in reversed(list(portal.log.entries)[-_SHOWN_REQUESTS:])
    ]
    heading = ["time", "method", "path", "status", "credential", "fault"]
    total = f'<p class="empty">{portal.log.total:,} since the start, the newest first.</p>'
    return total + _table("Requests", heading, rows, wide=2)


def _limits(portal: Portal) -> str:
    enforced = "enforced" if portal.limits.enforced else "not enforced"
    quotas = [[_code(name), f"{value:,}"] for name, value in asdict(portal.limits.quotas).items()]
    used = [[escape(name), f"{value:,}"] for name, value in portal.limits.usage().items()]
    lag = portal.behaviour.index_lag
    delay = f"after {lag.low_s:g} to {lag.high_s:g} s" if lag.high_s else "at once"
    return (
        f'<p class="empty">Quotas are {enforced}. Search shows writes {delay}.</p>'
        f'<div class="columns"><div>{_table("Quotas", ["quota", "allowed"], quotas, number=1)}</div>'
        f"<div>{_table('Used', ['window', 'used'], used, number=1)}</div></div>"
    )


def _faults(portal: Portal, url: str) -> str:
    rows = [
        [
            escape(active.id),
            _code(active.fault.kind),
            escape(active.fault.method),
            _code(active.fault.route),
            "after" if active.fault.applied else "before",
            f"{active.fired} of {active.fault.times or 'all'}",
        ]
        for active in portal.faults.all()
    ]
    kinds = ", ".join(_code(kind) for kind in KINDS)
    table = _table("Faults", ["id", "kind", "method", "route", "change", "fired"], rows)
    how = f"<pre><code>{escape(_EXAMPLE.format(url=url))}</code></pre><p>{kinds}</p>"
    return f"{table}<details><summary>Inject one</summary>{how}</details>"


def _webhooks(portal: Portal) -> str:
    webhooks = portal.webhooks
    if webhooks.target is None:
        return '<p class="empty">Nobody is told of changes.</p>'
    rows = [
        [format_instant(each.at_ms)[11:19], f"{each.events}", f"{each.attempt}", _status(each.status)]
        for each in reversed(list(webhooks.deliveries)[-_SHOWN_DELIVERIES:])
    ]
    facts = f"{_code(webhooks.target.url)}: {webhooks.queued} waiting, {webhooks.lost} lost."
    return f"<p>{facts}</p>{_table('Deliveries', ['time', 'events', 'attempt', 'status'], rows)}"


def _credentials(portal: Portal, url: str) -> str:
    facts = credentials_of(portal, url)
    shown = {name: str(value) for name, value in facts.items() if isinstance(value, str | int)}
    items = "".join(f"<dt>{escape(name)}</dt><dd>{_code(value)}</dd>" for name, value in shown.items())
    return f"<details><summary>Show the credentials</summary><dl>{items}</dl></details>"


def _page(portal: Portal, title: str, links: str, content: str) -> Answer:
    now = format_instant(portal.clock.now_ms())
    kind = "virtual clock" if isinstance(portal.clock, VirtualClock) else "machine's clock"
    origin = f"portal {portal.origin.portal}, seed {portal.origin.seed}, hub {portal.hub_id}; {now} ({kind})"
    text = read_data("state.html")
    # The content last: what it holds is never taken for a place to fill.
    for name, html in (("title", escape(title)), ("subtitle", escape(origin)), ("links", links), ("content", content)):
        text = text.replace(f"{{{name}}}", html)
    return Answer(200, text, content_type=_HTML, headers=_GUARDS)


def _table(
    caption: str, heading: Sequence[str], rows: Iterable[Sequence[Cell]], *, number: int = -1, wide: int = -1
) -> str:
    classes = {number: ' class="number"', wide: ' class="wide"', -1: ""}
    head = "".join(f'<th scope="col"{classes.get(at, "")}>{name}</th>' for at, name in enumerate(heading))
    body = "".join(
        "<tr>" + "".join(f"<td{classes.get(at, '')}>{cell}</td>" for at, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    if not body:
        return '<p class="empty">None.</p>'
    label = f'role="region" aria-label="{escape(caption)}" tabindex="0"'
    return f'<div class="scroll" {label}><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _status(status: int) -> Cell:
    if not status:
        return '<span class="bad">no answer</span>'
    kind = "good" if status < 400 else "warn" if status < 500 else "bad"  # noqa: PLR2004 - HTTP statuses
    return f'<span class="{kind}">{status}</span>'


def _wired(record: Record, object_type: ObjectType) -> dict[str, str]:
    return {name: wire(value) or "" for name, value in record.values(object_type).items()}


def _value(record: Record, object_type: ObjectType, name: str) -> Cell:
    return escape(_wired(record, object_type).get(name, ""))


def _code(text: str) -> Cell:
    return f"<code>{escape(text)}</code>"


def _path(object_type: ObjectType) -> str:
    return f"{ROOT}/objects/{escape(object_type.type_id)}"


def _record_link(object_type: ObjectType, record_id: int) -> Cell:
    return f'<a href="{_path(object_type)}/{record_id}">{record_id}</a>'


DOORS: Final = (
    Door("GET", ROOT, show_overview, versions=UNVERSIONED),
    Door("GET", f"{ROOT}/objects/{{type}}", browse, versions=UNVERSIONED),
    Door("GET", f"{ROOT}/objects/{{type}}/{{id}}", show_record, versions=UNVERSIONED),
)
