"""How MCP clients are let in: consent, codes, tokens. Everything that a thief or a slip could do gets nothing."""

from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import uuid4

from sqlalchemy import func, select

from airbyte_agent_server.app import build_server
from airbyte_agent_server.db.expired import sweep_expired
from airbyte_agent_server.db.tables import mcp_grants
from airbyte_agent_server.mcp.authorization import SCOPES
from airbyte_agent_server.tokens.claims import Claims, TokenKind
from airbyte_agent_server.tokens.signer import TokenSigner
from server.mcp_client import CALLBACK, CODES, RESOURCE, McpClient, answer_of, connect_code, let_in
from server.world import CONNECTORS, PUBLIC_URL, Answer, Client, World, documented


async def grants_left(world: World) -> int:
    async with world.server.core.database.read() as connection:
        count = await connection.scalar(select(func.count()).select_from(mcp_grants))
    assert count is not None
    return count


def refusal(answer: Answer) -> tuple[int, str, str]:
    """Status, our code, RFC 6749's error."""
    return answer.status, answer.code, answer.json["error"]


async def test_metadata_leads_from_the_door_to_the_token_endpoint(world: World) -> None:
    refused = await world.client.post("/mcp", {})
    assert refused.status == 401
    resource = "/.well-known/oauth-protected-resource/mcp"
    assert f'resource_metadata="{PUBLIC_URL}{resource}"' in refused.headers["www-authenticate"]
    told = (await world.client.get(resource)).json
    assert (told["resource"], told["authorization_servers"]) == (RESOURCE, [PUBLIC_URL])
    assert told == (await world.client.get("/.well-known/oauth-protected-resource")).json
    server = (await world.client.get("/.well-known/oauth-authorization-server")).json
    assert server["issuer"] == PUBLIC_URL
    assert server["code_challenge_methods_supported"] == ["S256"]
    assert server["token_endpoint"] == f"{PUBLIC_URL}/token"


async def test_each_connector_has_a_door_of_its_own(world: World) -> None:
    connector_id = str(uuid4())
    refused = await world.client.post(f"/mcp/{connector_id}", {})
    metadata = f"/.well-known/oauth-protected-resource/mcp/{connector_id}"
    assert f'resource_metadata="{PUBLIC_URL}{metadata}"' in refused.headers["www-authenticate"]
    assert (await world.client.get(metadata)).json["resource"] == f"{RESOURCE}/{connector_id}"
    refused = await world.client.post('/mcp/"injected"', {})
    assert "injected" not in refused.headers["www-authenticate"]


async def test_a_user_with_a_connect_code_lets_a_client_in(world: World) -> None:
    client = McpClient(world)
    registered = await client.register()
    assert (registered.status, registered.json["token_endpoint_auth_method"]) == (201, "none")
    code = await connect_code(world)

    answered = answer_of(await client.answer(code))
    assert {**answered, "code": ""} == {"code": "", "state": "opaque", "iss": PUBLIC_URL}
    tokens = (await client.redeem(answered["code"])).json

    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 1200)
    assert tokens["scope"] == "execute:read execute:write"
    refreshed = await client.refresh(tokens["refresh_token"])
    assert refreshed.status == 200
    assert refreshed.json["refresh_token"] != tokens["refresh_token"]


async def test_the_page_says_who_asks_and_where_the_permission_goes_and_cannot_be_framed(world: World) -> None:
    client = McpClient(world)
    await client.register(client_name="<script>alert(1)</script>")
    page = await client.ask(scope="execute:read")
    text = page.body.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script" not in text
    assert "asks to read the HubSpot records of your workspace" in text
    assert "a program on this computer" in text
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:8976" in policy
    assert "default-src 'none'" in policy
    assert page.headers["referrer-policy"] == "no-referrer"
    whole = (await client.ask(resource=f"{RESOURCE}/{uuid4()}")).body.decode()
    assert "read and change the HubSpot records of one connector of your workspace" in whole


