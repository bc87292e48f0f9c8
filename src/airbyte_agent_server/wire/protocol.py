"""HTTP/1.1 as uvicorn speaks it, for strangers: who sends a request too slowly, or a head without end, is cut off."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any, Final, cast
from weakref import WeakKeyDictionary

from starlette.types import Message, Scope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from airbyte_agent_server.wire.heads import Answer, Direct, KnownHead, lines_of
from airbyte_agent_server.writes import Writes

_log = logging.getLogger(__name__)

MAX_HEAD_BYTES: Final = 64 * 1024
HEAD_TIMEOUT_S: Final = 10.0
BODY_TIMEOUT_S: Final = 60.0
"""How long all of a head, and all of a body, may take to come."""

_TOO_LONG: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_TOO_SLOW: Final = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


_LAST: Final = b"\r\n"
_LAST_AND_CLOSE: Final = b"connection: close\r\n\r\n"


class _Cycle(RequestResponseCycle):
    """One request and its answer. An answer that is there as a whole is sent with one write.

    The client wakes up once, and has it all; uvicorn writes the head and the body apart. Everything but a whole answer
    of a stated length is left to it.
    """

    writes: Writes
    _head: Message | None = None

    async def send(self, message: Message) -> None:  # type: ignore[override]  # uvicorn's types say the same otherwise
        """Take one message of the application."""
        head = self._head
        if head is not None:
            self._head = None
            if self._written(head, message):
                return
            await super().send(head)  # type: ignore[arg-type]
        elif message["type"] == "http.response.start" and not self.response_started:
            self._head = message
            return
        await super().send(message)  # type: ignore[arg-type]

    def _written(self, head: Message, body: Message) -> bool:
        content = body.get("body", b"")
        if body.get("more_body", False) or self.scope["method"] == "HEAD" or self.flow.write_paused:
            return False
        headers = [*self.default_headers, *head.get("headers", ())]
        known = dict(headers)
        if known.get(b"content-length") != b"%d" % len(content) or not self.keep_alive or _is_of_connection(known):
            return False
        lines = [STATUS_LINE[head["status"]][:-2], *[name + b": " + value for name, value in headers]]
        text = b"\r\n".join(lines)
        if _is_broken(text, len(headers)):
            return False
        self.response_started = self.response_complete = True
        if not self.disconnected:
            self.writes.put(self.transport, (text + b"\r\n\r\n", content))
            self.message_event.set()
            self.on_response()
        return True


class _DirectCycle:
    """What uvicorn wants to know of a request that is answered without messages: one for all of a connection."""

    __slots__ = ("disconnected", "keep_alive", "response_complete")

    message_event = asyncio.Event()
    """Nobody waits for it."""

    def __init__(self) -> None:
        self.disconnected = False
        self.keep_alive = True
        self.response_complete = False


class _Shared:
    """What the connections of a server share, which uvicorn makes one by one."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.writes = Writes(loop)
        self._default: list[tuple[bytes, bytes]] = []
        self._default_lines = b""

    def default_lines(self, state: ServerState) -> bytes:
        """The headers of every answer. uvicorn makes them anew each second."""
        if state.default_headers is not self._default:
            self._default = state.default_headers
            self._default_lines = lines_of(state.default_headers)
        return self._default_lines


_shared: WeakKeyDictionary[ServerState, _Shared] = WeakKeyDictionary()


