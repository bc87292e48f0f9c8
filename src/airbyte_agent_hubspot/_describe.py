"""Views of the catalog: JSON Schema, entity descriptions, the text that a model reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, cast, get_args

import msgspec

from ._reader import to_camel
from .filters import Operator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._operation import Catalog, Operation
    from ._reader import ParamsReader

Json: TypeAlias = "dict[str, object]"


def params_schema(operation: Operation) -> Json:
    """JSON Schema of the operation's parameters, under their wire names."""
    return reader_schema(operation.reader)


def reader_schema(reader: ParamsReader) -> Json:
    """JSON Schema of what a reader takes."""
    annotations = [reader.annotations[key] for key in reader.wire_names]
    schemas, components = msgspec.json.schema_components(
        annotations, schema_hook=lambda _anything: {"description": "Any JSON value."}, ref_template="{name}"
    )
    schema: Json = {
        "type": "object",
        "properties": {
            wire: _inlined(schema, components) for wire, schema in zip(reader.wire_names.values(), schemas, strict=True)
        },
        "additionalProperties": False,
    }
    if reader.required:
        schema["required"] = [reader.wire_names[key] for key in reader.required]
    return schema


def _inlined(schema: object, components: Mapping[str, object]) -> object:
    """The schema with references put in place and keys of nested objects in camelCase."""
    if isinstance(schema, list):
        return [_inlined(item, components) for item in cast("list[object]", schema)]
    if not isinstance(schema, dict):
        return schema
    parts = dict(cast("dict[str, object]", schema))
    reference = parts.pop("$ref", None)
    if isinstance(reference, str):
        parts = {**cast("dict[str, object]", components[reference]), **parts}
    keys = cast("dict[str, object] | None", parts.pop("properties", None))
    required = cast("list[str]", parts.pop("required", []))
    inlined = {name: _inlined(value, components) for name, value in parts.items()}
    if keys is not None:
        inlined.pop("title", None)
        inlined["properties"] = {to_camel(name): _inlined(value, components) for name, value in keys.items()}
    if required:
        inlined["required"] = [to_camel(name) for name in required]
    return inlined


def describe_entity(catalog: Catalog, entity: str) -> Json:
    """One entity: its actions, each with its effect and JSON Schema of its parameters.

    Raises:
        UnknownOperationError: there is no such entity.
    """
    actions = catalog.find_entity(entity)
    return {
        "name": entity,
        "description": catalog.entities[entity],
        "actions": [
            {
                "name": operation.action,
                "description": operation.summary,
                "writes": operation.writes,
                "params": params_schema(operation),
            }
            for operation in actions.values()
        ],
        "searchable_fields": [],
    }


def describe_connector(catalog: Catalog) -> Json:
    """All entities, in the form that the action `describe` answers with."""
    return {
        "connector_type": "HubSpot",
        "entities": [describe_entity(catalog, entity) for entity in catalog.entities if entity != "*"],
        "context_store": None,
        "sql_dialect": None,
    }


def signature_of(operation: Operation) -> str:
    """`get(contactId*, properties, ...)`: the action with its parameters, required ones starred."""
    reader = operation.reader
    required = [f"{reader.wire_names[key]}*" for key in reader.required]
    optional = [wire for key, wire in reader.wire_names.items() if key not in reader.required]
    return f"{operation.action}({', '.join([*required, *optional])})"


def _actions_of(catalog: Catalog, entities: Sequence[str]) -> tuple[list[str], list[str]]:
    """The actions that all these entities of records share, and those that only some have; the id's name left open."""
    having: dict[str, list[str]] = {}
    for entity in entities:
        for operation in catalog.find_entity(entity).values():
            id_name = operation.wire_names.get("record_id", "<id>")
            having.setdefault(signature_of(operation).replace(f"{id_name}*", "<id>*"), []).append(entity)
    shared = [signature for signature, owners in having.items() if len(owners) == len(entities)]
    some = [f"{signature}: {', '.join(owners)} only" for signature, owners in having.items() if signature not in shared]
    return shared, some


def tool_text(catalog: Catalog) -> str:
    """What a model has to know to call `execute(entity, action, params)`."""
    records = {
        entity: operation.wire_names["record_id"]
        for entity in catalog.entities
        for operation in catalog.find_entity(entity).values()
        if operation.action == "get" and "record_id" in operation.wire_names and entity != "objects"
    }
    shared, some = _actions_of(catalog, list(records))
    others = [entity for entity in catalog.entities if entity not in {*records, "objects"}]
    lines = [
        "Reads and writes HubSpot. Pass `entity`, `action`, and the action's parameters in `params` (* = required).",
        "",
        f"Records: {', '.join(f'{name} ({id_name})' for name, id_name in records.items())}; objects (objectType*,",
        "objectId) for any other type. The id's name is in brackets, <id> below.",
        f"  {'; '.join(shared)}.",
        f"  {'; '.join(some)}.",
    ]
    lines += [
        f"{entity}: {'; '.join(signature_of(operation) for operation in catalog.find_entity(entity).values())}"
        for entity in others
    ]
    lines += [
        "",
        "Prefer find and aggregate: where={'stage': 'Contract sent', 'amount': '>= 10000', 'owner': 'Dana Reed',",
        "'closedate': 'this quarter', 'company': 'Acme'}; metrics=['count', 'sum amount'], groupBy=['owner', 'month'].",
        "Labels and names stand for ids everywhere; records={'deal': 'Acme renewal'}. find answers {data, total,",
        "complete, labels}.",
        "Lists and searches answer {data, meta: {next_cursor}}: pass next_cursor as `after`; limit is at most",
        "100 (search 200). Batches take 100 inputs and answer {items: [{index, id, record, error}]}.",
        "A record has `id` and `properties` (values are text). Name the `properties` you need.",
        "filterGroups: [{filters: [{propertyName, operator, value | values | highValue}]}]; filters are ANDed, groups",
        f"ORed; operators {' '.join(get_args(Operator))}. sorts: ['-createdate'].",
        "inputs of batch_create: {properties, associations}; of batch_update and batch_upsert: {id, properties}.",
        "associations of create: [{toObjectType, toObjectId}].",
    ]
    return "\n".join(lines)
