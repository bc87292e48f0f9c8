"""Sends through httpx2, in pure Python: for those who bring a client of their own. Needs the extra `httpx2`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import httpx2

from .._http import CONNECT_TIMEOUT_S, READ_TIMEOUT_S, UNSENDABLE, AnswerTimeoutError, MaybeSentError, NotSentError
from .._wire import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._wire import HttpRequest

_NOT_CONNECTED: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
_NOT_HTTP: Final = (httpx2.InvalidURL, httpx2.LocalProtocolError, httpx2.UnsupportedProtocol, ValueError)


def open_client() -> httpx2.AsyncClient:
    """A client with this package's time-outs that ignores proxy variables."""
    return httpx2.AsyncClient(timeout=httpx2.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S), trust_env=False)


class Httpx2Transport:
    """Sends through clients that `open_client` makes when needed, one for each event loop; closes them too."""

    def __init__(self, open_client: Callable[[], httpx2.AsyncClient] = open_client) -> None:
        self._open_client = open_client
        self._client: httpx2.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The whole answer, whatever its status."""
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            self._client, self._loop = self._open_client(), loop
        try:
            answer = await self._client.request(
                request.method, request.url, headers=request.headers, content=request.body, follow_redirects=False
            )
        except _NOT_CONNECTED as error:
            raise NotSentError(str(error)) from error
        except _NOT_HTTP:
            raise NotSentError(UNSENDABLE) from None  # httpx2's own words would show the header, a token included
        except httpx2.TimeoutException as error:
            raise AnswerTimeoutError(str(error)) from error
        except httpx2.RequestError as error:
            raise MaybeSentError(str(error)) from error
        return HttpResponse(answer.status_code, dict(answer.headers), answer.content)

    async def close(self) -> None:
        """Gives up connections; a later request opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()
