"""The call that a wrong call should have been: ready to send, valid, `<...>` where only the caller knows."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from .._describe import params_schema, reader_schema
from .._lexicon.names import AMBIGUOUS
from .._operation import CALLED_ACTIONS, CALLED_ENTITIES
from ..errors import InvalidParamsError, NotFoundError
from .examples import example_params
from .placing import placed
from .repair import NOTHING, nearest_name, repaired

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .._describe import Json
    from .._operation import Operation
    from .._reader import ParamsReader
    from ..errors import ConnectorError

_CONDITIONS: Final = frozenset({"where", "filter", "conditions"})
"""Parameters of `find` that are said to `list` and `api_search`, too."""
_NAMING: Final = frozenset({"entity", "action", "params"})
_SURE: Final = 0.8
"""How alike a wrong name of an argument must be: parameters may stand among them, and have names of their own."""
_CHOOSE: Final = "<the id of the one you mean>"
"""Where several have a name, none is chosen: the call may change it."""


def operation_meant(arguments: Mapping[str, object], allowed: Sequence[Operation]) -> Operation:
    """The operation that the arguments name, or the one that they name most nearly."""
    entities: dict[str, dict[str, Operation]] = {}
    for operation in allowed:
        entities.setdefault(operation.entity, {})[operation.action] = operation
    said = str(arguments.get("entity") or "")
    said_action = str(arguments.get("action") or "")
    if "." in said and not said_action:
        said, _, said_action = said.partition(".")
    called = CALLED_ENTITIES.get(said.casefold(), "")
    entity = said if said in entities else called if called in entities else nearest_name(said, entities)
    usual = ("objects", "contacts") if said else ("contacts",)  # the account may have types of its own
    if entity is None:
        entity = next((one for one in usual if one in entities), next(iter(entities)))
    actions = entities[entity]
    meant = CALLED_ACTIONS.get(said_action.casefold(), said_action)
    action = meant if meant in actions else nearest_name(said_action, actions)
    if action is None:
        action = next((usual for usual in ("find", "list", "get") if usual in actions), next(iter(actions)))
    found, params = actions[action], arguments.get("params")
    asks = not found.writes and isinstance(params, dict) and not _CONDITIONS.isdisjoint(cast("Json", params))
    return actions["find"] if asks and "find" in actions and action in {"list", "api_search"} else found


def well_named(arguments: Json, known: Iterable[str]) -> Json:
    """The arguments, those that name the operation under their right names: `entiy`, `param`."""
    open_names = [name for name in known if name in _NAMING and name not in arguments]
    named: Json = {}
    for name, item in arguments.items():
        meant = get_close_matches(name.casefold(), open_names, n=1, cutoff=_SURE) if name not in known else []
        if meant:
            open_names.remove(meant[0])
        named[meant[0] if meant else name] = item
    return named


def type_meant(arguments: Mapping[str, object], operation: Operation) -> Json:
    """The type of objects that was named as an entity, if none is called so."""
    said = str(arguments.get("entity") or "").partition(".")[0]
    return {"objectType": said} if operation.entity == "objects" and nearest_name(said, ["objects"]) is None else {}


def mended_params(operation: Operation, given: Json) -> Json:
    """Valid parameters of an operation that come nearest to those given."""
    mended = repaired(_without_required(params_schema(operation)), placed(operation, given))
    example = example_params(operation)
    if mended is NOTHING or not mended:
        return example
    needed = {operation.reader.wire_names[key] for key in operation.reader.required}
    whole = {name: item for name, item in example.items() if name in needed} | cast("Json", mended)
    return whole if is_valid(operation.reader, whole) else example


def mended_arguments(reader: ParamsReader, given: Mapping[str, object], example: Json) -> Json:
    """Valid arguments of a tool that come nearest to those given."""
    mended = repaired(_without_required(reader_schema(reader)), given)
    whole = {**example, **(cast("Json", mended) if mended is not NOTHING else {})}
    return whole if is_valid(reader, whole) else example


def _without_required(schema: Json) -> Json:
    return {name: item for name, item in schema.items() if name != "required"}


def is_valid(reader: ParamsReader, params: object) -> bool:
    """Whether the call is right as far as can be told without sending it."""
    try:
        reader.read(params)
    except InvalidParamsError:
        return False
    return True


def better_params(operation: Operation, params: Json, error: ConnectorError) -> Json | None:
    """The parameters as they should have been, after the call was made; None if nobody can tell."""
    name = next((wire for wire in operation.reader.wire_names.values() if wire.endswith("Id")), "")
    is_address = "@" in str(params.get(name, "")) and "idProperty" in operation.reader.wire_names.values()
    if isinstance(error, NotFoundError) and is_address and "idProperty" not in params:
        return {**params, "idProperty": "email"}
    return with_candidates(params, error)


def with_candidates(params: Json, error: ConnectorError) -> Json | None:
    """The parameters with what HubSpot or the account knows in place of a wrong name; None if nothing is that near.

    Records are named by their ids: what they are called is text from the CRM. Of several with a name none is chosen.
    """
    changes: dict[str, str] = {}
    for item in error.errors:
        given, candidates = item.details.get("given"), cast("list[dict[str, str]]", item.details.get("candidates", []))
        near, choices = item.details.get("nearest"), item.details.get("choices")
        name = item.field.rpartition(".")[2]
        if item.error_code == AMBIGUOUS and candidates:
            changes[str(given)] = _CHOOSE
        elif candidates:
            changes[str(given)] = candidates[0]["id"]
        elif isinstance(near, list) and near:
            changes[name if given is None else str(given)] = str(cast("list[object]", near)[0])
        elif isinstance(choices, list):
            value = _value_at(params, name)
            found = None if value is None else nearest_name(str(value), map(str, cast("list[object]", choices)))
            if found is not None:
                changes[str(value)] = found
    changed = cast("Json", _replaced(params, changes, changes.get))
    if changed == params:
        changed = cast("Json", _replaced(params, changes, partial(_in_text, changes)))
    return changed if changed != params else None


def _replaced(value: object, changes: Mapping[str, str], new: Callable[[str, str], str | None]) -> object:
    if isinstance(value, str):
        return new(value, value)
    if isinstance(value, list):
        return [_replaced(item, changes, new) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        return {changes.get(name, name): _replaced(item, changes, new) for name, item in cast("Json", value).items()}
    return value


def _in_text(changes: Mapping[str, str], text: str, _: str) -> str:
    """The text with its wrong words replaced: `sum amonut`, `before this qarter`."""
    for wrong, right in changes.items():
        text = right.join(re.split(rf"(?<!\w){re.escape(wrong)}(?!\w)", text))
    return text


def _value_at(value: object, name: str) -> object:
    """What stands under a name, however deep."""
    members = cast("Json", value) if isinstance(value, dict) else {}
    if name in members:
        return members[name]
    items = cast("list[object]", value) if isinstance(value, list) else members.values()
    return next((found for found in (_value_at(item, name) for item in items) if found is not None), None)
