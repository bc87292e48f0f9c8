"""The typed door: `connector.contacts.list(limit=3)`. Written once for all entities."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
    from typing import Unpack

    from .models import (
        Aggregate,
        BatchResult,
        Deleted,
        Found,
        Logged,
        Moved,
        Overview,
        Page,
        Record,
        Result,
        Saved,
        TypedRecord,
    )
    from .params import questions as q
    from .params import records as r

RecordT = TypeVar("RecordT", bound="Record")
PropertiesT = TypeVar("PropertiesT")


class Run(Protocol):
    """`HubspotConnector.execute`."""

    async def __call__(
        self, entity: str, action: str, params: Mapping[str, object] | None = None, *, bulk: bool = False
    ) -> Result:
        """The operation's result."""
        ...


class CrmEntity(Generic[RecordT]):
    """Operations on the records of one entity. `record_id` may also be given by its wire name: `contact_id=...`."""

    def __init__(self, run: Run, entity: str, *, object_type: str | None = None) -> None:
        self._run = run
        self._entity = entity
        self._fixed: dict[str, object] = {} if object_type is None else {"object_type": object_type}

    async def _call(self, action: str, params: Mapping[str, object], *, bulk: bool = False) -> Result:
        return await self._run(self._entity, action, {**self._fixed, **params}, bulk=bulk)

    async def list(self, **params: Unpack[r.ListParams]) -> Page[RecordT]:
        """One page of records, ascending by id."""
        return cast("Page[RecordT]", await self._call("list", params))

    async def get(self, record_id: str | int | None = None, /, **params: Unpack[r.GetArguments]) -> RecordT:
        """One record, by id or by the unique property that `id_property` names.

        Raises:
            RecordNotFoundError: there is no such record.
        """
        return cast("RecordT", await self._call("get", {"record_id": record_id, **params}))

    async def api_search(self, **params: Unpack[r.SearchParams]) -> Page[RecordT]:
        """One page of records that fit. HubSpot's index may lag writes by seconds: read your own writes by id."""
        return cast("Page[RecordT]", await self._call("api_search", params))

    async def create(self, **params: Unpack[r.CreateParams]) -> RecordT:
        """A new record.

        Raises:
            RecordExistsError: HubSpot has it already; the error names its id.
            UpstreamRejectedError: a property is unknown or a value is not allowed.
        """
        return cast("RecordT", await self._call("create", params))

    async def update(self, record_id: str | int | None = None, /, **params: Unpack[r.UpdateArguments]) -> RecordT:
        """The record with some properties changed; the others stay. The answer may hold only what changed.

        Raises:
            RecordNotFoundError: there is no such record.
            UpstreamRejectedError: a property is unknown or a value is not allowed.
        """
        return cast("RecordT", await self._call("update", {"record_id": record_id, **params}))

    async def upsert(self, **params: Unpack[r.UpsertParams]) -> RecordT:
        """The record with that value of a unique property, changed or created: `record.new` says which."""
        return cast("RecordT", await self._call("upsert", params))

    async def delete(self, record_id: str | int | None = None, /, **params: Unpack[r.IdByName]) -> Deleted:
        """Archives the record. HubSpot says the same whether it existed or not."""
        return cast("Deleted", await self._call("delete", {"record_id": record_id, **params}))

    async def batch_get(self, **params: Unpack[r.BatchGetParams]) -> BatchResult[RecordT]:
        """Up to 100 records, each found or not. `get_many` takes any number."""
        return cast("BatchResult[RecordT]", await self._call("batch_get", params))

    async def batch_create(self, **params: Unpack[r.BatchCreateParams]) -> BatchResult[RecordT]:
        """Up to 100 new records, each created or not for itself."""
        return cast("BatchResult[RecordT]", await self._call("batch_create", params))

    async def batch_update(self, **params: Unpack[r.BatchUpdateParams]) -> BatchResult[RecordT]:
        """Up to 100 changed records."""
        return cast("BatchResult[RecordT]", await self._call("batch_update", params))

    async def batch_upsert(self, **params: Unpack[r.BatchUpsertParams]) -> BatchResult[RecordT]:
        """Up to 100 records changed or created by a unique property."""
        return cast("BatchResult[RecordT]", await self._call("batch_upsert", params))

    async def batch_delete(self, **params: Unpack[r.BatchDeleteParams]) -> BatchResult[Deleted]:
        """Archives up to 100 records."""
        return cast("BatchResult[Deleted]", await self._call("batch_delete", params))

    async def find(self, **params: Unpack[q.FindParams]) -> Found[RecordT]:
        """Records that fit conditions as people say them: `where={"stage": "Contract sent", "amount": ">= 10000"}`.

        Goes past the 10,000 that HubSpot's search gives; `found.total` and `found.complete` say what is left out.

        Raises:
            InvalidParamsError: a name is unknown or ambiguous: `errors[0].details["candidates"]` has what may be meant.
        """
        return cast("Found[RecordT]", await self._call("find", params))

    async def aggregate(self, **params: Unpack[q.AggregateParams]) -> Aggregate:
        """Records counted and summed by group: `metrics="sum amount", group_by=["owner", "closedate by month"]`."""
        return cast("Aggregate", await self._call("aggregate", params))

    async def list_all(self, **params: Unpack[r.ListAllParams]) -> AsyncGenerator[RecordT]:
        """Every record, ascending by id; the next page is fetched while you work on this one.

        ```python
        async for contact in connector.contacts.list_all(properties=["email"]):
            ...
        ```
        """
        from ._paging import prefetched_pages  # noqa: PLC0415 - needed at the first iteration

        async def fetch(**wanted: object) -> Page[RecordT]:
            return cast("Page[RecordT]", await self._call("list", wanted, bulk=True))

        pages = prefetched_pages(fetch, {"limit": 100, **params})
        async with aclosing(pages):
            async for page in pages:
                for record in page:
                    yield record

    async def search_all(self, **params: Unpack[r.SearchAllParams]) -> AsyncGenerator[RecordT]:
        """Every record that fits, ascending by id, past the 10,000 that HubSpot's search gives.

        Each page asks for ids above the last one, so that no record is lost or repeated while others are written;
        a record that comes to fit behind this place is not seen. Each filter group needs room for one more filter.

        Raises:
            InvalidParamsError: the filters leave no room.
        """
        from ._paging import above_id  # noqa: PLC0415 - needed at the first iteration

        last_id: str | None = None
        while True:
            window = above_id(params, last_id)
            page = cast("Page[RecordT]", await self._call("api_search", window, bulk=True))
            for record in page:
                yield record
            if not page.data or page.meta.next_cursor is None:
                return
            last_id = page.data[-1].id

    async def get_many(self, ids: Iterable[str | int], **params: Unpack[r.BatchGetOptions]) -> BatchResult[RecordT]:
        """Any number of records by id or unique property, each found or not, in the order of `ids`."""
        from ._paging import in_batches  # noqa: PLC0415 - needed at the first call

        async def fetch(part: Sequence[str | int]) -> BatchResult[RecordT]:
            return cast("BatchResult[RecordT]", await self._call("batch_get", {"ids": part, **params}, bulk=True))

        return await in_batches([*ids], fetch)

    def with_model(self, model: type[PropertiesT]) -> ModelEntity[RecordT, PropertiesT]:
        """The same records, their properties read into `model`: a dataclass or TypedDict of property names.

        Only the model's properties are fetched. Values are converted from HubSpot's text: `int`, `float`, `bool`,
        `Decimal`, `date`, `datetime`; an absent value is None, so write `int | None` where it may be absent.
        """
        return ModelEntity(self, model)


