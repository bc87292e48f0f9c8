"""`make up` and `make down`, end to end."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import cast

import pytest

from check_python import find_fault
from docs.made_up import DOWN, UP, MadeUp
from docs.pages import ROOT, Shell
from locks import find_holder
from services import call

NAMES = [
    "server_url",
    "sandbox_url",
    "organization_id",
    "airbyte_client_id",
    "airbyte_client_secret",
    "hubspot_client_id",
    "hubspot_client_secret",
    "hubspot_refresh_token",
]


def _run(command: list[str], run_dir: Path) -> str:
    done = subprocess.run(  # noqa: S603 - our own command
        [*command, "--run-dir", str(run_dir)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


def _server_token(up: MadeUp) -> str:
    pair = {"client_id": up.values["airbyte_client_id"], "client_secret": up.values["airbyte_client_secret"]}
    return str(call("POST", f"{up.values['server_url']}/api/v1/account/applications/token", body=pair)["access_token"])


def _demo_connector(up: MadeUp) -> object:
    """The only connector of the workspace that the printed lines use."""
    url = f"{up.values['server_url']}/api/v1/integrations/connectors?workspace_name=demo"
    (connector,) = cast("list[dict[str, object]]", call("GET", url, token=_server_token(up))["data"])
    return connector["id"]


def _contacts(up: MadeUp, method: str, path: str = "", body: object = None) -> dict[str, object]:
    """The sandbox's answer about contacts."""
    sandbox = up.values["sandbox_url"]
    token = str(call("GET", f"{sandbox}/_sandbox/credentials")["private_app_token"])
    return call(method, f"{sandbox}/crm/v3/objects/contacts{path}", body=body, token=token)


def _pasted(printed: str, beginning: str, end: str) -> str:
    """The printed lines from `beginning` to `end`."""
    start = printed.index(beginning)
    return printed[start : printed.index(end, start) + len(end)]


def test_what_it_prints_is_in_a_file_that_only_the_owner_can_read(up: MadeUp) -> None:
    assert list(up.values) == NAMES
    for value in up.values.values():
        assert value in up.printed
    assert {path.stat().st_mode & 0o077 for path in [up.run_dir, *up.run_dir.rglob("*")]} == {0}
    assert up.pids == {name: find_holder(up.run_dir / f"{name}.lock") for name in ("up", "sandbox", "server")}


def test_the_printed_curl_lines_list_three_contacts(up: MadeUp, tmp_path: Path) -> None:
    lines = _pasted(up.printed, "TOKEN=", '"params": {"limit": 3}}\'')
    answer = json.loads(Shell(tmp_path).run(lines))
    assert (answer["status"], len(answer["result"])) == ("success", 3)


@pytest.mark.parametrize(
    "way", ["Hosted execution, from Python:\n\n", "Open source execution, without the server:\n\n"]
)
def test_the_printed_python_lines_list_three_contacts(up: MadeUp, tmp_path: Path, way: str) -> None:
    lines = _pasted(up.printed, way, "\nPY\n").removeprefix(way)
    assert len(Shell(tmp_path).run(lines).splitlines()) == 3


def test_a_second_start_says_that_it_runs_already(up: MadeUp) -> None:
    said = _run(UP, up.run_dir)
    assert said == f"It runs already, as process {up.process.pid}: see {up.run_dir}/up.json. `make down` stops it.\n"


def test_a_restart_takes_other_ports_and_keeps_everything_else(up: MadeUp, tmp_path: Path) -> None:
    taken = {name: int(up.values[f"{name}_url"].rpartition(":")[2]) for name in ("sandbox", "server")}
    with MadeUp(tmp_path) as first:
        created = _contacts(first, "POST", body={"properties": {"email": "kept@restart.example"}})
        connector_id = _demo_connector(first)
        first.process.kill()  # the children outlive it, and must not be in the way
    with MadeUp(tmp_path, sandbox_port=taken["sandbox"], server_port=taken["server"]) as second:
        for name, port in taken.items():
            assert f"Port {port} is taken: the {name} uses " in second.printed
        kept = NAMES[2:]
        assert [second.values[name] for name in kept] == [first.values[name] for name in kept]
        assert _demo_connector(second) == connector_id
        kept_contact = _contacts(second, "GET", f"/{created['id']}?properties=email")
        assert cast("dict[str, str]", kept_contact["properties"])["email"] == "kept@restart.example"
        assert find_holder(tmp_path / "server.lock") == second.pids["server"]
        assert _run(DOWN, tmp_path) == "Stopped.\n"
        assert second.finish() == "\nStopping.\n"
    assert second.process.returncode == 0
    assert not (tmp_path / "up.json").exists()


def test_a_child_that_ends_is_reported_with_its_last_output(tmp_path: Path) -> None:
    with MadeUp(tmp_path) as made_up:
        os.kill(made_up.pids["sandbox"], signal.SIGKILL)
        said = made_up.finish()
    assert "The sandbox has ended with exit code -9.\nIts last output (" in said
    assert "HubSpot sandbox at " in said
    assert made_up.process.returncode == 1
    assert [find_holder(tmp_path / f"{name}.lock") for name in ("up", "sandbox", "server")] == [None] * 3
    assert _run(DOWN, tmp_path) == "Nothing is running.\n"


def test_an_old_interpreter_is_refused_with_what_to_do() -> None:
    assert find_fault((3, 13), has_venv=True, executable="python3") is None
    assert find_fault((3, 10), has_venv=True, executable="python3") == (
        "python3 is Python 3.10; 3.11 or newer is needed.\nInstall one, then name it: make PYTHON=python3.12 ..."
    )


def test_an_interpreter_without_venv_is_refused_with_what_to_do() -> None:
    fault = find_fault((3, 11), has_venv=False, executable="python3") or ""
    assert "apt-get install python3-venv" in fault


def test_every_command_that_the_pages_name_exists() -> None:
    texts = [(ROOT / page).read_text(encoding="utf-8") for page in ("README.md", "CONTRIBUTING.md", "AGENTS.md")]
    named = {name for text in texts for name in re.findall(r"`make ([a-z-]+)", text)}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert named <= set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
