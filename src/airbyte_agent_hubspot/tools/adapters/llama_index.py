"""Tools for LlamaIndex."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llama_index.core.tools import FunctionTool, ToolMetadata, ToolOutput

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..results import ToolResult
    from ..spec import ToolSpec


@dataclass
class _Metadata(ToolMetadata):
    """What a model reads, with our own JSON Schema: LlamaIndex makes one of a pydantic model only."""

    parameters: dict[str, object] = field(default_factory=dict[str, object])

    def get_parameters_dict(self) -> dict[str, object]:
        return self.parameters


def to_tools(specs: Iterable[ToolSpec]) -> list[FunctionTool]:
    """The tools. LlamaIndex tells the model of every error, so each comes as its text, with `is_error`."""
    return [_to_tool(spec) for spec in specs]


def _to_tool(spec: ToolSpec) -> FunctionTool:
    async def call(**arguments: object) -> ToolResult:
        return await spec.call(arguments)

    async def output_of(result: ToolResult) -> ToolOutput:
        return ToolOutput(
            content=result.text, tool_name=spec.name, raw_input={}, raw_output=result, is_error=result.is_error
        )

    metadata = _Metadata(spec.description, spec.name, fn_schema=None, parameters=spec.parameters)
    return FunctionTool(async_fn=call, metadata=metadata, async_callback=output_of)
