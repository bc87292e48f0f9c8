import base64
import json

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey
from sqlalchemy import update

from airbyte_agent_server.db.engine import open_database
from airbyte_agent_server.db.tables import clients, workspaces
from server.world import CONNECTORS, PUBLIC_URL, World

TOKENS = "/api/v1/account/applications"


def claims_in(token: str) -> dict[str, object]:
    payload = token.split(".")[1]
    decoded: dict[str, object] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return decoded


async def test_an_application_token_verifies_with_the_published_keys_and_says_what_the_contract_wants(
    world: World,
) -> None:
    token = await world.application_token()
    answer = await world.client.get("/.well-known/jwks.json")
    assert answer.headers["cache-control"] == "max-age=300"
    [key] = answer.json["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    verified = jwt.decode(token, KeySet.import_key_set(answer.json), algorithms=["ES256"])
    assert verified.header == {"typ": "at+jwt", "alg": "ES256", "kid": key["kid"]}
    assert verified.claims == {
        "iss": PUBLIC_URL,
        "aud": "agent-server",
        "sub": world.pair.client_id,
        "client_id": world.pair.client_id,
        "kind": "application",
        "org": world.pair.organization_id,
        "scopes": [
            "audit:read",
            "connectors:read",
            "connectors:write",
            "execute:read",
            "execute:write",
            "meta:read",
            "oauth:initiate",
            "org:admin",
            "tokens:mint",
        ],
        "iat": 1795428000,
        "exp": 1795428900,
        "jti": verified.claims["jti"],
    }


async def test_a_scoped_token_names_its_workspace_and_the_client_that_asked_for_it(world: World) -> None:
    claims = claims_in(await world.scoped_token())
    assert claims["sub"] == claims["workspace"]
    assert claims["act"] == {"sub": world.pair.client_id}
    assert claims["kind"] == "scoped"


async def test_the_token_endpoint_takes_a_form_too(world: World) -> None:
    secret = world.pair.client_secret.get_secret_value()
    answer = await world.client.post(
        f"{TOKENS}/token/",
        headers={"content-type": "application/x-www-form-urlencoded"},
        body=f"grant_type=client_credentials&client_id={world.pair.client_id}&client_secret={secret}".encode(),
    )
    assert answer.status == 200


async def test_a_wrong_pair_is_refused_in_the_words_of_oauth_libraries(world: World) -> None:
    answer = await world.client.post(f"{TOKENS}/token", {"client_id": "a", "client_secret": "b"})
    assert (answer.status, answer.code, answer.json["error"]) == (401, "invalid_client", "invalid_client")
    assert answer.json["error_description"] == answer.json["message"]


async def test_a_missing_client_secret_is_named(world: World) -> None:
    answer = await world.client.post(f"{TOKENS}/token", {"client_id": "a", "client_secret": None})
    assert (answer.status, answer.code) == (422, "validation_error")
    assert answer.json["errors"] == [
        {"field": "client_secret", "message": "client_secret: it is required.", "error_code": "missing", "details": {}}
    ]


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("", "missing_token"),
        ("Basic abc", "missing_token"),
        ("Bearer ", "missing_token"),
        ("Bearer abc", "invalid_token"),
        ("Bearer a.b.c", "invalid_token"),
        ("Bearer eyJhbGciOiJub25lIn0.e30.", "invalid_token"),
    ],
)
async def test_what_is_no_token_is_refused(world: World, authorization: str, code: str) -> None:
    answer = await world.client.get(CONNECTORS, headers={"authorization": authorization})
    assert (answer.status, answer.code) == (401, code)
    assert answer.headers["www-authenticate"].startswith('Bearer realm="agent-server"')


async def test_a_token_of_another_key_algorithm_audience_or_type_is_refused(world: World) -> None:
    good = await world.application_token()
    claims = claims_in(good)
    own = await world.signing_key()
    foreign = ECKey.generate_key("P-256")
    header = {"alg": "ES256", "kid": own.kid, "typ": "at+jwt"}
    forged = [
        jwt.encode(header, claims, foreign, algorithms=["ES256"]),
        jwt.encode({**header, "alg": "HS256"}, claims, OctKey.import_key(b"k" * 32), algorithms=["HS256"]),
        jwt.encode(header, {**claims, "aud": "another"}, own, algorithms=["ES256"]),
        jwt.encode(header, {**claims, "iss": "https://another.example"}, own, algorithms=["ES256"]),
        jwt.encode({**header, "typ": "JWT"}, claims, own, algorithms=["ES256"]),
        jwt.encode(header, {**claims, "scopes": ["everything"]}, own, algorithms=["ES256"]),
    ]
    assert (await world.client.get(f"{CONNECTORS}?workspace_name=x", token=good)).status == 200
    for token in forged:
        answer = await world.client.get(f"{CONNECTORS}?workspace_name=x", token=token)
        assert (answer.status, answer.code) == (401, "invalid_token")


async def test_a_token_expires_after_its_life_and_half_a_minute_for_slow_clocks(world: World) -> None:
    token = await world.scoped_token()
    world.clock.advance(1200 + 29)
    assert (await world.client.get(CONNECTORS, token=token)).status == 200
    world.clock.advance(1)
    answer = await world.client.get(CONNECTORS, token=token)
    assert (answer.status, answer.code) == (401, "token_expired")


