"""Errors that teach: what HubSpot refused, with the names and options that it would have taken."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from .errors import ConnectorError, UpstreamRejectedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from .errors import FieldError
    from .models import PropertyDefinition

    ListProperties = Callable[[str], Awaitable[Sequence[PropertyDefinition]]]

UNKNOWN_PROPERTY: Final = "property_doesnt_exist"
UNKNOWN_OPTION: Final = "invalid_option"
_SHOWN_OPTIONS: Final = 20


def is_teachable(error: ConnectorError) -> bool:
    """Whether the properties of the object type would make the error clearer."""
    return isinstance(error, UpstreamRejectedError) and any(
        item.error_code in {UNKNOWN_PROPERTY, UNKNOWN_OPTION} for item in error.errors
    )


async def taught(error: ConnectorError, object_type: str, list_properties: ListProperties) -> ConnectorError:
    """The error with the nearest property names and the allowed options; as it was if they cannot be had."""
    try:
        definitions = {item.name: item for item in await list_properties(object_type)}
    except ConnectorError:
        return error  # the connector may not read properties: the first error is still the one to show
    errors = [_clearer(item, definitions) for item in error.errors]
    return UpstreamRejectedError(
        f"HubSpot refused the request: {' '.join(item.message for item in errors)}",
        errors=errors,
        upstream=error.upstream,
        request_id=error.request_id,
    )


def _clearer(item: FieldError, definitions: Mapping[str, PropertyDefinition]) -> FieldError:
    name = item.field.rpartition(".")[2]
    if item.error_code == UNKNOWN_PROPERTY:
        near = _nearest(name, definitions)
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


def _nearest(name: str, definitions: Mapping[str, PropertyDefinition]) -> list[str]:
    """Properties whose name or label looks like `name`."""
    by_label = {(item.label or "").lower(): item.name for item in definitions.values()}
    wanted = name.lower()
    names = get_close_matches(wanted, definitions, n=3)
    labels = [by_label[label] for label in get_close_matches(wanted.replace("_", " "), by_label, n=2)]
    return list(dict.fromkeys([*names, *labels]))[:3]
