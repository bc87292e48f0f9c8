import pytest
from sqlalchemy import event

from airbyte_agent_hubspot._http import AnswerTimeoutError
from airbyte_agent_hubspot._wire import HttpResponse
from server.world import CONNECTORS, World

CONTACTS = "/crm/objects/2026-03/contacts"


async def prepared(world: World, **permissions: object) -> tuple[str, str]:
    """A token and a connector that it may use."""
    connector_id = await world.create_connector(await world.scoped_token())
    token = await world.scoped_token(permissions=permissions or None)
    return token, connector_id


async def test_the_answer_has_four_members_and_the_records_as_hubspot_sends_them(world: World) -> None:
    token, connector_id = await prepared(world)
    answer = await world.execute(token, connector_id, "contacts", "list", {"limit": 2, "properties": ["email"]})
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    result = answer.json["result"]
    assert [set(record) for record in result] == [set(result[0])] * 2
    assert {"id", "properties", "createdAt", "updatedAt", "archived"} <= set(result[0])
    metadata = answer.json["connector_metadata"]
    assert (metadata["has_next_page"], metadata["end_cursor"]) == (True, metadata["next_cursor"])
    assert metadata["next_link"]
    assert answer.json["status"] == "success"
    assert answer.json["execution_metadata"] == {
        "connector_instance_id": connector_id,
        "execution_time_ms": 0,
        "request_id": answer.headers["x-request-id"],
        "upstream_calls": 1,
        "source": "hubspot",
    }


async def test_a_search_tells_how_many_there_are_and_one_record_comes_alone(world: World) -> None:
    token, connector_id = await prepared(world)
    contact_id = ""
    for action in ("api_search", "search"):
        answer = await world.execute(token, connector_id, "contacts", action, {"limit": 1, "query": ""})
        assert (answer.status, len(answer.json["result"])) == (200, 1)
        assert answer.json["connector_metadata"]["total"] > 1
        contact_id = answer.json["result"][0]["id"]
    answer = await world.execute(token, connector_id, "contacts", "get", {"contact_id": contact_id})
    assert answer.json["result"]["id"] == contact_id
    assert answer.json["connector_metadata"]["has_next_page"] is False


@pytest.mark.parametrize("params", [None, {}])
async def test_absent_null_and_empty_params_are_equal(world: World, params: object) -> None:
    token, connector_id = await prepared(world)
    assert (await world.execute(token, connector_id, "contacts", "list", params)).status == 200


@pytest.mark.parametrize("entity", ["", "*"])
async def test_the_connector_describes_and_checks_itself(world: World, entity: str) -> None:
    token, connector_id = await prepared(world)
    described = (await world.execute(token, connector_id, entity, "describe")).json
    assert "contacts" in [item["name"] for item in described["result"]["entities"]]
    assert described["execution_metadata"]["source"] == "catalog"
    checked = (await world.execute(token, connector_id, entity, "check")).json["result"]
    assert (checked["status"], checked["hub_id"]) == ("healthy", world.portal.hub_id)


async def test_a_check_of_dead_credentials_is_unhealthy_and_no_error(world: World) -> None:
    token, connector_id = await prepared(world)
    world.portal.tokens.revoke(world.refresh_token)
    world.portal.tokens.expire_access_tokens()
    answer = await world.execute(token, connector_id, "*", "check")
    assert (answer.status, answer.json["result"]["status"]) == (200, "unhealthy")
    shown = await world.client.get(f"{CONNECTORS}/{connector_id}", token=token)
    assert shown.json["status"] == "needs_reauth"


@pytest.mark.parametrize(
    ("entity", "action", "params", "status", "code"),
    [
        ("contact", "list", {}, 422, "unknown_operation"),
        ("contacts", "lst", {}, 422, "unknown_operation"),
        ("contacts", "list", {"limt": 1}, 422, "invalid_params"),
        ("contacts", "list", {"limit": 101}, 422, "invalid_params"),
        ("contacts", "get", {"contactId": "0"}, 404, "record_not_found"),
        ("contacts", "search", {"query": {"filter": {}}}, 422, "context_store_disabled"),
        ("contacts", "search", {"fields": ["id"]}, 422, "context_store_disabled"),
        ("contacts", "search", {"query": {}, "sorts": []}, 422, "ambiguous_search"),
        ("contacts", "context_store_search", {"query": {}}, 422, "context_store_disabled"),
        ("contacts", "context_store_sql_query", {"sql": "SELECT 1"}, 422, "context_store_disabled"),
        ("contact", "context_store_search", {"query": {}}, 422, "unknown_operation"),
        ("contacts", "api_search", {"after": "x"}, 422, "upstream_rejected"),
    ],
)
async def test_what_cannot_be_run_says_why(
    world: World, entity: str, action: str, params: object, status: int, code: str
) -> None:
    token, connector_id = await prepared(world)
    answer = await world.execute(token, connector_id, entity, action, params)
    assert (answer.status, answer.code) == (status, code)
    assert answer.json["errors"]