@pytest.mark.parametrize("table", ["clients", "workspaces"])
async def test_a_disabled_client_or_workspace_stops_its_tokens_within_half_a_minute(world: World, table: str) -> None:
    token = await world.scoped_token()
    assert (await world.client.get(CONNECTORS, token=token)).status == 200
    statement = (
        update(clients).values(disabled_at=world.clock.now())
        if table == "clients"
        else update(workspaces).values(status="inactive")
    )
    database = open_database(world.settings.effective_database_url)
    async with database.write() as connection:
        await connection.execute(statement)
    await database.close()
    world.clock.advance(30)
    answer = await world.client.get(CONNECTORS, token=token)
    expected = (401, "invalid_token") if table == "clients" else (403, "workspace_inactive")
    assert (answer.status, answer.code) == expected


async def test_only_application_tokens_mint_and_only_scoped_ones_are_described(world: World) -> None:
    scoped = await world.scoped_token()
    answer = await world.client.post(f"{TOKENS}/scoped-token", {"workspace_name": "x"}, token=scoped)
    assert (answer.status, answer.code) == (403, "token_not_allowed")
    answer = await world.client.get(f"{TOKENS}/scoped-token/info", token=await world.application_token())
    assert (answer.status, answer.code) == (403, "token_not_allowed")


@pytest.mark.parametrize(
    "spelling", ["workspace_name", "external_user_id", "customer_name", "external_id", "externalUserId"]
)
async def test_every_spelling_of_the_tenant_names_the_same_workspace(world: World, spelling: str) -> None:
    first = claims_in(await world.scoped_token("user-123"))["workspace"]
    answer = await world.client.post(
        f"{TOKENS}/scoped-token", {spelling: "user-123"}, token=await world.application_token()
    )
    assert answer.json["workspace_id"] == first
    assert answer.json["workspace_name"] == "user-123"


async def test_a_workspace_can_be_named_by_its_id_but_not_made_by_it(world: World) -> None:
    token = await world.application_token()
    workspace_id = claims_in(await world.scoped_token("user-123"))["workspace"]
    answer = await world.client.post(f"{TOKENS}/scoped-token", {"workspace_id": workspace_id}, token=token)
    assert answer.json["workspace_name"] == "user-123"
    both = {"workspace_id": workspace_id, "workspace_name": "another"}
    answer = await world.client.post(f"{TOKENS}/scoped-token", both, token=token)
    assert (answer.status, answer.code) == (422, "conflicting_fields")
    unknown = "11111111-1111-4111-8111-111111111111"
    answer = await world.client.post(f"{TOKENS}/scoped-token", {"workspace_id": unknown}, token=token)
    assert (answer.status, answer.code) == (404, "workspace_not_found")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "workspace_required"),
        ({"workspace_name": ""}, "validation_error"),
        ({"workspace_name": "a\nb"}, "validation_error"),
        ({"workspace_name": "x" * 256}, "validation_error"),
        ({"workspace_name": 7}, "validation_error"),
        ({"workspace_name": "a", "customer_name": "b"}, "conflicting_fields"),
        ({"workspace_name": "a", "permissions": {"readonly": True}}, "validation_error"),
        ({"workspace_name": "a", "permissions": {"connector_ids": ["x"]}}, "validation_error"),
    ],
)
async def test_a_scoped_token_is_not_minted_for_a_wrong_body(world: World, body: dict[str, object], code: str) -> None:
    answer = await world.client.post(f"{TOKENS}/scoped-token", body, token=await world.application_token())
    assert (answer.status, answer.code) == (422, code)


@pytest.mark.parametrize(
    ("named", "status", "code"),
    [("", 200, ""), ("not-a-uuid", 400, "invalid_request"), ("own", 200, ""), ("other", 403, "organization_mismatch")],
)
async def test_the_organization_header_must_fit_the_token(world: World, named: str, status: int, code: str) -> None:
    value = {"own": world.pair.organization_id.upper(), "other": "11111111-1111-4111-8111-111111111111"}.get(
        named, named
    )
    headers = {"x-organization-id": value}
    secret = world.pair.client_secret.get_secret_value()
    for answer in (
        await world.client.get(
            f"{CONNECTORS}?workspace_name=x", token=await world.application_token(), headers=headers
        ),
        await world.client.post(
            f"{TOKENS}/token", {"client_id": world.pair.client_id, "client_secret": secret}, headers=headers
        ),
    ):
        assert answer.status == status
        assert status == 200 or answer.code == code


async def test_permissions_are_shown_and_take_management_away(world: World) -> None:
    permissions = {
        "read_only": True,
        "connector_ids": ["11111111-1111-4111-8111-111111111111"],
        "allow": [{"entity": "contacts", "actions": ["list"]}, {"entity": "contacts", "actions": ["get"]}],
    }
    token = await world.scoped_token(permissions=permissions)
    info = (await world.client.get(f"{TOKENS}/scoped-token/info", token=token)).json
    assert info["permissions"] == {
        "read_only": True,
        "manage": False,
        "connector_ids": permissions["connector_ids"],
        "allow": [{"entity": "contacts", "actions": ["get", "list"]}],
    }
    assert claims_in(token)["scopes"] == ["connectors:read", "execute:read", "meta:read"]
    answer = await world.client.delete(f"{CONNECTORS}/x", token=token)
    assert (answer.status, answer.code) == (403, "token_not_allowed")


async def test_permissions_with_manage_keep_management(world: World) -> None:
    token = await world.scoped_token(permissions={"manage": True})
    assert "connectors:write" in str(claims_in(token)["scopes"])
    assert (await world.client.get(f"{TOKENS}/scoped-token/info", token=token)).json["permissions"] == {
        "read_only": False,
        "manage": True,
        "connector_ids": None,
        "allow": None,
    }