async def test_a_wrong_or_used_or_old_connect_code_lets_nobody_in_and_guessing_ends(world: World) -> None:
    client = McpClient(world)
    await client.register()
    used, old = await connect_code(world), await connect_code(world)
    await client.code(used)
    world.clock.advance(601)
    for code in ("", "wrong", used, old):
        page = await client.answer(code)
        assert page.status == 403
        assert b"This connect code is wrong, used, or older than ten minutes" in page.body
    limited = world.settings.model_copy(update={"login_failure_limit": 3})
    server = build_server(limited, clock=world.clock, upstream=world.hubspot)
    await server.start()
    client.world = World(**{**vars(world), "client": Client(server.app, documented())})
    statuses = [(await client.answer("wrong")).status for _ in range(4)]
    await server.stop()
    assert statuses == [403, 403, 403, 429]


async def test_a_client_that_asks_wrongly_is_told_in_the_words_of_oauth(world: World) -> None:
    client = McpClient(world)
    await client.register()
    slips = [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"state": "x" * 1025}, "invalid_request"),
        ({"resource": "https://elsewhere.example/mcp"}, "invalid_target"),
        ({"resource": f"{RESOURCE}/not-an-id"}, "invalid_target"),
    ]
    for changed, error in slips:
        assert answer_of(await client.ask(**changed))["error"] == error
        posted = await client.post("/authorize", {**client.asked(**changed), "decision": "allow"})
        assert answer_of(posted)["error"] == error


async def test_denying_sends_the_browser_back_and_keeps_the_connect_code(world: World) -> None:
    client = McpClient(world)
    await client.register()
    code = await connect_code(world)
    assert answer_of(await client.answer(code, decision="deny"))["error"] == "access_denied"
    assert "code" in answer_of(await client.answer(code))


async def test_codes_are_sent_nowhere_that_the_operator_did_not_allow(world: World) -> None:
    for redirect_uri in (
        "https://elsewhere.example/callback",
        "http://elsewhere.example/callback",
        "javascript:alert(1)",
        "cursor://elsewhere/callback",
        "http://127.0.0.1:1/#fragment",
        "http://user@127.0.0.1:1/",
        "/callback",
        "http://[::1",
        "http://127.0.0.1/\r\nx: y",
    ):
        refused = await McpClient(world).register(redirect_uris=[redirect_uri])
        assert refusal(refused) == (400, "invalid_client_metadata", "invalid_redirect_uri"), redirect_uri


async def test_of_the_addresses_of_a_client_those_that_are_allowed_are_registered(world: World) -> None:
    client = McpClient(world)
    elsewhere = "https://vscode.dev/redirect"
    registered = await client.register(redirect_uris=[elsewhere, "http://127.0.0.1/", CALLBACK])
    assert (registered.status, registered.json["redirect_uris"]) == (201, ["http://127.0.0.1/", CALLBACK])
    assert (await client.ask()).status == 200
    assert refusal(await client.ask(redirect_uri=elsewhere)) == (400, "invalid_request", "invalid_request")


async def test_what_the_operator_allows_may_register_and_be_disallowed_again(world: World) -> None:
    allowed = world.settings.model_copy(
        update={"mcp_redirect_origins": ("https://claude.ai/", "cursor://anysphere.cursor-mcp")}
    )
    server = build_server(allowed, clock=world.clock, upstream=world.hubspot)
    await server.start()
    open_world = World(**{**vars(world), "client": Client(server.app, documented())})
    client = McpClient(open_world)
    for uri in ("https://claude.ai/api/mcp/auth_callback", "cursor://anysphere.cursor-mcp/oauth/callback"):
        assert (await client.register(redirect_uris=[uri])).status == 201
        page = await client.ask(redirect_uri=uri)
        assert page.status == 200
        assert uri.rpartition("://")[0] in page.headers["content-security-policy"]
    assert (await client.register(redirect_uris=[CALLBACK])).status == 400
    await client.register(redirect_uris=["https://claude.ai/api/mcp/auth_callback"])
    await server.stop()
    client.world = world
    answer = await client.ask(redirect_uri="https://claude.ai/api/mcp/auth_callback")
    assert refusal(answer) == (400, "invalid_client_metadata", "invalid_redirect_uri")


async def test_a_client_may_use_any_port_of_this_machine_but_no_other_path_or_host(world: World) -> None:
    client = McpClient(world)
    await client.register()
    assert (await client.ask(redirect_uri=CALLBACK.replace("8976", "61000"))).status == 200
    for other in (
        CALLBACK.replace("callback", "other"),
        CALLBACK.replace("127.0.0.1", "localhost"),
        "",
        "https://x.y/",
    ):
        assert refusal(await client.ask(redirect_uri=other)) == (400, "invalid_request", "invalid_request")


