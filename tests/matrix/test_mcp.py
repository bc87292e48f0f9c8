"""MCP over a connector: the same in both ways to run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client, MCPError

from airbyte_agent_hubspot.mcp import always, build_mcp_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from airbyte_agent_hubspot import HubspotConnector
    from matrix.conftest import Hubspot

TOOL = "hubspot_execute"


@pytest.fixture
async def client(connector: HubspotConnector) -> AsyncIterator[Client]:
    async with Client(build_mcp_server(always(connector))) as connected:
        yield connected


async def read(client: Client, uri: str) -> str:
    [content] = (await client.read_resource(uri)).contents
    return str(getattr(content, "text"))  # noqa: B009


@pytest.mark.requirement("mcp-questions")
async def test_every_common_question_comes_with_calls_that_work(client: Client, connector: HubspotConnector) -> None:
    company = (await connector.companies.find(limit=1)).data[0]
    deal = (await connector.deals.find(limit=1, where={"status": "open"})).data[0]
    team = (await connector.teams.list()).data[0]
    values = {
        "company": str(company.id),
        "deal": str(deal.dealname),
        "team": team.name,
        "department": "Marketing",
        "issue": "login",
        "email": "new@person.example",
        "firstname": "New",
        "lastname": "Person",
        "property": "jobtitle",
        "value": "CEO",
        "due": "next friday",
        "message": "Hello",
    }
    prompts = (await client.list_prompts()).prompts
    assert len(prompts) == 16
    failed = {}
    for prompt in prompts:
        arguments = {item.name: values[item.name] for item in prompt.arguments or []}
        [message] = (await client.get_prompt(prompt.name, arguments)).messages
        text = str(getattr(message.content, "text"))  # noqa: B009
        calls = [line.removeprefix(f"{TOOL} ") for line in text.splitlines() if line.startswith(f"{TOOL} ")]
        assert calls, text
        for call in calls:
            result: Any = await client.call_tool(TOOL, json.loads(call))
            if result.is_error:
                failed[prompt.name] = result.content[0].text
    assert failed == {}


async def test_resources_tell_of_the_account_and_of_what_can_be_called(client: Client) -> None:
    templates = [item.uri_template for item in (await client.list_resource_templates()).resource_templates]
    assert templates == [
        f"hubspot://{rest}" for rest in ("docs/{entity}", "docs/{entity}/{action}", "properties/{entity}")
    ]
    portal = json.loads(await read(client, "hubspot://portal"))
    assert "Contract Sent" in str(portal["pipelines"])
    assert "\ndeals: list, get, " in await read(client, "hubspot://entities")
    assert "move_stage(record*, stage*" in await read(client, "hubspot://docs/deals")
    assert "- title*: text. " in await read(client, "hubspot://docs/tasks/create_task")
    assert "\ndealname (string): Deal Name" in await read(client, "hubspot://properties/deals")
    assert "; options: " in await read(client, "hubspot://properties/deals")


@pytest.mark.parametrize(
    "uri", ["hubspot://docs/dealz", "hubspot://docs/deals/fnd", "hubspot://nothing", "file:///etc"]
)
async def test_what_is_not_there_is_said_with_what_is(client: Client, hubspot: Hubspot, uri: str) -> None:
    hubspot.wire.seen.clear()
    with pytest.raises(MCPError) as refused:
        await client.read_resource(uri)
    assert refused.value.code == -32602
    assert "deals" in refused.value.message or "hubspot://portal" in refused.value.message
    assert hubspot.wire.seen == []


async def test_every_listed_resource_can_be_read(client: Client) -> None:
    for resource in (await client.list_resources()).resources:
        assert await read(client, str(resource.uri))
