"""Makes a tool of a function: description from the catalog, errors in the framework's own form."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar, cast, get_args

from .._catalog import CATALOG
from .._describe import tool_text
from ..errors import ConfigurationError, ConflictError, InvalidRequestError, NotFoundError
from ..models import Result
from .frameworks import Framework, find_error_type

if TYPE_CHECKING:
    from ..errors import ConnectorError

Tool = TypeVar("Tool", bound=Callable[..., Awaitable[object]])

_MENDABLE = (InvalidRequestError, NotFoundError, ConflictError)
"""Errors that another call by the model can avoid."""


def make_tool(
    function: Tool, *, framework: Framework | None, max_output_chars: int | None, update_docstring: bool
) -> Tool:
    """`function` as a tool: see `HubspotConnector.tool_utils`.

    Raises:
        ConfigurationError: the function is not async, or `framework` is unknown or not installed.
    """
    if not inspect.iscoroutinefunction(function):
        name = cast("object", getattr(function, "__name__", function))  # any callable may be given
        raise ConfigurationError(f"tool_utils decorates async functions: write `async def` for {name!r}.")
    if framework is not None and framework not in get_args(Framework):
        raise ConfigurationError(
            f"{framework!r} is not a framework that tool_utils knows: {', '.join(get_args(Framework))}."
        )
    if framework is not None:
        find_error_type(framework)

    @functools.wraps(function)
    async def tool(*args: object, **kwargs: object) -> object:
        try:
            result = await function(*args, **kwargs)
            _check_size(result, max_output_chars)
        except _MENDABLE as error:
            if framework == "openai-agents":
                return _text_for_model(error)
            error_type = find_error_type(framework)
            if error_type is None:
                raise
            raise error_type(_text_for_model(error)) from error
        return result

    if update_docstring:
        own = inspect.getdoc(function)
        tool.__doc__ = f"{own}\n\n{tool_text(CATALOG)}" if own else tool_text(CATALOG)
    return cast("Tool", tool)


def _text_for_model(error: ConnectorError) -> str:
    return f"{error.code}: {error.message}"


def _check_size(result: object, max_output_chars: int | None) -> None:
    if max_output_chars is None:
        return
    size = len(str(result))
    if size > max_output_chars:
        less = "a smaller `limit` or fewer `properties`" if isinstance(result, Result) else "less"
        raise InvalidRequestError(
            f"The result has {size} characters, {max_output_chars} are allowed. Nothing is shown. Ask for {less}.",
            code="result_too_large",
        )
