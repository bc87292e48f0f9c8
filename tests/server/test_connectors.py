import asyncio

import pytest
from pydantic import SecretStr

from airbyte_agent_hubspot._http import NotSentError
from airbyte_agent_hubspot._wire import HttpResponse
from airbyte_agent_server.admin import Administration
from airbyte_agent_server.app import build_server
from airbyte_agent_server.connectors.registry import HUBSPOT, ConnectorType
from airbyte_agent_server.settings import Settings
from server.world import CONNECTORS, Client, CountingIds, TestClock, Wiretap, World

TOKEN_PATH = "/oauth/2026-03/token"
DEFINITION_ID = "36c891d9-4bd9-43ac-bad2-10e12756272c"
TEMPLATE_ID = "7aff03a7-5185-5afd-baae-df10c4af272d"


async def test_a_created_connector_is_shown_in_the_words_of_existing_clients(world: World) -> None:
    token = await world.scoped_token()
    body = {
        "connector_type": "Hubspot",
        "name": "My Hubspot Connector",
        "credentials": {"refresh_token": world.refresh_token},
        "replication_config": {"start_date": "2026-01-01T00:00:00Z"},
        "entities": [{"entity": "contacts", "modes": ["read"]}],
        "region_id": "ignored",
    }
    created = await world.client.post(CONNECTORS, body, token=token)
    shown = created.json
    assert len(shown.pop("granted_scopes")) > 10
    assert shown == {
        "id": shown["id"],
        "name": "My Hubspot Connector",
        "created_at": "2026-11-23T10:00:00Z",
        "updated_at": "2026-11-23T10:00:00Z",
        "workspace_id": shown["workspace_id"],
        "workspace_name": "user-123",
        "connector_type": "HubSpot",
        "status": "active",
        "auth_scheme": "oauth2",
        "hub_id": world.portal.hub_id,
        "validated_at": "2026-11-23T10:00:00Z",
        "needs_reauth_cause": None,
        "needs_reauth_at": None,
        "warnings": [],
        "source_template": {
            "id": TEMPLATE_ID,
            "name": "HubSpot",
            "icon": None,
            "connector_name": "hubspot",
            "source_definition_id": DEFINITION_ID,
            "actor_definition_id": DEFINITION_ID,
            "organization_id": None,
            "user_config_spec": {"connectionSpecification": {"type": "object"}, "advanced_auth": None},
            "partial_default_config": {},
            "tags": [],
            "mode": "DIRECT",
            "is_experimental": False,
        },
        "replication_config": {"start_date": "2026-01-01T00:00:00Z"},
        "entities": [{"entity": "contacts", "modes": ["read"]}],
    }
    assert (await world.client.get(f"{CONNECTORS}/{shown['id']}", token=token)).json == created.json


async def test_lists_are_oldest_first_and_leave_out_other_workspaces(world: World) -> None:
    token = await world.scoped_token("user-1")
    ids = []
    for _ in range(3):
        world.clock.advance(1)
        ids.append(await world.create_connector(token))
    await world.create_connector(await world.scoped_token("user-2"))
    answer = await world.client.get(CONNECTORS, token=token)
    assert [item["id"] for item in answer.json["data"]] == ids
    assert [item["name"] for item in answer.json["data"]] == ["HubSpot", "HubSpot 2", "HubSpot 3"]
    assert answer.json["data"][0]["summarized_source_template"] == {
        "id": TEMPLATE_ID,
        "name": "HubSpot",
        "icon": None,
        "connector_name": "hubspot",
        "organization_id": None,
        "actor_definition_id": DEFINITION_ID,
        "tags": [],
        "customization": None,
        "mode": "DIRECT",
    }


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("workspace_name=user-123", 1),
        ("customer_name=user-123&connector_type=hubspot", 1),
        (f"external_user_id=user-123&source_definition_id={DEFINITION_ID}", 1),
        ("workspace_name=nobody", 0),
        ("workspace_name=user-123&definition_id=11111111-1111-4111-8111-111111111111", 0),
        ("workspace_id=11111111-1111-4111-8111-111111111111", 0),
    ],
)
async def test_an_application_token_lists_by_any_spelling_and_creates_nothing(
    world: World, query: str, count: int
) -> None:
    await world.create_connector(await world.scoped_token())
    token = await world.application_token()
    answer = await world.client.get(f"{CONNECTORS}?{query}", token=token)
    assert (answer.status, len(answer.json["data"])) == (200, count)
    assert await world.server.core.accounts.find_workspace(world.pair.organization_id, name="nobody") is None


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 422, "workspace_required"),
        ("workspace_name=a&customer_name=b", 422, "conflicting_fields"),
        (f"workspace_name=a&definition_id={DEFINITION_ID}&connector_type=nope", 200, ""),
    ],
)
async def test_a_list_needs_a_tenant(world: World, query: str, status: int, code: str) -> None:
    answer = await world.client.get(f"{CONNECTORS}?{query}", token=await world.application_token())
    assert answer.status == status
    assert status == 200 or answer.code == code


async def test_a_token_limited_to_connectors_sees_only_those(world: World) -> None:
    token = await world.scoped_token()
    seen, hidden = await world.create_connector(token), await world.create_connector(token)
    limited = await world.scoped_token(permissions={"connector_ids": [seen]})
    answer = await world.client.get(CONNECTORS, token=limited)
    assert [item["id"] for item in answer.json["data"]] == [seen]
    answer = await world.client.get(f"{CONNECTORS}/{hidden}", token=limited)
    assert (answer.status, answer.code) == (403, "permission_denied")


async def test_a_connector_of_another_workspace_or_organization_does_not_exist(world: World) -> None:
    connector_id = await world.create_connector(await world.scoped_token("user-1"))
    core = world.server.core
    other_pair = await Administration(world.settings, core.clock, core.ids).create_organization(
        "Other", redirect_origins=[]
    )
    strangers = [await world.scoped_token("user-2"), await world.application_token(other_pair)]
    for token in strangers:
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/execute")):
            answer = await world.client.call(
                method,
                f"{CONNECTORS}/{connector_id}{path}",
                {"entity": "contacts", "action": "list"} if method == "POST" else None,
                token=token,
            )
            assert (answer.status, answer.code) == (404, "connector_not_found")
    assert (await world.execute(await world.application_token(), connector_id, "contacts", "list")).status == 200


CREDENTIALS = {"refresh_token": "x"}


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"credentials": CREDENTIALS}, 422, "connector_type_required"),
        ({"connector_type": "HUBSPOT"}, 422, "credentials_required"),
        ({"definition_id": "nope", "credentials": CREDENTIALS}, 404, "connector_type_unknown"),
        ({"source_template_id": "nope", "credentials": CREDENTIALS}, 404, "template_not_found"),
        ({"connector_type": "hubspot", "credentials": {}}, 422, "validation_error"),
        ({"connector_type": "hubspot", "credentials": {"refresh_tokn": "x"}}, 422, "validation_error"),
        ({"connector_type": "hubspot", "credentials": {**CREDENTIALS, "client_id": "a"}}, 422, "validation_error"),
        (
            {"connector_type": "hubspot", "credentials": {**CREDENTIALS, "private_app_token": "a"}},
            422,
            "validation_error",
        ),
        (
            {
                "connector_type": "hubspot",
                "credentials": {"private_app_token": "a", "client_id": "b", "client_secret": "c"},
            },
            422,
            "validation_error",
        ),
        (
            {"connector_type": "hubspot", "credentials": CREDENTIALS, "server_side_oauth_secret_id": "s"},
            422,
            "conflicting_fields",
        ),
        ({"connector_type": "hubspot", "secret_id": "s"}, 422, "invalid_secret_id"),
        ({"connector_type": "hubspot", "name": "", "credentials": CREDENTIALS}, 422, "validation_error"),
        (
            {"connector_type": "hubspot", "entities": [{"entity": "contacts", "modes": ["all"]}]},
            422,
            "validation_error",
        ),
    ],
)
async def test_a_wrong_body_creates_nothing(world: World, fields: dict[str, object], status: int, code: str) -> None:
    token = await world.scoped_token()
    answer = await world.client.post(CONNECTORS, fields, token=token)
    assert (answer.status, answer.code) == (status, code)
    assert (await world.client.get(CONNECTORS, token=token)).json == {"data": []}


