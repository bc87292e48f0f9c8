"""The script of the page on the HTTP interface, run by bash, curl and jq against real processes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from airbyte_agent_hubspot import HubspotConnector
from airbyte_agent_hubspot.errors import ConnectorAmbiguityError, ConnectorNotFoundError
from airbyte_agent_hubspot.models import Page
from docs.pages import ROOT, find_block
from services import LOOPBACK, Service, call, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PAGE = "docs/reference/http-api.md"
RECORDING = """
curl() {
  local number=$(ls "$KEPT" | grep -c headers)
  command curl --noproxy '*' --dump-header "$KEPT/$(printf %03d "$number").headers" "$@" \
    | tee "$KEPT/$(printf %03d "$number").body"
}
"""
"""Keeps what each curl of the script gets, and changes nothing else."""


@dataclass(frozen=True)
class Got:
    """What one curl got. `json` is None for bodies that are not one JSON object."""

    statuses: list[int]
    headers: str
    body: str

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def told(self) -> tuple[int, str | None]:
        """Status and code."""
        return self.statuses[-1], (self.json or {}).get("code")


def read(kept: Path) -> list[Got]:
    found = []
    for path in sorted(kept.glob("*.headers")):
        headers = path.read_text()
        statuses = [int(status) for status in re.findall(r"^HTTP/\S+ (\d+)", headers, flags=re.MULTILINE)]
        body = path.with_suffix(".body").read_text()
        found.append(Got(statuses, headers, body[body.index("{") :] if body.startswith("HTTP/") else body))
    return found


def run(script: str, variables: Mapping[str, str]) -> None:
    done = subprocess.run(  # noqa: S603 - that is the test
        ["bash", "-uo", "pipefail", "-c", script],  # noqa: S607 - found as a reader's would be
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def tools() -> None:
    missing = [tool for tool in ("bash", "curl", "jq") if shutil.which(tool) is None]
    if missing:
        pytest.fail(f"The script of {PAGE} needs {' and '.join(missing)}: install them (.ci/run does).")


@pytest.fixture
def server(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, str]]:
    """The variables of the script: a server and a sandbox that listen."""
    for name in os.environ:
        if name.startswith(("AIRBYTE_", "AGENT_SERVER_", "HUBSPOT_", "SDK_DEV_")):
            monkeypatch.delenv(name)
    ports = free_port(0), free_port(0)
    sandbox_url, host = (f"http://{LOOPBACK}:{port}" for port in ports)
    flags = ["--auto-approve", "--portal", "small", "--port", str(ports[0])]
    sandbox = Service("sandbox", "hubspot_sandbox", flags, tmp_path)
    sandbox.start(f"{sandbox_url}/_sandbox/credentials")
    known = {name: str(value) for name, value in call("GET", f"{sandbox_url}/_sandbox/credentials").items()}
    environment = {
        "AGENT_SERVER_PORT": str(ports[1]),
        "AGENT_SERVER_DATA_DIR": str(tmp_path / "data"),
        "AGENT_SERVER_DATABASE_URL": database_url,
        "AGENT_SERVER_HUBSPOT_API_BASE_URL": sandbox_url,
        "AGENT_SERVER_HUBSPOT_AUTHORIZE_URL": f"{sandbox_url}/oauth/authorize",
        "AGENT_SERVER_HUBSPOT_CLIENT_ID": known["client_id"],
        "AGENT_SERVER_HUBSPOT_CLIENT_SECRET": known["client_secret"],
    }
    made = subprocess.run(
        [sys.executable, "-m", "airbyte_agent_server", "create-organization", "--name", "Acme", "--json"],
        env={**os.environ, **environment},
        capture_output=True,
        check=True,
    )
    pair = json.loads(made.stdout)
    running = Service("server", "airbyte_agent_server", ["serve"], tmp_path, environment)
    try:
        running.start(f"{host}/readyz")
        yield {
            "HOST": host,
            "CLIENT_ID": pair["client_id"],
            "CLIENT_SECRET": pair["client_secret"],
            "REFRESH": known["refresh_token"],
        }
    finally:
        running.stop()
        sandbox.stop()


@pytest.mark.usefixtures("tools")
async def test_the_script_of_the_page_does_what_it_says(
    server: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    script = find_block(PAGE, "The whole of it, from a shell", "bash").text
    run(RECORDING + script, {**server, "KEPT": str(kept)})
    got = iter(read(kept))
    check_tokens(got)
    connector_id = check_connectors(got)
    check_calls(got, connector_id)
    check_consents(got)
    check_the_end(got, connector_id)
    assert next(got, None) is None
    await check_the_sdk(server, monkeypatch)


def check_tokens(got: Iterator[Got]) -> None:
    application = next(got).json  # 1
    assert sorted(application) == ["access_token", "expires_in", "organization_id", "token_type"]
    assert (application["token_type"], application["expires_in"]) == ("bearer", 900)
    refused = next(got)  # 1b
    assert refused.told == (401, "invalid_client")
    assert refused.json["error"] == "invalid_client"
    assert {"token", "workspace_id"} <= set(next(got).json)  # 2
    info = next(got).json  # 2b
    assert (info["organization_id"], info["workspace_name"]) == (application["organization_id"], "user-123")


def check_connectors(got: Iterator[Got]) -> str:
    created = next(got).json  # 3
    assert {"id", "name", "source_template", "replication_config"} <= set(created)
    assert next(got).told == (403, "workspace_mismatch")  # 3b
    unknown = next(got)  # 3c
    assert unknown.told == (404, "connector_type_unknown")
    assert unknown.json["errors"][0]["details"] == {"known": ["HubSpot"]}
    invalid = next(got)  # 3d
    assert invalid.told == (422, "invalid_credentials")
    assert invalid.json["errors"][0]["error_code"] == "refresh_token_invalid"
    connector_id: str = created["id"]
    return connector_id


def check_calls(got: Iterator[Got], connector_id: str) -> None:
    for _ in range(2):  # 4, 4b
        answer = next(got).json
        assert list(answer) == ["status", "result", "connector_metadata", "execution_metadata"]
        assert (answer["status"], len(answer["result"])) == ("success", 10)
    refused = next(got)  # 4b
    assert refused.told == (401, "missing_token")
    assert "www-authenticate: Bearer" in refused.headers
    assert [item["id"] for item in next(got).json["connectors"]] == [connector_id]  # 5


def check_consents(got: Iterator[Got]) -> None:
    assert "consent_url" in next(got).json  # 6
    assert next(got).told == (422, "redirect_origin_not_allowed")  # 6b
    assert next(got).statuses == [302]  # 7
    back = next(got)
    assert back.statuses == [302]
    assert "location: http://127.0.0.1:8123/oauth/callback?user=7&secret_id=" in back.headers
    assert next(got).statuses == [400]  # 7b
    assert "id" in next(got).json  # 8
    used = next(got)
    assert (used.statuses, used.json["message"]) == ([422], "Invalid secret_id")
    assert "consent_url" in next(got).json  # 9
    assert next(got).statuses == [302]
    assert "connector_id=" in next(got).headers


def check_the_end(got: Iterator[Got], connector_id: str) -> None:
    calls = next(got).json  # 10
    assert [(item["entity"], item["action"], item["status"]) for item in calls["data"]] == [
        ("contacts", "list", "success")
    ] * 2
    assert {item["actor"]["token_kind"] for item in calls["data"]} == {"application", "scoped"}
    assert calls["next_cursor"] is None
    deleted = next(got).json  # 11
    assert sorted(deleted) == ["deleted_at", "id", "job_id", "upstream_revocation"]
    assert (deleted["id"], deleted["upstream_revocation"]) == (connector_id, "skipped")
    assert next(got).told == (404, "connector_not_found")
    well = next(got)  # 12
    assert well.statuses == [200, 200, 200]
    assert '"keys":[{' in well.body


async def check_the_sdk(server: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The constructor of the page that people come from, in workspaces with one connector, none and two."""
    monkeypatch.setenv("AIRBYTE_API_URL", server["HOST"])
    async with hosted(server, "user-123") as connector:
        page = await connector.execute("contacts", "list", {})
        assert isinstance(page, Page)
        assert len(page.data) == 10
    async with hosted(server, "nobody") as connector:
        with pytest.raises(ConnectorNotFoundError):
            await connector.execute("contacts", "list", {})
    host, secret = server["HOST"], server["REFRESH"]
    pair = {"client_id": server["CLIENT_ID"], "client_secret": server["CLIENT_SECRET"]}
    token = str(call("POST", f"{host}/v1/applications/token", body=pair)["access_token"])
    body = {"workspace_name": "user-123", "connector_type": "hubspot", "credentials": {"refresh_token": secret}}
    call("POST", f"{host}/v1/integrations/connectors", body=body, token=token)
    async with hosted(server, "user-123") as connector:
        with pytest.raises(ConnectorAmbiguityError):
            await connector.execute("contacts", "list", {})


def hosted(server: Mapping[str, str], user: str) -> HubspotConnector:
    return HubspotConnector(
        external_user_id=user,
        airbyte_client_id=server["CLIENT_ID"],
        airbyte_client_secret=server["CLIENT_SECRET"],
    )
