"""Properties read into classes of the user's."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, Required, TypedDict

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbyte_agent_hubspot._property_models import ModelReader
from airbyte_agent_hubspot.errors import ConfigurationError, FieldError, InvalidRequestError
from airbyte_agent_hubspot.models import Page, PageMeta, Record, TypedRecord

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Opportunity:
    """Every kind of value."""

    dealname: str
    amount: Decimal
    closedate: datetime
    hs_next_day: date
    hs_is_closed: bool
    num_notes: int
    probability: float
    description: str | None = None


@dataclass(frozen=True)
class Optional:
    """The same, where each may be absent."""

    dealname: str | None
    amount: Decimal | None
    closedate: datetime | None
    hs_next_day: date | None
    hs_is_closed: bool | None
    num_notes: int | None
    probability: float | None


class AsDict(TypedDict, total=False):
    """Properties in a dict."""

    dealname: Required[str]
    amount: Decimal | None


class AsStruct(msgspec.Struct):
    """Properties in a struct."""

    dealname: str
    amount: Decimal | None


PROPERTIES: dict[str, str | None] = {
    "dealname": "Acme",
    "amount": "1200.10",
    "closedate": "2026-10-05T09:15:30.250Z",
    "hs_next_day": "2026-10-06",
    "hs_is_closed": "true",
    "num_notes": "7",
    "probability": "0.2",
    "hs_object_id": "7",
}
RECORD = Record("7", PROPERTIES)


def test_values_become_what_the_model_says() -> None:
    reader = ModelReader(Opportunity)
    assert reader.names == [*list(PROPERTIES)[:-1], "description"]
    assert reader.read(RECORD) == TypedRecord(
        "7",
        Opportunity(
            "Acme",
            Decimal("1200.10"),
            datetime(2026, 10, 5, 9, 15, 30, 250_000, tzinfo=UTC),
            date(2026, 10, 6),
            hs_is_closed=True,
            num_notes=7,
            probability=0.2,
        ),
        RECORD,
    )


def test_dicts_and_structs_are_models_too() -> None:
    assert ModelReader(AsDict).read(RECORD).properties == {"dealname": "Acme", "amount": Decimal("1200.10")}
    assert ModelReader(AsStruct).read(RECORD).properties == AsStruct("Acme", Decimal("1200.10"))


@given(absent=st.sets(st.sampled_from(list(PROPERTIES)[:-1])), empty=st.booleans())
def test_what_is_absent_or_empty_is_none(absent: set[str], *, empty: bool) -> None:
    given_values = {name: value for name, value in PROPERTIES.items() if name not in absent}
    record = Record("7", {**given_values, **(dict.fromkeys(absent, "") if empty else {})})
    read = ModelReader(Optional).read(record).properties
    assert {name for name in list(PROPERTIES)[:-1] if getattr(read, name) is None} == absent


@pytest.mark.parametrize(
    ("name", "value"),
    [("amount", "much"), ("hs_is_closed", "maybe"), ("num_notes", "7.5"), ("closedate", "soon"), ("dealname", None)],
)
def test_a_value_that_does_not_fit_names_record_and_property(name: str, value: str | None) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        ModelReader(Opportunity).read(Record("7", {**PROPERTIES, name: value}))
    error = caught.value
    assert error.code == "model_mismatch"
    assert list(error.errors) == [FieldError("properties", error.message, "model_mismatch")]
    for part in ("Record 7", "Opportunity", f"`$.{name}`"):
        assert part in error.message


class Plain:
    """Annotated, but nothing that can be made of values."""

    dealname: str


class Tuple(NamedTuple):
    """Made of values by place."""

    dealname: str


class Empty:
    """Without fields."""


@dataclass
class Complex:
    """Of a type that text does not become."""

    dealname: str
    amount: complex
    size: complex | None


@dataclass
class Contradictory:
    """Of a type that cannot be told from another."""

    tags: list[str] | set[str]


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (Empty, "no annotated fields"),
        (Plain, "a dataclass, a TypedDict or a msgspec Struct"),
        (Tuple, "a dataclass, a TypedDict or a msgspec Struct"),
        (Complex, "amount, size"),
        (Contradictory, "more than one array-like"),
    ],
)
def test_a_class_that_cannot_hold_properties_is_refused_at_once(model: type, says: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ModelReader(model)
    assert caught.value.message.startswith(f"{model.__name__} ")
    assert says in caught.value.message


@pytest.mark.parametrize("model", [Opportunity, AsDict, AsStruct])
def test_a_typed_record_is_plain_json_on_demand(model: Callable[..., object]) -> None:
    assert isinstance(model, type)
    page: Page[TypedRecord[object]] = Page([ModelReader(model).read(RECORD)], PageMeta())
    [plain] = json.loads(str(page))["data"]
    assert json.loads(json.dumps(page.to_dict())) == json.loads(str(page))
    assert (plain["id"], plain["properties"]["amount"], plain["record"]["id"]) == ("7", "1200.10", "7")
    if model is Opportunity:
        assert (plain["properties"]["closedate"], plain["properties"]["hs_next_day"]) == (
            "2026-10-05T09:15:30.250000Z",
            "2026-10-06",
        )
