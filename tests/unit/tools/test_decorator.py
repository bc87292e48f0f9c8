"""`HubspotConnector.tool_utils` without any framework."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING

import pytest

from airbyte_agent_hubspot import HubspotConnector
from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._clock import SystemClock
from airbyte_agent_hubspot._describe import tool_text
from airbyte_agent_hubspot.errors import (
    ConfigurationError,
    ConflictError,
    ConnectorError,
    InvalidParamsError,
    InvalidRequestError,
    OutcomeUnknownError,
    RateLimitedError,
    RecordNotFoundError,
)
from airbyte_agent_hubspot.models import Contact, Page, PageMeta
from airbyte_agent_hubspot.tools import Retries

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

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


@pytest.mark.parametrize("name", ["openai_agents", "mcp"])
def test_frameworks_may_be_named_with_underscores(name: Framework) -> None:
    HubspotConnector.tool_utils(framework=name)(documented)


def failing_first(times: int, error: Exception) -> Callable[[], Awaitable[str]]:
    """A function that raises the error so often before it succeeds."""
    left = [error] * times

    async def run() -> str:
        if left:
            raise left.pop()
        return "done"

    return run


@pytest.mark.requirement("tool-retries")
async def test_errors_that_may_pass_are_tried_again_as_often_as_wanted() -> None:
    tried = HubspotConnector.tool_utils(internal_retries=2)(failing_first(2, RateLimitedError("r")))
    assert await tried() == "done"
    too_seldom = HubspotConnector.tool_utils(internal_retries=1)(failing_first(2, RateLimitedError("r")))
    with pytest.raises(RateLimitedError):
        await too_seldom()
    unknown = HubspotConnector.tool_utils(internal_retries=1)(failing_first(1, OutcomeUnknownError("w")))
    with pytest.raises(OutcomeUnknownError):
        await unknown()


@pytest.mark.requirement("tool-retries")
async def test_a_tool_may_forbid_a_retry_and_say_what_the_model_reads() -> None:
    seen: list[tuple[object, ...]] = []

    def never(error: Exception, args: tuple[object, ...], kwargs: dict[str, object]) -> bool:
        seen.append((error, args, kwargs))
        return False

    error = RateLimitedError("r")
    told = HubspotConnector.tool_utils(
        framework="openai-agents",
        internal_retries=3,
        should_internal_retry=never,
        exhausted_runtime_failure_message=lambda error, _args, _kwargs: f"Busy: {error}",
    )(failing_first(1, error))
    assert await told() == "Busy: r"
    assert seen == [(error, (), {})]
    silent = HubspotConnector.tool_utils(exhausted_runtime_failure_message=lambda *_: None)(failing_first(1, error))
    with pytest.raises(RateLimitedError):
        await silent()


@pytest.mark.requirement("tool-retries")
async def test_a_retry_waits_as_long_as_it_was_asked_to() -> None:
    slept: list[float] = []

    class Sleepless(SystemClock):
        async def sleep(self, seconds: float) -> None:
            slept.append(seconds)

    error = RateLimitedError("r", retry_after_s=7.0)
    assert await Retries(1, clock=Sleepless()).run(failing_first(1, error), (), {}) == "done"
    assert slept == [7.0]


async def test_other_errors_are_never_hidden() -> None:
    @HubspotConnector.tool_utils(framework="langchain")
    async def limited() -> None:
        raise RateLimitedError("r")

    with pytest.raises(ConnectorError):
        await limited()
