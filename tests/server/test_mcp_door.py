"""Tools over streamable HTTP, with the official client: every call of a tool is an execute."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from airbyte_agent_server.app import build_server
from server.mcp_client import CALLBACK, RESOURCE, McpClient, connect_code, let_in
from server.world import PUBLIC_URL, World
from server.world import Client as HttpClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

FIND = {"entity": "contacts", "action": "find", "params": {"limit": 2}}
CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "hubspot_execute", "arguments": {"entity": "contacts", "action": "list"}},
}
HEADERS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
CREATE = {"entity": "contacts", "action": "create", "params": {"properties": {"email": "new@mcp.example"}}}


@asynccontextmanager
async def door(
    app: FastAPI, *, token: str | None = None, auth: httpx2.Auth | None = None, url: str = RESOURCE, mode: str = "auto"
) -> AsyncIterator[Client]:
    """The official client at the door of a server in this process."""
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    transport = httpx2.ASGITransport(app)
    async with (
        httpx2.AsyncClient(transport=transport, headers=headers, auth=auth) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        yield client


async def calls_on_record(world: World) -> list[Any]:
    """The record of calls, newest first."""
    await world.server.core.audit.flush()
    answer = await world.client.get("/api/v1/tool-calls", token=await world.application_token())
    data: list[Any] = answer.json["data"]
    return data


@pytest.mark.requirement("mcp-call-is-execute")
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_official_client_calls_tools_and_each_call_is_an_execute_on_record(world: World, mode: str) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    async with door(world.server.app, token=token, mode=mode) as client:
        tools = (await client.list_tools()).tools
        result = await client.call_tool("hubspot_execute", FIND)
    assert "hubspot_execute" in {tool.name for tool in tools}
    assert not result.is_error
    assert result.structured_content
    calls = await calls_on_record(world)
    assert ("contacts", "find", "success") in {(call["entity"], call["action"], call["status"]) for call in calls}
    # Labels beside the ids take calls of their own.
    assert {(call["interface"], call["connector_id"]) for call in calls} == {("mcp", connector_id)}


class Remembered:
    """Keeps what an OAuth client wants kept."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@pytest.mark.requirement("mcp-door")
async def test_the_official_clients_oauth_leads_through_the_consent_page_and_refreshes(world: World) -> None:
    await world.create_connector(await world.scoped_token())
    invitation = await connect_code(world)
    browser = McpClient(world)
    came_back: dict[str, str] = {}

    async def open_browser(url: str) -> None:
        asked = dict(parse_qsl(urlsplit(url).query))
        browser.client_id = asked["client_id"]
        answer = await browser.answer(invitation, **asked)
        came_back.update(parse_qsl(urlsplit(answer.headers["location"]).query))

    async def come_back() -> AuthorizationCodeResult:
        return AuthorizationCodeResult(code=came_back["code"], state=came_back["state"], iss=came_back["iss"])

    storage = Remembered()
    auth = OAuthClientProvider(
        RESOURCE,
        OAuthClientMetadata(client_name="Official", redirect_uris=[AnyUrl(CALLBACK)]),
        storage,
        redirect_handler=open_browser,
        callback_handler=come_back,
    )
    async with door(world.server.app, auth=auth) as client:
        assert not (await client.call_tool("hubspot_execute", FIND)).is_error
    assert storage.tokens is not None
    assert storage.tokens.scope == "execute:read execute:write"
    assert {call["actor"]["token_kind"] for call in await calls_on_record(world)} == {"mcp"}

    first, auth.context.token_expiry_time = storage.tokens.refresh_token, 1
    async with door(world.server.app, auth=auth) as client:
        assert (await client.list_tools()).tools
    assert storage.tokens.refresh_token != first

    restarted = OAuthClientProvider(RESOURCE, auth.context.client_metadata, storage)
    restarted.context.token_expiry_time = 1  # it has no metadata now, and guesses where tokens are refreshed
    async with door(world.server.app, auth=restarted) as client:
        assert (await client.list_tools()).tools


