"""Parameters of `objects`: those of records, with the object type."""

from typing import Final, TypedDict

from . import records as r
from .fields import ObjectType


class _OfType(TypedDict):
    object_type: ObjectType


class ListObjectsParams(_OfType, r.ListParams):
    """Parameters of `objects.list`."""


class GetObjectsParams(_OfType, r.GetParams):
    """Parameters of `objects.get`."""


class SearchObjectsParams(_OfType, r.SearchParams):
    """Parameters of `objects.api_search`."""


class CreateObjectsParams(_OfType, r.CreateParams):
    """Parameters of `objects.create`."""


class UpdateObjectsParams(_OfType, r.UpdateParams):
    """Parameters of `objects.update`."""


class UpsertObjectsParams(_OfType, r.UpsertParams):
    """Parameters of `objects.upsert`."""


class DeleteObjectsParams(_OfType, r.DeleteParams):
    """Parameters of `objects.delete`."""


class MergeObjectsParams(_OfType, r.MergeParams):
    """Parameters of `objects.merge`."""


class BatchGetObjectsParams(_OfType, r.BatchGetParams):
    """Parameters of `objects.batch_get`."""


class BatchCreateObjectsParams(_OfType, r.BatchCreateParams):
    """Parameters of `objects.batch_create`."""


class BatchUpdateObjectsParams(_OfType, r.BatchUpdateParams):
    """Parameters of `objects.batch_update`."""


class BatchUpsertObjectsParams(_OfType, r.BatchUpsertParams):
    """Parameters of `objects.batch_upsert`."""


class BatchDeleteObjectsParams(_OfType, r.BatchDeleteParams):
    """Parameters of `objects.batch_delete`."""


WITH_TYPE: Final[dict[type, type]] = {
    r.ListParams: ListObjectsParams,
    r.GetParams: GetObjectsParams,
    r.SearchParams: SearchObjectsParams,
    r.CreateParams: CreateObjectsParams,
    r.UpdateParams: UpdateObjectsParams,
    r.UpsertParams: UpsertObjectsParams,
    r.DeleteParams: DeleteObjectsParams,
    r.MergeParams: MergeObjectsParams,
    r.BatchGetParams: BatchGetObjectsParams,
    r.BatchCreateParams: BatchCreateObjectsParams,
    r.BatchUpdateParams: BatchUpdateObjectsParams,
    r.BatchUpsertParams: BatchUpsertObjectsParams,
    r.BatchDeleteParams: BatchDeleteObjectsParams,
}
"""Parameters of an operation on records of a given type -> the same with the type among them."""
