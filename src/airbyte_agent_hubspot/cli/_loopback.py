"""The end of a login in the browser: a server on this machine that the consent page sends the user to.

Source: https://www.rfc-editor.org/rfc/rfc8252#section-7.3
"""

from __future__ import annotations

import asyncio
import contextlib
from hmac import compare_digest
from html import escape
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

from ..errors import ConfigurationError
from ._exits import LoginError

if TYPE_CHECKING:
    from typing import Self

CALLBACK_PATH: Final = "/oauth/callback"
_LONGEST_HEAD: Final = 16_384
_HEADERS: Final = (
    "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n"
    "Connection: close\r\n"
)
_PAGE: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>{title}</title><style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;"
    "padding:0 1rem;color-scheme:light dark}}</style><h1>{title}</h1><p>{text}</p></html>"
)


class Loopback:
    """Listens on 127.0.0.1 while it is entered, for the one answer that carries `state`. Port 0 takes a free one."""

    def __init__(self, *, port: int, state: str) -> None:
        self._port = port
        self._state = state
        self._writers: set[asyncio.StreamWriter] = set()
        self._answering: set[asyncio.Future[None]] = set()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[dict[str, str]] = loop.create_future()
        self._page: asyncio.Future[str] = loop.create_future()
        try:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, limit=_LONGEST_HEAD)
        except OSError as error:
            raise ConfigurationError(
                f"Port {self._port} of 127.0.0.1 cannot be used: {error.strerror}. Take another with --port."
            ) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stops listening, once those who wait for the page have it. Browsers open connections that they do not use."""
        if not self._page.done():
            self._page.set_result(_page("Not connected", "The login was given up. You can close this page."))
        if self._answering:
            await asyncio.wait(self._answering)
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()

    @property
    def redirect_uri(self) -> str:
        """Where HubSpot sends the browser: HubSpot takes plain http for the name localhost alone."""
        return f"http://localhost:{self._server.sockets[0].getsockname()[1]}{CALLBACK_PATH}"

    async def wait_for_code(self, *, timeout_s: float) -> str:
        """The authorization code. The browser waits until `show` says how it ended.

        Raises:
            LoginError: the user refused, or did not decide in time.
        """
        try:
            async with asyncio.timeout(timeout_s):
                fields = await self._answer
        except TimeoutError:
            raise LoginError(f"Nobody came back from the consent page within {timeout_s:g} s.") from None
        code = fields.get("code")
        if not code:
            said = fields.get("error_description") or fields.get("error") or "no code came back"
            raise LoginError(f"HubSpot did not connect the account: {said}.")
        return code

    def show(self, title: str, text: str) -> None:
        """What the browser shows at the end."""
        self._page.set_result(_page(title, text))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = await reader.readuntil(b"\r\n\r\n")
            answering = asyncio.ensure_future(self._write(writer, head.split(b"\r\n", 1)[0].decode("latin-1")))
            self._answering.add(answering)
            await answering
        self._writers.discard(writer)
        writer.close()

    async def _write(self, writer: asyncio.StreamWriter, line: str) -> None:
        status, page = await self._respond(line)
        body = page.encode()
        writer.write(f"HTTP/1.1 {status}\r\n{_HEADERS}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()

    async def _respond(self, line: str) -> tuple[str, str]:
        method, _, rest = line.partition(" ")
        address = urlsplit(rest.partition(" ")[0])
        if method != "GET" or address.path != CALLBACK_PATH:
            return "404 Not Found", _page("Nothing here", "This address is only for the end of a login.")
        fields = dict(parse_qsl(address.query))
        if not compare_digest(fields.get("state", "").encode(), self._state.encode()):
            return "400 Bad Request", _page(
                "Not from this login", "The answer does not belong to the login that is under way. Start again."
            )
        with contextlib.suppress(asyncio.InvalidStateError):  # browsers may ask twice
            self._answer.set_result(fields)
        return "200 OK", await self._page


def _page(title: str, text: str) -> str:
    return _PAGE.format(title=escape(title), text=escape(text))
