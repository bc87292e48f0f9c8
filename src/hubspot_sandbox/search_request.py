"""A search request, read as strictly as HubSpot reads it.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm,
https://github.com/brekkylab/backlot (parsing errors measured live), https://github.com/HubSpot/hubspot-api-nodejs/issues/128
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from hubspot_sandbox.calls import json_text, mapping, parse_json, texts
from hubspot_sandbox.errors import ApiError, JsonObject, ValidationError
from hubspot_sandbox.json_places import Path, find_places, line_and_column
from hubspot_sandbox.numerals import whole_number

PAGE: Final = 10
LARGEST_PAGE: Final = 200
REACHABLE: Final = 10_000
LONGEST_BODY: Final = 3_000
MOST_GROUPS: Final = 5
MOST_FILTERS_IN_GROUP: Final = 6
MOST_FILTERS: Final = 18
_JACKSON_BLANKS: Final = "".join(map(chr, range(33)))
_LISTED: Final = (
    "IN, NOT_HAS_PROPERTY, LT, EQ, GT, NOT_IN, GTE, CONTAINS_TOKEN, HAS_PROPERTY, LTE, NOT_CONTAINS_TOKEN, BETWEEN, NEQ"
)


class Operator(Enum):
    """How a filter compares.

    # choice: the order (Jackson takes "0" to "12" as ordinals) is that of the documentation.
    """

    EQ = "EQ"
    NEQ = "NEQ"
    LT = "LT"
    LTE = "LTE"
    GT = "GT"
    GTE = "GTE"
    BETWEEN = "BETWEEN"
    IN = "IN"
    NOT_IN = "NOT_IN"
    HAS_PROPERTY = "HAS_PROPERTY"
    NOT_HAS_PROPERTY = "NOT_HAS_PROPERTY"
    CONTAINS_TOKEN = "CONTAINS_TOKEN"  # noqa: S105 - an operator's name
    NOT_CONTAINS_TOKEN = "NOT_CONTAINS_TOKEN"  # noqa: S105 - an operator's name


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on one property."""

    property_name: str
    operator: Operator
    value: str
    high_value: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """The order of the results."""

    property_name: str
    descending: bool


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What is searched: groups are OR-ed, the filters of a group AND-ed."""

    groups: tuple[tuple[Filter, ...], ...]
    query: str
    sort: Sort | None
    properties: tuple[str, ...]
    limit: int
    after: int


def read_search(raw: bytes) -> SearchRequest:
    """The request of a raw body.

    Raises: ValidationError, worded with line and column where HubSpot's parser would.
    """
    value = parse_json(raw)
    text = json_text(raw)
    if len(text) > LONGEST_BODY:
        # choice: the text is not documented.
        raise ValidationError(f"Search request body is too long: {len(text)} characters, at most {LONGEST_BODY}")
    body = mapping(value)
    groups = tuple(_read_groups(body, text))
    _check_counts(groups)
    return SearchRequest(
        groups=groups,
        query=str(body.get("query") or ""),
        sort=_read_sort(body.get("sorts")),
        properties=tuple(texts(body.get("properties"))),
        **_read_page(body),
    )


def _read_groups(body: JsonObject, text: str) -> Iterator[tuple[Filter, ...]]:
    for place, group in enumerate(_list(body.get("filterGroups"))):
        if not isinstance(group, dict):
            continue
        yield _read_filters(group.get("filters"), text, ("filterGroups", place, "filters"))
    alone = _read_filters(body.get("filters"), text, ("filters",))
    if alone:
        yield alone


def _read_filters(value: object, text: str, path: Path) -> tuple[Filter, ...]:
    items = enumerate(_list(value))
    return tuple(_read_filter(item, text, (*path, index)) for index, item in items if isinstance(item, dict))


def _read_filter(item: JsonObject, text: str, path: Path) -> Filter:
    operator = _read_operator(item.get("operator"), text, (*path, "operator"))
    high_value = _text(item.get("highValue"))
    if operator is Operator.BETWEEN and not high_value:
        where = line_and_column(text, find_places(text).ends[path])
        raise ApiError(
            f"Invalid input JSON on {where}: Cannot construct instance of "
            "`com.hubspot.inbounddb.publicobject.core.v3.search.Filter`, "
            "problem: operator BETWEEN requires a highValue"
        )
    return Filter(
        property_name=_text(item.get("propertyName")),
        operator=operator,
        value=_text(item.get("value")),
        high_value=high_value,
        values=tuple(_text(each) for each in _list(item.get("values"))),
    )


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _read_operator(value: object, text: str, path: Path) -> Operator:
    word = _text(value).strip(_JACKSON_BLANKS)
    if not word:
        dotted = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
        raise ValidationError(f'Invalid input JSON: unable to deserialize field "{dotted}". Invalid value: ')
    if word in Operator.__members__:
        return Operator[word]
    ordinals = {str(place): operator for place, operator in enumerate(Operator)}
    if word in ordinals:
        return ordinals[word]
    where = line_and_column(text, find_places(text).starts[path])
    raise ValidationError(f"Invalid input JSON on {where}: Enum type must be one of: [{_LISTED}]")


def _check_counts(groups: Sequence[Sequence[Filter]]) -> None:
    # choice: the texts are not documented.
    if len(groups) > MOST_GROUPS:
        raise ValidationError(f"Too many filter groups: {len(groups)}, at most {MOST_GROUPS}")
    if any(len(group) > MOST_FILTERS_IN_GROUP for group in groups):
        raise ValidationError(f"Too many filters in a group, at most {MOST_FILTERS_IN_GROUP}")
    total = sum(len(group) for group in groups)
    if total > MOST_FILTERS:
        raise ValidationError(f"Too many filters: {total}, at most {MOST_FILTERS}")


def _read_sort(value: object) -> Sort | None:
    sorts = _list(value)
    if not sorts:
        return None
    if len(sorts) > 1:
        # choice: the text is not documented.
        raise ValidationError("Only one sort is allowed")
    only = sorts[0]
    if isinstance(only, dict):
        return Sort(_text(only.get("propertyName")), only.get("direction") == "DESCENDING")
    name = _text(only)
    return Sort(name.removeprefix("-"), name.startswith("-"))


def _read_page(body: JsonObject) -> dict[str, int]:
    limit, after = _text(body.get("limit")) or str(PAGE), _text(body.get("after")) or "0"
    # choice: the texts are not documented.
    size, offset = whole_number(limit), whole_number(after)
    if size is None or not 1 <= size <= LARGEST_PAGE:
        raise ValidationError(f"limit must be between 1 and {LARGEST_PAGE}, got {limit}")
    if offset is None:
        raise ValidationError(f"after must be the offset that an earlier page gave, got {after}")
    if offset + size > REACHABLE:
        raise ValidationError(f"Paging beyond {REACHABLE} results is not possible: after {after}, limit {limit}")
    return {"limit": size, "after": offset}
