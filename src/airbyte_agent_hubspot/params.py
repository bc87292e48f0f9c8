"""Parameters of each operation: one TypedDict is signature, validator, JSON Schema and documentation.

Keys are snake_case here; the wire, `execute` and the hosted API use the camelCase form of the same name
(`filter_groups`, `filterGroups`). Both are understood everywhere.
"""

from typing import Annotated, Required, TypeAlias, TypedDict

from msgspec import Meta

from .filters import FilterGroup, Sort

__all__ = [
    "GetObjectParams",
    "GetParams",
    "GetSchemaParams",
    "ListObjectsParams",
    "ListParams",
    "ListSchemasParams",
    "SearchParams",
]

Names: TypeAlias = str | list[str]

RecordId: TypeAlias = Annotated[
    str | int, Meta(description="The record's id, or the value of `idProperty` if that is given.")
]
ObjectType: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        description="An object type: a name (`contacts`), a type id (`0-1`, `2-123`) "
        "or a custom object's full name (`p123_cars`).",
    ),
]
After: TypeAlias = Annotated[str, Meta(description="Cursor of the next page: `meta.next_cursor` of the last.")]
Archived: TypeAlias = Annotated[bool, Meta(description="Archived records instead of live ones.")]
Properties: TypeAlias = Annotated[
    Names, Meta(description="Properties to return, as a list or a comma-separated string of internal names.")
]
PropertiesWithHistory: TypeAlias = Annotated[
    Names, Meta(description="Properties to return with all their earlier values (at most 50 records a page).")
]
Associations: TypeAlias = Annotated[
    Names, Meta(description="Object types whose associated ids come with each record, such as `companies`.")
]


class ListParams(TypedDict, total=False):
    """Parameters of `list`."""

    limit: Annotated[int, Meta(ge=1, le=100, description="Records on one page, 1-100; HubSpot's default is 10.")]
    after: After
    properties: Properties
    properties_with_history: PropertiesWithHistory
    associations: Associations
    archived: Archived


class GetOptions(TypedDict, total=False):
    """Parameters of `get` beside the record's id."""

    properties: Properties
    properties_with_history: PropertiesWithHistory
    associations: Associations
    id_property: Annotated[
        str,
        Meta(description="A unique property by which to find the record, such as `email`, instead of its id."),
    ]
    archived: Annotated[bool, Meta(description="Look among archived records.")]


class GetParams(GetOptions, total=False):
    """Parameters of `get`."""

    record_id: Required[RecordId]


class IdByName(TypedDict, total=False):
    """The record's id under its wire name, for typed methods: `get(contact_id="101")` is `get("101")`."""

    contact_id: RecordId
    company_id: RecordId
    deal_id: RecordId
    ticket_id: RecordId
    object_id: RecordId


class GetArguments(GetOptions, IdByName, total=False):
    """Arguments of the typed method `get`."""


class SearchParams(TypedDict, total=False):
    """Parameters of `api_search`."""

    filter_groups: Annotated[
        list[FilterGroup],
        Meta(
            max_length=5,
            description="Conditions: filters of one group must all hold, groups are alternatives.",
        ),
    ]
    query: Annotated[str, Meta(description="Words to look for in the default searchable properties.")]
    properties: Properties
    sorts: Annotated[
        list[str | Sort],
        Meta(max_length=1, description="One order: `-createdate`, or `{propertyName, direction}`."),
    ]
    limit: Annotated[int, Meta(ge=1, le=200, description="Records on one page, 1-200; HubSpot's default is 10.")]
    after: After


class ListObjectsParams(ListParams, total=False):
    """Parameters of `objects.list`."""

    object_type: Required[ObjectType]


class GetObjectParams(GetParams, total=False):
    """Parameters of `objects.get`."""

    object_type: Required[ObjectType]


class ListSchemasParams(TypedDict, total=False):
    """Parameters of `schemas.list`."""

    archived: Annotated[bool, Meta(description="Archived schemas instead of live ones.")]


class GetSchemaParams(TypedDict, total=False):
    """Parameters of `schemas.get`."""

    object_type: Required[ObjectType]


class NoParams(TypedDict, total=False):
    """An operation without parameters."""
