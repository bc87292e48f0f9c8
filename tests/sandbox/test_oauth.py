"""The token endpoints."""

import base64
import hashlib

import pytest
from starlette.applications import Starlette

from hubspot_sandbox import Behaviour, Portal, VirtualClock, create_app
from sandbox.asgi import Client, Reply

NEW = "/oauth/2026-03/token"
V1 = "/oauth/v1/token"
CALLBACK = "http://127.0.0.1:9000/callback"


@pytest.fixture
def secrets(portal: Portal) -> dict[str, str]:
    app = portal.tokens.apps()[0]
    return {"client_id": app.client_id, "client_secret": app.client_secret}


def refresh(portal: Portal, secrets: dict[str, str], **more: str) -> dict[str, str]:
    token = portal.tokens.grants()[0].refresh_token
    return {"grant_type": "refresh_token", "refresh_token": token, **secrets, **more}


async def test_v1_answers_four_fields_and_keeps_the_refresh_token(
    anonymous: Client, portal: Portal, secrets: dict[str, str]
) -> None:
    fields = refresh(portal, secrets)

    reply = await anonymous.send("POST", V1, form=fields)
    again = await anonymous.send("POST", V1, form=fields)

    body = reply.json()
    assert body == {
        "token_type": "bearer",
        "refresh_token": fields["refresh_token"],
        "access_token": body["access_token"],
        "expires_in": 1800,
    }
    assert (str(body["access_token"])[0], len(str(body["access_token"]))) == ("C", 588)
    assert again.json()["access_token"] != body["access_token"]


@pytest.mark.parametrize("path", [NEW, "/oauth/v3/token", "/oauth/2026-09/token/"])
async def test_newer_endpoints_tell_hub_user_and_scopes(
    anonymous: Client, portal: Portal, secrets: dict[str, str], path: str
) -> None:
    reply = await anonymous.send("POST", path, form=refresh(portal, secrets, scope="tickets oauth unknown"))

    body = reply.json()
    assert {name: body[name] for name in ("hub_id", "user_id", "scopes", "token_use")} == {
        "hub_id": portal.hub_id,
        "user_id": portal.identifiers.user_id(0),
        "scopes": ["oauth", "tickets"],
        "token_use": "access_token",
    }


async def test_a_json_body_is_taken_too(anonymous: Client, portal: Portal, secrets: dict[str, str]) -> None:
    reply = await anonymous.send("POST", NEW, body={**refresh(portal, secrets), "scope": None})

    assert reply.status == 200


async def test_a_rotating_portal_gives_new_refresh_tokens(clock: VirtualClock) -> None:
    app = create_app(portal="small", clock=clock, behaviour=Behaviour(rotate_refresh_tokens=True))
    portal: Portal = app.state.portal
    registered = portal.tokens.apps()[0]
    secrets = {"client_id": registered.client_id, "client_secret": registered.client_secret}
    fields = refresh(portal, secrets)

    first = await Client(app).send("POST", NEW, form=fields)
    stale = await Client(app).send("POST", NEW, form=fields)
    listed = await Client(app).send("GET", "/_sandbox/credentials")

    assert first.json()["refresh_token"] != fields["refresh_token"]
    assert stale.status == 400
    assert listed.json()["refresh_token"] == first.json()["refresh_token"]


async def test_dead_refresh_tokens_are_refused_in_the_style_of_the_version(
    anonymous: Client, secrets: dict[str, str]
) -> None:
    fields = {"grant_type": "refresh_token", "refresh_token": "na1-gone", **secrets}

    new = await anonymous.send("POST", NEW, form=fields)
    old = await anonymous.send("POST", V1, form=fields)

    assert new.status == old.status == 400
    assert new.json() == {
        "error": "invalid_grant",
        "error_description": "refresh token is invalid, expired or revoked",
        "status": "BAD_REFRESH_TOKEN",
        "message": "refresh token is invalid, expired or revoked",
    }
    assert old.json() == {
        "status": "BAD_REFRESH_TOKEN",
        "message": "missing or invalid refresh token",
        "correlationId": old.headers["x-hubspot-correlation-id"],
    }


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_id": "nobody"}, "BAD_CLIENT_ID", "invalid_client"),
        ({"client_secret": "wrong"}, "BAD_CLIENT_SECRET", "invalid_client"),
        ({"grant_type": "password"}, "BAD_GRANT_TYPE", "unsupported_grant_type"),
        ({"grant_type": "authorization_code", "code": "x"}, "BAD_AUTH_CODE", "invalid_grant"),
    ],
)
async def test_other_refusals_name_status_and_error(
    anonymous: Client, portal: Portal, secrets: dict[str, str], change: dict[str, str], status: str, error: str
) -> None:
    reply = await anonymous.send("POST", NEW, form={**refresh(portal, secrets), **change})

    assert (reply.status, reply.json()["status"], reply.json()["error"]) == (400, status, error)
    assert reply.json()["correlationId"] == reply.headers["x-hubspot-correlation-id"]


async def test_client_credentials_give_an_access_token_only(anonymous: Client, secrets: dict[str, str]) -> None:
    fields = {"grant_type": "client_credentials", "scope": "developer.webhooks_journal.read", **secrets}

    new = await anonymous.send("POST", NEW, form=fields)
    old = await anonymous.send("POST", V1, form=fields)

    assert (new.json()["token_use"], new.json()["scopes"]) == (
        "client_credentials",
        ["developer.webhooks_journal.read"],
    )
    assert sorted(old.json()) == ["access_token", "expires_in", "token_type"]


async def exchange(app: Starlette, secrets: dict[str, str], **fields: str) -> Reply:
    given = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, **secrets, **fields}
    return await Client(app).send("POST", NEW, form=given)


def challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


