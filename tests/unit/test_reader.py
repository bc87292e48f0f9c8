"""Parameters: any accepted spelling in, one spelling out, or errors that teach."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated, Literal, Required, TypedDict, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._reader import ParamsReader, to_camel, to_snake
from airbyte_agent_hubspot.errors import FieldError, InvalidParamsError
from airbyte_agent_hubspot.filters import Operator


def read(entity: str, action: str, params: object) -> dict[str, object]:
    return CATALOG.find(entity, action).reader.read(params)


def errors_of(entity: str, action: str, params: object) -> list[FieldError]:
    with pytest.raises(InvalidParamsError) as caught:
        read(entity, action, params)
    assert caught.value.message == " ".join(error.message for error in caught.value.errors)
    return list(caught.value.errors)


def summary(errors: list[FieldError]) -> list[tuple[str, str]]:
    return [(error.field, error.error_code) for error in errors]


# ---------------------------------------------------------------- spellings

VALUES = (
    st.text(max_size=5)
    | st.integers(-9, 9)
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
)
NAMES = st.text(min_size=1, max_size=8)
FILTERS = st.fixed_dictionaries(
    {"property_name": NAMES, "operator": st.sampled_from(get_args(Operator))},
    optional={"value": VALUES, "high_value": VALUES, "values": st.lists(VALUES, max_size=3)},
)
SEARCHES = st.fixed_dictionaries(
    {},
    optional={
        "filter_groups": st.lists(st.fixed_dictionaries({"filters": st.lists(FILTERS, max_size=3)}), max_size=3),
        "query": st.text(max_size=8),
        "properties": st.lists(NAMES, max_size=3) | NAMES,
        "sorts": st.lists(
            NAMES
            | st.fixed_dictionaries(
                {"property_name": NAMES}, optional={"direction": st.sampled_from(["ASCENDING", "DESCENDING"])}
            ),
            max_size=1,
        ),
        "limit": st.integers(1, 200),
        "after": st.text(max_size=5),
    },
)


def in_camel(value: object) -> object:
    """The same with every key in camelCase."""
    if isinstance(value, dict):
        return {to_camel(key): in_camel(item) for key, item in value.items()}
    return [in_camel(item) for item in value] if isinstance(value, list) else value


def with_nulls(value: object, keys: dict[str, None]) -> object:
    return {**keys, **value} if isinstance(value, dict) else value


@pytest.mark.requirement("params-spellings")
@given(params=SEARCHES)
def test_both_spellings_mean_the_same_at_every_depth(params: dict[str, object]) -> None:
    wire = in_camel(params)
    assert read("contacts", "api_search", params) == wire
    assert read("contacts", "api_search", wire) == wire


@given(params=SEARCHES)
def test_null_is_the_same_as_absent(params: dict[str, object]) -> None:
    nulls = dict.fromkeys(("filter_groups", "query", "properties", "sorts", "limit", "after"))
    assert read("contacts", "api_search", {**nulls, **params}) == in_camel(params)


@given(name=st.from_regex(r"[a-z]+(_[a-z]+)*", fullmatch=True))
def test_names_survive_the_way_to_camel_case_and_back(name: str) -> None:
    assert to_snake(to_camel(name)) == name


@pytest.mark.requirement("params-spellings")
def test_a_records_id_goes_by_three_names() -> None:
    for name in ("record_id", "contactId", "contact_id"):
        assert read("contacts", "get", {name: "101"}) == {"contactId": "101"}
    assert read("objects", "get", {"object_type": "2-1", "record_id": 7}) == {"objectType": "2-1", "objectId": 7}


def test_null_in_one_spelling_leaves_the_value_of_the_other() -> None:
    filters = [{"propertyName": "email", "property_name": None, "operator": "EQ", "value": "a@b.example"}]
    assert read("contacts", "api_search", {"filterGroups": None, "filter_groups": [{"filters": filters}]}) == {
        "filterGroups": [{"filters": [{"propertyName": "email", "operator": "EQ", "value": "a@b.example"}]}]
    }


def test_two_spellings_with_one_value_are_one() -> None:
    groups = [{"filters": [{"propertyName": "email", "property_name": "email", "operator": "HAS_PROPERTY"}]}]
    read("contacts", "api_search", {"filterGroups": groups, "filter_groups": groups})


def test_two_spellings_with_different_values_are_refused_at_every_depth() -> None:
    assert summary(errors_of("contacts", "get", {"contactId": "1", "record_id": "2"})) == [
        ("params.contactId", "conflicting_fields")
    ]
    groups = [{"filters": [{"propertyName": "email", "property_name": "phone", "operator": "HAS_PROPERTY"}]}]
    assert summary(errors_of("contacts", "api_search", {"filterGroups": groups})) == [
        ("params.filterGroups[0].filters[0].propertyName", "conflicting_fields")
    ]


@pytest.mark.parametrize("params", [None, {}, MappingProxyType({})])
def test_no_parameters_are_the_same_in_any_form(params: object) -> None:
    assert read("contacts", "list", params) == {}


def test_mappings_and_tuples_are_as_good_as_dicts_and_lists() -> None:
    search = MappingProxyType(
        {"filterGroups": ({"filters": ({"propertyName": "email", "operator": "HAS_PROPERTY"},)},)}
    )
    assert read("contacts", "api_search", search) == {
        "filterGroups": [{"filters": [{"propertyName": "email", "operator": "HAS_PROPERTY"}]}]
    }


# ---------------------------------------------------------------- errors


@pytest.mark.requirement("params-misspelt")
@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("limt", "limit"),
        ("Limit", "limit"),
        ("property", "properties"),
        ("PROPERTIES_WITH_HISTORY", "propertiesWithHistory"),
    ],
)
def test_a_misspelt_parameter_names_the_nearest(name: str, nearest: str) -> None:
    known = ["archived", "limit", "after", "properties", "propertiesWithHistory", "associations"]
    assert errors_of("contacts", "list", {name: 1}) == [
        FieldError(
            f"params.{name}",
            f"There is no parameter {name!r} in params. Did you mean {nearest!r}? Known are: {', '.join(known)}.",
            "unknown_param",
            {"known": known, "nearest": nearest},
        )
    ]


@pytest.mark.requirement("params-misspelt")
def test_a_parameter_like_no_other_names_the_known_ones() -> None:
    [error] = errors_of("schemas", "list", {"zzz": 1, 7: 2})[:1]
    assert (error.details, error.message) == (
        {"known": ["archived"]},
        "There is no parameter 'zzz' in params. Known are: archived.",
    )
    [error] = errors_of("*", "check", {"entity": "contacts"})
    assert error.message == "There is no parameter 'entity' in params. There are none."


@pytest.mark.requirement("params-misspelt")
def test_a_misspelt_name_inside_a_condition_is_found_there() -> None:
    groups = [{"filters": [{"propertyName": "email", "operator": "EQ"}, {"propertyNme": "email", "operator": "EQ"}]}]
    [error] = errors_of("contacts", "api_search", {"filter_groups": groups})
    assert (error.field, error.details["nearest"]) == (
        "params.filterGroups[0].filters[1].propertyNme",
        "propertyName",
    )


@pytest.mark.requirement("params-misspelt")
def test_each_thing_that_is_wrong_is_said() -> None:
    errors = errors_of(
        "objects", "get", {"objectTyp": "2-1", "archived": "yes", "properties": 7, "idProperty": "email"}
    )
    assert summary(errors) == [
        ("params.objectTyp", "unknown_param"),
        ("params.objectType", "missing"),
        ("params.objectId", "missing"),
        ("params.archived", "wrong_type"),
        ("params.properties", "wrong_type"),
    ]


@pytest.mark.parametrize(
    ("action", "params", "field", "error_code", "message"),
    [
        ("list", {"limit": "three"}, "params.limit", "wrong_type", "must be a whole number; given was 'three'."),
        ("list", {"limit": True}, "params.limit", "wrong_type", "must be a whole number; given was True."),
        (
            "list",
            {"limit": 101},
            "params.limit",
            "out_of_range",
            "must be a whole number of at most 100; given was 101.",
        ),
        ("list", {"limit": 0}, "params.limit", "out_of_range", "must be a whole number of at least 1; given was 0."),
        ("list", {"archived": "no"}, "params.archived", "wrong_type", "must be true or false; given was 'no'."),
        ("list", {"properties": 7}, "params.properties", "wrong_type", "must be text or a list; given was 7."),
        (
            "get",
            {"contactId": ["1"]},
            "params.contactId",
            "wrong_type",
            "must be a whole number or text; given was ['1'].",
        ),
        (
            "api_search",
            {"query": ["a" * 200]},
            "params.query",
            "wrong_type",
            f"must be text; given was ['{'a' * 58}....",
        ),
        ("api_search", {"query": {"a": 1}}, "params.query", "wrong_type", "must be text; given was {'a': 1}."),
        (
            "api_search",
            {"filterGroups": {"filters": []}},
            "params.filterGroups",
            "wrong_type",
            "must be a list; given was {'filters': []}.",
        ),
        (
            "api_search",
            {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "eq"}]}]},
            "params.filterGroups[0].filters[0].operator",
            "invalid_choice",
            f"must be one of {', '.join(get_args(Operator))}; 'eq' is not.",
        ),
        (
            "api_search",
            {"sorts": ["-createdate", "email"]},
            "params.sorts",
            "out_of_range",
            "must be a list of at most 1 items; given was one of 2.",
        ),
    ],
)
def test_a_wrong_value_is_told_from_the_right_kind(
    action: str, params: dict[str, object], field: str, error_code: str, message: str
) -> None:
    [error] = errors_of("contacts", action, params)
    assert (error.field, error.error_code, error.message) == (field, error_code, f"{field} {message}")


def test_a_condition_without_its_property_is_incomplete() -> None:
    [error] = errors_of("contacts", "api_search", {"filterGroups": [{"filters": [{"operator": "EQ"}]}]})
    assert (error.field, error.error_code) == ("params.filterGroups[0].filters[0].propertyName", "missing")


def test_a_long_value_is_shown_in_part() -> None:
    [error] = errors_of("contacts", "list", {"limit": "x" * 5000})
    assert len(error.message) < 200


@pytest.mark.parametrize(("params", "kind"), [("limit=3", "text"), ([1], "a list"), (7, "a whole number")])
def test_parameters_that_are_no_object_are_refused(params: object, kind: str) -> None:
    assert errors_of("contacts", "list", params) == [
        FieldError("params", f"params must be an object, not {kind}.", "wrong_type")
    ]


# ---------------------------------------------------------------- shapes that no operation has yet


class Stage(TypedDict, total=False):
    """A nested object behind plain keys."""

    stage_id: Required[str]
    colour: Literal["red", "green"]


class Move(TypedDict, total=False):
    """Parameters of an operation that does not exist."""

    to_stage: Required[Annotated[Stage, Meta(description="Where to.")]]
    weight: float


MOVE = ParamsReader(Move, wire_names={}, owner="deals.move")


def test_a_nested_object_is_read_like_any_other() -> None:
    assert MOVE.read({"to_stage": {"stageId": "1"}, "weight": 2}) == {"toStage": {"stageId": "1"}, "weight": 2}
    with pytest.raises(InvalidParamsError) as caught:
        MOVE.read({"toStage": {"stageId": "1", "colour": "blue"}})
    assert summary(list(caught.value.errors)) == [("params.toStage.colour", "invalid_choice")]
    with pytest.raises(InvalidParamsError) as caught:
        MOVE.read({"toStage": "won", "weight": "heavy"})
    assert summary(list(caught.value.errors)) == [("params.toStage", "wrong_type"), ("params.weight", "wrong_type")]


def nested(levels: int) -> object:
    value: object = "x"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value", ["half \ud83d", float("nan"), float("-inf"), ["x", "\udc00"], {"\ud83d": "x"}, nested(100_000)]
)
def test_what_json_cannot_hold_is_refused_before_it_is_sent(value: object) -> None:
    errors = errors_of("contacts", "update", {"contactId": "1", "properties": {"firstname": value}})
    assert ("params.properties", "not_json") in summary(errors)
    for error in errors:
        error.message.encode()


def test_a_choice_that_is_a_parameter_of_its_own_is_told_with_the_others() -> None:
    with pytest.raises(InvalidParamsError) as caught:
        CATALOG.find("activities", "log").reader.read({"kind": "fax", "text": "T", "records": {"deal": "7"}})
    assert list(caught.value.errors) == [
        FieldError(
            "params.kind",
            "params.kind must be one of note, call, email, meeting; 'fax' is not.",
            "invalid_choice",
            {"choices": ["note", "call", "email", "meeting"]},
        )
    ]
