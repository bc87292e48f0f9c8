"""Every code of the table of errors, produced by a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airbyte_agent_hubspot._http import AnswerTimeoutError
from airbyte_agent_hubspot._wire import HttpResponse
from airbyte_agent_server.app import Server, build_server
from airbyte_agent_server.problems import PROBLEM_TYPES
from server.world import CONNECTORS, Answer, Client, World, documented

if TYPE_CHECKING:
    from collections.abc import Mapping

API = "/api/v1"
ACCOUNT = f"{API}/account/applications"
CONTACTS = "/crm/objects/2026-03/contacts"
INITIATE = f"{CONNECTORS}/oauth/initiate"
SESSIONS = f"{API}/internal/mcp_oauth/sessions"
UNKNOWN = str(uuid4())
CREDENTIALS = {"connector_type": "hubspot", "credentials": {"refresh_token": "x"}}
CONSENT = {"connector_type": "hubspot", "redirect_url": "http://127.0.0.1:1/"}

NOT_YET = {
    "partly_done": "no operation of the catalog is composed of several writes yet",
    "unsupported_operator": "searches of the context store, which is not built yet, have operators",
    "unsupported_feature": "only the context store has features that are not supported",
    "sql_rejected": "only the context store takes SQL",
    "context_store_not_ready": "the context store is not built yet, and so never half loaded",
}
"""Code -> why no request can produce it. Remove a row as soon as one can."""


@dataclass(frozen=True)
class Ask:
    """One request. `ID` in the path or body is the connector's; `upstream` is what HubSpot says to contacts.list."""

    method: str
    path: str
    body: Any = None
    token: str | None = "application"
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    upstream: HttpResponse | Exception | None = None
    settings: Mapping[str, object] | None = None


def call(entity: str, action: str, params: object = None, **options: Any) -> Ask:
    body = {"entity": entity, "action": action, "params": params}
    return Ask("POST", f"{CONNECTORS}/ID/execute", body, **options)


def listing(upstream: HttpResponse | Exception) -> Ask:
    return call("contacts", "list", upstream=upstream)