async def test_a_misspelt_parameter_is_answered_with_the_nearest_one(world: World) -> None:
    token, connector_id = await prepared(world)
    answer = await world.execute(token, connector_id, "contacts", "list", {"limt": 1})
    assert answer.json["errors"][0]["field"] == "params.limt"
    assert answer.json["errors"][0]["details"]["nearest"] == "limit"


@pytest.mark.parametrize(
    ("upstream", "status", "code"),
    [
        (HttpResponse(500, {}, b""), 502, "upstream_error"),
        (HttpResponse(200, {}, b"<html>"), 502, "upstream_error"),
        (HttpResponse(477, {"retry-after": "9000"}, b"{}"), 503, "upstream_unavailable"),
        (HttpResponse(429, {}, b'{"policyName":"DAILY","message":"no"}'), 429, "upstream_rate_limited"),
        (
            HttpResponse(403, {}, b'{"category":"MISSING_SCOPES","message":"no"}'),
            403,
            "missing_scopes",
        ),
        (AnswerTimeoutError("slow"), 504, "upstream_timeout"),
    ],
)
async def test_hubspots_failures_keep_their_meaning(
    world: World, upstream: HttpResponse | Exception, status: int, code: str
) -> None:
    token, connector_id = await prepared(world)
    world.hubspot.answers[CONTACTS] = upstream
    answer = await world.execute(token, connector_id, "contacts", "list")
    assert (answer.status, answer.code) == (status, code)
    assert answer.json["retryable"] is (status in {429, 502, 503, 504})
    if isinstance(upstream, HttpResponse) and upstream.status > 200:
        assert answer.json["upstream"]["status"] == upstream.status
    if status in {429, 503}:
        assert answer.headers["retry-after"] == str(answer.json["retry_after_s"] or 1)


async def test_only_wished_fields_are_kept(world: World) -> None:
    token, connector_id = await prepared(world)

    async def listed(**fields: object) -> list[dict[str, object]]:
        answer = await world.execute(
            token, connector_id, "contacts", "list", {"limit": 1, "properties": ["email"]}, **fields
        )
        found: list[dict[str, object]] = answer.json["result"]
        return found

    [record] = await listed(select_fields=["id", "properties.email", "nothing.here"], exclude_fields=["id"])
    assert set(record) == {"id", "properties"}
    assert isinstance(record["properties"], dict)
    assert set(record["properties"]) == {"email"}
    [record] = await listed(exclude_fields=["createdAt", "properties.email", "nothing.here"])
    assert "createdAt" not in record
    assert isinstance(record["properties"], dict)
    assert "email" not in record["properties"]


async def test_long_texts_of_lists_are_cut_only_on_demand(world: World) -> None:
    token, connector_id = await prepared(world)
    body = b'{"results":[{"id":"1","properties":{"email":"%s"},"tags":["%s"]}]}' % (b"x" * 201, b"y" * 200)
    world.hubspot.answers[CONTACTS] = HttpResponse(200, {}, body)
    whole = await world.execute(token, connector_id, "contacts", "list")
    assert whole.json["result"][0]["properties"]["email"] == "x" * 201
    cut = await world.execute(token, connector_id, "contacts", "list", skip_truncation=False)
    assert cut.json["result"][0] == {
        "id": "1",
        "properties": {"email": "x" * 200 + "... [cut; get the record for the whole text]"},
        "tags": ["y" * 200],
    }
    world.hubspot.answers[f"{CONTACTS}/1"] = HttpResponse(200, {}, b'{"id":"1","text":"%s"}' % (b"x" * 300))
    one = await world.execute(token, connector_id, "contacts", "get", {"contactId": "1"}, skip_truncation=False)
    assert one.json["result"]["text"] == "x" * 300


async def test_a_result_that_is_too_large_is_refused(world: World) -> None:
    token, connector_id = await prepared(world)
    body = b'{"results":["%s"]}' % (b"x" * world.settings.result_limit_bytes)
    world.hubspot.answers[CONTACTS] = HttpResponse(200, {}, body)
    answer = await world.execute(token, connector_id, "contacts", "list")
    assert (answer.status, answer.code) == (422, "result_too_large")


