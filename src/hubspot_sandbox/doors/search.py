"""Search over one object type.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm
"""

from typing import Final

from hubspot_sandbox.calls import Answer, Call, Door
from hubspot_sandbox.doors.access import reads_records
from hubspot_sandbox.limits import Budget
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.records import record_of
from hubspot_sandbox.rendering import render, view
from hubspot_sandbox.search_indexes import make_indexes
from hubspot_sandbox.search_request import REACHABLE, read_search
from hubspot_sandbox.search_sql import Compiler


def search(call: Call) -> Answer:
    """One page of the records that match, as the index shows them."""
    portal, object_type = call.portal, call.object_type()
    request = read_search(call.body)
    compiler = Compiler(portal, object_type)
    where, order = compiler.where(request), compiler.order(request)
    make_indexes(portal.store, object_type.type_id, compiler.compared(request))
    source = _source(portal, object_type.type_id)
    condition = f"FROM {source} WHERE type = '{object_type.type_id}' AND archived = 0 AND ({where.text})"
    sql = portal.store.connection
    total = int(sql.execute(f"SELECT count(*) {condition}", where.parameters).fetchone()[0])
    rows = sql.execute(
        f"SELECT id, type, created_ms, updated_ms, NULL, properties {condition} ORDER BY {order} LIMIT ? OFFSET ?",
        (*where.parameters, request.limit, request.after),
    ).fetchall()
    wanted = view(portal, object_type, request.properties)
    results = [render(portal, object_type, record_of(row), wanted) for row in rows]
    body: dict[str, object] = {"total": total, "results": results}
    following = request.after + request.limit
    if following < min(total, REACHABLE + 1):
        body["paging"] = {"next": {"after": str(following)}}
    return Answer(200, body)


def _source(portal: Portal, type_id: str) -> str:
    """The records as the search index shows them: fresh writes are replaced by what was there before."""
    sql = portal.store.connection
    sql.execute("DELETE FROM stale WHERE shown_until_ms <= ?", (portal.clock.now_ms(),))
    if sql.execute("SELECT 1 FROM stale WHERE type = ? LIMIT 1", (type_id,)).fetchone() is None:
        return "record"
    return (
        f"(SELECT id, type, archived, created_ms, updated_ms, properties FROM record WHERE type = '{type_id}' "  # noqa: S608 - a type id of ours
        "AND id NOT IN (SELECT id FROM stale) "
        "UNION ALL SELECT id, type, 0, created_ms, updated_ms, properties FROM stale WHERE properties IS NOT NULL)"
    )


DOORS: Final = (Door("POST", "/crm/objects/{type}/search", search, reads_records, budget=Budget.SEARCH),)
