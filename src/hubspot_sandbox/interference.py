"""Carries out faults around an ASGI app: waits, replaces or spoils answers, drops connections.

On a port of `hubspot_sandbox.serving` a dropped connection is a closed socket. In process there is none to close:
the call raises `ConnectionDroppedError`.
"""

import asyncio
from dataclasses import dataclass, replace
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hubspot_sandbox.fault_answers import HTML, answer_to
from hubspot_sandbox.faults import CUT, DROPPED, LATENCY, TRUNCATED, WRONG_TYPE, Fault
from hubspot_sandbox.portal import Portal

# The key of the ASGI extension that holds the connection's transport.
CONNECTION: Final = "hubspot_sandbox.connection"
_LENGTH: Final = b"content-length"
_TYPE: Final = b"content-type"


class ConnectionDroppedError(ConnectionResetError):
    """The sandbox dropped the connection, as a fault asked for; no answer, or no more of it, will come."""


@dataclass(frozen=True, slots=True)
class _Reply:
    """A whole answer that was not sent yet."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    content: bytes

    def with_header(self, name: bytes, value: bytes) -> "_Reply":
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name)
        return replace(self, headers=(*kept, (name, value)))


# What is spoilt where a spoiling fault comes before the request is handled.
_NOTHING: Final = _Reply(200, ((_TYPE, b"application/json;charset=utf-8"),), b'{"results":[]}')


class Interference:
    """Passes calls to the app unless a fault of the portal is due."""

    def __init__(self, app: ASGIApp, portal: Portal) -> None:
        self._app = app
        self._portal = portal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a call, well or not."""
        fault = self._portal.faults.take(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if fault is None:
            await self._app(scope, receive, send)
            return
        exchange = scope["sandbox"]
        exchange.entry.fault = fault.kind
        body = await _read(receive)
        reply = _NOTHING
        if fault.applied:
            reply = await self._handle(scope, body)
        if not await self._delay(fault, receive):
            return
        if fault.kind == LATENCY and not fault.applied:
            reply = await self._handle(scope, body)
        answer = answer_to(fault, self._portal.clock, exchange.entry.correlation_id)
        if answer is not None:
            headers = {**answer.headers, "content-type": answer.content_type}
            encoded = tuple((name.lower().encode(), value.encode()) for name, value in headers.items())
            reply = _Reply(answer.status, encoded, answer.content())
        await _give(fault, reply, scope, receive, send)

    async def _handle(self, scope: Scope, body: bytes) -> _Reply:
        """The app's own answer, kept back."""
        messages: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, send)
        content = b"".join(message.get("body", b"") for message in messages[1:])
        return _Reply(messages[0]["status"], tuple(messages[0]["headers"]), content)

    async def _delay(self, fault: Fault, receive: Receive) -> bool:
        """Wait as long as the fault says; False if the client did not."""
        if not fault.delay_s:
            return True
        clock = self._portal.clock
        over = asyncio.ensure_future(clock.wait_until_ms(clock.now_ms() + round(fault.delay_s * 1000)))
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait({over, gone}, return_when=asyncio.FIRST_COMPLETED)
            return over.done()
        finally:
            over.cancel()
            gone.cancel()


async def _read(receive: Receive) -> bytes:
    content = b""
    while True:
        message = await receive()
        content += bytes(message.get("body", b""))
        if not message.get("more_body", False):
            return content


async def _disconnected(receive: Receive) -> None:
    """Return once the client has gone; in process, where nobody tells, never."""
    message = await receive()
    if message["type"] != "http.disconnect":
        await asyncio.Event().wait()


async def _give(fault: Fault, reply: _Reply, scope: Scope, receive: Receive, send: Send) -> None:
    half = reply.content[: len(reply.content) // 2]
    if fault.kind == DROPPED:
        await _drop(scope, receive, flush=False)
        return
    if fault.kind == WRONG_TYPE:
        reply = reply.with_header(_TYPE, HTML.encode())
    if fault.kind == TRUNCATED:
        reply = replace(reply, content=half)
    reply = reply.with_header(_LENGTH, str(len(reply.content)).encode())
    await send({"type": "http.response.start", "status": reply.status, "headers": list(reply.headers)})
    if fault.kind == CUT:
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await _drop(scope, receive, flush=True)
        return
    await send({"type": "http.response.body", "body": reply.content, "more_body": False})


async def _drop(scope: Scope, receive: Receive, *, flush: bool) -> None:
    """Close the connection and wait until it is closed.

    Raises: ConnectionDroppedError in process.
    """
    connection: asyncio.Transport | None = scope.get("extensions", {}).get(CONNECTION)
    if connection is None:
        raise ConnectionDroppedError("the sandbox dropped the connection")
    if flush:
        connection.close()
    else:
        connection.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
