"""What each agent framework wants a tool to raise when the model should try again."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Final, Literal, TypeAlias, cast, get_args

from ..errors import ConfigurationError

Framework: TypeAlias = Literal[
    "pydantic-ai", "langchain", "openai-agents", "fastmcp", "none", "pydantic_ai", "openai_agents", "mcp"
]
_SPELLINGS: Final = {"pydantic_ai": "pydantic-ai", "openai_agents": "openai-agents", "mcp": "fastmcp"}
"""Names that others have for frameworks -> ours."""

_ERROR_TYPES: Final = {
    "pydantic-ai": ("pydantic_ai", "ModelRetry", "pydantic-ai-slim"),
    "langchain": ("langchain_core.tools", "ToolException", "langchain-core"),
    "fastmcp": ("fastmcp.exceptions", "ToolError", "fastmcp"),
}
"""Framework -> module, class, distribution. OpenAI Agents hides exceptions from the model: it reads a tool's result."""


def find_framework(name: str | None) -> Framework | None:
    """The framework of that name, in our spelling; None for None.

    Raises:
        ConfigurationError: there is none, or it is not installed.
    """
    if name is None:
        return None
    framework = _SPELLINGS.get(name, name)
    known = [one for one in get_args(Framework) if one not in _SPELLINGS]
    if framework not in known:
        raise ConfigurationError(f"{name!r} is not a framework that tool_utils knows: {', '.join(known)}.")
    found = cast("Framework", framework)
    find_error_type(found)
    return found


def find_error_type(framework: Framework | None) -> type[Exception] | None:
    """The exception that `framework` turns into a message for the model; None: our own errors do.

    Without a name it is that of pydantic-ai, if pydantic-ai is loaded: the one framework that stops the whole run at
    any other exception.

    Raises:
        ConfigurationError: the framework is not installed.
    """
    if framework is None:
        if "pydantic_ai" not in sys.modules:
            return None
        framework = "pydantic-ai"
    if framework not in _ERROR_TYPES:
        return None
    module, name, distribution = _ERROR_TYPES[framework]
    try:
        return cast("type[Exception]", getattr(import_module(module), name))
    except ImportError as error:
        raise ConfigurationError(f"{framework} is not installed: pip install {distribution}.") from error
