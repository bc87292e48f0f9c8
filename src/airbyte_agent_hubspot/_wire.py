"""What goes over the wire, as values: nothing here sends anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding a body may raise: not JSON, not text, not the expected shape, nested without end."""


class HttpRequest(msgspec.Struct, frozen=True):
    """One request. `url` is a path until an executor puts its base address in front."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes | None = None

    def __repr__(self) -> str:  # headers and bodies hold secrets
        return f"HttpRequest(method={self.method!r}, url={self.url!r})"


class HttpResponse(msgspec.Struct, frozen=True):
    """One whole answer. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"HttpResponse(status={self.status!r}, headers={self.headers!r})"
