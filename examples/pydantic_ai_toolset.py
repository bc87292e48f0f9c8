"""An agent of Pydantic AI with all of HubSpot in three tools. `. .run/up.env`, then run it."""

import asyncio
import os

from pydantic_ai import Agent, FunctionToolset, ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from airbyte_agent_hubspot import HubspotConnector
from airbyte_agent_hubspot.tools import build_tools


def ask_for_contacts(messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
    """Stands in for a language model where no MODEL is given: calls a tool once, then answers with what it got."""
    last = messages[-1].parts[-1]
    if isinstance(last, ToolReturnPart):
        return ModelResponse([TextPart(f"HubSpot says: {last.content}")])
    arguments = {"entity": "contacts", "action": "find", "params": {"limit": 2, "properties": ["email"]}}
    return ModelResponse([ToolCallPart("hubspot_execute", arguments)])


async def main() -> None:
    """One question."""
    async with HubspotConnector(external_user_id="demo") as connector:
        tools = FunctionToolset(build_tools(connector, "pydantic-ai"))
        agent = Agent(os.environ.get("MODEL") or FunctionModel(ask_for_contacts), toolsets=[tools])
        answer = await agent.run("Who are my newest two contacts?")
        print(answer.output)


if __name__ == "__main__":
    asyncio.run(main())
