"""Results in few tokens and within a budget, and what is said of what was left out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airbyte_agent_hubspot.shaping import Wish, estimate_tokens
from airbyte_agent_hubspot.shaping.fitting import fit

if TYPE_CHECKING:
    from airbyte_agent_hubspot.shaping.fitting import Fitted
    from airbyte_agent_hubspot.shaping.tables import Json


def contact(number: int, **properties: object) -> Json:
    return {
        "id": str(number),
        "properties": {"email": f"ana{number}@acme.example", "hs_object_id": str(number), **properties},
        "createdAt": "2026-01-02T03:04:05.678Z",
        "updatedAt": "2026-01-02T03:04:05.678Z",
        "archived": False,
        "url": f"https://app.hubspot.example/{number}",
    }


def page(*records: object, cursor: str | None = None, total: int | None = None) -> Json:
    meta = {"next_cursor": cursor, "total": total}
    return {"data": list(records), "meta": {name: item for name, item in meta.items() if item is not None}}


def rows(fitted: Fitted) -> list[list[object]]:
    return cast("list[list[object]]", fitted.data["rows"])


def test_a_page_is_a_table_with_its_header_once_and_without_what_says_nothing() -> None:
    fitted = fit(page(contact(1, createdate="2026-01-02T03:04:05.678Z", phone=None), contact(2)), Wish())
    assert fitted.data == {
        "columns": ["id", "email", "createdate"],
        "rows": [["1", "ana1@acme.example", "2026-01-02T03:04:05Z"], ["2", "ana2@acme.example", None]],
    }
    assert (fitted.records, fitted.of, fitted.complete) == (2, 2, True)


def test_one_record_is_no_table_and_shows_more_where_it_is_asked_for() -> None:
    fitted = fit(page(contact(1)), Wish(select_fields=("email", "createdAt", "url")))
    assert fitted.data == {
        "records": [
            {
                "id": "1",
                "email": "ana1@acme.example",
                "createdAt": "2026-01-02T03:04:05Z",
                "url": "https://app.hubspot.example/1",
            }
        ]
    }
    bare = {"id": "1", "properties": {}, "createdAt": "2026-01-02T03:04:05Z", "archived": True}
    assert fit(bare, Wish()).data == {"id": "1", "createdAt": "2026-01-02T03:04:05Z", "archived": True}


def test_properties_that_hubspot_adds_are_shown_only_if_they_were_asked_for() -> None:
    record = contact(1, lastmodifieddate="2026-01-02T03:04:05Z", createdate="2026-01-01T00:00:00Z")
    assert fit(record, Wish(), asked=["email"]).data == {"id": "1", "email": "ana1@acme.example"}
    assert fit(record, Wish(), asked=["lastmodifieddate"]).data == {
        "id": "1",
        "email": "ana1@acme.example",
        "lastmodifieddate": "2026-01-02T03:04:05Z",
    }


def test_a_property_named_like_a_field_of_the_record_keeps_both() -> None:
    record = {"id": "1", "properties": {"id": "7", "new": "no"}, "new": True}
    assert fit(record, Wish()).data == {"id": "1", "properties.id": "7", "new": "no", "record.new": True}


def test_associated_ids_come_once_each_and_say_when_there_are_more() -> None:
    links = {"results": [{"id": "5", "type": "a"}, {"id": "5", "type": "b"}]}
    more = {"results": [{"id": "6", "type": "a"}], "paging": {"next": {"after": "6"}}}
    record = {"id": "1", "properties": {"a": "b"}, "associations": {"deals": links, "notes": more}}
    assert fit(record, Wish()).data["associations"] == {"deals": ["5"], "notes": ["6", "and more: associations.list"]}
    odd = {"id": "1", "properties": {"a": "b"}, "associations": "none"}
    assert fit(odd, Wish()).data["associations"] == "none"


def test_fields_are_chosen_by_the_name_of_the_property_or_by_path() -> None:
    many = page(contact(1, phone="5"), contact(2))
    shown = fit(many, Wish(select_fields=("phone", "properties.email")))
    assert shown.data["columns"] == ["id", "phone", "email"]
    assert fit(many, Wish(exclude_fields=("email",))).data["columns"] == ["id", "phone"]
    missing = fit(many, Wish(select_fields=("email", "emial")))
    assert missing.left_out == ["Nothing here has emial: ask for properties by their names in params."]
    assert fit(page(), Wish(select_fields=("emial",))).left_out == []


def test_what_does_not_fit_is_had_with_skip_and_then_with_the_cursor() -> None:
    everything = page(*[contact(number) for number in range(30)], cursor="30", total=95)
    seen: list[object] = []
    wish = Wish(max_tokens=400)
    while True:
        fitted = fit(everything, wish)
        seen += [row[0] for row in rows(fitted)]
        assert (fitted.of, fitted.complete) == (95, False)
        assert fitted.following is not None
        if "params" in fitted.following:
            break
        left = 30 - len(seen)
        assert fitted.left_out == [f"{left} of the 30 records of this answer: repeat the call with what `next` says."]
        assert fitted.following == {"skip": len(seen)}
        wish = Wish(max_tokens=400, skip=len(seen))
    assert fitted.following == {"params": {"after": "30"}, "skip": 0}
    assert seen == [str(number) for number in range(30)]
    assert fit(page(contact(1), cursor="2"), Wish()).following == {"params": {"after": "2"}}


def test_long_texts_are_cut_before_records_are_left_out() -> None:
    notes = [{"id": str(number), "properties": {"hs_note_body": "word " * 200}} for number in range(5)]
    fitted = fit(page(*notes), Wish(max_tokens=600))
    [first, *_] = rows(fitted)
    assert first == ["0", "word " * 40 + "... [800 more characters]"]
    assert fitted.records == 5
    assert fitted.left_out == ["Texts after 200 characters (hs_note_body): select_fields shows fewer, longer."]


def test_of_a_record_too_wide_for_the_budget_some_fields_are_shown() -> None:
    wide = contact(1, **{f"property_{number}": "some value" for number in range(200)})
    fitted = fit(page(wide), Wish(max_tokens=250))
    [record] = cast("list[Json]", fitted.data["records"])
    assert 2 < len(record) < 60
    assert fitted.left_out == [f"{202 - len(record)} fields of each record: name those you need in select_fields."]
    one = fit(wide, Wish(max_tokens=250))
    assert 2 < len(one.data) < 60
    assert one.left_out == [
        f"{202 - len(one.data)} fields, and most of the others: name those you need in select_fields."
    ]


def test_lists_within_one_thing_are_tables_and_cut_last() -> None:
    schema = {
        "name": "CONTACT",
        "required": [f"field {number}" for number in range(40)],
        "properties": [{"name": f"property_{number}", "label": "x" * 300, "hidden": False} for number in range(40)],
    }
    whole = fit(schema, Wish(max_tokens=20_000))
    assert whole.data["properties"]["columns"] == ["name", "label"]  # type: ignore[index]
    assert (whole.complete, whole.left_out) == (True, [])
    fitted = fit(schema, Wish(max_tokens=600))
    assert not fitted.complete
    [told] = fitted.left_out
    assert told == (
        "Cut were texts after 100 characters (label) and lists after 6 (required (34 more), properties (34 more)): "
        "name what you need in select_fields, or raise max_tokens."
    )
    assert len(fitted.data["properties"]["rows"]) == 6  # type: ignore[index]


def test_people_read_names_and_the_ids_stand_below_once() -> None:
    records = [
        {"id": str(number), "properties": {"hubspot_owner_id": owner, "deal_currency_code": "USD"}}
        for number, owner in enumerate(["77", "78", "77"])
    ]
    labels = {
        "hubspot_owner_id": {"77": "Dana Reed", "78": "Sam Poe", "79": "Nobody"},
        "deal_currency_code": {"USD": "US Dollar"},
    }
    fitted = fit({"data": records, "total": 3, "complete": True, "labels": labels, "understood": []}, Wish())
    assert fitted.data == {
        "columns": ["id", "hubspot_owner_id", "deal_currency_code"],
        "rows": [["0", "Dana Reed", "USD"], ["1", "Sam Poe", "USD"], ["2", "Dana Reed", "USD"]],
        "ids": {"hubspot_owner_id": {"Dana Reed": "77", "Sam Poe": "78"}},
    }
    assert (fitted.of, fitted.complete) == (3, True)


def test_names_that_two_ids_have_stand_beside_them_and_names_like_the_value_are_not_said() -> None:
    records = [
        {"id": str(number), "properties": {"hubspot_owner_id": owner, "lifecyclestage": "lead"}}
        for number, owner in enumerate(["77", "78"])
    ]
    labels = {"hubspot_owner_id": {"77": "Dana Reed", "78": "Dana Reed"}, "lifecyclestage": {"lead": "Lead"}}
    assert fit(page(*records), Wish(), labels=labels).data["rows"] == [
        ["0", "Dana Reed [77]", "lead"],
        ["1", "Dana Reed [78]", "lead"],
    ]
    one = fit(records[0], Wish(), labels=labels)
    assert one.data == {"id": "0", "hubspot_owner_id": "Dana Reed [77]", "lifecyclestage": "lead"}


def test_an_overview_shows_names_beside_the_ids_of_its_record() -> None:
    record = {"id": "1", "properties": {"dealstage": "contractsent"}}
    fitted = fit({"record": record, "name": "Acme", "labels": {"dealstage": "Contract sent"}}, Wish())
    assert fitted.data == {"record": {"id": "1", "dealstage": "Contract sent [contractsent]"}, "name": "Acme"}
    assert fit({"record": "7", "labels": {}}, Wish()).data == {"record": "7"}
    assert fitted.complete
    partly = fit({"record": "7", "not_read": ["deals", "owners"]}, Wish())
    assert (partly.complete, partly.left_out) == (False, ["What may not be read: deals, owners."])
    assert fit("text", Wish()).data == {"value": "text"}


def test_groups_of_an_aggregate_are_rows_by_name() -> None:
    rows = [
        {"key": {"hubspot_owner_id": "77"}, "label": {"hubspot_owner_id": "Dana Reed"}, "values": {"count": "5"}},
        {"key": {"hubspot_owner_id": None}, "label": {}, "values": {"count": "2"}},
    ]
    answer = {"rows": rows, "overall": {"count": "7"}, "row_count": 9, "records": 7, "total": 7, "complete": True}
    fitted = fit(answer, Wish())
    assert fitted.data == {
        "overall": {"count": "7"},
        "records": 7,
        "total": 7,
        "columns": ["hubspot_owner_id", "count"],
        "rows": [["Dana Reed", "5"], [None, "2"]],
    }
    assert (fitted.records, fitted.of, fitted.complete) == (2, 9, True)


def test_what_became_of_a_batch_is_one_row_for_each_input() -> None:
    items = [
        {"index": 0, "id": "1", "record": contact(1)},
        {"index": 1, "error": {"code": "record_not_found", "message": "There is none."}},
        {"index": 2, "record": {"from": "1"}},
    ]
    assert fit({"items": items}, Wish()).data == {
        "columns": ["index", "id", "email", "error", "record"],
        "rows": [
            [0, "1", "ana1@acme.example", None, None],
            [1, None, None, "record_not_found: There is none.", None],
            [2, None, None, None, {"from": "1"}],
        ],
    }


def test_a_list_of_what_is_no_object_is_a_table_of_values() -> None:
    assert fit(["a", "b"], Wish()).data == {"columns": ["value"], "rows": [["a"], ["b"]]}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=30,
)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {"id": st.integers(0, 99).map(str), "properties": st.dictionaries(st.text("abc", max_size=3), JSON, max_size=6)}
    ),
    max_size=30,
)


@settings(max_examples=40)
@given(RECORDS, st.integers(200, 1_000), st.integers(0, 5))
def test_whatever_the_records_the_answer_stays_near_the_budget_and_says_what_it_leaves_out(
    records: list[Json], max_tokens: int, skip: int
) -> None:
    fitted = fit(page(*records), Wish(max_tokens=max_tokens, skip=skip))
    there = max(len(records) - skip, 0)
    if fitted.records < there:
        assert fitted.following == {"skip": skip + fitted.records}
        assert fitted.left_out
        assert not fitted.complete
    if there:
        assert fitted.records >= 1
    if fitted.records > 1:
        assert estimate_tokens(json.dumps(fitted.data, ensure_ascii=False, separators=(",", ":"))) <= max_tokens


@settings(max_examples=40)
@given(JSON)
def test_any_json_can_be_shown(value: object) -> None:
    fitted = fit(value, Wish(max_tokens=300))
    assert json.loads(json.dumps(fitted.data)) == fitted.data


@pytest.mark.parametrize("text", ["", " ", "Ana", "a" * 40, "12345", "🎉", "für", "{}", "\n\n"])
def test_an_estimate_is_a_small_whole_number(text: str) -> None:
    assert 0 <= estimate_tokens(text) <= len(text) + 1
