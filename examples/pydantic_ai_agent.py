"""An agent of Pydantic AI with HubSpot as its tool. `. .run/up.env`, then run it."""

import asyncio
import os

from pydantic_ai import Agent, ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from airbyte_agent_hubspot import HubspotConnector

connector = HubspotConnector(external_user_id="demo")


def ask_for_contacts(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Stands in for a language model where no MODEL is given: calls the tool once, then answers with what it got."""
    last = messages[-1].parts[-1]
    if isinstance(last, ToolReturnPart):
        return ModelResponse([TextPart(f"HubSpot says: {last.content}")])
    arguments = {"entity": "contacts", "action": "list", "params": {"limit": 2, "properties": ["email"]}}
    return ModelResponse([ToolCallPart(info.function_tools[0].name, arguments)])


agent = Agent(os.environ.get("MODEL") or FunctionModel(ask_for_contacts))


@agent.tool_plain
@HubspotConnector.tool_utils
async def hubspot_execute(entity: str, action: str, params: dict[str, object] | None = None) -> object:
    """HubSpot: contacts, companies, deals, tickets and custom objects."""
    return await connector.execute(entity, action, params)


async def main() -> None:
    """One question."""
    async with connector:
        answer = await agent.run("Who are my first two contacts?")
        print(answer.output)


if __name__ == "__main__":
    asyncio.run(main())