class BusinessEntity(CrmEntity[RecordT]):
    """Records that people know by name, and look at together with what surrounds them."""

    async def overview(self, record: str | int, **params: Unpack[q.OverviewOptions]) -> Overview:
        """The record, by id or name, with its labels, related records and newest activities."""
        return cast("Overview", await self._call("overview", {"record": record, **params}))

    async def upsert_by(self, **params: Unpack[q.UpsertByParams]) -> Saved[RecordT]:
        """The record that has the values `by`, changed or created. HubSpot's index may lag writes by seconds."""
        return cast("Saved[RecordT]", await self._call("upsert_by", params))


class MergeableEntity(BusinessEntity[RecordT]):
    """Records that HubSpot can merge."""

    async def merge(self, **params: Unpack[r.MergeParams]) -> RecordT:
        """The record that stays, after the other went into it. This cannot be undone."""
        return cast("RecordT", await self._call("merge", params))


class StagedEntity(MergeableEntity[RecordT]):
    """Records in the stages of pipelines."""

    async def move_stage(self, record: str | int, stage: str, *, pipeline: str | None = None) -> Moved:
        """Moves the record, by id or name, to a stage; `before` and `after` say where it was and is."""
        params = {"record": record, "stage": stage, "pipeline": pipeline}
        return cast("Moved", await self._call("move_stage", params))