REQUESTS: dict[str, Ask] = {
    "invalid_request": Ask("POST", f"{ACCOUNT}/token", raw=b"{"),
    "invalid_state": Ask(
        "GET", f"{CONNECTORS}/oauth/callback?state=x", token=None, headers={"accept": "application/json"}
    ),
    "invalid_grant": Ask("POST", "/token", {"grant_type": "refresh_token", "refresh_token": "x"}, token=None),
    "invalid_client_metadata": Ask("POST", "/register", {"redirect_uris": []}, token=None),
    "missing_token": Ask("GET", f"{API}/workspaces", token=None),
    "invalid_token": Ask("GET", f"{API}/workspaces", token="a.b.c"),
    "invalid_client": Ask("POST", f"{ACCOUNT}/token", {"client_id": "a", "client_secret": "b"}, token=None),
    "token_not_allowed": Ask("GET", f"{API}/workspaces", token="scoped"),
    "permission_denied": Ask("GET", f"{CONNECTORS}/ID", token="narrowed"),
    "workspace_mismatch": Ask("POST", CONNECTORS, {**CREDENTIALS, "workspace_name": "other"}, token="scoped"),
    "organization_mismatch": Ask("GET", f"{API}/workspaces", headers={"x-organization-id": UNKNOWN}),
    "origin_mismatch": Ask("GET", CONNECTORS, token="widget", headers={"origin": "https://elsewhere.example"}),
    "workspace_inactive": Ask("POST", f"{ACCOUNT}/scoped-token", {"workspace_name": "inactive"}),
    "reauthorization_required": listing(HttpResponse(401, {}, b'{"category":"INVALID_AUTHENTICATION","message":"no"}')),
    "missing_scopes": listing(HttpResponse(403, {}, b'{"category":"MISSING_SCOPES","message":"no"}')),
    "route_not_found": Ask("GET", f"{API}/nowhere"),
    "connector_not_found": Ask("GET", f"{CONNECTORS}/{UNKNOWN}"),
    "connector_type_unknown": Ask("POST", CONNECTORS, {**CREDENTIALS, "connector_type": "Nope"}, token="scoped"),
    "definition_not_found": Ask("GET", f"{API}/integrations/definitions/sources/{UNKNOWN}"),
    "template_not_found": Ask("GET", f"{API}/integrations/templates/sources/{UNKNOWN}"),
    "workspace_not_found": Ask("GET", f"{API}/workspaces/{UNKNOWN}"),
    "mcp_client_not_found": Ask("DELETE", f"{API}/workspaces/WORKSPACE/mcp-clients/{UNKNOWN}"),
    "tool_call_not_found": Ask("GET", f"{API}/tool-calls/{UNKNOWN}"),
    "webhook_not_found": Ask("GET", f"{API}/organizations/ORGANIZATION/webhooks/{UNKNOWN}"),
    "session_not_found": Ask("GET", f"{SESSIONS}/{UNKNOWN}"),
    "record_not_found": call("contacts", "get", {"contactId": "999999999"}),
    "method_not_allowed": Ask("DELETE", "/healthz"),
    "record_exists": call("contacts", "create", {"properties": {"email": "TAKEN"}}),
    "payload_too_large": Ask("POST", f"{ACCOUNT}/scoped-token", raw=b" " * (1024 * 1024 + 1)),
    "unsupported_media_type": Ask("POST", f"{ACCOUNT}/scoped-token", raw=b"a", headers={"content-type": "text/plain"}),
    "validation_error": Ask("GET", f"{API}/workspaces?limit=0"),
    "workspace_required": Ask("GET", CONNECTORS),
    "conflicting_fields": Ask("GET", f"{CONNECTORS}?customer_name=a&workspace_name=b"),
    "connector_type_required": Ask("POST", CONNECTORS, {}, token="scoped"),
    "credentials_required": Ask("POST", CONNECTORS, {"connector_type": "hubspot"}, token="scoped"),
    "invalid_credentials": Ask("POST", CONNECTORS, CREDENTIALS, token="scoped"),
    "invalid_secret_id": Ask(
        "POST", CONNECTORS, {"connector_type": "hubspot", "server_side_oauth_secret_id": "x"}, token="scoped"
    ),
    "oauth_app_not_configured": Ask(
        "POST", INITIATE, CONSENT, token="scoped", settings={"hubspot_client_id": None, "hubspot_client_secret": None}
    ),
    "invalid_redirect_url": Ask("POST", INITIATE, {**CONSENT, "redirect_url": "/a"}, token="scoped"),
    "redirect_origin_not_allowed": Ask(
        "POST", INITIATE, {**CONSENT, "redirect_url": "https://yourapp.com/"}, token="scoped"
    ),
    "unknown_operation": call("contacts", "fly"),
    "invalid_params": call("contacts", "list", {"limit": 0}),
    "ambiguous_search": call("contacts", "search", {"query": {}, "sorts": []}),
    "context_store_disabled": call("contacts", "context_store_search", {"query": {}}),
    "invalid_cursor": Ask("GET", f"{API}/workspaces?cursor=x"),
    "upstream_rejected": listing(HttpResponse(400, {}, b'{"category":"VALIDATION_ERROR","message":"no"}')),
    "result_too_large": call("contacts", "list", settings={"result_limit_bytes": 10}),
    "upstream_rate_limited": listing(
        HttpResponse(429, {"retry-after": "9000"}, b'{"policyName":"DAILY","errorType":"RATE_LIMIT","message":"no"}')
    ),
    "internal_error": listing(RuntimeError("a mistake of ours")),
    "upstream_outcome_unknown": call(
        "contacts", "create", {"properties": {"email": "new@b.example"}}, upstream=AnswerTimeoutError("slow")
    ),
    "not_implemented": Ask("POST", f"{API}/responses"),
    "upstream_error": listing(HttpResponse(500, {}, b"{}")),
    "unavailable": Ask(
        "POST",
        f"{ACCOUNT}/token",
        {"client_id": "a", "client_secret": "b"},
        token=None,
        settings={"database_url": "postgresql://nobody@127.0.0.1:9/none"},
    ),
    "upstream_unavailable": listing(HttpResponse(477, {"retry-after": "9000"}, b"{}")),
    "upstream_timeout": listing(AnswerTimeoutError("slow")),
}
"""Code -> a request that is answered with it."""


class Stage:
    """A server with one connector, and a token of each kind."""

    def __init__(self, world: World, connector_id: str, tokens: Mapping[str, str], taken: str) -> None:
        self._world = world
        self._connector_id = connector_id
        self._tokens = tokens
        self._taken = taken
        self._others: list[Server] = []

    async def produce(self, ask: Ask) -> Answer:
        world, client = self._world, self._world.client
        if ask.settings is not None:
            other = build_server(
                world.settings.model_copy(update=dict(ask.settings)), clock=world.clock, upstream=world.hubspot
            )
            self._others.append(other)
            if "database_url" not in ask.settings:
                await other.start()
            client = Client(other.app, documented())
        if ask.upstream is not None:
            world.hubspot.answers[CONTACTS] = ask.upstream
        body = dict(ask.body) if isinstance(ask.body, dict) else ask.body
        if body is not None and "TAKEN" in str(body):
            body["params"] = {"properties": {"email": self._taken}}
        workspace = await world.server.core.accounts.ensure_workspace(world.pair.organization_id, "user-123")
        answer = await client.call(
            ask.method,
            ask.path.replace("/ID", f"/{self._connector_id}")
            .replace("ORGANIZATION", world.pair.organization_id)
            .replace("WORKSPACE", workspace.id),
            body,
            token=None if ask.token is None else self._tokens.get(ask.token, ask.token),
            headers=ask.headers,
            body=ask.raw,
        )
        world.hubspot.answers.clear()
        return answer

    async def close(self) -> None:
        for server in self._others:
            await server.stop()


