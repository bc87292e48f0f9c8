"""Fields that many operations share."""

from typing import Annotated, TypeAlias, TypedDict

from msgspec import Meta

Names: TypeAlias = str | list[str]
PropertyValue: TypeAlias = str | int | float | bool | None

RecordId: TypeAlias = Annotated[
    str | int, Meta(description="The record's id, or the value of `idProperty` if that is given.")
]
Id: TypeAlias = Annotated[str | int, Meta(description="The record's id.")]
ObjectType: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        description="An object type: a name (`contacts`), a type id (`0-1`, `2-123`) "
        "or a custom object's full name (`p123_cars`).",
    ),
]
After: TypeAlias = Annotated[str, Meta(description="Cursor of the next page: `meta.next_cursor` of the last.")]
Archived: TypeAlias = Annotated[bool, Meta(description="Archived ones instead of live ones.")]
DisplayOrder: TypeAlias = Annotated[int, Meta(description="Place in lists, ascending; -1 puts it behind all others.")]
Label: TypeAlias = Annotated[str, Meta(min_length=1, description="What people see.")]
InternalName: TypeAlias = Annotated[
    str, Meta(min_length=1, description="Internal name: lower-case letters, digits and `_`, first a letter.")
]
Properties: TypeAlias = Annotated[
    Names, Meta(description="Properties to return, as a list or a comma-separated string of internal names.")
]
PropertiesWithHistory: TypeAlias = Annotated[
    Names, Meta(description="Properties to return with all their earlier values (at most 50 records a page).")
]
AssociatedTypes: TypeAlias = Annotated[
    Names, Meta(description="Object types whose associated ids come with each record, such as `companies`.")
]
IdProperty: TypeAlias = Annotated[
    str, Meta(description="A unique property by which to find the record, such as `email`, instead of its id.")
]
PropertyValues: TypeAlias = Annotated[
    dict[str, PropertyValue],
    Meta(min_length=1, description="Values by internal name of the property; an empty text or null clears."),
]


class AssociationType(TypedDict):
    """The type of an association: see `association_labels.list`."""

    association_category: Annotated[str, Meta(description="HUBSPOT_DEFINED, USER_DEFINED, INTEGRATOR_DEFINED or WORK.")]
    association_type_id: Annotated[int, Meta(description="Number of the type, in the direction from -> to.")]


AssociationTypes: TypeAlias = Annotated[
    list[AssociationType], Meta(min_length=1, description="Types to set; the unlabelled default if absent.")
]
