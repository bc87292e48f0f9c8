"""The portal on a port: in this process until a signal comes, or in a thread beside the caller."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from hubspot_sandbox.interference import CONNECTION

_STOP_S: Final = 1
_GRACE_S: Final = 5


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes a free one.

    Raises: OSError when the address is taken or not of this machine.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def base_url(listener: socket.socket) -> str:
    """The address that clients use."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def config(app: ASGIApp, *, log_level: str = "warning", grace_s: int = _GRACE_S) -> uvicorn.Config:
    """How the portal is served: with connections that faults can drop."""
    return uvicorn.Config(
        app,
        http=_droppable_protocol,  # type: ignore[arg-type] # called like a class
        log_level=log_level,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=grace_s,
    )


@contextmanager
def serve_in_thread(app: ASGIApp) -> Iterator[str]:
    """The address at which a thread serves the app as long as the context lasts."""
    listener = listen("127.0.0.1", 0)
    started = threading.Event()
    server = _Server(config(app, log_level="critical", grace_s=_STOP_S), started)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="hubspot-sandbox", daemon=True)
    thread.start()
    started.wait()
    try:
        yield base_url(listener)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


class _Server(uvicorn.Server):
    """A server that tells when it listens."""

    def __init__(self, served: uvicorn.Config, started_event: threading.Event) -> None:
        super().__init__(served)
        self._started_event = started_event

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then say so."""
        try:
            await super().startup(sockets)
        finally:
            self._started_event.set()


def _droppable_protocol(**parts: Any) -> Any:
    """Uvicorn's protocol of one connection, whose transport the app finds in the scope."""
    protocol: Any = AutoHTTPProtocol(**parts)
    protocol.app = _Tied(protocol.app, protocol)
    return protocol


class _Tied:
    """An app that is told the connection of each call."""

    def __init__(self, app: ASGIApp, protocol: Any) -> None:
        self._app = app
        self._protocol = protocol

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on with its connection."""
        extensions = {**scope.get("extensions", {}), CONNECTION: self._protocol.transport}
        await self._app({**scope, "extensions": extensions}, receive, send)
