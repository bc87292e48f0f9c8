"""The command line as a process: on a terminal, in a pipe, and where somebody stops reading."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cli.conftest import cleared

if TYPE_CHECKING:
    from cli.conftest import Agent

COMMAND = [sys.executable, "-m", "airbyte_agent_hubspot.cli"]
STYLED = "\x1b["


def environment(agent: Agent, **variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {*cleared(), "NO_COLOR", "COLUMNS"}}
    return {**kept, "TERM": "xterm", "COLUMNS": "100", **agent.variables, **variables}


def on_terminal(agent: Agent, *arguments: str, answer: str = "", **variables: str) -> tuple[int, str]:
    """The exit code and all that a pseudo terminal shows, where the user types `answer`."""
    outside, inside = pty.openpty()
    process = subprocess.Popen(  # noqa: S603 - our own command
        [*COMMAND, *arguments], env=environment(agent, **variables), stdin=inside, stdout=inside, stderr=inside
    )
    os.close(inside)
    if answer:
        os.write(outside, answer.encode())
    shown = b""
    while True:
        try:
            part = os.read(outside, 65_536)
        except OSError:  # how Linux says that nobody has the other end any more
            break
        if not part:
            break
        shown += part
    os.close(outside)
    return process.wait(), shown.decode()


@pytest.mark.requirement("command-line")
def test_a_terminal_gets_tables_and_progress_with_colors_unless_they_are_unwanted(agent: Agent) -> None:
    code, shown = on_terminal(agent, "find", "deals", "--limit", "2", "--properties", "dealname,amount")
    assert (code, "deals find" in shown, STYLED in shown) == (0, True, True), shown
    header = next(line for line in shown.splitlines() if "dealname" in line)
    assert header.index("id") < header.index("dealname") < header.index("amount")
    code, shown = on_terminal(agent, "check", NO_COLOR="1")
    assert (code, "\x1b[1m" in shown, "healthy" in shown) == (0, False, True)


def test_all_pages_on_a_terminal_are_one_table(local: Agent) -> None:
    code, shown = on_terminal(local, "execute", "owners", "list", "--all", "limit=2")
    assert (code, shown.count("\u2500" * 20) > 0, "owners list" in shown) == (0, True, True), shown


@pytest.mark.requirement("command-line")
def test_a_terminal_is_asked_before_something_is_destroyed(local: Agent) -> None:
    contact = local.get("execute", "contacts", "create", "properties.firstname=Asked")
    command = ("execute", "contacts", "delete", f"contactId={contact['id']}")
    code, shown = on_terminal(local, *command, answer="n\n")
    assert (code, f"contactId={contact['id']}" in shown, "Nothing was done." in shown) == (1, True, True)
    assert local.get("execute", "contacts", "get", f"contactId={contact['id']}")["id"] == contact["id"]
    assert on_terminal(local, *command, answer="y\n")[0] == 0
    assert local.run("execute", "contacts", "get", f"contactId={contact['id']}").code == 1


def test_progress_of_a_batch_goes_to_the_terminal_and_its_result_to_the_pipe(local: Agent) -> None:
    outside, inside = pty.openpty()
    done = subprocess.run(  # noqa: S603 - our own command
        [*COMMAND, "batch", "contacts", "create", "-"],
        env=environment(local),
        input=b"firstname\nPiped\n",
        stdout=subprocess.PIPE,
        stderr=inside,
        check=False,
    )
    os.close(inside)
    said = os.read(outside, 65_536).decode()
    os.close(outside)
    assert (done.returncode, done.stdout.count(b"\n"), b"Piped" in done.stdout) == (0, 1, True), said
    assert "contacts batch_create" in said


@pytest.mark.requirement("command-line")
def test_text_of_the_crm_cannot_steer_a_terminal_or_a_spreadsheet(agent: Agent) -> None:
    nasty = "=HYPERLINK(1)\x1b]0;owned\x07\u202edetrever\u009b31m"
    made = agent.get("execute", "contacts", "create", "--params", "-", text=_params(nasty))
    assert made["properties"]["firstname"] == nasty
    asked = ("execute", "contacts", "get", f"contactId={made['id']}", "properties=firstname")
    for form in ("--json", "--ndjson", "--csv", "--table"):
        printed = agent.run(*asked, form).printed
        assert [sign for sign in ("\x1b", "\x07", "\u202e", "\u009b") if sign in printed] == []
    assert ",'=HYPERLINK(1)" in agent.run(*asked, "--csv", "--columns", "id,firstname").printed


def _params(name: str) -> str:
    return json.dumps({"properties": {"firstname": name}})


@pytest.mark.parametrize(
    "arguments", [("operations", "--ndjson"), ("execute", "contacts", "list", "--all", "limit=2", "--csv")]
)
def test_who_stops_reading_ends_it_quietly(local: Agent, arguments: tuple[str, ...]) -> None:
    process = subprocess.Popen(  # noqa: S603 - our own command
        [*COMMAND, *arguments],
        env=environment(local),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()  # at once: a command that is quick would have written all of it into the pipe
    assert (process.stderr.read(), process.wait()) == (b"", 1)
    process.stderr.close()


def test_who_starts_the_mcp_server_by_hand_is_told_for_whom_it_waits(agent: Agent) -> None:
    end_of_input = "\x04"
    code, shown = on_terminal(agent, "mcp", answer=end_of_input)
    assert code == 0
    assert "waits for an MCP client" in shown
