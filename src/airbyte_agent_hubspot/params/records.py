"""Parameters of operations on CRM records."""

from typing import Annotated, Required, TypeAlias, TypedDict

from msgspec import Meta

from ..filters import FilterGroup, Sort
from .fields import (
    After,
    Archived,
    AssociatedTypes,
    AssociationTypes,
    Id,
    IdProperty,
    ObjectType,
    Properties,
    PropertiesWithHistory,
    PropertyValues,
    RecordId,
)

BATCH_SIZE = 100
"""Most inputs in one batch. Source: https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/guide"""


class ArchivedOption(TypedDict, total=False):
    """Which records."""

    archived: Archived


class PageOptions(ArchivedOption, total=False):
    """Which page of records."""

    limit: Annotated[int, Meta(ge=1, le=100, description="Records on one page, 1-100; HubSpot's default is 10.")]
    after: After


class ListAllParams(ArchivedOption, total=False):
    """Parameters of `list_all`."""

    properties: Properties
    properties_with_history: PropertiesWithHistory
    associations: AssociatedTypes


class ListParams(PageOptions, ListAllParams, total=False):
    """Parameters of `list`."""


class GetOptions(TypedDict, total=False):
    """Parameters of `get` beside the record's id."""

    properties: Properties
    properties_with_history: PropertiesWithHistory
    associations: AssociatedTypes
    id_property: IdProperty
    archived: Archived


class GetParams(GetOptions, total=False):
    """Parameters of `get`."""

    record_id: Required[RecordId]


class ConditionOptions(TypedDict, total=False):
    """Which records fit."""

    filter_groups: Annotated[
        list[FilterGroup],
        Meta(max_length=5, description="Conditions: filters of one group must all hold, groups are alternatives."),
    ]
    query: Annotated[str, Meta(description="Words to look for in the default searchable properties.")]


class SearchAllParams(ConditionOptions, total=False):
    """Parameters of `search_all`."""

    properties: Properties


class SearchParams(SearchAllParams, total=False):
    """Parameters of `api_search`."""

    sorts: Annotated[
        list[str | Sort],
        Meta(max_length=1, description="One order: `-createdate`, or `{propertyName, direction}`."),
    ]
    limit: Annotated[int, Meta(ge=1, le=200, description="Records on one page, 1-200; HubSpot's default is 10.")]
    after: After


class NewAssociation(TypedDict, total=False):
    """A record to associate a new record with. Without `types` it is the unlabelled default association."""

    to_object_type: Required[ObjectType]
    to_object_id: Required[Id]
    types: AssociationTypes


NewAssociations: TypeAlias = Annotated[
    list[NewAssociation], Meta(description="Records to associate it with: `[{toObjectType, toObjectId}]`.")
]


class CreateParams(TypedDict, total=False):
    """Parameters of `create`."""

    properties: Required[PropertyValues]
    associations: NewAssociations


class UpdateOptions(TypedDict, total=False):
    """Parameters of `update` beside the record's id."""

    properties: Required[PropertyValues]
    id_property: IdProperty


class UpdateParams(UpdateOptions, total=False):
    """Parameters of `update`."""

    record_id: Required[RecordId]


class UpsertParams(TypedDict, total=False):
    """Parameters of `upsert`."""

    id_property: Required[IdProperty]
    id: Required[Annotated[str | int, Meta(description="The value of `idProperty` that names the record.")]]
    properties: Required[PropertyValues]


class DeleteParams(TypedDict):
    """Parameters of `delete`."""

    record_id: Id


class MergeParams(TypedDict):
    """Parameters of `merge`."""

    primary_object_id: Annotated[str | int, Meta(description="The record that stays.")]
    object_id_to_merge: Annotated[str | int, Meta(description="The record that goes into it.")]


Ids: TypeAlias = Annotated[
    list[str | int], Meta(min_length=1, max_length=BATCH_SIZE, description="1-100 ids, or values of `idProperty`.")
]


class BatchGetOptions(TypedDict, total=False):
    """Parameters of `batch_get` beside the ids."""

    properties: Properties
    properties_with_history: PropertiesWithHistory
    id_property: IdProperty
    archived: Archived


class BatchGetParams(BatchGetOptions, total=False):
    """Parameters of `batch_get`."""

    ids: Required[Ids]


class CreateInput(TypedDict, total=False):
    """One record to create."""

    properties: Required[PropertyValues]
    associations: NewAssociations


class UpdateInput(TypedDict, total=False):
    """One record to change."""

    id: Required[RecordId]
    properties: Required[PropertyValues]
    id_property: IdProperty


class UpsertInput(TypedDict):
    """One record to create or change."""

    id: Annotated[str | int, Meta(description="The value of `idProperty` that names the record.")]
    properties: PropertyValues


class BatchCreateParams(TypedDict):
    """Parameters of `batch_create`."""

    inputs: Annotated[list[CreateInput], Meta(min_length=1, max_length=BATCH_SIZE, description="1-100 records.")]


class BatchUpdateParams(TypedDict):
    """Parameters of `batch_update`."""

    inputs: Annotated[list[UpdateInput], Meta(min_length=1, max_length=BATCH_SIZE, description="1-100 records.")]


class BatchUpsertParams(TypedDict):
    """Parameters of `batch_upsert`."""

    id_property: IdProperty
    inputs: Annotated[list[UpsertInput], Meta(min_length=1, max_length=BATCH_SIZE, description="1-100 records.")]


class BatchDeleteParams(TypedDict):
    """Parameters of `batch_delete`."""

    ids: Annotated[list[str | int], Meta(min_length=1, max_length=BATCH_SIZE, description="1-100 ids.")]


class IdByName(TypedDict, total=False):
    """The record's id under its wire name, for typed methods: `get(contact_id="101")` is `get("101")`."""

    contact_id: RecordId
    company_id: RecordId
    deal_id: RecordId
    ticket_id: RecordId
    product_id: RecordId
    line_item_id: RecordId
    quote_id: RecordId
    lead_id: RecordId
    note_id: RecordId
    call_id: RecordId
    email_id: RecordId
    meeting_id: RecordId
    task_id: RecordId
    communication_id: RecordId


class GetArguments(GetOptions, IdByName, total=False):
    """Arguments of the typed method `get`."""


class UpdateArguments(UpdateOptions, IdByName, total=False):
    """Arguments of the typed method `update`."""
