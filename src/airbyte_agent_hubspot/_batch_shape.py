"""Batches: HubSpot's answer in any order -> what became of each input, in the order of the inputs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

import msgspec

from ._shape import ConvertedShape
from .errors import FieldError, UpstreamRejectedError
from .models import BatchItem, BatchResult, Deleted, ItemError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._shape import Params

T = TypeVar("T")

Keys: TypeAlias = "Callable[[Params], list[str]]"
"""The key of each input, in order: what HubSpot's results and errors name the inputs by."""


class BatchError(msgspec.Struct, frozen=True):
    """One error in a batch's answer."""

    message: str = ""
    category: str | None = None
    subCategory: str | None = None  # noqa: N815 - HubSpot's name
    context: dict[str, list[str]] = {}


class RawBatch(msgspec.Struct, frozen=True):
    """A batch's answer, its results undecoded."""

    results: list[msgspec.Raw] = []
    errors: list[BatchError] = []


class _Keyed(msgspec.Struct, frozen=True):
    id: str = ""
    objectWriteTraceId: str | None = None  # noqa: N815 - HubSpot's name
    properties: dict[str, str | None] = {}


RAW_BATCH = msgspec.json.Decoder(RawBatch)
_KEYED = msgspec.json.Decoder(_Keyed)
_NOT_ANSWERED = ItemError("not_answered", "HubSpot's answer does not mention this input: look the record up.")


def ids_of(params: Params) -> list[str]:
    """The inputs are ids."""
    return [str(value) for value in cast("list[object]", params["ids"])]


def places_of_inputs(params: Params) -> list[str]:
    """The inputs are named by their place: what `objectWriteTraceId` carries."""
    return [str(index) for index in range(len(cast("list[object]", params["inputs"])))]


def batch_of(record: type[T], keys: Keys) -> ConvertedShape[BatchResult[T]]:
    """Records read or written in one batch; inputs may be named by id, by place or by a unique property."""
    decoder = cache(lambda: msgspec.json.Decoder(record))  # built when a batch is first read

    def read(body: bytes, params: Params) -> BatchResult[T]:
        batch = RAW_BATCH.decode(body)
        by_property = params.get("idProperty")
        found: dict[str, BatchItem[T]] = {}
        for raw in batch.results:
            keyed = _KEYED.decode(raw)
            item = BatchItem(0, keyed.id, decoder().decode(raw))
            found[keyed.objectWriteTraceId or keyed.id] = item
            if isinstance(by_property, str):
                found[(keyed.properties.get(by_property) or "").lower()] = item
        failed = errors_by_key(batch.errors)
        return BatchResult([_item(index, key, found, failed) for index, key in enumerate(keys(params))])

    return ConvertedShape(BatchResult[record], read)  # type: ignore[valid-type]


def _item(index: int, key: str, found: Mapping[str, BatchItem[T]], failed: Mapping[str, ItemError]) -> BatchItem[T]:
    item = found.get(key) or found.get(key.lower())
    if item is not None:
        return BatchItem(index, item.id, item.record)
    return BatchItem(index, None, None, failed.get(key, _NOT_ANSWERED))


def errors_by_key(errors: list[BatchError]) -> dict[str, ItemError]:
    """Errors by every key they name; HubSpot names inputs under several keys of `context`."""
    return {
        key: ItemError((error.category or "error").lower(), error.message)
        for error in errors
        for name in ("objectWriteTraceId", "ids", "id")
        for key in error.context.get(name, ())
    }


def _read_deleted(body: bytes, params: Params) -> BatchResult[Deleted]:
    del body
    return BatchResult([BatchItem(index, key, Deleted(key)) for index, key in enumerate(ids_of(params))])


BATCH_DELETED = ConvertedShape(BatchResult[Deleted], _read_deleted)
"""Records deleted with one answer that has no body. HubSpot ignores ids that do not exist."""


def only_of_batch(record: type[T]) -> ConvertedShape[T]:
    """The one record of a batch of one: how an upsert of a single record is done."""

    def read(body: bytes, params: Params) -> T:
        del params
        batch = RAW_BATCH.decode(body)
        if batch.results:
            return msgspec.json.decode(batch.results[0], type=record)
        reasons = [error.message for error in batch.errors]
        raise UpstreamRejectedError(
            f"HubSpot refused the record: {' '.join(reasons) or 'it gave neither a record nor a reason'}",
            errors=[FieldError("params.properties", reason, "rejected") for reason in reasons],
        )

    return ConvertedShape(record, read)
