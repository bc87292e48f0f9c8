"""What pages of other origins may send and read: only what is open to widget tokens, and never with cookies."""

from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from airbyte_agent_server.aliases import resolve_path

IsOpen = Callable[[str, str], bool]
"""Whether pages may use a method of a canonical path."""

_SHARED = "shared_origin"
_REQUEST_HEADERS = "authorization, content-type, idempotency-key, x-organization-id, x-request-id"
_ANSWER_HEADERS = "idempotency-replayed, retry-after, x-request-id"
_PREFLIGHT_LIFE_S = 600


def share_with(scope: Scope, origin: str) -> None:
    """Let pages of `origin` read the answer to this request, errors included."""
    scope["state"][_SHARED] = origin


def add_sharing(scope: Scope, headers: MutableHeaders) -> None:
    """Say in an answer's headers who may read it."""
    origin = scope["state"].get(_SHARED)
    if origin is not None:
        headers["access-control-allow-origin"] = origin
        headers["access-control-expose-headers"] = _ANSWER_HEADERS
        headers.add_vary_header("origin")


class Preflights:
    """Answers the question that browsers ask before a page calls another origin. It carries no token yet.

    So it says what any page may try; whether the answer may be read is decided by the token.
    """

    def __init__(self, app: ASGIApp, *, is_open: IsOpen) -> None:
        self._app = app
        self._is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight; pass everything else on."""
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            given = Headers(scope=scope)
            origin, method = given.get("origin"), given.get("access-control-request-method", "")
            if origin is not None and method and self._is_open(method, resolve_path(method, scope["path"]).path):
                await _allow(send, origin, method)
                return
        await self._app(scope, receive, send)


async def _allow(send: Send, origin: str, method: str) -> None:
    headers = {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": method,
        "access-control-allow-headers": _REQUEST_HEADERS,
        "access-control-max-age": str(_PREFLIGHT_LIFE_S),
        "vary": "origin, access-control-request-method",
    }
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 204, "headers": encoded})
    await send({"type": "http.response.body", "body": b""})
