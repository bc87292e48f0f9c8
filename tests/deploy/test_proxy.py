"""What the proxy itself refuses has the shape of the servers' errors."""

import json
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPSConnection

import pytest

from airbyte_agent_server.problems import PROBLEM_TYPES
from deploy_lint import DEPLOY, proxy_here

PATH = "/usr/sbin:/usr/local/sbin:/usr/bin"


@dataclass(frozen=True)
class Proxy:
    """nginx with what is deployed, and no server behind it."""

    port: int

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], dict[str, object]]:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = HTTPSConnection("127.0.0.1", self.port, context=context, timeout=10)
        try:
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            got = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, got, json.loads(answer.read())
        finally:
            connection.close()


def free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    program = shutil.which("nginx", path=PATH)
    assert program is not None, "nginx is not installed"
    port, closed = free_ports()
    with proxy_here(DEPLOY) as conf:
        conf.parent.chmod(0o755)  # its workers are another user where root starts it
        text = (
            conf.read_text().replace("listen 8443 ssl", f"listen 127.0.0.1:{port} ssl").replace(":8000", f":{closed}")
        )
        conf.write_text(text)
        command = [program, "-e", "stderr", "-p", str(conf.parent), "-c", str(conf), "-g", "daemon off;"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:  # noqa: S603
            try:
                await_port(port)
                yield Proxy(port)
            finally:
                running.terminate()
                running.wait(10)


def await_port(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("nginx does not listen")


def check(code: str, status: int, headers: dict[str, str], problem: dict[str, object]) -> None:
    kind = PROBLEM_TYPES[code]
    assert (status, problem["status"], problem["code"]) == (kind.status, kind.status, code)
    assert (problem["title"], problem["retryable"]) == (kind.title, kind.retryable)
    assert headers["content-type"] == "application/problem+json"
    assert headers["x-request-id"] == problem["request_id"] == problem["instance"]
    assert problem["message"] == problem["detail"]
    assert problem["errors"] == [
        {"field": "", "message": problem["message"], "error_code": code, "details": {}},
    ]
    assert headers.get("retry-after") == (str(problem["retry_after_s"]) if kind.retryable else None)
    assert "strict-transport-security" in headers


def test_refusals_of_the_proxy_are_problems(proxy: Proxy) -> None:
    check("unavailable", *proxy.ask("GET", "/healthz"))
    check("payload_too_large", *proxy.ask("POST", "/api/v1/connectors", {"content-length": str(2 * 1024 * 1024)}))
    logins = [proxy.ask("POST", "/api/v1/account/applications/token") for _ in range(40)]
    refused = [answer for answer in logins if answer[0] == 429]
    assert refused
    check("rate_limited", *refused[0])
