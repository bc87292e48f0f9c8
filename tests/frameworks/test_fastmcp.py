"""FastMCP: an MCP client reads results as JSON, errors as tool errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fastmcp import Client, FastMCP
from mcp_types import TextContent

from airbyte_agent_hubspot import HubspotConnector
from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._describe import tool_text
from frameworks.calls import CONTACTS, MISSPELT, ToolCall, says, without_nulls

if TYPE_CHECKING:
    from fastmcp.client.client import CallToolResult

    from airbyte_agent_hubspot.models import Result


def text_of(result: CallToolResult) -> str:
    [content] = result.content
    assert isinstance(content, TextContent)
    return content.text


@pytest.mark.requirement("framework-results")
async def test_a_result_passes_unchanged_and_the_client_reads_it_as_json(
    connector: HubspotConnector, call: ToolCall
) -> None:
    results: list[Result] = []
    mcp = FastMCP("hubspot")

    @mcp.tool
    async def hubspot(entity: str, action: str, params: dict[str, object]) -> object:
        results.append(await connector.execute(entity, action, params))
        return results[-1]

    async with Client(mcp) as client:
        answer = await client.call_tool("hubspot", call.arguments)
    assert says(text_of(answer), results[0])
    assert without_nulls(answer.data) == without_nulls(results[0].to_dict())


@pytest.mark.requirement("tool-utils")
@pytest.mark.parametrize("options", [False, True], ids=["bare", "options"])
async def test_a_tool_keeps_name_and_signature_and_is_described(connector: HubspotConnector, *, options: bool) -> None:
    decorate = HubspotConnector.tool_utils(framework="fastmcp") if options else HubspotConnector.tool_utils
    mcp = FastMCP("hubspot")

    @mcp.tool
    @decorate
    async def hubspot_execute(entity: str, action: str, params: dict[str, object] | None = None) -> object:
        """Asks the CRM."""
        return await connector.execute(entity, action, params)

    async with Client(mcp) as client:
        [tool] = await client.list_tools()
    assert tool.name == "hubspot_execute"
    assert tool.description == f"Asks the CRM.\n\n{tool_text(CATALOG)}"
    assert list(tool.input_schema["properties"]) == ["entity", "action", "params"]


@pytest.mark.requirement("tool-errors")
async def test_after_a_wrong_call_the_next_one_succeeds(connector: HubspotConnector) -> None:
    mcp = FastMCP("hubspot")

    @mcp.tool
    @HubspotConnector.tool_utils(framework="fastmcp")
    async def hubspot_execute(entity: str, action: str, params: dict[str, object] | None = None) -> object:
        return await connector.execute(entity, action, params)

    async with Client(mcp) as client:
        wrong = await client.call_tool("hubspot_execute", MISSPELT.arguments, raise_on_error=False)
        right = await client.call_tool("hubspot_execute", CONTACTS.arguments)
    assert wrong.is_error
    assert text_of(wrong).startswith("invalid_params: There is no parameter 'limt' in params.")
    assert text_of(right).startswith('{"data":[{"id":"601200300401"')
