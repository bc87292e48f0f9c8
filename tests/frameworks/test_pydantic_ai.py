"""Pydantic AI: results pass unchanged, the description arrives, a wrong call is asked for again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest
from pydantic_ai import Agent, ModelRetry
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.test import TestModel

from airbyte_agent_hubspot import HubspotConnector
from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._describe import tool_text
from airbyte_agent_hubspot.errors import RateLimitedError, RecordNotFoundError
from airbyte_agent_hubspot.models import Page
from frameworks.calls import CONTACTS, MISSPELT, ToolCall, says

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airbyte_agent_hubspot.models import Result


def asking(*calls: ToolCall) -> FunctionModel:
    """A model that makes the calls one after the other, then says that it is done."""
    left = list(calls)

    def respond(_: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if not left:
            return ModelResponse([TextPart("done")])
        return ModelResponse([ToolCallPart(info.function_tools[0].name, left.pop(0).arguments)])

    return FunctionModel(respond)


def parts(messages: Sequence[ModelMessage]) -> list[ToolReturnPart]:
    """What the tools answered."""
    return [part for message in messages for part in message.parts if isinstance(part, ToolReturnPart)]


@pytest.mark.requirement("framework-results")
async def test_a_result_passes_unchanged_and_the_model_reads_it_as_json(
    connector: HubspotConnector, call: ToolCall
) -> None:
    results: list[Result] = []
    agent = Agent(asking(call))

    @agent.tool_plain
    async def hubspot(entity: str, action: str, params: dict[str, object]) -> object:
        results.append(await connector.execute(entity, action, params))
        return results[-1]

    run = await agent.run("?")
    [answer] = parts(run.all_messages())
    assert answer.content is results[0]
    assert says(answer.model_response_str(), results[0])


@pytest.mark.requirement("agent-snippet")
async def test_the_agent_of_the_front_page_gets_contacts(connector: HubspotConnector) -> None:
    agent = Agent(asking(CONTACTS))

    @agent.tool_plain  # assumes you're using Pydantic AI
    @HubspotConnector.tool_utils
    async def hubspot_execute(entity: str, action: str, params: dict | None = None):  # type: ignore[no-untyped-def, type-arg]  # noqa: ANN202 - as users write it
        return await connector.execute(entity, action, params or {})

    run = await agent.run("Who are my first two contacts?")
    [answer] = parts(run.all_messages())
    contacts = await connector.contacts.list(limit=2, properties=["email", "lastname"], associations="companies")
    assert answer.tool_name == "hubspot_execute"
    assert answer.content == contacts
    assert len(contacts) == 2


@pytest.mark.requirement("agent-snippet")
@pytest.mark.parametrize("options", [False, True], ids=["bare", "options"])
async def test_the_model_is_told_name_signature_and_description(connector: HubspotConnector, *, options: bool) -> None:
    decorate = HubspotConnector.tool_utils(framework="pydantic-ai") if options else HubspotConnector.tool_utils
    model = TestModel(call_tools=[])
    agent = Agent(model)

    @agent.tool_plain
    @decorate
    async def hubspot_execute(entity: str, action: str, params: dict[str, object] | None = None) -> object:
        """Asks the CRM."""
        return await connector.execute(entity, action, params)

    await agent.run("?")
    told = model.last_model_request_parameters
    assert told is not None
    [tool] = told.function_tools
    assert tool.name == "hubspot_execute"
    assert tool.description == f"Asks the CRM.\n\n{tool_text(CATALOG)}"
    assert tool.parameters_json_schema["required"] == ["entity", "action"]
    assert list(tool.parameters_json_schema["properties"]) == ["entity", "action", "params"]


@pytest.mark.requirement("tool-errors")
@pytest.mark.parametrize(
    ("wrong", "says_what"),
    [
        (MISSPELT, "invalid_params: There is no parameter 'limt' in params. Did you mean 'limit'?"),
        (ToolCall("contact", "list", {}), "unknown_operation: There is no entity 'contact'. Did you mean 'contacts'?"),
        (ToolCall("contacts", "get", {"contactId": "999999999999"}), "record_not_found: HubSpot has no such record"),
    ],
)
async def test_after_a_wrong_call_the_next_one_succeeds(
    connector: HubspotConnector, wrong: ToolCall, says_what: str
) -> None:
    agent = Agent(asking(wrong, CONTACTS))

    @agent.tool_plain
    @HubspotConnector.tool_utils
    async def hubspot_execute(entity: str, action: str, params: dict[str, object] | None = None) -> object:
        return await connector.execute(entity, action, params)

    run = await agent.run("?")
    retry, answer = parts(run.all_messages())
    assert retry.outcome == "retried"
    assert str(retry.content).startswith(says_what)
    assert isinstance(answer.content, Page)
    assert run.output == "done"


@pytest.mark.requirement("tool-errors")
async def test_a_result_that_is_too_long_is_asked_for_in_less(connector: HubspotConnector) -> None:
    agent = Agent(asking(ToolCall("contacts", "list", {"limit": 50}), CONTACTS))

    @agent.tool_plain
    @HubspotConnector.tool_utils(max_output_chars=2_000)
    async def hubspot_execute(entity: str, action: str, params: dict[str, object] | None = None) -> object:
        return await connector.execute(entity, action, params)

    run = await agent.run("?")
    retry, answer = parts(run.all_messages())
    assert retry.outcome == "retried"
    assert str(retry.content).startswith("result_too_large: ")
    assert isinstance(answer.content, Page)


@pytest.mark.requirement("tool-errors")
async def test_what_the_model_cannot_mend_stops_the_run() -> None:
    agent = Agent(asking(CONTACTS))

    @agent.tool_plain
    @HubspotConnector.tool_utils
    async def hubspot_execute(entity: str, action: str, params: dict[str, object] | None = None) -> object:
        raise RateLimitedError(f"Not now: {entity}, {action}, {params}.")

    with pytest.raises(RateLimitedError):
        await agent.run("?")


@pytest.mark.requirement("tool-errors")
@pytest.mark.parametrize("name", ["pydantic-ai", "pydantic_ai"])
async def test_the_frameworks_error_keeps_ours_as_its_cause(name: Literal["pydantic-ai", "pydantic_ai"]) -> None:
    @HubspotConnector.tool_utils(framework=name)
    async def failing() -> None:
        raise RecordNotFoundError("HubSpot has no such record.")

    with pytest.raises(ModelRetry) as caught:
        await failing()
    assert isinstance(caught.value.__cause__, RecordNotFoundError)
    assert caught.value.message == "record_not_found: HubSpot has no such record."
