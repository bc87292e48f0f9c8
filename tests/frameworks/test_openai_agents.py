"""OpenAI Agents SDK: results reach the model as JSON, errors as text; nothing is traced, nothing is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from agents import Agent, RunConfig, Runner, function_tool
from agents.testing import ScriptedModel, assistant_message, function_call

from airbyte_agent_hubspot import HubspotConnector
from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._describe import tool_text
from frameworks.calls import CONTACTS, MISSPELT, ToolCall, says

if TYPE_CHECKING:
    from agents import FunctionTool

    from airbyte_agent_hubspot.models import Result


async def outputs(hubspot: FunctionTool, *calls: ToolCall) -> list[str]:
    """What the model reads after each of its calls."""
    asked = [[function_call(hubspot.name, call.arguments, call_id=f"call-{index}")] for index, call in enumerate(calls)]
    model = ScriptedModel([*asked, [assistant_message("done")]])
    agent = Agent(name="assistant", model=model, tools=[hubspot])
    run = await Runner.run(agent, "?", run_config=RunConfig(tracing_disabled=True))
    assert run.final_output == "done"
    assert model.last_call is not None
    return [item["output"] for item in model.last_call.input if item.get("type") == "function_call_output"]


@pytest.mark.requirement("framework-results")
async def test_a_result_passes_unchanged_and_the_model_reads_it_as_json(
    connector: HubspotConnector, call: ToolCall
) -> None:
    results: list[Result] = []

    @function_tool(strict_mode=False)
    async def hubspot(entity: str, action: str, params: dict[str, object]) -> object:
        results.append(await connector.execute(entity, action, params))
        return results[-1]

    [text] = await outputs(hubspot, call)
    assert text == str(results[0])
    assert says(text, results[0])


@pytest.mark.requirement("tool-utils")
@pytest.mark.parametrize("options", [False, True], ids=["bare", "options"])
async def test_a_tool_keeps_name_and_signature_and_is_described(connector: HubspotConnector, *, options: bool) -> None:
    decorate = HubspotConnector.tool_utils(framework="openai-agents") if options else HubspotConnector.tool_utils

    @function_tool(strict_mode=False)
    @decorate
    async def hubspot_execute(entity: str, action: str, params: dict[str, object] | None = None) -> object:
        """Asks the CRM."""
        return await connector.execute(entity, action, params)

    assert hubspot_execute.name == "hubspot_execute"
    assert hubspot_execute.description == f"Asks the CRM.\n\n{tool_text(CATALOG)}"
    assert list(hubspot_execute.params_json_schema["properties"]) == ["entity", "action", "params"]


@pytest.mark.requirement("tool-errors")
async def test_after_a_wrong_call_the_next_one_succeeds(connector: HubspotConnector) -> None:
    @function_tool(strict_mode=False)
    @HubspotConnector.tool_utils(framework="openai-agents")
    async def hubspot_execute(entity: str, action: str, params: dict[str, object] | None = None) -> object:
        return await connector.execute(entity, action, params)

    wrong, right = await outputs(hubspot_execute, MISSPELT, CONTACTS)
    assert "There is no parameter 'limt' in params. Did you mean 'limit'?" in wrong
    assert right.startswith('{"data":[{"id":"601200300401"')
