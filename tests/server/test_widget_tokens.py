import json
from base64 import b64decode, urlsafe_b64decode

import pytest

from server.world import CONNECTORS, PUBLIC_URL, World

MINT = "/api/v1/account/applications/widget-token"
INFO = "/api/v1/account/applications/scoped-token/info"
INITIATE = f"{CONNECTORS}/oauth/initiate"
APP = "https://yourapp.com"
FROM_APP = {"origin": APP}


def claims_in(token: str) -> dict[str, object]:
    decoded: dict[str, object] = json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))
    return decoded


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (MINT, {"workspace_name": "user-123", "allowed_origin": APP}),
        ("/v1/embedded/widget-token", {"externalUserId": "user-123", "allowedOrigin": "https://YourApp.com:443/"}),
        ("/api/v1/embedded/widget_token", {"external_user_id": "user-123", "allowed_origin": APP}),
    ],
)
async def test_a_widget_token_is_base64_of_a_token_and_the_page_to_open(
    world: World, path: str, fields: dict[str, object]
) -> None:
    own = {"organizationId": world.pair.organization_id}
    answer = await world.client.post(path, {**fields, **own}, token=await world.application_token())
    assert (answer.status, set(answer.json)) == (200, {"token"})
    carried = json.loads(b64decode(answer.json["token"], validate=True))
    claims = claims_in(carried["token"])
    assert carried["widgetUrl"] == (
        f"{PUBLIC_URL}/widget?workspaceId={claims['workspace']}&allowedOrigin=https%3A%2F%2Fyourapp.com"
    )
    assert (claims["kind"], claims["allowed_origin"], claims["act"]) == (
        "widget",
        APP,
        {"sub": world.pair.client_id},
    )
    assert claims["scopes"] == ["connectors:read", "connectors:write", "meta:read", "oauth:initiate"]
    assert claims["exp"] - claims["iat"] == 1200  # type: ignore[operator]  # both are numbers
    workspace = await world.server.core.accounts.find_workspace(world.pair.organization_id, name="user-123")
    assert workspace is not None
    assert workspace.id == claims["workspace"]


BODIES: list[tuple[dict[str, object], int, str]] = [
    ({"allowed_origin": "yourapp.com"}, 422, "validation_error"),
    ({"allowed_origin": "http://yourapp.com"}, 422, "validation_error"),
    ({"allowed_origin": "https://yourapp.com/widget"}, 422, "validation_error"),
    ({"allowed_origin": "https://*.yourapp.com x"}, 422, "validation_error"),
    ({"allowed_origin": "loopback"}, 422, "validation_error"),
    ({"allowed_origin": "null"}, 422, "validation_error"),
    ({"allowed_origin": None}, 422, "validation_error"),
    ({"allowed_origin": "http://127.0.0.1:3000"}, 200, ""),
    ({"allowed_origin": "http://[::1]:3000"}, 200, ""),
    ({"permissions": {"manage": True, "all": True}}, 422, "validation_error"),
    ({"workspace_name": None}, 422, "workspace_required"),
    ({"organizationId": "11111111-1111-4111-8111-111111111111"}, 403, "organization_mismatch"),
    ({"organizationId": "mine"}, 400, "invalid_request"),
]


async def test_a_widget_token_is_minted_for_an_origin_that_browsers_could_have(world: World) -> None:
    for fields, status, code in BODIES:
        body = {"workspace_name": "user-123", "allowed_origin": APP, **fields}
        answer = await world.client.post(MINT, body, token=await world.application_token())
        assert answer.status == status
        assert status == 200 or answer.code == code


async def test_what_is_wrong_with_an_origin_is_said_in_one_sentence(world: World) -> None:
    body = {"workspace_name": "user-123", "allowed_origin": "yourapp.com"}
    answer = await world.client.post(MINT, body, token=await world.application_token())
    assert answer.json["message"] == (
        "allowed_origin: 'yourapp.com' is not an origin: write it like https://yourapp.com."
    )


