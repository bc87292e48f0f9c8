"""Paths of HubSpot's APIs in both generations: `/crm/v3/objects` and `/crm/objects/2026-03`.

Source: https://developers.hubspot.com/docs/developer-tooling/platform/versioning
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast
from urllib.parse import quote, urlencode

import msgspec

from .._sansio import address_too_long
from .._wire import HttpRequest
from ..errors import FieldError, InvalidParamsError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_VERSION: Final = "2026-03"
"""The version of HubSpot's API that requests name unless told otherwise."""

LEGACY_VERSION: Final = "v3"
"""The version whose paths HubSpot supports until 2027-09."""


_LISTS_OF_NAMES: Final = frozenset({"properties", "propertiesWithHistory", "associations"})
_STEPS: Final = frozenset({"", ".", ".."})
"""Segments that an HTTP client would take out of a path."""
_MAX_ADDRESS_CHARS: Final = 16_000
"""HubSpot answers 414 from about 16,200 characters on."""


def objects_path(version: str, *parts: str) -> str:
    """The path of CRM objects, with `parts` escaped behind it."""
    root = "/crm/v3/objects" if version == LEGACY_VERSION else f"/crm/objects/{version}"
    return _join(root, parts)


def schemas_path(version: str, *parts: str) -> str:
    """The path of object schemas, with `parts` escaped behind it."""
    return _join(f"/crm-object-schemas/{version}/schemas", parts)


def account_path(version: str, *parts: str) -> str:
    """The path of the account's own facts, with `parts` escaped behind it."""
    return _join(f"/account-info/{version}", parts)


def _join(root: str, parts: tuple[str, ...]) -> str:
    for part in parts:
        if part in _STEPS:
            sentence = f"{part!r} is neither an id nor an object type: it would lead to another address."
            raise InvalidParamsError(sentence, errors=[FieldError("params", sentence, "out_of_range")])
    return "/".join((root, *(quote(part, safe="") for part in parts)))


def get(path: str, params: Mapping[str, object], names: tuple[str, ...]) -> HttpRequest:
    """A GET of `path` with those of `params` that `names` lists as its query.

    Raises:
        InvalidParamsError: HubSpot would not take an address that long.
    """
    query = {name: _text(name, params[name]) for name in names if name in params}
    address = f"{path}?{urlencode(query)}" if query else path
    if len(address) > _MAX_ADDRESS_CHARS:
        raise address_too_long()
    return HttpRequest("GET", address)


def post(path: str, body: Mapping[str, object]) -> HttpRequest:
    """A POST of `body` as JSON."""
    return HttpRequest("POST", path, {"content-type": "application/json"}, msgspec.json.encode(body))


def names_in(value: object) -> list[str]:
    """The names in a list or a comma-separated string."""
    parts = value.split(",") if isinstance(value, str) else cast("list[str]", value)
    return [name.strip() for name in parts if name.strip()]


def _text(name: str, value: object) -> str:
    if name in _LISTS_OF_NAMES:
        return ",".join(names_in(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
