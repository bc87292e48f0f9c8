"""An example of a call of each operation: valid, with `<...>` where only the caller knows what should stand."""

from __future__ import annotations

import types
from typing import (
    TYPE_CHECKING,
    Annotated,
    Final,
    Literal,
    Required,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from msgspec import Meta

from .._catalog._steps.words import TITLE
from .._reader import to_camel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._describe import Json
    from .._operation import Operation

_TELLING: Final[Mapping[str, Json]] = {
    "find": {"where": {"created": "last 30 days"}, "limit": 10},
    "aggregate": {"metrics": ["count"], "groupBy": ["owner"], "where": {"created": "this quarter"}},
    "list": {"limit": 10},
    "api_search": {
        "filterGroups": [{"filters": [{"propertyName": "createdate", "operator": "GT", "value": "2026-01-01"}]}],
        "limit": 10,
    },
}
"""What is worth showing though it is not required."""
_BY_NAME: Final[Mapping[str, object]] = {
    "objectType": "contacts",
    "fromObjectType": "contacts",
    "toObjectType": "companies",
    "objectTypes": ["deals"],
    "due": "next friday",
    "stage": "Contract sent",
    "records": {"deal": "<id or name>"},
}


def example_params(operation: Operation) -> Json:
    """Valid parameters: those that are required, and some that show what the operation can do."""
    reader = operation.reader
    params = {wire: value_for(operation, key) for key, wire in reader.wire_names.items() if key in reader.required}
    known = set(reader.wire_names.values())
    telling = _TELLING.get(operation.action, {})
    if operation.entity == "activities":
        telling = {name: item for name, item in telling.items() if name != "metrics"}
    return {**params, **{name: item for name, item in telling.items() if name in known}}


def value_for(operation: Operation, key: str) -> object:
    """An example of one parameter."""
    wire = operation.reader.wire_names[key]
    if wire in _BY_NAME:
        return _BY_NAME[wire]
    if key == "properties" and operation.effect != "read":
        title = TITLE.get(operation.entity, ("name",))[0]
        return {title: f"<{title}>"}
    return _value(operation.reader.annotations[key], wire)


def _value(annotation: object, name: str) -> object:
    origin, parts = get_origin(annotation), cast("tuple[object, ...]", get_args(annotation))
    if origin in {Annotated, Required, Union, types.UnionType}:
        least = next((note.ge for note in parts if isinstance(note, Meta) and note.ge is not None), None)
        return _value(parts[0], name) if least is None else least
    if origin is Literal:
        return parts[0]
    if origin is list:
        return [_value(parts[0], name)]
    if origin is dict:
        return {"<name>": _value(parts[1], "value")}
    if isinstance(annotation, type) and is_typeddict(annotation):
        hints = get_type_hints(annotation, include_extras=True)
        needed = cast("frozenset[str]", annotation.__required_keys__)  # type: ignore[attr-defined]
        return {to_camel(key): _value(hint, to_camel(key)) for key, hint in hints.items() if key in needed}
    return {bool: True, int: 1, float: 1}.get(cast("type", annotation), f"<{name}>")
