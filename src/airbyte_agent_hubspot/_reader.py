"""Reads parameters: any accepted spelling in, validated values under one spelling out, or errors that teach."""
# Every call of the connector comes along here, and each `cast` would be one more function to call: mypy alone checks.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property
from itertools import chain
from math import isfinite
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    Required,
    TypeAlias,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import msgspec

from .errors import FieldError, InvalidParamsError

_SHOWN_VALUE_CHARS: Final = 60
_KINDS: Final = {
    "array": "a list",
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "object": "an object",
    "str": "text",
}


def to_camel(name: str) -> str:
    """`filter_groups` -> `filterGroups`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def to_snake(name: str) -> str:
    """`filterGroups` -> `filter_groups`."""
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name)


class _Problem(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, error: FieldError) -> None:
        super().__init__(error.message)
        self.error = error


_Plan: TypeAlias = "_TypedDictPlan | _ListPlan | None"


class _ListPlan:
    """Renames inside each element of a list."""

    def __init__(self, element: _TypedDictPlan) -> None:
        self._element = element

    def rename(self, value: object, path: str) -> object:
        if not isinstance(value, list | tuple):
            return value
        items = cast("list[object]", value)
        return [self._element.rename(item, f"{path}[{index}]") for index, item in enumerate(items)]

    def to_wire(self, value: object) -> object:
        return [self._element.to_wire(item) for item in cast("list[object]", value)]


class _TypedDictPlan:
    """Accepted spellings of a TypedDict's keys, and the plans of its values."""

    def __init__(self, typed_dict: type, wire_names: Mapping[str, str]) -> None:
        hints = {key: _bare(hint) for key, hint in get_type_hints(typed_dict, include_extras=True).items()}
        self.annotations: dict[str, object] = hints
        self.wire_names = {key: wire_names.get(key, to_camel(key)) for key in hints}
        self._plans = {key: _plan_of(hint) for key, hint in hints.items()}
        self._keys: dict[str, str] = {}
        for key, wire in self.wire_names.items():
            self._keys.update({key: key, wire: key, to_snake(wire): key})

    def rename(self, value: Any, path: str) -> Any:
        # A `dict` is told without asking the abstract class, which takes its time.
        if type(value) is not dict and not isinstance(value, Mapping):
            return value
        renamed: dict[str, object] = {}
        for name, item in value.items():
            key = self._keys.get(name)
            if key is None:
                raise _Problem(self._unknown(str(name), path))
            if item is None:
                continue
            plan = self._plans[key]
            part = item if plan is None else plan.rename(item, f"{path}.{self.wire_names[key]}")
            if key in renamed and renamed[key] != part:
                raise _Problem(self.twice(key, path))
            renamed[key] = part
        return renamed

    def to_wire(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        wire: dict[str, object] = {}
        for key, item in value.items():
            plan = self._plans[key]
            wire[self.wire_names[key]] = item if plan is None else plan.to_wire(item)
        return wire

    def _unknown(self, name: str, path: str) -> FieldError:
        known = list(self.wire_names.values())
        by_lower = {
            spelling.lower(): wire for spelling, wire in zip(self._keys, map(self._wire_of, self._keys), strict=True)
        }
        close = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
        guess = f" Did you mean {by_lower[close[0]]!r}?" if close else ""
        takes = f"Known are: {', '.join(known)}." if known else "There are none."
        return FieldError(
            field=f"{path}.{name}",
            message=f"There is no parameter {name!r} in {path}.{guess} {takes}",
            error_code="unknown_param",
            details={"known": known} | ({"nearest": by_lower[close[0]]} if close else {}),
        )

    def twice(self, key: str, path: str) -> FieldError:
        wire = self.wire_names[key]
        return FieldError(
            field=f"{path}.{wire}",
            message=f"{wire!r} is given in two spellings with different values. Give it once.",
            error_code="conflicting_fields",
        )

    def _wire_of(self, spelling: str) -> str:
        return self.wire_names[self._keys[spelling]]


def _bare(hint: object) -> object:
    """The type of a key without `Required`, which is said of the key."""
    return cast("object", get_args(hint)[0]) if get_origin(hint) is Required else hint


def _plan_of(annotation: object) -> _Plan:
    """How to rename inside a value of this type; None where there is nothing to rename."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _plan_of(get_args(annotation)[0])
    if origin in {Union, types.UnionType}:
        return next((plan for plan in map(_plan_of, get_args(annotation)) if plan is not None), None)
    if origin is list:
        element = _plan_of(get_args(annotation)[0])
        return _ListPlan(element) if isinstance(element, _TypedDictPlan) else None
    if isinstance(annotation, type) and is_typeddict(annotation):
        return _TypedDictPlan(annotation, {})
    return None


class ParamsReader:
    """Validates the parameters of one operation. Built once per operation, then only used.

    `place` is what errors call the object that holds them.
    """

    def __init__(self, params: type, *, wire_names: Mapping[str, str], owner: str, place: str = "params") -> None:
        self._params = params
        self._owner = owner
        self._place = place
        self._plan = _TypedDictPlan(params, wire_names)
        # msgspec remembers how to check a struct; what a `TypedDict` wants it would find out anew for each call.
        self._checked = msgspec.defstruct("Checked", [("params", params)])

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Keys that must be given."""
        required = cast("frozenset[str]", self._params.__required_keys__)  # type: ignore[attr-defined]
        return tuple(key for key in self._plan.wire_names if key in required)

    @property
    def wire_names(self) -> Mapping[str, str]:
        """The wire name of each key."""
        return self._plan.wire_names

    @property
    def annotations(self) -> Mapping[str, object]:
        """The type of each key, with its `Meta`."""
        return self._plan.annotations

    def read(self, params: Any) -> dict[str, object]:
        """Validated parameters under their wire names at every depth; None is the same as absent.

        Raises:
            InvalidParamsError: with one `FieldError` for each parameter that is unknown, missing or wrong.
        """
        if params is not None and type(params) is not dict and not isinstance(params, Mapping):
            raise self._error(
                [
                    FieldError(
                        self._place,
                        f"{self._place} must be an object, not {_kind(type(params).__name__)}.",
                        "wrong_type",
                    )
                ]
            )
        given: Mapping[object, object] = params or {}
        valid = self._read_all(given)
        if valid is None:
            raise self._error(self._faults(given))
        return valid

    def _read_all(self, params: Mapping[object, object]) -> dict[str, object] | None:
        """The parameters; None if there is anything to explain."""
        try:
            for value in params.values():
                if _lack_of_json(value) is not None:
                    return None
            renamed = {"params": self._plan.rename(params, self._place)}
            checked: Any = msgspec.convert(renamed, self._checked)
        except (_Problem, RecursionError, msgspec.ValidationError):
            return None
        wire: dict[str, object] = self._plan.to_wire(checked.params)
        return wire

    def _faults(self, params: Mapping[object, object]) -> list[FieldError]:
        """All that is wrong, found for each parameter by itself."""
        errors: list[FieldError] = []
        given: dict[str, object] = {}
        for name, value in params.items():
            try:
                part = cast("dict[str, object]", self._plan.rename({name: value}, self._place))
                lack = _lack_of_json(value)
            except _Problem as problem:
                errors.append(problem.error)
                continue
            except RecursionError:
                part, lack = {}, "it is nested too deeply. Send fewer levels."
            if lack is not None:
                errors.append(FieldError(f"{self._place}.{name}", f"{self._place}.{name}: {lack}", "not_json"))
            for key, item in part.items():
                if key in given and given[key] != item:
                    errors.append(self._plan.twice(key, self._place))
                given[key] = item
        errors += [self._missing(key) for key in self.required if key not in given]
        return errors + [error for key in given for error in self._check(key, given[key])]

    def _check(self, key: str, value: object) -> list[FieldError]:
        try:
            msgspec.convert(value, self._plan.annotations[key])
        except msgspec.ValidationError as error:
            field = f"{self._place}.{self._plan.wire_names[key]}"
            return [_explain(field, value, self._plan.annotations[key], str(error))]
        return []

    def _missing(self, key: str) -> FieldError:
        wire = self._plan.wire_names[key]
        return FieldError(
            f"{self._place}.{wire}", f"{wire!r} is required by {self._owner}: add it to {self._place}.", "missing"
        )

    def _error(self, errors: list[FieldError]) -> InvalidParamsError:
        return InvalidParamsError(" ".join(error.message for error in errors), errors=errors)


def _kind(name: str) -> str:
    """A type as people say it."""
    return _KINDS.get(name, name)


def _explain(field: str, value: object, annotation: object, reason: str) -> FieldError:
    """Msgspec's ``Expected `int` <= 100 - at `$[0].limit` `` as a sentence about `field`."""
    what, _, place = reason.partition(" - at `$")
    where = field + to_camel(place.rstrip("`").replace("[...]", "[]"))
    choices = _choices(annotation, place.rstrip("`").rpartition(".")[2]) if what.startswith("Invalid enum") else ()
    if choices:
        return FieldError(
            where,
            f"{where} must be one of {', '.join(choices)}; {what.removeprefix('Invalid enum value ')} is not.",
            "invalid_choice",
            {"choices": list(choices)},
        )
    missing = re.fullmatch(r"Object missing required field `(\w+)`", what)
    if missing is not None:
        where = f"{where}.{to_camel(missing[1])}"
        return FieldError(where, f"{where} is required: add it.", "missing")
    wanted = (
        what.removeprefix("Expected ").partition(", got ")[0].replace("<=", "of at most").replace(">=", "of at least")
    )
    wanted = re.sub(
        r"`([^`]+)`", lambda kind: " or ".join(_KINDS.get(one, one) for one in kind[1].split(" | ")), wanted
    )
    unit = "characters" if what.startswith("Expected `str`") else "items"
    wanted = wanted.replace(" of length of at least 1", " that is not empty")
    wanted = re.sub(r" of length (of at (?:most|least) \d+)", rf" \1 {unit}", wanted)
    shown = repr(value)
    if "length" in what and isinstance(value, list) and not place:
        shown = f"one of {len(cast('list[object]', value))}"
    elif len(shown) > _SHOWN_VALUE_CHARS:
        shown = shown[:_SHOWN_VALUE_CHARS] + "..."
    outside = any(sign in what for sign in (">=", "<=", "length"))
    return FieldError(
        where, f"{where} must be {wanted}; given was {shown}.", "out_of_range" if outside else "wrong_type"
    )


def _choices(annotation: object, name: str) -> tuple[str, ...]:
    """The values that a TypedDict somewhere inside `annotation` allows for its key `name`; with no name, it itself."""
    if not name and get_origin(annotation) is Literal:
        return cast("tuple[str, ...]", get_args(annotation))
    if isinstance(annotation, type) and is_typeddict(annotation):
        hints = get_type_hints(annotation)
        if get_origin(hints.get(name)) is Literal:
            return cast("tuple[str, ...]", get_args(hints[name]))
        return next((found for found in (_choices(hint, name) for hint in hints.values()) if found), ())
    return next((found for found in (_choices(part, name) for part in get_args(annotation)) if found), ())


def _lack_of_json(value: object) -> str | None:
    """What keeps a value from being sent as JSON, and what to do about it."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return "it holds half of a character (a lone surrogate). Send whole characters."
    elif isinstance(value, float):
        return None if isfinite(value) else f"{value} is not a number that JSON has. Send a finite one."
    elif isinstance(value, Mapping):
        parts = chain.from_iterable(cast("Mapping[object, object]", value).items())
        return next(filter(None, map(_lack_of_json, parts)), None)
    elif isinstance(value, list | tuple):
        return next(filter(None, map(_lack_of_json, cast("list[object]", value))), None)
    return None
