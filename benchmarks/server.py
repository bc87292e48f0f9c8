"""A server that answers every request with the same page of contacts, or with one: `python -m benchmarks.server`.

It runs in its own process on uvloop and parses no more than the end of a request, so that clients are what is measured.
It prints its port, and ends when its standard input does: with whoever started it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Final, cast

import uvloop

from .contact_page import build_contact_page

_HEADERS: Final = (
    "HTTP/1.1 200 OK\r\n"
    "Date: Tue, 24 Nov 2026 09:00:00 GMT\r\n"
    "Content-Type: application/json;charset=utf-8\r\n"
    "Content-Length: {length}\r\n"
    "Strict-Transport-Security: max-age=31536000; includeSubDomains; preload\r\n"
    "Vary: Accept-Encoding\r\n"
    "CF-Cache-Status: DYNAMIC\r\n"
    "Access-Control-Allow-Credentials: false\r\n"
    "X-HubSpot-Correlation-Id: 01a0c0de-7a11-7c3e-9d20-5f2f3a4b5c6d\r\n"
    "X-HubSpot-RateLimit-Interval-Milliseconds: 10000\r\n"
    "X-HubSpot-RateLimit-Max: 1000000000\r\n"
    "X-HubSpot-RateLimit-Remaining: 999999999\r\n"
    "Server: cloudflare\r\n\r\n"
)
"""The headers that HubSpot sends with a page: copying them is part of a client's work."""


class _Answering(asyncio.Protocol):
    """One connection: an answer for each end of a request's head. A body may follow that holds no empty line.

    Whoever does not ask for a page of 100 gets one contact.
    """

    def __init__(self, page: bytes, contact: bytes) -> None:
        self._page = page
        self._contact = contact
        self._head = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the connection to write to."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Answers each request that is complete now."""
        *complete, self._head = (self._head + data).split(b"\r\n\r\n")
        if self._transport is not None:
            for head in complete:
                self._transport.write(self._page if b"limit=100" in head else self._contact)


async def _serve() -> None:
    body = build_contact_page()
    contact = json.dumps(json.loads(body)["results"][0], separators=(",", ":")).encode()
    page, one = (_HEADERS.format(length=len(part)).encode() + part for part in (body, contact))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Answering(page, one), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()
    server.close()


if __name__ == "__main__":
    uvloop.run(_serve())
