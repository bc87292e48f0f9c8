"""Paths of HubSpot's APIs in both generations: `/crm/v3/objects` and `/crm/objects/2026-03`.

Source: https://developers.hubspot.com/docs/developer-tooling/platform/versioning
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast
from urllib.parse import quote, urlencode

import msgspec

from .._wire import HttpRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_VERSION: Final = "2026-03"
"""The version of HubSpot's API that requests name unless told otherwise."""

LEGACY_VERSION: Final = "v3"
"""The version whose paths HubSpot supports until 2027-09."""


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
    return "/".join((root, *(quote(part, safe="") for part in parts)))


def get(path: str, params: Mapping[str, object], names: tuple[str, ...]) -> HttpRequest:
    """A GET of `path` with those of `params` that `names` lists as its query."""
    query = {name: _text(params[name]) for name in names if name in params}
    return HttpRequest("GET", f"{path}?{urlencode(query)}" if query else path)


def post(path: str, body: Mapping[str, object]) -> HttpRequest:
    """A POST of `body` as JSON."""
    return HttpRequest("POST", path, {"content-type": "application/json"}, msgspec.json.encode(body))


def names_in(value: object) -> list[str]:
    """The names in a list or a comma-separated string."""
    parts = value.split(",") if isinstance(value, str) else cast("list[str]", value)
    return [name.strip() for name in parts if name.strip()]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) or (isinstance(value, str) and "," in value):
        return ",".join(names_in(cast("object", value)))
    return str(value)
