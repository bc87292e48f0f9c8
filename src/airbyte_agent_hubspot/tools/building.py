"""Builds the tools of a connector."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, Literal, TypedDict, cast, overload

from ..errors import ConfigurationError
from ..shaping import LEAST_TOKENS, MAX_TOKENS, Shaper
from .arguments import MOST_TOKENS
from .disclosure import operation_tools, three_tools
from .reach import Reach
from .session import Runs, Session
from .spec import ToolSet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Unpack

    from agents import FunctionTool as OpenAITool
    from langchain_core.tools import BaseTool
    from llama_index.core.tools import FunctionTool as LlamaTool
    from pydantic_ai import Tool as PydanticTool

    from ..shaping import Redaction

_ADAPTERS: Final = {
    "pydantic-ai": ("pydantic_ai", "pydantic-ai-slim"),
    "langchain": ("langchain", "langchain-core"),
    "openai-agents": ("openai_agents", "openai-agents"),
    "llama-index": ("llama_index", "llama-index-core"),
}
"""Framework -> our module, its distribution."""


class ToolOptions(TypedDict, total=False):
    """Options of `build_tools` beside the framework."""

    read_only: bool
    entities: Sequence[str] | None
    actions: Sequence[str] | None
    max_tokens: int
    per_operation: bool
    redact: Redaction | None


@overload
def build_tools(connector: Runs, framework: None = None, **options: Unpack[ToolOptions]) -> ToolSet: ...
@overload
def build_tools(
    connector: Runs, framework: Literal["pydantic-ai"], **options: Unpack[ToolOptions]
) -> list[PydanticTool[object]]: ...
@overload
def build_tools(connector: Runs, framework: Literal["langchain"], **options: Unpack[ToolOptions]) -> list[BaseTool]: ...
@overload
def build_tools(
    connector: Runs, framework: Literal["openai-agents"], **options: Unpack[ToolOptions]
) -> list[OpenAITool]: ...
@overload
def build_tools(
    connector: Runs, framework: Literal["llama-index"], **options: Unpack[ToolOptions]
) -> list[LlamaTool]: ...
def build_tools(
    connector: Runs,
    framework: str | None = None,
    *,
    read_only: bool = False,
    entities: Sequence[str] | None = None,
    actions: Sequence[str] | None = None,
    max_tokens: int = MAX_TOKENS,
    per_operation: bool = False,
    redact: Redaction | None = None,
) -> object:
    """Three tools by which an agent uses all of HubSpot: what is there, how one action is called, the call itself.

    With `per_operation`, a tool for each operation instead: name entities or actions, there are 294. They may use only
    the given entities and actions, and with `read_only` none that changes anything. A result has at most about
    `max_tokens` tokens unless the model asks for another size. `redact` keeps personal data from the model.

    Without a `framework` they come as a `ToolSet`; with one, as that framework's own objects.

    Raises:
        ConfigurationError: no operation is left, `max_tokens` is out of range, or the framework is unknown or not
            installed.
    """
    reach = Reach(read_only, entities, actions)
    if not LEAST_TOKENS <= max_tokens <= MOST_TOKENS:
        raise ConfigurationError(f"max_tokens must be {LEAST_TOKENS} to {MOST_TOKENS}, not {max_tokens}.")
    if not reach.operations():
        raise ConfigurationError("No operation fits these entities and actions: see HubspotConnector.list_entities().")
    session = Session(Shaper(connector.execute, redact=redact), reach, max_tokens=max_tokens)
    tools = ToolSet(operation_tools(session) if per_operation else three_tools(session))
    return tools if framework is None else _adapter(framework)(tools)


def _adapter(framework: str) -> Callable[[ToolSet], object]:
    """What makes a framework's tools of ours."""
    if framework not in _ADAPTERS:
        raise ConfigurationError(
            f"{framework!r} is not a framework that build_tools knows: {', '.join(_ADAPTERS)}. "
            "Without one it gives tools that any program can use."
        )
    module, distribution = _ADAPTERS[framework]
    try:
        adapter = import_module(f"{__package__}.adapters.{module}")
    except ImportError as error:
        raise ConfigurationError(f"{framework} is not installed: pip install {distribution}.") from error
    return cast("Callable[[ToolSet], object]", adapter.to_tools)
