"""README and guides: the code on them runs from top to bottom, in the state that `make up` leaves one in."""

import ast
import asyncio
import inspect
import json
import sys
from pathlib import Path

import pytest

from airbyte_agent_hubspot import HubspotConnector
from airbyte_agent_server.settings import read_settings
from docs.made_up import MadeUp
from docs.pages import ROOT, Block, Shell, read_blocks
from services import call

PAGES = [
    "README.md",
    "docs/quickstart.md",
    "docs/how-to/open-source.md",
    "docs/how-to/hosted.md",
    "docs/how-to/widget.md",
    "docs/how-to/connectors.md",
    "docs/how-to/questions.md",
    "docs/how-to/read-many.md",
    "docs/how-to/write.md",
    "docs/how-to/frameworks.md",
    "docs/how-to/shaping.md",
    "docs/how-to/untrusted-text.md",
    "docs/how-to/mcp.md",
    "docs/how-to/keep-tokens.md",
    "docs/how-to/log-in.md",
    "docs/how-to/webhooks.md",
]


def _run_python(block: Block, page: str, namespace: dict[str, object], runner: asyncio.Runner) -> None:
    """Runs a block as `python -m asyncio` does: `await` is allowed at its top."""
    code = compile(block.text, f"{page}, {block.heading}", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result: object = eval(code, namespace)  # noqa: S307 - that is the test
    if inspect.iscoroutine(result):
        runner.run(result)


@pytest.mark.parametrize("page", PAGES)
def test_the_python_of_a_page_runs_from_top_to_bottom(
    page: str, up: MadeUp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {**up.variables(), "HUBSPOT_TOKEN_FILE": "login.token"}.items():
        monkeypatch.setenv(name, value)
    blocks = [block for block in read_blocks(page) if block.language == "python"]

    async def fetch_scoped_token(user: str) -> str:
        pair = {"client_id": up.values["airbyte_client_id"], "client_secret": up.values["airbyte_client_secret"]}
        applications = f"{up.values['server_url']}/api/v1/account/applications"
        token = str(call("POST", f"{applications}/token", body=pair)["access_token"])
        body = {"external_user_id": user}
        return str(call("POST", f"{applications}/scoped-token", body=body, token=token)["token"])

    namespace: dict[str, object] = {"fetch_scoped_token": fetch_scoped_token}
    with asyncio.Runner() as runner:
        for block in blocks:
            _run_python(block, page, namespace, runner)
        for made in namespace.values():
            if isinstance(made, HubspotConnector):
                runner.run(made.close())
    assert blocks


def test_the_shell_lines_of_the_readme_run_after_make_up(up: MadeUp, tmp_path: Path) -> None:
    start, example, curl = (block.text for block in read_blocks("README.md") if block.language == "bash")
    assert start == "make up"
    shell = Shell(tmp_path)
    places = {". .run/": f". {up.run_dir}/", ".venv/bin/python": sys.executable}
    for said, meant in places.items():
        assert said in example
        example = example.replace(said, meant)
    assert "the largest:" in shell.run(example)
    answer = json.loads(Shell(tmp_path, up.variables()).run(curl))
    assert [connector["workspace_name"] for connector in answer["data"]] == ["demo"]


def test_an_organization_is_made_as_the_guide_says(tmp_path: Path) -> None:
    (line,) = [
        block.text
        for block in read_blocks("docs/how-to/hosted.md")
        if block.language == "console" and "create-organization" in block.text
    ]
    command = line.removeprefix("$ python ")
    variables = {"AGENT_SERVER_DATA_DIR": str(tmp_path / "data")}
    assert "client_secret: " in Shell(tmp_path, variables).run(f"{sys.executable} {command}")


def test_the_shell_lines_of_the_page_of_webhooks_run(up: MadeUp, tmp_path: Path) -> None:
    create, deliveries, rotate = (
        block.text for block in read_blocks("docs/how-to/webhooks.md") if block.language == "bash"
    )
    pair = {"client_id": up.values["airbyte_client_id"], "client_secret": up.values["airbyte_client_secret"]}
    server_url, organization_id = up.values["server_url"], up.values["organization_id"]
    app = str(call("POST", f"{server_url}/api/v1/account/applications/token", body=pair)["access_token"])
    hooks = f"{server_url}/api/v1/organizations/{organization_id}/webhooks"
    shell = Shell(tmp_path, {"AIRBYTE_API_URL": server_url, "ORGANIZATION_ID": organization_id, "APP": app})
    made = json.loads(shell.run(create))
    shell = Shell(tmp_path, {"HOOKS": hooks, "WEBHOOK_ID": made["id"], "APP": app})
    assert json.loads(shell.run(deliveries)) == {"data": [], "next_cursor": None}
    assert json.loads(shell.run(rotate))["secret"] != made["secret"]
    call("DELETE", f"{hooks}/{made['id']}", token=app)


def test_the_shell_lines_of_the_page_of_the_mcp_door_run(up: MadeUp, tmp_path: Path) -> None:
    page = "docs/how-to/mcp-server.md"
    listing, invitation, origins, let_in = (block.text for block in read_blocks(page) if block.language == "bash")
    shell = Shell(tmp_path, up.variables())
    assert "hubspot_execute" in shell.run(listing)
    made = json.loads(shell.run(f"{listing} > {tmp_path}/listed\n{invitation}"))
    assert json.loads(shell.run(f"{listing} > {tmp_path}/listed\n{let_in}")) == {"data": []}
    shown, client = (json.loads(block.text) for block in read_blocks(page) if block.language == "json")
    assert made.keys() == shown.keys()
    assert made["mcp_url"] == f"{up.values['server_url']}/mcp"
    assert client["servers"]["hubspot"]["url"] == shown["mcp_url"]
    name, _, value = origins.removeprefix("export ").partition("=")
    assert read_settings({name: value.strip('"')}).mcp_redirect_origins[1] == "https://claude.ai"


def test_every_page_that_a_page_links_to_exists() -> None:
    for page in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "AGENTS.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        for target in (part.partition(")")[0] for part in text.split("](")[1:]):
            assert target.startswith("https://") or (ROOT / target).is_file(), f"{page} links to {target}"