ORIGINS: list[tuple[dict[str, str], bool]] = [
    (FROM_APP, True),
    ({"origin": PUBLIC_URL}, True),
    ({"sec-fetch-site": "same-origin"}, True),
    ({"origin": APP, "sec-fetch-site": "cross-site"}, True),
    ({}, False),
    ({"sec-fetch-site": "none"}, False),
    ({"sec-fetch-site": "cross-site"}, False),
    ({"origin": "null"}, False),
    ({"origin": ""}, False),
    ({"origin": "null", "sec-fetch-site": "same-origin"}, False),
    ({"origin": "https://evil.example"}, False),
    ({"origin": "https://evil.example", "sec-fetch-site": "same-origin"}, False),
    ({"origin": "http://yourapp.com"}, False),
    ({"origin": "https://yourapp.com:444"}, False),
    ({"origin": "https://yourapp.com.evil.example"}, False),
]


async def test_a_widget_token_works_from_its_own_pages_only(world: World) -> None:
    for headers, admitted in ORIGINS:
        answer = await world.client.get(CONNECTORS, token=await world.widget_token(), headers=headers)
        assert answer.status == (200 if admitted else 403)
        assert admitted or answer.code == "origin_mismatch"
        shared = {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}
        if headers.get("origin") == APP:
            assert shared == {
                "access-control-allow-origin": APP,
                "access-control-expose-headers": "idempotency-replayed, retry-after, x-request-id",
            }
            assert answer.headers["vary"] == "origin"
        else:
            assert shared == {}


async def test_errors_can_be_read_by_the_page_too_and_other_tokens_are_shared_with_nobody(world: World) -> None:
    answer = await world.client.get(f"{CONNECTORS}/x", token=await world.widget_token(), headers=FROM_APP)
    assert (answer.code, answer.headers["access-control-allow-origin"]) == ("connector_not_found", APP)
    for token in (await world.scoped_token(), None):
        answer = await world.client.get(CONNECTORS, token=token, headers=FROM_APP)
        assert "access-control-allow-origin" not in answer.headers


async def test_that_a_widget_token_is_no_longer_good_can_be_read_by_its_own_pages_only(world: World) -> None:
    token = await world.widget_token()

    async def refused(headers: dict[str, str]) -> tuple[str | None, str | None]:
        answer = await world.client.get(CONNECTORS, token=token, headers=headers)
        return answer.code, answer.headers.get("access-control-allow-origin")

    assert (await world.client.get(CONNECTORS, token=token, headers=FROM_APP)).status == 200
    world.clock.advance(1200 + 30)
    assert await refused(FROM_APP) == ("token_expired", APP)
    for headers in ({}, {"origin": "https://evil.example"}, {"origin": "null"}):
        assert await refused(headers) == ("token_expired", None)
    token = token[:-4] + "AAAA"  # signed by somebody else
    assert await refused(FROM_APP) == ("invalid_token", None)


async def test_that_its_workspace_was_switched_off_can_be_read_by_the_page(world: World) -> None:
    token = await world.widget_token()
    workspace_id = claims_in(token)["workspace"]
    off = {"status": "inactive"}
    await world.client.put(f"/api/v1/workspaces/{workspace_id}", off, token=await world.application_token())
    answer = await world.client.get(CONNECTORS, token=token, headers=FROM_APP)
    assert (answer.code, answer.headers["access-control-allow-origin"]) == ("workspace_inactive", APP)


PREFLIGHTS = [
    ("GET", CONNECTORS, True),
    ("POST", CONNECTORS, True),
    ("POST", INITIATE, True),
    ("DELETE", f"{CONNECTORS}/7", True),
    ("GET", "/v1/connectors/connectors_for_user", True),
    ("POST", "/v1/integrations/sources/", True),
    ("GET", INFO, True),
    ("POST", f"{CONNECTORS}/7/execute", False),
    ("POST", "/api/v1/connectors/sources/7/execute", False),
    ("POST", MINT, False),
    ("POST", "/api/v1/account/applications/token", False),
    ("GET", "/healthz", False),
    ("GET", "/nowhere", False),
    ("", CONNECTORS, False),
]


