"""Sends the portal's webhooks: signed, in batches, up to ten at a time, again after failures.

Source: https://developers.hubspot.com/docs/api-reference/legacy/webhooks/guide
"""

import asyncio
from typing import Any, Final, Protocol

from pyqwest import Client, HTTPTransport, HTTPVersion, Proxy, ReadError, RemoteProtocolError, WriteError

from hubspot_sandbox.clock import Clock
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.signatures import signed_headers
from hubspot_sandbox.webhooks import Batch

CONCURRENCY: Final = 10
ANSWER_S: Final = 5.0
NO_ANSWER: Final = 0
_FAILURES: Final = (OSError, ReadError, RemoteProtocolError, WriteError)
TASK_NAME: Final = "hubspot-sandbox webhooks"


class Sender(Protocol):
    """Posts bytes somewhere."""

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> int:
        """The status of the answer, or 0 if none came."""
        ...


class HttpSender:
    """Posts through pyqwest, past any proxy. Opens nothing before the first request."""

    def __init__(self) -> None:
        self._transport: HTTPTransport | None = None

    def _open(self) -> HTTPTransport:
        direct = Proxy("http://127.0.0.1:9", no_proxy="*,0.0.0.0/0,::/0")
        return HTTPTransport(
            tls_include_system_certs=True,
            http_version=HTTPVersion.HTTP1,
            proxy=direct,
            timeout=ANSWER_S,
            follow_redirects=False,
            enable_otel=False,
        )

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> int:
        """The status of the answer, or 0 if none came in five seconds."""
        self._transport = self._transport or self._open()
        try:
            answer = await Client(self._transport).post(url, headers=headers, content=body)
        except _FAILURES:
            return NO_ANSWER
        return answer.status

    async def close(self) -> None:
        """Give up the connections."""
        if self._transport is not None:
            await self._transport.aclose()


async def deliver_due(portal: Portal, sender: Sender) -> int:
    """Send all that is due now; how many notifications that were."""
    portal.webhooks.collect()
    sent = 0
    while batches := _take(portal):
        await asyncio.gather(*(_deliver(portal, sender, batch) for batch in batches))
        sent += sum(len(batch.events) for batch in batches)
    return sent


async def keep_delivering(portal: Portal) -> None:
    """Send what happens until cancelled."""
    sender = HttpSender()
    news = asyncio.Event()
    loop = asyncio.get_running_loop()
    portal.webhooks.news = lambda: loop.call_soon_threadsafe(news.set)
    try:
        while True:
            news.clear()
            await deliver_due(portal, sender)
            await _wait(portal, news)
    finally:
        portal.webhooks.news = bool
        await sender.close()


def _take(portal: Portal) -> list[Batch]:
    taken = (portal.webhooks.take() for _ in range(CONCURRENCY))
    return [batch for batch in taken if batch is not None]


async def _deliver(portal: Portal, sender: Sender, batch: Batch) -> None:
    target = portal.webhooks.target
    if target is None:
        return
    body = batch.body()
    secret = portal.tokens.apps()[0].client_secret
    headers = signed_headers(secret, target.signature_version, target.url, body, portal.clock.now_ms())
    headers |= {"Content-Type": "application/json", "User-Agent": "HubSpot Webhooks (sandbox)"}
    portal.webhooks.settle(batch, await sender.post(target.url, headers, body))


async def _reach(clock: Clock, at_ms: int) -> None:
    await clock.wait_until_ms(at_ms)


async def _wait(portal: Portal, news: asyncio.Event) -> None:
    """Until something happens or the next notification is due."""
    due_ms = portal.webhooks.next_due_ms()
    waits: list[asyncio.Task[Any]] = [asyncio.create_task(news.wait())]
    if due_ms is not None:
        waits.append(asyncio.create_task(_reach(portal.clock, due_ms)))
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
