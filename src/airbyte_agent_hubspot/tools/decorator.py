"""Makes a tool of a function: description from the catalog, errors in the framework's own form."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar, cast

from .._catalog import CATALOG
from .._describe import tool_text
from ..errors import ConfigurationError, ConnectorError, InvalidRequestError
from ..models import Result
from .frameworks import find_error_type, find_framework
from .results import MENDABLE

if TYPE_CHECKING:
    from .retrying import Retries

Tool = TypeVar("Tool", bound=Callable[..., Awaitable[object]])


def make_tool(
    function: Tool,
    *,
    framework: str | None,
    max_output_chars: int | None,
    update_docstring: bool,
    retries: Retries,
) -> Tool:
    """`function` as a tool: see `HubspotConnector.tool_utils`.

    Raises:
        ConfigurationError: the function is not async, or `framework` is unknown or not installed.
    """
    if not inspect.iscoroutinefunction(function):
        name = cast("object", getattr(function, "__name__", function))  # any callable may be given
        raise ConfigurationError(f"tool_utils decorates async functions: write `async def` for {name!r}.")
    chosen = find_framework(framework)

    def signal(text: str, error: ConnectorError) -> str:
        """The text in the form in which the framework shows it to the model; our error where it has none."""
        if chosen == "openai-agents":
            return text
        error_type = find_error_type(chosen)
        raise error if error_type is None else error_type(text) from error

    @functools.wraps(function)
    async def tool(*args: object, **kwargs: object) -> object:
        try:
            result = await retries.run(function, args, kwargs)
            _check_size(result, max_output_chars)
        except MENDABLE as error:
            return signal(f"{error.code}: {error.message}", error)
        except ConnectorError as error:
            text = retries.told(error, args, kwargs)
            if text is None:
                raise
            return signal(text, error)
        return result

    if update_docstring:
        own = inspect.getdoc(function)
        tool.__doc__ = f"{own}\n\n{tool_text(CATALOG)}" if own else tool_text(CATALOG)
    return cast("Tool", tool)


def _check_size(result: object, max_output_chars: int | None) -> None:
    if not max_output_chars:
        return
    size = len(str(result))
    if size > max_output_chars:
        less = "a smaller `limit` or fewer `properties`" if isinstance(result, Result) else "less"
        raise InvalidRequestError(
            f"The result has {size} characters, {max_output_chars} are allowed. Nothing is shown. Ask for {less}.",
            code="result_too_large",
        )
