"""Batches: HubSpot's answer in any order -> what became of each input, in the order of the inputs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

import msgspec

from ._refusals import existing_id, read_property_errors
from ._shape import ConvertedShape
from .errors import FieldError, UpstreamRejectedError
from .models import BatchItem, BatchResult, Deleted, ItemError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

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
        failed, inputs = errors_by_key(batch.errors), _names_of_inputs(params)
        return BatchResult([_item(index, key, found, failed, inputs) for index, key in enumerate(keys(params))])

    return ConvertedShape(BatchResult[record], read)  # type: ignore[valid-type]


def _item(
    index: int,
    key: str,
    found: Mapping[str, BatchItem[T]],
    failed: Mapping[str, ItemError],
    names: Sequence[str],
) -> BatchItem[T]:
    item = found.get(key) or found.get(key.lower())
    if item is not None:
        return BatchItem(index, item.id, item.record)
    error = failed.get(_traced(key)) or failed.get(names[index]) if names else failed.get(key)
    return BatchItem(index, None, None, error or _NOT_ANSWERED)


def _names_of_inputs(params: Params) -> list[str]:
    """What an error may call each input by, beside its place: its id, if it has one."""
    return [str(item.get("id", "")) for item in cast("list[Mapping[str, object]]", params.get("inputs", []))]


def _traced(place: str) -> str:
    """The key of an error that names an input by its place: an id may look the same."""
    return f"place {place}"


def errors_by_key(errors: list[BatchError]) -> dict[str, ItemError]:
    """Errors by every key they name; HubSpot names inputs under several keys of `context`."""
    by_key: dict[str, ItemError] = {}
    for error in errors:
        said = item_error(error)
        by_key |= {_traced(place): said for place in error.context.get("objectWriteTraceId", ())}
        by_key |= {key: said for name in ("ids", "id") for key in error.context.get(name, ())}
    return by_key


def item_error(error: BatchError) -> ItemError:
    """Why an input failed: of properties what is wrong with each, of a record that is there already its id."""
    code = (error.category or "error").lower()
    wrong, there = read_property_errors(error.message, "properties"), existing_id(error.message)
    if wrong:
        return ItemError(code, " ".join(one.message for one in wrong), wrong)
    if there is not None:
        return ItemError(code, error.message, [FieldError("id", error.message, code, {"existing_id": there})])
    return ItemError(code, error.message)


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
        reasons = [
            reason
            for error in batch.errors
            for reason in read_property_errors(error.message, "params.properties")
            or [FieldError("params.properties", error.message, "rejected")]
        ]
        said = " ".join(reason.message for reason in reasons)
        raise UpstreamRejectedError(
            f"HubSpot refused the record: {said or 'it gave neither a record nor a reason'}", errors=reasons
        )

    return ConvertedShape(record, read)
