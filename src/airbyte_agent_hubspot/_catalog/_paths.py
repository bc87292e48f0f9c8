"""Requests to HubSpot's APIs, in both generations of paths: `/crm/v3/objects` and `/crm/objects/2026-03`.

Source: https://developers.hubspot.com/docs/developer-tooling/platform/versioning
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast
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
"""Stands for the paths of before 2026: v3, and v4 for associations."""

Family: TypeAlias = Literal[
    "account",
    "associations",
    "lists",
    "object_associations",
    "objects",
    "owners",
    "pipelines",
    "properties",
    "schemas",
    "send_statuses",
    "single_send",
    "subscriptions",
    "users",
]
_ROOTS: Final[dict[Family, tuple[str, str]]] = {
    "account": ("/account-info/v3", "/account-info/{}"),
    "associations": ("/crm/v4/associations", "/crm/associations/{}"),
    "lists": ("/crm/v3/lists", "/crm/lists/{}"),
    "object_associations": ("/crm/v4/objects", "/crm/objects/{}"),
    "objects": ("/crm/v3/objects", "/crm/objects/{}"),
    "owners": ("/crm/v3/owners", "/crm/owners/{}"),
    "pipelines": ("/crm/v3/pipelines", "/crm/pipelines/{}"),
    "properties": ("/crm/v3/properties", "/crm/properties/{}"),
    "schemas": ("/crm-object-schemas/v3/schemas", "/crm-object-schemas/{}/schemas"),
    "send_statuses": ("/marketing/v3/email/send-statuses", "/marketing/v3/email/send-statuses"),
    "single_send": ("/marketing/v4/email/single-send", "/marketing/v4/email/single-send"),
    "subscriptions": ("/communication-preferences/v4/statuses", "/communication-preferences/{}/statuses"),
    "users": ("/settings/v3/users", "/settings/users/{}"),
}
"""Family -> its legacy root, its dated root."""


_LISTS_OF_NAMES: Final = frozenset({"properties", "propertiesWithHistory", "associations"})
_STEPS: Final = frozenset({"", ".", ".."})
"""Segments that an HTTP client would take out of a path."""
_SLASHES: Final = frozenset("/\\")
"""Even escaped, they divide a path for servers that unescape it first."""
_MAX_ADDRESS_CHARS: Final = 16_000
"""HubSpot answers 414 from about 16,200 characters on."""


def path(family: Family, version: str, *parts: object) -> str:
    """The path of `family`, with `parts` escaped behind it.

    Raises:
        InvalidParamsError: a part would lead to another address.
    """
    found = _root(family, version)
    for part in parts:
        plain = type(part) is str and part.isalnum() and part.isascii()
        found = f"{found}/{part if plain else _escaped(str(part))}"
    return found


@cache
def _root(family: Family, version: str) -> str:
    legacy, dated = _ROOTS[family]
    return legacy if version == LEGACY_VERSION else dated.format(version)


def _escaped(segment: str) -> str:
    if segment in _STEPS or not _SLASHES.isdisjoint(segment):
        sentence = (
            f"{segment!r} is neither an id nor an object type: it would lead to another address. "
            "A value of `idProperty` with a slash can be looked up with batch_get."
        )
        raise InvalidParamsError(sentence, errors=[FieldError("params", sentence, "out_of_range")])
    return quote(segment, safe="")


def get(url: str, params: Mapping[str, object], *names: str) -> HttpRequest:
    """A GET with those of `params` that `names` lists as its query."""
    return HttpRequest("GET", with_query(url, params, *names))


def delete(url: str) -> HttpRequest:
    """A DELETE."""
    return HttpRequest("DELETE", url)


def send(method: Literal["PATCH", "POST", "PUT"], url: str, body: object) -> HttpRequest:
    """A request with `body` as JSON."""
    return HttpRequest(method, url, {"content-type": "application/json"}, msgspec.json.encode(body))


def with_query(url: str, params: Mapping[str, object], *names: str) -> str:
    """The path with those of `params` that `names` lists as its query.

    Raises:
        InvalidParamsError: HubSpot would not take an address that long.
    """
    query: dict[str, str] = {}
    for name in names:
        if name in params:
            query[name] = _query_text(name, params[name])
    address = f"{url}?{urlencode(query)}" if query else url
    if len(address) > _MAX_ADDRESS_CHARS:
        raise address_too_long()
    return address


def without(params: Mapping[str, object], *names: str) -> dict[str, object]:
    """`params` but for those named: what goes into a body when the rest is in the path."""
    return {name: value for name, value in params.items() if name not in names}


def names_in(value: object) -> list[str]:
    """The names in a list or a comma-separated string."""
    parts = value.split(",") if isinstance(value, str) else cast("list[str]", value)
    return [name.strip() for name in parts if name.strip()]


def value_text(value: object) -> str:
    """A property's value as text, the only form that HubSpot keeps values in; None clears."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _query_text(name: str, value: object) -> str:
    return ",".join(names_in(value)) if name in _LISTS_OF_NAMES else value_text(value)
