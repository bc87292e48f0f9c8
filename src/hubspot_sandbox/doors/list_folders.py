"""Folders of lists, and the ids that lists had in API v1.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/lists/guide
"""

from typing import Final

import msgspec

from hubspot_sandbox.calls import Answer, Call, Door, parse_json, read_json, texts
from hubspot_sandbox.doors.lists import READ, VERSIONS, WRITE
from hubspot_sandbox.errors import JsonObject, NotFoundError, ValidationError
from hubspot_sandbox.list_folders import ROOT, Folder, Folders
from hubspot_sandbox.lists import all_lists

CONTACTS: Final = "0-1"


class _NewFolder(msgspec.Struct, frozen=True, rename="camel"):
    name: str
    parent_folder_id: str = ROOT


class _Move(msgspec.Struct, frozen=True, rename="camel"):
    list_id: str
    new_folder_id: str


def _shown(folders: Folders, folder: Folder) -> Answer:
    return Answer(200, {"folder": folders.tree(folder)})


def _own_folder(call: Call, folders: Folders) -> Folder:
    """The folder in the path.

    Raises: NotFoundError; ValidationError for the root, which nobody changes.
    """
    folder = folders.find(call.path["folder"])
    if folder.id == ROOT:
        # choice: the text for a change of the root folder is not documented.
        raise ValidationError("The root folder cannot be changed")
    return folder


def read(call: Call) -> Answer:
    """A folder with everything below it; without `folderId` the root."""
    folders = Folders(call.portal)
    return _shown(folders, folders.find(call.text("folderId") or ROOT))


def create(call: Call) -> Answer:
    """A new folder."""
    wanted, folders = read_json(call.body, _NewFolder), Folders(call.portal)
    return _shown(folders, folders.create(wanted.name, wanted.parent_folder_id, call.user_id))


def rename(call: Call) -> Answer:
    """A folder with another name, which the query gives."""
    folders = Folders(call.portal)
    return _shown(folders, folders.rename(_own_folder(call, folders), call.text("newFolderName")))


def move(call: Call) -> Answer:
    """A folder with another parent."""
    folders = Folders(call.portal)
    return _shown(folders, folders.move(_own_folder(call, folders), call.path["parent"]))


def delete(call: Call) -> Answer:
    """204; the folder is gone."""
    folders = Folders(call.portal)
    folders.remove(_own_folder(call, folders))
    return Answer(204)


def move_list(call: Call) -> Answer:
    """204; the list is in that folder."""
    wanted = read_json(call.body, _Move)
    Folders(call.portal).move_list(wanted.list_id, wanted.new_folder_id)
    return Answer(204)


def _mapped(call: Call, legacy_ids: list[str]) -> list[JsonObject]:
    """The lists that these ids of API v1 mean.

    # choice: lists of contacts have the same id in both; API v1 knew no others.
    """
    known = {each.list_id for each in all_lists(call.portal) if each.object_type_id == CONTACTS}
    return [{"listId": each, "legacyListId": each} for each in legacy_ids if each in known]


def map_one(call: Call) -> Answer:
    """The id today of one list of API v1."""
    legacy_id = call.text("legacyListId")
    found = _mapped(call, [legacy_id])
    if not found:
        # choice: the text for a legacy id nobody knows is not documented.
        raise NotFoundError(f"No list with legacy list id {legacy_id} exists", category="OBJECT_NOT_FOUND")
    return Answer(200, found[0])


def map_many(call: Call) -> Answer:
    """The ids today of many lists of API v1, and those that nobody knows."""
    legacy_ids = list(dict.fromkeys(texts(parse_json(call.body))))
    found = _mapped(call, legacy_ids)
    known = {row["legacyListId"] for row in found}
    missing = [each for each in legacy_ids if each not in known]
    return Answer(200, {"missingLegacyListIds": missing, "legacyListIdsToIdsMapping": found})


_ALL: Final = "/crm/lists/folders"
_ONE: Final = f"{_ALL}/{{folder}}"
_MAPPING: Final = "/crm/lists/idmapping"
DOORS: Final = (
    Door("GET", _ALL, read, READ, versions=VERSIONS),
    Door("POST", _ALL, create, WRITE, versions=VERSIONS),
    Door("PUT", f"{_ALL}/move-list", move_list, WRITE, versions=VERSIONS),
    Door("PUT", f"{_ONE}/move/{{parent}}", move, WRITE, versions=VERSIONS),
    Door("PUT", f"{_ONE}/rename", rename, WRITE, versions=VERSIONS),
    Door("DELETE", _ONE, delete, WRITE, versions=VERSIONS),
    Door("GET", _MAPPING, map_one, READ, versions=VERSIONS),
    Door("POST", _MAPPING, map_many, READ, versions=VERSIONS),
)
