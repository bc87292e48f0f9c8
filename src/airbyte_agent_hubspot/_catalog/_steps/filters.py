"""One condition on one property, as filters of HubSpot's search."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from ..._lexicon import portal
from ..._lexicon.conditions import number_text, read_bool, read_number, read_tests
from ..._lexicon.values import time_error
from ...errors import FieldError, InvalidParamsError

if TYPE_CHECKING:
    from datetime import date

    from ..._composition import Steps
    from ..._lexicon.conditions import Kind, Op, Test
    from ..._lexicon.dates import Calendar, Span
    from ...models import PropertyDefinition

Filter: TypeAlias = "dict[str, object]"

_KINDS: Final[dict[str, Kind]] = {"number": "number", "date": "time", "datetime": "time", "bool": "bool"}
_OPERATORS: Final[dict[Op, str]] = {"gt": "GT", "gte": "GTE", "lt": "LT", "lte": "LTE"}
_TIMES: Final = (
    "Say for example `this quarter`, `last 30 days`, `2026-11`, `2026-11-20`, `before 2026-11-20` or "
    "`between 2026-11-01 and 2026-11-15`."
)
_MS: Final = timedelta(milliseconds=1)
_SEVERAL: Final = re.compile(r"\s*(?P<no>not )?\s*(?:(?:in|any of|one of) )?(?P<values>.*)", re.IGNORECASE | re.DOTALL)
"""Some of a property's fixed values, as one text: `not Closed lost`, `Contract sent, Negotiation`."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Filters that must all hold, and what they say in words."""

    filters: list[Filter]
    understood: str


def kind_of(definition: PropertyDefinition) -> Kind:
    """How values of a property are written."""
    if is_owner(definition) or definition.type == "enumeration":
        return "choice"
    return _KINDS.get(definition.type or "", "text")


def is_owner(definition: PropertyDefinition) -> bool:
    """Whether it holds the id of an owner."""
    return definition.name == portal.OWNER_PROPERTY or definition.referencedObjectType == "OWNER"


def read_condition(
    object_type: str, definition: PropertyDefinition, value: object, calendar: Calendar, place: str
) -> Steps[Condition]:
    """The condition that `value` means for a property.

    Raises:
        InvalidParamsError: a name is unknown or ambiguous, or a value is no number, date or choice.
    """
    kind = kind_of(definition)
    filters: list[Filter] = []
    said: list[str] = []
    for test in read_tests(value, kind, place):
        if test.op in {"known", "unknown"}:
            operator = "HAS_PROPERTY" if test.op == "known" else "NOT_HAS_PROPERTY"
            found = Condition([{"propertyName": definition.name, "operator": operator}], f"is {test.op}")
        elif kind == "choice":
            found = yield from _choice(object_type, definition, test, place)
        elif kind == "time":
            found = _time(definition, test, calendar, place)
        else:
            found = _plain(definition, test, kind, place)
        filters += found.filters
        said.append(found.understood)
    return Condition(filters, f"{definition.name} {' and '.join(said)}")


def _choice(object_type: str, definition: PropertyDefinition, test: Test, place: str) -> Steps[Condition]:
    """One of some values, or none of them."""
    ids: dict[str, str] = {}
    negated = test.op == "ne"
    if test.op not in {"eq", "ne"}:
        if test.op == "contains" and len(test.values) == 1:
            return Condition(_one(definition, "CONTAINS_TOKEN", str(test.values[0])), f"contains {test.values[0]!r}")
        raise _wrong(place, f"{definition.name} has fixed values: compare with `is` or `not`, not with {test.op!r}.")
    for value in test.values:
        try:
            ids.update((yield from resolve_choice(object_type, definition, value, place)))
        except InvalidParamsError:
            said = cast("re.Match[str]", _SEVERAL.fullmatch(str(value)))
            parts = [part.strip() for part in said["values"].split(",")]
            if parts == [str(value).strip()] or len(test.values) > 1:
                raise
            for part in parts:
                ids.update((yield from resolve_choice(object_type, definition, part, place)))
            negated = negated or said["no"] is not None
    shown = ", ".join(label if label == value else f"{label} ({value})" for value, label in ids.items())
    values = list(ids)
    filters: list[Filter] = _one(definition, "NEQ" if negated else "EQ", values[0])
    if len(values) > 1:
        filters = [{"propertyName": definition.name, "operator": "NOT_IN" if negated else "IN", "values": values}]
    return Condition(filters, f"{'is not' if negated else 'is'} {shown}")


