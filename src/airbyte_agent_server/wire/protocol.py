"""HTTP/1.1 as uvicorn speaks it, for strangers: who sends a request too slowly, or a head without end, is cut off."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final
from weakref import WeakKeyDictionary

from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from airbyte_agent_server.writes import Writes

MAX_HEAD_BYTES: Final = 64 * 1024
HEAD_TIMEOUT_S: Final = 10.0
BODY_TIMEOUT_S: Final = 60.0
"""How long all of a head, and all of a body, may take to come."""

_TOO_LONG: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_TOO_SLOW: Final = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


_OF_CONNECTION: Final = frozenset({b"connection", b"transfer-encoding"})


class _Answer:
    """Sends an answer that is there as a whole with one write: the client wakes up once, and has it all.

    uvicorn writes the head and the body apart. Everything but a whole answer of a stated length is left to it.
    """

    def __init__(self, cycle: RequestResponseCycle, send: Send, writes: Writes) -> None:
        self._cycle = cycle
        self._writes = writes
        self._send = send
        self._head: Message | None = None

    async def __call__(self, message: Message) -> None:
        """Take one message of the application."""
        head, self._head = self._head, None
        if head is not None:
            if self._written(head, message):
                return
            await self._send(head)
        elif message["type"] == "http.response.start" and not self._cycle.response_started:
            self._head = message
            return
        await self._send(message)

    def _written(self, head: Message, body: Message) -> bool:
        cycle, content = self._cycle, body.get("body", b"")
        if body.get("more_body", False) or cycle.scope["method"] == "HEAD" or cycle.flow.write_paused:
            return False
        lines, length = [STATUS_LINE[head["status"]][:-2]], b""
        for name, value in [*cycle.default_headers, *head.get("headers", ())]:
            if name in _OF_CONNECTION:
                return False
            if name == b"content-length":
                length = value
            lines.append(name + b": " + value)
        text = b"\r\n".join(lines)
        if length != b"%d" % len(content) or not cycle.keep_alive or _is_broken(text, len(lines) - 1):
            return False
        cycle.response_started = cycle.response_complete = True
        if not cycle.disconnected:
            self._writes.put(cycle.transport, (text + b"\r\n\r\n", content))
            cycle.message_event.set()
            cycle.on_response()
        return True


_writes: WeakKeyDictionary[ServerState, Writes] = WeakKeyDictionary()
"""Those of each server: uvicorn makes the connections, and this is all that they share."""


def _is_broken(head: bytes, ends: int) -> bool:
    """Whether a header would end before it should."""
    return head.count(b"\n") != ends or head.count(b"\r") != ends or b"\0" in head


class GuardedProtocol(HttpToolsProtocol):
    """One connection. A timer for each would cost more than the requests: `close_slow` looks from time to time."""

    _since_s: float | None = None
    """When the request that is coming began to come; None: none is."""
    _idle_since_s: float | None = None
    """When the last request was answered; None: one is under way, or none has come yet."""
    _in_head = True
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._writes = _writes.setdefault(self.server_state, Writes(self.loop))
        self._since_s = self.loop.time()

    def data_received(self, data: bytes) -> None:
        """Take in what came."""
        self._idle_since_s = None
        if self._since_s is None:
            self._since_s = self.loop.time()
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(_TOO_LONG)

    def eof_received(self) -> None:
        """Send what is answered already: the connection closes now."""
        self._writes.flush()

    def on_headers_complete(self) -> None:
        """Note that the head is there; the body has a time of its own."""
        self._in_head = False
        self._since_s = self.loop.time()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the request is there."""
        self._in_head, self._head_bytes, self._since_s = True, 0, None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on to the next request, if it is there; otherwise the connection is idle."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self._idle_since_s = self.loop.time()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        writes = self._writes

        async def answering(scope: Scope, receive: Receive, send: Send) -> None:
            await app(scope, receive, _Answer(cycle, send, writes))

        super()._start_asgi_task(cycle, answering)  # type: ignore[arg-type]  # uvicorn's types say the same otherwise

    def close_if_slow(self, now_s: float) -> None:
        """Cut the connection off if its request should be there by now; close it if it has been idle for long."""
        limit_s = HEAD_TIMEOUT_S if self._in_head else BODY_TIMEOUT_S
        if self._idle_since_s is not None and now_s - self._idle_since_s > self.timeout_keep_alive:
            self.transport.close()
        elif self._since_s is not None and now_s - self._since_s > limit_s:
            self._refuse(_TOO_SLOW)

    def shutdown(self) -> None:
        """Close the connection once its answer is sent."""
        self._writes.flush()
        super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Say that it is no HTTP, after the answers to what was."""
        self._writes.flush()
        super().send_400_response(msg)

    def _refuse(self, answer: bytes) -> None:
        self._writes.flush()
        self._since_s = None
        if not self.transport.is_closing():
            if self._in_head:  # otherwise the application may be answering
                self.transport.write(answer)
            self.transport.close()


def close_slow(connections: Iterable[object], now_s: float) -> None:
    """Cut off all that are too slow."""
    for connection in list(connections):
        if isinstance(connection, GuardedProtocol):
            connection.close_if_slow(now_s)
