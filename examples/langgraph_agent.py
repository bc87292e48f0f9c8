"""An agent of LangGraph with all of HubSpot in three tools. `. .run/up.env`, then run it."""

import asyncio

from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

from airbyte_agent_hubspot import HubspotConnector
from airbyte_agent_hubspot.tools import build_tools

ARGUMENTS = {"entity": "contacts", "action": "find", "params": {"limit": 2, "properties": ["email"]}}
CALL = AIMessage("", tool_calls=[{"name": "hubspot_execute", "args": ARGUMENTS, "id": "1", "type": "tool_call"}])
MODEL = GenericFakeChatModel(messages=iter([CALL, AIMessage("These are they.")]))
"""Stands in for a language model: yours is `ChatOpenAI(...).bind_tools(tools)` or another."""


async def ask(state: MessagesState) -> dict[str, list[BaseMessage]]:
    """The model's turn."""
    return {"messages": [await MODEL.ainvoke(state["messages"])]}


async def main() -> None:
    """One question."""
    async with HubspotConnector(external_user_id="demo") as connector:
        graph = StateGraph(MessagesState)
        graph.add_node("model", ask)
        graph.add_node("tools", ToolNode(build_tools(connector, "langchain")))
        graph.add_edge(START, "model")
        graph.add_conditional_edges("model", tools_condition)
        graph.add_edge("tools", "model")
        state = await graph.compile().ainvoke({"messages": [HumanMessage("Who are my newest two contacts?")]})
        for message in state["messages"]:
            print(message.content)


if __name__ == "__main__":
    asyncio.run(main())
