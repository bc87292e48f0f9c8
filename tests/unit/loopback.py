"""A server on loopback that does to a connection what a test says, byte by byte."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Self, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from pathlib import Path

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class Connection:
    """One accepted connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, index: int) -> None:
        self._reader = reader
        self._writer = writer
        self.index = index
        """Counts connections from 0."""

    async def read_request(self) -> bytes:
        """One whole request with its body; empty once the client has hung up."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
            lengths = [line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            return head + await self._reader.readexactly(int(lengths[0]) if lengths else 0)
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        with contextlib.suppress(ConnectionError):  # the client may have hung up first
            await self._writer.drain()

    def close(self) -> None:
        self._writer.close()

    def reset(self) -> None:
        """Hangs up so that the client sees a reset, not an end."""
        at_once = struct.pack("ii", 1, 0)
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        self._writer.transport.abort()


Behaviour: TypeAlias = Callable[[Connection], Awaitable[None]]


def answering(*answers: bytes) -> Behaviour:
    """Gives each request of a connection the next answer, then hangs up."""

    async def behave(connection: Connection) -> None:
        for answer in answers:
            if await connection.read_request():
                await connection.write(answer)

    return behave


async def keep_answering(connection: Connection) -> None:
    """Gives every request the same answer, for as long as the client wants."""
    while await connection.read_request():
        await connection.write(OK)


def untrusted_tls(folder: Path) -> ssl.SSLContext:
    """TLS with a certificate for 127.0.0.1 that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    (folder / "server.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(pem)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem")
    return context


class LoopbackServer:
    """Listens on 127.0.0.1 while it is entered: on a free port unless one is given."""

    def __init__(self, behave: Behaviour, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._behave = behave
        self._tls = tls
        self._port = port
        self._open: dict[Connection, asyncio.Task[None]] = {}
        self.url = ""
        self.accepted = 0
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port, ssl=self._tls)
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for connection in list(self._open):
            connection.close()
        for task in list(self._open.values()):
            task.cancel()
        await asyncio.gather(*self._open.values(), return_exceptions=True)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer, self.accepted)
        self.accepted += 1
        self._open[connection] = asyncio.create_task(self._serve(connection))

    async def wait_until_open(self, *, at_most: int) -> None:
        """Returns when no more than so many connections are open."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._open) <= at_most)

    async def _serve(self, connection: Connection) -> None:
        try:
            await self._behave(connection)
        finally:
            connection.close()
            self._open.pop(connection, None)
            async with self._changed:
                self._changed.notify_all()