async def test_ids_of_clients_cannot_be_made_up(world: World) -> None:
    client = McpClient(world)
    await client.register()
    raw = urlsafe_b64decode(client.client_id + "=" * (-len(client.client_id) % 4))
    told = json.dumps(["Agent", ["https://elsewhere.example/"]]).encode()
    forged = urlsafe_b64encode(raw[:32] + told).rstrip(b"=").decode()
    for client_id in (forged, client.client_id[:-2], "", "é", "x", "=" * 5000):
        client.client_id = client_id
        assert refusal(await client.ask()) == (401, "invalid_client", "invalid_client")


async def test_too_much_metadata_is_refused(world: World) -> None:
    client = McpClient(world)
    for uris in ([], [CALLBACK] * 11, [f"{CALLBACK}/{'x' * 1900}/{index}" for index in range(3)]):
        assert (await client.register(redirect_uris=uris)).code == "invalid_client_metadata"
    assert (await client.register(client_name="x" * 101)).code == "validation_error"


async def test_a_stolen_code_is_worth_nothing_and_ends_with_the_attempt(world: World) -> None:
    client = McpClient(world)
    await client.register()
    changes = [
        {"code_verifier": "another-verifier-of-at-least-forty-three-characters"},
        {"code_verifier": ""},
        {"redirect_uri": f"{CALLBACK}/other"},
        {"client_id": "another"},
    ]
    for changed in changes:
        code = await client.code(await connect_code(world))
        assert refusal(await client.redeem(code, **changed)) == (400, "invalid_grant", "invalid_grant")
        assert refusal(await client.redeem(code)) == (400, "invalid_grant", "invalid_grant")
        assert await grants_left(world) == 0
    assert refusal(await client.redeem("made-up")) == (400, "invalid_grant", "invalid_grant")


async def test_a_code_works_once_and_for_a_minute(world: World) -> None:
    client, tokens = await let_in(world)
    code = await client.code(await connect_code(world))
    world.clock.advance(61)
    assert (await client.redeem(code)).code == "invalid_grant"
    code = await client.code(await connect_code(world))
    fresh = (await client.redeem(code)).json
    assert (await client.redeem(code)).code == "invalid_grant"
    assert (await client.refresh(fresh["refresh_token"])).code == "invalid_grant"  # one of the two was a thief
    assert (await client.refresh(tokens["refresh_token"])).status == 200  # of another consent


async def test_a_refresh_token_that_comes_back_ends_the_whole_family(world: World) -> None:
    client, tokens = await let_in(world)
    second = (await client.refresh(tokens["refresh_token"], resource=RESOURCE)).json
    assert (await client.refresh(tokens["refresh_token"])).code == "invalid_grant"
    assert (await client.refresh(second["refresh_token"])).code == "invalid_grant"
    assert await grants_left(world) == 0


async def test_of_two_who_use_a_secret_at_the_same_time_none_keeps_anything(world: World) -> None:
    client, tokens = await let_in(world)
    code = await client.code(await connect_code(world))
    for sent in ((client.redeem(code), client.redeem(code)), [client.refresh(tokens["refresh_token"]) for _ in "12"]):
        answers = await asyncio.gather(*sent)
        assert sorted(answer.status for answer in answers) in ([200, 400], [400, 400])
        for got in (answer.json["refresh_token"] for answer in answers if answer.status == 200):
            assert (await client.refresh(got)).code == "invalid_grant"
    assert await grants_left(world) == 0


async def test_of_two_who_use_a_connect_code_at_the_same_time_one_is_let_in(world: World) -> None:
    client = McpClient(world)
    await client.register()
    code = await connect_code(world)
    answers = await asyncio.gather(client.answer(code), client.answer(code))
    assert sorted(answer.status for answer in answers) == [303, 403]
    [let_in] = [answer_of(answer)["code"] for answer in answers if answer.status == 303]
    assert (await client.redeem(let_in)).status == 200


