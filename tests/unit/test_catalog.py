"""The table of operations: what each one sends, and that each one is told completely."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._catalog._paths import value_text
from airbyte_agent_hubspot._composition import Composition
from airbyte_agent_hubspot._describe import params_schema
from airbyte_agent_hubspot._operation import Catalog
from airbyte_agent_hubspot.errors import (
    ConnectorError,
    InvalidParamsError,
    MissingScopesError,
    RecordNotFoundError,
    UnknownOperationError,
)
from airbyte_agent_hubspot.models import CheckResult, MembershipChange
from airbyte_agent_hubspot.transports import HttpRequest
from unit.examples import params_of
from unit.scripted import json_body, query

if TYPE_CHECKING:
    from airbyte_agent_hubspot._operation import Operation

OPERATIONS = list(CATALOG)
REQUESTS = [operation for operation in OPERATIONS if not isinstance(operation.encode, Composition)]


def encode(entity: str, action: str, version: str = "2026-03", **params: object) -> HttpRequest:
    operation = CATALOG.find(entity, action)
    return operation.request(operation.reader.read(params), version)


def name_of(operation: Operation) -> str:
    return f"{operation.entity}.{operation.action}"


# ---------------------------------------------------------------- completeness


def test_the_catalog_has_every_operation_that_an_agent_works_with() -> None:
    reads = ("list", "get", "api_search", "batch_get")
    writes = ("create", "update", "upsert", "batch_create", "batch_update", "batch_upsert")
    records = (*reads, *writes, "delete", "batch_delete")
    asked = ("find", "aggregate")
    business = (*asked, "overview", "upsert_by")
    parts = ("list", "get", "create", "update", "delete")
    assert {entity: tuple(CATALOG.find_entity(entity)) for entity in CATALOG.entities} == {
        **dict.fromkeys(("contacts", "companies"), (*records, "merge", *business)),
        **dict.fromkeys(("deals", "tickets"), (*records, "merge", *asked, "overview", "move_stage", "upsert_by")),
        **dict.fromkeys(("products", "line_items", "quotes", "leads"), (*records, *business)),
        **dict.fromkeys(("notes", "calls", "emails", "meetings", "communications"), (*records, *asked)),
        "tasks": (*records, *asked, "create_task"),
        "activities": ("find", "aggregate", "log"),
        "objects": (*records, "merge", *business),
        "associations": ("list", "batch_get", "create", "delete", "batch_create", "batch_delete"),
        "association_labels": ("list", "create", "delete"),
        **dict.fromkeys(("schemas", "properties", "property_groups", "pipelines", "stages"), parts),
        "owners": ("list", "get"),
        "teams": ("list", "get"),
        "lists": ("list", "get", "search", "members", "add", "remove", "create", "delete", "restore"),
        "account": ("details", "api_usage", "granted_scopes", "describe_portal"),
        "marketing_emails": ("single_send", "get"),
        "subscriptions": ("get", "update"),
        "*": ("check",),
    }


def test_a_family_of_entities_is_loaded_when_one_of_them_is_first_asked_for() -> None:
    loaded: list[str] = []
    operations = [*CATALOG.find_entity("owners").values(), *CATALOG.find_entity("teams").values()]
    more = CATALOG.find("account", "details")

    def load(family: str) -> list[Operation]:
        loaded.append(family)
        return operations if family == "people" else [replace(more, entity="owners")]

    families = {"owners": ("people", "more"), "teams": ("people",)}
    catalog = Catalog(families, load=load, entities=CATALOG.entities, aliases={})
    assert loaded == []
    assert catalog.find("teams", "get") is catalog.find_entity("teams")["get"]
    assert catalog.find("owners", "list") is operations[0]
    assert loaded == ["people"]
    assert [*catalog.find_entity("owners")] == ["list", "get", "details"]
    assert catalog.find("owners", "details").entity == "owners"
    assert loaded == ["people", "more"]


DESTROYING = {"delete", "batch_delete", "merge"}
WRITING = {"create", "update", "upsert", "batch_create", "batch_update", "batch_upsert"} | {
    *("add", "remove", "restore", "single_send", "move_stage", "upsert_by", "create_task", "log")
}
ONCE_ONLY = {"create", "batch_create", "merge", "single_send", "upsert_by", "create_task", "log"}
"""What does more when it is done twice; but associating twice is associating."""
NAMED = {"schemas", "properties", "property_groups", "pipelines"}
"""What goes by a name: deleting it twice may delete what somebody made anew under that name meanwhile."""


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
def test_an_operation_says_what_it_does_where_that_is_written_and_what_it_needs(operation: Operation) -> None:
    assert operation.summary.endswith(".")
    assert operation.source.startswith("https://developers.hubspot.com/docs/")
    assert operation.scopes
    action = operation.action
    effect = "destructive" if action in DESTROYING else "write" if action in WRITING else "read"
    once = action in ONCE_ONLY and operation.entity != "associations"
    resendable = not once and not (action == "delete" and operation.entity in NAMED)
    assert (operation.effect, operation.writes, operation.resendable) == (effect, effect != "read", resendable)


def undescribed(schema: object, place: str = "") -> list[str]:
    """Places of the keys of objects that no description tells about."""
    if not isinstance(schema, dict):
        return []
    properties = schema.get("properties", {})
    parts = [*properties.items(), ("[]", schema.get("items"))]
    parts += [("|", part) for part in schema.get("anyOf", [])]
    silent = [f"{place}.{name}" for name, part in properties.items() if "description" not in part]
    return [*silent, *(found for name, part in parts for found in undescribed(part, f"{place}.{name}"))]


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
def test_a_parameter_is_described_where_it_is_declared(operation: Operation) -> None:
    assert undescribed(params_schema(operation)) == []


def leaves(value: object) -> set[str]:
    """Every value in JSON, as text."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return {leaf for item in value for leaf in leaves(item)}
    return {value_text(value)}


