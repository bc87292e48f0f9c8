"""Lists ("segments"): named sets of records, filled by hand or by conditions.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/lists/guide
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from hubspot_sandbox.errors import JsonObject, NotFoundError, ValidationError
from hubspot_sandbox.instants import format_instant, parse_instant
from hubspot_sandbox.list_filters import check_root, compile_branch, completed_branch
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.search_sql import Sql

DYNAMIC: Final = "DYNAMIC"
PROCESSING_TYPES: Final = frozenset({"MANUAL", DYNAMIC, "SNAPSHOT"})
_DAYS_TO_RESTORE: Final = 90
_KIND: Final = "list"


class NewList(msgspec.Struct, frozen=True, rename="camel"):
    """A list as clients ask for it."""

    name: str
    object_type_id: str
    processing_type: str
    filter_branch: JsonObject | None = None


class SegmentList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A list; `filter_branch` is answered only where it is asked for."""

    list_id: str
    list_version: int = 1
    name: str
    object_type_id: str
    processing_type: str
    processing_status: str = "COMPLETE"
    created_at: str
    created_by_id: str
    updated_at: str
    updated_by_id: str
    filters_updated_at: str | UnsetType = UNSET
    deleted_at: str | UnsetType = UNSET
    filter_branch: JsonObject | UnsetType = UNSET

    @property
    def is_dynamic(self) -> bool:
        """Whether conditions alone decide who is in it."""
        return self.processing_type == DYNAMIC


def all_lists(portal: Portal) -> list[SegmentList]:
    """The lists that are not deleted, by id."""
    found = (each for each in portal.store.all(_KIND, SegmentList) if each.deleted_at is UNSET)
    return sorted(found, key=lambda each: int(each.list_id))


def find_list(portal: Portal, list_id: str, *, deleted: bool = False) -> SegmentList:
    """A list by its id.

    Raises: NotFoundError.
    """
    found = portal.store.find(_KIND, list_id, SegmentList)
    if found is None or (found.deleted_at is not UNSET) != deleted:
        # choice: the text for a list nobody has is not documented.
        raise NotFoundError(f"List does not exist with ID {list_id}.", category="OBJECT_NOT_FOUND")
    return found


def put_list(portal: Portal, segment: SegmentList) -> None:
    """Write a list over any earlier one of its id."""
    portal.store.put(_KIND, segment.list_id, segment)


def create_list(portal: Portal, wanted: NewList, user_id: int) -> SegmentList:
    """A new list; a SNAPSHOT is filled from its conditions once.

    Raises: ValidationError.
    """
    object_type = portal.types.find(wanted.object_type_id)
    if wanted.processing_type not in PROCESSING_TYPES:
        # choice: the text for an unknown kind of list is not documented.
        raise ValidationError(f"Invalid processingType: {wanted.processing_type}")
    check_name(portal, object_type.type_id, wanted.name)
    if (wanted.processing_type == DYNAMIC) and wanted.filter_branch is None:
        # choice: the text for a dynamic list without conditions is not documented.
        raise ValidationError("A filterBranch is required for DYNAMIC lists")
    now_at = format_instant(portal.clock.now_ms())
    segment = SegmentList(
        list_id=str(portal.store.next_serial("list")),
        name=wanted.name,
        object_type_id=object_type.type_id,
        processing_type=wanted.processing_type,
        created_at=now_at,
        created_by_id=str(user_id),
        updated_at=now_at,
        updated_by_id=str(user_id),
    )
    if wanted.filter_branch is not None and wanted.processing_type != "MANUAL":
        segment = with_filters(portal, segment, wanted.filter_branch)
    put_list(portal, segment)
    if wanted.processing_type == "SNAPSHOT" and wanted.filter_branch is not None:
        add_members(portal, segment, _ids(portal, _matching(portal, segment)))
    return segment


def check_name(portal: Portal, type_id: str, name: str) -> None:
    """Raises ValidationError if another list of the type has the name."""
    if any(each.object_type_id == type_id and each.name.casefold() == name.casefold() for each in all_lists(portal)):
        # choice: the text for a list name that is taken is not documented.
        raise ValidationError(f"A list with name '{name}' already exists for object type {type_id}")


