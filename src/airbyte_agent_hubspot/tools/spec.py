"""A tool for any framework, and sets of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, overload

from ..errors import ConnectorError, UnknownOperationError
from .arguments import read_object
from .repair import nearest_name
from .results import ToolResult, failed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from .._describe import Json
    from .._operation import Effect


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """What a model reads about a tool, and what its call does.

    `parameters` is the JSON Schema of the arguments. `effect` is the strongest that a call can have. `call` is what to
    use; `run` and `explain` are its parts: what arguments give, and how an error is told.
    """

    name: str
    title: str
    description: str
    parameters: Json
    effect: Effect
    run: Callable[[Json], Awaitable[ToolResult]] = field(repr=False, compare=False)
    explain: Callable[[ConnectorError, Json], ToolResult] = field(repr=False, compare=False)

    @property
    def read_only(self) -> bool:
        """Whether no call changes anything in HubSpot."""
        return self.effect == "read"

    @property
    def destructive(self) -> bool:
        """Whether a call may delete or overwrite."""
        return self.effect == "destructive"

    async def call(self, arguments: object = None) -> ToolResult:
        """What the call gives. Arguments are an object or its JSON text; whatever is wrong is told in the result."""
        given: Json = {}
        try:
            given = read_object(arguments)
            return await self.run(given)
        except ConnectorError as error:
            return self.explain(error, given)

    def for_openai(self) -> Json:
        """As an element of `tools` of OpenAI's Chat Completions API."""
        function = {"name": self.name, "description": self.description, "parameters": self.parameters}
        return {"type": "function", "function": function}

    def for_openai_responses(self) -> Json:
        """As an element of `tools` of OpenAI's Responses API."""
        return {
            "type": "function",
            "name": self.name,
            "description": self.description,
            "parameters": self.parameters,
            "strict": False,  # free-form objects, which strict mode does not allow
        }

    def for_anthropic(self) -> Json:
        """As an element of `tools` of Anthropic's Messages API."""
        return {"name": self.name, "description": self.description, "input_schema": self.parameters}


class ToolSet(Sequence[ToolSpec]):
    """Tools of one connector, in order."""

    def __init__(self, specs: Iterable[ToolSpec]) -> None:
        self._specs = tuple(specs)
        self._by_name = {spec.name: spec for spec in self._specs}

    @overload
    def __getitem__(self, index: int) -> ToolSpec: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ToolSpec]: ...
    def __getitem__(self, index: int | slice) -> ToolSpec | Sequence[ToolSpec]:
        return self._specs[index]

    def __len__(self) -> int:
        return len(self._specs)

    def __repr__(self) -> str:
        return f"ToolSet({', '.join(self._by_name)})"

    async def dispatch(self, name: str, arguments: object = None) -> ToolResult:
        """What the tool `name` gives: for loops that talk to a model's API themselves."""
        spec = self._by_name.get(name)
        if spec is None:
            near = nearest_name(name, self._by_name)
            guess = f" Did you mean {near!r}?" if near else ""
            return failed(
                UnknownOperationError(f"There is no tool {name!r}.{guess} Tools are: {', '.join(self._by_name)}.")
            )
        return await spec.call(arguments)

    def for_openai(self) -> list[Json]:
        """`tools` for OpenAI's Chat Completions API."""
        return [spec.for_openai() for spec in self]

    def for_openai_responses(self) -> list[Json]:
        """`tools` for OpenAI's Responses API."""
        return [spec.for_openai_responses() for spec in self]

    def for_anthropic(self) -> list[Json]:
        """`tools` for Anthropic's Messages API."""
        return [spec.for_anthropic() for spec in self]
