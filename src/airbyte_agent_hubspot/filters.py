"""Search conditions, written once for all entities.

Source: https://developers.hubspot.com/docs/api-reference/search/guide
"""

from typing import Annotated, Literal, Required, TypeAlias, TypedDict

from msgspec import Meta

__all__ = ["Direction", "Filter", "FilterGroup", "Operator", "Sort"]

Operator: TypeAlias = Literal[
    "EQ",
    "NEQ",
    "LT",
    "LTE",
    "GT",
    "GTE",
    "BETWEEN",
    "IN",
    "NOT_IN",
    "HAS_PROPERTY",
    "NOT_HAS_PROPERTY",
    "CONTAINS_TOKEN",
    "NOT_CONTAINS_TOKEN",
]
Direction: TypeAlias = Literal["ASCENDING", "DESCENDING"]
Value: TypeAlias = str | int | float | bool


class Filter(TypedDict, total=False):
    """One condition on one property. Give `values` with IN and NOT_IN, `high_value` with BETWEEN."""

    property_name: Required[Annotated[str, Meta(min_length=1, description="Internal name of the property.")]]
    operator: Required[Annotated[Operator, Meta(description="How to compare.")]]
    value: Annotated[Value, Meta(description="What to compare with; the lower bound for BETWEEN.")]
    high_value: Annotated[Value, Meta(description="The upper bound for BETWEEN.")]
    values: Annotated[list[Value], Meta(description="The choices for IN and NOT_IN.")]


class FilterGroup(TypedDict, total=False):
    """Conditions that must all hold: at most 6."""

    filters: Required[Annotated[list[Filter], Meta(max_length=6, description="Conditions that must all hold.")]]


class Sort(TypedDict, total=False):
    """The order of the results."""

    property_name: Required[Annotated[str, Meta(min_length=1, description="Internal name of the property.")]]
    direction: Annotated[Direction, Meta(description="Ascending if absent.")]
