"""Who is in a list, and changes of that.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/lists/guide
"""

from collections.abc import Sequence
from typing import Final

from hubspot_sandbox.calls import Answer, Call, Door, parse_json, texts
from hubspot_sandbox.doors.lists import READ, VERSIONS, WRITE
from hubspot_sandbox.doors.objects import next_page
from hubspot_sandbox.errors import JsonObject, ValidationError
from hubspot_sandbox.instants import format_instant
from hubspot_sandbox.lists import (
    SegmentList,
    add_members,
    all_lists,
    current_members,
    find_list,
    member_rows,
    remove_members,
)
from hubspot_sandbox.numerals import whole_number

PAGE: Final = 100
LARGEST_PAGE: Final = 250
_BY_ID: Final = "record_id"
_BY_TIME: Final = "added_ms, record_id"


def _page(call: Call, order: str) -> Answer:
    segment = find_list(call.portal, call.path["list"])
    limit = call.number("limit", PAGE, at_most=LARGEST_PAGE)
    after = call.place()
    members = member_rows(call.portal, segment)
    rows = call.portal.store.connection.execute(
        f"SELECT record_id, added_ms FROM ({members.text}) ORDER BY {order} LIMIT ? OFFSET ?",  # noqa: S608 - a query of ours
        (*members.parameters, limit + 1, after),
    ).fetchall()
    results = [
        {"recordId": str(record_id), "membershipTimestamp": format_instant(added_ms)}
        for record_id, added_ms in rows[:limit]
    ]
    body: JsonObject = {"results": results}
    if len(rows) > limit:
        body["paging"] = next_page(call, str(after + limit))
    return Answer(200, body)


def list_members(call: Call) -> Answer:
    """One page of members, ascending by id."""
    return _page(call, _BY_ID)


def list_by_join(call: Call) -> Answer:
    """One page of members, the first who came first."""
    return _page(call, _BY_TIME)


def _by_hand(call: Call) -> SegmentList:
    """The list in the path.

    Raises: ValidationError for a dynamic one.
    """
    segment = find_list(call.portal, call.path["list"])
    if segment.is_dynamic:
        # choice: that it is a 400 is known, its text is not.
        raise ValidationError(f"Memberships of list {segment.list_id} cannot be changed: it is DYNAMIC")
    return segment


def _change(call: Call, wanted: Sequence[str], unwanted: Sequence[str]) -> Answer:
    """Put records in and take others out; the answer names those for whom something changed.

    Source: https://developers.hubspot.com/docs/api-reference/latest/crm/lists/memberships/update-list-memberships
    (`recordsIdsAdded` is spelt so there and in HubSpot's clients)
    """
    segment, records = _by_hand(call), call.portal.records
    missing = [
        each
        for each in (*wanted, *unwanted)
        if (number := whole_number(each)) is None or records.find(segment.object_type_id, number) is None
    ]
    present = current_members(call.portal, segment)
    known = [int(each) for each in wanted if each not in missing]
    added = [each for each in dict.fromkeys(known) if each not in present]
    removed = [int(each) for each in dict.fromkeys(unwanted) if each not in missing and int(each) in present]
    add_members(call.portal, segment, added)
    remove_members(call.portal, segment, removed)
    body = {
        "recordIdsRemoved": [str(each) for each in removed],
        "recordsIdsAdded": [str(each) for each in added],
        "recordIdsMissing": missing,
    }
    return Answer(200, body)


def add(call: Call) -> Answer:
    """Put the records of a JSON array in."""
    return _change(call, texts(parse_json(call.body)), ())


def remove(call: Call) -> Answer:
    """Take the records of a JSON array out."""
    return _change(call, (), texts(parse_json(call.body)))


def add_and_remove(call: Call) -> Answer:
    """Both at once."""
    body = call.json()
    return _change(call, texts(body.get("recordIdsToAdd")), texts(body.get("recordIdsToRemove")))


def add_from(call: Call) -> Answer:
    """204; put every member of another list in."""
    segment, source = _by_hand(call), find_list(call.portal, call.path["source"])
    add_members(call.portal, segment, sorted(current_members(call.portal, source)))
    return Answer(204)


def clear(call: Call) -> Answer:
    """204; nobody is in the list any more."""
    segment = _by_hand(call)
    remove_members(call.portal, segment, sorted(current_members(call.portal, segment)))
    return Answer(204)


def list_of_record(call: Call) -> Answer:
    """The lists that a record is in."""
    type_id, record_id = call.object_type().type_id, whole_number(call.path["id"])
    results: list[JsonObject] = []
    for segment in all_lists(call.portal):
        if segment.object_type_id != type_id:
            continue
        members = member_rows(call.portal, segment)
        row = call.portal.store.connection.execute(
            f"SELECT added_ms FROM ({members.text}) WHERE record_id = ?",  # noqa: S608 - a query of ours
            (*members.parameters, record_id or 0),
        ).fetchone()
        if row is not None:
            at = format_instant(row[0])
            body: JsonObject = {"listId": segment.list_id, "listVersion": segment.list_version}
            results.append(body | {"firstAddedTimestamp": at, "lastAddedTimestamp": at})
    return Answer(200, {"results": results})


_MEMBERS: Final = "/crm/lists/{list}/memberships"
DOORS: Final = (
    Door("GET", "/crm/lists/records/{type}/{id}/memberships", list_of_record, READ, versions=VERSIONS),
    Door("GET", _MEMBERS, list_members, READ, versions=VERSIONS),
    Door("GET", f"{_MEMBERS}/join-order", list_by_join, READ, versions=VERSIONS),
    Door("PUT", f"{_MEMBERS}/add", add, WRITE, versions=VERSIONS),
    Door("PUT", f"{_MEMBERS}/remove", remove, WRITE, versions=VERSIONS),
    Door("PUT", f"{_MEMBERS}/add-and-remove", add_and_remove, WRITE, versions=VERSIONS),
    Door("PUT", f"{_MEMBERS}/add-from/{{source}}", add_from, WRITE, versions=VERSIONS),
    Door("DELETE", _MEMBERS, clear, WRITE, versions=VERSIONS),
)
