"""The page for MCP clients: what it says to configure starts what it says is there."""

import json
import os
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from docs.made_up import MadeUp
from docs.pages import ROOT, read_blocks
from services import call

PAGE: Final = "docs/how-to/mcp.md"
TOOLS: Final = ["hubspot_inspect", "hubspot_docs", "hubspot_execute"]


@dataclass(frozen=True)
class Start:
    """How a client starts a server."""

    command: str
    arguments: list[str]
    variables: list[str]


def configured() -> dict[str, Start]:
    """Heading -> what the configuration under it starts."""
    starts: dict[str, Start] = {}
    for block in read_blocks(PAGE):
        if block.language == "json":
            said = json.loads(block.text)
            server = (said.get("mcpServers") or said["servers"])["hubspot"]
            starts[block.heading] = Start(server["command"], server["args"], list(server["env"]))
        elif block.language == "bash":
            words = shlex.split(block.text)
            split = words.index("--")
            name, _, _ = words[words.index("--env") + 1].partition("=")
            starts[block.heading] = Start(words[split + 1], words[split + 2 :], [name])
    return starts


STARTS: Final = configured()


def rows(heading: str) -> list[str]:
    """The first cells of the table whose head begins so."""
    lines = (ROOT / PAGE).read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    table = lines[start + 2 : lines.index("", start)]
    return [re.findall(r"`([^`]+)`", line)[0] for line in table]


def test_the_page_has_a_configuration_for_each_client() -> None:
    assert list(STARTS) == ["Claude Desktop", "Claude Code", "Cursor", "VS Code"]


@pytest.mark.parametrize("client", STARTS)
async def test_a_configuration_starts_the_tools_of_one_account(client: str, up: MadeUp, tmp_path: Path) -> None:
    start = STARTS[client]
    known = call("GET", f"{up.values['sandbox_url']}/_sandbox/credentials")
    secrets = {"HUBSPOT_PRIVATE_APP_TOKEN": str(known["private_app_token"])}
    address = {"HUBSPOT_API_URL": up.values["sandbox_url"], "HOME": str(tmp_path)}
    assert Path(start.command).name == "hubspot-agent"
    parameters = StdioServerParameters(
        command=str(Path(sys.executable).with_name("hubspot-agent")),
        args=start.arguments,
        env={**os.environ, **address, **{name: secrets[name] for name in start.variables}},
    )
    with (tmp_path / "log").open("w") as log:
        async with Client(stdio_client(parameters, errlog=log)) as connected:
            tools = (await connected.list_tools()).tools
            found: Any = await connected.call_tool("hubspot_execute", {"entity": "deals", "action": "find"})
            resources = {str(resource.uri) for resource in (await connected.list_resources()).resources}
            templates = {item.uri_template for item in (await connected.list_resource_templates()).resource_templates}
    assert [tool.name for tool in tools] == TOOLS == rows("Tool")
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)
    assert not found.is_error
    assert set(rows("Resource")) - resources == templates


def test_the_options_of_the_page_are_options_of_the_program() -> None:
    reference = (ROOT / "docs/reference/cli.md").read_text(encoding="utf-8")
    for option in rows("Option"):
        assert f"`{option.split()[0]}" in reference
