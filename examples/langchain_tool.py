"""HubSpot as a LangChain tool. `. .run/up.env`, then run it."""

import asyncio

from langchain_core.tools import tool

from airbyte_agent_hubspot import HubspotConnector

connector = HubspotConnector(external_user_id="demo")


@tool
@HubspotConnector.tool_utils(framework="langchain")
async def hubspot_execute(entity: str, action: str, params: dict[str, object] | None = None) -> object:
    """HubSpot: contacts, companies, deals, tickets and custom objects."""
    return await connector.execute(entity, action, params)


hubspot_execute.handle_tool_error = True  # the model reads what was wrong, and tries again


async def main() -> None:
    """What a model's tool call gives: bind the tool to a model with `model.bind_tools([hubspot_execute])`."""
    async with connector:
        for params in ({"limit": 2, "properties": ["email"]}, {"limit": 2, "propertys": ["email"]}):
            arguments = {"entity": "contacts", "action": "list", "params": params}
            print(await hubspot_execute.ainvoke({"type": "tool_call", "id": "1", "name": "", "args": arguments}))


if __name__ == "__main__":
    asyncio.run(main())
