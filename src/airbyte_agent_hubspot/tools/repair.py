"""A value made to fit a JSON Schema as well as can be: what a wrong call meant, perhaps."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .._describe import Json

NOTHING: Final = object()
"""There is no such value."""
_BEGINNING: Final = 3
"""So many letters of a name are enough if only one begins so: `DESC`."""


def repaired(schema: Mapping[str, object], value: object) -> object:
    """What `value` was to be, or `NOTHING`. Members that a schema requires are not invented."""
    if "anyOf" in schema:
        tries = [repaired(part, value) for part in cast("list[Json]", schema["anyOf"])]
        return next((one for one in tries if one == value), next((one for one in tries if one is not NOTHING), NOTHING))
    if "enum" in schema:
        return _nearest_choice(cast("list[object]", schema["enum"]), value)
    repair = _REPAIRS.get(str(schema.get("type")))
    return value if repair is None else repair(schema, value)


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that looks most like this one, whatever its case and underscores."""
    by_look = {_look(one): one for one in known}
    look = _look(name)
    close = get_close_matches(look, by_look, n=1, cutoff=0.6)
    begin = [one for one in by_look if one.startswith(look)] if len(look) >= _BEGINNING else []
    return by_look[close[0]] if close else by_look[begin[0]] if len(begin) == 1 else None


def _look(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(" ", "").casefold()


def _nearest_choice(choices: list[object], value: object) -> object:
    if value in choices:
        return value
    found = nearest_name(str(value), [str(choice) for choice in choices])
    return next((choice for choice in choices if str(choice) == found), NOTHING)


def _object(schema: Mapping[str, object], value: object) -> object:
    given = _json_in(value)
    if not isinstance(given, dict):
        return NOTHING
    members = cast("Json", given)
    if "properties" not in schema:
        inner = schema.get("additionalProperties")
        inner = cast("Json", inner) if isinstance(inner, dict) else {}
        free = {name: repaired(inner, item) for name, item in members.items()}
        return {name: item for name, item in free.items() if item is not NOTHING} or NOTHING
    known = cast("dict[str, Json]", schema["properties"])
    kept: Json = {}
    for name, item in members.items():
        meant = name if name in known else nearest_name(name, known.keys() - members.keys() - kept.keys())
        fixed = NOTHING if meant is None or item is None else repaired(known[meant], item)
        if meant is not None and fixed is not NOTHING:
            kept[meant] = fixed
    missing = set(cast("list[str]", schema.get("required", []))) - kept.keys()
    return NOTHING if missing else kept


def _list(schema: Mapping[str, object], value: object) -> object:
    given = _json_in(value)
    if isinstance(given, str):
        given = [part.strip() for part in given.split(",") if part.strip()]
    items = cast("list[object]", given) if isinstance(given, list) else [given]
    inner = cast("Json", schema.get("items", {}))
    kept = [one for one in (repaired(inner, item) for item in items) if one is not NOTHING]
    if items and not kept:
        return NOTHING
    most = cast("int", schema.get("maxItems", len(kept)))
    return kept[:most] if len(kept) >= cast("int", schema.get("minItems", 0)) else NOTHING


def _number(schema: Mapping[str, object], value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return NOTHING
    try:
        number = float(str(value).replace(",", ""))
        fixed = int(number) if schema["type"] == "integer" or number.is_integer() else number
    except (ValueError, OverflowError):
        return NOTHING
    least, most = cast("float", schema.get("minimum", fixed)), cast("float", schema.get("maximum", fixed))
    return max(least, min(most, fixed))


def _flag(schema: Mapping[str, object], value: object) -> object:
    del schema
    if isinstance(value, bool):
        return value
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(
        str(value).casefold(), NOTHING
    )


def _text(schema: Mapping[str, object], value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return NOTHING
    return str(value) if len(str(value)) >= cast("int", schema.get("minLength", 0)) else NOTHING


def _nothing(schema: Mapping[str, object], value: object) -> object:
    del schema
    return None if value is None else NOTHING


_REPAIRS: Final[Mapping[str, Callable[[Mapping[str, object], object], object]]] = {
    "object": _object,
    "array": _list,
    "integer": _number,
    "number": _number,
    "boolean": _flag,
    "string": _text,
    "null": _nothing,
}


def _json_in(value: object) -> object:
    """What a text holds as JSON, if it holds an object or a list."""
    if not isinstance(value, str):
        return value
    try:
        parsed = cast("object", json.loads(value))
    except (ValueError, RecursionError):
        return value
    return cast("object", parsed) if isinstance(parsed, dict | list) else value
