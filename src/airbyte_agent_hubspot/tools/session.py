"""What all tools of one connector share: what they may call, how results are shaped, how errors are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, cast

from .._catalog import CATALOG
from .._catalog.crm import KIND_OF
from .._describe import params_schema, signature_of
from ..shaping import Wish
from .arguments import ARGUMENTS, SHAPING
from .corrections import (
    better_params,
    is_valid,
    mended_arguments,
    mended_params,
    operation_meant,
    type_meant,
    well_named,
)
from .manual import action_text, entity_text, overview_text
from .results import MENDABLE, ToolResult, failed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._describe import Json
    from .._operation import Operation
    from .._reader import ParamsReader
    from ..errors import ConnectorError
    from ..models import Result
    from ..shaping import Shaper
    from .reach import Reach

_RECORDS: Final = frozenset(KIND_OF) - {"objects"}
"""Entities whose properties the docs name."""


class Runs(Protocol):
    """What tools need of a connector."""

    async def execute(self, entity: str, action: str, params: Mapping[str, object] | None = None) -> Result:
        """Runs an operation."""
        ...


class Session:
    """Runs the calls of a connector's tools."""

    def __init__(self, shaper: Shaper, reach: Reach, *, max_tokens: int) -> None:
        self.reach = reach
        self._shaper = shaper
        self._max_tokens = max_tokens

    # ------------------------------------------------------------ what tools do

    async def execute(self, arguments: Mapping[str, object]) -> ToolResult:
        """One operation, shaped."""
        operation = self.reach.find(cast("str", arguments["entity"]), cast("str", arguments["action"]))
        return await self._shaped(operation, operation.reader.read(arguments.get("params")), arguments)

    async def run(self, operation: Operation, arguments: Json) -> ToolResult:
        """An operation whose parameters stand beside what is said of the result, shaped."""
        params, said = _parted(operation, arguments)
        return await self._shaped(operation, operation.reader.read(params), SHAPING.read(said))

    async def _shaped(self, operation: Operation, params: Json, said: Mapping[str, object]) -> ToolResult:
        wish = Wish(
            tuple(cast("list[str]", said.get("select_fields", []))),
            tuple(cast("list[str]", said.get("exclude_fields", []))),
            cast("int", said.get("max_tokens", self._max_tokens)),
            cast("int", said.get("skip", 0)),
        )
        shaped = await self._shaper.run(operation.entity, operation.action, params, wish)
        return ToolResult(shaped.text, shaped.data, shaped.receipt)

    async def inspect(self, arguments: Mapping[str, object]) -> ToolResult:
        """All entities with their actions, and the portal in short."""
        del arguments
        actions: dict[str, list[str]] = {}
        for operation in self.reach.operations():
            actions.setdefault(operation.entity, []).append(operation.action)
        wish = Wish(exclude_fields=("properties",), max_tokens=self._max_tokens)
        text = overview_text(actions)
        shaped = await self._shaper.run("account", "describe_portal", {"object_types": []}, wish, before=text)
        return ToolResult(shaped.text, {"actions": actions, **shaped.data}, shaped.receipt)

    async def docs(self, arguments: Mapping[str, object]) -> ToolResult:
        """How to call an entity's actions, or one of them; and the names of the entity's properties."""
        entity, action = cast("str", arguments["entity"]), cast("str | None", arguments.get("action"))
        data: Json
        if action is None:
            operations = [one for one in CATALOG.find_entity(entity).values() if self.reach.has(one)]
            text = entity_text(entity, CATALOG.entities[entity], operations)
            data = {"entity": entity, "actions": [signature_of(one) for one in operations]}
        else:
            operation = self.reach.find(entity, action)
            text = action_text(operation)
            data = {"entity": entity, "action": operation.action, "parameters": params_schema(operation)}
        if entity not in _RECORDS:
            return ToolResult(text, data, self._shaper.receipt_of(text))
        wish = Wish(select_fields=(f"properties.{entity}",), max_tokens=self._max_tokens)
        shaped = await self._shaper.run("account", "describe_portal", {"object_types": [entity]}, wish, before=text)
        return ToolResult(shaped.text, {**data, **shaped.data}, shaped.receipt)

    # ------------------------------------------------------------ what they say of errors

    def explain_execute(self, reader: ParamsReader, error: ConnectorError, given: Json) -> ToolResult:
        """An error of `hubspot_execute`, with the call that should have been made."""
        if not isinstance(error, MENDABLE):
            return self.told(error)
        if self.reach.lacks(given):
            return failed(error)  # no call that these tools can make is what was meant
        said, given = given, well_named(given, reader.wire_names)
        operation = operation_meant(given, self.reach.operations())
        call: Json = {"entity": operation.entity, "action": operation.action}
        named = given.items() >= call.items()
        if named and given == said and is_valid(reader, given) and is_valid(operation.reader, given.get("params")):
            better = better_params(operation, cast("Json", given.get("params") or {}), error)
            return self.told(error, None if better is None else {**given, "params": better})
        rest = {name: item for name, item in given.items() if name not in {*call, "params"}}
        stray = {name: item for name, item in rest.items() if name not in reader.wire_names}
        params = given.get("params") or stray
        kind = type_meant(given, operation)
        call["params"] = mended_params(
            operation, {**kind, **cast("Json", params)} if isinstance(params, dict) else kind
        )
        return failed(error, mended_arguments(reader, {**rest, **call}, call))

    def explain_docs(self, error: ConnectorError, given: Json) -> ToolResult:
        """An error of `hubspot_docs`, with the call that should have been made."""
        if not isinstance(error, MENDABLE):
            return self.told(error)
        operation = operation_meant(given, self.reach.operations())
        call: Json = {"entity": operation.entity}
        return failed(error, {**call, "action": operation.action} if given.get("action") else call)

    def explain(self, operation: Operation, error: ConnectorError, given: Json) -> ToolResult:
        """An error of an operation, with the parameters that should have been given."""
        if not isinstance(error, MENDABLE):
            return self.told(error)
        params, said = _parted(operation, given)
        unread = any(item.field == ARGUMENTS for item in error.errors)  # `given` is empty then
        if not unread and is_valid(operation.reader, params) and is_valid(SHAPING, said):
            better = better_params(operation, params, error)
            return self.told(error, None if better is None else {**better, **said})
        return failed(error, {**mended_params(operation, params), **mended_arguments(SHAPING, said, {})})

    def told(self, error: ConnectorError, call: Json | None = None) -> ToolResult:
        """An error that came back from a call: names from the CRM may stand in it."""
        return failed(error, call, words=self._shaper.words, clean=self._shaper.redacted_text)


def _parted(operation: Operation, arguments: Json) -> tuple[Json, Json]:
    """The parameters of an operation, and what is said of the result."""
    own = operation.reader.wire_names.values()
    said = {name: item for name, item in arguments.items() if name in SHAPING.wire_names and name not in own}
    return {name: item for name, item in arguments.items() if name not in said}, said
