"""An agent of LlamaIndex with all of HubSpot in three tools. `. .run/up.env`, then run it."""

import asyncio
import warnings
from collections.abc import Sequence

warnings.simplefilter("ignore", DeprecationWarning)  # LlamaIndex uses parts of pydantic that will go

from llama_index.core.agent.workflow import FunctionAgent  # noqa: E402 - imports warn, too
from llama_index.core.base.llms.types import ChatMessage, TextBlock, ToolCallBlock  # noqa: E402
from llama_index.core.llms.mock import MockFunctionCallingLLM  # noqa: E402

from airbyte_agent_hubspot import HubspotConnector  # noqa: E402
from airbyte_agent_hubspot.tools import build_tools  # noqa: E402


def ask_for_contacts(messages: Sequence[ChatMessage], **_: object) -> ChatMessage:
    """Stands in for a language model: calls a tool once, then answers with what it got."""
    if messages[-1].role == "tool":
        return ChatMessage(role="assistant", blocks=[TextBlock(text=f"HubSpot says: {messages[-1].content}")])
    arguments = {"entity": "contacts", "action": "find", "params": {"limit": 2, "properties": ["email"]}}
    call = ToolCallBlock(tool_call_id="1", tool_name="hubspot_execute", tool_kwargs=arguments)
    return ChatMessage(role="assistant", blocks=[call])


async def main() -> None:
    """One question."""
    async with HubspotConnector(external_user_id="demo") as connector:
        model = MockFunctionCallingLLM(response_generator=ask_for_contacts)
        agent = FunctionAgent(tools=[*build_tools(connector, "llama-index")], llm=model, streaming=False)
        print(await agent.run("Who are my newest two contacts?"))


if __name__ == "__main__":
    asyncio.run(main())
