"""The only place that sends bytes.

A transport tells apart what writes depend on: was the request certainly not sent, or may HubSpot have acted on it?
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, Protocol

from ._wire import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any, Self

    from pyqwest import Client, HTTPTransport

    from ._wire import HttpRequest

CONNECT_TIMEOUT_S: Final = 5.0
READ_TIMEOUT_S: Final = 20.0
UNSENDABLE: Final = "HTTP cannot carry the address or a header: does a token contain a line break?"
_EXIT_PAUSE_S: Final = 0.02
_POOL_IDLE_S: Final = 30.0
_POOL_IDLE_CONNECTIONS: Final = 64


class TransportError(Exception):
    """No usable answer came. Never leaves the package: executors turn it into a `ConnectorError`."""


class NotSentError(TransportError):
    """The request was certainly not sent: refused, unknown host, TLS, connect timeout."""


class MaybeSentError(TransportError):
    """The request may have arrived: closed while waiting for the answer, or the answer broke off."""


class AnswerTimeoutError(MaybeSentError):
    """The request may have arrived, and no answer came in time."""


class Transport(Protocol):
    """Sends requests. Two methods, so that any HTTP client can stand behind it."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The whole answer, whatever its status. `request.url` is absolute; redirects are not followed.

        Raises:
            NotSentError: the request was certainly not sent.
            MaybeSentError: it may have arrived; `AnswerTimeoutError` when the answer was not in time.
        """
        ...

    async def close(self) -> None:
        """Gives up connections."""
        ...


@cache
def _let_threads_finish_at_exit() -> None:
    """Gives pyqwest's threads the interpreter once more before it is taken down.

    Before Python 3.14 a thread that still waits for the interpreter then aborts the whole process.
    Source: https://github.com/curioswitch/pyqwest/issues/164
    """
    import atexit  # noqa: PLC0415 - needed with the first transport
    import time  # noqa: PLC0415

    atexit.register(time.sleep, _EXIT_PAUSE_S)


class PyqwestTransport:
    """Sends through pyqwest (Rust). Opens nothing until the first request.

    `proxy` is a proxy's URL; `"env"` takes it from HTTP_PROXY and its kin; None sends directly.
    """

    def __init__(
        self,
        *,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
        proxy: str | None = None,
    ) -> None:
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._proxy = proxy
        self._client: Client | None = None
        self._transport: HTTPTransport | None = None

    def _open(self) -> Client:
        from pyqwest import Client, HTTPTransport, HTTPVersion, Proxy  # noqa: PLC0415 - needed at the first request

        direct = Proxy("http://127.0.0.1:9", no_proxy="*,0.0.0.0/0,::/0")
        self._transport = HTTPTransport(
            tls_include_system_certs=True,
            http_version=HTTPVersion.HTTP1,  # HTTP/2 measures no better: benchmarks/README.md
            proxy=direct if self._proxy is None else None if self._proxy == "env" else self._proxy,
            connect_timeout=self._connect_timeout_s,
            read_timeout=self._read_timeout_s,
            pool_idle_timeout=_POOL_IDLE_S,
            pool_max_idle_per_host=_POOL_IDLE_CONNECTIONS,
            follow_redirects=False,
            enable_otel=False,
        )
        self._client = Client(self._transport)
        _let_threads_finish_at_exit()
        return self._client

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The whole answer, whatever its status."""
        return await _send(self._client or self._open(), request)

    async def close(self) -> None:
        """Gives up connections; a later request opens new ones."""
        transport, self._transport, self._client = self._transport, None, None
        if transport is not None:
            await transport.aclose()


class AsgiTransport:
    """Calls an ASGI application in this process instead of sending anything: for tests and examples."""

    def __init__(
        self,
        app: Callable[[Any, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]],
    ) -> None:
        from pyqwest import HTTPVersion  # noqa: PLC0415 - not part of the package's import
        from pyqwest.testing import ASGITransport  # noqa: PLC0415

        self._transport = ASGITransport(app, http_version=HTTPVersion.HTTP1)

    async def __aenter__(self) -> Self:
        """Runs the application's start-up; leaving runs its shutdown."""
        await self._transport.run_lifespan()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The application's whole answer."""
        from pyqwest import Client  # noqa: PLC0415

        # Not kept: Python's collector cannot see what a client holds, and would never free the application.
        return await _send(Client(self._transport), request)

    async def close(self) -> None:
        """Runs the application's shutdown, if its start-up was run."""
        await self._transport.close()


async def _send(client: Client, request: HttpRequest) -> HttpResponse:
    from pyqwest import ReadError, RemoteProtocolError, WriteError  # noqa: PLC0415 - needed at the first request

    try:
        answer = await client.execute(request.method, request.url, dict(request.headers), request.body)
    except ConnectionResetError as error:
        raise MaybeSentError(str(error)) from error
    except ConnectionError as error:
        raise NotSentError(str(error)) from error
    except ValueError:
        raise NotSentError(UNSENDABLE) from None  # the client's own words would show the header, a token included
    except TimeoutError as error:
        raise AnswerTimeoutError(str(error)) from error
    except (ReadError, RemoteProtocolError, WriteError, RuntimeError) as error:
        raise MaybeSentError(str(error)) from error
    return HttpResponse(answer.status, dict(answer.headers.items()), answer.content)
