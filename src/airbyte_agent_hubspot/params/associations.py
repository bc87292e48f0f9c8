"""Parameters of associations and their labels (API v4)."""

from typing import Annotated, Required, TypedDict

from msgspec import Meta

from .fields import After, AssociationTypes, Id, InternalName, Label, ObjectType


class Pair(TypedDict):
    """Two object types, in the direction of the association."""

    from_object_type: ObjectType
    to_object_type: ObjectType


class ListAssociationsParams(Pair, total=False):
    """Parameters of `associations.list`."""

    from_object_id: Required[Id]
    limit: Annotated[int, Meta(ge=1, le=500, description="Records on one page, 1-500.")]
    after: After


class LinkParams(Pair):
    """Two records."""

    from_object_id: Id
    to_object_id: Id


class CreateAssociationParams(LinkParams, total=False):
    """Parameters of `associations.create`."""

    types: AssociationTypes


class BatchGetAssociationsParams(Pair):
    """Parameters of `associations.batch_get`."""

    ids: Annotated[list[str | int], Meta(min_length=1, max_length=100, description="1-100 ids of `fromObjectType`.")]


class Link(TypedDict):
    """Two records of the given types."""

    from_object_id: Id
    to_object_id: Id


class NewLink(Link, total=False):
    """Two records to associate."""

    types: AssociationTypes


class BatchCreateAssociationsParams(Pair):
    """Parameters of `associations.batch_create`."""

    inputs: Annotated[list[NewLink], Meta(min_length=1, max_length=100, description="1-100 pairs of records.")]


class BatchDeleteAssociationsParams(Pair):
    """Parameters of `associations.batch_delete`."""

    inputs: Annotated[list[Link], Meta(min_length=1, max_length=100, description="1-100 pairs of records.")]


class CreateLabelParams(Pair, total=False):
    """Parameters of `association_labels.create`."""

    label: Required[Label]
    name: Required[InternalName]
    inverse_label: Annotated[str, Meta(description="Label of the opposite direction, for a paired label.")]


class DeleteLabelParams(Pair):
    """Parameters of `association_labels.delete`."""

    association_type_id: Annotated[int, Meta(description="Number of the label's type, from `list`.")]
