"""Tools for Pydantic AI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic_ai import ModelRetry, Tool, ToolReturn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..spec import ToolSpec

_RETRIES: Final = 5
"""Wrong calls in a row after which Pydantic AI gives up; its own default is one."""


def to_tools(specs: Iterable[ToolSpec]) -> list[Tool[object]]:
    """The tools. A mistake of the model becomes `ModelRetry`; other errors stop the run."""
    return [_to_tool(spec) for spec in specs]


def _to_tool(spec: ToolSpec) -> Tool[object]:
    async def call(**arguments: object) -> ToolReturn[str]:
        result = await spec.call(arguments)
        if result.is_mendable:
            raise ModelRetry(result.text)
        if result.error is not None:
            raise result.error
        return ToolReturn(result.text, metadata=result.data)

    tool = Tool[object].from_schema(call, spec.name, spec.description, spec.parameters)
    tool.max_retries = _RETRIES
    return tool
