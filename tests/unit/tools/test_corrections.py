"""Whatever a model sends: an error that teaches, with a call that is right; and nothing reaches HubSpot."""

from __future__ import annotations

import json
import os
import string
from functools import cache
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from airbyte_agent_hubspot import HubspotConnector, HubspotPrivateAppAuthConfig
from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot.errors import (
    FieldError,
    InvalidParamsError,
    NotFoundError,
    UnknownOperationError,
    UpstreamRejectedError,
)
from airbyte_agent_hubspot.tools import build_tools
from airbyte_agent_hubspot.tools.arguments import ExecuteArguments, reader_of
from airbyte_agent_hubspot.tools.corrections import better_params, is_valid, with_candidates
from airbyte_agent_hubspot.tools.examples import example_params

if TYPE_CHECKING:
    from typing import Unpack

    from airbyte_agent_hubspot._operation import Operation
    from airbyte_agent_hubspot._wire import HttpRequest, HttpResponse
    from airbyte_agent_hubspot.tools import ToolResult
    from airbyte_agent_hubspot.tools.building import ToolOptions

OPERATIONS = [operation for operation in CATALOG if operation.entity != "*"]
EXECUTE = reader_of(ExecuteArguments, "hubspot_execute")


class NoHubspot:
    """A transport over which nothing may be sent."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        raise AssertionError(f"sent {request.method} {request.url}")

    async def close(self) -> None: ...


CONNECTOR = HubspotConnector(
    auth_config=HubspotPrivateAppAuthConfig(private_app_token="pat-eu1-0"), transport=NoHubspot()
)
TOOLS = build_tools(CONNECTOR)
EACH = {tool.name: tool for tool in build_tools(CONNECTOR, per_operation=True)}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.entity}.{one.action}")
def test_each_operation_has_an_example_that_is_valid(operation: Operation) -> None:
    operation.reader.read(example_params(operation))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


@cache
def misspelt(name: str) -> st.SearchStrategy[str]:
    """The name with a letter lost, doubled or put in."""
    place = st.integers(0, max(0, len(name) - 1))
    return st.one_of(
        place.map(lambda at: name[:at] + name[at + 1 :]),
        place.map(lambda at: name[:at] + name[at : at + 1] * 2 + name[at + 1 :]),
        st.builds(lambda at, letter: name[:at] + letter + name[at:], place, st.sampled_from(string.ascii_lowercase)),
        st.just(name.upper()),
        st.just(name),
    )


ANYTHING = JSON | st.text(max_size=40) | st.binary(max_size=10) | st.sets(st.integers(), max_size=2)
ONE_OF = cache(lambda *of: st.sampled_from(of))
"""Strategies are made once: making them takes longer than drawing from them."""
UP_TO = cache(lambda most: st.integers(0, most))
OPERATION = st.sampled_from(OPERATIONS)


@st.composite
def malformed_calls(draw: st.DrawFn) -> object:
    """A call that resembles a right one, with mistakes; or just anything."""
    if draw(UP_TO(9)) == 0:
        return draw(ANYTHING)
    operation = draw(OPERATION)
    params: dict[str, object] = dict(example_params(operation))
    for _ in range(draw(UP_TO(3))):
        name = draw(ONE_OF(*operation.reader.wire_names.values(), "limit"))
        value: object = draw(JSON) if draw(UP_TO(1)) else params.get(name)
        params[draw(misspelt(name))] = value
    if params:
        left_out = draw(UP_TO(2 * len(params)))
        params = {name: item for number, (name, item) in enumerate(params.items()) if number != left_out}
    forms: list[object] = [params, json.dumps(params, default=str), [params], None]
    call: dict[str, object] = {
        "entity": draw(JSON) if draw(UP_TO(4)) == 0 else draw(misspelt(operation.entity)),
        "action": draw(JSON) if draw(UP_TO(4)) == 0 else draw(misspelt(operation.action)),
        "params": forms[draw(UP_TO(3))],
    }
    if draw(UP_TO(3)) == 0:
        call |= {draw(ONE_OF("select_fields", "max_tokens", "limit", "parms")): draw(JSON)}
    if draw(UP_TO(5)) == 0:  # not in `params`, but beside it
        del call["params"]
        call |= params
    return json.dumps(call) if draw(UP_TO(4)) == 0 else call


def is_wrong(call: object) -> bool:
    """Whether the call is malformed, as far as can be told without HubSpot: by the readers, not by what tools say."""
    if isinstance(call, str | bytes):
        try:
            call = json.loads(call)
        except (ValueError, RecursionError):
            return True
    if not isinstance(call, dict):
        return True
    params = call.get("params")
    if isinstance(params, str):
        try:
            call = {**call, "params": json.loads(params)}
        except (ValueError, RecursionError):
            return True
    try:
        read = EXECUTE.read(call)
        CATALOG.find(cast("str", read["entity"]), cast("str", read["action"])).reader.read(read.get("params"))
    except (InvalidParamsError, UnknownOperationError):
        return True
    except Exception:  # noqa: BLE001 - what no JSON can hold: the tool must refuse it, whatever the reader does
        return True
    return False


def check(result: ToolResult) -> None:
    """It teaches: what was wrong, and a call that is right."""
    assert result.is_error
    assert result.is_mendable
    assert result.data["message"], repr(result)
    call = cast("dict[str, object]", result.data.get("call"))
    if call is not None:
        assert is_valid(EXECUTE, call)
        operation = CATALOG.find(cast("str", call["entity"]), cast("str", call["action"]))
        assert is_valid(operation.reader, call["params"])


@pytest.mark.requirement("teaching-errors")
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.entity}.{one.action}")
async def test_the_tool_of_each_operation_teaches_its_parameters(operation: Operation) -> None:
    tool = EACH[f"hubspot_{operation.entity}_{operation.action}"]
    wrong_calls: list[object] = [{"no_such_parameter": 1}, {"params": {}}, "{", ["x"]]
    for wrong in wrong_calls:
        result = await tool.call(wrong)
        assert result.is_mendable
        assert is_valid(operation.reader, result.data["call"])


@pytest.mark.requirement("teaching-errors")
@given(call=malformed_calls())
@example(call={"entity": "contacts", "action": "list", "params": {"limit": "a" * 40}})
@example(call=None)
@example(call="[" * 100_000)
@example(call={"entity": "deals", "action": "find", "params": {"where": {"a": {"b": float("nan")}}}})
@example(call={"entity": "deals", "action": "find", "params": {"where": {"a": "\ud800"}}})
@settings(
    max_examples=int(os.environ.get("FUZZED_CALLS", "300")),
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    database=None,
    suppress_health_check=list(HealthCheck),
)
async def test_a_malformed_call_is_taught_and_never_sent(call: object) -> None:
    if is_wrong(call):
        check(await TOOLS.dispatch("hubspot_execute", call))
        assert (await TOOLS.dispatch("hubspot_docs", {"entity": call})).is_error


RECORDS = {"deal": "<id or name>"}
UPSERT = {"by": {"domain": "b.example"}, "properties": {"name": "B"}}


@pytest.mark.parametrize(
    ("entity", "action", "given", "kept"),
    [
        ("contacts", "get", {"id": "7"}, {"contactId": "7"}),
        ("contacts", "update", {"id": "7", "city": "Graz"}, {"contactId": "7", "properties": {"city": "Graz"}}),
        (
            "contacts",
            "update",
            {"email": "a@b.example", "properties": {"city": "Graz"}},
            {"contactId": "a@b.example", "idProperty": "email", "properties": {"city": "Graz"}},
        ),
        ("contacts", "create", {"email": "a@b.example"}, {"properties": {"email": "a@b.example"}}),
        ("companies", "overview", {"company": "Acme"}, {"record": "Acme"}),
        ("deals", "move_stage", {"dealId": "7", "stage": "Closed won"}, {"record": "7", "stage": "Closed won"}),
        ("companies", "upsert_by", {"domain": "b.example", "properties": {"name": "B"}}, UPSERT),
        (
            "tasks",
            "create_task",
            {"subject": "Call", "dueDate": "today", "deal": "Acme"},
            {"title": "Call", "due": "today", "records": {"deal": "Acme"}},
        ),
        ("deals", "find", {"stage": "won", "orderBy": "-amount"}, {"where": {"stage": "won"}, "sort": "-amount"}),
        ("deals", "find", {"where": [{"amount": 1}], "stage": "won"}, {"where": [{"amount": 1}]}),
        ("deals", "find", {"limt": 5}, {"limit": 5}),
        (
            "deals",
            "aggregate",
            {"metrics": [{"property": "amount", "function": "sum"}, "count"], "groupBy": {"property": "owner"}},
            {"metrics": ["sum amount", "count"], "groupBy": "owner"},
        ),
        (
            "deals",
            "create",
            {"properties": {"dealname": "N"}, "associations": {"company": "Teal Goods", "contact": 7}},
            {
                "properties": {"dealname": "N"},
                "associations": [
                    {"toObjectType": "companies", "toObjectId": "<id>"},
                    {"toObjectType": "contacts", "toObjectId": "7"},
                ],
            },
        ),
        (
            "contacts",
            "merge",
            {"from": "7", "primaryObjectId": "8"},
            {"primaryObjectId": "8", "objectIdToMerge": "<objectIdToMerge>"},
        ),
        ("owners", "list", {"city": "Graz"}, {"limit": 10}),
        (
            "contacts",
            "api_search",
            {"filters": [{"propertyName": "city", "operator": "eq", "value": "Graz"}]},
            {"filterGroups": [{"filters": [{"propertyName": "city", "operator": "EQ", "value": "Graz"}]}]},
        ),
        (
            "contacts",
            "api_search",
            {"sorts": [{"propertyName": "city", "direction": "desc"}]},
            {"sorts": [{"propertyName": "city", "direction": "DESCENDING"}]},
        ),
        (
            "deals",
            "find",
            {"where": "amount > 5000 and stage = 'Contract sent'"},
            {"where": {"amount": "> 5000", "stage": "Contract sent"}},
        ),
        ("deals", "find", {"where": f"amount > 5{' ' * 500}000", "limit": 5}, {"limit": 5}),
        (
            "deals",
            "create",
            {"dealname": "N", "associations": [{"toObjectType": "companies", "toObjectId": "7"}]},
            {
                "properties": {"dealname": "N"},
                "associations": [{"toObjectType": "companies", "toObjectId": "7"}],
            },
        ),
        ("deals", "find", {"where": "big ones", "limit": 5}, {"limit": 5}),
        ("deals", "find", {"sort": [], "limit": 5}, {"limit": 5}),
        ("deals", "find", {"sort": {}, "limit": 5}, {"limit": 5}),
        ("deals", "find", {"sort": ["-amount", "name"]}, {"sort": "-amount"}),
        ("deals", "find", {"sorts": [{"propertyName": "amount", "direction": "DESC"}]}, {"sort": "-amount"}),
        ("deals", "find", {"sort": {"field": "amount", "order": "asc"}}, {"sort": "amount"}),
        ("activities", "log", {"kind": "note", "text": "T"}, {"kind": "note", "text": "T", "records": RECORDS}),
    ],
)
async def test_a_proposed_call_keeps_what_was_given_under_a_wrong_name(
    entity: str, action: str, given: dict[str, object], kept: dict[str, object]
) -> None:
    result = await TOOLS.dispatch("hubspot_execute", {"entity": entity, "action": action, "params": given})
    assert result.data["call"] == {"entity": entity, "action": action, "params": kept}


@pytest.mark.parametrize(
    ("called", "meant"),
    [
        (("opportunities", "find"), ("deals", "find")),
        (("people", "query"), ("contacts", "find")),
        (("accounts", "list"), ("companies", "list")),
        (("cases", "read"), ("tickets", "get")),
        (("users", "list"), ("owners", "list")),
    ],
)
async def test_what_entities_and_actions_are_called_elsewhere_is_understood(
    called: tuple[str, str], meant: tuple[str, str]
) -> None:
    result = await TOOLS.dispatch("hubspot_execute", {"entity": called[0], "action": called[1]})
    call = cast("dict[str, object]", result.data["call"])
    assert (call["entity"], call["action"]) == meant
    assert f"Did you mean '{meant[0]}'?" in result.text


async def test_the_sentence_and_the_proposed_call_name_the_same_action() -> None:
    result = await TOOLS.dispatch("hubspot_execute", {"entity": "contacts", "action": "read", "params": {"id": "7"}})
    assert "Did you mean 'get'?" in result.text
    assert cast("dict[str, object]", result.data["call"])["action"] == "get"


async def test_conditions_that_list_cannot_take_become_those_of_find() -> None:
    given = {"entity": "deals", "action": "list", "params": {"where": {"stage": "won"}}}
    result = await TOOLS.dispatch("hubspot_execute", given)
    assert result.data["call"] == {**given, "action": "find"}


@pytest.mark.parametrize(
    "given",
    [
        {"entiy": "deals", "action": "list", "params": {"limit": 2}},
        {"entity": "deals", "actoin": "list", "param": {"limit": 2}},
        {"entity": "deals", "action": "list", "params": {"limit": 2}, "Action": "list"},
    ],
)
async def test_a_misspelt_name_of_an_argument_is_told_as_that(given: dict[str, object]) -> None:
    result = await TOOLS.dispatch("hubspot_execute", given)
    assert result.data["call"] == {"entity": "deals", "action": "list", "params": {"limit": 2}}


def execute_description(**options: Unpack[ToolOptions]) -> str:
    return build_tools(CONNECTOR, **options)[2].description


def test_tools_that_only_read_do_not_tell_how_to_write() -> None:
    told = execute_description(read_only=True)
    assert "Nothing can be created, changed or deleted." in told
    assert [verb for verb in ("create", "upsert", "update,", "move_stage", "log") if f"{verb} " in told] == []
    assert "find {" in told
    assert "Nothing can be created" not in execute_description()


def test_tools_of_few_entities_name_them_all() -> None:
    told = execute_description(entities=["lists", "owners"])
    assert "Entities: owners, lists.\nActions: hubspot_docs tells them.\n" in told
    assert "Entities: contacts, deals.\nActions:\nfind {" in execute_description(entities=["deals", "contacts"])


async def test_an_entity_that_is_unknown_may_be_a_type_of_the_account() -> None:
    for params in ({"limit": 1}, None):
        result = await TOOLS.dispatch(
            "hubspot_execute", {"entity": "installations", "action": "find", "params": params}
        )
        assert '"entity":"objects"' in result.text
        assert '"objectType":"installations"' in result.text
    result = await TOOLS.dispatch("hubspot_execute", {"entity": "objcts", "action": "find", "params": {"limit": 1}})
    assert cast("dict[str, dict[str, object]]", result.data["call"])["params"]["objectType"] == "contacts"


def test_an_address_in_place_of_an_id_is_looked_up_as_such() -> None:
    get = CATALOG.find("contacts", "get")
    missing = NotFoundError("No.")
    params: dict[str, object] = {"contactId": "a@b.example"}
    assert better_params(get, params, missing) == {**params, "idProperty": "email"}
    assert better_params(get, {**params, "idProperty": "email"}, missing) is None
    assert better_params(get, {"contactId": "7"}, missing) is None
    assert better_params(CATALOG.find("lists", "get"), {"listId": "@"}, missing) is None


TWO = [{"id": "1", "label": "Acme"}, {"id": "2", "label": "Acme Ltd"}]


@pytest.mark.parametrize(
    ("field", "code", "details", "params", "better"),
    [
        ("where.company", "unknown_name", {"given": "Acne", "candidates": TWO}, {"where": {"company": "Acne"}}, "1"),
        (
            "where.company",
            "ambiguous_name",
            {"given": "Acme", "candidates": TWO},
            {"where": {"company": "Acme"}},
            "<the id of the one you mean>",
        ),
        ("where.company", "ambiguous_name", {"given": "", "candidates": []}, {"where": {"company": ""}}, None),
        ("stage", "unknown_name", {"given": "Sent", "candidates": []}, {"stage": "Sent"}, None),
        (
            "properties.dealtype",
            "o",
            {"choices": ["new", "old"]},
            {"inputs": [{"properties": {"dealtype": "nww"}}]},
            "new",
        ),
        (
            "properties.dealtype",
            "o",
            {"choices": ["new", "old"]},
            {"inputs": [{"properties": {"dealtype": "xyz"}}]},
            None,
        ),
        ("properties.dealtype", "o", {"choices": ["new", "old"]}, {"inputs": []}, None),
        ("properties.amuont", "p", {"nearest": ["amount"]}, {"properties": {"amuont": 1}}, "amount"),
        (
            "metrics",
            "unknown_name",
            {"given": "amuont", "candidates": [{"id": "amount"}]},
            {"metrics": ["sum amuont", "avg amuonts"]},
            "sum amount",
        ),
        ("at", "wrong_type", {"given": "tomorow", "candidates": [{"id": "tomorrow"}]}, {"at": "tomorow"}, "tomorrow"),
        ("properties.amuont", "p", {"nearest": []}, {"properties": {"amuont": 1}}, None),
        ("properties.amuont", "p", {}, {"properties": {"amuont": 1}}, None),
    ],
)
def test_what_the_account_knows_takes_the_place_of_a_wrong_name(
    field: str, code: str, details: dict[str, object], params: dict[str, object], better: str | None
) -> None:
    error = UpstreamRejectedError("No.", errors=[FieldError(field, "No.", code, details)])
    found = with_candidates(params, error)
    assert (found is None) == (better is None)
    assert better is None or f'"{better}"' in json.dumps(found)