@pytest.mark.parametrize(
    "fields",
    [
        {"definition_id": DEFINITION_ID},
        {"actor_definition_id": DEFINITION_ID, "connector_type": "hubspot"},
        {"source_template_id": TEMPLATE_ID},
    ],
)
async def test_the_type_may_be_named_by_definition_or_template(world: World, fields: dict[str, object]) -> None:
    token = await world.scoped_token()
    await world.create_connector(token, **{"connector_type": None, **fields})


async def test_credentials_may_come_inside_the_configuration_and_never_come_back(world: World) -> None:
    token = await world.scoped_token()
    answer = await world.client.post(
        CONNECTORS,
        {
            "connector_type": "hubspot",
            "source_config": {"credentials": {"refresh_token": world.refresh_token, "auth_type": "OAuth"}, "x": 1},
        },
        token=token,
    )
    assert (answer.status, answer.json["replication_config"]) == (200, {"x": 1})
    assert world.refresh_token.encode() not in answer.body


async def test_the_callers_own_app_and_a_private_app_work_too(world: World) -> None:
    token = await world.scoped_token()
    app = world.portal.tokens.apps()[0]
    own = await world.create_connector(
        token,
        auth_config={
            "refresh_token": world.refresh_token,
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "access_token": "whatever",
        },
        credentials=None,
    )
    private = world.portal.tokens.mint_private_token(["oauth", "crm.objects.contacts.read"]).token
    other = await world.create_connector(token, credentials={"private_app_token": private})
    for connector_id in (own, other):
        assert (await world.execute(token, connector_id, "contacts", "list")).status == 200
    shown = (await world.client.get(f"{CONNECTORS}/{other}", token=token)).json
    assert shown["auth_scheme"] == "private_app"
    assert shown["granted_scopes"] == ["crm.objects.contacts.read", "oauth"]
    assert "deals cannot be used: the account did not grant crm.objects.deals.read." in shown["warnings"]
    world.portal.tokens.expire_access_tokens()
    assert (await world.execute(token, own, "contacts", "list")).status == 200
    world.portal.tokens.revoke(private)
    answer = await world.execute(token, other, "contacts", "list")
    assert (answer.status, answer.code) == (403, "reauthorization_required")
    answer = await world.client.delete(f"{CONNECTORS}/{other}?revoke=true", token=token)
    assert answer.json["upstream_revocation"] == "skipped"


@pytest.mark.parametrize(
    ("status", "body", "error_code"),
    [
        (403, b'{"status":"BAD_HUB","message":"missing or unknown hub id"}', "account_unreachable"),
        (
            400,
            b'{"status":"BAD_REFRESH_TOKEN","message":"refresh token was not issued to this client"}',
            "refresh_token_wrong_client",
        ),
        (400, b'{"error":"invalid_grant","message":"refresh token is revoked"}', "refresh_token_invalid"),
    ],
)
async def test_why_hubspot_refuses_a_refresh_token_is_said(
    world: World, status: int, body: bytes, error_code: str
) -> None:
    token = await world.scoped_token()
    world.hubspot.answers[TOKEN_PATH] = HttpResponse(status, {}, body)
    body_sent = {"connector_type": "Hubspot", "credentials": {"refresh_token": "x"}}
    answer = await world.client.post(CONNECTORS, body_sent, token=token)
    assert (answer.status, answer.code) == (422, "invalid_credentials")
    [error] = answer.json["errors"]
    assert (error["field"], error["error_code"]) == ("credentials.refresh_token", error_code)


