"""Errors that teach: what was refused or not found, with what HubSpot would have taken.

One more look at HubSpot, within the call's own time. Whatever goes wrong with it, the first error is the one to show.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, cast

from ._catalog import CATALOG
from ._catalog._steps.words import alias
from ._catalog.object_types import entity_of_type, nearest_type
from ._executor import Call
from ._refusals import UNKNOWN_PROPERTY, UNKNOWN_TYPE
from .errors import ConnectorError, FieldError, RecordNotFoundError, UpstreamRejectedError
from .models import BatchResult, ItemError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from .models import BatchItem, Page, PropertyDefinition, Record, Result

    Execute = Callable[[Call], Awaitable[Result]]

UNKNOWN_OPTION: Final = "invalid_option"
BIG_TYPES: Final = ("contacts", "companies", "deals", "tickets")
"""Where an id that is not found is looked for."""
LOOK_S: Final = 2.0
"""An id is looked for no longer than this."""
_SHOWN_OPTIONS: Final = 20
_RECENT_S: Final = 10.0
"""How old the definitions may be: the executor may have looked at them for the same call."""


async def taught(error: ConnectorError, call: Call, execute: Execute, *, left_s: float) -> ConnectorError:
    """The error with what was found out about it within `left_s`; as it was if that is nothing."""
    if left_s <= 0:
        return error
    if isinstance(error, RecordNotFoundError):
        return await _with_types_of_id(error, call, execute, within_s=min(left_s, LOOK_S))
    if any(item.error_code == UNKNOWN_TYPE for item in error.errors):
        return _rejected_with([_with_type(item) for item in error.errors], error)
    if isinstance(error, UpstreamRejectedError) and call.operation.entity != "properties":
        return await _with_names(error, call, execute, within_s=left_s)
    return error


def _object_type_of(call: Call) -> str:
    return str(call.params.get("objectType", call.operation.entity))


async def _with_types_of_id(
    error: RecordNotFoundError, call: Call, execute: Execute, *, within_s: float
) -> RecordNotFoundError:
    """The error with those of the big object types that have the id: one request for each, all at once.

    They are bulk requests: where HubSpot's limits are tight, they give way and nothing is said.
    """
    operation, params = call.operation, call.params
    id_name = operation.wire_names.get("record_id", "")
    record_id = str(params.get(id_name, ""))
    if "@" in record_id and "idProperty" in operation.reader.wire_names.values() and "idProperty" not in params:
        sentence = (
            f"{operation.entity}.{operation.action} looks for an id, and {record_id!r} is none: to name the record by "
            "its e-mail address add idProperty='email'."
        )
        return RecordNotFoundError(
            sentence,
            errors=[FieldError(f"params.{id_name}", sentence, "no_id")],
            upstream=error.upstream,
            request_id=error.request_id,
        )
    if call.bulk or "idProperty" in params or not (record_id.isascii() and record_id.isdecimal()):
        return error
    others = [entity for entity in BIG_TYPES if entity != entity_of_type(_object_type_of(call))]

    async def has_it(entity: str) -> bool:
        look = CATALOG.find(entity, "batch_get")
        try:
            result = await execute(Call(look, {"ids": [record_id]}, timeout_s=within_s, bulk=True))
        except ConnectorError:
            return False  # its records may be out of this connector's reach
        return bool(cast("BatchResult[Record]", result).records)

    answers = await asyncio.gather(*map(has_it, others))
    found = [entity for entity, has in zip(others, answers, strict=True) if has]
    if not found:
        return error
    sentence = (
        f"HubSpot has no record {record_id} of the type that {operation.entity}.{operation.action} was asked for, "
        f"but one in {' and one in '.join(found)}: call {found[0]}.{operation.action}, or check the id."
    )
    return RecordNotFoundError(
        sentence,
        errors=[FieldError(f"params.{id_name}", sentence, "other_object_type", {"object_types": found})],
        upstream=error.upstream,
        request_id=error.request_id,
    )


async def _with_names(
    error: UpstreamRejectedError, call: Call, execute: Execute, *, within_s: float
) -> UpstreamRejectedError:
    """The error with the nearest property names and the allowed options."""
    if not _is_teachable(error.errors):
        return error
    definitions = await _definitions(call, execute, within_s=within_s)
    if definitions is None:
        return error
    return _rejected_with([_clearer(item, _entity_of(call), definitions) for item in error.errors], error)


def _rejected_with(errors: list[FieldError], error: ConnectorError) -> UpstreamRejectedError:
    return UpstreamRejectedError(
        f"HubSpot refused the request: {' '.join(item.message for item in errors)}",
        errors=errors,
        upstream=error.upstream,
        request_id=error.request_id,
    )


def _with_type(item: FieldError) -> FieldError:
    """The error of an object type that there is not, with the standard one it looks like."""
    near = nearest_type(str(item.details.get("given", "")))
    if near is None:
        return item
    known = {**item.details, "nearest": [near]}
    return replace(item, message=f"{item.message} Did you mean {near!r}?", details=known)


async def taught_batch(result: Result, call: Call, execute: Execute, *, left_s: float) -> Result:
    """A batch whose refused inputs say the nearest property names and the allowed options, each for itself."""
    items = cast("BatchResult[Result]", result).items
    if left_s <= 0 or not any(item.error is not None and _is_teachable(item.error.errors or ()) for item in items):
        return result
    definitions = await _definitions(call, execute, within_s=left_s)
    if definitions is None:
        return result
    entity = _entity_of(call)

    def clearer(item: BatchItem[Result]) -> BatchItem[Result]:
        if item.error is None or not _is_teachable(item.error.errors or ()):
            return item
        errors = [_clearer(one, entity, definitions) for one in item.error.errors or ()]
        message = " ".join(one.message for one in errors)
        return replace(item, error=ItemError(item.error.code, message, errors))

    return BatchResult([clearer(item) for item in items])


def _entity_of(call: Call) -> str:
    return entity_of_type(_object_type_of(call))


def _is_teachable(errors: Iterable[FieldError]) -> bool:
    return any(item.error_code in {UNKNOWN_PROPERTY, UNKNOWN_OPTION} for item in errors)


async def _definitions(call: Call, execute: Execute, *, within_s: float) -> dict[str, PropertyDefinition] | None:
    """The properties there are; None where the connector may not read them."""
    kind: dict[str, object] = {"objectType": _entity_of(call)}
    look = Call(CATALOG.find("properties", "list"), kind, timeout_s=within_s, max_age_s=_RECENT_S)
    try:
        page = cast("Page[PropertyDefinition]", await execute(look))
    except ConnectorError:
        return None
    return {item.name: item for item in page}


def _clearer(item: FieldError, entity: str, definitions: Mapping[str, PropertyDefinition]) -> FieldError:
    name = item.field.rpartition(".")[2]
    if item.error_code == UNKNOWN_PROPERTY:
        near = _nearest(name, entity, definitions)
        if near:
            said = f"There is no property {name!r}. Did you mean {' or '.join(map(repr, near))}?"
            return replace(item, message=said, details={**item.details, "nearest": near})
        return replace(item, message=f"There is no property {name!r}: see properties.list for those there are.")
    definition = definitions.get(name)
    if item.error_code == UNKNOWN_OPTION and definition is not None and definition.options:
        shown = [f"{option.value!r} ({option.label})" for option in definition.options[:_SHOWN_OPTIONS]]
        more = len(definition.options) - len(shown)
        choices = ", ".join(shown) + (f" and {more} more" if more > 0 else "")
        values = [option.value for option in definition.options]
        return replace(item, message=f"{name!r} must be one of {choices}.", details={**item.details, "choices": values})
    return item


def _nearest(name: str, entity: str, definitions: Mapping[str, PropertyDefinition]) -> list[str]:
    """Properties that are called so, then those whose name or label looks like `name`."""
    by_label = {(item.label or "").lower(): item.name for item in definitions.values()}
    wanted = name.lower()
    names = get_close_matches(wanted, definitions, n=3)
    labels = [by_label[label] for label in get_close_matches(wanted.replace("_", " "), by_label, n=2)]
    called = [
        one
        for one in (alias(entity, name), by_label.get(wanted.replace("_", " ")))
        if one is not None and one in definitions
    ]
    return list(dict.fromkeys([*called, *names, *labels]))[:3]
