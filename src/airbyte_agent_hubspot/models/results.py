"""What operations give: pages, batches, and what every result can do."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar, cast

from ..errors import FieldError  # noqa: TC001 - msgspec reads it

if TYPE_CHECKING:
    from collections.abc import Iterator


def _to_plain(value: object) -> object:
    """`value` in dicts, lists and JSON's scalars; fields of dataclasses that are None are left out."""
    if isinstance(value, dict):
        return {key: _to_plain(item) for key, item in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [_to_plain(item) for item in cast("list[object]", value)]
    if is_dataclass(value):
        shown = ((item.name, getattr(value, item.name)) for item in fields(value))
        return {name: _to_plain(item) for name, item in shown if item is not None}
    if value is None or isinstance(value, str | int | float):
        return value
    import msgspec  # noqa: PLC0415 - only for values of a user's own model: dates, decimals, structs

    return cast("object", msgspec.to_builtins(value))


class Result:
    """What every operation gives: a frozen dataclass that also comes as plain JSON."""

    __slots__ = ()

    def to_dict(self) -> dict[str, object]:
        """The same as plain dicts and lists, in HubSpot's JSON form; absent fields are left out."""
        return cast("dict[str, object]", _to_plain(self))

    def model_dump(self, *, mode: Literal["json", "python"] = "json") -> dict[str, object]:
        """`to_dict()`, under the name that users of pydantic models know. Both modes give JSON's types."""
        del mode
        return self.to_dict()

    def __str__(self) -> str:
        """Compact JSON: what a model should read where a framework turns a tool result into text."""
        import json  # noqa: PLC0415 - not needed to import the package

        return json.dumps(self.to_dict(), ensure_ascii=False, separators=(",", ":"), default=str)


RecordT_co = TypeVar("RecordT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class PageMeta:
    """Where a page stands. `next_cursor` is None on the last page; `total` is known for searches only."""

    next_cursor: str | None = None
    total: int | None = None

    @property
    def has_next_page(self) -> bool:
        """Whether there is more: pass `next_cursor` as `after`."""
        return self.next_cursor is not None


@dataclass(frozen=True, slots=True)
class Page(Result, Generic[RecordT_co]):
    """One page of results, iterable as its records are."""

    data: list[RecordT_co]
    meta: PageMeta

    def __iter__(self) -> Iterator[RecordT_co]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)


@dataclass(frozen=True, slots=True)
class Deleted(Result):
    """What was deleted. HubSpot says the same whether it existed or not."""

    id: str
    deleted: bool = True


@dataclass(frozen=True, slots=True)
class ItemError(Result):
    """Why one input of a batch failed. `errors` has one entry for each field that is wrong, named within the input."""

    code: str
    message: str
    errors: list[FieldError] | None = None


@dataclass(frozen=True, slots=True)
class BatchItem(Result, Generic[RecordT_co]):
    """What became of one input of a batch: `record`, or `error`. Both are None where there is nothing to give back.

    `index` is the input's place, from 0; `id` is the record's, or the input's where there is no record.
    """

    index: int
    id: str | None = None
    record: RecordT_co | None = None
    error: ItemError | None = None


@dataclass(frozen=True, slots=True)
class BatchResult(Result, Generic[RecordT_co]):
    """What became of each input of a batch, in the order of the inputs."""

    items: list[BatchItem[RecordT_co]] = field(default_factory=list[BatchItem[RecordT_co]])

    @property
    def records(self) -> list[RecordT_co]:
        """The records that were read or written, in the order of the inputs."""
        return [item.record for item in self.items if item.record is not None]

    @property
    def errors(self) -> list[BatchItem[RecordT_co]]:
        """The inputs that failed."""
        return [item for item in self.items if item.error is not None]

    def __iter__(self) -> Iterator[BatchItem[RecordT_co]]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)
