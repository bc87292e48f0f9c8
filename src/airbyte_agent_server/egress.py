"""Requests to addresses that customers name: they must not reach what only this machine or its network can reach."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

import h11

TIMEOUT_S = 15.0
_KEPT_BYTES = 4096
_READ_AT_ONCE = 16 * 1024
_HTTPS_PORT, _HTTP_PORT = 443, 80
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""All addresses of a host. Raises `OSError`."""


class EgressError(Exception):
    """Nothing was sent, or no answer came. The text says why and names no address."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes."""

    host: str
    port: int
    path: str
    tls: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, of whose body the beginning is kept."""

    status: int
    body: bytes


async def resolve(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class Egress:
    """Sends to the public internet only; to loopback too where the operator allows that.

    A name is looked up once, every address it has is checked, and the connection goes to the address that was checked:
    a name that changes in between gains nothing. Redirects are not followed.
    """

    def __init__(self, *, allow_loopback: bool, resolve: Resolve = resolve, tls: ssl.SSLContext | None = None) -> None:
        self._allow_loopback = allow_loopback
        self._resolve = resolve
        self._tls = tls

    def check(self, url: str) -> Target:
        """Where `url` leads, as far as can be seen without looking its name up.

        Raises:
            ValueError: the address cannot be used; a whole sentence.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise ValueError("The URL cannot be read: send one like https://example.com/webhooks.") from None
        if not host or parts.username is not None or parts.password is not None or parts.fragment:
            raise ValueError("The URL must name a host, without user, password or fragment.")
        if not url.isascii() or any(character.isspace() for character in url):
            raise ValueError("The URL must be ASCII without blanks: encode other characters.")
        tls = parts.scheme == "https"
        if not tls and not (parts.scheme == "http" and self._allow_loopback and _is_loopback_name(host)):
            raise ValueError("The URL must begin with https://.")
        literal = _literal(host)
        if (literal is not None and not self._may_reach(literal)) or (
            _is_loopback_name(host) and not self._allow_loopback
        ):
            raise ValueError("The URL must lead to the public internet: this host is internal.")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Target(host, port or (_HTTPS_PORT if tls else _HTTP_PORT), path, tls)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send a request and read its answer.

        Raises:
            EgressError: the address is refused, cannot be reached, or does not answer in time.
        """
        try:
            target = self.check(url)
            async with asyncio.timeout(TIMEOUT_S):
                return await self._exchange(target, headers, body)
        except ValueError as error:
            raise EgressError(str(error)) from None
        except TimeoutError:
            raise EgressError(f"No answer within {TIMEOUT_S:.0f} seconds.") from None
        except ssl.SSLError:
            raise EgressError("The host's certificate is not valid for its name.") from None
        except OSError:
            raise EgressError("The host cannot be reached.") from None
        except h11.RemoteProtocolError:
            raise EgressError("The host does not answer in HTTP.") from None

    async def _exchange(self, target: Target, headers: Mapping[str, str], body: bytes) -> Reply:
        addresses = await self._resolve(target.host, target.port)
        if not addresses or not all(self._may_reach(ipaddress.ip_address(address)) for address in addresses):
            raise EgressError("The URL must lead to the public internet: this host's address is internal.")
        context = (self._tls or ssl.create_default_context()) if target.tls else None
        reader, writer = await asyncio.open_connection(
            addresses[0], target.port, ssl=context, server_hostname=target.host if target.tls else None
        )
        try:
            return await _converse(reader, writer, target, headers, body)
        finally:
            writer.close()

    def _may_reach(self, address: Address) -> bool:
        plain = _unwrapped(address)
        if plain.is_loopback:
            return self._allow_loopback
        return plain.is_global and not plain.is_multicast


async def _converse(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: Target, headers: Mapping[str, str], body: bytes
) -> Reply:
    connection = h11.Connection(h11.CLIENT)
    sent = [("host", _authority(target)), ("content-length", str(len(body))), ("connection", "close")]
    request = h11.Request(method="POST", target=target.path, headers=[*sent, *headers.items()])
    for event in (request, h11.Data(data=body), h11.EndOfMessage()):
        writer.write(connection.send(event) or b"")
    await writer.drain()
    status, kept = 0, b""
    while True:
        received = connection.next_event()
        if received is h11.NEED_DATA:
            connection.receive_data(await reader.read(_READ_AT_ONCE))
        elif isinstance(received, h11.Response):
            status = received.status_code
        elif isinstance(received, h11.Data):
            kept += bytes(received.data)
        if status and (len(kept) >= _KEPT_BYTES or isinstance(received, h11.EndOfMessage)):
            return Reply(status, kept[:_KEPT_BYTES])
        if isinstance(received, h11.ConnectionClosed):
            raise EgressError("The host closed the connection without an answer.")


def _authority(target: Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port in {_HTTPS_PORT, _HTTP_PORT} else f"{host}:{target.port}"


def _is_loopback_name(host: str) -> bool:
    literal = _literal(host)
    return literal.is_loopback if literal is not None else host == "localhost" or host.endswith(".localhost")


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
