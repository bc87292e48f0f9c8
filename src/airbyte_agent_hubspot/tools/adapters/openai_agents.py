"""Tools for the OpenAI Agents SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents import FunctionTool

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agents.tool_context import ToolContext

    from ..spec import ToolSpec


def to_tools(specs: Iterable[ToolSpec]) -> list[FunctionTool]:
    """The tools. A mistake of the model comes back as its text; other errors stop the run."""
    return [_to_tool(spec) for spec in specs]


def _to_tool(spec: ToolSpec) -> FunctionTool:
    async def call(_: ToolContext[object], arguments: str) -> str:
        result = await spec.call(arguments)
        if result.error is not None and not result.is_mendable:
            raise result.error
        return result.text

    return FunctionTool(
        name=spec.name,
        description=spec.description,
        params_json_schema=spec.parameters,
        on_invoke_tool=call,
        strict_json_schema=False,  # free-form objects, which strict mode does not allow
    )
