"""Parameters of schemas, properties, pipelines and their parts."""

from typing import Annotated, Literal, Required, TypeAlias, TypedDict

from msgspec import Meta

from .fields import Archived, DisplayOrder, InternalName, Label, ObjectType

PropertyType: TypeAlias = Annotated[
    Literal["string", "number", "date", "datetime", "enumeration", "bool", "phone_number"],
    Meta(description="Type of the values."),
]
FieldType: TypeAlias = Annotated[
    Literal[
        "text",
        "textarea",
        "html",
        "number",
        "date",
        "select",
        "radio",
        "checkbox",
        "booleancheckbox",
        "file",
        "phonenumber",
        "calculation_equation",
        "calculation_rollup",
        "calculation_read_time",
        "calculation_score",
    ],
    Meta(description="How forms and records show it."),
]
GroupName: TypeAlias = Annotated[str, Meta(description="The property group it is shown in, by internal name.")]
PropertyName: TypeAlias = Annotated[str, Meta(min_length=1, description="Internal name of the property.")]
Description: TypeAlias = Annotated[str, Meta(description="Help text for people.")]
Hidden: TypeAlias = Annotated[bool, Meta(description="Not shown to people.")]


class Option(TypedDict, total=False):
    """One choice of an enumeration."""

    label: Required[Label]
    value: Required[Annotated[str, Meta(description="What records hold.")]]
    display_order: DisplayOrder
    hidden: Hidden
    description: Description


Options: TypeAlias = Annotated[
    list[Option], Meta(description="Choices of an enumeration; on update they replace the list.")
]


class OfType(TypedDict):
    """Something that belongs to an object type."""

    object_type: ObjectType


class ListPropertiesParams(OfType, total=False):
    """Parameters of `properties.list`."""

    archived: Archived
    data_sensitivity: Annotated[
        Literal["non_sensitive", "sensitive", "highly_sensitive"], Meta(description="Which properties, by protection.")
    ]


class GetPropertyParams(OfType, total=False):
    """Parameters of `properties.get`."""

    property_name: Required[PropertyName]
    archived: Archived


class PropertyDetails(TypedDict, total=False):
    """What else can be said of a property, at creation and later."""

    description: Description
    options: Options
    display_order: DisplayOrder
    hidden: Hidden
    form_field: Annotated[bool, Meta(description="Whether forms may use it.")]
    calculation_formula: Annotated[str, Meta(description="Formula of a calculated property.")]


class PropertyFields(PropertyDetails, total=False):
    """What of a property can be changed."""

    label: Label
    type: PropertyType
    field_type: FieldType
    group_name: GroupName


class NewPropertyDetails(PropertyDetails, total=False):
    """What else is said of a property when it is created."""

    name: Required[InternalName]
    label: Required[Label]
    type: Required[PropertyType]
    field_type: Required[FieldType]
    has_unique_value: Annotated[bool, Meta(description="No two records may share a value; only at creation.")]
    external_options: Annotated[bool, Meta(description="Whether options come from elsewhere, such as owners.")]
    referenced_object_type: Annotated[str, Meta(description="OWNER, for a property that holds owners.")]


class NewProperty(NewPropertyDetails, total=False):
    """A property of a new object type, in that type's own group unless one is named."""

    group_name: GroupName


class CreatePropertyParams(OfType, NewPropertyDetails, total=False):
    """Parameters of `properties.create`."""

    group_name: Required[GroupName]


class UpdatePropertyParams(OfType, PropertyFields, total=False):
    """Parameters of `properties.update`."""

    property_name: Required[PropertyName]


class DeletePropertyParams(OfType):
    """Parameters of `properties.delete`."""

    property_name: PropertyName


class GroupParams(OfType):
    """Parameters of `property_groups.get` and `delete`."""

    group_name: Annotated[str, Meta(min_length=1, description="Internal name of the group.")]


class CreateGroupParams(OfType, total=False):
    """Parameters of `property_groups.create`."""

    name: Required[InternalName]
    label: Required[Label]
    display_order: DisplayOrder


class UpdateGroupParams(GroupParams, total=False):
    """Parameters of `property_groups.update`."""

    label: Label
    display_order: DisplayOrder


class ListSchemasParams(TypedDict, total=False):
    """Parameters of `schemas.list`."""

    archived: Archived


class Labels(TypedDict, total=False):
    """What people call one and several records."""

    singular: Label
    plural: Label


TypeLabels: TypeAlias = Annotated[Labels, Meta(description="What people call one and several records.")]


class SchemaDetails(TypedDict, total=False):
    """What else can be said of a custom object type, at creation and later."""

    description: Description
    secondary_display_properties: Annotated[list[str], Meta(description="Properties shown beside the name.")]
    required_properties: Annotated[list[str], Meta(description="Properties without which no record is created.")]
    searchable_properties: Annotated[list[str], Meta(description="Properties that `query` looks in: at most 20.")]


class CreateSchemaParams(SchemaDetails, total=False):
    """Parameters of `schemas.create`."""

    name: Required[InternalName]
    labels: Required[TypeLabels]
    primary_display_property: Required[Annotated[str, Meta(description="The property that names a record.")]]
    properties: Annotated[list[NewProperty], Meta(description="Its first properties.")]
    associated_objects: Annotated[list[str], Meta(description="Object types it can be associated with.")]


class UpdateSchemaParams(OfType, SchemaDetails, total=False):
    """Parameters of `schemas.update`."""

    labels: TypeLabels
    primary_display_property: Annotated[str, Meta(description="The property that names a record.")]


PipelineId: TypeAlias = Annotated[str | int, Meta(description="Id of the pipeline.")]
StageId: TypeAlias = Annotated[str | int, Meta(description="Id of the stage.")]
StageMetadata: TypeAlias = Annotated[
    dict[str, str | int | float | bool],
    Meta(description="Deals: `{probability: 0.0-1.0}`, required. Tickets: `{ticketState: OPEN | CLOSED}`."),
]


class NewStage(TypedDict, total=False):
    """A stage of a new pipeline."""

    label: Required[Label]
    display_order: Required[DisplayOrder]
    metadata: Required[StageMetadata]
    stage_id: Annotated[str, Meta(description="Its id; HubSpot makes one if absent.")]


class PipelineParams(OfType):
    """Parameters of `pipelines.get` and of `stages.list`."""

    pipeline_id: PipelineId


class CreatePipelineParams(OfType, total=False):
    """Parameters of `pipelines.create`."""

    label: Required[Label]
    display_order: Required[DisplayOrder]
    stages: Required[Annotated[list[NewStage], Meta(min_length=1, description="Its stages.")]]
    pipeline_id: Annotated[str, Meta(description="Its id; HubSpot makes one if absent.")]


class UpdatePipelineParams(PipelineParams, total=False):
    """Parameters of `pipelines.update`."""

    label: Label
    display_order: DisplayOrder


class DeletePipelineParams(PipelineParams, total=False):
    """Parameters of `pipelines.delete`."""

    validate_references_before_delete: Annotated[bool, Meta(description="Refuse while records use it.")]


class StageParams(PipelineParams):
    """Parameters of `stages.get` and `delete`."""

    stage_id: StageId


class CreateStageParams(PipelineParams, total=False):
    """Parameters of `stages.create`."""

    label: Required[Label]
    display_order: Required[DisplayOrder]
    metadata: Required[StageMetadata]


class UpdateStageParams(StageParams, total=False):
    """Parameters of `stages.update`."""

    label: Label
    display_order: DisplayOrder
    metadata: StageMetadata
