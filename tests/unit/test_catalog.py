"""The table of operations: what each one sends, and that each one is told completely."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot.errors import ConnectorError, InvalidParamsError, MissingScopesError, UnknownOperationError
from airbyte_agent_hubspot.models import CheckResult
from airbyte_agent_hubspot.transports import HttpRequest
from unit.scripted import json_body, query

if TYPE_CHECKING:
    from airbyte_agent_hubspot._operation import Operation

OPERATIONS = list(CATALOG)


def encode(entity: str, action: str, version: str = "2026-03", **params: object) -> HttpRequest:
    operation = CATALOG.find(entity, action)
    return operation.encode(operation.reader.read(params), version)


def name_of(operation: Operation) -> str:
    return f"{operation.entity}.{operation.action}"


# ---------------------------------------------------------------- completeness


def test_the_catalog_has_the_operations_of_the_first_release() -> None:
    crm = ("list", "get", "api_search")
    assert {entity: tuple(CATALOG.find_entity(entity)) for entity in CATALOG.entities} == {
        "contacts": crm,
        "companies": crm,
        "deals": crm,
        "tickets": crm,
        "objects": ("list", "get"),
        "schemas": ("list", "get"),
        "*": ("check",),
    }


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
def test_an_operation_says_what_it_does_where_that_is_written_and_what_it_needs(operation: Operation) -> None:
    assert operation.summary.endswith(".")
    assert operation.source.startswith("https://developers.hubspot.com/docs/")
    assert operation.scopes
    assert (operation.effect, operation.writes, operation.resendable) == ("read", False, True)


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
def test_a_parameter_is_described_where_it_is_declared(operation: Operation) -> None:
    reader = operation.reader
    schemas, _ = msgspec.json.schema_components(list(reader.annotations.values()))
    undescribed = [name for name, schema in zip(reader.wire_names, schemas, strict=True) if "description" not in schema]
    assert undescribed == []


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
@pytest.mark.parametrize("version", ["v3", "2026-03"])
def test_an_operation_is_one_request_with_an_absolute_path(operation: Operation, version: str) -> None:
    request = operation.encode({"objectType": "2-1", **dict.fromkeys(operation.wire_names.values(), "7")}, version)
    assert request.method in {"GET", "POST"}
    assert request.url.startswith("/")
    assert version in request.url


# ---------------------------------------------------------------- looking up


@pytest.mark.requirement("unknown-operation")
@pytest.mark.parametrize(
    ("entity", "action", "names"),
    [
        ("contact", "list", ("'contact'", "Did you mean 'contacts'?", "companies")),
        ("people", "list", ("'people'", "contacts, companies")),
        ("contacts", "lst", ("'lst'", "Did you mean 'list'?", "list, get, api_search")),
        ("contacts", "merge", ("'merge'", "list, get, api_search")),
        ("schemas", "api_search", ("'api_search'", "list, get")),
    ],
)
def test_an_unknown_entity_or_action_names_the_known_ones(entity: str, action: str, names: tuple[str, ...]) -> None:
    with pytest.raises(UnknownOperationError) as caught:
        CATALOG.find(entity, action)
    assert [name for name in names if name not in caught.value.message] == []


def test_search_is_another_name_of_api_search() -> None:
    assert CATALOG.find("contacts", "search") is CATALOG.find("contacts", "api_search")


@pytest.mark.parametrize("entity", ["", "*"])
def test_no_entity_is_the_connector_itself(entity: str) -> None:
    assert CATALOG.find(entity, "check").entity == "*"


# ---------------------------------------------------------------- requests


def test_a_list_puts_its_parameters_into_the_query() -> None:
    request = encode(
        "contacts",
        "list",
        limit=3,
        after="102",
        properties=["email", "city"],
        propertiesWithHistory="email, lifecyclestage ,",
        associations="companies",
        archived=True,
    )
    assert urlsplit(request.url).path == "/crm/objects/2026-03/contacts"
    assert query(request) == {
        "limit": "3",
        "after": "102",
        "properties": "email,city",
        "propertiesWithHistory": "email,lifecyclestage",
        "associations": "companies",
        "archived": "true",
    }


@given(after=st.text(min_size=1))
def test_a_cursor_is_passed_on_as_it_is(after: str) -> None:
    assert query(encode("deals", "list", after=after, archived=False)) == {"after": after, "archived": "false"}


def test_a_get_puts_the_id_into_the_path() -> None:
    request = encode("companies", "get", companyId=7, properties="name")
    assert request == HttpRequest("GET", "/crm/objects/2026-03/companies/7?properties=name")
    request = encode("contacts", "get", "v3", contactId="a@b.example", idProperty="email")
    assert request == HttpRequest("GET", "/crm/v3/objects/contacts/a%40b.example?idProperty=email")


def test_objects_take_their_type_from_the_parameters() -> None:
    assert encode("objects", "list", objectType="p123_cars", limit=1).url == ("/crm/objects/2026-03/p123_cars?limit=1")
    assert encode("objects", "get", "v3", objectType="2-1", objectId="7").url == "/crm/v3/objects/2-1/7"


def test_schemas_and_the_account_have_paths_of_their_own() -> None:
    assert encode("schemas", "list", archived=False).url == "/crm-object-schemas/2026-03/schemas?archived=false"
    assert encode("schemas", "get", "v3", objectType="p123_cars").url == "/crm-object-schemas/v3/schemas/p123_cars"
    assert encode("*", "check").url == "/account-info/2026-03/details"


@given(record_id=st.text(min_size=1).filter(lambda text: text not in {".", ".."}))
def test_no_id_leads_to_another_path(record_id: str) -> None:
    request = encode("objects", "get", objectType="2-1", objectId=record_id)
    assert request.url == f"/crm/objects/2026-03/2-1/{quote(record_id, safe='')}"
    assert request.url.isascii()
    assert request.url.count("/") == 5


@pytest.mark.parametrize("step", [".", ".."])
@pytest.mark.parametrize("key", ["objectType", "objectId"])
def test_an_id_that_would_lead_elsewhere_is_refused(step: str, key: str) -> None:
    with pytest.raises(InvalidParamsError):
        encode("objects", "get", **{"objectType": "2-1", "objectId": "7", key: step})


def test_an_empty_id_is_not_a_list() -> None:
    with pytest.raises(InvalidParamsError):
        encode("contacts", "get", contactId="")


def test_a_search_is_a_body_whose_values_are_text() -> None:
    filters = [
        {"propertyName": "amount", "operator": "BETWEEN", "value": 1000, "highValue": 5000.5},
        {"propertyName": "dealstage", "operator": "IN", "values": ["won", 7, True]},
        {"propertyName": "hs_is_closed", "operator": "EQ", "value": False},
        {"propertyName": "closedate", "operator": "HAS_PROPERTY"},
    ]
    request = encode(
        "deals",
        "api_search",
        filterGroups=[{"filters": filters}],
        query="acme",
        properties="dealname, amount",
        sorts=[{"propertyName": "createdate", "direction": "DESCENDING"}],
        limit=200,
        after="100",
    )
    assert (request.method, request.url) == ("POST", "/crm/objects/2026-03/deals/search")
    assert request.headers == {"content-type": "application/json"}
    assert json_body(request) == {
        "filterGroups": [
            {
                "filters": [
                    {"propertyName": "amount", "operator": "BETWEEN", "value": "1000", "highValue": "5000.5"},
                    {"propertyName": "dealstage", "operator": "IN", "values": ["won", "7", "true"]},
                    {"propertyName": "hs_is_closed", "operator": "EQ", "value": "false"},
                    {"propertyName": "closedate", "operator": "HAS_PROPERTY"},
                ]
            }
        ],
        "query": "acme",
        "properties": ["dealname", "amount"],
        "sorts": [{"propertyName": "createdate", "direction": "DESCENDING"}],
        "limit": 200,
        "after": "100",
    }
    assert json_body(encode("deals", "api_search")) == {}


@given(names=st.lists(st.text(alphabet="abc_", min_size=1), max_size=4))
def test_names_mean_the_same_as_a_list_and_as_text(names: list[str]) -> None:
    as_list = encode("contacts", "list", properties=names)
    as_text = encode("contacts", "list", properties=" , ".join(names))
    assert as_list == as_text
    assert parse_qs(urlsplit(as_list.url).query).get("properties", [""]) == [",".join(names)]


# ---------------------------------------------------------------- recovering


def test_a_check_that_fails_for_scopes_names_them() -> None:
    recover = CATALOG.find("*", "check").recover
    assert recover is not None
    error = MissingScopesError("A scope is missing.")
    assert recover(error) == CheckResult("unhealthy", "A scope is missing.", "account", "details", None, [])
    assert recover(ConnectorError("No.")) == CheckResult("unhealthy", "No.", "account", "details", None, [])
