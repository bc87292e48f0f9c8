"""What counts as arguments: JSON, as an object or as text; nothing else."""

from __future__ import annotations

import pytest

from airbyte_agent_hubspot.errors import InvalidParamsError
from airbyte_agent_hubspot.tools.arguments import read_object


def deep(levels: int, *, lists: bool = False) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value] if lists else {"a": value}
    return value


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (None, {}),
        ("", {}),
        ('{"a": 1}', {"a": 1}),
        (b'{"a": [1, null, true]}', {"a": [1, None, True]}),
        ({"params": '{"limit": 2}'}, {"params": {"limit": 2}}),
        ({"params": "limit"}, {"params": "limit"}),
        ({"a": (1, 2.5, "x")}, {"a": [1, 2.5, "x"]}),
    ],
)
def test_arguments_are_an_object_or_the_text_of_one(given: object, read: dict[str, object]) -> None:
    assert read_object(given) == read


@pytest.mark.parametrize(
    "given",
    [
        "{",
        "[]",
        5,
        {1: 2},
        {"a": {1, 2}},
        {"a": float("nan")},
        {"a": "\ud800"},
        {"\ud800": 1},
        {"a": deep(40)},
        {"a": deep(40, lists=True)},
    ],
)
def test_what_is_no_json_object_is_refused(given: object) -> None:
    with pytest.raises(InvalidParamsError):
        read_object(given)
