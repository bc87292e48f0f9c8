"""Folders of lists: a tree below the root folder `0`, in which each list has one place.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/lists/list-management/move-folder
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from hubspot_sandbox.errors import JsonObject, NotFoundError, ValidationError
from hubspot_sandbox.instants import format_instant
from hubspot_sandbox.lists import all_lists, find_list
from hubspot_sandbox.portal import Portal

ROOT: Final = "0"
_KIND: Final = "list_folder"


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """A folder; `lists` are the ids of those moved into it, deleted ones too."""

    id: str
    parent_id: str
    name: str
    created_at: str
    updated_at: str
    updated_contents_at: str
    user_id: int
    lists: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of a portal."""

    portal: Portal

    def all(self) -> dict[str, Folder]:
        """Every folder by id, the root first."""
        made_at = format_instant(self.portal.origin.reference_ms)
        root = Folder(
            id=ROOT,
            parent_id=ROOT,
            name="Root",
            created_at=made_at,
            updated_at=made_at,
            updated_contents_at=made_at,
            user_id=self.portal.identifiers.user_id(0),
        )
        return {ROOT: root, **{folder.id: folder for folder in self.portal.store.all(_KIND, Folder)}}

    def find(self, folder_id: str) -> Folder:
        """A folder by id.

        Raises: NotFoundError.
        """
        folder = self.all().get(folder_id)
        if folder is None:
            # choice: the text for a folder nobody made is not documented.
            raise NotFoundError(f"Folder does not exist with ID {folder_id}.", category="OBJECT_NOT_FOUND")
        return folder

    def create(self, name: str, parent_id: str, user_id: int) -> Folder:
        """A new folder.

        Raises: NotFoundError for a parent that does not exist, ValidationError for a name that is taken there.
        """
        self.find(parent_id)
        self._check_name(name, parent_id)
        now_at = self._now_at()
        folder = Folder(
            id=str(self.portal.store.next_serial("list folder")),
            parent_id=parent_id,
            name=name,
            created_at=now_at,
            updated_at=now_at,
            updated_contents_at=now_at,
            user_id=user_id,
        )
        self._put(folder)
        return folder

    def rename(self, folder: Folder, name: str) -> Folder:
        """The folder with another name."""
        if name.casefold() != folder.name.casefold():
            self._check_name(name, folder.parent_id)
        return self._change(folder, name=name)

    def move(self, folder: Folder, parent_id: str) -> Folder:
        """The folder with another parent.

        Raises: ValidationError if that is the folder itself or lies inside it.
        """
        ancestor = parent_id
        while ancestor != ROOT:
            if ancestor == folder.id:
                # choice: the text for a folder moved into itself is not documented.
                raise ValidationError(f"Folder {folder.id} cannot be moved into itself")
            ancestor = self.find(ancestor).parent_id
        return self._change(folder, parent_id=parent_id)

    def remove(self, folder: Folder) -> None:
        """Remove a folder.

        Raises: ValidationError while something is in it.
        """
        if self.children(folder.id) or self.lists_in(folder.id):
            # choice: a folder with something in it is not deleted; the text is not documented.
            raise ValidationError(f"Folder {folder.id} cannot be deleted: it is not empty")
        self.portal.store.remove(_KIND, folder.id)

    def move_list(self, list_id: str, folder_id: str) -> None:
        """Put a list into a folder, out of the one it was in."""
        find_list(self.portal, list_id)
        target = self.find(folder_id)
        for folder in self.all().values():
            if list_id in folder.lists:
                self._change_contents(folder, tuple(each for each in folder.lists if each != list_id))
        if target.id != ROOT:
            self._change_contents(self.find(folder_id), (*self.find(folder_id).lists, list_id))

    def children(self, folder_id: str) -> list[Folder]:
        """The folders directly in a folder, by id."""
        inside = [each for each in self.all().values() if each.parent_id == folder_id and each.id != ROOT]
        return sorted(inside, key=lambda each: int(each.id))

    def lists_in(self, folder_id: str) -> list[int]:
        """The numbers of the lists directly in a folder; in the root, those that nobody moved."""
        living = [each.list_id for each in all_lists(self.portal)]
        if folder_id != ROOT:
            placed = self.find(folder_id).lists
            return [int(each) for each in living if each in placed]
        elsewhere = {list_id for folder in self.all().values() for list_id in folder.lists}
        return [int(each) for each in living if each not in elsewhere]

    def tree(self, folder: Folder) -> JsonObject:
        """A folder as it is answered, with everything below it."""
        return {
            "id": folder.id,
            "parentFolderId": folder.parent_id,
            "createdAt": folder.created_at,
            "updatedAt": folder.updated_at,
            "updatedContentsAt": folder.updated_contents_at,
            "name": folder.name,
            "userId": folder.user_id,
            "childNodes": [self.tree(each) for each in self.children(folder.id)],
            "childLists": self.lists_in(folder.id),
        }

    def _check_name(self, name: str, parent_id: str) -> None:
        if not name.strip():
            # choice: the text for a folder without a name is not documented.
            raise ValidationError("The name of a folder must not be empty")
        if any(each.name.casefold() == name.casefold() for each in self.children(parent_id)):
            # choice: the text for a folder name that is taken is not documented.
            raise ValidationError(f"A folder with name '{name}' already exists in folder {parent_id}")

    def _change(self, folder: Folder, **changes: str) -> Folder:
        changed = msgspec.structs.replace(folder, updated_at=self._now_at(), **changes)
        self._put(changed)
        return changed

    def _change_contents(self, folder: Folder, lists: tuple[str, ...]) -> None:
        self._put(msgspec.structs.replace(folder, updated_contents_at=self._now_at(), lists=lists))

    def _put(self, folder: Folder) -> None:
        self.portal.store.put(_KIND, folder.id, folder)

    def _now_at(self) -> str:
        return format_instant(self.portal.clock.now_ms())