def sent(request: HttpRequest) -> set[str]:
    """Every part of a request that may carry a parameter."""
    parts = urlsplit(request.url)
    values = (value for _, value in parse_qsl(parts.query, keep_blank_values=True))
    in_query = {name for value in values for name in [value, *value.split(",")]}
    return {*map(unquote, parts.path.split("/")), *in_query, *leaves(json_body(request))}


def wanted(operation: Operation, params: dict[str, object]) -> set[str]:
    """Every value that HubSpot has to be told."""
    told = leaves(params) - {""}
    if (operation.entity, operation.action) == ("teams", "get"):
        return set()  # the one team is looked up in the answer
    if "associations" in params or "inputs" in params:
        return told - {"companies", "deals"}  # the types of an association say between what it is
    return told


@pytest.mark.parametrize("operation", REQUESTS, ids=name_of)
@settings(max_examples=5)
@given(data=st.data())
def test_an_operation_is_one_request_that_carries_every_parameter(operation: Operation, data: st.DataObject) -> None:
    params = operation.reader.read(data.draw(params_of(operation)))
    for version in ("v3", "2026-03"):
        request = operation.request(params, version)
        assert (request.method in {"GET", "POST"}) or operation.writes
        assert (request.method == "DELETE") <= (operation.effect == "destructive")
        assert request.url.startswith("/")
        assert (request.body is None) == (request.method in {"GET", "DELETE"})
        assert request.headers == ({} if request.body is None else {"content-type": "application/json"})
        assert wanted(operation, params) - sent(request) == set()


