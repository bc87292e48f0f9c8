"""Credentials, scopes, rate limits, and the order in which they are checked."""

import uuid

import pytest
from starlette.applications import Starlette

from hubspot_sandbox import Behaviour, Portal, Quotas, VirtualClock, create_app
from sandbox.asgi import Client

CONTACTS = "/crm/v3/objects/contacts"
ALL_SEVEN = {
    "x-hubspot-ratelimit-daily": "625000",
    "x-hubspot-ratelimit-daily-remaining": "624999",
    "x-hubspot-ratelimit-interval-milliseconds": "10000",
    "x-hubspot-ratelimit-max": "190",
    "x-hubspot-ratelimit-remaining": "189",
    "x-hubspot-ratelimit-secondly": "19",
    "x-hubspot-ratelimit-secondly-remaining": "18",
}


def limits(headers: object) -> dict[str, str]:
    assert isinstance(headers, dict)
    return {name: value for name, value in headers.items() if name.startswith("x-hubspot-ratelimit")}


@pytest.mark.parametrize("authorization", ["", "Bearer nothing", "Basic abc", "Bearer"])
async def test_without_a_credential_nothing_is_served(anonymous: Client, authorization: str) -> None:
    reply = await anonymous.send("GET", CONTACTS, headers={"authorization": authorization})

    assert reply.status == 401
    assert reply.json() == {
        "status": "error",
        "message": "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find "
        "more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
        "correlationId": reply.headers["x-hubspot-correlation-id"],
        "category": "INVALID_AUTHENTICATION",
    }


async def test_an_access_token_expires_after_thirty_minutes(oauth_client: Client, clock: VirtualClock) -> None:
    clock.advance(1799)
    fresh = await oauth_client.send("GET", CONTACTS)
    clock.advance(3.5)
    expired = await oauth_client.send("GET", CONTACTS)

    assert (fresh.status, expired.status) == (200, 401)
    assert expired.json() == {
        "status": "error",
        "message": "The OAuth token used to make this call expired 2 second(s) ago.",
        "correlationId": expired.headers["x-hubspot-correlation-id"],
        "context": {"expire time": ["2026-11-02T09:30:00Z"]},
        "category": "EXPIRED_AUTHENTICATION",
    }


async def test_a_missing_scope_names_any_one_that_would_do(app: Starlette, portal: Portal) -> None:
    client = Client(app, portal.tokens.mint_private_token(["oauth"]).token)

    reply = await client.send("GET", "/crm/v3/properties/deals")

    assert reply.status == 403
    assert reply.json() == {
        "status": "error",
        "message": "This app hasn't been granted all required scopes to make this call. "
        "Read more about required scopes here: https://developers.hubspot.com/scopes.",
        "correlationId": reply.headers["x-hubspot-correlation-id"],
        "errors": [
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": ["crm.objects.deals.read", "crm.schemas.deals.read"]},
            }
        ],
        "links": {"scopes": "https://developers.hubspot.com/scopes"},
        "category": "MISSING_SCOPES",
    }


@pytest.mark.parametrize(
    ("scope", "allowed", "refused"),
    [
        ("tickets", "tickets", "contacts"),
        ("e-commerce", "products", "deals"),
        ("sales-email-read", "emails", "notes"),
        ("crm.objects.contacts.read", "notes", "companies"),
        ("crm.objects.custom.read", "installations", "leads"),
    ],
)
async def test_scopes_open_their_types(app: Starlette, portal: Portal, scope: str, allowed: str, refused: str) -> None:
    client = Client(app, portal.tokens.mint_private_token([scope]).token)

    assert (await client.send("GET", f"/crm/v3/objects/{allowed}")).status == 200
    assert (await client.send("GET", f"/crm/v3/objects/{refused}")).status == 403


async def test_the_checks_come_in_hubspots_order(app: Starlette, anonymous: Client, portal: Portal) -> None:
    unscoped = Client(app, portal.tokens.mint_private_token([]).token)
    path = "/crm/v3/objects/widgets/search"

    credential = await anonymous.send("POST", path, body={"after": "x"})
    object_type = await unscoped.send("POST", path, body={"after": "x"})
    scope = await unscoped.send("POST", "/crm/v3/objects/deals/search", body={"after": "x"})

    assert [reply.status for reply in (credential, object_type, scope)] == [401, 400, 403]
    assert object_type.json()["message"] == "Unable to infer object type from: widgets"


async def test_a_private_app_sees_all_seven_limit_headers(client: Client) -> None:
    reply = await client.send("GET", CONTACTS)
    gone = await client.send("DELETE", f"{CONTACTS}/1")
    search = await client.send("POST", f"{CONTACTS}/search", body={})

    assert limits(reply.headers) == ALL_SEVEN
    assert limits(gone.headers)["x-hubspot-ratelimit-remaining"] == "188"
    assert limits(search.headers) == {
        "x-hubspot-ratelimit-daily": "625000",
        "x-hubspot-ratelimit-daily-remaining": "624997",
    }


async def test_an_oauth_app_sees_no_daily_headers_and_none_on_search(oauth_client: Client) -> None:
    reply = await oauth_client.send("GET", CONTACTS)
    refused = await oauth_client.send("GET", f"{CONTACTS}/1")
    search = await oauth_client.send("POST", f"{CONTACTS}/search", body={})

    assert limits(reply.headers) == {
        "x-hubspot-ratelimit-interval-milliseconds": "10000",
        "x-hubspot-ratelimit-max": "110",
        "x-hubspot-ratelimit-remaining": "109",
        "x-hubspot-ratelimit-secondly": "11",
        "x-hubspot-ratelimit-secondly-remaining": "10",
    }
    assert limits(refused.headers)["x-hubspot-ratelimit-remaining"] == "108"
    assert limits(search.headers) == {}


