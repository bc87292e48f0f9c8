"""Request bodies: read within a limit, of an accepted media type, decoded within a depth."""

from urllib.parse import parse_qsl

import msgspec
from starlette.types import Receive, Scope

from airbyte_agent_server.problems import ProblemError

MAX_JSON_DEPTH = 64
JSON_TYPES = frozenset({"", "application/json"})
_NUL = b"\\u0000"
_FORM = "application/x-www-form-urlencoded"


async def read_body(scope: Scope, receive: Receive, *, limit_bytes: int) -> bytes:
    """The whole body.

    Raises:
        ProblemError: it is larger than `limit_bytes`, or the caller hung up half-way.
    """
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > limit_bytes:
            raise too_large(limit_bytes)
    chunks: list[bytes] = []
    size_bytes, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ProblemError("invalid_request", "The request ended before its body did: send it again.")
        chunk: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        size_bytes += len(chunk)
        if size_bytes > limit_bytes:
            raise too_large(limit_bytes)
        if not more and not chunks:
            return chunk
        chunks.append(chunk)
    return b"".join(chunks)


def too_large(limit_bytes: int) -> ProblemError:
    """The error for a body that is larger than it may be."""
    return ProblemError("payload_too_large", f"The body must not exceed {limit_bytes} bytes: send less.")


def decode_object(body: bytes, *, content_type: str, form_allowed: bool) -> dict[str, object]:
    """The body as an object; an empty one is an empty object.

    Raises:
        ProblemError: another media type, broken JSON, no object, or nested too deeply.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == _FORM and form_allowed:
        form: dict[str, object] = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        return _without_nul(form)
    check_media_type(media_type)
    if not body:
        return {}
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _broken(str(error)) from None
    if not isinstance(value, dict):
        raise _broken("it is not an object")
    check_depth(body, value)
    return _without_nul(value) if _NUL in body else value


def check_media_type(content_type: str) -> None:
    """Raise unless the body may be JSON."""
    if content_type in JSON_TYPES:
        return
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in JSON_TYPES:
        raise ProblemError("unsupported_media_type", f"{media_type} is not accepted: send application/json in UTF-8.")


def check_depth(body: bytes, value: object) -> None:
    """Raise when `value`, decoded from `body`, nests deeper than `MAX_JSON_DEPTH`."""
    if len(body) <= 2 * MAX_JSON_DEPTH or body.count(b"{") + body.count(b"[") <= MAX_JSON_DEPTH:
        return  # too few brackets to nest that deeply
    level: list[object] = [value]
    for _ in range(MAX_JSON_DEPTH):
        level = [child for parent in level for child in _nested(parent)]
        if not level:
            return
    raise _broken(f"it nests deeper than {MAX_JSON_DEPTH} levels")


def _nested(value: object) -> list[object]:
    """The objects and arrays directly inside an object or array."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [child for child in children if isinstance(child, dict | list)]


def _without_nul(value: dict[str, object]) -> dict[str, object]:
    if _holds_nul(value):
        raise _broken("it contains the character U+0000")
    return value


def _holds_nul(value: object) -> bool:
    """Whether a text anywhere in it holds the one character that PostgreSQL cannot store."""
    if isinstance(value, dict):
        return any(_holds_nul(part) for item in value.items() for part in item)
    if isinstance(value, list):
        return any(map(_holds_nul, value))
    return isinstance(value, str) and "\0" in value


def _broken(reason: str) -> ProblemError:
    return ProblemError("invalid_request", f"The body could not be read as a JSON object ({reason}): mend it.")