# Both generations of each family's paths, written out: what HubSpot documents.
PATHS = [
    ("contacts", "create", "POST /crm/v3/objects/contacts", "POST /crm/objects/2026-03/contacts"),
    ("contacts", "api_search", "POST /crm/v3/objects/contacts/search", "POST /crm/objects/2026-03/contacts/search"),
    ("contacts", "merge", "POST /crm/v3/objects/contacts/merge", "POST /crm/objects/2026-03/contacts/merge"),
    ("deals", "batch_get", "POST /crm/v3/objects/deals/batch/read", "POST /crm/objects/2026-03/deals/batch/read"),
    ("deals", "upsert", "POST /crm/v3/objects/deals/batch/upsert", "POST /crm/objects/2026-03/deals/batch/upsert"),
    ("notes", "delete", "DELETE /crm/v3/objects/notes/7", "DELETE /crm/objects/2026-03/notes/7"),
    ("leads", "update", "PATCH /crm/v3/objects/leads/7", "PATCH /crm/objects/2026-03/leads/7"),
    (
        "calls",
        "batch_delete",
        "POST /crm/v3/objects/calls/batch/archive",
        "POST /crm/objects/2026-03/calls/batch/archive",
    ),
    ("objects", "list", "GET /crm/v3/objects/2-1", "GET /crm/objects/2026-03/2-1"),
    (
        "associations",
        "list",
        "GET /crm/v4/objects/contacts/1/associations/companies",
        "GET /crm/objects/2026-03/contacts/1/associations/companies",
    ),
    (
        "associations",
        "create",
        "PUT /crm/v4/objects/contacts/1/associations/default/companies/2",
        "PUT /crm/objects/2026-03/contacts/1/associations/default/companies/2",
    ),
    (
        "associations",
        "delete",
        "DELETE /crm/v4/objects/contacts/1/associations/companies/2",
        "DELETE /crm/objects/2026-03/contacts/1/associations/companies/2",
    ),
    (
        "associations",
        "batch_get",
        "POST /crm/v4/associations/contacts/companies/batch/read",
        "POST /crm/associations/2026-03/contacts/companies/batch/read",
    ),
    (
        "associations",
        "batch_create",
        "POST /crm/v4/associations/contacts/companies/batch/associate/default",
        "POST /crm/associations/2026-03/contacts/companies/batch/associate/default",
    ),
    (
        "associations",
        "batch_delete",
        "POST /crm/v4/associations/contacts/companies/batch/archive",
        "POST /crm/associations/2026-03/contacts/companies/batch/archive",
    ),
    (
        "association_labels",
        "delete",
        "DELETE /crm/v4/associations/contacts/companies/labels/17",
        "DELETE /crm/associations/2026-03/contacts/companies/labels/17",
    ),
    ("schemas", "create", "POST /crm-object-schemas/v3/schemas", "POST /crm-object-schemas/2026-03/schemas"),
    ("properties", "get", "GET /crm/v3/properties/2-1/vin", "GET /crm/properties/2026-03/2-1/vin"),
    (
        "property_groups",
        "update",
        "PATCH /crm/v3/properties/2-1/groups/engine",
        "PATCH /crm/properties/2026-03/2-1/groups/engine",
    ),
    ("pipelines", "list", "GET /crm/v3/pipelines/2-1", "GET /crm/pipelines/2026-03/2-1"),
    (
        "stages",
        "delete",
        "DELETE /crm/v3/pipelines/2-1/p1/stages/s1",
        "DELETE /crm/pipelines/2026-03/2-1/p1/stages/s1",
    ),
    ("owners", "get", "GET /crm/v3/owners/9", "GET /crm/owners/2026-03/9"),
    ("teams", "get", "GET /settings/v3/users/teams", "GET /settings/users/2026-03/teams"),
    ("lists", "search", "POST /crm/v3/lists/search", "POST /crm/lists/2026-03/search"),
    ("lists", "add", "PUT /crm/v3/lists/5/memberships/add", "PUT /crm/lists/2026-03/5/memberships/add"),
    ("lists", "restore", "PUT /crm/v3/lists/5/restore", "PUT /crm/lists/2026-03/5/restore"),
    (
        "account",
        "api_usage",
        "GET /account-info/v3/api-usage/daily/private-apps",
        "GET /account-info/2026-03/api-usage/daily/private-apps",
    ),
    (
        "marketing_emails",
        "single_send",
        "POST /marketing/v4/email/single-send",
        "POST /marketing/v4/email/single-send",
    ),
    (
        "marketing_emails",
        "get",
        "GET /marketing/v3/email/send-statuses/s-1",
        "GET /marketing/v3/email/send-statuses/s-1",
    ),
    (
        "subscriptions",
        "get",
        "GET /communication-preferences/v4/statuses/a%40b.example",
        "GET /communication-preferences/2026-03/statuses/a%40b.example",
    ),
]
GIVEN = {
    "fromObjectType": "contacts",
    "fromObjectId": 1,
    "toObjectType": "companies",
    "toObjectId": 2,
    "objectType": "2-1",
    "propertyName": "vin",
    "groupName": "engine",
    "pipelineId": "p1",
    "stageId": "s1",
    "ownerId": 9,
    "listId": 5,
    "statusId": "s-1",
    "email": "a@b.example",
    "associationTypeId": 17,
    "primaryObjectId": 1,
    "objectIdToMerge": 2,
    "id": "k",
    "idProperty": "email",
    "ids": [7],
    "inputs": [{"fromObjectId": 1, "toObjectId": 2}],
    "recordIds": [7],
    "properties": {"name": "x"},
}


