"""Batches: what became of each input, in the order of the inputs, whatever the order of HubSpot's answer."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbyte_agent_hubspot._batch_shape import BATCH_DELETED, batch_of, ids_of, only_of_batch, places_of_inputs
from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot.errors import FieldError, UpstreamRejectedError
from airbyte_agent_hubspot.models import (
    AssociatedRecords,
    Association,
    AssociationLink,
    AssociationType,
    BatchItem,
    BatchResult,
    Contact,
    Deleted,
    ItemError,
)

BY_ID = batch_of(Contact, ids_of)
BY_PLACE = batch_of(Contact, places_of_inputs)
UNKNOWN = ItemError("not_answered", "HubSpot's answer does not mention this input: look the record up.")


def body(*results: object, errors: list[object] | None = None) -> bytes:
    return json.dumps({"status": "COMPLETE", "results": results, "errors": errors or [], "numErrors": 0}).encode()


def lost(key: str, *ids: str) -> object:
    return {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "Lost.", "context": {key: ids}}


LOST = ItemError("object_not_found", "Lost.")


@given(data=st.data(), ids=st.lists(st.integers(1, 99), unique=True, max_size=8))
def test_each_input_has_its_record_or_its_error(data: st.DataObject, ids: list[int]) -> None:
    fates = {number: data.draw(st.sampled_from(["found", "lost", "silent"])) for number in ids}
    found = data.draw(st.permutations([number for number in ids if fates[number] == "found"]))
    errors = [lost("ids", *(str(number) for number in ids if fates[number] == "lost"))]
    result = BY_ID.decode(body(*({"id": str(number)} for number in found), errors=errors), {"ids": ids})
    wanted: dict[str, list[object]] = {"lost": [None, None, LOST], "silent": [None, None, UNKNOWN]}
    assert [[item.index, item.id, item.record, item.error] for item in result] == [
        [index, *wanted.get(fates[number], [str(number), Contact(str(number)), None])]
        for index, number in enumerate(ids)
    ]


def test_an_input_given_twice_is_answered_twice() -> None:
    assert BY_ID.decode(body({"id": "7"}), {"ids": [7, "7"]}) == BatchResult(
        [BatchItem(0, "7", Contact("7")), BatchItem(1, "7", Contact("7"))]
    )


def test_inputs_by_a_unique_property_are_found_by_its_value_in_any_case() -> None:
    ana = {"id": "7", "properties": {"email": "ana@acme.example"}}
    nameless = {"id": "8", "properties": {"email": None}}
    params: dict[str, object] = {"ids": ["Ana@Acme.example", "bo@acme.example"], "idProperty": "email"}
    result = BY_ID.decode(body(nameless, ana, errors=[lost("ids", "bo@acme.example")]), params)
    assert result == BatchResult(
        [BatchItem(0, "7", Contact("7", {"email": "ana@acme.example"})), BatchItem(1, error=LOST)]
    )


def test_new_records_are_matched_to_their_inputs_by_the_trace_each_carries() -> None:
    params: dict[str, object] = {"inputs": [{"properties": {}}, {"properties": {}}, {"properties": {}}]}
    answered = body(
        {"id": "9", "objectWriteTraceId": "2"},
        {"id": "7", "objectWriteTraceId": "0"},
        errors=[{"category": "CONFLICT", "message": "Taken.", "context": {"objectWriteTraceId": ["1"]}}],
    )
    assert BY_PLACE.decode(answered, params) == BatchResult(
        [
            BatchItem(0, "7", Contact("7")),
            BatchItem(1, error=ItemError("conflict", "Taken.")),
            BatchItem(2, "9", Contact("9")),
        ]
    )


def test_an_input_is_known_by_its_id_where_the_error_does_not_name_its_place() -> None:
    """Nor is an id taken for a place."""
    params: dict[str, object] = {"inputs": [{"id": "9"}, {"id": "0"}, {"id": 8}]}
    answered = body({"id": "0", "objectWriteTraceId": "1"}, errors=[lost("ids", "9", "2")])
    assert BY_PLACE.decode(answered, params) == BatchResult(
        [BatchItem(0, error=LOST), BatchItem(1, "0", Contact("0")), BatchItem(2, error=UNKNOWN)]
    )


def test_what_is_wrong_with_an_input_is_told_in_sentences_and_by_field() -> None:
    wrong = '[{"message":"Odd.","error":"INVALID_EMAIL","name":"email"},{"message":"Worse."},{"isValid":false}]'
    params: dict[str, object] = {"inputs": [{"properties": {}}] * 3}
    errors: list[object] = [
        {"message": f"Property values were not valid: {wrong}", "context": {"objectWriteTraceId": ["0"]}},
        {"message": "Property values were not valid: [", "context": {"objectWriteTraceId": ["1"]}},
        {"category": "CONFLICT", "message": "Taken. Existing ID: 7", "context": {"objectWriteTraceId": ["2"]}},
    ]
    assert [item.error for item in BY_PLACE.decode(body(errors=errors), params)] == [
        ItemError(
            "error",
            "Odd. Worse.",
            [
                FieldError("properties.email", "Odd.", "invalid_email", {"propertyName": ["email"]}),
                FieldError("properties", "Worse.", "rejected"),
            ],
        ),
        ItemError("error", "Property values were not valid: ["),
        ItemError(
            "conflict",
            "Taken. Existing ID: 7",
            [FieldError("id", "Taken. Existing ID: 7", "conflict", {"existing_id": "7"})],
        ),
    ]


def test_an_error_without_a_category_is_an_error() -> None:
    result = BY_ID.decode(body(errors=[{"message": "Odd.", "context": {"id": ["7"]}}]), {"ids": [7]})
    assert result == BatchResult([BatchItem(0, error=ItemError("error", "Odd."))])


def test_what_is_archived_in_a_batch_is_gone_whether_it_was_there_or_not() -> None:
    assert BATCH_DELETED.decode(b"", {"ids": [7, "8"]}) == BatchResult(
        [BatchItem(0, "7", Deleted("7")), BatchItem(1, "8", Deleted("8"))]
    )


@pytest.mark.parametrize(
    ("errors", "sentence", "fields"),
    [
        (
            [{"message": "No such property.", "category": "VALIDATION_ERROR"}, {"message": "Too long."}],
            "HubSpot refused the record: No such property. Too long.",
            [
                FieldError("params.properties", "No such property.", "rejected"),
                FieldError("params.properties", "Too long.", "rejected"),
            ],
        ),
        ([], "HubSpot refused the record: it gave neither a record nor a reason", []),
    ],
)
def test_a_batch_of_one_that_was_refused_is_an_error(
    errors: list[object], sentence: str, fields: list[FieldError]
) -> None:
    shape = only_of_batch(Contact)
    assert shape.decode(body({"id": "7", "new": True}), {}) == Contact("7", new=True)
    with pytest.raises(UpstreamRejectedError) as caught:
        shape.decode(body(errors=errors), {})
    assert (caught.value.message, list(caught.value.errors)) == (sentence, fields)


# ---------------------------------------------------------------- associations


def test_a_record_without_associations_has_an_empty_list_not_an_error() -> None:
    shape = CATALOG.find("associations", "batch_get").shape
    none_found = {"subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND", "context": {"fromObjectId": ["8"]}}
    answered = body(
        {
            "from": {"id": 7},
            "to": [{"toObjectId": 70, "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": 279}]}],
            "paging": {"next": {"after": "71"}},
        },
        errors=[none_found, lost("id", "9")],
    )
    assert shape.decode(answered, {"ids": ["9", 8, "7"]}) == BatchResult(
        [
            BatchItem(0, "9", error=LOST),
            BatchItem(1, "8", AssociatedRecords("8")),
            BatchItem(
                2, "7", AssociatedRecords("7", [Association("70", [AssociationType("HUBSPOT_DEFINED", 279)])], "71")
            ),
        ]
    )


@pytest.mark.parametrize("answered", [b"", body()])
def test_linked_pairs_are_all_that_were_asked_for(answered: bytes) -> None:
    shape = CATALOG.find("associations", "batch_create").shape
    params: dict[str, object] = {
        "fromObjectType": "contacts",
        "toObjectType": "companies",
        "inputs": [{"fromObjectId": 1, "toObjectId": 2}],
    }
    link = AssociationLink("contacts", "1", "companies", "2")
    assert shape.decode(answered, params) == BatchResult([BatchItem(0, "1", link)])


def test_a_pair_that_could_not_be_linked_is_named_by_either_id() -> None:
    shape = CATALOG.find("associations", "batch_create").shape
    pairs = [{"fromObjectId": 1, "toObjectId": 2}, {"fromObjectId": 3, "toObjectId": 4}]
    params: dict[str, object] = {"fromObjectType": "deals", "toObjectType": "notes", "inputs": pairs}
    elsewhere = {"message": "Not of these.", "context": {"toObjectId": ["9"]}}
    answered = body(errors=[{"message": "Of none."}, elsewhere, {"message": "Odd.", "context": {"toObjectId": ["4"]}}])
    assert shape.decode(answered, params) == BatchResult(
        [
            BatchItem(0, "1", AssociationLink("deals", "1", "notes", "2")),
            BatchItem(1, "3", error=ItemError("error", "Odd.")),
        ]
    )
