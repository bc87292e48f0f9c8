"""What the comparison of HTTP versions talks to: an RSGI application with a page of contacts and a small answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .contact_page import build_contact_page

if TYPE_CHECKING:
    from granian.rsgi import HTTPProtocol, Scope

PAGE: Final = "/page"
SMALL: Final = "/small"
BODIES: Final = {PAGE: build_contact_page(), SMALL: b'{"results":[]}'}
SPOKEN: Final = "x-spoken"
"""The header that says which version of HTTP a request came by."""
_HEADERS: Final = [
    ("content-type", "application/json;charset=utf-8"),
    ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
    ("vary", "Accept-Encoding"),
    ("cf-cache-status", "DYNAMIC"),
    ("access-control-allow-credentials", "false"),
    ("x-hubspot-correlation-id", "01a0c0de-7a11-7c3e-9d20-5f2f3a4b5c6d"),
    ("x-hubspot-ratelimit-interval-milliseconds", "10000"),
    ("x-hubspot-ratelimit-max", "190"),
    ("x-hubspot-ratelimit-remaining", "189"),
    ("server", "cloudflare"),
]


async def app(scope: Scope, protocol: HTTPProtocol) -> None:
    """The body of the path, with the headers that HubSpot sends."""
    protocol.response_bytes(200, [*_HEADERS, (SPOKEN, scope.http_version)], BODIES[scope.path])
