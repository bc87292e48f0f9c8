"""Conditions as people write them: `>= 10000`, `between 1 and 5`, `not empty`, `contains pump`, `{"gte": 5}`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

from ..errors import FieldError, InvalidParamsError

if TYPE_CHECKING:
    from collections.abc import Mapping

Op: TypeAlias = Literal["eq", "ne", "gt", "gte", "lt", "lte", "between", "contains", "starts", "known", "unknown"]
Kind: TypeAlias = Literal["text", "choice", "number", "time", "bool"]

_SYMBOLS: Final[dict[str, Op]] = {
    ">=": "gte",
    "<=": "lte",
    "!=": "ne",
    "<>": "ne",
    "==": "eq",
    ">": "gt",
    "<": "lt",
    "=": "eq",
    "≥": "gte",
    "≤": "lte",
    "≠": "ne",
}
_BY_SYMBOL: Final = re.compile(rf"({'|'.join(map(re.escape, _SYMBOLS))})\s*(.+)", re.DOTALL)
_WORDS: Final[dict[Op, tuple[str, ...]]] = {
    "gte": ("at least", "from", "since", "on or after"),
    "lte": ("at most", "until", "up to", "through", "on or before"),
    "gt": ("more than", "greater than", "over", "above", "after"),
    "lt": ("less than", "under", "below", "before"),
    "eq": ("is", "equals", "on", "in", "during"),
}
_BY_WORD: Final = re.compile(
    "|".join(rf"(?:{'|'.join(sorted(words, key=len, reverse=True))}) (?P<{op}>.+)" for op, words in _WORDS.items()),
    re.IGNORECASE | re.DOTALL,
)
_BETWEEN: Final = re.compile(
    r"(?:between\s+(.+?)\s+and\s+(.+)|(?:from\s+)?(.+?)\s*(?:\.\.|\s+(?:to|until|till)\s+)\s*(.+))", re.IGNORECASE
)
_OLDER: Final = re.compile(r"older than (.+?)(?: ago)?|(?:more than|over) (.+?) (?:ago|old)", re.IGNORECASE)
_NEWER: Final = re.compile(r"newer than (.+?)(?: ago)?|(?:less than|under) (.+?) (?:ago|old)", re.IGNORECASE)
_LENGTH: Final = re.compile(r"(?:\d+|an?) [a-z]+", re.IGNORECASE)
_LIKE: Final = re.compile(r"(?:like\s|~)\s*['\"]?(.+?)['\"]?", re.IGNORECASE | re.DOTALL)
_UNKNOWN: Final = frozenset({"", "empty", "is empty", "unknown", "not set", "unset", "missing", "none", "null"})
_KNOWN: Final = frozenset(
    {"not empty", "is not empty", "known", "is known", "set", "any", "has value", "not null", "*"}
)
_OPS: Final[dict[str, Op]] = {
    **_SYMBOLS,
    "eq": "eq",
    "is": "eq",
    "equals": "eq",
    "value": "eq",
    "on": "eq",
    "in": "eq",
    "any_of": "eq",
    "values": "eq",
    "ne": "ne",
    "neq": "ne",
    "not": "ne",
    "not_in": "ne",
    "is_not": "ne",
    "nin": "ne",
    "gt": "gt",
    "after": "gt",
    "gte": "gte",
    "min": "gte",
    "from": "gte",
    "since": "gte",
    "lt": "lt",
    "before": "lt",
    "lte": "lte",
    "max": "lte",
    "to": "lte",
    "until": "lte",
    "between": "between",
    "contains": "contains",
    "contains_token": "contains",
    "like": "contains",
    "starts_with": "starts",
    "known": "known",
    "has_property": "known",
    "empty": "unknown",
    "unknown": "unknown",
    "not_has_property": "unknown",
    "is_empty": "unknown",
}
_SUFFIXES: Final = {"k": 1_000, "m": 1_000_000, "b": 1_000_000_000}
_NUMBER: Final = re.compile(r"[^\d\s.,+-]{0,3}\s*([+-]?[\d.,\s_']*\d[\d.,]*)\s*([kmb])?\s*[^\d\s]{0,3}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Test:
    """One test of one property: any of `values` for eq and ne, two for between, one for the others that compare."""

    op: Op
    values: tuple[object, ...] = ()


def read_tests(value: object, kind: Kind, place: str) -> list[Test]:
    """The tests that must all hold.

    Raises:
        InvalidParamsError: an operator is not known.
    """
    if value is None:
        return [Test("unknown")]
    if isinstance(value, dict):
        return _structured(cast("dict[str, object]", value), kind, place)
    if isinstance(value, list | tuple):
        return [Test("eq", tuple(cast("list[object]", value)))]
    if isinstance(value, str):
        return [_said(value.strip(), kind)]
    return [Test("eq", (value,))]


def _structured(value: Mapping[str, object], kind: Kind, place: str) -> list[Test]:
    """`{"gte": 1, "lt": 5}`, or `{"operator": "GTE", "value": 1}`."""
    given = {str(name).strip().lstrip("$").casefold(): item for name, item in value.items()}
    named = given.pop("operator", None) or given.pop("op", None)
    if named is not None:
        high = given.get("highvalue", given.get("high_value"))
        values = given.get("values", given.get("value"))
        given = {str(named).strip().casefold().replace(" ", "_"): [values, high] if high is not None else values}
    tests: list[Test] = []
    for name, item in given.items():
        op = _OPS.get(name.replace(" ", "_")) or _OPS.get(name)
        if op is None:
            sentence = (
                f"{name!r} is no operator. Use one of: eq, not, gt, gte, lt, lte, between, contains, known, empty."
            )
            raise InvalidParamsError(sentence, errors=[FieldError(place, sentence, "unknown_operator")])
        if op in {"known", "unknown"}:
            is_known = (op == "known") == (item is not False)
            tests.append(Test("known" if is_known else "unknown"))
        elif op == "between" and isinstance(item, str):
            tests.append(_said(f"between {item.removeprefix('between ')}", kind))
        else:
            values = tuple(cast("list[object]", item)) if isinstance(item, list | tuple) else (item,)
            tests.append(_checked(Test(op, values), place))
    return tests


def _checked(test: Test, place: str) -> Test:
    wanted = {"eq": None, "ne": None, "between": 2}.get(test.op, 1)
    if wanted is not None and len(test.values) != wanted:
        sentence = f"{place}: {test.op} takes {'two values' if wanted > 1 else 'one value'}."
        raise InvalidParamsError(sentence, errors=[FieldError(place, sentence, "wrong_type")])
    return test


def _said(text: str, kind: Kind) -> Test:
    """One test in words."""
    lowered = text.casefold()
    if lowered in _UNKNOWN:
        return Test("unknown")
    if lowered in _KNOWN:
        return Test("known")
    found = _BY_SYMBOL.fullmatch(text)
    if found is not None:
        return Test(_SYMBOLS[found[1]], (found[2].strip(),))
    if kind == "text":
        return _said_of_text(text)
    return _said_of_size(text, kind) if kind in {"number", "time"} else Test("eq", (text,))


def _said_of_text(text: str) -> Test:
    lowered = text.casefold()
    if lowered.startswith("contains "):
        return Test("contains", (text[len("contains ") :].strip(),))
    if lowered.startswith("starts with "):
        return Test("starts", (text[len("starts with ") :].strip(),))
    like = _LIKE.fullmatch(text)
    if like is not None:
        return Test("contains", (like[1].replace("%", "*"),))
    return Test("contains" if "*" in text else "eq", (text,))


def _said_of_size(text: str, kind: Kind) -> Test:
    lowered = text.casefold()
    if lowered.startswith("not "):
        return Test("ne", (text[4:].strip(),))
    if kind == "time" and (aged := _said_of_age(text)) is not None:
        return aged
    between = _BETWEEN.fullmatch(text)
    if between is not None and not _is_one_time(lowered, kind):
        return Test("between", (between[1] or between[3], between[2] or between[4]))
    worded = _BY_WORD.fullmatch(text)
    if worded is not None and not (kind == "time" and lowered.startswith("in ") and lowered[3:4].isdigit()):
        return Test(cast("Op", worded.lastgroup), (str(worded[worded.lastgroup or ""]).strip(),))
    return Test("eq", (text,))


def _said_of_age(text: str) -> Test | None:
    """`older than 90 days`, `less than a week ago`, `within the last month`: the older a time, the less it is."""
    ops: tuple[tuple[re.Pattern[str], Op], ...] = ((_OLDER, "lt"), (_NEWER, "gte"))
    for pattern, op in ops:
        found = pattern.fullmatch(text)
        if found is not None:
            said = found[1] or found[2]
            return Test(op, (f"{said} ago" if _LENGTH.fullmatch(said) else said,))
    lowered = text.casefold()
    return Test("eq", (text[len("within ") :],)) if lowered.startswith(("within the ", "within last ")) else None


def _is_one_time(lowered: str, kind: Kind) -> bool:
    """`month to date` is one time, though it has a `to`."""
    return kind == "time" and lowered.endswith("to date")


def read_number(value: object, place: str) -> Decimal:
    """A number as people write it: `10,000`, `$12.5k`.

    Raises:
        InvalidParamsError: it is none.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(str(value))
    found = _NUMBER.fullmatch(str(value).strip())
    if found is not None:
        digits = re.sub(r"[\s_']", "", found[1])
        # A comma is a decimal mark only where it cannot part thousands: `12,5`, `3.000,50`.
        if re.fullmatch(r"[+-]?(\d+|\d{1,3}(\.\d{3})+),\d{1,2}", digits):
            digits = digits.replace(".", "").replace(",", ".")
        digits = digits.replace(",", "")
        try:
            return Decimal(digits) * _SUFFIXES.get((found[2] or "").casefold(), 1)
        except InvalidOperation:
            pass
    sentence = f"{place} must be a number; {value!r} is none."
    raise InvalidParamsError(sentence, errors=[FieldError(place, sentence, "wrong_type")])


def read_bool(value: object, place: str) -> str:
    """`true` or `false`.

    Raises:
        InvalidParamsError: it is neither yes nor no.
    """
    text = str(value).strip().casefold()
    if text in {"true", "yes", "y", "1"}:
        return "true"
    if text in {"false", "no", "n", "0"}:
        return "false"
    sentence = f"{place} is true or false; {value!r} is neither."
    raise InvalidParamsError(sentence, errors=[FieldError(place, sentence, "wrong_type")])


def number_text(value: Decimal) -> str:
    """The number without an exponent, as HubSpot takes it."""
    return format(value.normalize(), "f") if value else "0"
