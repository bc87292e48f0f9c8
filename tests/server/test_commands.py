import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from airbyte_agent_hubspot._http import PyqwestTransport
from airbyte_agent_hubspot._wire import HttpRequest
from airbyte_agent_server.__main__ import main
from airbyte_agent_server.app import build_server
from airbyte_agent_server.settings import Settings
from server.world import Client


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory that the commands use."""
    monkeypatch.setenv("AGENT_SERVER_DATA_DIR", str(tmp_path))
    return tmp_path


async def test_a_new_organization_can_log_in(environment: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import anyio.to_thread  # noqa: PLC0415

    arguments = ["create-organization", "--name", "Acme", "--redirect-origin", "https://yourapp.com", "--json"]
    assert await anyio.to_thread.run_sync(main, arguments) == 0
    printed = json.loads(capsys.readouterr().out)
    assert set(printed) == {"organization_id", "client_id", "client_secret"}
    server = build_server(Settings(data_dir=environment))
    await server.start()
    answer = await Client(server.app).post("/v1/applications/token", printed)
    assert (answer.status, answer.json["organization_id"]) == (200, printed["organization_id"])
    organization = await server.core.accounts.find_organization(printed["organization_id"])
    assert organization is not None
    assert (organization.name, organization.redirect_origins) == ("Acme", ("https://yourapp.com",))
    await server.stop()


@pytest.mark.usefixtures("environment")
def test_people_read_the_pair_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["create-organization", "--name", "Acme"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "organization_id",
        "client_id",
        "client_secret",
        "The secret is not shown again.",
    ]


@pytest.mark.usefixtures("environment")
def test_what_is_wrong_is_said_in_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["create-organization", "--name", "Acme", "--redirect-origin", "yourapp.com"]) == 2
    assert capsys.readouterr().err == "'yourapp.com' is not an origin: write it like https://yourapp.com.\n"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 2
    assert capsys.readouterr().err == (
        f"127.0.0.1:{port} cannot be used (Address already in use): choose another --port.\n"
    )
    monkeypatch.setenv("AGENT_SERVER_HSOT", "x")
    assert main(["serve"]) == 2
    assert "The nearest one is AGENT_SERVER_HOST." in capsys.readouterr().err


async def test_the_served_process_answers_and_stops_when_told(environment: Path) -> None:
    command = [sys.executable, "-m", "airbyte_agent_server", "serve", "--port", "0"]
    process = subprocess.Popen(  # noqa: ASYNC220, S603
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=dict(os.environ)
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(r"Serving on (http://127\.0\.0\.1:\d+)\n", line)
        assert found is not None, line
        transport = PyqwestTransport()
        answer = await transport.send(HttpRequest("GET", f"{found[1]}/readyz"))
        assert answer.status == 200
        missing = await transport.send(HttpRequest("GET", f"{found[1]}/problems/nope?secret=1"))
        assert json.loads(missing.body)["type"] == f"{found[1]}/problems/route_not_found"
        await transport.close()
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=20)
    assert "secret" not in rest
    assert process.returncode == 0
    assert (environment / "master.key").stat().st_mode & 0o777 == 0o600