def with_filters(portal: Portal, segment: SegmentList, branch: JsonObject) -> SegmentList:
    """The list with other conditions; nothing is kept yet.

    Raises: ValidationError.
    """
    check_root(branch)
    now_at = format_instant(portal.clock.now_ms())
    changed = msgspec.structs.replace(segment, filter_branch=completed_branch(branch), filters_updated_at=now_at)
    _matching(portal, changed)
    return changed


def delete_list(portal: Portal, segment: SegmentList) -> None:
    """Delete a list; it can be restored for 90 days."""
    put_list(portal, msgspec.structs.replace(segment, deleted_at=format_instant(portal.clock.now_ms())))


def restore_list(portal: Portal, list_id: str) -> None:
    """Bring a deleted list back.

    Raises: NotFoundError if it was not deleted, or more than 90 days ago.
    """
    segment = find_list(portal, list_id, deleted=True)
    deleted_ms = parse_instant(str(segment.deleted_at)) or 0
    if portal.clock.now_ms() - deleted_ms > _DAYS_TO_RESTORE * 86_400_000:
        raise NotFoundError(f"List does not exist with ID {list_id}.", category="OBJECT_NOT_FOUND")
    put_list(portal, msgspec.structs.replace(segment, deleted_at=UNSET))


def _matching(portal: Portal, segment: SegmentList) -> Sql:
    """The ids that meet the conditions."""
    object_type = portal.types.by_id(segment.object_type_id)
    branch = segment.filter_branch if isinstance(segment.filter_branch, dict) else {}
    condition = compile_branch(portal, object_type, branch, lambda list_id: _ids_of_list(portal, list_id))
    return Sql(
        f"SELECT id FROM record WHERE type = ? AND archived = 0 AND ({condition.text})",  # noqa: S608 - a condition of ours
        (object_type.type_id, *condition.parameters),
    )


def _ids_of_list(portal: Portal, list_id: str) -> Sql:
    members = member_rows(portal, find_list(portal, list_id))
    return Sql(f"SELECT record_id FROM ({members.text})", members.parameters)  # noqa: S608 - a query of ours


def _ids(portal: Portal, query: Sql) -> list[int]:
    return [int(row[0]) for row in portal.store.connection.execute(query.text, query.parameters)]


def member_rows(portal: Portal, segment: SegmentList) -> Sql:
    """The members as rows of `record_id` and `added_ms`.

    # choice: who is in a dynamic list is decided when it is read, and dated by the record's creation or, if later,
    the last change of the conditions.
    """
    if not segment.is_dynamic:
        return Sql(
            "SELECT record_id, added_ms FROM member JOIN record ON record.id = record_id AND record.archived = 0 "
            "WHERE list_id = ?",
            (int(segment.list_id),),
        )
    matching = _matching(portal, segment)
    since_ms = parse_instant(str(segment.filters_updated_at)) or 0
    return Sql(
        f"SELECT id AS record_id, max(created_ms, ?) AS added_ms FROM record WHERE id IN ({matching.text})",  # noqa: S608 - a query of ours
        (since_ms, *matching.parameters),
    )


def count_members(portal: Portal, segment: SegmentList) -> int:
    """How many records are in a list."""
    members = member_rows(portal, segment)
    query = f"SELECT count(*) FROM ({members.text})"  # noqa: S608 - a query of ours
    return int(portal.store.connection.execute(query, members.parameters).fetchone()[0])


def add_members(portal: Portal, segment: SegmentList, ids: Iterable[int]) -> None:
    """Put records into a list that people fill by hand."""
    now_ms = portal.clock.now_ms()
    rows = [(int(segment.list_id), record_id, now_ms) for record_id in ids]
    portal.store.connection.executemany("INSERT OR IGNORE INTO member VALUES (?, ?, ?)", rows)


def remove_members(portal: Portal, segment: SegmentList, ids: Sequence[int]) -> None:
    """Take records out of a list that people fill by hand."""
    rows = [(int(segment.list_id), record_id) for record_id in ids]
    portal.store.connection.executemany("DELETE FROM member WHERE list_id = ? AND record_id = ?", rows)


def current_members(portal: Portal, segment: SegmentList) -> set[int]:
    """The ids of all members."""
    members = member_rows(portal, segment)
    return {int(row[0]) for row in portal.store.connection.execute(members.text, members.parameters)}
