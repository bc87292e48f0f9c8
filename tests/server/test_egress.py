"""Requests to addresses that customers name reach the public internet, and nothing else."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from airbyte_agent_server import egress
from airbyte_agent_server.egress import Egress, EgressError, Reply

INTERNAL = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104  # not bound
    "224.0.0.1",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
]


def resolving_to(*addresses: str) -> Callable[[str, int], object]:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return resolve


async def refusal(sender: Egress, url: str) -> str:
    with pytest.raises(EgressError) as caught:
        await sender.post(url, {}, b"{}")
    return str(caught.value)


@pytest.mark.parametrize("address", INTERNAL)
async def test_a_name_that_leads_inside_is_refused_when_it_is_used(address: str) -> None:
    sender = Egress(allow_loopback=False, resolve=resolving_to(address))  # type: ignore[arg-type]
    assert "internal" in await refusal(sender, "https://hooks.example.com/")


async def test_a_name_with_one_address_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    sender = Egress(allow_loopback=False, resolve=resolving_to("93.184.215.14", "10.0.0.1"))  # type: ignore[arg-type]
    monkeypatch.setattr(asyncio, "open_connection", None)
    assert "internal" in await refusal(sender, "https://hooks.example.com/")


async def test_a_name_without_an_address_is_refused() -> None:
    sender = Egress(allow_loopback=False, resolve=resolving_to())  # type: ignore[arg-type]
    assert "internal" in await refusal(sender, "https://hooks.example.com/")


@pytest.mark.parametrize("host", ["localhost", "printer.localhost", "127.0.0.1", "[::1]"])
def test_this_machine_counts_as_inside_unless_the_operator_allows_it(host: str) -> None:
    with pytest.raises(ValueError, match="internal"):
        Egress(allow_loopback=False).check(f"https://{host}/")
    assert Egress(allow_loopback=True).check(f"http://{host}:8080/x?y=1").path == "/x?y=1"


@pytest.mark.parametrize("url", ["https://example.com/a b", "https://exämple.com/", "https://example.com/#part"])
def test_an_address_with_odd_characters_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="URL must"):
        Egress(allow_loopback=True).check(url)


Answerer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., object]]:
    servers: list[asyncio.Server] = []

    async def start(answer: bytes, tls: ssl.SSLContext | None = None) -> int:
        async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(asyncio.IncompleteReadError):  # whoever asked has no time left
                await reader.readuntil(b"{}")
            writer.write(answer)
            await writer.drain()
            writer.close()

        servers.append(await asyncio.start_server(reply, "127.0.0.1", 0, ssl=tls))
        port: int = servers[-1].sockets[0].getsockname()[1]
        return port

    yield start
    for server in servers:
        server.close()


async def test_the_beginning_of_an_answer_is_kept(serve: Callable[..., object]) -> None:
    port = await serve(b"HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n" + b"x" * 9000)  # type: ignore[misc]
    reply = await Egress(allow_loopback=True).post(f"http://localhost:{port}/", {}, b"{}")
    assert reply == Reply(200, b"x" * 4096)


@pytest.mark.parametrize(
    ("answer", "said"),
    [(b"SSH-2.0-OpenSSH\r\n\r\n", "does not answer in HTTP"), (b"", "closed the connection")],
)
async def test_what_is_no_answer_is_said(serve: Callable[..., object], answer: bytes, said: str) -> None:
    port = await serve(answer)  # type: ignore[misc]
    text = await refusal(Egress(allow_loopback=True), f"http://127.0.0.1:{port}/")
    assert said in text or "HTTP" in text


async def test_nobody_there_and_no_answer_in_time(
    serve: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = await serve(b"")  # type: ignore[misc]
    sender = Egress(allow_loopback=True)
    assert "cannot be reached" in await refusal(sender, "http://127.0.0.1:1/")
    monkeypatch.setattr(egress, "TIMEOUT_S", 0.0)
    assert "No answer within" in await refusal(sender, f"http://127.0.0.1:{port}/")


async def test_a_certificate_must_be_the_hosts(serve: Callable[..., object], tmp_path: Path) -> None:
    certificate, key = _certificate("hooks.example.com")
    (tmp_path / "cert.pem").write_bytes(certificate)
    (tmp_path / "key.pem").write_bytes(key)
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_tls.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    port = await serve(b"HTTP/1.1 204 No Content\r\n\r\n", server_tls)  # type: ignore[misc]
    trusting = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    sender = Egress(allow_loopback=True, resolve=resolving_to("127.0.0.1"), tls=trusting)  # type: ignore[arg-type]
    assert (await sender.post(f"https://hooks.example.com:{port}/", {}, b"{}")).status == 204
    assert "certificate" in await refusal(sender, f"https://other.example.com:{port}/")


def _certificate(name: str) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


async def test_names_are_looked_up_by_the_system() -> None:
    assert ipaddress.ip_address((await egress.resolve("localhost", 80))[0]).is_loopback