class TaskEntity(CrmEntity[RecordT]):
    """Things to do."""

    async def create_task(self, **params: Unpack[q.CreateTaskParams]) -> Logged:
        """A task: `title="Call back", due="next friday", owner="Dana Reed", records={"deal": "Acme renewal"}`."""
        return cast("Logged", await self._call("create_task", params))


class ModelEntity(Generic[RecordT, PropertiesT]):
    """Records of one entity, their properties read into a class of yours: see `CrmEntity.with_model`."""

    def __init__(self, entity: CrmEntity[RecordT], model: type[PropertiesT]) -> None:
        self._entity = entity
        from ._property_models import ModelReader  # noqa: PLC0415 - needed with the first model

        self._reader = ModelReader(model)

    async def list(self, **params: Unpack[r.PageOptions]) -> Page[TypedRecord[PropertiesT]]:
        """One page of records, ascending by id."""
        page = await self._entity.list(**params, properties=self._reader.names)
        from .models import Page  # noqa: PLC0415 - not part of the package's import

        return Page([self._reader.read(record) for record in page], page.meta)

    async def get(self, record_id: str | int, *, id_property: str | None = None) -> TypedRecord[PropertiesT]:
        """One record, by id or by the unique property that `id_property` names."""
        params: r.GetArguments = {"properties": self._reader.names}
        if id_property is not None:
            params["id_property"] = id_property
        return self._reader.read(await self._entity.get(record_id, **params))

    async def list_all(self, **params: Unpack[r.ArchivedOption]) -> AsyncGenerator[TypedRecord[PropertiesT]]:
        """Every record, ascending by id."""
        records = self._entity.list_all(**params, properties=self._reader.names)
        async with aclosing(records):
            async for record in records:
                yield self._reader.read(record)

    async def search_all(self, **params: Unpack[r.ConditionOptions]) -> AsyncGenerator[TypedRecord[PropertiesT]]:
        """Every record that fits, ascending by id."""
        records = self._entity.search_all(**params, properties=self._reader.names)
        async with aclosing(records):
            async for record in records:
                yield self._reader.read(record)


class Objects:
    """Records of any object type, custom ones included: `connector.objects.of("p123_cars").list()`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def of(self, object_type: str) -> MergeableEntity[Record]:
        """All operations on the records of `object_type`: a name, a type id or a custom object's full name."""
        return MergeableEntity(self._run, "objects", object_type=object_type)

    async def list(self, object_type: str, **params: Unpack[r.ListParams]) -> Page[Record]:
        """One page of records of `object_type`, ascending by id."""
        return await self.of(object_type).list(**params)

    async def get(self, object_type: str, object_id: str | int, **params: Unpack[r.GetOptions]) -> Record:
        """One record of `object_type`.

        Raises:
            RecordNotFoundError: there is no such record.
        """
        return await self.of(object_type).get(object_id, **params)
