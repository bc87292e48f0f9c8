"""Parameters as they are typed: JSON, a file, standard input, and `key=value` pairs that the catalog gives types."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import typer

from ..errors import InvalidParamsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .._operation import Operation

STDIN: Final = "-"
_BOOLEANS: Final = {"true": True, "yes": True, "false": False, "no": False}
_CONDITION: Final = re.compile(r"(?P<name>[^=<>!]+?)\s*(?P<sign>>=|<=|!=|<>|=|>|<)\s*(?P<value>.*)", re.DOTALL)


def read_object(text: str | None, option: str) -> dict[str, object]:
    """The JSON object that is typed, in the file that `@` names, or on the standard input for `-`; none is empty.

    Raises:
        InvalidParamsError: it cannot be read or is none.
    """
    if text is None:
        return {}
    found = read_json(read_text(text, option), option)
    if not isinstance(found, dict):
        raise InvalidParamsError(f'{option} must be a JSON object, for example {{"limit": 3}}.')
    return cast("dict[str, object]", found)


def read_text(text: str, option: str) -> str:
    """What is typed, in the file that `@` names, or on the standard input for `-`.

    Raises:
        InvalidParamsError: the file cannot be read.
    """
    try:
        if text == STDIN:
            return typer.get_text_stream("stdin").read()
        return Path(text[1:]).read_text(encoding="utf-8-sig") if text.startswith("@") else text
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidParamsError(f"{option} names a file that cannot be read: {text.lstrip('@')}: {reason}.") from error


def read_json(text: str, option: str) -> object:
    """The value of JSON.

    Raises:
        InvalidParamsError: it is not JSON.
    """
    try:
        return cast("object", json.loads(text))
    except (ValueError, RecursionError) as error:
        raise InvalidParamsError(f"{option} is not JSON: {error}.") from error


def checked(params: dict[str, object]) -> dict[str, object]:
    """The parameters, if they can be sent as JSON.

    Raises:
        InvalidParamsError: a number is none, or a text holds half a character.
    """
    try:
        json.dumps(params, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise InvalidParamsError(
            "Parameters hold what JSON cannot: NaN, Infinity, bytes that are not UTF-8, half a surrogate pair, or too "
            "much nesting. Leave that out."
        ) from error
    return params


def read_pairs(operation: Operation, pairs: Iterable[str]) -> dict[str, object]:
    """Parameters from `limit=3`, `where.stage="Contract sent"`, `inputs:='[...]'`: by the types of the catalog.

    `:=` takes JSON as it is. A key that is repeated makes a list where the parameter takes one. Unknown keys stay: the
    operation's own reader names the nearest.

    Raises:
        InvalidParamsError: a pair is none, or a key is given twice.
    """
    from .._describe import params_schema  # noqa: PLC0415 - not needed where help is printed
    from .._reader import to_camel  # noqa: PLC0415

    schemas = cast("dict[str, dict[str, object]]", params_schema(operation)["properties"])
    given: dict[str, object] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise InvalidParamsError(f"{pair!r} is not key=value. Parameters are: {', '.join(schemas) or 'none'}.")
        as_json = name.endswith(":")
        name = name.removesuffix(":")
        head, dot, inside = name.partition(".")
        schema = schemas.get(head) or schemas.get(to_camel(head)) or {}
        if dot and _takes(schema, "object"):
            held, key = given.setdefault(head, {}), inside
            schema = cast("dict[str, object]", schema.get("additionalProperties") or {})
        else:
            held, key = cast("object", given), name
        if not isinstance(held, dict):
            raise InvalidParamsError(f"{head!r} is given whole and in parts. Give it once.")
        _put(
            cast("dict[str, object]", held),
            key,
            read_json(value, name) if as_json else typed(value, schema),
            name=name,
            schema=schema,
        )
    return given


def _put(held: dict[str, object], key: str, value: object, *, name: str, schema: Mapping[str, object]) -> None:
    if key not in held:
        held[key] = value
    elif not schema or _takes(schema, "array"):
        before = held[key]
        held[key] = [*_listed(before), *_listed(value)]
    else:
        raise InvalidParamsError(f"{name!r} is given twice. Give it once.")


def _listed(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]


def typed(text: str, schema: Mapping[str, object]) -> object:
    """The text as what JSON Schema wants; as it is where it fits nothing, so that the reader says what is wrong."""
    if text[:1] in {"{", "["} and (not schema or _takes(schema, "object") or _takes(schema, "array")):
        return read_json(text, "The value")
    if _takes(schema, "array") and not _takes(schema, "object") and ("," in text or not _takes(schema, "string")):
        items = cast("dict[str, object]", _part(schema, "array").get("items") or {})
        return [typed(part.strip(), items) for part in text.split(",")]
    if not schema or _takes(schema, "string"):
        return text
    if _takes(schema, "boolean"):
        return _BOOLEANS.get(text.lower(), text)
    number = int if _takes(schema, "integer") else float
    try:
        return number(text)
    except ValueError:
        return text


def _takes(schema: Mapping[str, object], kind: str) -> bool:
    return bool(_part(schema, kind))


def _part(schema: Mapping[str, object], kind: str) -> Mapping[str, object]:
    """The schema, or that of its alternatives, that is of a kind; `enum`s are text."""
    parts = cast("list[dict[str, object]]", schema.get("anyOf") or [schema])
    fitting = (part for part in parts if part.get("type") == kind or (kind == "string" and "enum" in part))
    return next(fitting, dict[str, object]())


def read_conditions(typed_conditions: Iterable[str]) -> dict[str, object]:
    """`where` from conditions such as `stage=Contract sent`, `amount>=10000`, `closedate=this quarter`.

    A name that is repeated with `=` means any of the values. Values may be JSON objects and lists.

    Raises:
        InvalidParamsError: one is no condition.
    """
    where: dict[str, object] = {}
    for condition in typed_conditions:
        found = _CONDITION.fullmatch(condition)
        if found is None:
            raise InvalidParamsError(
                f"{condition!r} is no condition: write name=value, such as 'stage=Contract sent' or 'amount>=10000'."
            )
        name, sign, value = found["name"].strip(), found["sign"], found["value"].strip()
        said: object = f"{sign} {value}" if sign != "=" else value
        if sign == "=" and value[:1] in {"{", "["}:
            said = read_json(value, f"The value of {name}")
        if name not in where:
            where[name] = said
        elif sign == "=":
            where[name] = [*_listed(where[name]), *_listed(said)]
        else:
            raise InvalidParamsError(
                f"{name!r} is compared twice. Say it in one condition: '{name}=between 5000 and 10000', or "
                f'\'{name}={{"gte": 5000, "lt": 9000}}\'.'
            )
    return where