async def test_who_may_only_read_is_offered_and_allowed_nothing_else(world: World) -> None:
    await world.create_connector(await world.scoped_token())
    _, tokens = await let_in(world, decision="read")
    async with door(world.server.app, token=tokens["access_token"]) as client:
        listed = (await client.list_tools()).tools
        refused = await client.call_tool("hubspot_execute", CREATE)
        assert not (await client.call_tool("hubspot_execute", FIND)).is_error
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in listed)
    assert refused.is_error
    assert [sent for sent in world.hubspot.seen if sent.method == "POST" and sent.url.endswith("/contacts")] == []


async def test_permissions_of_the_connect_code_hold_for_each_call(world: World) -> None:
    await world.create_connector(await world.scoped_token())
    allow = [{"entity": "companies", "actions": ["*"]}]
    _, tokens = await let_in(world, permissions={"allow": allow})
    async with door(world.server.app, token=tokens["access_token"]) as client:
        refused = await client.call_tool("hubspot_execute", FIND)
        allowed = await client.call_tool("hubspot_execute", {"entity": "companies", "action": "list"})
    assert (refused.is_error, allowed.is_error) == (True, False)
    assert "permission_denied" in str(refused.content)
    assert [call["status"] for call in await calls_on_record(world)] == ["success", "denied"]


async def test_a_workspace_with_several_connectors_has_a_door_for_each(world: World) -> None:
    token = await world.scoped_token()
    first = await world.create_connector(token)
    second = await world.create_connector(token, name="Second")
    several = await world.client.post("/mcp", {}, token=token)
    assert (several.status, several.code) == (404, "connector_not_found")
    assert f"{RESOURCE}/{second} (Second)" in several.json["detail"]
    async with door(world.server.app, token=token, url=f"{RESOURCE}/{second}") as client:
        await client.call_tool("hubspot_execute", FIND)
    _, tokens = await let_in(world, resource=f"{RESOURCE}/{first}")
    for url in (RESOURCE, f"{RESOURCE}/{first}"):
        async with door(world.server.app, token=tokens["access_token"], url=url) as client:
            await client.call_tool("hubspot_execute", FIND)
    other = await world.client.post(f"/mcp/{second}", {}, token=tokens["access_token"])
    assert (other.status, other.code) == (403, "permission_denied")
    found = [call["connector_id"] for call in await calls_on_record(world) if call["action"] == "find"]
    assert found == [first, first, second]


async def test_requests_at_the_door_are_counted_under_its_address_and_never_under_an_id(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    for path in ("/mcp", f"/mcp/{connector_id}"):
        await world.client.call("POST", path, body=json.dumps(CALL).encode(), token=token, headers=HEADERS)
    metrics = (await world.client.get("/metrics")).body.decode()
    assert 'http_route="/mcp"' in metrics
    assert 'http_route="/mcp/{connector_id}"' in metrics
    assert connector_id not in metrics


async def test_an_application_token_names_its_connector_and_others_find_nothing(world: World) -> None:
    connector_id = await world.create_connector(await world.scoped_token())
    application = await world.application_token()
    assert (await world.client.post("/mcp", {}, token=application)).code == "workspace_required"
    async with door(world.server.app, token=application, url=f"{RESOURCE}/{connector_id}") as client:
        assert not (await client.call_tool("hubspot_execute", FIND)).is_error
    stranger = await world.scoped_token("stranger")
    for path in ("/mcp", f"/mcp/{connector_id}"):
        answer = await world.client.post(path, {}, token=stranger)
        assert (answer.status, answer.code) == (404, "connector_not_found")


@pytest.mark.requirement("mcp-any-process")
async def test_any_process_answers_any_request(world: World) -> None:
    token = await world.scoped_token()
    await world.create_connector(token)
    other = build_server(world.settings, clock=world.clock, upstream=world.hubspot)
    await other.start()
    turn = 0

    async def spread(scope: Any, receive: Any, send: Any) -> None:
        nonlocal turn
        turn += 1
        await (world.server.app, other.app)[turn % 2](scope, receive, send)

    for mode in ("auto", "legacy"):
        async with door(spread, token=token, mode=mode) as client:  # type: ignore[arg-type]
            assert (await client.list_tools()).tools
            assert not (await client.call_tool("hubspot_execute", FIND)).is_error
            assert (await client.list_prompts()).prompts
    await other.stop()
    assert turn > 6


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (PUBLIC_URL, 200),
        ("http://localhost:6274", 200),
        ("https://elsewhere.example", 403),
        ("http://127.0.0.1.elsewhere.example", 403),
        ("https://[", 403),
        ("null", 403),
    ],
)
async def test_pages_of_other_sites_may_not_come_to_the_door(world: World, origin: str, status: int) -> None:
    token = await world.scoped_token()
    await world.create_connector(token)
    headers = {**HEADERS, "origin": origin}
    answer = await world.client.call("POST", "/mcp", body=json.dumps(CALL).encode(), token=token, headers=headers)
    assert answer.status == status
    assert status == 200 or answer.code == "origin_mismatch"


