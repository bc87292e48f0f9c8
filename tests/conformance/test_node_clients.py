"""HubSpot's Node client and its MCP server, as published on npm, against the sandbox on a port."""

import fcntl
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conformance.served import Served

NODE = Path(__file__).parent / "node"
# What `npm ci` makes last; without it an interrupted installation would count as one.
INSTALLED = NODE / "node_modules" / ".package-lock.json"
INSTALL_TIMEOUT_S = 300
RUN_TIMEOUT_S = 120


def find_program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is not installed: the conformance suite runs HubSpot's Node clients, Node.js 18 or newer")
    return found


def run(program: str, *arguments: str, timeout_s: int = RUN_TIMEOUT_S) -> str:
    """What a program prints; a failure shows what it said."""
    outcome = subprocess.run(  # noqa: S603 - our own scripts
        [find_program(program), *arguments], cwd=NODE, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    assert outcome.returncode == 0, f"{program} {' '.join(arguments)}\n{outcome.stdout}\n{outcome.stderr}"
    return outcome.stdout


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    """The two packages and what they need, in the versions of package-lock.json."""
    find_program("node")
    lock = NODE / "package-lock.json"
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # several test processes may come here at once
        if not INSTALLED.exists() or INSTALLED.stat().st_mtime < lock.stat().st_mtime:
            run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", timeout_s=INSTALL_TIMEOUT_S)


def test_hubspots_node_client_works_unchanged(served: Served) -> None:
    app, grant = served.portal.tokens.apps()[0], served.portal.tokens.grants()[0]

    printed = run("node", "client.js", served.url, served.token, app.client_id, app.client_secret, grant.refresh_token)

    assert json.loads(printed) == ["records", "batches", "associations", "definitions", "people", "tokens"]
    assert served.kinds_of_calls() >= 35


def test_every_tool_of_hubspots_mcp_server_works_unchanged(served: Served) -> None:
    outcome: Any = json.loads(run("node", "mcp.js", served.url, served.token))

    failed = {name: answer["text"] for name, answer in outcome["answers"].items() if answer["failed"]}
    assert failed == {}
    assert len(outcome["tools"]) == 21
    assert sorted(outcome["answers"]) == sorted(outcome["tools"])