@pytest.mark.parametrize(
    ("changed", "error_code"),
    [
        ({"client_id": "nobody"}, "client_id_invalid"),
        ({"client_secret": "wrong"}, "client_secret_invalid"),
        ({"refresh_token": "dead"}, "refresh_token_invalid"),
    ],
)
async def test_refused_credentials_are_named(world: World, changed: dict[str, str], error_code: str) -> None:
    app = world.portal.tokens.apps()[0]
    credentials = {
        "refresh_token": world.refresh_token,
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        **changed,
    }
    answer = await world.client.post(
        CONNECTORS, {"connector_type": "hubspot", "credentials": credentials}, token=await world.scoped_token()
    )
    assert (answer.status, answer.code) == (422, "invalid_credentials")
    assert answer.json["errors"][0]["error_code"] == error_code
    assert answer.json["errors"][0]["message"] == answer.json["message"]


async def test_an_unknown_private_token_is_refused(world: World) -> None:
    answer = await world.client.post(
        CONNECTORS,
        {"connector_type": "hubspot", "credentials": {"private_app_token": "pat-na1-x"}},
        token=await world.scoped_token(),
    )
    assert answer.json["errors"][0]["field"] == "credentials.private_app_token"
    assert answer.json["errors"][0]["error_code"] == "private_app_token_invalid"


async def test_credentials_can_be_stored_untried(world: World) -> None:
    token = await world.scoped_token()
    for credentials in ({"refresh_token": "x"}, {"private_app_token": "y"}):
        answer = await world.client.post(
            f"{CONNECTORS}?validate=false", {"connector_type": "hubspot", "credentials": credentials}, token=token
        )
        assert (answer.status, answer.json["status"], answer.json["validated_at"]) == (200, "unverified", None)
    assert world.hubspot.seen == []


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (NotSentError("refused"), 503, "upstream_unavailable"),
        (HttpResponse(500, {}, b""), 502, "upstream_error"),
        (HttpResponse(200, {}, b"<html>"), 502, "upstream_error"),
    ],
)
async def test_nothing_is_stored_while_hubspot_is_away(
    world: World, answer: HttpResponse | Exception, status: int, code: str
) -> None:
    token = await world.scoped_token()
    world.hubspot.answers[TOKEN_PATH] = answer
    refused = await world.client.post(
        CONNECTORS, {"connector_type": "hubspot", "credentials": {"refresh_token": "x"}}, token=token
    )
    assert (refused.status, refused.code) == (status, code)
    assert (await world.client.get(CONNECTORS, token=token)).json == {"data": []}


async def test_hubspot_is_asked_whose_token_it_is_where_the_grant_does_not_say(world: World) -> None:
    grant = world.portal.tokens.grants()[0]
    access = world.portal.tokens.mint_access_token(grant, ["oauth", "crm.objects.contacts.read"])
    world.hubspot.answers[TOKEN_PATH] = HttpResponse(
        200, {}, f'{{"access_token":"{access.token}","expires_in":1800}}'.encode()
    )
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    shown = (await world.client.get(f"{CONNECTORS}/{connector_id}", token=token)).json
    assert (shown["hub_id"], shown["granted_scopes"]) == (
        world.portal.hub_id,
        ["crm.objects.contacts.read", "oauth"],
    )


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (HttpResponse(200, {}, b"<html>"), 502, "upstream_error"),
        (HttpResponse(429, {}, b"{}"), 502, "upstream_error"),
        (HttpResponse(404, {}, b"{}"), 422, "invalid_credentials"),
    ],
)
async def test_an_unclear_answer_about_a_token_creates_nothing(
    world: World, answer: HttpResponse, status: int, code: str
) -> None:
    world.hubspot.answers["/oauth/v2/private-apps/get/access-token-info"] = answer
    refused = await world.client.post(
        CONNECTORS,
        {"connector_type": "hubspot", "credentials": {"private_app_token": "pat"}},
        token=await world.scoped_token(),
    )
    assert (refused.status, refused.code) == (status, code)


