"""What the command line says of itself: help, schema, operations, completion. None needs credentials."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from airbyte_agent_hubspot import __version__
from airbyte_agent_hubspot._catalog import CATALOG

if TYPE_CHECKING:
    from cli.conftest import Agent


@pytest.fixture
def anyone(local: Agent) -> Agent:
    """Someone without credentials."""
    return type(local)(local.portal, {})


@pytest.mark.requirement("command-line")
def test_all_operations_are_listed_and_found_by_a_word(anyone: Agent) -> None:
    everything = anyone.get("operations")["data"]
    assert [(row["entity"], row["action"]) for row in everything] == [(item.entity, item.action) for item in CATALOG]
    some = anyone.get("operations", "deals", "--matching", "STAGE")["data"]
    assert "move_stage" in [row["action"] for row in some]
    reads = anyone.get("operations", "deals", "--reads")["data"]
    assert {row["effect"] for row in reads} == {"read"}


def test_the_schema_is_json_in_a_pipe_and_a_table_for_people(anyone: Agent) -> None:
    assert [row["name"] for row in anyone.get("schema")["data"]] == list(CATALOG.entities)
    assert anyone.get("schema", "deals")["actions"][0]["name"] == "list"
    assert "move_stage(" in anyone.run("schema", "deals", "--table").printed
    found = anyone.get("schema", "deals", "move_stage")
    assert (found["effect"], found["params"]["required"]) == ("write", ["record", "stage"])
    assert "pipeline" in anyone.run("schema", "deals", "move_stage", "--table").printed


def test_the_version_is_printed(anyone: Agent) -> None:
    assert anyone.run("--version").printed == f"{__version__}\n"


def test_help_has_the_shared_options_in_sections_unless_a_command_has_its_own(anyone: Agent) -> None:
    said = anyone.run("find", "--help").printed
    sections = [line for line in said.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert sections == ["Arguments:", "Options:", "Whose HubSpot account:", "What is printed:"]
    assert anyone.run("login", "--help").printed.count("--timeout") == 1
    listed = anyone.run("--help").printed
    assert "\nCommands:\n" in listed
    assert "\nOperate a server:\n" in listed


@pytest.mark.requirement("command-line")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("hubspot-agent exec", ["execute"]),
        ("hubspot-agent execute dea", ["deals"]),
        ("hubspot-agent execute deals mov", ["move_stage"]),
        ("hubspot-agent execute deels mov", []),
        ("hubspot-agent execute deals move_stage st", ["stage="]),
        ("hubspot-agent execute contacts list archived=", ["archived=true", "archived=false"]),
        ("hubspot-agent execute tasks create_task priority=H", ["priority=HIGH"]),
        ("hubspot-agent execute deals mvoe x", []),
        ("hubspot-agent batch contacts up", ["update", "upsert"]),
        ("hubspot-agent find deals sta", ["stage=", "status="]),
        ("hubspot-agent schema deals fin", ["find"]),
        ("hubspot-agent find --read", ["--read-only"]),
    ],
)
def test_a_shell_completes_what_is_typed(anyone: Agent, typed: str, offered: list[str]) -> None:
    done = anyone.run(_HUBSPOT_AGENT_COMPLETE="complete_bash", COMP_WORDS=typed, COMP_CWORD=str(len(typed.split()) - 1))
    assert done.printed.split() == offered


def test_the_sandbox_is_another_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "airbyte_agent_hubspot.cli", "sandbox", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("usage: hubspot_sandbox")


def test_the_sandbox_takes_all_options_that_follow(anyone: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr("os.execv", lambda _program, arguments: started.append(arguments))
    assert anyone.run("sandbox", "--seed", "7", "--json").code == 0
    assert started == [[sys.executable, "-m", "hubspot_sandbox", "--seed", "7", "--json"]]


def test_the_sandbox_that_is_not_installed_says_what_to_install(anyone: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airbyte_agent_hubspot.cli._sandbox.find_spec", lambda _name: None)
    done = anyone.run("sandbox")
    assert (done.code, done.said) == (
        2,
        "hubspot-agent sandbox needs hubspot_sandbox: pip install 'airbyte-agent-hubspot[sandbox]'\n",
    )
