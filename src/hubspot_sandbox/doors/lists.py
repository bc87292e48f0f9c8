"""Lists ("segments"): create, read, rename, filter, search, delete, restore.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/lists/guide
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import UNSET

from hubspot_sandbox.calls import Answer, Call, Door, mapping, read_json
from hubspot_sandbox.doors.access import all_of, any_of
from hubspot_sandbox.errors import JsonObject, NotFoundError, ValidationError
from hubspot_sandbox.instants import format_instant
from hubspot_sandbox.lists import (
    PROCESSING_TYPES,
    NewList,
    SegmentList,
    all_lists,
    check_name,
    count_members,
    create_list,
    delete_list,
    find_list,
    put_list,
    restore_list,
    with_filters,
)
from hubspot_sandbox.numerals import whole_number
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.versions import DATED

PAGE: Final = 20
LARGEST_PAGE: Final = 500
VERSIONS: Final = frozenset({"v3"}) | DATED
READ: Final = any_of("crm.lists.read")
WRITE: Final = all_of("crm.lists.read", "crm.lists.write")


class _Search(msgspec.Struct, frozen=True, rename="camel"):
    query: str = ""
    offset: int = 0
    count: int = PAGE
    after: str = ""
    processing_types: tuple[str, ...] = ()
    additional_properties: tuple[str, ...] = ()
    list_ids: tuple[str, ...] = ()
    object_type_id: str = ""


def shown(segment: SegmentList, *, with_filters: bool, status: str = "COMPLETE") -> SegmentList:
    """A list as it is answered."""
    branch = segment.filter_branch if with_filters else UNSET
    return msgspec.structs.replace(segment, filter_branch=branch, processing_status=status)


def _fresh(segment: SegmentList) -> SegmentList:
    """A list whose conditions just changed: HubSpot says that it is still at work.

    # choice: at the next read it is done.
    """
    manual = segment.processing_type == "MANUAL"
    return shown(segment, with_filters=True, status="COMPLETE" if manual else "PROCESSING")


def create(call: Call) -> Answer:
    """A new list."""
    made = create_list(call.portal, read_json(call.body, NewList), call.user_id)
    return Answer(200, {"list": _fresh(made)})


def read_many(call: Call) -> Answer:
    """The lists of the ids in the query; ids nobody has are left out."""
    wanted = set(call.names("listIds"))
    found = [each for each in all_lists(call.portal) if each.list_id in wanted]
    return Answer(200, {"lists": [shown(each, with_filters=call.flag("includeFilters")) for each in found]})


def read(call: Call) -> Answer:
    """One list by id."""
    segment = find_list(call.portal, call.path["list"])
    return Answer(200, {"list": shown(segment, with_filters=call.flag("includeFilters"))})


def read_by_name(call: Call) -> Answer:
    """One list by its name, in any letter case."""
    type_id, name = call.object_type().type_id, call.path["name"].casefold()
    for segment in all_lists(call.portal):
        if segment.object_type_id == type_id and segment.name.casefold() == name:
            return Answer(200, {"list": shown(segment, with_filters=call.flag("includeFilters"))})
    # choice: the text for a name nobody gave is not documented.
    raise NotFoundError(f"List does not exist with name {call.path['name']}.", category="OBJECT_NOT_FOUND")


def rename(call: Call) -> Answer:
    """A list with another name, which the query gives."""
    segment, name = find_list(call.portal, call.path["list"]), call.text("listName")
    if not name:
        # choice: the text for a missing name is not documented.
        raise ValidationError("listName is required")
    if name.casefold() != segment.name.casefold():
        check_name(call.portal, segment.object_type_id, name)
    changed = _touched(call, segment, name)
    put_list(call.portal, changed)
    return Answer(200, {"updatedList": shown(changed, with_filters=call.flag("includeFilters"))})


def _touched(call: Call, segment: SegmentList, name: str) -> SegmentList:
    return msgspec.structs.replace(
        segment,
        name=name,
        list_version=segment.list_version + 1,
        updated_at=format_instant(call.portal.clock.now_ms()),
        updated_by_id=str(call.user_id),
    )


def change_filters(call: Call) -> Answer:
    """A dynamic list with other conditions."""
    segment = find_list(call.portal, call.path["list"])
    if not segment.is_dynamic:
        # choice: the text for conditions of a list that has none is not documented.
        raise ValidationError(f"Filters of {segment.processing_type} lists cannot be updated")
    changed = with_filters(call.portal, segment, mapping(call.json().get("filterBranch")))
    changed = _touched(call, changed, changed.name)
    put_list(call.portal, changed)
    return Answer(200, {"updatedList": _fresh(changed)})


def delete(call: Call) -> Answer:
    """204."""
    delete_list(call.portal, find_list(call.portal, call.path["list"]))
    return Answer(204)


def restore(call: Call) -> Answer:
    """204; the list is back."""
    restore_list(call.portal, call.path["list"])
    return Answer(204)


def _matches(portal: Portal, wanted: _Search) -> list[SegmentList]:
    type_id = portal.types.find(wanted.object_type_id).type_id if wanted.object_type_id else ""
    return [
        each
        for each in all_lists(portal)
        if wanted.query.casefold() in each.name.casefold()
        and (not wanted.processing_types or each.processing_type in wanted.processing_types)
        and (not wanted.list_ids or each.list_id in wanted.list_ids)
        and type_id in {"", each.object_type_id}
    ]


def _found(portal: Portal, segments: Sequence[SegmentList]) -> list[JsonObject]:
    """Lists in a search: without conditions, with the facts that every search gives."""
    return [
        {
            **msgspec.to_builtins(shown(each, with_filters=False)),
            "additionalProperties": {
                "hs_list_size": str(count_members(portal, each)),
                "hs_list_reference_count": "0",
            },
        }
        for each in segments
    ]


def search(call: Call) -> Answer:
    """Lists by a part of their name; pages by offset."""
    wanted = read_json(call.body, _Search)
    if not 1 <= wanted.count <= LARGEST_PAGE or wanted.offset < 0:
        # choice: the text for a page out of range is not documented.
        raise ValidationError(f"count must be between 1 and {LARGEST_PAGE}, got {wanted.count}")
    matches = _matches(call.portal, wanted)
    page = matches[wanted.offset : wanted.offset + wanted.count]
    following = wanted.offset + len(page)
    body: JsonObject = {
        "offset": following,
        "hasMore": following < len(matches),
        "lists": _found(call.portal, page),
        "total": len(matches),
    }
    return Answer(200, body)


def list_all(call: Call) -> Answer:
    """Every list, by cursor.

    # choice: the shape of a page is that of other cursors.
    """
    wanted = read_json(call.body or b"{}", _Search)
    unknown = [each for each in wanted.processing_types if each not in PROCESSING_TYPES]
    if unknown:
        raise _refusal("INVALID_PROCESSING_TYPE", f"Invalid processing type: {unknown[0]}")
    after = whole_number(wanted.after or "0")
    if after is None:
        raise _refusal("INVALID_CURSOR", f"Invalid cursor: {wanted.after}")
    count = min(max(wanted.count, 1), LARGEST_PAGE)
    matches = [each for each in _matches(call.portal, wanted) if int(each.list_id) > after]
    page = matches[:count]
    body: JsonObject = {"results": _found(call.portal, page)}
    if len(matches) > count:
        body["paging"] = {"next": {"after": page[-1].list_id}}
    return Answer(200, body)


def _refusal(code: str, message: str) -> ValidationError:
    return ValidationError(message, errors=[{"message": message, "code": code}])


_ALL: Final = "/crm/lists"
_ONE: Final = f"{_ALL}/{{list}}"
DOORS: Final = (
    Door("POST", _ALL, create, any_of("crm.lists.write"), versions=VERSIONS),
    Door("GET", _ALL, read_many, READ, versions=VERSIONS),
    Door("POST", f"{_ALL}/search", search, READ, versions=VERSIONS),
    Door("POST", f"{_ALL}/all", list_all, READ, versions=frozenset({"2026-09"})),
    Door("GET", f"{_ALL}/object-type-id/{{type}}/name/{{name}}", read_by_name, READ, versions=VERSIONS),
    Door("GET", _ONE, read, READ, versions=VERSIONS),
    Door("DELETE", _ONE, delete, WRITE, versions=VERSIONS),
    Door("PUT", f"{_ONE}/restore", restore, WRITE, versions=VERSIONS),
    Door("PUT", f"{_ONE}/update-list-name", rename, WRITE, versions=VERSIONS),
    Door("PUT", f"{_ONE}/update-list-filters", change_filters, WRITE, versions=VERSIONS),
)