@pytest.mark.parametrize(("entity", "action", "legacy", "dated"), PATHS, ids=lambda one: one.partition(" ")[0])
def test_a_path_has_two_generations(entity: str, action: str, legacy: str, dated: str) -> None:
    operation = CATALOG.find(entity, action)
    wire_names = [operation.reader.wire_names[name] for name in operation.reader.required]
    params = {name: GIVEN.get(name, 7) for name in wire_names}
    for version, expected in (("v3", legacy), ("2026-03", dated)):
        request = operation.request(params, version)
        assert f"{request.method} {urlsplit(request.url).path}" == expected


# ---------------------------------------------------------------- looking up


@pytest.mark.requirement("unknown-operation")
@pytest.mark.parametrize(
    ("entity", "action", "names"),
    [
        ("contact", "list", ("'contact'", "Did you mean 'contacts'?", "companies")),
        ("people", "list", ("'people'", "contacts, companies")),
        ("contacts", "lst", ("'lst'", "Did you mean 'list'?", "list, get, api_search")),
        ("products", "merge", ("'merge'", "list, get, api_search")),
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


@given(
    record_id=st.text(st.characters(exclude_characters="/\\", exclude_categories=["Cs"]), min_size=1).filter(
        lambda text: text not in {".", ".."}
    )
)
def test_no_id_leads_to_another_path(record_id: str) -> None:
    request = encode("objects", "get", objectType="2-1", objectId=record_id)
    assert request.url == f"/crm/objects/2026-03/2-1/{quote(record_id, safe='')}"
    assert request.url.isascii()
    assert request.url.count("/") == 5


@pytest.mark.parametrize("step", [".", "..", "1/associations/deals", "..\\deals"])
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


def test_a_new_record_is_associated_as_its_types_are_by_default_or_as_is_said() -> None:
    said = [{"associationCategory": "USER_DEFINED", "associationTypeId": 17}]
    associations = [
        {"toObjectType": "0-2", "toObjectId": 7},
        {"toObjectType": "p1_cars", "toObjectId": "8", "types": said},
    ]
    body = {
        "properties": {"email": "a@b.example", "amount": "1.5", "agreed": "true", "city": ""},
        "associations": [
            {
                "to": {"id": "7"},
                "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}],
            },
            {"to": {"id": "8"}, "types": said},
        ],
    }
    values = {"email": "a@b.example", "amount": 1.5, "agreed": True, "city": None}
    one = encode("contacts", "create", properties=values, associations=associations)
    assert json_body(one) == body
    many = encode("contacts", "batch_create", inputs=[{"properties": values, "associations": associations}])
    assert json_body(many) == {"inputs": [{**body, "objectWriteTraceId": "0"}]}


def test_pairs_with_and_without_types_go_into_one_batch() -> None:
    said = [{"associationCategory": "USER_DEFINED", "associationTypeId": 17}]
    pairs: list[dict[str, object]] = [{"fromObjectId": 1, "toObjectId": 2}, {"fromObjectId": 3, "toObjectId": 4}]
    pairs[0]["types"] = said
    request = encode("associations", "batch_create", fromObjectType="deals", toObjectType="contact", inputs=pairs)
    assert urlsplit(request.url).path == "/crm/associations/2026-03/deals/contact/batch/create"
    assert json_body(request) == {
        "inputs": [
            {"from": {"id": "1"}, "to": {"id": "2"}, "types": said},
            {
                "from": {"id": "3"},
                "to": {"id": "4"},
                "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}],
            },
        ]
    }


@pytest.mark.parametrize(("given_names", "asked"), [("email", ["email"]), ([], ["email"]), ("city", ["city", "email"])])
def test_a_batch_by_a_unique_property_reads_that_property_too(given_names: object, asked: list[str]) -> None:
    request = encode("contacts", "batch_get", ids=["a@b.example"], idProperty="email", properties=given_names)
    assert json_body(request) == {
        "inputs": [{"id": "a@b.example"}],
        "properties": asked,
        "propertiesWithHistory": [],
        "idProperty": "email",
    }


def test_a_new_pipelines_stages_keep_their_ids_and_have_metadata_as_text() -> None:
    stage = {"label": "Won", "displayOrder": 1, "metadata": {"probability": 1, "isClosed": True}, "stageId": "won"}
    request = encode("pipelines", "create", objectType="deals", label="New", displayOrder=0, stages=[stage])
    assert json_body(request) == {
        "label": "New",
        "displayOrder": 0,
        "stages": [{**stage, "metadata": {"probability": "1", "isClosed": "true"}}],
    }


@pytest.mark.parametrize("spelling", ["recordsIdsAdded", "recordIdsAdded"])
def test_a_change_of_members_is_read_in_both_of_hubspots_spellings(spelling: str) -> None:
    body = json.dumps({spelling: ["1"], "recordIdsRemoved": ["2"], "recordIdsMissing": ["3"]}).encode()
    assert CATALOG.find("lists", "add").shape.decode(body, {}) == MembershipChange(["1"], ["2"], ["3"])


@pytest.mark.parametrize("action", ["list", "search"])
def test_a_cursor_of_lists_is_a_number(action: str) -> None:
    assert json_body(encode("lists", action)) == {
        "query": "",
        "offset": 0,
        "count": 20,
        "additionalProperties": ["hs_list_size"],
    }
    body = json_body(encode("lists", action, after="40", limit=5))
    assert body == {"query": "", "offset": 40, "count": 5, "additionalProperties": ["hs_list_size"]}
    with pytest.raises(InvalidParamsError) as caught:
        encode("lists", action, after="forty")
    assert [(error.field, error.error_code) for error in caught.value.errors] == [("params.after", "invalid_cursor")]


@pytest.mark.parametrize(
    ("teams", "known"), [(b"[]", "none"), (b'[{"id":"1","name":"A"},{"id":"3","name":"C"}]', "1 (A), 3 (C)")]
)
def test_a_team_that_there_is_not_is_told_from_those_there_are(teams: bytes, known: str) -> None:
    with pytest.raises(RecordNotFoundError) as caught:
        CATALOG.find("teams", "get").shape.decode(b'{"results":%s}' % teams, {"teamId": 2})
    assert caught.value.message == f"There is no team 2. Teams are: {known}."


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
