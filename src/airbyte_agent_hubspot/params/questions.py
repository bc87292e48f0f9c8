"""Parameters of operations that are made of others."""

from typing import Annotated, Literal, Required, TypeAlias, TypedDict

from msgspec import Meta

from .fields import Names, ObjectType, PropertyValues

Where: TypeAlias = Annotated[
    dict[str, object] | list[dict[str, object]],
    Meta(
        description="Conditions that must all hold, by property (name, label, or words such as `stage`, `owner`, "
        "`team`, `created`, `status`) or related type (`company`, `contact`, `deal`): "
        '`{"stage": "Contract sent", "amount": ">= 10000", "closedate": "this quarter", "company": "Acme"}`. '
        "A list of values means any of them; `empty` and `not empty`; relations take a name, an id, or conditions. "
        "A list of objects: one of them must hold."
    ),
]
Query: TypeAlias = Annotated[str, Meta(description="Words to look for in the default searchable properties.")]
FoundProperties: TypeAlias = Annotated[
    Names, Meta(description="Properties to return, by name or label; the usual ones if absent.")
]
ActivityKind: TypeAlias = Literal["notes", "calls", "emails", "meetings", "tasks"]
Records: TypeAlias = Annotated[
    dict[str, object],
    Meta(
        min_length=1,
        description='Records by type: `{"deal": "Acme renewal", "contact": ["ana@acme.example"]}`; ids too.',
    ),
]
OwnerName: TypeAlias = Annotated[str | int, Meta(description="Who owns it: name, e-mail address or owner id.")]
RecordName: TypeAlias = Annotated[
    str | int, Meta(description="The record: its id, name, e-mail address or domain. Several that fit are an error.")
]


class _OfType(TypedDict):
    object_type: ObjectType


class FindParams(TypedDict, total=False):
    """Parameters of `find`."""

    where: Where
    query: Query
    sort: Annotated[str, Meta(description="`-amount` or `amount desc`; newest first if absent.")]
    limit: Annotated[int, Meta(ge=1, le=50_000, description="Records, 1-50000; 20 if absent.")]
    properties: FoundProperties


class FindObjectsParams(_OfType, FindParams):
    """Parameters of `objects.find`."""


class AggregateParams(TypedDict, total=False):
    """Parameters of `aggregate`."""

    metrics: Annotated[
        Names,
        Meta(description="`count`, or `sum`, `avg`, `min`, `max` with a property: `sum amount`; several in a list."),
    ]
    group_by: Annotated[
        Names,
        Meta(
            description="`owner`, `stage`, `team`, any property, a related type such as `company`, or a time: `month`, "
            "`closedate by week` (day, week, month, quarter, year); several in a list."
        ),
    ]
    where: Where
    query: Query
    date_property: Annotated[str, Meta(description="The date meant by `month` alone; when it was created if absent.")]
    limit: Annotated[int, Meta(ge=1, le=1_000, description="Groups to return, 1-1000; 50 if absent.")]
    max_records: Annotated[int, Meta(ge=1, le=100_000, description="Records to read at most; 20000 if absent.")]


class AggregateObjectsParams(_OfType, AggregateParams):
    """Parameters of `objects.aggregate`."""


class OverviewOptions(TypedDict, total=False):
    """Parameters of `overview` beside the record."""

    activities: Annotated[int, Meta(ge=0, le=100, description="Newest activities to show, 0-100; 10 if absent.")]
    related: Annotated[
        int, Meta(ge=0, le=100, description="Related records of each type to show, 0-100; 10 if absent.")
    ]


class OverviewParams(OverviewOptions, total=False):
    """Parameters of `overview`."""

    record: Required[RecordName]


class OverviewObjectsParams(_OfType, OverviewParams):
    """Parameters of `objects.overview`."""


class MoveStageParams(TypedDict, total=False):
    """Parameters of `move_stage`."""

    record: Required[RecordName]
    stage: Required[Annotated[str | int, Meta(description="The stage: label or id; first in the record's pipeline.")]]
    pipeline: Annotated[str | int, Meta(description="Another pipeline to move it to: label or id.")]


class UpsertByParams(TypedDict):
    """Parameters of `upsert_by`."""

    by: Annotated[
        dict[str, str | int | float | bool],
        Meta(min_length=1, max_length=5, description='What names the record: `{"domain": "acme.example"}`.'),
    ]
    properties: PropertyValues


class UpsertObjectsByParams(_OfType, UpsertByParams):
    """Parameters of `objects.upsert_by`."""


class FindActivitiesParams(TypedDict, total=False):
    """Parameters of `activities.find`."""

    where: Where
    kinds: Annotated[list[ActivityKind], Meta(min_length=1, description="Only these kinds; all if absent.")]
    query: Query
    limit: Annotated[int, Meta(ge=1, le=1_000, description="Activities, newest first, 1-1000; 20 if absent.")]


class AggregateActivitiesParams(TypedDict, total=False):
    """Parameters of `activities.aggregate`."""

    group_by: Annotated[
        Names, Meta(description="`kind`, `owner`, `team`, a related type such as `company`, or a time such as `week`.")
    ]
    where: Where
    kinds: Annotated[list[ActivityKind], Meta(min_length=1, description="Only these kinds; all if absent.")]
    limit: Annotated[int, Meta(ge=1, le=1_000, description="Groups to return, 1-1000; 50 if absent.")]
    max_records: Annotated[int, Meta(ge=1, le=100_000, description="Activities to read at most; 20000 if absent.")]


class LogActivityParams(TypedDict, total=False):
    """Parameters of `activities.log`."""

    kind: Required[
        Annotated[Literal["note", "call", "email", "meeting"], Meta(description="What happened; see also create_task.")]
    ]
    text: Required[Annotated[str, Meta(min_length=1, description="What it was about.")]]
    records: Required[Records]
    title: Annotated[str, Meta(description="Title or subject; notes have none.")]
    at: Annotated[str, Meta(description="When, such as `yesterday` or `2026-11-20T14:00`; now if absent.")]
    owner: OwnerName
    properties: Annotated[PropertyValues, Meta(description="Further properties, such as `hs_call_duration`.")]


class CreateTaskParams(TypedDict, total=False):
    """Parameters of `tasks.create_task`."""

    title: Required[Annotated[str, Meta(min_length=1, description="What is to be done.")]]
    due: Annotated[
        str, Meta(description="When, such as `next friday`, `in 3 days`, `2026-12-01T09:00`; tomorrow if absent.")
    ]
    owner: OwnerName
    records: Records
    text: Annotated[str, Meta(description="Notes on the task.")]
    priority: Annotated[Literal["NONE", "LOW", "MEDIUM", "HIGH"], Meta(description="How urgent it is.")]
    type: Annotated[Literal["TODO", "CALL", "EMAIL"], Meta(description="What kind of task it is; TODO if absent.")]


class DescribePortalParams(TypedDict, total=False):
    """Parameters of `account.describe_portal`."""

    object_types: Annotated[
        Names, Meta(description="Whose properties to show; contacts, companies, deals and tickets if absent.")
    ]
    custom_only: Annotated[bool, Meta(description="Only properties that the portal itself defined.")]