async def staged(world: World) -> Stage:
    scoped = await world.scoped_token()
    connector_id = await world.create_connector(scoped)
    application = await world.application_token()
    path = f"{ACCOUNT}/scoped-token"
    inactive = (await world.client.post(path, {"workspace_name": "inactive"}, token=application)).json["workspace_id"]
    await world.client.call("PUT", f"{API}/workspaces/{inactive}", {"status": "inactive"}, token=application)
    tokens = {
        "application": application,
        "scoped": scoped,
        "narrowed": await world.scoped_token(permissions={"connector_ids": [UNKNOWN]}),
        "widget": await world.widget_token(),
    }
    listed = await world.execute(scoped, connector_id, "contacts", "list", {"limit": 1, "properties": ["email"]})
    return Stage(world, connector_id, tokens, listed.json["result"][0]["properties"]["email"])


IN_TESTS_OF_THEIR_OWN = {
    "rate_limited": "test_rates.py",
    "delivery_not_found": "test_webhooks.py",
    "token_expired": "test_an_old_token_has_expired",
    "idempotency_in_progress": "test_a_key_is_in_progress_then_answered_then_reused",
    "idempotency_key_reused": "test_a_key_is_in_progress_then_answered_then_reused",
    "session_consumed": "test_a_session_ends_once",
}
"""Codes that more than one request produces -> where."""


def test_every_code_is_produced_here() -> None:
    assert sorted(PROBLEM_TYPES) == sorted([*REQUESTS, *IN_TESTS_OF_THEIR_OWN, *NOT_YET])


async def test_each_request_is_answered_with_its_code_and_status(world: World) -> None:
    stage = await staged(world)
    found = {}
    for code, ask in REQUESTS.items():
        answer = await stage.produce(ask)
        is_problem = answer.headers.get("content-type") == "application/problem+json"
        found[code] = (answer.status, answer.code if is_problem else answer.body[:200])
        if answer.status in {429, 503, 504, 502}:
            assert int(answer.headers["retry-after"]) >= 1
        assert ("www-authenticate" in answer.headers) == (answer.status == 401)
        assert ("allow" in answer.headers) == (answer.status == 405)
    await stage.close()
    assert found == {code: (PROBLEM_TYPES[code].status, code) for code in REQUESTS}


async def test_an_old_token_has_expired(world: World) -> None:
    token = await world.application_token()
    world.clock.advance(900 + 30)
    answer = await world.client.get(f"{API}/workspaces", token=token)
    assert (answer.status, answer.code) == (401, "token_expired")


async def test_a_key_is_in_progress_then_answered_then_reused(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    seen: list[Answer] = []
    params = {"properties": {"email": "keyed@b.example"}}

    async def meanwhile() -> None:
        seen.append(await world.execute_keyed(token, connector_id, "key", "contacts", "create", params))

    world.hubspot.before[CONTACTS] = meanwhile
    first = await world.execute_keyed(token, connector_id, "key", "contacts", "create", params)
    other = await world.execute_keyed(
        token, connector_id, "key", "contacts", "create", {"properties": {"email": "z@b.c"}}
    )
    assert first.status == 200
    assert (seen[0].status, seen[0].code, seen[0].json["retryable"]) == (409, "idempotency_in_progress", True)
    assert (other.status, other.code) == (422, "idempotency_key_reused")


async def test_a_session_ends_once(world: World) -> None:
    token = await world.application_token()
    workspace = await world.server.core.accounts.ensure_workspace(world.pair.organization_id, "user-123")
    connector_id = await world.create_connector(await world.scoped_token())
    body = {"source_definition_id": "36c891d9-4bd9-43ac-bad2-10e12756272c", "workspace_id": workspace.id}
    session_id = (await world.client.post(SESSIONS, body, token=token)).json["session_id"]
    path = f"{SESSIONS}/{session_id}"
    first = await world.client.call("PATCH", path, {"source_id": connector_id}, token=token)
    other = await world.create_connector(await world.scoped_token())
    second = await world.client.call("PATCH", path, {"source_id": other}, token=token)
    assert first.status == 200, first.body
    assert (second.status, second.code) == (409, "session_consumed")


def test_the_list_of_excuses_stays_short() -> None:
    assert len(NOT_YET) <= 5
