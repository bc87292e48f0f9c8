"""Owners, teams and lists.

Source: https://developers.hubspot.com/docs/api-reference
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, cast

import msgspec

from .. import models as m
from .._operation import Operation
from .._shape import ConvertedPageShape, ConvertedShape, ItemShape, PageShape
from ..errors import FieldError, InvalidParamsError, RecordNotFoundError
from ..params import people as p
from ._paths import delete, get, path, send

if TYPE_CHECKING:
    from .._shape import Params
    from .._wire import HttpRequest

_OWNER_GUIDE: Final = "https://developers.hubspot.com/docs/api-reference/crm-crm-owners-v3/guide"
_USER_GUIDE: Final = "https://developers.hubspot.com/docs/api-reference/settings-user-provisioning-v3/guide"
_LIST_GUIDE: Final = "https://developers.hubspot.com/docs/api-reference/crm-lists-v3/guide"
_FIRST_PAGE_LISTS: Final = 20


class _Teams(msgspec.Struct, frozen=True):
    results: list[m.Team] = []


class _Wrapped(msgspec.Struct, frozen=True):
    list: msgspec.Raw


class _Found(msgspec.Struct, frozen=True):
    lists: list[m.SegmentList] = []
    hasMore: bool = False  # noqa: N815 - HubSpot's name
    offset: int = 0
    total: int | None = None


def _read_team(body: bytes, params: Params) -> m.Team:
    """HubSpot has no address for one team: it is looked up among all."""
    wanted = str(params["teamId"])
    teams = msgspec.json.decode(body, type=_Teams).results
    found = next((team for team in teams if team.id == wanted), None)
    if found is None:
        known = ", ".join(f"{team.id} ({team.name})" for team in teams) or "none"
        raise RecordNotFoundError(f"There is no team {wanted}. Teams are: {known}.")
    return found


def _read_list(body: bytes, params: Params) -> m.SegmentList:
    del params
    return msgspec.json.decode(msgspec.json.decode(body, type=_Wrapped).list, type=m.SegmentList)


def _read_lists(body: bytes, params: Params) -> m.Page[m.SegmentList]:
    del params
    found = msgspec.json.decode(body, type=_Found)
    return m.Page(found.lists, m.PageMeta(str(found.offset) if found.hasMore else None, found.total))


class _Change(msgspec.Struct, frozen=True):
    # HubSpot's clients spell it with two plurals, one of its guides with one.
    recordsIdsAdded: list[str] = []  # noqa: N815 - HubSpot's name
    recordIdsAdded: list[str] = []  # noqa: N815 - HubSpot's name
    recordIdsRemoved: list[str] = []  # noqa: N815 - HubSpot's name
    recordIdsMissing: list[str] = []  # noqa: N815 - HubSpot's name


def _read_change(body: bytes, params: Params) -> m.MembershipChange:
    del params
    change = msgspec.json.decode(body, type=_Change)
    added = list(change.recordsIdsAdded or change.recordIdsAdded)
    return m.MembershipChange(added, list(change.recordIdsRemoved), list(change.recordIdsMissing))


def _encode_search_lists(params: Params, version: str) -> HttpRequest:
    after = params.get("after", "0")
    if not str(after).isdecimal():
        sentence = "params.after must be `meta.next_cursor` of an earlier page of lists."
        raise InvalidParamsError(sentence, errors=[FieldError("params.after", sentence, "invalid_cursor")])
    body = {
        "query": params.get("query", ""),
        "offset": int(str(after)),
        "count": params.get("limit", _FIRST_PAGE_LISTS),
        "additionalProperties": params.get("additionalProperties", ["hs_list_size"]),
    }
    if "processingTypes" in params:
        body["processingTypes"] = params["processingTypes"]
    return send("POST", path("lists", version, "search"), body)


def _list_url(params: Params, version: str, *parts: str) -> str:
    return path("lists", version, params["listId"], *parts)


def _encode_change(params: Params, version: str, *, change: str) -> HttpRequest:
    ids = [str(value) for value in cast("list[object]", params["recordIds"])]
    return send("PUT", _list_url(params, version, "memberships", change), ids)


_owner = partial(Operation, "owners", source=_OWNER_GUIDE, scopes=("crm.objects.owners.read",))
_team = partial(Operation, "teams", source=_USER_GUIDE, scopes=("settings.users.teams.read",))
_list_read = partial(Operation, "lists", source=_LIST_GUIDE, scopes=("crm.lists.read",))
_list_write = partial(Operation, "lists", source=_LIST_GUIDE, scopes=("crm.lists.write",))

OPERATIONS: tuple[Operation, ...] = (
    _owner(
        "list",
        "Owners: who records can be assigned to.",
        params=p.ListOwnersParams,
        encode=lambda params, version: get(path("owners", version), params, "email", "limit", "after", "archived"),
        shape=PageShape(m.Owner),
    ),
    _owner(
        "get",
        "One owner, by owner id or user id.",
        params=p.GetOwnerParams,
        encode=lambda params, version: get(
            path("owners", version, params["ownerId"]), params, "idProperty", "archived"
        ),
        shape=ItemShape(m.Owner),
    ),
    _team(
        "list",
        "Teams of users.",
        params=p.NoParams,
        encode=lambda params, version: get(path("users", version, "teams"), params),
        shape=PageShape(m.Team),
    ),
    _team(
        "get",
        "One team.",
        params=p.GetTeamParams,
        encode=lambda _params, version: get(path("users", version, "teams"), {}),
        shape=ConvertedShape(m.Team, _read_team),
    ),
    _list_read(
        "list",
        "Lists (segments) of records, with their sizes.",
        params=p.ListLists,
        encode=_encode_search_lists,
        shape=ConvertedPageShape(m.SegmentList, _read_lists),
    ),
    _list_read(
        "get",
        "One list.",
        params=p.GetListParams,
        encode=lambda params, version: get(_list_url(params, version), params, "includeFilters"),
        shape=ConvertedShape(m.SegmentList, _read_list),
    ),
    _list_read(
        "search",
        "Lists by name and kind.",
        params=p.SearchListsParams,
        encode=_encode_search_lists,
        shape=ConvertedPageShape(m.SegmentList, _read_lists),
    ),
    _list_read(
        "members",
        "Ids of the records in a list.",
        params=p.ListMembersParams,
        encode=lambda params, version: get(_list_url(params, version, "memberships"), params, "limit", "after"),
        shape=PageShape(m.ListMember),
    ),
    _list_write(
        "add",
        "Adds records to a MANUAL or SNAPSHOT list.",
        params=p.ChangeMembersParams,
        encode=partial(_encode_change, change="add"),
        shape=ConvertedShape(m.MembershipChange, _read_change),
        effect="write",
        idempotent=True,
    ),
    _list_write(
        "remove",
        "Removes records from a MANUAL or SNAPSHOT list.",
        params=p.ChangeMembersParams,
        encode=partial(_encode_change, change="remove"),
        shape=ConvertedShape(m.MembershipChange, _read_change),
        effect="write",
        idempotent=True,
    ),
    _list_write(
        "create",
        "Creates a list.",
        params=p.CreateListParams,
        encode=lambda params, version: send("POST", path("lists", version), params),
        shape=ConvertedShape(m.SegmentList, _read_list),
        effect="write",
    ),
    _list_write(
        "delete",
        "Deletes a list; `restore` brings it back for 90 days.",
        params=p.ListIdParams,
        encode=lambda params, version: delete(_list_url(params, version)),
        shape=ConvertedShape(m.Deleted, lambda _body, params: m.Deleted(str(params["listId"]))),
        effect="destructive",
        idempotent=True,
    ),
    _list_write(
        "restore",
        "Brings back a deleted list.",
        params=p.ListIdParams,
        encode=lambda params, version: send("PUT", _list_url(params, version, "restore"), {}),
        shape=ConvertedShape(m.Restored, lambda _body, params: m.Restored(str(params["listId"]))),
        effect="write",
        idempotent=True,
    ),
)
