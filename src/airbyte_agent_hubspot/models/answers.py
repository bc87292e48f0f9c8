"""Answers to questions: what operations give that are made of others. Labels stand beside ids, totals beside parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from .records import Record
from .results import Result

if TYPE_CHECKING:
    from collections.abc import Iterator

RecordT = TypeVar("RecordT", bound=Record)


@dataclass(frozen=True)
class Found(Result, Generic[RecordT]):
    """Records that fit. `total` is how many do; `complete` says whether `data` is all of them.

    `labels` has, for properties that hold ids or internal values, what people call each value that occurs. `understood`
    says how each condition was read.
    """

    data: list[RecordT]
    total: int
    complete: bool
    labels: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    understood: list[str] = field(default_factory=list[str])
    note: str | None = None

    def label(self, record: Record, property_name: str) -> str | None:
        """What people call the value of a property: the name of an owner, the label of a stage."""
        value = record.properties.get(property_name)
        return None if value is None else self.labels.get(property_name, {}).get(value, value)

    def __iter__(self) -> Iterator[RecordT]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)


@dataclass(frozen=True, slots=True)
class AggregateRow(Result):
    """One group. `key` has the value by which it was grouped, for each of `group_by`; `label` what people call it.

    `values` has the result of each metric as exact decimal text, such as `{"count": "12", "sum amount": "48200.5"}`;
    null where no record of the group has a value.
    """

    key: dict[str, str | None]
    label: dict[str, str]
    values: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Aggregate(Result):
    """Records counted and summed. `records` were read of the `total` that fit; `complete` says whether that is all.

    `rows` are ordered by the first metric, largest first; groups by time by time. `row_count` is how many groups there
    are: `rows` may hold only the first. `overall` is of all records that were read, groups left out included.
    """

    rows: list[AggregateRow]
    overall: dict[str, str | None]
    row_count: int
    records: int
    total: int
    complete: bool
    currency: str | None = None
    understood: list[str] = field(default_factory=list[str])
    note: str | None = None

    def __iter__(self) -> Iterator[AggregateRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Activity(Result):
    """A note, call, e-mail, meeting or task. `kind` is its entity."""

    kind: str
    id: str
    at: str | None = None
    title: str | None = None
    text: str | None = None
    status: str | None = None
    owner: str | None = None
    owner_id: str | None = None


@dataclass(frozen=True, slots=True)
class Activities(Result):
    """Activities, newest first. `total` is how many fit; `complete` says whether `data` is all of them."""

    data: list[Activity]
    total: int
    complete: bool
    understood: list[str] = field(default_factory=list[str])
    note: str | None = None

    def __iter__(self) -> Iterator[Activity]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)


@dataclass(frozen=True, slots=True)
class RelatedRecord(Result):
    """An associated record in short: what people call it, and its main properties with labels in place of ids."""

    id: str
    name: str
    facts: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Overview(Result):
    """A record with what surrounds it.

    `record` has its properties that have a value, with labels in `labels`; `related` has associated records by object
    type, `counts` how many there are of each (`100+` where HubSpot gave only the first hundred). `activities` are the
    newest. `not_read` names what the caller may not read.
    """

    entity: str
    record: Record
    name: str
    labels: dict[str, str] = field(default_factory=dict[str, str])
    related: dict[str, list[RelatedRecord]] = field(default_factory=dict[str, list[RelatedRecord]])
    counts: dict[str, str] = field(default_factory=dict[str, str])
    activities: list[Activity] = field(default_factory=list[Activity])
    not_read: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class StagePlace(Result):
    """Where a record stands: stage and pipeline, with their labels."""

    stage_id: str | None
    stage: str | None
    pipeline_id: str | None
    pipeline: str | None


@dataclass(frozen=True, slots=True)
class Moved(Result):
    """A record that was moved to another stage. `changed` is false if it was there already: nothing was sent then."""

    id: str
    name: str
    before: StagePlace
    after: StagePlace
    changed: bool


@dataclass(frozen=True, slots=True)
class Logged(Result):
    """An activity that was written down, and the records it is linked to by name."""

    kind: str
    id: str
    at: str
    linked: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    owner: str | None = None
    owner_id: str | None = None


@dataclass(frozen=True)
class Saved(Result, Generic[RecordT]):
    """A record that was created, or changed because it was there. `changed` has what its properties were before."""

    record: RecordT
    created: bool
    changed: dict[str, str | None] = field(default_factory=dict[str, str | None])


@dataclass(frozen=True, slots=True)
class PortalProperty(Result):
    """A property worth knowing: `options` are value -> label of those that have few."""

    name: str
    label: str
    type: str
    options: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class PortalDescription(Result):
    """A portal in short, for a model's context: what there is, and what it is called."""

    hub_id: int
    time_zone: str | None
    currency: str | None
    other_currencies: list[str]
    pipelines: dict[str, dict[str, list[str]]]
    """Object type -> label of the pipeline -> labels of its stages, in their order."""
    owners: list[str]
    owner_count: int
    teams: dict[str, list[str]]
    """Name of the team -> names of its owners."""
    custom_objects: dict[str, str]
    """Object type id -> name."""
    properties: dict[str, list[PortalProperty]]
    not_read: list[str] = field(default_factory=list[str])
