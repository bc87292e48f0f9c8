"""Tools in the forms of models' APIs, and what they cost."""

from __future__ import annotations

import json
import re
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from airbyte_agent_hubspot import HubspotConnector, HubspotPrivateAppAuthConfig
from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot.errors import ConfigurationError
from airbyte_agent_hubspot.tools import build_tools

if TYPE_CHECKING:
    from airbyte_agent_hubspot.tools import ToolSet

CONNECTOR = HubspotConnector(auth_config=HubspotPrivateAppAuthConfig(private_app_token="pat-eu1-0"))


@pytest.fixture
def tools() -> ToolSet:
    return build_tools(CONNECTOR)


def test_there_are_three_tools(tools: ToolSet) -> None:
    assert repr(tools) == "ToolSet(hubspot_inspect, hubspot_docs, hubspot_execute)"
    assert [tool.name for tool in tools[1:]] == ["hubspot_docs", "hubspot_execute"]
    for tool in tools:
        assert len(tool.description) <= 1024, "more is too much for some frameworks"
        Draft202012Validator.check_schema(tool.parameters)


def test_a_tool_has_the_form_of_each_api(tools: ToolSet) -> None:
    docs = tools[1]
    [_, chat, _], [_, responses, _], [_, messages, _] = (
        tools.for_openai(),
        tools.for_openai_responses(),
        tools.for_anthropic(),
    )
    assert chat == {
        "type": "function",
        "function": {"name": "hubspot_docs", "description": docs.description, "parameters": docs.parameters},
    }
    assert responses == {
        "type": "function",
        "name": "hubspot_docs",
        "description": docs.description,
        "parameters": docs.parameters,
        "strict": False,
    }
    assert messages == {"name": "hubspot_docs", "description": docs.description, "input_schema": docs.parameters}


@pytest.mark.requirement("three-tools")
def test_the_three_tools_fit_into_900_tokens(tools: ToolSet) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it opens its data by an old function
        from bpe_openai import get_encoding  # noqa: PLC0415

        encoding = get_encoding("o200k_base")
    text = json.dumps([tool["function"] for tool in tools.for_openai()], separators=(",", ":"))
    assert len(encoding.encode(text)) <= 900


@pytest.mark.parametrize("options", [{"max_tokens": 10}, {"entities": ["contact"]}])
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        build_tools(CONNECTOR, **options)


def test_tools_of_single_operations_have_names_and_texts_that_every_api_takes() -> None:
    tools = build_tools(CONNECTOR, per_operation=True)
    assert len({tool.name for tool in tools}) == len(tools) == len(list(CATALOG)) - len(CATALOG.find_entity("*"))
    for tool in tools:
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", tool.name)
        assert len(tool.description) <= 1024
