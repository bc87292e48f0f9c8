"""`hubspot-agent mcp`: a process of its own, started by the official MCP client as programs for people do."""

from __future__ import annotations

import asyncio
import builtins
import json
import os
import signal
import subprocess
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from typer.testing import CliRunner

from airbyte_agent_hubspot.cli._commands import app
from airbyte_agent_hubspot.models.auth import TokenGrant
from airbyte_agent_hubspot.token_store import EncryptedTokenFile, keep_grant

if TYPE_CHECKING:
    from pathlib import Path

    from token_life.conftest import Sandbox


@pytest.fixture
def rotates() -> bool:
    return False


@pytest.fixture
def logged_in(sandbox: Sandbox, tmp_path: Path) -> dict[str, str]:
    """Variables of somebody who has logged in."""
    path = tmp_path / "token"
    grant = TokenGrant("", sandbox.refresh_token, 0.0, None, ())
    asyncio.run(keep_grant(EncryptedTokenFile(path), grant, client_id=sandbox.app.client_id))
    return {**sandbox.variables(), "HOME": str(tmp_path), "HUBSPOT_TOKEN_FILE": str(path)}


@pytest.mark.requirement("mcp-stdio")
async def test_a_program_starts_it_lists_its_tools_and_calls_them(
    logged_in: dict[str, str], sandbox: Sandbox, tmp_path: Path
) -> None:
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "airbyte_agent_hubspot.cli", "mcp", "--read-only", "--max-tokens", "500", "--redact", "email=mask"],
        env={**os.environ, **logged_in},
    )
    log = tmp_path / "log"
    async with AsyncExitStack() as stack:
        errors = stack.enter_context(log.open("w"))
        client = await stack.enter_async_context(Client(stdio_client(command, errlog=errors)))
        tools = [tool.name for tool in (await client.list_tools()).tools]
        found: Any = await client.call_tool("hubspot_execute", {"entity": "contacts", "action": "find"})
        refused: Any = await client.call_tool(
            "hubspot_execute", {"entity": "contacts", "action": "create", "params": {"properties": {"email": "a@b.cd"}}}
        )
        [portal] = (await client.read_resource("hubspot://portal")).contents
    assert tools == ["hubspot_inspect", "hubspot_docs", "hubspot_execute"]
    assert found.structured_content["receipt"]["records"] > 0
    assert found.structured_content["receipt"]["tokens"] <= 500
    assert "[redacted]" in str(found.structured_content["crm_data"])
    assert "@" not in str(found)
    assert refused.is_error
    assert str(sandbox.portal.hub_id) in str(portal)
    said = log.read_text()
    assert sandbox.refresh_token not in said
    assert "Traceback" not in said


def test_an_interrupt_ends_it_though_it_waits_for_input(logged_in: dict[str, str]) -> None:
    initialize = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "a client", "version": "1"},
    }
    request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize}
    with subprocess.Popen(
        [sys.executable, "-m", "airbyte_agent_hubspot.cli", "mcp"],
        env={**os.environ, **logged_in},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stderr is not None
        print(json.dumps(request), file=program.stdin, flush=True)
        assert json.loads(program.stdout.readline())["result"]["serverInfo"]["name"] == "hubspot"
        program.send_signal(signal.SIGINT)
        assert program.wait(20) == -signal.SIGINT
        assert program.stderr.read() == ""


def test_an_entity_that_does_not_exist_is_said_before_anything_is_served(logged_in: dict[str, str]) -> None:
    ended = CliRunner().invoke(app, ["mcp", "--entity", "dealz"], env=logged_in)
    assert ended.exit_code == 2
    assert "dealz" in ended.stderr


def test_a_rule_of_redaction_without_a_way_to_redact_is_said(logged_in: dict[str, str]) -> None:
    ended = CliRunner().invoke(app, ["mcp", "--redact", "email"], env=logged_in)
    assert ended.exit_code == 2
    assert "mask, hash, drop" in ended.stderr


@pytest.mark.parametrize(("missing", "told"), [("mcp", True), ("mcp_types", True), ("json", False)])
def test_without_the_extra_it_says_what_to_install(
    logged_in: dict[str, str], monkeypatch: pytest.MonkeyPatch, missing: str, *, told: bool
) -> None:
    imported = builtins.__import__

    def fail(name: str, *arguments: Any, **options: Any) -> object:
        if arguments and name == "mcp" and arguments[-1]:  # `from ..mcp import`
            raise ImportError(name=missing)
        return imported(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", fail)
    ended = CliRunner().invoke(app, ["mcp"], env=logged_in)
    monkeypatch.undo()
    assert ended.exit_code == (2 if told else 1)
    assert ("pip install 'airbyte-agent-hubspot[cli,mcp]'" in ended.stderr) is told
