"""Sends requests to HubSpot: HTTP/1.1 on asyncio, parsed by httptools.

The connector's own client (pyqwest) hands every answer from a thread of Rust to the event loop: that alone costs more
than the rest of an execute. `make bench ARGS="--only hosted"` measures both. This one passes the same tests.
"""

import asyncio
import select
import ssl
import zlib
from collections import deque
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

import httptools

from airbyte_agent_hubspot._http import (
    CONNECT_TIMEOUT_S,
    READ_TIMEOUT_S,
    UNSENDABLE,
    AnswerTimeoutError,
    MaybeSentError,
    NotSentError,
)
from airbyte_agent_hubspot._wire import HttpRequest, HttpResponse
from airbyte_agent_server.writes import Writes

_IDLE_S = 30.0
_IDLE_CONNECTIONS = 64
_LONGEST_HEAD_BYTES = 64 * 1024
_FINAL_FROM = 200
_AFTER_SCHEME = len("https://")
_LINE_ENDS = "\r\n"
_SCHEMES = {"http": 80, "https": 443}
_PACKED = frozenset({"gzip", "deflate"})
_BODY_EXPECTED = frozenset({"POST", "PUT", "PATCH"})


class _Origin(NamedTuple):
    host: str
    port: int
    encrypted: bool
    shown: str


class _Connection(asyncio.Protocol):
    """One connection. It has at most one request at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._named: dict[bytes, bytes] = {}
        # The parser calls it for each header. Of two with one name the last counts.
        self.on_header = self._named.__setitem__
        self._body: list[bytes] = []
        self.on_body = self._body.append
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[HttpResponse] | None = None
        self._headers: dict[str, str] = {}
        self._until_close = False
        self._kept = True
        self._poll = select.poll()
        self.transport: asyncio.WriteTransport | None = None
        self.usable = True
        self.heard_at = 0.0
        """When something last came, or the request was sent; on the loop's clock."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # asyncio promises one that can be written to
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def is_stale(self) -> bool:
        """Whether the other side hung up, also if the event loop has not seen it yet."""
        return not self.usable or bool(self._poll.poll(0))

    def send(self, message: bytes, writes: Writes) -> asyncio.Future[HttpResponse]:
        answer = self._answer = self._loop.create_future()
        self.heard_at = self._loop.time()
        if self.transport is not None:
            writes.put(self.transport, (message,))
        return answer

    def data_received(self, data: bytes) -> None:
        self.heard_at = self._loop.time()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self.fail(MaybeSentError(f"the answer is not HTTP: {error}"))
        else:
            if self._answer is None and not self._kept:
                self.drop()

    def connection_lost(self, exc: Exception | None) -> None:
        self.usable = False
        if self._until_close and exc is None:
            self.on_message_complete()  # an answer of no stated length ends with its connection
        self.fail(MaybeSentError(str(exc or "the other side hung up")))

    def fail(self, error: Exception) -> None:
        """Give up, and tell whoever waits for an answer."""
        answer, self._answer = self._answer, None
        self.drop()
        if answer is not None and not answer.done():
            answer.set_exception(error)

    def drop(self) -> None:
        self.usable = False
        if self.transport is not None:
            self.transport.abort()

    # ---- what httptools calls

    def on_message_begin(self) -> None:
        self._named.clear()
        self._body.clear()
        self._until_close = False

    def on_headers_complete(self) -> None:
        # No line of a head holds a line break: one decoding serves all.
        values = b"\n".join(self._named.values()).decode("latin-1").split("\n")
        headers = self._headers = dict(zip(_lower(b"\n".join(self._named)), values, strict=True))
        self._kept = self._parser.should_keep_alive()
        self._until_close = "content-length" not in headers and "chunked" not in headers.get("transfer-encoding", "")

    def on_message_complete(self) -> None:
        self._until_close = False
        status = self._parser.get_status_code()
        if status < _FINAL_FROM or self._answer is None:
            return  # 1xx: the answer is yet to come
        answer, self._answer = self._answer, None
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        if answer.done():
            return
        if self._headers.get("content-encoding") in _PACKED:
            # No encoding is asked for; some middleman may pack answers all the same.
            try:
                body = zlib.decompress(body, zlib.MAX_WBITS | 32)
            except zlib.error as error:
                answer.set_exception(MaybeSentError(f"the answer cannot be unpacked: {error}"))
                return
        answer.set_result(HttpResponse(status, self._headers, body))


@lru_cache(maxsize=256)
def _lower(names: bytes) -> list[str]:
    """The names of headers as they are known here; answers have nearly all the same."""
    return names.decode("latin-1").lower().split("\n")


@dataclass(slots=True)
class _Pool:
    """The connections of one event loop."""

    loop: asyncio.AbstractEventLoop
    writes: Writes
    idle: dict[_Origin, deque[_Connection]] = field(default_factory=dict)
    busy: set[_Connection] = field(default_factory=set)
    watch: asyncio.TimerHandle | None = None


