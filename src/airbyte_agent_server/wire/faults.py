"""What is wrong with the fields of a request, in words that say what would be right."""

import difflib
from collections.abc import Mapping, Sequence
from typing import TypeAlias, get_args

from pydantic import BaseModel

from airbyte_agent_hubspot.errors import FieldError

Location: TypeAlias = Sequence[str | int]
_OBJECT = "it must be an object"
_WHOLE = "it must be a whole number"
_FLAG = "it must be true or false"
_UUID = "it must be a UUID, like 36c891d9-4bd9-43ac-bad2-10e12756272c"
_INSTANT = "it must be an instant with its zone, like 2026-11-23T10:00:00Z"
_WORDS: Mapping[str, str] = {
    "missing": "it is required",
    "string_type": "it must be a string",
    "string_too_short": "it must have at least {min_length} characters",
    "string_too_long": "it must have at most {max_length} characters",
    "list_type": "it must be a list",
    "too_short": "it must have at least {min_length} entries",
    "too_long": "it must have at most {max_length} entries",
    "greater_than_equal": "it must be at least {ge}",
    "less_than_equal": "it must be at most {le}",
    "literal_error": "it must be {expected}",
    "enum": "it must be {expected}",
    **dict.fromkeys(("bool_parsing", "bool_type"), _FLAG),
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float"), _WHOLE),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), _OBJECT),
    **dict.fromkeys(("uuid_parsing", "uuid_type"), _UUID),
    **dict.fromkeys(("datetime_parsing", "datetime_from_date_parsing", "datetime_type", "timezone_aware"), _INSTANT),
}
"""By pydantic's name of a fault. What is not here keeps pydantic's words."""


def fault_of(location: Location, kind: str, message: str, context: Mapping[str, object], body: object) -> FieldError:
    """A fault as pydantic reports it. `body` is the annotation of the request's body, where it has one."""
    # The first part says where the field is: body, query, path.
    path = location[1:]
    name = ".".join(map(str, path)) or "body"
    if kind == "extra_forbidden":
        return FieldError(name, f"{name}: there is no such field.{_known(body, path)}", kind)
    if context.get("min_length") == 1:
        said = "it must not be empty"
    elif kind in _WORDS:
        said = _WORDS[kind].format_map(context)
    else:
        said = message.removeprefix("Value error, ").rstrip(".")
        said = said[:1].lower() + said[1:]
    return FieldError(name, f"{name}: {said}.", kind)


def _known(body: object, path: Location) -> str:
    """The fields that there are beside the last part of `path`, the nearest first."""
    at = body
    for part in path[:-1]:
        at = _inside(at, part)
    fields = next((one.model_fields for one in _models(at)), None)
    if fields is None:
        return ""
    near = difflib.get_close_matches(str(path[-1]), fields, n=1)
    guess = f" Did you mean {near[0]}?" if near else ""
    return f"{guess} Known are: {', '.join(fields)}."


def _inside(annotation: object, part: str | int) -> object:
    """What stands in the field or at the place `part` of a value of this type."""
    if isinstance(part, int):
        return annotation  # the types of entries are among those of their list, see `_models`
    return next((one.model_fields[part].annotation for one in _models(annotation) if part in one.model_fields), None)


def _models(annotation: object) -> list[type[BaseModel]]:
    """The models named in an annotation, as `list[Model] | None` names one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models(inner)]
