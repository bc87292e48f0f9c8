"""LangChain: results become a `ToolMessage` of JSON, errors become a `ToolException`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.tools import ToolException, tool

from airbyte_agent_hubspot import HubspotConnector
from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._describe import tool_text
from frameworks.calls import CONTACTS, MISSPELT, ToolCall, says

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

    from airbyte_agent_hubspot.models import Result


async def answer(hubspot: BaseTool, call: ToolCall) -> ToolMessage:
    """What the model reads after its call."""
    message = await hubspot.ainvoke({"type": "tool_call", "id": "1", "name": hubspot.name, "args": call.arguments})
    assert isinstance(message, ToolMessage)
    return message


@pytest.mark.requirement("framework-results")
async def test_a_result_passes_unchanged_and_the_model_reads_it_as_json(
    connector: HubspotConnector, call: ToolCall
) -> None:
    results: list[Result] = []

    @tool
    async def hubspot(entity: str, action: str, params: dict[str, object]) -> object:
        """Asks the CRM."""
        results.append(await connector.execute(entity, action, params))
        return results[-1]

    message = await answer(hubspot, call)
    assert isinstance(message.content, str)
    assert message.content == str(results[0])
    assert says(message.content, results[0])


@pytest.mark.requirement("tool-utils")
@pytest.mark.parametrize("options", [False, True], ids=["bare", "options"])
async def test_a_tool_keeps_name_and_signature_and_is_described(connector: HubspotConnector, *, options: bool) -> None:
    decorate = HubspotConnector.tool_utils(framework="langchain") if options else HubspotConnector.tool_utils

    @tool
    @decorate
    async def hubspot_execute(entity: str, action: str, params: dict[str, object] | None = None) -> object:
        """Asks the CRM."""
        return await connector.execute(entity, action, params)

    assert hubspot_execute.name == "hubspot_execute"
    assert hubspot_execute.description == f"Asks the CRM.\n\n{tool_text(CATALOG)}"
    assert list(hubspot_execute.args) == ["entity", "action", "params"]
    assert (await answer(hubspot_execute, CONTACTS)).status == "success"


@pytest.mark.requirement("tool-errors")
async def test_a_wrong_call_is_told_to_the_model(connector: HubspotConnector) -> None:
    @tool
    @HubspotConnector.tool_utils(framework="langchain")
    async def hubspot_execute(entity: str, action: str, params: dict[str, object] | None = None) -> object:
        """Asks the CRM."""
        return await connector.execute(entity, action, params)

    with pytest.raises(ToolException):
        await answer(hubspot_execute, MISSPELT)
    hubspot_execute.handle_tool_error = True
    message = await answer(hubspot_execute, MISSPELT)
    assert message.status == "error"
    assert str(message.content).startswith("invalid_params: There is no parameter 'limt' in params.")
    assert (await answer(hubspot_execute, CONTACTS)).status == "success"
