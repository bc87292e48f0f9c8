"""Tools for LangChain and LangGraph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_core.tools import StructuredTool, ToolException

if TYPE_CHECKING:
    from collections.abc import Iterable

    from langchain_core.tools import BaseTool

    from ..spec import ToolSpec


def to_tools(specs: Iterable[ToolSpec]) -> list[BaseTool]:
    """The tools. A mistake of the model becomes a message with status `error`; other errors are raised.

    The artifact of a message is the `ToolResult`.
    """
    return [_to_tool(spec) for spec in specs]


def _to_tool(spec: ToolSpec) -> BaseTool:
    async def call(**arguments: object) -> tuple[str, object]:
        result = await spec.call(arguments)
        if result.is_mendable:
            raise ToolException(result.text)
        if result.error is not None:
            raise result.error
        return result.text, result

    return StructuredTool(
        name=spec.name,
        description=spec.description,
        args_schema=spec.parameters,
        coroutine=call,
        response_format="content_and_artifact",
        handle_tool_error=True,
    )
