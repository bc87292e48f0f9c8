"""`build_tools` in each framework: its own agent loop and its own test model, a wrong call and then the right one."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, cast

import pytest
from agents import Agent as OpenAIAgent
from agents import RunConfig, Runner
from agents.testing import ScriptedModel, assistant_message, function_call
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, TextBlock, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM
from pydantic_ai import Agent, FunctionToolset
from pydantic_ai.messages import (
    ModelMessage,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel

from airbyte_agent_hubspot.errors import ConfigurationError
from airbyte_agent_hubspot.tools import ToolResult, build_tools

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from airbyte_agent_hubspot import HubspotConnector

NAME = "hubspot_execute"
WRONG = {"entity": "deals", "action": "find", "params": {"limt": 2}}
RIGHT = {"entity": "deals", "action": "find", "params": {"limit": 2}}
CALLS: tuple[dict[str, object], ...] = (cast("dict[str, object]", WRONG), cast("dict[str, object]", RIGHT))


async def in_pydantic_ai(connector: HubspotConnector) -> list[str]:
    left = list(CALLS)

    def respond(_: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        assert [tool.name for tool in info.function_tools] == ["hubspot_inspect", "hubspot_docs", NAME]
        return ModelResponse([ToolCallPart(NAME, left.pop(0)) if left else TextPart("done")])

    toolset = FunctionToolset(build_tools(connector, "pydantic-ai"))
    run = await Agent(FunctionModel(respond), toolsets=[toolset]).run("?")
    assert run.output == "done"
    parts = [part for message in run.all_messages() for part in message.parts if isinstance(part, ToolReturnPart)]
    assert cast("dict[str, object]", parts[1].metadata)["receipt"]
    return [str(part.content) for part in parts]


async def in_langgraph(connector: HubspotConnector) -> list[str]:
    calls = [
        AIMessage("", tool_calls=[{"name": NAME, "args": call, "id": str(number), "type": "tool_call"}])
        for number, call in enumerate(CALLS)
    ]
    model = GenericFakeChatModel(messages=iter([*calls, AIMessage("done")]))
    tools = build_tools(connector, "langchain")
    assert convert_to_openai_tool(tools[2])["function"]["parameters"]["required"] == ["entity", "action"]

    async def ask(state: MessagesState) -> dict[str, list[BaseMessage]]:
        return {"messages": [await model.ainvoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node("model", ask)
    graph.add_node("tools", ToolNode(tools))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", tools_condition)
    graph.add_edge("tools", "model")
    state = await graph.compile().ainvoke({"messages": [HumanMessage("?")]})
    messages = cast("list[BaseMessage]", state["messages"])
    assert messages[-1].content == "done"
    answers = [message for message in messages if isinstance(message, ToolMessage)]
    assert [answer.status for answer in answers] == ["error", "success"]
    assert isinstance(answers[1].artifact, ToolResult)
    return [str(answer.content) for answer in answers]


async def in_openai_agents(connector: HubspotConnector) -> list[str]:
    asked = [[function_call(NAME, call, call_id=str(number))] for number, call in enumerate(CALLS)]
    model = ScriptedModel([*asked, [assistant_message("done")]])
    agent = OpenAIAgent(name="assistant", model=model, tools=list(build_tools(connector, "openai-agents")))
    run = await Runner.run(agent, "?", run_config=RunConfig(tracing_disabled=True))
    assert run.final_output == "done"
    assert model.last_call is not None
    return [item["output"] for item in model.last_call.input if item.get("type") == "function_call_output"]


async def in_llama_index(connector: HubspotConnector) -> list[str]:
    left = list(CALLS)
    read: list[str] = []

    def respond(messages: Sequence[ChatMessage], **_: Any) -> ChatMessage:
        read[:] = [str(message.content) for message in messages if message.role == "tool"]
        if not left:
            return ChatMessage(role="assistant", blocks=[TextBlock(text="done")])
        block = ToolCallBlock(tool_call_id=str(len(left)), tool_name=NAME, tool_kwargs=left.pop(0))
        return ChatMessage(role="assistant", blocks=[block])

    tools = build_tools(connector, "llama-index")
    assert tools[2].metadata.to_openai_tool()["function"]["parameters"]["required"] == ["entity", "action"]
    agent = FunctionAgent(tools=list(tools), llm=MockFunctionCallingLLM(response_generator=respond), streaming=False)
    assert str(await agent.run("?")) == "done"
    return read


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")  # LlamaIndex's own
@pytest.mark.requirement("build-tools")
@pytest.mark.parametrize("run", [in_pydantic_ai, in_langgraph, in_openai_agents, in_llama_index])
async def test_a_model_reads_what_was_wrong_and_then_the_table(
    connector: HubspotConnector, run: Callable[[HubspotConnector], Awaitable[list[str]]]
) -> None:
    wrong, right = await run(connector)
    assert "There is no parameter 'limt' in params. Did you mean 'limit'?" in wrong
    assert f"Call instead: {json.dumps(RIGHT, separators=(',', ':'))}" in wrong
    assert "not instructions>\n" in right


@pytest.mark.parametrize("framework", ["pydantic-ai", "langchain", "openai-agents"])
async def test_what_no_model_can_mend_is_raised(connector: HubspotConnector, framework: str) -> None:
    tool = build_tools(connector, framework)[2]  # type: ignore[call-overload]
    await connector.close()
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "pydantic-ai": lambda: tool.function(**RIGHT),
        "langchain": lambda: tool.ainvoke(RIGHT),
        "openai-agents": lambda: tool.on_invoke_tool(None, json.dumps(RIGHT)),
    }
    with pytest.raises(ConfigurationError):
        await calls[framework]()


async def test_llama_index_which_tells_the_model_of_every_error_is_given_its_fenced_text(
    connector: HubspotConnector,
) -> None:
    tool = build_tools(connector, "llama-index")[2]
    await connector.close()
    output = await tool.acall(**RIGHT)
    assert output.is_error
    assert isinstance(output.raw_output.error, ConfigurationError)
    assert "not instructions>" in output.content


async def test_plain_tools_serve_a_loop_of_ones_own(connector: HubspotConnector) -> None:
    tools = build_tools(connector)
    asked = [{"name": NAME, "arguments": json.dumps(call)} for call in CALLS]  # as OpenAI's API gives them
    answers = [await tools.dispatch(call["name"], call["arguments"]) for call in asked]
    assert [answer.is_error for answer in answers] == [True, False]


async def test_a_framework_that_is_unknown_or_missing_is_told(
    connector: HubspotConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match="pydantic-ai, langchain, openai-agents, llama-index"):
        build_tools(connector, "crewai")  # type: ignore[call-overload]
    monkeypatch.delitem(sys.modules, "airbyte_agent_hubspot.tools.adapters.llama_index", raising=False)
    monkeypatch.setitem(sys.modules, "llama_index.core.tools", None)
    with pytest.raises(ConfigurationError, match="pip install llama-index-core"):
        build_tools(connector, "llama-index")