class UpstreamTransport:
    """Sends over kept connections. Opens nothing until the first request; uses no proxy."""

    def __init__(self, *, connect_timeout_s: float = CONNECT_TIMEOUT_S, read_timeout_s: float = READ_TIMEOUT_S) -> None:
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._pool: _Pool | None = None

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The whole answer, whatever its status."""
        origin, message = _message(request)
        loop = asyncio.get_running_loop()
        pool = self._pool
        if pool is None or pool.loop is not loop:
            pool = self._pool = _Pool(loop, Writes(loop))
        connection = self._take_idle(pool, origin) or await self._connect(loop, origin)
        answer = connection.send(message, pool.writes)
        pool.busy.add(connection)
        if pool.watch is None:
            self._watch(pool)
        try:
            return await answer
        except BaseException:
            connection.drop()  # cancelled, perhaps: its answer must not meet another request
            raise
        finally:
            pool.busy.discard(connection)
            if connection.usable:
                self._keep(pool, origin, connection)

    def _take_idle(self, pool: _Pool, origin: _Origin) -> _Connection | None:
        idle = pool.idle.get(origin)
        while idle:
            connection = idle.pop()
            if not connection.is_stale():
                return connection
            connection.drop()
        return None

    def _keep(self, pool: _Pool, origin: _Origin, connection: _Connection) -> None:
        idle = pool.idle.get(origin)
        if idle is None:
            idle = pool.idle[origin] = deque()
        idle.append(connection)
        if len(idle) > _IDLE_CONNECTIONS or self._pool is not pool:
            idle.popleft().drop()

    async def _connect(self, loop: asyncio.AbstractEventLoop, origin: _Origin) -> _Connection:
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                _, connection = await loop.create_connection(
                    lambda: _Connection(loop), origin.host, origin.port, ssl=_tls() if origin.encrypted else None
                )
        except (OSError, UnicodeError) as error:
            raise NotSentError(str(error) or f"{origin.shown} could not be reached in time") from error
        return connection

    def _watch(self, pool: _Pool) -> None:
        """Look from time to time who has waited for too long, or has been idle for long: cheaper than a timer each."""
        now = pool.loop.time()
        for connection in list(pool.busy):
            if now - connection.heard_at > self._read_timeout_s:
                connection.fail(AnswerTimeoutError(f"nothing came for {self._read_timeout_s:g} s"))
        for idle in pool.idle.values():
            while idle and (now - idle[0].heard_at > _IDLE_S or not idle[0].usable):
                idle.popleft().drop()
        if pool.busy or any(pool.idle.values()):
            pool.watch = pool.loop.call_later(min(self._read_timeout_s / 4, 1.0), self._watch, pool)
        else:
            pool.watch = None

    async def close(self) -> None:
        """Gives up connections; a later request opens new ones."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        if pool.watch is not None:
            pool.watch.cancel()
        for connection in (*pool.busy, *(one for idle in pool.idle.values() for one in idle)):
            connection.drop()
        await asyncio.sleep(0)  # connections close in the loop's next round


def _message(request: HttpRequest) -> tuple[_Origin, bytes]:
    """Where a request goes, and its bytes."""
    url, body = request.url, request.body
    start = url.find("/", _AFTER_SCHEME)
    base, path = (url, "/") if start < 0 else (url[:start], url[start:])
    origin = _origin(base)
    lines = [f"{request.method} {path} HTTP/1.1", f"host: {origin.shown}"]
    for name, value in request.headers.items():
        lines.append(f"{name}: {value}")
    if body is not None or request.method in _BODY_EXPECTED:
        lines.append(f"content-length: {0 if body is None else len(body)}")
    text = "\r\n".join(lines)
    if len(text.splitlines()) != len(lines) or text[-1] in _LINE_ENDS or "\0" in text or " " in path:
        raise NotSentError(UNSENDABLE)
    try:
        head = text.encode("ascii") + b"\r\n\r\n"
    except UnicodeEncodeError:
        raise NotSentError(UNSENDABLE) from None
    if len(head) > _LONGEST_HEAD_BYTES:
        raise NotSentError("the address is too long")
    return origin, head if body is None else head + body


@cache
def _origin(base: str) -> _Origin:
    try:
        parts = urlsplit(base)
        port = parts.port or _SCHEMES[parts.scheme]
    except (ValueError, KeyError):
        raise NotSentError(UNSENDABLE) from None
    if not parts.hostname or " " in parts.netloc or parts.query or "@" in parts.netloc:
        raise NotSentError(UNSENDABLE)
    return _Origin(parts.hostname, port, parts.scheme == "https", parts.netloc)


@cache
def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
