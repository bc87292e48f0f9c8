"""What an MCP client finds, with both generations of the protocol."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp_types import PromptReference, ResourceTemplateReference

from airbyte_agent_hubspot import HubspotConnector, HubspotPrivateAppAuthConfig
from airbyte_agent_hubspot.errors import ConfigurationError
from airbyte_agent_hubspot.mcp import McpOptions, always, build_mcp_server
from airbyte_agent_hubspot.mcp.prompts import QUESTIONS
from airbyte_agent_hubspot.mcp.server import Unused
from airbyte_agent_hubspot.tools import build_tools
from unit.scripted import ScriptedTransport, answer

if TYPE_CHECKING:
    from airbyte_agent_hubspot.transports import HttpRequest, HttpResponse

ERAS = ["2026-07-28", "legacy"]
CONTACTS = {"entity": "contacts", "action": "list", "params": {"limit": 1}}
EMPTY = answer({"results": []})


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def client_of(transport: ScriptedTransport, era: str, **options: Any) -> Client:
    connector = HubspotConnector(
        auth_config=HubspotPrivateAppAuthConfig(private_app_token="pat-secret"),
        base_url="https://hubspot.test",
        transport=transport,
    )
    return Client(build_mcp_server(always(connector), McpOptions(**options)), mode=era)


def text_of(result: Any) -> str:
    [content] = result.content
    return str(content.text)


async def test_tools_say_what_they_may_do(era: str) -> None:
    async with client_of(ScriptedTransport(), era) as client:
        listed = await client.list_tools()
    assert listed.next_cursor is None
    hints = {tool.name: tool.annotations for tool in listed.tools}
    shown = {
        name: (hint.read_only_hint, hint.destructive_hint, hint.idempotent_hint) for name, hint in hints.items() if hint
    }
    assert shown == {
        "hubspot_inspect": (True, False, True),
        "hubspot_docs": (True, False, True),
        "hubspot_execute": (False, True, False),
    }
    assert all(tool.output_schema and tool.title for tool in listed.tools)


async def test_names_of_owners_are_looked_up_once_in_many_calls(era: str) -> None:
    deal = answer({"results": [{"id": "7", "properties": {"hubspot_owner_id": "5"}}]})
    owners = answer({"results": [{"id": "5", "firstName": "Dana", "lastName": "Reed", "archived": False}]})
    transport = ScriptedTransport(deal, owners, deal)
    async with client_of(transport, era) as client:
        for _ in range(2):
            result = await client.call_tool("hubspot_execute", {"entity": "deals", "action": "list"})
            assert "Dana Reed" in text_of(result)
    assert len(transport.requests) == 3


async def test_a_result_is_text_for_the_model_and_the_same_as_json(era: str) -> None:
    transport = ScriptedTransport(answer({"results": [{"id": "7", "properties": {"email": "a@b.example"}}]}))
    async with client_of(transport, era) as client:
        result = await client.call_tool("hubspot_execute", CONTACTS)
    assert not result.is_error
    assert "a@b.example" in text_of(result)
    assert result.structured_content["receipt"]["records"] == 1
    assert "a@b.example" in str(result.structured_content)


@pytest.mark.parametrize(
    "arguments",
    [{"entity": "contatcs", "action": "list"}, {"entity": "contacts"}, {**CONTACTS, "params": {"limt": 1}}, {}],
    ids=["entity", "no-action", "parameter", "nothing"],
)
async def test_a_wrong_call_is_explained_to_the_model_and_sends_nothing(era: str, arguments: dict[str, object]) -> None:
    transport = ScriptedTransport()
    async with client_of(transport, era) as client:
        result = await client.call_tool("hubspot_execute", arguments)
    assert result.is_error
    assert result.structured_content["error"] in {"unknown_operation", "invalid_params"}
    assert transport.requests == []


async def test_a_tool_that_is_not_there_is_an_error_of_the_protocol(era: str) -> None:
    async with client_of(ScriptedTransport(), era) as client:
        with pytest.raises(MCPError) as refused:
            await client.call_tool("hubspot_exec", {})
    assert refused.value.code == -32602
    assert "hubspot_execute" in refused.value.message


async def test_reading_only_leaves_what_changes_nothing(era: str) -> None:
    transport = ScriptedTransport()
    async with client_of(transport, era, read_only=True) as client:
        tools = {tool.name: tool.annotations for tool in (await client.list_tools()).tools}
        prompts = {prompt.name for prompt in (await client.list_prompts()).prompts}
        refused = await client.call_tool(
            "hubspot_execute", {"entity": "contacts", "action": "delete", "params": {"contactId": "1"}}
        )
    execute = tools["hubspot_execute"]
    assert execute is not None
    assert execute.read_only_hint
    assert prompts == {question.name for question in QUESTIONS if not question.changes}
    assert refused.is_error
    assert transport.requests == []


async def test_entities_can_be_chosen(era: str) -> None:
    transport = ScriptedTransport()
    async with client_of(transport, era, entities=["deals"]) as client:
        prompts = {prompt.name for prompt in (await client.list_prompts()).prompts}
        resources = {str(resource.uri) for resource in (await client.list_resources()).resources}
        refused = await client.call_tool("hubspot_execute", CONTACTS)
        with pytest.raises(MCPError):
            await client.read_resource("hubspot://properties/contacts")
        with pytest.raises(MCPError):
            await client.get_prompt("contacts")
    assert prompts == {"recent_deals", "deals_of_company", "top_deals", "team_deals", "won_by_owner"}
    assert resources == {"hubspot://portal", "hubspot://entities", "hubspot://docs/deals"}
    assert refused.is_error
    assert transport.requests == []


def test_an_entity_that_does_not_exist_is_refused_at_once() -> None:
    with pytest.raises(ConfigurationError) as refused:
        client_of(ScriptedTransport(), "auto", entities=["dealz"])
    assert "dealz" in refused.value.message
    with pytest.raises(ConfigurationError):
        client_of(ScriptedTransport(), "auto", entities=[])
    with pytest.raises(ConfigurationError):
        client_of(ScriptedTransport(), "auto", max_tokens=1)


async def test_what_hubspot_refuses_is_told_where_a_resource_is_read(era: str) -> None:
    refusal = answer({"category": "INVALID_AUTHENTICATION"}, status=401)

    async def refuse(_request: HttpRequest) -> HttpResponse:
        return refusal

    async with client_of(ScriptedTransport(refuse), era) as client:
        with pytest.raises(MCPError) as refused:
            await client.read_resource("hubspot://properties/deals")
    assert refused.value.code == -32603
    assert refused.value.message.startswith("reauthorization_required: ")
    assert "pat-secret" not in refused.value.message


async def test_an_address_that_hubspot_refuses_is_the_fault_of_who_asked(era: str) -> None:
    refusal = answer(
        {"category": "VALIDATION_ERROR", "message": "Unable to infer object type from: widgets"}, status=400
    )
    async with client_of(ScriptedTransport(refusal), era) as client:
        with pytest.raises(MCPError) as refused:
            await client.read_resource("hubspot://properties/widgets")
    assert refused.value.code == -32602
    assert "widgets" in refused.value.message


async def test_what_nobody_foresaw_is_told_to_the_log_and_not_to_the_client(
    era: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def break_down(_request: HttpRequest) -> HttpResponse:
        raise RuntimeError("the inside of this program")

    async with client_of(ScriptedTransport(break_down), era) as client:
        with pytest.raises(MCPError) as refused:
            await client.call_tool("hubspot_execute", CONTACTS)
    assert refused.value.code == -32603
    assert "the inside" not in refused.value.message
    assert "RuntimeError: the inside of this program" in caplog.text


async def test_who_waits_hears_every_second_how_many_requests_were_sent(era: str) -> None:
    heard: list[tuple[float, str | None]] = []

    async def slow(_request: HttpRequest) -> HttpResponse:
        await asyncio.sleep(2.5)
        return EMPTY

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        assert total is None
        heard.append((progress, message))

    async with client_of(ScriptedTransport(slow), era) as client:
        await client.call_tool("hubspot_execute", CONTACTS, progress_callback=hear)
    assert heard == [(1.0, "1 request so far"), (2.0, "1 request so far")]


@pytest.mark.requirement("mcp-cancel")
async def test_who_gives_up_ends_the_request_to_hubspot(era: str) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def hang(_request: HttpRequest) -> HttpResponse:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return EMPTY

    async with client_of(ScriptedTransport(hang), era) as client:
        call = asyncio.create_task(client.call_tool("hubspot_execute", CONTACTS))
        await begun.wait()
        call.cancel()
        await ended.wait()
        assert [tool.name for tool in (await client.list_tools()).tools] != []


async def test_each_operation_can_be_a_tool_of_its_own(era: str) -> None:
    options: dict[str, Any] = {"per_operation": True, "entities": ["deals", "contacts", "tickets"]}
    async with client_of(ScriptedTransport(EMPTY), era, **options) as client:
        listed = await client.list_tools()
        first = {tool.name: tool for tool in listed.tools}
        rest = await client.list_tools(cursor=listed.next_cursor)
        result = await client.call_tool("hubspot_contacts_list", {"limit": 1})
        [message] = (await client.get_prompt("top_deals")).messages
    assert len(first) == 50
    assert rest.next_cursor is None
    assert first.keys().isdisjoint(tool.name for tool in rest.tools)
    hints = first["hubspot_deals_create"].annotations, first["hubspot_deals_delete"].annotations
    assert [(hint.destructive_hint, hint.idempotent_hint) for hint in hints if hint] == [(False, False), (True, True)]
    assert not result.is_error
    assert "\nhubspot_deals_find {" in str(getattr(message.content, "text"))  # noqa: B009


@pytest.mark.parametrize(
    ("name", "begun", "context", "expected"),
    [
        ("entity", "d", None, ["deals"]),
        ("entity", "ZZ", None, []),
        ("action", "move", {"entity": "deals"}, ["move_stage"]),
        ("action", "find", None, ["find"]),
        ("other", "", None, []),
    ],
)
async def test_names_in_addresses_are_completed(
    era: str, name: str, begun: str, context: dict[str, str] | None, expected: list[str]
) -> None:
    async with client_of(ScriptedTransport(), era) as client:
        ref = ResourceTemplateReference(uri="hubspot://docs/{entity}/{action}")
        found = await client.complete(ref, {"name": name, "value": begun}, context)
    assert found.completion.values == expected


async def test_arguments_of_prompts_are_not_guessed(era: str) -> None:
    async with client_of(ScriptedTransport(), era) as client:
        found = await client.complete(PromptReference(name="follow_up"), {"name": "deal", "value": "A"})
        with pytest.raises(MCPError) as refused:
            await client.get_prompt("follow_up", {"deal": "Acme", "due": " "})
    assert found.completion.values == []
    assert "due" in refused.value.message


async def test_tools_that_are_only_listed_cannot_be_called() -> None:
    [_, _, execute] = build_tools(Unused())
    with pytest.raises(AssertionError):
        await execute.call(CONTACTS)


async def test_it_can_be_served_over_http(era: str) -> None:
    connector = HubspotConnector(
        auth_config=HubspotPrivateAppAuthConfig(private_app_token="pat-secret"),
        transport=ScriptedTransport(EMPTY),
    )
    server = build_mcp_server(always(connector))
    app = server.streamable_http_app(stateless_http=True)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as http,
        Client(streamable_http_client("http://127.0.0.1:1/mcp", http_client=http), mode=era) as client,
    ):
        assert not (await client.call_tool("hubspot_execute", CONTACTS)).is_error
