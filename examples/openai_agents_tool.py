"""HubSpot as a tool of the OpenAI Agents SDK. `. .run/up.env`, then run it."""

import asyncio
import json
import os

from agents import Agent, Runner, function_tool
from agents.tool_context import ToolContext

from airbyte_agent_hubspot import HubspotConnector

connector = HubspotConnector(external_user_id="demo")


@function_tool(strict_mode=False)  # `params` is a free-form object, which strict mode does not allow
@HubspotConnector.tool_utils(framework="openai-agents")
async def hubspot_execute(entity: str, action: str, params: dict[str, object] | None = None) -> object:
    """HubSpot: contacts, companies, deals, tickets and custom objects."""
    return await connector.execute(entity, action, params)


async def main() -> None:
    """One question with a key of OpenAI; without one, the tool call that a model would make."""
    async with connector:
        if "OPENAI_API_KEY" in os.environ:
            agent = Agent(name="Sales assistant", tools=[hubspot_execute])
            answer = await Runner.run(agent, "Who are my first two contacts?")
            print(answer.final_output)
            return
        arguments = json.dumps({"entity": "contacts", "action": "list", "params": {"limit": 2}})
        context = ToolContext(None, tool_name=hubspot_execute.name, tool_call_id="1", tool_arguments=arguments)
        print(await hubspot_execute.on_invoke_tool(context, arguments))


if __name__ == "__main__":
    asyncio.run(main())
