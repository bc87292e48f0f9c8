"""The typed door: `connector.contacts.list(limit=3)`. Written once for all entities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from .models import Page, Record, Result, Schema
    from .params import GetArguments, GetOptions, ListParams, ListSchemasParams, SearchParams

RecordT = TypeVar("RecordT", bound="Record")


class Run(Protocol):
    """`HubspotConnector.execute`."""

    async def __call__(self, entity: str, action: str, params: Mapping[str, object] | None = None) -> Result:
        """The operation's result."""
        ...


class CrmEntity(Generic[RecordT]):
    """Operations on the records of one entity."""

    def __init__(self, run: Run, entity: str) -> None:
        self._run = run
        self._entity = entity

    async def list(self, **params: Unpack[ListParams]) -> Page[RecordT]:
        """One page of records, ascending by id."""
        return cast("Page[RecordT]", await self._run(self._entity, "list", params))

    async def get(self, record_id: str | int | None = None, /, **params: Unpack[GetArguments]) -> RecordT:
        """One record, by id or by the unique property that `id_property` names.

        Raises:
            RecordNotFoundError: there is no such record.
        """
        return cast("RecordT", await self._run(self._entity, "get", {"record_id": record_id, **params}))

    async def api_search(self, **params: Unpack[SearchParams]) -> Page[RecordT]:
        """One page of records that fit. HubSpot's index may lag writes by seconds: read your own writes by id."""
        return cast("Page[RecordT]", await self._run(self._entity, "api_search", params))


class Objects:
    """Operations on records of any object type, custom ones included."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def list(self, object_type: str, **params: Unpack[ListParams]) -> Page[Record]:
        """One page of records of `object_type`, ascending by id."""
        return cast("Page[Record]", await self._run("objects", "list", {"object_type": object_type, **params}))

    async def get(self, object_type: str, object_id: str | int, **params: Unpack[GetOptions]) -> Record:
        """One record of `object_type`.

        Raises:
            RecordNotFoundError: there is no such record.
        """
        given = {"object_type": object_type, "object_id": object_id, **params}
        return cast("Record", await self._run("objects", "get", given))


class Schemas:
    """Object types of the portal."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def list(self, **params: Unpack[ListSchemasParams]) -> Page[Schema]:
        """All custom object types."""
        return cast("Page[Schema]", await self._run("schemas", "list", params))

    async def get(self, object_type: str) -> Schema:
        """One object type, built-in ones too."""
        return cast("Schema", await self._run("schemas", "get", {"object_type": object_type}))
