"""The examples run as they are, with nothing but the variables that `make up` offers."""

import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import IO, Final, cast

import pytest
from fastmcp import Client
from fastmcp.client.transports import PythonStdioTransport

from docs.made_up import MadeUp
from docs.pages import ROOT, Shell

EXAMPLES: Final = {path.stem for path in (ROOT / "examples").glob("*.py")}
INTERACTIVE: Final = {"oauth_flow", "fastmcp_server"}


@pytest.mark.parametrize("name", sorted(EXAMPLES - INTERACTIVE))
def test_an_example_prints_records_of_the_portal(name: str, shell: Shell) -> None:
    printed = shell.run(f"{sys.executable} -W error examples/{name}.py")
    assert ".example" in printed, printed


def test_the_oauth_example_waits_for_the_browser_and_uses_the_new_connector(up: MadeUp) -> None:
    command = [sys.executable, str(ROOT / "examples/oauth_flow.py")]
    variables = {**up.variables(), "EXTERNAL_USER_ID": "user-of-the-example"}
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True) as example:  # noqa: S603
        output = cast("IO[str]", example.stdout)
        consent_url = output.readline().split()[-1]
        with urllib.request.urlopen(f"{consent_url}&auto_approve=true") as page:  # noqa: S310 - our own address
            assert page.read() == b"Done: you may close this window."
        contacts = output.read().splitlines()
    assert (example.returncode, len(contacts)) == (0, 3)


async def test_the_mcp_example_serves_its_tool_over_standard_input(up: MadeUp, tmp_path: Path) -> None:
    log = tmp_path / "log"
    transport = PythonStdioTransport(ROOT / "examples/fastmcp_server.py", env=up.variables(), log_file=log)
    async with Client(transport) as client:
        assert [tool.name for tool in await client.list_tools()] == ["hubspot_execute"]
        arguments = {"entity": "contacts", "action": "list", "params": {"limit": 2}}
        answer = await client.call_tool("hubspot_execute", arguments)
        assert [record["id"] for record in answer.data["data"]]
        wrong = {"entity": "contacts", "action": "list", "params": {"limt": 2}}
        refused = await client.call_tool("hubspot_execute", wrong, raise_on_error=False)
    assert refused.is_error