async def test_the_burst_limit_rolls_over_ten_seconds(oauth_client: Client, clock: VirtualClock) -> None:
    for _ in range(110):
        assert (await oauth_client.send("GET", "/crm/v3/owners?limit=1")).status == 200
    refused = await oauth_client.send("GET", CONTACTS)
    clock.advance(9.9)
    early = await oauth_client.send("GET", CONTACTS)
    clock.advance(0.1)
    again = await oauth_client.send("GET", CONTACTS)

    assert (refused.status, early.status, again.status) == (429, 429, 200)
    assert "retry-after" not in refused.headers
    assert limits(refused.headers)["x-hubspot-ratelimit-remaining"] == "0"
    assert refused.json() == {
        "status": "error",
        "message": "You have reached your ten_secondly_rolling limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": refused.headers["x-hubspot-correlation-id"],
        "policyName": "TEN_SECONDLY_ROLLING",
        "groupName": "publicapi:private-apps-api-calls-daily",
    }


async def test_searches_are_limited_per_account_whatever_the_app(
    client: Client, oauth_client: Client, clock: VirtualClock
) -> None:
    for _ in range(5):
        assert (await client.send("POST", f"{CONTACTS}/search", body={})).status == 200
    refused = await oauth_client.send("POST", f"{CONTACTS}/search", body={})
    private = await client.send("POST", f"{CONTACTS}/search", body={})
    other = await oauth_client.send("GET", CONTACTS)
    clock.advance(1)
    again = await oauth_client.send("POST", f"{CONTACTS}/search", body={})

    assert (refused.status, other.status, again.status) == (429, 200, 200)
    assert limits(refused.headers) == {}
    assert sorted(limits(private.headers)) == [
        "x-hubspot-ratelimit-daily",
        "x-hubspot-ratelimit-daily-remaining",
    ]
    assert refused.json() == {
        "status": "error",
        "message": "You have reached your secondly limit.",
        "correlationId": refused.headers["x-hubspot-correlation-id"],
        "category": "RATE_LIMITS",
    }


async def test_the_daily_limit_ends_at_midnight_of_the_account(clock: VirtualClock) -> None:
    app = create_app(portal="small", clock=clock, behaviour=Behaviour(quotas=Quotas(private_per_day=2)))
    client = Client(app, app.state.portal.tokens.access_tokens()[0].token)
    for _ in range(2):
        await client.send("GET", CONTACTS)

    refused = await client.send("GET", CONTACTS)
    clock.advance(20 * 3600 - 1)
    late = await client.send("GET", CONTACTS)
    clock.advance(1)
    next_day = await client.send("GET", CONTACTS)

    correlation_id = refused.headers["x-hubspot-correlation-id"]
    assert (late.status, next_day.status) == (429, 200)
    assert limits(refused.headers)["x-hubspot-ratelimit-daily-remaining"] == "0"
    assert refused.json() == {
        "status": "error",
        "message": "You have reached your daily limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": correlation_id,
        "policyName": "DAILY",
        "requestId": correlation_id,
    }


async def test_limits_can_be_switched_off(clock: VirtualClock) -> None:
    quotas = Quotas(private_per_10_s=1, private_per_day=1, search_per_s=1)
    app = create_app(portal="small", clock=clock, behaviour=Behaviour(rate_limits=False, quotas=quotas))
    client = Client(app, app.state.portal.tokens.access_tokens()[0].token)

    for _ in range(3):
        assert (await client.send("GET", CONTACTS)).status == 200
        assert (await client.send("POST", f"{CONTACTS}/search", body={})).status == 200


async def test_correlation_ids_are_uuids_of_version_7_and_never_repeat(client: Client) -> None:
    seen = {(await client.send("GET", CONTACTS)).headers["x-hubspot-correlation-id"] for _ in range(20)}

    assert len(seen) == 20
    assert {uuid.UUID(each).version for each in seen} == {7}
    assert {uuid.UUID(each).variant for each in seen} == {uuid.RFC_4122}
    assert {uuid.UUID(each).int >> 80 for each in seen} == {1793610000000}


@pytest.mark.parametrize(
    ("object_type", "own", "other"),
    [
        ("line_items", "crm.objects.line_items.read", "e-commerce"),
        ("products", "crm.objects.products.read", "e-commerce"),
        ("quotes", "crm.objects.quotes.read", "e-commerce"),
        ("emails", "crm.objects.contacts.read", "sales-email-read"),
    ],
)
async def test_2026_09_wants_both_scopes_of_a_pair_where_older_versions_take_either(
    app: Starlette, portal: Portal, object_type: str, own: str, other: str
) -> None:
    async def ask(scope: str, version: str) -> tuple[int, list[str]]:
        client = Client(app, portal.tokens.mint_private_token(["oauth", *scope.split()]).token)
        reply = await client.send("GET", f"/crm/objects/{version}/{object_type}")
        named = reply.json().get("errors", [{"context": {"requiredGranularScopes": []}}])
        return reply.status, named[0]["context"]["requiredGranularScopes"]

    for scope in (own, other):
        assert await ask(scope, "v3") == await ask(scope, "2026-03") == (200, [])
    assert await ask(own, "2026-09") == (403, [other])
    assert await ask(other, "2026-09") == (403, [own])
    assert await ask(f"{own} {other}", "2026-09") == (200, [])
