"""Names of standard object types, and the unlabelled associations between them."""

from __future__ import annotations

import pytest

from airbyte_agent_hubspot._catalog.object_types import (
    _DEFAULT_TYPE_IDS,  # the table itself is what is checked
    default_association,
    entity_of_type,
)
from airbyte_agent_hubspot.errors import InvalidParamsError

PAIRS = [(one, other, type_id) for one, others in _DEFAULT_TYPE_IDS.items() for other, type_id in others.items()]


@pytest.mark.parametrize(
    ("name", "entity"),
    [
        ("contact", "contacts"),
        ("Contacts", "contacts"),
        (" 0-1 ", "contacts"),
        ("COMPANY", "companies"),
        ("0-8", "line_items"),
        ("0-136", "leads"),
        ("p123_cars", "p123_cars"),
        ("2-7", "2-7"),
    ],
)
def test_a_type_goes_by_its_singular_its_plural_and_its_number(name: str, entity: str) -> None:
    assert entity_of_type(name) == entity


def test_no_two_directions_share_a_type() -> None:
    numbers = [type_id for _, _, type_id in PAIRS]
    assert sorted(set(numbers)) == sorted(numbers)


def test_where_both_directions_are_known_their_types_are_neighbours() -> None:
    both = [
        (one, other, abs(type_id - _DEFAULT_TYPE_IDS[other][one]))
        for one, other, type_id in PAIRS
        if one != other and one in _DEFAULT_TYPE_IDS.get(other, {})
    ]
    assert [pair for pair in both if pair[2] != 1] == []


@pytest.mark.parametrize(
    ("one", "other", "type_id"), [("contact", "0-2", 279), ("deals", "contacts", 3), ("0-5", "company", 339)]
)
def test_the_default_association_has_a_number_in_each_direction(one: str, other: str, type_id: int) -> None:
    assert default_association(one, other) == {
        "associationCategory": "HUBSPOT_DEFINED",
        "associationTypeId": type_id,
    }


@pytest.mark.parametrize(("one", "other"), [("p1_cars", "contacts"), ("contacts", "p1_cars"), ("products", "deals")])
def test_an_association_without_a_known_default_says_what_to_do(one: str, other: str) -> None:
    with pytest.raises(InvalidParamsError) as caught:
        default_association(one, other)
    assert [(error.field, error.error_code) for error in caught.value.errors] == [
        ("params.associations", "unknown_association")
    ]