async def test_a_code_works_once_for_its_redirect_and_verifier(
    app: Starlette, portal: Portal, secrets: dict[str, str]
) -> None:
    code = portal.tokens.mint_code(
        portal.tokens.apps()[0], redirect_uri=CALLBACK, scopes=["oauth"], code_challenge=challenge("v" * 43)
    ).code

    elsewhere = await exchange(app, secrets, code=code, redirect_uri="http://127.0.0.1/other", code_verifier="v" * 43)
    unproven = await exchange(app, secrets, code=code)
    good = await exchange(app, secrets, code=code, code_verifier="v" * 43)
    again = await exchange(app, secrets, code=code, code_verifier="v" * 43)

    assert [reply.json().get("status") for reply in (elsewhere, unproven, good, again)] == [
        "MISMATCH_REDIRECT_URI_AUTH_CODE",
        "BAD_CODE_VERIFIER",
        None,
        "BAD_AUTH_CODE",
    ]
    assert good.json()["scopes"] == ["oauth"]


async def test_a_code_expires(app: Starlette, portal: Portal, secrets: dict[str, str], clock: VirtualClock) -> None:
    code = portal.tokens.mint_code(portal.tokens.apps()[0], redirect_uri=CALLBACK, scopes=["oauth"]).code
    clock.advance(300)

    assert (await exchange(app, secrets, code=code)).json()["status"] == "EXPIRED_AUTH_CODE"


async def test_introspection_tells_access_and_refresh_tokens_apart(
    anonymous: Client, portal: Portal, secrets: dict[str, str], clock: VirtualClock
) -> None:
    grant = portal.tokens.grants()[0]
    access = portal.tokens.mint_access_token(grant, ["oauth"])
    clock.advance(10)
    path = f"{NEW}/introspect"

    one = await anonymous.send("POST", path, form={**secrets, "token": access.token})
    two = await anonymous.send("POST", path, form={**secrets, "refresh_token": grant.refresh_token})
    three = await anonymous.send("POST", path, form={**secrets, "access_token": "unknown"})
    clock.advance(1790)
    late = await anonymous.send("POST", path, form={**secrets, "token": access.token})

    names = ("active", "token_type", "token_use", "hub_id", "expires_in", "scopes")
    assert [one.json()[name] for name in names] == [True, "Bearer", "access_token", portal.hub_id, 1790, ["oauth"]]
    assert [two.json()[name] for name in ("active", "token_use", "app_id")] == [True, "refresh_token", grant.app_id]
    assert three.json() == late.json() == {"active": False}


async def test_revocation_ends_refresh_and_access_tokens_alone(
    app: Starlette, anonymous: Client, portal: Portal, secrets: dict[str, str]
) -> None:
    grant = portal.tokens.grants()[0]
    access = portal.tokens.mint_access_token(grant, grant.scopes)
    path = f"{NEW}/revoke"

    revoked = await anonymous.send("POST", path, form={**secrets, "token": grant.refresh_token})
    refreshed = await anonymous.send(
        "POST", NEW, form={"grant_type": "refresh_token", "refresh_token": grant.refresh_token, **secrets}
    )
    still = await Client(app, access.token).send("GET", "/crm/v3/owners/")
    await anonymous.send("POST", path, form={**secrets, "token": access.token})
    gone = await Client(app, access.token).send("GET", "/crm/v3/owners/")

    assert (revoked.status, revoked.content, refreshed.status) == (204, b"", 400)
    assert (still.status, gone.status, gone.json()["category"]) == (200, 401, "INVALID_AUTHENTICATION")


async def test_v1_informs_about_tokens_and_deletes_refresh_tokens(anonymous: Client, portal: Portal) -> None:
    grant = portal.tokens.grants()[0]
    access = portal.tokens.mint_access_token(grant, ["oauth"])

    one = await anonymous.send("GET", f"/oauth/v1/access-tokens/{access.token}")
    two = await anonymous.send("GET", f"/oauth/v1/refresh-tokens/{grant.refresh_token}")
    deleted = await anonymous.send("DELETE", f"/oauth/v1/refresh-tokens/{grant.refresh_token}")
    three = await anonymous.send("GET", f"/oauth/v1/refresh-tokens/{grant.refresh_token}")
    four = await anonymous.send("GET", "/oauth/v1/access-tokens/unknown")

    assert list(one.json()) == [
        "token",
        "user",
        "hub_domain",
        "scopes",
        "signed_access_token",
        "token_type",
        "user_id",
        "is_private_distribution",
        "hub_id",
        "expires_in",
        "app_id",
    ]
    assert list(two.json()) == ["token", "user", "hub_domain", "scopes", "client_id", "hub_id", "user_id", "token_type"]
    assert (deleted.status, three.status, four.status) == (204, 404, 404)


async def test_a_private_app_token_tells_its_scopes(anonymous: Client, portal: Portal) -> None:
    token = portal.tokens.mint_private_token(["oauth", "tickets"])
    path = "/oauth/v2/private-apps/get/access-token-info"

    known = await anonymous.send("POST", path, body={"tokenKey": token.token})
    unknown = await anonymous.send("POST", path, body={"tokenKey": "pat-na1-x"})

    assert known.json() == {
        "userId": portal.identifiers.user_id(0),
        "hubId": portal.hub_id,
        "appId": token.app_id,
        "scopes": ["oauth", "tickets"],
    }
    assert unknown.status == 404


async def test_each_token_endpoint_exists_in_its_versions_only(anonymous: Client, secrets: dict[str, str]) -> None:
    revoke = await anonymous.send("POST", "/oauth/v1/token/revoke", form=secrets)
    unversioned = await anonymous.send("POST", "/oauth/token", form=secrets)

    assert (revoke.status, unversioned.status) == (404, 404)