@pytest.mark.parametrize(
    ("permissions", "entity", "action", "params", "allowed"),
    [
        ({"read_only": True}, "contacts", "list", {}, True),
        ({"allow": [{"entity": "contacts", "actions": ["list"]}]}, "contacts", "list", {}, True),
        ({"allow": [{"entity": "contacts", "actions": ["list"]}]}, "contacts", "api_search", {}, False),
        ({"allow": [{"entity": "contacts", "actions": ["search"]}]}, "contacts", "api_search", {}, True),
        ({"allow": [{"entity": "contacts", "actions": ["list"]}]}, "deals", "list", {}, False),
        ({"allow": [{"entity": "Contact", "actions": ["list"]}]}, "contacts", "list", {}, True),
        ({"allow": [{"entity": "0-1", "actions": ["list"]}]}, "contacts", "list", {}, True),
        ({"allow": [{"entity": "0-1", "actions": ["list"]}]}, "deals", "list", {}, False),
        ({"allow": [{"entity": "contacts", "actions": ["*"]}]}, "*", "describe", {}, False),
        ({"allow": [{"entity": "*", "actions": ["describe"]}]}, "*", "describe", {}, True),
        (
            {"allow": [{"entity": "contacts", "actions": ["list"]}]},
            "objects",
            "list",
            {"objectType": "0-1"},
            True,
        ),
        (
            {"allow": [{"entity": "objects", "actions": ["list"]}]},
            "objects",
            "list",
            {"objectType": "contacts"},
            False,
        ),
        (
            {"allow": [{"entity": "contacts", "actions": ["list"]}]},
            "contacts",
            "list",
            {"associations": ["deals"]},
            False,
        ),
        (
            {
                "allow": [
                    {"entity": "contacts", "actions": ["list"]},
                    {"entity": "deals", "actions": ["list"]},
                ]
            },
            "contacts",
            "list",
            {"associations": "deals"},
            True,
        ),
    ],
)
async def test_permissions_of_the_token_limit_what_runs(
    world: World,
    permissions: dict[str, object],
    entity: str,
    action: str,
    params: dict[str, object],
    allowed: bool,
) -> None:
    token, connector_id = await prepared(world, **permissions)
    answer = await world.execute(token, connector_id, entity, action, params)
    assert answer.status == (200 if allowed else 403)
    assert allowed or answer.code == "permission_denied"


@pytest.mark.parametrize(
    ("entity", "params", "allowed"),
    [
        ("contacts", {}, True),
        ("deals", {}, False),
        ("objects", {"objectType": "0-1"}, True),
        ("contacts", {"associations": ["deals"]}, False),
    ],
)
async def test_a_connector_can_be_limited_to_entities(
    world: World, entity: str, params: dict[str, object], allowed: bool
) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token, entities=[{"entity": "contacts", "modes": ["read"]}])
    answer = await world.execute(token, connector_id, entity, "list", params)
    assert answer.status == (200 if allowed else 403)
    assert allowed or answer.code == "permission_denied"
    assert (await world.execute(token, connector_id, "*", "check")).status == 200


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "invalid_request"),
        (b"[" * 70 + b"]" * 70, "", 422, "validation_error"),
        (
            b'{"entity":"contacts","action":"list","params":{"a":' + b"[" * 65 + b"]" * 65 + b"}}",
            "",
            400,
            "invalid_request",
        ),
        (
            b'{"entity":"contacts","action":"list","params":{"a":' + b"[" * 5000 + b"]" * 5000 + b"}}",
            "",
            400,
            "invalid_request",
        ),
        (b'{"entity":"contacts"}', "", 422, "validation_error"),
        (b'{"entity":1,"action":"list"}', "", 422, "validation_error"),
        (b'{"entity":"contacts","action":"list","intent":"%s"}' % (b"x" * 513), "", 422, "validation_error"),
        (b"entity=contacts", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b" " * (1024 * 1024 + 1), "application/json", 413, "payload_too_large"),
    ],
)
async def test_a_body_that_is_none_is_refused(
    world: World, body: bytes, content_type: str, status: int, code: str
) -> None:
    token, connector_id = await prepared(world)
    headers = {"content-type": content_type} if content_type else {}
    answer = await world.client.post(f"{CONNECTORS}/{connector_id}/execute", token=token, headers=headers, body=body)
    assert (answer.status, answer.code) == (status, code)


async def test_a_wrong_field_is_named(world: World) -> None:
    token, connector_id = await prepared(world)
    answer = await world.client.post(f"{CONNECTORS}/{connector_id}/execute", {"entity": 1}, token=token)
    assert answer.json["errors"][0]["field"] == "entity"
    answer = await world.client.post(f"{CONNECTORS}/{connector_id}/execute", {"entity": "x"}, token=token)
    assert answer.json["errors"][0]["field"] == "action"


async def test_a_warm_execute_asks_the_database_nothing(world: World) -> None:
    token, connector_id = await prepared(world)
    assert (await world.execute(token, connector_id, "contacts", "list")).status == 200
    await world.server.core.budgets.close()  # other processes have been told how many calls HubSpot allows
    engine = world.server.core.database.engine.sync_engine
    asked: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def remember(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    assert (await world.execute(token, connector_id, "contacts", "list")).status == 200
    assert asked == []