def resolve_choice(
    object_type: str, definition: PropertyDefinition, value: object, place: str
) -> Steps[dict[str, str]]:
    """Values of a property, with their labels, that `value` names. A stage's label may be that of several stages."""
    if is_owner(definition):
        found = yield from portal.owner(value, place)
        return {found.id: found.label}
    if definition.name == portal.STAGE_PROPERTY.get(object_type):
        return {item.id: item.label for item in (yield from portal.stages_named(object_type, value, place))}
    if definition.name == portal.PIPELINE_PROPERTY.get(object_type):
        found = yield from portal.pipeline(object_type, value, place)
        return {found.id: found.label}
    if not definition.options:
        return {str(value): str(value)}
    chosen = portal.option(definition, value, place)
    return {chosen: portal.option_names(definition).label(chosen) or chosen}


def _time(definition: PropertyDefinition, test: Test, calendar: Calendar, place: str) -> Condition:
    """Before, after or within a time. A whole day counts from its begin until its end."""
    spans = [_span(value, calendar, place) for value in test.values]
    if len(spans) > (2 if test.op == "between" else 1):
        raise _wrong(place, f"{definition.name} takes one time: say `between A and B`, or ask for each by itself.")
    span = spans[0]
    if test.op == "between":
        return _within(definition, span.start, spans[1].end or spans[1].start)
    if test.op == "eq":
        return _within(definition, span.start, span.end)
    is_moment = span.start == span.end
    if test.op in {"gt", "lte"} and not is_moment:  # after a day: from the next day on; until a day: before the next
        at, operator = span.end, "GTE" if test.op == "gt" else "LT"
    elif test.op in _OPERATORS:
        at, operator = span.start, _OPERATORS[test.op]
    else:
        raise _wrong(
            place, f"{definition.name} is a time: say `before`, `after`, `between`, or a time such as `today`."
        )
    at = cast("datetime", at)
    return Condition(_one(definition, operator, _wire(definition, at)), f"{operator} {_shown(definition, at)}")


def _within(definition: PropertyDefinition, start: datetime | None, end: datetime | None) -> Condition:
    first, after = cast("datetime", start), cast("datetime", end)
    last = first if after <= first else after - _MS
    between: Filter = {
        "propertyName": definition.name,
        "operator": "BETWEEN",
        "value": _wire(definition, first),
        "highValue": _wire(definition, last),
    }
    return Condition([between], f"from {_shown(definition, first)} until before {_shown(definition, after)}")


def _span(value: object, calendar: Calendar, place: str) -> Span:
    span = calendar.span(str(value))
    if span is None:
        raise time_error(calendar, value, place, _TIMES)
    return span


def _wire(definition: PropertyDefinition, at: datetime) -> str:
    """Milliseconds since 1970: of the moment, or for dates of midnight UTC of the day that it is in the portal."""
    if definition.type == "date":
        at = datetime(at.year, at.month, at.day, tzinfo=UTC)
    return str(int(at.timestamp() * 1000))


def _shown(definition: PropertyDefinition, at: datetime) -> str:
    day: date = at.date()
    return day.isoformat() if definition.type == "date" else at.isoformat(timespec="minutes")


def _plain(definition: PropertyDefinition, test: Test, kind: Kind, place: str) -> Condition:
    """Numbers, flags and text."""

    def read(value: object) -> str:
        if kind == "number":
            return number_text(read_number(value, place))
        return read_bool(value, place) if kind == "bool" else str(value)

    values = [read(value) for value in test.values]
    name = definition.name
    if test.op in {"contains", "starts"}:
        word = values[0] if test.op == "contains" else f"{values[0]}*"
        filters = [{"propertyName": name, "operator": "CONTAINS_TOKEN", "value": part} for part in word.split()]
        return Condition(cast("list[Filter]", filters), f"contains {'' if '*' in word else 'the word '}{word!r}")
    if test.op == "between":
        between: Filter = {"propertyName": name, "operator": "BETWEEN", "value": values[0], "highValue": values[1]}
        return Condition([between], f"between {values[0]} and {values[1]}")
    if test.op in _OPERATORS:
        return Condition(_one(definition, _OPERATORS[test.op], values[0]), f"{_OPERATORS[test.op]} {values[0]}")
    negated = test.op == "ne"
    said = f"{'is not' if negated else 'is'} {' or '.join(map(repr, values))}"
    if len(values) == 1:
        return Condition(_one(definition, "NEQ" if negated else "EQ", values[0]), said)
    # HubSpot compares lists of text in lower case only.
    listed = [value.lower() for value in values] if kind == "text" else values
    operator = "NOT_IN" if negated else "IN"
    return Condition([{"propertyName": name, "operator": operator, "values": listed}], said)


def _one(definition: PropertyDefinition, operator: str, value: str) -> list[Filter]:
    return [{"propertyName": definition.name, "operator": operator, "value": value}]


def _wrong(place: str, sentence: str) -> InvalidParamsError:
    return InvalidParamsError(sentence, errors=[FieldError(place, sentence, "wrong_type")])
