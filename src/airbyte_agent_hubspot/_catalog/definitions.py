"""What a portal is made of: object types, properties, pipelines.

Source: https://developers.hubspot.com/docs/api-reference
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, cast

from .. import models as m
from .._operation import Operation
from .._shape import ConvertedShape, ItemShape, PageShape
from ..params import definitions as p
from ._paths import delete, get, path, send, value_text, with_query, without

if TYPE_CHECKING:
    from .._shape import Params
    from .._wire import HttpRequest

_SCHEMA_GUIDE: Final = "https://developers.hubspot.com/docs/api-reference/crm-schemas-v3/guide"
_PROPERTY_GUIDE: Final = "https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide"
_PIPELINE_GUIDE: Final = "https://developers.hubspot.com/docs/api-reference/crm-pipelines-v3/guide"
_SCHEMA_READ: Final = ("crm.schemas.custom.read", "crm.objects.custom.read")
_SCHEMA_WRITE: Final = ("crm.schemas.custom.write",)
_TYPES: Final = ("contacts", "companies", "deals", "custom")
_DEFINITION_READ: Final = (*(f"crm.schemas.{name}.read" for name in _TYPES), "tickets")
_DEFINITION_WRITE: Final = (*(f"crm.schemas.{name}.write" for name in _TYPES), "tickets")


def _deleted(id_name: str) -> ConvertedShape[m.Deleted]:
    return ConvertedShape(m.Deleted, lambda _body, params: m.Deleted(str(params[id_name])))


def _schema_url(params: Params, version: str) -> str:
    return path("schemas", version, params["objectType"])


def _encode_create_schema(params: Params, version: str) -> HttpRequest:
    # HubSpot's reference wants these lists; its API also takes them empty.
    body: dict[str, object] = {"requiredProperties": [], "properties": [], "associatedObjects": [], **params}
    return send("POST", path("schemas", version), body)


_schema = partial(Operation, "schemas", source=_SCHEMA_GUIDE)
_SCHEMAS: tuple[Operation, ...] = (
    _schema(
        "list",
        "All custom object types of the portal.",
        params=p.ListSchemasParams,
        encode=lambda params, version: get(path("schemas", version), params, "archived"),
        shape=PageShape(m.Schema),
        scopes=_SCHEMA_READ,
    ),
    _schema(
        "get",
        "One object type, built-in ones too: labels, properties, associations.",
        params=p.OfType,
        encode=lambda params, version: get(_schema_url(params, version), params),
        shape=ItemShape(m.Schema),
        scopes=_SCHEMA_READ,
    ),
    _schema(
        "create",
        "Creates a custom object type.",
        params=p.CreateSchemaParams,
        encode=_encode_create_schema,
        shape=ItemShape(m.Schema),
        effect="write",
        scopes=_SCHEMA_WRITE,
    ),
    _schema(
        "update",
        "Changes labels and display of a custom object type; its properties and associations are in `get` alone.",
        params=p.UpdateSchemaParams,
        encode=lambda params, version: send("PATCH", _schema_url(params, version), without(params, "objectType")),
        shape=ItemShape(m.Schema),
        effect="write",
        scopes=_SCHEMA_WRITE,
        idempotent=True,
    ),
    _schema(
        "delete",
        "Archives a custom object type that has no records left.",
        params=p.OfType,
        encode=lambda params, version: delete(_schema_url(params, version)),
        shape=_deleted("objectType"),
        effect="destructive",
        scopes=_SCHEMA_WRITE,
    ),
)


def _property_url(params: Params, version: str) -> str:
    parts = (params["objectType"], params["propertyName"]) if "propertyName" in params else (params["objectType"],)
    return path("properties", version, *parts)


_property_read = partial(Operation, "properties", source=_PROPERTY_GUIDE, scopes=_DEFINITION_READ)
_property_write = partial(Operation, "properties", source=_PROPERTY_GUIDE, scopes=_DEFINITION_WRITE)
_PROPERTIES: tuple[Operation, ...] = (
    _property_read(
        "list",
        "All properties of an object type: names, labels, types and options.",
        params=p.ListPropertiesParams,
        encode=lambda params, version: get(_property_url(params, version), params, "archived", "dataSensitivity"),
        shape=PageShape(m.PropertyDefinition),
    ),
    _property_read(
        "get",
        "One property.",
        params=p.GetPropertyParams,
        encode=lambda params, version: get(_property_url(params, version), params, "archived"),
        shape=ItemShape(m.PropertyDefinition),
    ),
    _property_write(
        "create",
        "Creates a property.",
        params=p.CreatePropertyParams,
        encode=lambda params, version: send("POST", _property_url(params, version), without(params, "objectType")),
        shape=ItemShape(m.PropertyDefinition),
        effect="write",
    ),
    _property_write(
        "update",
        "Changes a property; `options` replace the list.",
        params=p.UpdatePropertyParams,
        encode=lambda params, version: send(
            "PATCH", _property_url(params, version), without(params, "objectType", "propertyName")
        ),
        shape=ItemShape(m.PropertyDefinition),
        effect="write",
        idempotent=True,
    ),
    _property_write(
        "delete",
        "Archives a property.",
        params=p.DeletePropertyParams,
        encode=lambda params, version: delete(_property_url(params, version)),
        shape=_deleted("propertyName"),
        effect="destructive",
    ),
)


def _group_url(params: Params, version: str) -> str:
    more = (params["groupName"],) if "groupName" in params else ()
    return path("properties", version, params["objectType"], "groups", *more)


_group_read = partial(Operation, "property_groups", source=_PROPERTY_GUIDE, scopes=_DEFINITION_READ)
_group_write = partial(Operation, "property_groups", source=_PROPERTY_GUIDE, scopes=_DEFINITION_WRITE)
_GROUPS: tuple[Operation, ...] = (
    _group_read(
        "list",
        "All property groups of an object type.",
        params=p.OfType,
        encode=lambda params, version: get(_group_url(params, version), params),
        shape=PageShape(m.PropertyGroup),
    ),
    _group_read(
        "get",
        "One property group.",
        params=p.GroupParams,
        encode=lambda params, version: get(_group_url(params, version), params),
        shape=ItemShape(m.PropertyGroup),
    ),
    _group_write(
        "create",
        "Creates a property group.",
        params=p.CreateGroupParams,
        encode=lambda params, version: send("POST", _group_url(params, version), without(params, "objectType")),
        shape=ItemShape(m.PropertyGroup),
        effect="write",
    ),
    _group_write(
        "update",
        "Changes a property group.",
        params=p.UpdateGroupParams,
        encode=lambda params, version: send(
            "PATCH", _group_url(params, version), without(params, "objectType", "groupName")
        ),
        shape=ItemShape(m.PropertyGroup),
        effect="write",
        idempotent=True,
    ),
    _group_write(
        "delete",
        "Archives a property group that has no properties left.",
        params=p.GroupParams,
        encode=lambda params, version: delete(_group_url(params, version)),
        shape=_deleted("groupName"),
        effect="destructive",
    ),
)


def _pipeline_url(params: Params, version: str, *parts: object) -> str:
    given = [params[name] for name in ("objectType", "pipelineId") if name in params]
    return path("pipelines", version, *given, *parts)


def _encode_create_pipeline(params: Params, version: str) -> HttpRequest:
    stages = [_stage_body(stage) for stage in cast("list[dict[str, object]]", params["stages"])]
    body = {**without(params, "objectType"), "stages": stages}
    return send("POST", path("pipelines", version, params["objectType"]), body)


def _stage_body(given: Params, *in_path: str) -> dict[str, object]:
    """A stage with its metadata as text, the only form that HubSpot takes; without what is `in_path`."""
    body = without(given, *in_path)
    if "metadata" in given:
        metadata = cast("dict[str, object]", given["metadata"])
        body["metadata"] = {name: value_text(value) for name, value in metadata.items()}
    return body


_pipeline_read = partial(Operation, "pipelines", source=_PIPELINE_GUIDE, scopes=_DEFINITION_READ)
_pipeline_write = partial(Operation, "pipelines", source=_PIPELINE_GUIDE, scopes=_DEFINITION_WRITE)
_PIPELINES: tuple[Operation, ...] = (
    _pipeline_read(
        "list",
        "All pipelines of an object type, with their stages.",
        params=p.OfType,
        encode=lambda params, version: get(_pipeline_url(params, version), params),
        shape=PageShape(m.Pipeline),
    ),
    _pipeline_read(
        "get",
        "One pipeline with its stages.",
        params=p.PipelineParams,
        encode=lambda params, version: get(_pipeline_url(params, version), params),
        shape=ItemShape(m.Pipeline),
    ),
    _pipeline_write(
        "create",
        "Creates a pipeline with its stages; their `metadata` in the answer is as sent, `get` has what HubSpot keeps.",
        params=p.CreatePipelineParams,
        encode=_encode_create_pipeline,
        shape=ItemShape(m.Pipeline),
        effect="write",
    ),
    _pipeline_write(
        "update",
        "Changes label and place of a pipeline.",
        params=p.UpdatePipelineParams,
        encode=lambda params, version: send(
            "PATCH", _pipeline_url(params, version), without(params, "objectType", "pipelineId")
        ),
        shape=ItemShape(m.Pipeline),
        effect="write",
        idempotent=True,
    ),
    _pipeline_write(
        "delete",
        "Deletes a pipeline.",
        params=p.DeletePipelineParams,
        encode=lambda params, version: delete(
            with_query(_pipeline_url(params, version), params, "validateReferencesBeforeDelete")
        ),
        shape=_deleted("pipelineId"),
        effect="destructive",
    ),
)


def _stage_url(params: Params, version: str) -> str:
    more = (params["stageId"],) if "stageId" in params else ()
    return _pipeline_url(params, version, "stages", *more)


_stage_read = partial(Operation, "stages", source=_PIPELINE_GUIDE, scopes=_DEFINITION_READ)
_stage_write = partial(Operation, "stages", source=_PIPELINE_GUIDE, scopes=_DEFINITION_WRITE)
_STAGES: tuple[Operation, ...] = (
    _stage_read(
        "list",
        "All stages of a pipeline.",
        params=p.PipelineParams,
        encode=lambda params, version: get(_stage_url(params, version), params),
        shape=PageShape(m.Stage),
    ),
    _stage_read(
        "get",
        "One stage.",
        params=p.StageParams,
        encode=lambda params, version: get(_stage_url(params, version), params),
        shape=ItemShape(m.Stage),
    ),
    _stage_write(
        "create",
        "Adds a stage to a pipeline; `metadata` in the answer is as sent, `get` has what HubSpot keeps.",
        params=p.CreateStageParams,
        encode=lambda params, version: send(
            "POST", _stage_url(params, version), _stage_body(params, "objectType", "pipelineId")
        ),
        shape=ItemShape(m.Stage),
        effect="write",
    ),
    _stage_write(
        "update",
        "Changes a stage; `metadata` in the answer is as sent, `get` has what HubSpot keeps.",
        params=p.UpdateStageParams,
        encode=lambda params, version: send(
            "PATCH", _stage_url(params, version), _stage_body(params, "objectType", "pipelineId", "stageId")
        ),
        shape=ItemShape(m.Stage),
        effect="write",
        idempotent=True,
    ),
    _stage_write(
        "delete",
        "Deletes a stage that no record is in.",
        params=p.StageParams,
        encode=lambda params, version: delete(_stage_url(params, version)),
        shape=_deleted("stageId"),
        effect="destructive",
        idempotent=True,
    ),
)

OPERATIONS: tuple[Operation, ...] = (*_SCHEMAS, *_PROPERTIES, *_GROUPS, *_PIPELINES, *_STAGES)