async def test_without_an_oauth_app_a_refresh_token_alone_is_not_enough(
    settings: Settings, clock: TestClock, ids: CountingIds, hubspot: Wiretap
) -> None:
    bare = settings.model_copy(update={"hubspot_client_id": None, "hubspot_client_secret": None})
    pair = await Administration(bare, clock, ids).create_organization("Acme", redirect_origins=[])
    server = build_server(bare, clock=clock, ids=ids, upstream=hubspot)
    await server.start()
    client = Client(server.app)
    body = {"client_id": pair.client_id, "client_secret": pair.client_secret.get_secret_value()}
    token = (await client.post("/v1/applications/token", body)).json["access_token"]
    fields = {"connector_type": "hubspot", "workspace_name": "w"}
    for path, more in (
        (CONNECTORS, {"credentials": {"refresh_token": "x"}}),
        (f"{CONNECTORS}?validate=false", {"credentials": {"refresh_token": "x"}}),
        (f"{CONNECTORS}/oauth/initiate", {"redirect_url": "http://127.0.0.1/cb"}),
    ):
        answer = await client.post(path, {**fields, **more}, token=token)
        assert (answer.status, answer.code) == (422, "oauth_app_not_configured")
        assert "AGENT_SERVER_HUBSPOT_CLIENT_ID" in answer.json["message"]
    await server.stop()


async def test_a_connector_stays_with_the_app_it_was_made_with(world: World) -> None:
    connector_id = await world.create_connector(await world.scoped_token())
    world.portal.tokens.expire_access_tokens()
    changed = world.settings.model_copy(update={"hubspot_client_id": "x", "hubspot_client_secret": SecretStr("y")})
    other = build_server(changed, clock=world.clock, ids=world.server.core.ids, upstream=world.hubspot)
    await other.start()
    answer = await Client(other.app).post(
        f"{CONNECTORS}/{connector_id}/execute",
        {"entity": "contacts", "action": "list"},
        token=await world.scoped_token(),
    )
    assert (answer.status, answer.code) == (422, "oauth_app_not_configured")
    await other.stop()


async def test_a_second_delete_finds_nothing(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    assert (await world.client.delete(f"{CONNECTORS}/{connector_id}", token=token)).status == 200
    answer = await world.client.delete(f"{CONNECTORS}/{connector_id}", token=token)
    assert (answer.status, answer.code) == (404, "connector_not_found")


@pytest.mark.parametrize(
    ("query", "shared", "outcome", "alive"),
    [
        ("", False, "skipped", True),
        ("?revoke=false", False, "skipped", True),
        ("?revoke=true", False, "revoked", False),
        ("?revoke=true", True, "shared", True),
    ],
)
async def test_a_grant_is_taken_back_only_when_nobody_else_may_use_it(
    world: World, query: str, shared: bool, outcome: str, alive: bool
) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    if shared:
        await world.create_connector(await world.scoped_token("user-456"))
    answer = await world.client.delete(f"{CONNECTORS}/{connector_id}{query}", token=token)
    assert answer.json["upstream_revocation"] == outcome
    assert (not world.portal.tokens.grants()[0].revoked) == alive


async def test_a_failed_revocation_does_not_keep_the_connector(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    world.hubspot.answers[f"{TOKEN_PATH}/revoke"] = HttpResponse(400, {}, b"{}")
    answer = await world.client.delete(f"{CONNECTORS}/{connector_id}?revoke=true", token=token)
    assert (answer.status, answer.json["upstream_revocation"]) == (200, "failed")
    assert (await world.client.get(CONNECTORS, token=token)).json == {"data": []}


async def test_two_deletions_at_once_delete_once(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    deletions = (world.client.delete(f"{CONNECTORS}/{connector_id}", token=token) for _ in range(2))
    assert sorted(answer.status for answer in await asyncio.gather(*deletions)) == [200, 404]


async def test_names_of_the_type_must_agree(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    other = ConnectorType(slug="other", name="Other", definition_id="d", template_id="t")
    monkeypatch.setattr("airbyte_agent_server.connectors.registry.CONNECTOR_TYPES", (HUBSPOT, other))
    token = await world.scoped_token()
    fields = {"connector_type": "other", "definition_id": DEFINITION_ID, "credentials": {"refresh_token": "x"}}
    answer = await world.client.post(CONNECTORS, fields, token=token)
    assert (answer.status, answer.code) == (422, "conflicting_fields")
    answer = await world.client.get(f"{CONNECTORS}?connector_type=other&definition_id={DEFINITION_ID}", token=token)
    assert (answer.status, answer.code) == (422, "conflicting_fields")
