"""Labels and ids: found whatever their case, never guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbyte_agent_hubspot._lexicon.names import Named, Names, plain
from airbyte_agent_hubspot.errors import InvalidParamsError

OWNERS = Names(
    "owner",
    [
        Named("7", "Dana Reed", ("dana@acme.example", "Dana", "Reed"), "dana@acme.example"),
        Named("8", "Dana Ray", ("ray@acme.example", "Dana", "Ray")),
        Named("9", "Omar Haddad", ("omar@acme.example",)),
    ],
)


@pytest.mark.parametrize(
    ("said", "ids"),
    [
        ("7", ["7"]),
        (7, ["7"]),
        ("dana  REED", ["7"]),
        ("dana_reed", ["7"]),
        ("omar@acme.example", ["9"]),
        ("Reed", ["7"]),
        ("Dana", ["7", "8"]),
        ("haddad", ["9"]),
        ("Nobody", []),
        ("  ", []),
    ],
)
def test_who_is_meant(said: object, ids: list[str]) -> None:
    assert [item.id for item in OWNERS.fitting(said)] == ids


def test_a_name_that_two_have_is_an_error_with_both() -> None:
    with pytest.raises(InvalidParamsError) as raised:
        OWNERS.find("Dana", "params.owner")
    [error] = raised.value.errors
    assert (error.field, error.error_code) == ("params.owner", "ambiguous_name")
    assert error.details["candidates"] == [
        {"id": "7", "label": "Dana Reed", "in": "dana@acme.example"},
        {"id": "8", "label": "Dana Ray"},
    ]


@pytest.mark.parametrize(
    ("names", "said", "near"), [(OWNERS, "Omar Hadad", ["9"]), (OWNERS, "zzz", []), (Names("team", []), "zzz", [])]
)
def test_a_name_that_nobody_has_is_an_error_with_the_nearest(names: Names, said: str, near: list[str]) -> None:
    with pytest.raises(InvalidParamsError) as raised:
        names.find(said, "params.owner")
    [error] = raised.value.errors
    candidates = error.details["candidates"]
    assert error.error_code == "unknown_name"
    assert isinstance(candidates, list)
    assert [item["id"] for item in candidates] == near


def test_a_name_that_nobody_has_is_answered_by_those_there_are() -> None:
    owners = Names("owner", [Named(str(number), f"Nr {number}") for number in range(12)])
    with pytest.raises(InvalidParamsError) as raised:
        owners.find("zzzz", "params.owner")
    assert "'Nr 9' (id 9) and 2 more." in raised.value.message


def test_only_ten_of_many_candidates_are_written_out() -> None:
    many = Names("company", [Named(str(number), "Acme") for number in range(12)])
    with pytest.raises(InvalidParamsError) as raised:
        many.find("acme", "params.where.company")
    assert "and 2 more" in raised.value.message


@given(st.lists(st.text(min_size=1).filter(plain), unique_by=plain, max_size=8))
def test_every_label_finds_its_own_id_and_back(labels: list[str]) -> None:
    names = Names("stage", [Named(f"id:{number}", label) for number, label in enumerate(labels)])
    for item in names.items:
        assert (
            names.find(item.label.upper() if plain(item.label.upper()) == plain(item.label) else item.label, "p")
            == item
        )
        assert names.label(item.id) == item.label
    assert names.label("other") is None
