"""What a server does when it is told to end."""

import asyncio
import json
import os
import re
import signal
import sys
from pathlib import Path

from airbyte_agent_hubspot._http import NotSentError, PyqwestTransport, TransportError
from airbyte_agent_hubspot._wire import HttpRequest, HttpResponse
from airbyte_agent_server.admin import Administration
from airbyte_agent_server.audit.store import CallFilter, CallStore
from airbyte_agent_server.db.engine import open_database
from airbyte_agent_server.ports import RandomIds, SystemClock
from airbyte_agent_server.settings import Settings
from unit.loopback import Connection, LoopbackServer

API = "/api/v1"
RECORD = b'{"id":"1","properties":{},"createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z"}'


async def test_sigterm_lets_running_calls_finish_and_puts_them_on_record(tmp_path: Path) -> None:
    asked, finish = asyncio.Event(), asyncio.Event()

    async def hubspot(connection: Connection) -> None:
        await connection.read_request()
        asked.set()
        await finish.wait()
        await connection.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(RECORD), RECORD))

    settings = Settings(data_dir=tmp_path)
    pair = await Administration(settings, SystemClock(), RandomIds()).create_organization("Acme", redirect_origins=[])
    transport = PyqwestTransport()
    async with LoopbackServer(hubspot) as upstream:
        environment = {
            **os.environ,
            "AGENT_SERVER_DATA_DIR": str(tmp_path),
            "AGENT_SERVER_DRAIN_DELAY_S": "1",
            "AGENT_SERVER_HUBSPOT_API_BASE_URL": upstream.url,
        }
        server = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "airbyte_agent_server", "serve", "--port", "0"),
            stdout=asyncio.subprocess.PIPE,
            env=environment,
        )
        assert server.stdout is not None
        found = re.search(r"http://\S+", (await server.stdout.readline()).decode())
        assert found is not None
        url = found[0]

        async def send(method: str, path: str, body: object = None, token: str = "") -> HttpResponse:
            headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
            sent = None if body is None else json.dumps(body).encode()
            return await transport.send(HttpRequest(method, url + path, headers, sent))

        login = {"client_id": pair.client_id, "client_secret": pair.client_secret.get_secret_value()}
        token = json.loads((await send("POST", f"{API}/account/applications/token", login)).body)["access_token"]
        body = {"workspace_name": "a", "connector_type": "HubSpot", "credentials": {"private_app_token": "pat-made-up"}}
        path = f"{API}/integrations/connectors"
        connector_id = json.loads((await send("POST", f"{path}?validate=false", body, token)).body)["id"]
        call = {"entity": "contacts", "action": "get", "params": {"contactId": "1"}}
        running = asyncio.create_task(send("POST", f"{path}/{connector_id}/execute", call, token))
        await asked.wait()
        server.send_signal(signal.SIGTERM)
        while (ready := await send("GET", "/readyz")).status == 200:
            pass
        assert (ready.status, json.loads(ready.body)["status"]) == (503, "draining")
        refused = False
        while not refused:
            try:
                await transport.close()
                transport = PyqwestTransport()
                await send("GET", "/healthz")
            except TransportError as error:  # it came while the door was being closed: only the next one is refused
                refused = isinstance(error, NotSentError)
        assert not running.done()
        finish.set()
        assert (await running).status == 200
        await transport.close()
        await server.wait()
    database = open_database(settings.effective_database_url)
    rows = await CallStore(database).list(pair.organization_id, CallFilter(), limit=10)
    await database.close()
    assert [(row.entity, row.status) for row in rows] == [("contacts", "success")]
    assert list((tmp_path / "audit").iterdir()) == []
