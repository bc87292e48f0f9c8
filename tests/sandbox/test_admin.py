"""What a developer may do to the sandbox itself."""

from starlette.applications import Starlette

from hubspot_sandbox import Behaviour, Portal, VirtualClock, create_app
from sandbox.asgi import Client


async def test_credentials_tell_all_a_client_needs(anonymous: Client, portal: Portal) -> None:
    reply = await anonymous.send("GET", "/_sandbox/credentials")

    app = portal.tokens.apps()[0]
    assert reply.json() == {
        "base_url": "http://sandbox.test",
        "authorize_url": "http://sandbox.test/oauth/authorize",
        "token_url": "http://sandbox.test/oauth/2026-03/token",
        "hub_id": portal.hub_id,
        "seed": 7,
        "portal": "small",
        "app_id": 7654321,
        "app_name": "Agent connector",
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "redirect_uris": ["https://yourapp.com/oauth/callback"],
        "scopes": list(app.scopes),
        "refresh_token": portal.tokens.grants()[0].refresh_token,
        "private_app_token": portal.tokens.access_tokens()[0].token,
    }


async def test_further_tokens_may_have_fewer_scopes(app: Starlette, anonymous: Client, portal: Portal) -> None:
    narrow = await anonymous.send("POST", "/_sandbox/refresh-tokens", body={"scopes": ["tickets"]})
    wide = await anonymous.send("POST", "/_sandbox/refresh-tokens")
    private = await anonymous.send("POST", "/_sandbox/private-app-tokens", body={"scopes": ["tickets"]})

    token = str(private.json()["private_app_token"])
    assert (narrow.status, narrow.json()["scopes"]) == (201, ["tickets"])
    assert wide.json()["scopes"] == list(portal.tokens.apps()[0].scopes)
    assert (await Client(app, token).send("GET", "/crm/v3/objects/tickets")).status == 200
    assert (await Client(app, token).send("GET", "/crm/v3/objects/deals")).status == 403


async def test_tokens_can_be_revoked_and_expired(
    oauth_client: Client, client: Client, anonymous: Client, portal: Portal
) -> None:
    expired = await anonymous.send("POST", "/_sandbox/tokens/expire")
    after_expiry = await oauth_client.send("GET", "/crm/v3/owners")
    private = await client.send("GET", "/crm/v3/owners")
    tokens = [token.token for token in portal.tokens.access_tokens()]
    revoked = [await anonymous.send("POST", "/_sandbox/tokens/revoke", body={"token": token}) for token in tokens]
    refresh = {"token": portal.tokens.grants()[0].refresh_token}
    await anonymous.send("POST", "/_sandbox/tokens/revoke", body=refresh)
    unknown = await anonymous.send("POST", "/_sandbox/tokens/revoke", body=refresh)
    after_revocation = await client.send("GET", "/crm/v3/owners")
    listed = await anonymous.send("GET", "/_sandbox/credentials")

    assert expired.json() == {"expired": 1}
    assert (after_expiry.status, after_expiry.json()["category"]) == (401, "EXPIRED_AUTHENTICATION")
    assert (private.status, after_revocation.status) == (200, 401)
    assert [reply.json() for reply in revoked] == [{"revoked": True}] * 3
    assert unknown.json() == {"revoked": False}
    assert (listed.json()["refresh_token"], listed.json()["private_app_token"]) == (None, None)


async def test_a_virtual_clock_is_moved_by_request(anonymous: Client) -> None:
    moved = await anonymous.send("POST", "/_sandbox/clock/advance", body={"seconds": 1.5})
    read = await anonymous.send("GET", "/_sandbox/clock")
    wrong = await anonymous.send("POST", "/_sandbox/clock/advance", body={"seconds": "soon"})

    assert moved.json() == {"now": "2026-11-02T09:00:01.500Z", "now_ms": 1793610001500, "virtual": True}
    assert read.json() == moved.json()
    assert wrong.status == 400


async def test_the_machines_clock_cannot_be_moved() -> None:
    client = Client(create_app(portal="small", behaviour=Behaviour()))

    assert (await client.send("POST", "/_sandbox/clock/advance", body={"seconds": 1})).status == 400
    assert (await client.send("GET", "/_sandbox/clock")).json()["virtual"] is False


async def test_requests_are_logged_and_counted(client: Client, anonymous: Client, portal: Portal) -> None:
    await client.send("GET", "/crm/v3/objects/contacts?limit=1")
    await anonymous.send("GET", "/crm/objects/2026-03/deals")
    await anonymous.send("GET", "/nowhere")

    log = await anonymous.send("GET", "/_sandbox/requests?limit=3")
    counts = await anonymous.send("GET", "/_sandbox/requests/counts")

    shown = [
        tuple(entry[name] for name in ("method", "path", "query", "status", "auth_kind", "route"))
        for entry in log.json()["requests"]
    ]
    assert shown == [
        ("GET", "/crm/v3/objects/contacts", "limit=1", 200, "private_app", "/crm/objects/{type}"),
        ("GET", "/crm/objects/2026-03/deals", "", 401, "none", "/crm/objects/{type}"),
        ("GET", "/nowhere", "", 404, "none", ""),
    ]
    assert counts.json() == {
        "total": 4,
        "counts": [
            {"method": "GET", "route": "", "status": 404, "count": 1},
            {"method": "GET", "route": "/_sandbox/requests", "status": 200, "count": 1},
            {"method": "GET", "route": "/crm/objects/{type}", "status": 200, "count": 1},
            {"method": "GET", "route": "/crm/objects/{type}", "status": 401, "count": 1},
        ],
    }
    assert portal.log.count(route="/crm/objects/{type}") == 2
    assert portal.log.count(method="GET", status=404) == 1

    await anonymous.send("DELETE", "/_sandbox/requests")
    assert portal.log.count() == 1


async def test_the_clock_of_a_test_moves_tokens_too(clock: VirtualClock, oauth_client: Client) -> None:
    clock.advance(1800)

    assert (await oauth_client.send("GET", "/crm/v3/owners")).status == 401