async def test_browsers_are_told_what_pages_may_call(world: World) -> None:
    for method, path, open_to_pages in PREFLIGHTS:
        headers = {"origin": APP, "access-control-request-method": method}
        answer = await world.client.call("OPTIONS", path, headers=headers)
        shared = {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}
        if open_to_pages:
            assert (answer.status, shared) == (
                204,
                {
                    "access-control-allow-origin": APP,
                    "access-control-allow-methods": method,
                    "access-control-allow-headers": (
                        "authorization, content-type, idempotency-key, x-organization-id, x-request-id"
                    ),
                    "access-control-max-age": "600",
                },
            )
        else:
            assert (answer.status in {404, 405}, shared) == (True, {})


async def test_a_widget_token_neither_executes_nor_mints(world: World) -> None:
    connector_id = await world.create_connector(await world.scoped_token())
    token = await world.widget_token()
    for path, body in (
        (f"{CONNECTORS}/{connector_id}/execute", {"entity": "contacts", "action": "list"}),
        (MINT, {"workspace_name": "user-123", "allowed_origin": APP}),
    ):
        answer = await world.client.post(path, body, token=token, headers=FROM_APP)
        assert (answer.status, answer.code) == (403, "token_not_allowed")


async def test_a_widget_token_says_whose_it_is_and_where_it_works(world: World) -> None:
    token = await world.widget_token(permissions={"manage": True})
    info = (await world.client.get(INFO, token=token, headers=FROM_APP)).json
    assert info == {
        "organization_id": world.pair.organization_id,
        "workspace_id": info["workspace_id"],
        "workspace_name": "user-123",
        "expires_at": "2026-11-23T10:20:00Z",
        "permissions": {"read_only": False, "manage": True, "connector_ids": None, "allow": None},
        "allowed_origin": APP,
    }


async def test_permissions_take_from_a_widget_token_too(world: World) -> None:
    token = await world.widget_token(permissions={})
    body = {"connector_type": "hubspot", "redirect_url": f"{APP}/cb"}
    answer = await world.client.post(INITIATE, body, token=token, headers=FROM_APP)
    assert (answer.status, answer.code) == (403, "token_not_allowed")
    assert (await world.client.get(CONNECTORS, token=token, headers=FROM_APP)).status == 200


async def test_a_widget_token_acts_in_its_workspace_only(world: World) -> None:
    connector_id = await world.create_connector(await world.scoped_token("user-1"))
    token = await world.widget_token("user-2")
    answer = await world.client.get(f"{CONNECTORS}/{connector_id}", token=token, headers=FROM_APP)
    assert (answer.status, answer.code) == (404, "connector_not_found")
    answer = await world.client.get(f"{CONNECTORS}?workspace_name=user-1", token=token, headers=FROM_APP)
    assert (answer.status, answer.code) == (403, "workspace_mismatch")


REDIRECTS = [
    (f"{APP}/oauth/callback?user=7", None),
    (f"{PUBLIC_URL}/widget-bridge", None),
    ("http://127.0.0.1:8123/cb", "redirect_origin_not_allowed"),
    ("https://evil.example/cb", "redirect_origin_not_allowed"),
    (f"{APP}/cb?connector_id=1", "invalid_redirect_url"),
]


async def test_a_consent_that_a_page_started_comes_back_to_that_page_or_to_ours(world: World) -> None:
    for redirect_url, code in REDIRECTS:
        body = {"connector_type": "hubspot", "redirect_url": redirect_url}
        answer = await world.client.post(INITIATE, body, token=await world.widget_token(), headers=FROM_APP)
        assert answer.status == (200 if code is None else 422)
        assert code is None or answer.code == code
        if code == "redirect_origin_not_allowed":
            assert "widget token" in answer.json["message"]
