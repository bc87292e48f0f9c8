"""An agent of the OpenAI Agents SDK with all of HubSpot in three tools. `. .run/up.env`, then run it."""

import asyncio
import os

from agents import Agent, RunConfig, Runner
from agents.testing import ScriptedModel, assistant_message, function_call

from airbyte_agent_hubspot import HubspotConnector
from airbyte_agent_hubspot.tools import build_tools

ARGUMENTS = {"entity": "contacts", "action": "find", "params": {"limit": 2, "properties": ["email"]}}


async def main() -> None:
    """One question. Without a key of OpenAI a script stands in for the model."""
    key = "OPENAI_API_KEY" in os.environ
    script = ScriptedModel(
        [[function_call("hubspot_execute", ARGUMENTS, call_id="1")], [assistant_message("These are they.")]]
    )
    async with HubspotConnector(external_user_id="demo") as connector:
        tools = build_tools(connector, "openai-agents")
        agent = Agent(name="Sales assistant", tools=[*tools], model=None if key else script)
        run = await Runner.run(agent, "Who are my newest two contacts?", run_config=RunConfig(tracing_disabled=not key))
        for item in run.to_input_list():
            print(item.get("output") or item.get("content") or item.get("arguments"))


if __name__ == "__main__":
    asyncio.run(main())