async def test_a_call_counts_as_a_request_and_as_an_execute(world: World) -> None:
    token = await world.scoped_token()
    await world.create_connector(token)
    limited = build_server(
        world.settings.model_copy(update={"workspace_rate_limit": 4}), clock=world.clock, upstream=world.hubspot
    )
    await limited.start()
    body = json.dumps(CALL).encode()
    answers = [
        await HttpClient(limited.app).call("POST", "/mcp", body=body, token=token, headers=HEADERS) for _ in range(3)
    ]
    await limited.stop()
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[-1].code == "rate_limited"
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_without_the_extra_the_door_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    token = await world.scoped_token()
    await world.create_connector(token)
    for name in [name for name in sys.modules if name.startswith("airbyte_agent_server.mcp.sessions")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("mcp.server.context", "mcp.server.streamable_http_manager", "mcp"):
        monkeypatch.setitem(sys.modules, name, None)
    answer = await world.client.post("/mcp", {}, token=token)
    assert (answer.status, answer.code) == (501, "not_implemented")
    assert "extra `mcp`" in answer.json["detail"]


async def test_what_is_no_mcp_request_is_refused_in_words_of_the_protocol(world: World) -> None:
    token = await world.scoped_token()
    await world.create_connector(token)
    large = b" " * (world.settings.body_limit_bytes + 1)
    deep = b'{"a":' * 5000 + b"1" + b"}" * 5000
    for body, status in ((b"{", 400), (b"[]", 400), (b"\xff", 400), (large, 413), (deep, 400)):
        answer = await world.client.call("POST", "/mcp", body=body, token=token, headers=HEADERS)
        assert answer.status == status
    for method in ("GET", "DELETE"):
        answer = await world.client.call(method, "/mcp", token=token, headers=HEADERS)
        assert (answer.status, answer.code) == (405, "method_not_allowed")


def test_the_server_starts_without_loading_what_speaks_mcp() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import airbyte_agent_server.app, sys; print('mcp' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "False\n"


async def test_a_client_that_hangs_up_cancels_what_it_asked_for(world: World) -> None:
    token = await world.scoped_token()
    await world.create_connector(token)
    asked, cancelled = asyncio.Event(), asyncio.Event()

    async def never_answer() -> None:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    world.hubspot.before["/crm/objects/2026-03/contacts"] = never_answer
    body = [json.dumps(CALL).encode()]

    async def receive() -> dict[str, object]:
        if body:
            return {"type": "http.request", "body": body.pop(), "more_body": False}
        await asked.wait()
        return {"type": "http.disconnect"}

    async def send(_message: object) -> None:
        return

    headers = {**HEADERS, "authorization": f"Bearer {token}", "host": urlsplit(PUBLIC_URL).netloc}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/mcp",
        "raw_path": b"/mcp",
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }
    await asyncio.wait_for(world.server.app(scope, receive, send), 20)
    assert cancelled.is_set()
    [call] = await calls_on_record(world)
    assert (call["status"], call["action"]) == ("error", "list")
