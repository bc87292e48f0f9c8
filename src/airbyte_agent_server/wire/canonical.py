"""Middleware that turns historical paths and fields into canonical ones before routing. It never redirects."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

import msgspec
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from airbyte_agent_server.aliases import API, FIELD_ALIASES, canonical_fields, resolve_path
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.wire.bodies import decode_object, read_body

_LOGIN_PATHS = frozenset(
    {
        f"{API}/account/applications/token",
        f"{API}/integrations/connectors/oauth/initiate",
        f"{API}/oauth/credentials",
    }
)
_FORM_PATHS = frozenset({f"{API}/account/applications/token", "/authorize", "/token", "/revoke"})
_MCP = "/mcp"
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class Spelling:
    """What canonical names hide: which spellings were used, and how the caller wants a list to be named."""

    fields: frozenset[str] = frozenset()
    list_member: str = "data"


_PLAIN = Spelling()


def spelling_of(scope: Scope) -> Spelling:
    """How this request was spelt."""
    spelling: Spelling = scope["state"]["spelling"]
    return spelling


class CanonicalRequests:
    """Rewrites path, query and JSON body. `execute` and MCP keep theirs: their routes decode them."""

    def __init__(self, app: ASGIApp, *, limit_bytes: int, login_limit_bytes: int) -> None:
        self._app = app
        self._limit_bytes = limit_bytes
        self._login_limit_bytes = login_limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Rewrite and pass on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            raise ProblemError("invalid_request", "The address contains the character U+0000: leave it out.")
        target = resolve_path(scope["method"], scope["path"])
        scope["path"], scope["raw_path"] = target.path, target.path.encode()
        fields: frozenset[str] = frozenset()
        if scope["query_string"]:
            fields |= _rewrite_query(scope)
        if scope["method"] in _WITH_BODY and not _keeps_its_body(target.path):
            body, spelt = await self._canonical_body(scope, receive)
            receive = _replay(body)
            fields |= spelt
        scope["state"]["spelling"] = Spelling(fields, target.list_member)
        await self._app(scope, receive, send)

    async def _canonical_body(self, scope: Scope, receive: Receive) -> tuple[bytes, frozenset[str]]:
        path = scope["path"]
        limit_bytes = self._login_limit_bytes if path in _LOGIN_PATHS else self._limit_bytes
        raw = await read_body(scope, receive, limit_bytes=limit_bytes)
        given = decode_object(
            raw, content_type=Headers(scope=scope).get("content-type", ""), form_allowed=path in _FORM_PATHS
        )
        canonical = canonical_fields(given)
        body = msgspec.json.encode(canonical.values)
        replaced = {b"content-type", b"content-length", b"transfer-encoding"}
        scope["headers"] = [
            *(header for header in scope["headers"] if header[0] not in replaced),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        return body, frozenset().union(*canonical.spellings.values())


def _keeps_its_body(path: str) -> bool:
    return path.endswith("/execute") or path == _MCP or path.startswith(f"{_MCP}/")


def _rewrite_query(scope: Scope) -> frozenset[str]:
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    if not any(name in FIELD_ALIASES for name, _ in pairs):
        return frozenset(name for name, _ in pairs)
    canonical = canonical_fields(dict(pairs))
    scope["query_string"] = urlencode(canonical.values).encode()
    return frozenset().union(*canonical.spellings.values())


def _replay(body: bytes) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive
