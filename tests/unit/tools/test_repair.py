"""What a wrong value was meant to be, by the schema it should fit."""

from __future__ import annotations

import pytest

from airbyte_agent_hubspot.tools.repair import NOTHING, nearest_name, repaired

TEXT = {"type": "string", "minLength": 1}
WHOLE = {"type": "integer", "minimum": 1, "maximum": 100}
RECORD = {"type": "object", "properties": {"id": TEXT, "limit": WHOLE}, "required": ["id"]}


@pytest.mark.parametrize(
    ("schema", "given", "meant"),
    [
        (TEXT, 5, "5"),
        (TEXT, "", NOTHING),
        (TEXT, True, NOTHING),
        (WHOLE, "1,000", 100),
        (WHOLE, 0, 1),
        (WHOLE, 2.7, 2),
        (WHOLE, "many", NOTHING),
        (WHOLE, float("inf"), NOTHING),
        (WHOLE, True, NOTHING),
        ({"type": "number"}, "2.5", 2.5),
        ({"type": "boolean"}, "yes", True),
        ({"type": "boolean"}, False, False),
        ({"type": "boolean"}, "perhaps", NOTHING),
        ({"type": "null"}, None, None),
        ({"type": "null"}, 1, NOTHING),
        ({"enum": ["LOW", "HIGH"]}, "low", "LOW"),
        ({"enum": ["LOW", "HIGH"]}, "HIGH", "HIGH"),
        ({"enum": ["LOW", "HIGH"]}, {"a": 1}, NOTHING),
        ({"type": "array", "items": TEXT, "minItems": 1}, "a, b", ["a", "b"]),
        ({"type": "array", "items": TEXT, "minItems": 1}, '["a"]', ["a"]),
        ({"type": "array", "items": TEXT, "minItems": 1}, 7, ["7"]),
        ({"type": "array", "items": TEXT, "minItems": 1}, [], NOTHING),
        ({"type": "array", "items": TEXT, "maxItems": 1}, ["a", "b", ""], ["a"]),
        ({"type": "object", "additionalProperties": TEXT}, {"a": 1, "b": None}, {"a": "1"}),
        ({"type": "object"}, {}, NOTHING),
        ({"type": "object"}, "{", NOTHING),
        ({"type": "object"}, '{"a": 1}', {"a": 1}),
        (RECORD, {"ID": 1, "limt": "5", "other": 1}, {"id": "1", "limit": 5}),
        (RECORD, {"limit": 5}, NOTHING),
        (RECORD, {"id": "1", "limit": None}, {"id": "1"}),
        ({"anyOf": [WHOLE, TEXT]}, "all", "all"),
        ({"anyOf": [WHOLE, TEXT]}, "5", "5"),
        ({"anyOf": [WHOLE, RECORD]}, [], NOTHING),
        ({}, [1], [1]),
    ],
)
def test_a_value_becomes_what_it_was_meant_to_be(schema: dict[str, object], given: object, meant: object) -> None:
    found = repaired(schema, given)
    assert found is NOTHING if meant is NOTHING else found == meant


def test_a_name_is_found_whatever_its_case_and_underscores() -> None:
    assert nearest_name("Group_By", ["groupBy", "limit"]) == "groupBy"
    assert nearest_name("xyz", ["groupBy", "limit"]) is None