async def test_a_secret_is_good_for_one_step_only(world: World) -> None:
    client, tokens = await let_in(world)
    invitation = await connect_code(world)
    for wrong in (invitation, tokens["refresh_token"], "x", f"{uuid4()}.x"):
        assert (await client.redeem(wrong)).code == "invalid_grant"
    assert (await client.answer(tokens["refresh_token"])).status == 403
    code = await client.code(invitation)
    assert (await client.refresh(code)).code == "invalid_grant"
    assert (await client.redeem(code)).code == "invalid_grant"


async def test_refreshing_forever_keeps_one_row(world: World) -> None:
    client, tokens = await let_in(world)
    for _ in range(3):
        world.clock.advance(20 * 24 * 3600)
        tokens = (await client.refresh(tokens["refresh_token"])).json
    assert await grants_left(world) == 1


async def test_a_refresh_token_is_bound_to_its_client_and_its_resource_and_expires(world: World) -> None:
    client, tokens = await let_in(world)
    assert refusal(await client.refresh(tokens["refresh_token"], resource=f"{RESOURCE}/{uuid4()}")) == (
        400,
        "invalid_request",
        "invalid_target",
    )
    tokens = (await client.refresh(tokens["refresh_token"])).json
    assert (await client.refresh(tokens["refresh_token"], client_id="another")).code == "invalid_grant"
    client, tokens = await let_in(world)
    world.clock.advance(30 * 24 * 3600)
    assert (await client.refresh(tokens["refresh_token"])).code == "invalid_grant"


async def test_revoking_a_refresh_token_ends_what_came_of_it(world: World) -> None:
    client, tokens = await let_in(world)
    second = (await client.refresh(tokens["refresh_token"])).json
    answer = await client.post("/revoke", {"token": tokens["refresh_token"]})
    assert (answer.status, answer.json) == (200, {})
    assert (await client.refresh(second["refresh_token"])).code == "invalid_grant"
    assert (await client.post("/revoke", {"token": "unknown"})).status == 200


async def test_the_application_sees_who_was_let_in_and_shuts_them_out(world: World) -> None:
    await world.create_connector(await world.scoped_token())
    await connect_code(world)
    client, tokens = await let_in(
        world, decision="read", permissions={"allow": [{"entity": "companies", "actions": ["*"]}]}
    )
    _, others = await let_in(world)
    application = await world.application_token()
    workspace_id = (await world.client.get("/api/v1/workspaces", token=application)).json["data"][0]["id"]
    clients = f"/api/v1/workspaces/{workspace_id}/mcp-clients"
    listed = (await world.client.get(clients, token=application)).json["data"]
    [first, second] = sorted(listed, key=lambda one: not one["permissions"]["read_only"])
    assert (first["name"], first["redirect_uri"], first["resource"]) == ("Agent", CALLBACK, RESOURCE)
    assert first["permissions"]["allow"] == [{"entity": "companies", "actions": ["*"]}]
    assert second["permissions"]["read_only"] is False
    assert tokens["refresh_token"].partition(".")[2] not in str(listed)

    ended = await world.client.delete(f"{clients}/{first['id']}", token=application)
    assert (ended.status, ended.json) == (200, {"id": first["id"]})
    assert (await world.client.delete(f"{clients}/{first['id']}", token=application)).code == "mcp_client_not_found"
    assert (await client.refresh(tokens["refresh_token"])).code == "invalid_grant"
    assert (await world.client.post("/mcp", {}, token=tokens["access_token"])).code == "invalid_token"
    assert (await world.client.post("/mcp", {}, token=others["access_token"])).status != 401


async def test_a_thief_loses_access_tokens_too_within_20_seconds(world: World) -> None:
    await world.create_connector(await world.scoped_token())
    client, tokens = await let_in(world)
    stolen = (await client.refresh(tokens["refresh_token"])).json
    assert (await world.client.post("/mcp", {}, token=stolen["access_token"])).status != 401
    assert (await client.refresh(tokens["refresh_token"])).code == "invalid_grant"
    world.clock.advance(21)
    assert (await world.client.post("/mcp", {}, token=stolen["access_token"])).code == "invalid_token"


async def test_a_name_cannot_turn_the_text_around_it_about(world: World) -> None:
    client = McpClient(world)
    assert (await client.register(client_name="\u202eClaude\x07 ")).json["client_name"] == "Claude"
    assert (await client.register(client_name="\u200b")).json["client_name"] == "An MCP client"


