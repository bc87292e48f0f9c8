"""HubSpot in a loop of your own around a model's API, without any framework. `. .run/up.env`, then run it."""

import asyncio
import json
from typing import Any

from airbyte_agent_hubspot import HubspotConnector
from airbyte_agent_hubspot.tools import build_tools


def ask_model(messages: list[dict[str, Any]], tools: list[dict[str, object]]) -> dict[str, Any]:
    """Stands in for `client.chat.completions.create(messages=messages, tools=tools)`: calls a tool, then answers."""
    if messages[-1]["role"] == "tool":
        return {"role": "assistant", "content": f"HubSpot says: {messages[-1]['content']}"}
    arguments = {"entity": "contacts", "action": "find", "params": {"limit": 2, "properties": ["email"]}}
    function = {"name": "hubspot_execute", "arguments": json.dumps(arguments)}
    assert any(tool["function"]["name"] == "hubspot_execute" for tool in tools)  # type: ignore[index]  # noqa: S101
    return {"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function": function}]}


async def main() -> None:
    """One question. For Anthropic's API take `tools.for_anthropic()`."""
    async with HubspotConnector(external_user_id="demo") as connector:
        tools = build_tools(connector)
        messages: list[dict[str, Any]] = [{"role": "user", "content": "Who are my newest two contacts?"}]
        while True:
            answer = ask_model(messages, tools.for_openai())
            messages.append(answer)
            if "tool_calls" not in answer:
                break
            for call in answer["tool_calls"]:
                result = await tools.dispatch(call["function"]["name"], call["function"]["arguments"])
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": result.text})
        print(messages[-1]["content"])


if __name__ == "__main__":
    asyncio.run(main())
