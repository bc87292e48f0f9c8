"""The ready-to-run checks of the contract, in its order."""

from urllib.parse import parse_qs, urlsplit

from server.world import CONNECTORS, World

TOKENS = "/api/v1/account/applications"
USER = {"external_user_id": "user-123", "connector_type": "Hubspot"}


async def test_the_contracts_checks_pass_in_order(world: World) -> None:  # noqa: PLR0915 - one script, in its order
    client = world.client
    pair = {"client_id": world.pair.client_id, "client_secret": world.pair.client_secret.get_secret_value()}
    # 1
    answer = await client.post(f"{TOKENS}/token", pair)
    assert answer.status == 200
    app = answer.json.pop("access_token")
    assert answer.json == {
        "access_token": app,
        "token_type": "bearer",
        "expires_in": 900,
        "organization_id": world.pair.organization_id,
    }
    # 1b
    wrong = await client.post("/api/v1/applications/token", {**pair, "client_secret": "no"})
    assert (wrong.status, wrong.code) == (401, "invalid_client")
    # 2
    answer = await client.post(f"{TOKENS}/scoped-token", {"external_user_id": "user-123"}, token=app)
    assert answer.status == 200
    scoped, workspace_id = answer.json["token"], answer.json["workspace_id"]
    # 2b
    answer = await client.get(f"{TOKENS}/scoped-token/info", token=scoped)
    assert answer.json == {
        "organization_id": world.pair.organization_id,
        "workspace_id": workspace_id,
        "workspace_name": "user-123",
        "expires_at": "2026-11-23T10:20:00Z",
        "permissions": None,
        "allowed_origin": None,
    }
    # 3
    body = {**USER, "name": "My Hubspot Connector", "credentials": {"refresh_token": world.refresh_token}}
    answer = await client.post("/v1/integrations/connectors", body, token=scoped)
    assert answer.status == 200, answer.body
    connector_id = answer.json["id"]
    # 3b
    wrong = await client.post(
        CONNECTORS, {**USER, "external_user_id": "other", "credentials": {"refresh_token": "x"}}, token=scoped
    )
    assert (wrong.status, wrong.code) == (403, "workspace_mismatch")
    # 3c
    wrong = await client.post(
        CONNECTORS, {**USER, "connector_type": "Nope", "credentials": {"refresh_token": "x"}}, token=scoped
    )
    assert (wrong.status, wrong.code) == (404, "connector_type_unknown")
    assert wrong.json["errors"][0]["details"] == {"known": ["HubSpot"]}
    # 3d
    wrong = await client.post(CONNECTORS, {**USER, "name": "x", "credentials": {"refresh_token": "x"}}, token=scoped)
    assert (wrong.status, wrong.code) == (422, "invalid_credentials")
    assert wrong.json["errors"][0]["error_code"] == "refresh_token_invalid"
    # 4
    seed_path = f"/api/v1/connectors/sources/{connector_id}/execute"
    call = {"entity": "contacts", "action": "list", "params": {}}
    answer = await client.post(seed_path, call, token=scoped)
    assert (answer.status, list(answer.json)) == (
        200,
        ["status", "result", "connector_metadata", "execution_metadata"],
    )
    assert len(answer.json["result"]) == 10
    # 4b
    assert (await client.post(seed_path, call, token=app)).status == 200
    refused = await client.post(seed_path, call)
    assert (refused.status, refused.code) == (401, "missing_token")
    assert refused.headers["www-authenticate"] == 'Bearer realm="agent-server"'
    # 5
    answer = await client.get(
        "/api/v1/connectors/connectors_for_user?external_user_id=user-123"
        "&definition_id=36c891d9-4bd9-43ac-bad2-10e12756272c",
        token=app,
    )
    assert [item["id"] for item in answer.json["connectors"]] == [connector_id]
    # 6
    initiate = f"{CONNECTORS}/oauth/initiate"
    redirect_url = "http://127.0.0.1:8123/oauth/callback?user=7"
    answer = await client.post(initiate, {**USER, "redirect_url": redirect_url}, token=app)
    assert (answer.status, answer.json["completion"]) == (200, "secret_id")
    consent_url = answer.json["consent_url"]
    # 6b
    seed_url = "https://yourapp.com/oauth/callback"
    refused = await client.post(initiate, {**USER, "redirect_url": seed_url}, token=app)
    assert (refused.status, refused.code) == (422, "redirect_origin_not_allowed")
    # 7
    callback = await world.consent(consent_url)
    back = await client.get(callback)
    assert back.status == 302
    assert back.headers["referrer-policy"] == "no-referrer"
    location = back.headers["location"]
    assert location.startswith(f"{redirect_url}&secret_id=")
    secret_id = parse_qs(urlsplit(location).query)["secret_id"][0]
    # 7b
    again = await client.get(callback)
    assert (again.status, "location" in again.headers) == (400, False)
    # 8
    body = {**USER, "name": "My Hubspot Connector", "server_side_oauth_secret_id": secret_id}
    created = await client.post(CONNECTORS, body, token=app)
    assert created.status == 200
    used = await client.post(CONNECTORS, body, token=app)
    assert (used.status, used.json["message"]) == (422, "Invalid secret_id")
    # 9
    answer = await client.post(
        initiate,
        {"workspace_name": "user-456", "connector_type": "hubspot", "redirect_url": "http://127.0.0.1:8123/cb"},
        token=app,
    )
    location = (await client.get(await world.consent(answer.json["consent_url"]))).headers["location"]
    other_id = parse_qs(urlsplit(location).query)["connector_id"][0]
    assert (await client.post(f"{CONNECTORS}/{other_id}/execute", call, token=app)).status == 200
    # 11
    answer = await client.delete(f"{CONNECTORS}/{connector_id}", token=app)
    assert answer.json == {
        "id": connector_id,
        "deleted_at": "2026-11-23T10:00:00Z",
        "job_id": connector_id,
        "upstream_revocation": "skipped",
    }
    gone = await client.post(seed_path, call, token=app)
    assert (gone.status, gone.code) == (404, "connector_not_found")
    # 12
    for path in ("/healthz", "/readyz", "/.well-known/jwks.json"):
        assert (await client.get(path)).status == 200, path
