"""What a limited token or connector can reach, tried by somebody who wants more."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._catalog._paths import DEFAULT_VERSION
from airbyte_agent_hubspot._composition import Composition
from airbyte_agent_hubspot._operation import Operation
from airbyte_agent_server.execute.permission import check_token
from airbyte_agent_server.execute.reach import ANY_TYPE, Reach, names_of, reach_of
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.tokens.claims import DEFAULT_SCOPES, Claims, Permissions, TokenKind
from matrix.scenarios import WALKS
from server.world import World

LINK = {"toObjectType": "deals", "toObjectId": "1"}
TYPES = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 4}]
MAIL = {"emailId": 1, "message": {"to": "a@b.example"}}
LIST = {"name": "L", "objectTypeId": "0-1", "processingType": "DYNAMIC"}
BY_DEAL = {"filterBranchType": "OR", "filterBranches": [{"filterBranchType": "ASSOCIATION", "objectTypeId": "0-3"}]}
FAR = {"filterGroups": [{"filters": [{"propertyName": "Associations.deal", "operator": "EQ", "value": "1"}]}]}


def allowing(*names: str) -> list[dict[str, object]]:
    """Rows of `allow`: `entity.action`."""
    return [{"entity": name.partition(".")[0], "actions": [name.partition(".")[2]]} for name in names]


def reached(entity: str, action: str, params: Mapping[str, object]) -> set[str]:
    """What a call reaches, as `entity.action`."""
    operation = CATALOG.find(entity, action)
    return {f"{reach.names[0]}.{reach.action}" for reach in reach_of(operation, operation.reader.read(params))}


@pytest.mark.parametrize(
    ("entity", "action", "params", "more"),
    [
        ("contacts", "get", {"contactId": "1"}, set[str]()),
        ("contacts", "get", {"contactId": "1", "associations": "DEAL, 0-5,"}, {"deals.list", "tickets.list"}),
        ("contacts", "list", {"associations": ["deals,tickets"]}, {"deals.list", "tickets.list"}),
        ("contacts", "api_search", FAR, {"deals.list"}),
        ("contacts", "api_search", {"query": "x", "filterGroups": [{"filters": []}]}, set()),
        ("contacts", "create", {"properties": {"a": 1}, "associations": [LINK]}, {"deals.list"}),
        (
            "contacts",
            "create",
            {"properties": {"a": 1}, "associations": [{**LINK, "toObjectType": "companies", "types": TYPES}]},
            {"companies.list", f"{ANY_TYPE}.list"},
        ),
        (
            "notes",
            "batch_create",
            {"inputs": [{"properties": {"a": 1}}, {"properties": {"a": 1}, "associations": [LINK]}]},
            {"deals.list"},
        ),
        (
            "associations",
            "create",
            {"fromObjectType": "0-1", "fromObjectId": 1, "toObjectType": "Deal", "toObjectId": 1, "types": TYPES},
            {"contacts.list", "deals.list"},
        ),
        (
            "association_labels",
            "create",
            {"fromObjectType": "contacts", "toObjectType": "p1_car", "label": "x", "name": "x"},
            {"contacts.list", "p1_car.list"},
        ),
        ("properties", "list", {"objectType": "CONTACT"}, {"contacts.list"}),
        ("properties", "delete", {"objectType": "contacts", "propertyName": "x"}, {"contacts.update"}),
        ("pipelines", "delete", {"objectType": "0-3", "pipelineId": "1"}, {"deals.update"}),
        ("stages", "delete", {"objectType": "deals", "pipelineId": "1", "stageId": "1"}, {"deals.update"}),
        ("schemas", "delete", {"objectType": "2-1"}, {"2-1.update"}),
        (
            "schemas",
            "create",
            {"name": "n", "labels": {}, "primaryDisplayProperty": "n", "associatedObjects": ["CONTACT"]},
            {"contacts.list"},
        ),
        ("lists", "create", LIST, {"contacts.list"}),
        ("lists", "create", {**LIST, "filterBranch": BY_DEAL}, {"contacts.list", "deals.list"}),
        ("marketing_emails", "single_send", MAIL, set()),
        ("marketing_emails", "single_send", {**MAIL, "contactProperties": {"a": "b"}}, {"contacts.update"}),
    ],
)
def test_a_call_reaches_every_entity_that_it_names_anywhere(
    entity: str, action: str, params: dict[str, object], more: set[str]
) -> None:
    assert reached(entity, action, params) == {f"{entity}.{action}", *more}


@pytest.mark.parametrize("action", ["get", "update", "upsert", "delete", "merge", "create", "batch_delete"])
@pytest.mark.parametrize(
    "spelling", ["contacts", "CONTACT", "Contacts", " 0-1 ", "contact", "p_contacts", "P1_CONTACT"]
)
def test_objects_of_a_standard_type_are_that_entity_however_spelt(action: str, spelling: str) -> None:
    assert reach_of(CATALOG.find("objects", action), {"objectType": spelling})[0].names == ("contacts",)


@pytest.mark.parametrize(
    ("spelling", "names"),
    [
        ("2-7", ("2-7", "2-7", "objects")),
        (" p123_Cars ", ("p123_cars", "p123_Cars", "objects")),
        ("p_cars", ("p_cars", "p_cars", "objects")),
        ("invoices", ("invoices",)),
        ("0-53", ("0-53",)),
        ("lists", (ANY_TYPE,)),
        ("SUBSCRIPTIONS", (ANY_TYPE,)),
        ("objects", (ANY_TYPE,)),
        ("*", (ANY_TYPE,)),
    ],
)
def test_only_custom_types_count_as_objects_and_none_as_an_entity_that_has_no_records(
    spelling: str, names: tuple[str, ...]
) -> None:
    assert names_of(spelling) == names


def claims_with(**permissions: Any) -> Claims:
    narrowing = Permissions(**permissions)
    scopes = narrowing.narrow(DEFAULT_SCOPES[TokenKind.SCOPED])
    return Claims(TokenKind.SCOPED, "o", "c", "w", scopes, narrowing, "t", datetime(2026, 1, 1, tzinfo=UTC))


def denied(claims: Claims, operation: Operation) -> bool:
    try:
        check_token(claims, [Reach((operation.entity,), operation.action, operation.writes)])
    except ProblemError:
        return True
    return False


def test_a_token_that_only_reads_is_denied_every_write_and_no_read() -> None:
    claims = claims_with(read_only=True)
    assert {operation.writes for operation in CATALOG if denied(claims, operation)} == {True}
    assert all(denied(claims, operation) for operation in CATALOG if operation.writes)


def test_everything_that_is_not_a_get_is_a_write_but_for_searches_and_batch_reads() -> None:
    posts: set[str] = set()
    for steps in WALKS.values():
        for step in steps:
            operation = CATALOG.find(step.entity, step.action)
            if operation.writes or isinstance(operation.encode, Composition):
                continue
            params = json.loads(json.dumps(dict(step.params), default=lambda _: "101"))
            if operation.request(operation.reader.read(params), DEFAULT_VERSION).method != "GET":
                posts.add(f"{'objects' if step.action in {'api_search', 'batch_get'} else step.entity}.{step.action}")
    assert posts == {"objects.api_search", "objects.batch_get", "lists.list", "lists.search"}


@pytest.mark.parametrize(
    ("allow", "entity", "action", "params", "allowed"),
    [
        (["contacts.search"], "contacts", "search", {"limit": 1}, True),
        (["contacts.api_search"], "contacts", "search", {"limit": 1}, True),
        (["contacts.search"], "contacts", "list", {}, False),
        (["contacts.search"], "contacts", "api_search", FAR, False),
        (["lists.search"], "lists", "search", {"query": "x"}, True),
        (["lists.list"], "lists", "search", {"query": "x"}, False),
        (["contacts.list"], "contacts", "batch_get", {"ids": ["1"]}, False),
        (["contacts.create"], "contacts", "upsert", {"id": "a", "idProperty": "email", "properties": {"a": 1}}, False),
        (["contacts.create"], "contacts", "create", {"properties": {"firstname": "x"}, "associations": [LINK]}, False),
        (["contacts.create"], "contacts", "create", {"properties": {"firstname": "x"}}, True),
        (["objects.list"], "objects", "list", {"objectType": "subscriptions"}, False),
        (["subscriptions.list"], "objects", "list", {"objectType": "subscriptions"}, False),
        (["properties.list"], "properties", "list", {"objectType": "deals"}, False),
        (["properties.list", "deals.list"], "properties", "list", {"objectType": "deals"}, True),
        (["properties.*", "deals.list"], "properties", "delete", {"objectType": "deals", "propertyName": "x"}, False),
        (["*.list"], "deals", "list", {"associations": ["tickets"]}, True),
        (["*.list"], "*", "describe", {}, False),
        (["contacts.list"], "*", "check", {}, False),
    ],
)
async def test_a_token_reaches_what_it_lists(
    world: World, allow: list[str], entity: str, action: str, params: dict[str, object], *, allowed: bool
) -> None:
    connector_id = await world.create_connector(await world.scoped_token())
    token = await world.scoped_token(permissions={"allow": allowing(*allow)})
    world.hubspot.seen.clear()
    answer = await world.execute(token, connector_id, entity, action, params)
    if allowed:
        assert answer.status == 200, answer.body
        return
    assert (answer.status, answer.code, world.hubspot.seen) == (403, "permission_denied", [])


async def test_types_of_a_link_need_the_right_to_everything_and_the_answer_says_so(world: World) -> None:
    connector_id = await world.create_connector(await world.scoped_token())
    token = await world.scoped_token(permissions={"allow": allowing("contacts.create", "companies.list")})
    params = {"properties": {"firstname": "x"}, "associations": [{**LINK, "toObjectType": "companies", "types": TYPES}]}
    answer = await world.execute(token, connector_id, "contacts", "create", params)
    assert (answer.status, answer.code) == (403, "permission_denied")
    assert "leave them out" in answer.json["message"]


async def test_a_custom_type_is_reached_by_its_name_or_as_objects(world: World) -> None:
    owner = await world.scoped_token()
    connector_id = await world.create_connector(owner)
    schema = (await world.execute(owner, connector_id, "schemas", "list")).json["result"][0]
    params = {"objectType": schema["objectTypeId"]}
    for entity, status in ((schema["objectTypeId"], 200), ("objects", 200), ("contacts", 403)):
        token = await world.scoped_token(permissions={"allow": allowing(f"{entity}.list")})
        assert (await world.execute(token, connector_id, "objects", "list", params)).status == status


@pytest.mark.parametrize(
    ("entities", "entity", "action", "params", "allowed"),
    [
        ({"contacts": "read"}, "contacts", "batch_get", {"ids": ["1"]}, True),
        ({"contacts": "read"}, "contacts", "batch_create", {"inputs": [{"properties": {"a": 1}}]}, False),
        ({"contacts": "read"}, "contacts", "batch_delete", {"ids": ["1"]}, False),
        ({"contacts": "read"}, "contacts", "merge", {"primaryObjectId": "1", "objectIdToMerge": "2"}, False),
        ({"contacts": "read"}, "objects", "delete", {"objectType": " CONTACT ", "objectId": "1"}, False),
        ({"contacts": "write"}, "contacts", "list", {}, False),
        ({"contacts": "write"}, "contacts", "create", {"properties": {"firstname": "x"}}, True),
        ({"contacts": "write"}, "contacts", "create", {"properties": {"a": 1}, "associations": [LINK]}, False),
        ({"0-1": "read"}, "contacts", "list", {}, True),
        ({"contacts": "read", "properties": "write"}, "properties", "list", {"objectType": "contacts"}, False),
        ({"lists": "read"}, "lists", "list", {}, True),
        ({"lists": "read"}, "lists", "delete", {"listId": "1"}, False),
        ({"objects": "read"}, "objects", "list", {"objectType": "lists"}, False),
        ({"objects": "read"}, "objects", "list", {"objectType": "deals"}, False),
    ],
)
async def test_a_connector_reaches_the_entities_and_modes_it_has(
    world: World, entities: dict[str, str], entity: str, action: str, params: dict[str, object], *, allowed: bool
) -> None:
    token = await world.scoped_token()
    rows = [{"entity": name, "modes": [mode]} for name, mode in entities.items()]
    connector_id = await world.create_connector(token, entities=rows)
    world.hubspot.seen.clear()
    answer = await world.execute(token, connector_id, entity, action, params)
    if allowed:
        assert answer.status == 200, answer.body
        return
    assert (answer.status, answer.code, world.hubspot.seen) == (403, "permission_denied", [])


async def made_list(world: World, object_type_id: str) -> tuple[str, str]:
    """A connector and a list."""
    owner = await world.scoped_token()
    connector_id = await world.create_connector(owner)
    params = {"name": "L", "objectTypeId": object_type_id, "processingType": "MANUAL"}
    answer = await world.execute(owner, connector_id, "lists", "create", params)
    assert answer.status == 200, answer.body
    return connector_id, answer.json["result"]["listId"]


@pytest.mark.parametrize(("object_type_id", "status"), [("0-1", 200), ("0-3", 403)])
async def test_members_of_a_list_are_reached_by_the_right_to_their_type(
    world: World, object_type_id: str, status: int
) -> None:
    connector_id, list_id = await made_list(world, object_type_id)
    token = await world.scoped_token(permissions={"allow": allowing("lists.members", "contacts.list")})
    assert (await world.execute(token, connector_id, "lists", "members", {"listId": list_id})).status == status
    rows = [{"entity": "lists", "modes": ["read", "write"]}, {"entity": "contacts", "modes": ["read"]}]
    token = await world.scoped_token()
    limited = await world.create_connector(token, entities=rows)
    params = {"listId": list_id, "recordIds": ["1"]}
    assert (await world.execute(token, limited, "lists", "add", params)).status == status
    assert (await world.execute(token, limited, "lists", "delete", {"listId": list_id})).status == 200


async def test_a_list_that_is_not_there_and_dead_credentials_are_said_before_its_type_is_known(world: World) -> None:
    connector_id, list_id = await made_list(world, "0-1")
    token = await world.scoped_token(permissions={"allow": allowing("lists.members", "contacts.list")})
    answer = await world.execute(token, connector_id, "lists", "members", {"listId": "999999"})
    assert (answer.status, answer.code) == (404, "record_not_found")
    world.portal.tokens.revoke(world.refresh_token)
    world.portal.tokens.expire_access_tokens()
    answer = await world.execute(token, connector_id, "lists", "members", {"listId": list_id})
    assert (answer.status, answer.code) == (403, "reauthorization_required")


async def test_a_stored_answer_is_shown_only_to_who_may_make_the_call(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    call = ("contacts", "create", {"properties": {"email": "seen@acme.example"}})
    assert (await world.execute_keyed(token, connector_id, "k-1", *call)).status == 200
    limits: list[dict[str, object]] = [{"read_only": True}, {"allow": allowing("contacts.list")}, {"connector_ids": []}]
    for permissions in limits:
        limited = await world.scoped_token(permissions=permissions)
        assert (await world.execute_keyed(limited, connector_id, "k-1", *call)).status == 403


@pytest.mark.parametrize(
    ("entity", "action", "params"),
    [
        ("contacts", "get", {"contactId": "1/associations/deals"}),
        ("contacts", "delete", {"contactId": "1\\associations"}),
        ("objects", "list", {"objectType": "contacts/1/associations/deals"}),
        ("marketing_emails", "get", {"statusId": "../../../../crm/v3/objects/deals"}),
        ("subscriptions", "get", {"email": ".."}),
    ],
)
async def test_no_id_leads_to_another_address(
    world: World, entity: str, action: str, params: dict[str, object]
) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    answer = await world.execute(token, connector_id, entity, action, params)
    assert (answer.status, answer.code) == (422, "invalid_params")
