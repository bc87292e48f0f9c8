"""What is on record after the server was killed."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from pydantic import SecretStr

from airbyte_agent_hubspot._http import MaybeSentError, NotSentError, PyqwestTransport
from airbyte_agent_hubspot._wire import HttpRequest
from airbyte_agent_server.admin import Administration
from airbyte_agent_server.audit.journal import Journal
from airbyte_agent_server.audit.log import AuditLog
from airbyte_agent_server.audit.store import CallFilter, CallStore
from airbyte_agent_server.db.engine import open_database
from airbyte_agent_server.ports import RandomIds, SystemClock
from airbyte_agent_server.settings import Settings

CALLS = 150
CALLERS = 20


async def test_every_call_that_was_answered_is_on_record_after_kill_9(database_url: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    settings = Settings(data_dir=data, database_url=database_url)
    pair = await Administration(settings, SystemClock(), RandomIds()).create_organization("Acme", redirect_origins=[])
    environment = {**os.environ, "AGENT_SERVER_DATA_DIR": str(data), "AGENT_SERVER_DATABASE_URL": database_url}
    with subprocess.Popen(  # noqa: ASYNC220  # it takes a moment, and nothing else runs here
        [sys.executable, "-m", "airbyte_agent_server", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as server:
        assert server.stdout is not None
        line = await asyncio.to_thread(server.stdout.readline)
        transport = PyqwestTransport()
        found = re.search(r"http://\S+", line)
        assert found is not None
        url = found[0]

        async def post(path: str, body: object, token: str = "") -> tuple[dict[str, str], dict[str, str]]:
            headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
            answer = await transport.send(HttpRequest("POST", url + path, headers, json.dumps(body).encode()))
            assert answer.status == 200, answer.body
            return json.loads(answer.body), dict(answer.headers)

        login = {"client_id": pair.client_id, "client_secret": SecretStr.get_secret_value(pair.client_secret)}
        token = (await post("/api/v1/account/applications/token", login))[0]["access_token"]
        connector = {
            "workspace_name": "user-123",
            "connector_type": "HubSpot",
            "credentials": {"private_app_token": "pat-na1-made-up"},
        }
        path = "/api/v1/integrations/connectors"
        connector_id = (await post(f"{path}?validate=false", connector, token))[0]["id"]
        described = {"entity": "*", "action": "describe"}
        await post(f"{path}/{connector_id}/execute", described, token)  # the first one takes a moment
        answered: list[str] = []
        enough = asyncio.Event()

        async def call_until_it_dies() -> None:
            with suppress(NotSentError, MaybeSentError):
                while True:
                    _, headers = await post(f"{path}/{connector_id}/execute", described | {"select_fields": []}, token)
                    answered.append(headers["x-request-id"])
                    if len(answered) == CALLS:
                        enough.set()

        calls = asyncio.gather(*(call_until_it_dies() for _ in range(CALLERS)))
        await enough.wait()
        server.send_signal(signal.SIGKILL)
        await calls
        await transport.close()
    assert list((data / "audit").glob("*.journal")) != []  # not all had reached the database
    database = open_database(database_url)
    store = CallStore(database)
    journal = Journal(data / "audit", ids=RandomIds(), durable=False)
    log = AuditLog(store, journal, clock=SystemClock(), durable=False, retention_days=90)
    await log.start()
    await log.stop()
    rows = await store.list(pair.organization_id, CallFilter(), limit=10 * CALLS)
    await database.close()
    assert {row.request_id for row in rows} >= set(answered)
    assert len(rows) <= 1 + len(answered) + CALLERS  # the first, and what was under way