def _is_of_connection(headers: dict[bytes, bytes]) -> bool:
    """Whether something is said of the connection itself."""
    return b"connection" in headers or b"transfer-encoding" in headers


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
    _between = True
    """Whether the last byte that came was the last one of a request."""
    _known: KnownHead | None = None
    _direct: _DirectCycle | None = None
    _asked: asyncio.Future[tuple[Direct, Scope, bytes] | None] | None = None
    """The next request, for which the task that answers directly waits; None: it is busy, or there is none yet."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self.shared = _shared.setdefault(self.server_state, _Shared(self.loop))
        self.writes = self.shared.writes
        self._since_s = self.loop.time()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the last request, which refers to the connection: both can be freed at once."""
        super().connection_lost(exc)
        self.cycle = None  # type: ignore[assignment]  # as it was before the first request
        self._known = None
        if self._asked is not None and not self._asked.done():
            self._asked.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Take in what came."""
        self._idle_since_s = None
        known, between = self._known, self._between
        if known is not None and between and self.cycle.response_complete:
            body, answering = known.body_in(data), known.notes.direct
            if body is not None and answering is not None:
                self._answer_directly(answering, {**known.scope, "state": self.app_state}, body)
                return
        if self._since_s is None:
            self._since_s = self.loop.time()
        super().data_received(data)
        if between and self._between and self.cycle.keep_alive and not self.expect_100_continue:
            self._known = KnownHead.of(self.cycle.scope, data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(_TOO_LONG)

    def _answer_directly(self, answering: Direct, scope: Scope, body: bytes) -> None:
        cycle = self._direct = self._direct or _DirectCycle()
        cycle.response_complete = False
        self.cycle = cycle  # type: ignore[assignment]  # it has what uvicorn wants of one
        asked, self._asked = self._asked, None
        if asked is None or asked.done():
            self._answerer = self.loop.create_task(self._answer_all(cycle, answering, scope, body))
        else:
            asked.set_result((answering, scope, body))
        self.tasks.add(self._answerer)

    async def _answer_all(self, cycle: _DirectCycle, answering: Direct, scope: Scope, body: bytes) -> None:
        """Answer one request after the other: a task for each would cost more."""
        while True:
            try:
                answer = await answering(scope, body)
                if self.flow.write_paused:
                    await self.flow.drain()
            except BaseException as error:  # the application answers whatever it foresees
                self.transport.close()
                if not isinstance(error, Exception):
                    raise
                _log.exception("a request could not be answered")
                return
            finally:
                self.tasks.discard(self._answerer)
            cycle.response_complete = True
            if cycle.disconnected:
                return
            self._send(answer, cycle)
            if not cycle.keep_alive:
                return
            self._asked = self.loop.create_future()
            asked = await self._asked
            if asked is None:
                return
            answering, scope, body = asked

    def _send(self, answer: Answer, cycle: _DirectCycle) -> None:
        end = _LAST if cycle.keep_alive else _LAST_AND_CLOSE
        default = self.shared.default_lines(self.server_state)
        head = b"".join((STATUS_LINE[answer.status], default, answer.lines, end))
        self.writes.put(self.transport, (head, answer.body), answer.before)
        self.on_response_complete()
        if not cycle.keep_alive:
            self.writes.flush()
            self.transport.close()

    def eof_received(self) -> None:
        """Send what is answered already: the connection closes now."""
        self.writes.flush()

    def on_message_begin(self) -> None:
        """Note that a request begins."""
        self._between = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that the head is there; the body has a time of its own."""
        self._in_head = False
        self._since_s = self.loop.time()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the request is there."""
        self._in_head, self._head_bytes, self._since_s, self._between = True, 0, None, True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on to the next request, if it is there; otherwise the connection is idle."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.flow.read_paused:
            self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self._idle_since_s = self.loop.time()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        cycle.__class__ = _Cycle
        cast("_Cycle", cycle).writes = self.writes
        super()._start_asgi_task(cycle, app)

    def close_if_slow(self, now_s: float) -> None:
        """Cut the connection off if its request should be there by now; close it if it has been idle for long."""
        limit_s = HEAD_TIMEOUT_S if self._in_head else BODY_TIMEOUT_S
        if self._idle_since_s is not None and now_s - self._idle_since_s > self.timeout_keep_alive:
            self.transport.close()
        elif self._since_s is not None and now_s - self._since_s > limit_s:
            self._refuse(_TOO_SLOW)

    def shutdown(self) -> None:
        """Close the connection once its answer is sent."""
        self.writes.flush()
        super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Say that it is no HTTP, after the answers to what was."""
        self.writes.flush()
        super().send_400_response(msg)

    def _refuse(self, answer: bytes) -> None:
        self.writes.flush()
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
