"""HTTP/1.1 against HTTP/2, both over TLS to one server: `python -m benchmarks.http_versions [--quick]`.

The client is that of the connector (pyqwest), the server granian in a process of its own. What decides is in README.md.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import resource
import socket
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pyqwest import Client, HTTPTransport, HTTPVersion

from .contenders import HEADERS, verify_count
from .figures import Measure
from .processes import ROOT, build_environment
from .report import render_table
from .tls_server import BODIES, SPOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

HTTP1: Final = "1.1"
HTTP2: Final = "2"
_VERSIONS: Final = {HTTP1: HTTPVersion.HTTP1, HTTP2: HTTPVersion.HTTP2}
_CONCURRENT: Final = (1, 16)
_START_LIMIT_S: Final = 20.0
_LOOPBACK: Final = "127.0.0.1"


def _write_certificate(folder: Path) -> bytes:
    """Writes a key and a certificate for 127.0.0.1 that vouches for itself; gives the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "benchmarks")])
    now_at = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now_at - timedelta(minutes=5))
        .not_valid_after(now_at + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(_LOOPBACK))]), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    (folder / "certificate.pem").write_bytes(certificate)
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate


@contextmanager
def _serving() -> Iterator[tuple[str, bytes]]:
    """The server's address and certificate."""
    with tempfile.TemporaryDirectory() as name:
        certificate = _write_certificate(Path(name))
        with closing(socket.create_server((_LOOPBACK, 0))) as free:
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "granian", "--interface", "rsgi", "--no-log", "--port", str(port)]
        command += ["--ssl-certificate", f"{name}/certificate.pem", "--ssl-keyfile", f"{name}/key.pem"]
        with subprocess.Popen([*command, "benchmarks.tls_server:app"], cwd=ROOT, env=build_environment()) as server:
            try:
                _await_start(port)
                yield f"https://{_LOOPBACK}:{port}", certificate
            finally:
                server.terminate()


def _await_start(port: int) -> None:
    until_s = perf_counter() + _START_LIMIT_S
    while True:
        try:
            socket.create_connection((_LOOPBACK, port), timeout=1).close()
        except OSError:
            if perf_counter() > until_s:
                raise
            sleep(0.05)
        else:
            return


async def _fetch(client: Client, url: str, version: str) -> None:
    answer = await client.get(url, HEADERS)
    if answer.headers[SPOKEN] != version:
        raise AssertionError(f"HTTP/{answer.headers[SPOKEN]} instead of HTTP/{version}")
    verify_count(len(answer.content), expected=len(BODIES[f"/{url.rpartition('/')[2]}"]))


async def _sample(client: Client, url: str, version: str, concurrent: int, seconds: float) -> tuple[float, float]:
    """Calls per second, and milliseconds of CPU time of this process for each."""
    calls = 0
    until_s = perf_counter() + seconds

    async def fetch_until() -> None:
        nonlocal calls
        while perf_counter() < until_s:
            await _fetch(client, url, version)
            calls += 1

    began_at, cpu_s = perf_counter(), _cpu_s()
    await asyncio.gather(*(fetch_until() for _ in range(concurrent)))
    return calls / (perf_counter() - began_at), (_cpu_s() - cpu_s) * 1000 / calls


def _title(version: str) -> str:
    return f"HTTP/{version}"


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def measure(base_url: str, certificate: bytes, *, rounds: int, seconds: float) -> list[Measure]:
    """Speed and CPU time of both versions, in turns."""
    measures: list[Measure] = []
    clients = {
        name: Client(HTTPTransport(tls_ca_cert=certificate, http_version=version, enable_otel=False))
        for name, version in _VERSIONS.items()
    }
    for path, body in BODIES.items():
        for concurrent in _CONCURRENT:
            what = f"{path[1:]} of {len(body):,} bytes, {concurrent} concurrent"
            speed, cpu = Measure(f"calls: {what}", "1/s", _title(HTTP1)), Measure(f"CPU: {what}", "ms", _title(HTTP1))
            for name, client in clients.items():  # connections are open before anything is measured
                await asyncio.gather(*(_fetch(client, base_url + path, name) for _ in range(concurrent)))
            for _ in range(rounds):
                for name, client in clients.items():
                    per_second, cpu_ms = await _sample(client, base_url + path, name, concurrent, seconds)
                    speed.add(_title(name), per_second)
                    cpu.add(_title(name), cpu_ms)
            measures += [speed, cpu]
    return measures


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.http_versions", description="HTTP/1.1 against HTTP/2.")
    parser.add_argument("--quick", action="store_true", help="a few seconds: shows that it runs, figures are rough")
    quick = parser.parse_args().quick
    with _serving() as (base_url, certificate):
        measures = asyncio.run(measure(base_url, certificate, rounds=2 if quick else 10, seconds=0.1 if quick else 0.5))
    for line in render_table(measures, []):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
