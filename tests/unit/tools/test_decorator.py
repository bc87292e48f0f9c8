"""`HubspotConnector.tool_utils` without any framework."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING

import pytest

from airbyte_agent_hubspot import HubspotConnector
from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._describe import tool_text
from airbyte_agent_hubspot.errors import (
    ConfigurationError,
    ConflictError,
    ConnectorError,
    InvalidParamsError,
    InvalidRequestError,
    RateLimitedError,
    RecordNotFoundError,
)
from airbyte_agent_hubspot.models import Contact, Page, PageMeta

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airbyte_agent_hubspot.tools import Framework

PAGE = Page([Contact("1")], PageMeta())


@pytest.fixture(autouse=True)
def pydantic_ai_is_not_loaded() -> Iterator[None]:
    """Whatever other tests loaded: here, no framework is there."""
    hidden = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "pydantic_ai"}
    for name in hidden:
        del sys.modules[name]
    yield
    sys.modules.update(hidden)


@HubspotConnector.tool_utils
async def documented(entity: str, action: str, params: dict[str, object] | None = None) -> object:
    """Asks HubSpot.

    Twice if needed.
    """
    return (entity, action, params)


@pytest.mark.requirement("tool-utils")
async def test_a_tool_is_the_function_with_a_description() -> None:
    assert await documented("contacts", "list", params={"limit": 3}) == ("contacts", "list", {"limit": 3})
    assert documented.__name__ == "documented"
    assert str(inspect.signature(documented)) == (
        "(entity: 'str', action: 'str', params: 'dict[str, object] | None' = None) -> 'object'"
    )
    assert documented.__doc__ == f"Asks HubSpot.\n\nTwice if needed.\n\n{tool_text(CATALOG)}"


@pytest.mark.requirement("tool-utils")
def test_a_function_without_a_docstring_gets_the_catalogs_text() -> None:
    @HubspotConnector.tool_utils()
    async def bare() -> None: ...

    assert bare.__doc__ == tool_text(CATALOG)


@pytest.mark.requirement("tool-utils")
def test_the_docstring_is_left_alone_when_asked() -> None:
    @HubspotConnector.tool_utils(update_docstring=False)
    async def untouched() -> None:
        """Mine."""

    assert untouched.__doc__ == "Mine."


@pytest.mark.parametrize(
    "error",
    [InvalidParamsError("p"), RecordNotFoundError("n"), ConflictError("c"), RateLimitedError("r"), KeyError("k")],
)
@pytest.mark.parametrize("framework", [None, "none"])
async def test_without_a_framework_errors_are_our_own(error: Exception, framework: Framework | None) -> None:
    @HubspotConnector.tool_utils(framework=framework)
    async def failing() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        await failing()
    assert caught.value is error


@pytest.mark.requirement("tool-errors")
async def test_openai_agents_reads_errors_as_results() -> None:
    @HubspotConnector.tool_utils(framework="openai-agents")
    async def failing() -> object:
        raise RecordNotFoundError("There is none.")

    assert await failing() == "record_not_found: There is none."


@pytest.mark.requirement("tool-utils")
async def test_a_result_that_is_too_long_says_how_to_ask_for_less() -> None:
    size = len(str(PAGE))

    @HubspotConnector.tool_utils(max_output_chars=size)
    async def fits() -> object:
        return PAGE

    @HubspotConnector.tool_utils(max_output_chars=size - 1)
    async def too_long() -> object:
        return PAGE

    @HubspotConnector.tool_utils(max_output_chars=3)
    async def too_long_text() -> object:
        return "text"

    assert await fits() is PAGE
    with pytest.raises(InvalidRequestError) as caught:
        await too_long()
    assert caught.value.code == "result_too_large"
    assert "`limit`" in caught.value.message
    with pytest.raises(InvalidRequestError) as caught:
        await too_long_text()
    assert "`limit`" not in caught.value.message


@pytest.mark.parametrize(
    ("decorate", "says"),
    [
        (lambda: HubspotConnector.tool_utils(print), "async def"),  # type: ignore[type-var]
        (
            lambda: HubspotConnector.tool_utils(framework="crewai")(documented),  # type: ignore[call-overload]
            "pydantic-ai, langchain, openai-agents, fastmcp, none",
        ),
    ],
)
def test_what_cannot_be_a_tool_is_refused_at_once(decorate: Callable[[], object], says: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        decorate()
    assert says in caught.value.message


@pytest.mark.parametrize(
    ("framework", "module", "distribution"),
    [
        ("pydantic-ai", "pydantic_ai", "pydantic-ai-slim"),
        ("langchain", "langchain_core.tools", "langchain-core"),
        ("fastmcp", "fastmcp.exceptions", "fastmcp"),
    ],
)
def test_a_framework_that_is_not_installed_is_named_with_its_distribution(
    monkeypatch: pytest.MonkeyPatch, framework: Framework, module: str, distribution: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigurationError) as caught:
        HubspotConnector.tool_utils(framework=framework)(documented)
    assert f"pip install {distribution}" in caught.value.message


async def test_other_errors_are_never_hidden() -> None:
    @HubspotConnector.tool_utils(framework="langchain")
    async def limited() -> None:
        raise RateLimitedError("r")

    with pytest.raises(ConnectorError):
        await limited()