async def test_other_grant_types_are_refused(world: World) -> None:
    for grant_type in ("", "password", "client_credentials"):
        answer = await McpClient(world).post("/token", {"grant_type": grant_type})
        assert refusal(answer) == (400, "invalid_request", "unsupported_grant_type")


async def test_who_is_switched_off_gets_no_more_tokens(world: World) -> None:
    client, tokens = await let_in(world)
    application = await world.application_token()
    workspaces = await world.client.get("/api/v1/workspaces", token=application)
    path = f"/api/v1/workspaces/{workspaces.json['data'][0]['id']}"
    await world.client.put(path, {"status": "inactive"}, token=application)
    assert (await client.refresh(tokens["refresh_token"])).code == "invalid_grant"
    assert (await world.client.post("/mcp", {}, token=tokens["access_token"])).code == "workspace_inactive"
    await world.client.put(path, {"status": "active"}, token=application)
    assert (await client.refresh(tokens["refresh_token"])).status == 200


async def test_deleting_a_workspace_erases_who_was_let_in(world: World) -> None:
    client, tokens = await let_in(world)
    application = await world.application_token()
    workspaces = await world.client.get("/api/v1/workspaces", token=application)
    await world.client.delete(f"/api/v1/workspaces/{workspaces.json['data'][0]['id']}", token=application)
    assert await grants_left(world) == 0
    assert (await client.refresh(tokens["refresh_token"])).code == "invalid_grant"


async def test_what_has_expired_is_swept_away_and_secrets_are_never_stored(world: World) -> None:
    client, tokens = await let_in(world)
    code = await connect_code(world)
    async with world.server.core.database.read() as connection:
        rows = str((await connection.execute(select(mcp_grants))).all())
    assert tokens["refresh_token"] not in rows
    assert code not in rows
    assert client.client_id not in rows
    world.clock.advance(31 * 24 * 3600)
    assert await sweep_expired(world.server.core.database, world.clock) == 2
    assert await grants_left(world) == 0


async def test_the_user_the_client_and_the_application_can_each_take_writing_away(world: World) -> None:
    for tokens in (
        await let_in(world, decision="read"),
        await let_in(world, scope="execute:read offline_access"),
        await let_in(world, permissions={"read_only": True, "manage": True}),
    ):
        assert tokens[1]["scope"] == "execute:read"


async def test_a_connect_code_for_some_connectors_opens_no_others(world: World) -> None:
    client = McpClient(world)
    await client.register()
    code = await connect_code(world, permissions={"connector_ids": [str(uuid4())]})
    assert answer_of(await client.answer(code, resource=f"{RESOURCE}/{uuid4()}"))["error"] == "access_denied"


async def test_a_token_of_an_mcp_client_opens_nothing_but_the_door(world: World) -> None:
    connector_id = await world.create_connector(await world.scoped_token())
    _, tokens = await let_in(world)
    for method, path in (
        ("GET", CONNECTORS),
        ("POST", f"{CONNECTORS}/{connector_id}/execute"),
        ("GET", "/api/v1/account/applications/scoped-token/info"),
        ("POST", CODES),
    ):
        answer = await world.client.call(method, path, token=tokens["access_token"])
        assert answer.code == "token_not_allowed", path


async def test_tokens_for_another_audience_are_refused(world: World) -> None:
    core = world.server.core
    workspace = await core.accounts.ensure_workspace(world.pair.organization_id, "user-123")
    signer = TokenSigner(core.keys, PUBLIC_URL, world.settings.token_audience, core.clock)
    for kind, resource in (
        (TokenKind.MCP, None),
        (TokenKind.MCP, f"{RESOURCE}x"),
        (TokenKind.SCOPED, RESOURCE),
    ):
        now = world.clock.now()
        claims = Claims(
            kind,
            world.pair.organization_id,
            world.pair.client_id,
            workspace.id,
            frozenset(SCOPES),
            None,
            str(uuid4()),
            now.replace(year=2027),
            resource=resource,
        )
        answer = await world.client.post("/mcp", {}, token=signer.sign(claims, issued_at=now))
        assert answer.code == "invalid_token"
