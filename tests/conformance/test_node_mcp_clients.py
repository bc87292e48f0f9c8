"""Our tools in the hands of MCP clients that others wrote: the official ones for Node.js, and the inspector."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import validate

from conformance.node_programs import NODE, output_of, run_program
from docs.made_up import MadeUp
from services import call

pytestmark = pytest.mark.usefixtures("node_packages")

TOOLS: Final = ["hubspot_inspect", "hubspot_docs", "hubspot_execute"]
STDIO: Final = ["-m", "airbyte_agent_hubspot.cli", "--local", "mcp"]
LIBRARIES: Final = {"v1": None, "v2": "2026-07-28"}
"""Versions of the official client -> the newest protocol that it speaks, if it tells."""
# The inspector looks for its own package.json from where it is started.
INSPECTOR: Final = NODE / "node_modules/@modelcontextprotocol/inspector-cli/build"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MadeUp]:
    with MadeUp(tmp_path_factory.mktemp("up") / "run") as made_up:
        yield made_up


@pytest.fixture
def environment(up: MadeUp) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRBYTE_", "HUBSPOT_"))}
    return {**kept, **up.variables()}


def ask_server(up: MadeUp, path: str, body: object) -> dict[str, Any]:
    """What the server tells the application."""
    applications = f"{up.values['server_url']}/api/v1/account/applications"
    pair = {"client_id": up.values["airbyte_client_id"], "client_secret": up.values["airbyte_client_secret"]}
    token = str(call("POST", f"{applications}/token", body=pair)["access_token"])
    return call("POST", f"{applications}/{path}", body=body, token=token)


def slow_down(up: MadeUp, path: str, seconds: float) -> None:
    """Makes HubSpot's next answer slow."""
    fault = {"kind": "latency", "route": path, "delay_s": seconds, "times": 1}
    call("POST", f"{up.values['sandbox_url']}/_sandbox/faults", body=fault)


def look_around(environment: Mapping[str, str], **how: object) -> Any:
    """What one of the official clients sees."""
    return json.loads(output_of("node", "mcp_clients.js", json.dumps(how), env=environment))


def assert_at_home(seen: Any, library: str) -> None:
    """All kinds of requests got the answer that they should, in the shape that was announced."""
    assert seen["server"]["name"] == "hubspot"
    assert seen.get("protocol") == LIBRARIES[library]
    assert [tool["name"] for tool in seen["tools"]] == TOOLS
    hints = [(tool["annotations"]["readOnlyHint"], tool["annotations"]["destructiveHint"]) for tool in seen["tools"]]
    assert hints == [(True, False), (True, False), (False, True)]
    schema = seen["tools"][2]["outputSchema"]
    for result in (seen["found"], seen["wrong"], seen["mended"]):
        validate(result["structuredContent"], schema)
    assert [bool(seen[name].get("isError")) for name in ("found", "wrong", "mended")] == [False, True, False]
    found = seen["found"]["structuredContent"]
    assert found["receipt"]["records"] == len(found["crm_data"]["rows"]) == 2
    assert found["crm_data"]["rows"][0][0] in seen["found"]["content"][0]["text"]
    wrong = seen["wrong"]
    assert wrong["structuredContent"]["error"] == "unknown_operation"
    assert wrong["content"][0]["text"].startswith("unknown_operation: contacts has no action 'finde'.")
    for name, known in (("unknownTool", "hubspot_execute"), ("nowhere", "hubspot://portal")):
        assert seen[name]["code"] == -32602
        assert known in seen[name]["message"]
    assert {"hubspot://portal", "hubspot://entities", "hubspot://docs/deals"} <= set(seen["resources"])
    assert "Sales Pipeline" in seen["portal"]["pipelines"]["deals"]
    assert len(seen["prompts"]) == 16
    [message] = seen["prompt"]["messages"]
    assert message["content"]["text"].startswith("Show all deals of Acme that close this quarter.\n")
    assert seen["completed"]["completion"]["values"] == ["contacts", "companies", "communications"]


def assert_waited_for(seen: Any, *, told: str) -> None:
    """A slow call told how far it was; one that was given up ended, and the next one worked."""
    assert seen["progress"][0] == {"progress": 1, "message": told}
    assert seen["cancelled"]["code"] in {-32001, "REQUEST_TIMEOUT"}
    assert not seen["afterCancelling"].get("isError")


@pytest.mark.requirement("mcp-foreign-clients")
@pytest.mark.parametrize("library", LIBRARIES)
def test_the_official_client_uses_the_program_on_this_machine(
    up: MadeUp, environment: Mapping[str, str], library: str
) -> None:
    slow_down(up, "/crm/objects/tickets", 1.3)
    slow_down(up, "/crm/objects/products", 60)

    seen = look_around(environment, library=library, command=sys.executable, args=STDIO, slow=True)

    assert_at_home(seen, library)
    assert_waited_for(seen, told="1 request so far")


