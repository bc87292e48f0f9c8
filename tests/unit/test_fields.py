"""Fields of plain JSON: chosen, left out, cut."""

from __future__ import annotations

import pytest

from airbyte_agent_hubspot._fields import for_each_record, has, records_of, selected, with_short_texts, without

RECORD: dict[str, object] = {"id": "1", "properties": {"email": "ana@acme.example", "age": "7"}, "tags": ["a"]}


@pytest.mark.parametrize(
    ("paths", "kept"),
    [
        (["id", "properties.email"], {"id": "1", "properties": {"email": "ana@acme.example"}}),
        (["email", "age"], {"properties": {"email": "ana@acme.example", "age": "7"}}),
        (["nothing", "id.deeper", "properties.nothing"], {}),
        (["properties", "properties.email"], {"properties": {"email": "ana@acme.example", "age": "7"}}),
        (["id", "id.deeper"], {"id": "1"}),
        (["tags"], {"tags": ["a"]}),
    ],
)
def test_fields_are_kept_by_path_or_by_name_of_the_property(paths: list[str], kept: dict[str, object]) -> None:
    assert selected(RECORD, paths) == kept


def test_fields_are_left_out_without_changing_what_was_given() -> None:
    assert without(RECORD, ["email", "tags", "nothing.here", "id.deeper"]) == {"id": "1", "properties": {"age": "7"}}
    assert "tags" in RECORD
    assert without("text", ["id"]) == "text"


def test_a_record_has_what_a_path_leads_to() -> None:
    assert has(RECORD, "email")
    assert has(RECORD, "properties.age")
    assert not has(RECORD, "emial")
    assert not has(RECORD, "id.deeper")
    assert not has("text", "id")


@pytest.mark.parametrize(
    ("result", "records"),
    [([1], [1]), ({"data": [1], "total": 1}, [1]), ({"rows": [2]}, [2]), ({"items": [3]}, [3]), ({"id": 1}, None)],
)
def test_the_records_of_a_result_are_found(result: object, records: list[object] | None) -> None:
    assert records_of(result) == records
    assert records_of("text") is None


def test_each_record_is_changed_and_what_stands_around_them_stays() -> None:
    assert for_each_record({"data": ["x" * 201, ["y"]], "total": 2}, with_short_texts) == {
        "data": ["x" * 200 + "... [cut; get the record for the whole text]", ["y"]],
        "total": 2,
    }
    assert for_each_record([1], str) == ["1"]
    assert for_each_record({"id": 1}, str) == "{'id': 1}"
    assert with_short_texts({"a": "x"}) == {"a": "x"}
