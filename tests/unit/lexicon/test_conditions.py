"""Conditions as people write them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from airbyte_agent_hubspot._lexicon.conditions import Test as Condition
from airbyte_agent_hubspot._lexicon.conditions import number_text, read_bool, read_number, read_tests
from airbyte_agent_hubspot.errors import InvalidParamsError

if TYPE_CHECKING:
    from airbyte_agent_hubspot._lexicon.conditions import Kind


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (None, "text", Condition("unknown")),
        ("not set", "number", Condition("unknown")),
        ("Not Empty", "text", Condition("known")),
        (5, "number", Condition("eq", (5,))),
        (["a", "b"], "choice", Condition("eq", ("a", "b"))),
        (">= 10000", "number", Condition("gte", ("10000",))),
        ("<>x", "text", Condition("ne", ("x",))),
        ("at least 5", "number", Condition("gte", ("5",))),
        ("over 5k", "number", Condition("gt", ("5k",))),
        ("not 5", "number", Condition("ne", ("5",))),
        ("between 1 and 5", "number", Condition("between", ("1", "5"))),
        ("10..20", "number", Condition("between", ("10", "20"))),
        ("this quarter", "time", Condition("eq", ("this quarter",))),
        ("since 2026-01-01", "time", Condition("gte", ("2026-01-01",))),
        ("before last month", "time", Condition("lt", ("last month",))),
        ("2026-01-01 to 2026-02-01", "time", Condition("between", ("2026-01-01", "2026-02-01"))),
        ("month to date", "time", Condition("eq", ("month to date",))),
        ("in 2 weeks", "time", Condition("eq", ("in 2 weeks",))),
        ("in november", "time", Condition("eq", ("november",))),
        ("more than 90 days ago", "time", Condition("lt", ("90 days ago",))),
        ("Older than 90 days", "time", Condition("lt", ("90 days ago",))),
        ("older than 2026-01-01", "time", Condition("lt", ("2026-01-01",))),
        ("less than a week ago", "time", Condition("gte", ("a week ago",))),
        ("newer than 2 months", "time", Condition("gte", ("2 months ago",))),
        ("within the last 2 weeks", "time", Condition("eq", ("the last 2 weeks",))),
        ("within last month", "time", Condition("eq", ("last month",))),
        ("like %pump%", "text", Condition("contains", ("*pump*",))),
        ("~ pump", "text", Condition("contains", ("pump",))),
        ("Like", "text", Condition("eq", ("Like",))),
        ({"$gte": 5}, "number", Condition("gte", (5,))),
        ("contains pump", "text", Condition("contains", ("pump",))),
        ("starts with Ac", "text", Condition("starts", ("Ac",))),
        ("Ac*", "text", Condition("contains", ("Ac*",))),
        ("Tower to Sea", "text", Condition("eq", ("Tower to Sea",))),
        ("Not renewed", "choice", Condition("eq", ("Not renewed",))),
        ({"operator": "BETWEEN", "value": 1, "highValue": 4}, "number", Condition("between", (1, 4))),
        ({"op": "IN", "values": ["a"]}, "choice", Condition("eq", ("a",))),
        ({"between": "1 and 4"}, "number", Condition("between", ("1", "4"))),
        ({"known": False}, "text", Condition("unknown")),
        ({"is empty": True}, "text", Condition("unknown")),
    ],
)
def test_a_condition_is_understood(value: object, kind: Kind, expected: Condition) -> None:
    assert read_tests(value, kind, "params.where.x") == [expected]


def test_several_operators_must_all_hold() -> None:
    assert read_tests({"gte": 5, "<": 9}, "number", "p") == [Condition("gte", (5,)), Condition("lt", (9,))]


@pytest.mark.parametrize("value", [{"almost": 1}, {"between": [1]}, {"gt": [1, 2]}])
def test_what_is_no_condition_is_an_error(value: object) -> None:
    with pytest.raises(InvalidParamsError):
        read_tests(value, "number", "params.where.amount")


@pytest.mark.parametrize(
    ("said", "number"),
    [
        (3, "3"),
        (0.1, "0.1"),
        ("10,000", "10000"),
        ("$12.5k", "12500"),
        ("12,5", "12.5"),
        ("3.000,50", "3000.5"),
        ("1 000", "1000"),
        ("-2m", "-2000000"),
        ("0", "0"),
    ],
)
def test_numbers_are_read_as_people_write_them(said: object, number: str) -> None:
    assert number_text(read_number(said, "p")) == number


@pytest.mark.parametrize("said", ["many", "1.2.3", True, ""])
def test_what_is_no_number_is_an_error(said: object) -> None:
    with pytest.raises(InvalidParamsError):
        read_number(said, "p")


def test_flags_are_yes_or_no() -> None:
    assert [read_bool(said, "p") for said in ("Yes", True, "no", 0)] == ["true", "true", "false", "false"]
    with pytest.raises(InvalidParamsError):
        read_bool("maybe", "p")
    assert number_text(Decimal("1E+3")) == "1000"