@pytest.mark.requirement("mcp-foreign-clients")
@pytest.mark.parametrize("library", LIBRARIES)
def test_the_official_client_uses_the_server_with_a_scoped_token(
    up: MadeUp, environment: Mapping[str, str], library: str
) -> None:
    token = ask_server(up, "scoped-token", {"workspace_name": "demo"})["token"]
    slow_down(up, "/crm/objects/tickets", 1.3)
    slow_down(up, "/crm/objects/products", 60)

    seen = look_around(environment, library=library, url=f"{up.values['server_url']}/mcp", token=token, slow=True)

    assert_at_home(seen, library)
    assert_waited_for(seen, told="2 requests so far")  # to execute, and from there to HubSpot


@pytest.mark.requirement("mcp-foreign-clients")
@pytest.mark.parametrize("library", LIBRARIES)
def test_the_official_clients_own_login_registers_asks_for_consent_and_refreshes(
    up: MadeUp, environment: Mapping[str, str], library: str
) -> None:
    invitation = ask_server(up, "connect-code", {"workspace_name": "demo"})

    seen = look_around(environment, library=library, url=invitation["mcp_url"], connectCode=invitation["connect_code"])

    assert_at_home(seen, library)
    assert seen["scope"] == "execute:read execute:write"
    assert not seen["afterExpiry"].get("isError")
    assert seen["rotated"]
    first = seen["answered"][:4]
    assert [(answer["path"], answer["status"]) for answer in first] == [
        ("/mcp", 401),
        ("/.well-known/oauth-protected-resource/mcp", 200),
        ("/.well-known/oauth-authorization-server", 200),
        ("/register", 201),
    ]
    assert [answer["status"] for answer in seen["answered"] if answer["path"] == "/token"] == [200, 200]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("token", [None, "not-one-of-ours"])
def test_without_a_good_token_the_official_client_learns_where_to_get_one(
    up: MadeUp, environment: Mapping[str, str], library: str, token: str | None
) -> None:
    server_url = up.values["server_url"]

    seen = look_around(environment, library=library, url=f"{server_url}/mcp", token=token)

    assert "401" in seen["refused"]["message"]
    error = "" if token is None else 'error="invalid_token", '
    metadata = f"{server_url}/.well-known/oauth-protected-resource/mcp"
    assert [answer["challenge"] for answer in seen["answered"]] == [
        f'Bearer realm="agent-server", {error}resource_metadata="{metadata}"'
    ]


def inspect(environment: Mapping[str, str], *arguments: str) -> Any:
    """What the inspector prints."""
    outcome = run_program("node", "cli.js", "--cli", *arguments, cwd=INSPECTOR, env=environment)
    assert outcome.returncode == 0, outcome.stderr
    return json.loads(outcome.stdout)


@pytest.mark.requirement("mcp-foreign-clients")
def test_the_inspector_lists_and_calls_tools_of_the_program_on_this_machine(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    configuration = tmp_path / "mcp.json"
    server = {"command": sys.executable, "args": [*STDIO, "--redact", "email=drop"]}
    configuration.write_text(json.dumps({"mcpServers": {"hubspot": server}}), encoding="utf-8")
    chosen = ("--config", str(configuration), "--method")

    listed = inspect(environment, *chosen, "tools/list")
    found = inspect(
        environment, *chosen, "tools/call", "--tool-name", "hubspot_execute",
        "--tool-arg", "entity=contacts", "action=find", 'params={"limit": 2, "properties": ["email", "city"]}',
    )  # fmt: skip

    assert [tool["name"] for tool in listed["tools"]] == TOOLS
    assert found["isError"] is False
    assert found["structuredContent"]["crm_data"]["columns"] == ["id", "city"]


@pytest.mark.requirement("mcp-foreign-clients")
def test_the_inspector_lists_and_calls_tools_of_the_server(up: MadeUp, environment: Mapping[str, str]) -> None:
    scoped = {"workspace_name": "demo", "permissions": {"read_only": True}}
    token = ask_server(up, "scoped-token", scoped)["token"]
    door = (f"{up.values['server_url']}/mcp", "--transport", "http")
    header = ("--header", f"Authorization: Bearer {token}", "--method")

    listed = inspect(environment, *door, *header, "tools/list")
    refused = inspect(
        environment, *door, *header, "tools/call", "--tool-name", "hubspot_execute",
        "--tool-arg", "entity=contacts", "action=create", 'params={"properties": {"email": "a@b.example"}}',
    )  # fmt: skip
    anonymous = run_program("node", "cli.js", "--cli", *door, "--method", "tools/list", cwd=INSPECTOR, env=environment)

    assert [tool["annotations"]["readOnlyHint"] for tool in listed["tools"]] == [True, True, True]
    assert refused["isError"] is True
    assert anonymous.returncode == 1
    assert '"code":"missing_token"' in anonymous.stderr
