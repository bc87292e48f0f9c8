"""Arguments of tools as models send them: read leniently where the meaning is clear, refused with a reason else."""

import json
import math
from collections.abc import Mapping
from typing import Annotated, Final, Required, TypedDict, cast, get_type_hints

from msgspec import Meta

from .._describe import Json
from .._reader import ParamsReader
from ..errors import FieldError, InvalidParamsError
from ..shaping import LEAST_TOKENS

ARGUMENTS: Final = "arguments"
"""What errors call that with which a tool is called."""
MOST_TOKENS: Final = 20_000
_DEEPEST: Final = 32


class InspectArguments(TypedDict):
    """Arguments of the tool that tells what there is."""


class DocsArguments(TypedDict, total=False):
    """Arguments of the tool that explains an entity or action."""

    entity: Required[Annotated[str, Meta(description="Such as deals.")]]
    action: Annotated[str, Meta(description="Such as find; all in short if absent.")]


class ShapingArguments(TypedDict, total=False):
    """What may be said of the result."""

    select_fields: Annotated[list[str], Meta(description="Only these fields of each record.")]
    exclude_fields: list[str]
    max_tokens: Annotated[int, Meta(ge=LEAST_TOKENS, le=MOST_TOKENS, description="Most tokens of the result.")]
    skip: Annotated[int, Meta(ge=0, description="Records to leave out, as `next` says.")]


class _Operation(TypedDict, total=False):
    entity: Required[str]
    action: Required[str]
    params: dict[str, object]


class ExecuteArguments(_Operation, ShapingArguments):
    """Arguments of the tool that runs an operation."""


def reader_of(arguments: type, tool: str) -> ParamsReader:
    """The validator of a tool's arguments, under their own names."""
    names = {name: name for name in get_type_hints(arguments)}
    return ParamsReader(arguments, wire_names=names, owner=tool, place=ARGUMENTS)


SHAPING: Final = reader_of(ShapingArguments, "the tool")
"""Reads what is said of a result."""


def read_object(arguments: object) -> Json:
    """Arguments as an object of JSON: given as such, as its text, or not at all. `params` may be text as well.

    Raises:
        InvalidParamsError: they are no object, or hold what JSON cannot.
    """
    value = _parsed(arguments) if isinstance(arguments, str | bytes) else arguments
    if value is None or value == "":
        return {}
    if not isinstance(value, Mapping):
        raise _refused(f"Arguments must be a JSON object, not {_kind(value)}.")
    copied = _copied(cast("Mapping[object, object]", value), 0)
    params = copied.get("params")
    if isinstance(params, str):
        parsed = _parsed(params)
        if isinstance(parsed, dict):
            copied["params"] = _copied(cast("Mapping[object, object]", parsed), 1)
    return copied


def _parsed(text: str | bytes) -> object:
    """The JSON in a text; the text itself if it is none."""
    try:
        return cast("object", json.loads(text))
    except (ValueError, RecursionError):
        return text


def _copied(value: Mapping[object, object], depth: int) -> Json:
    _check_depth(depth)
    copied: Json = {}
    for name, item in value.items():
        if not isinstance(name, str):
            raise _refused(f"Names must be text, not {_kind(name)}.")
        copied[_whole(name)] = _copied_value(item, depth)
    return copied


def _copied_value(value: object, depth: int) -> object:
    if isinstance(value, str):
        return _whole(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _refused(f"{value} is no number in JSON. Send a finite number.")
        return value
    if isinstance(value, Mapping):
        return _copied(cast("Mapping[object, object]", value), depth + 1)
    if isinstance(value, list | tuple):
        _check_depth(depth)
        return [_copied_value(item, depth + 1) for item in cast("list[object]", value)]
    raise _refused(f"{_kind(value)} is no value of JSON.")


def _check_depth(depth: int) -> None:
    if depth > _DEEPEST:
        raise _refused(f"Arguments are nested deeper than {_DEEPEST} levels. Send fewer levels.")


def _whole(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _refused("A text holds half of a character (a lone surrogate). Send whole characters.") from None
    return text


def _kind(value: object) -> str:
    kind = type(value).__name__
    return {"str": "text", "bytes": "text", "list": "a list", "int": "a number", "float": "a number"}.get(kind, kind)


def _refused(sentence: str) -> InvalidParamsError:
    return InvalidParamsError(sentence, errors=[FieldError(ARGUMENTS, sentence, "wrong_type")])
