"""The sandbox as a process: starting, announcing, keeping its state, stopping."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hubspot_sandbox.__main__ import main


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "hubspot_sandbox", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own command
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def announced(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    facts = json.loads(process.stdout.readline())
    assert isinstance(facts, dict)
    return facts


def post(url: str, body: object) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 - loopback
        url, data=json.dumps(body).encode(), headers={"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310 - loopback
        decoded = json.load(reply)
    assert isinstance(decoded, dict)
    return decoded


def refresh(facts: dict[str, Any]) -> dict[str, Any]:
    names = ("client_id", "client_secret", "refresh_token")
    return post(facts["token_url"], {"grant_type": "refresh_token", **{name: facts[name] for name in names}})


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_state_survives_a_restart_and_signals_end_it_cleanly(tmp_path: Path, ending: signal.Signals) -> None:
    state = str(tmp_path / "portal.db")
    with running("--json", "--portal", "small", "--seed", "5", "--state", state) as process:
        first = announced(process)
        minted = post(f"{first['base_url']}/_sandbox/refresh-tokens", {"scopes": ["tickets"]})
        access = refresh(first)["access_token"]
        process.send_signal(ending)
        assert (process.wait(10), process.communicate()) == (0, ("", ""))

    with running("--json", "--state", state) as process:
        second = announced(process)
        assert refresh(second | {"refresh_token": minted["refresh_token"]})["scopes"] == ["tickets"]
        assert refresh(second)["access_token"] != access
        process.send_signal(ending)
        assert process.wait(10) == 0

    moved = {"base_url", "authorize_url", "token_url"}
    assert {name: first[name] for name in first.keys() - moved} == {
        name: second[name] for name in second.keys() - moved
    }


def test_people_get_a_block_to_read() -> None:
    with running("--portal", "small", "--auto-approve", "--no-rate-limits") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(9)]

    assert lines[0].startswith("HubSpot sandbox at http://127.0.0.1:")
    assert [line.split("  ")[0] for line in lines[1:8]] == [
        "authorize",
        "token",
        "client id",
        "client secret",
        "refresh token",
        "private app",
        "everything",
    ]
    assert lines[8] == "Ctrl-C stops it."


def test_a_taken_port_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code = main(["--port", str(port)])

    assert (code, capsys.readouterr().err) == (2, f"Cannot listen on 127.0.0.1:{port}: Address already in use\n")


def test_a_state_file_of_another_portal_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = tmp_path / "portal.db"
    with running("--json", "--portal", "small", "--state", str(state)) as process:
        announced(process)
    wrong = main(["--port", "0", "--state", str(state), "--seed", "8"])
    text = capsys.readouterr().err
    other = tmp_path / "other.db"
    other.write_bytes(b"something else, long enough to be taken for a database" * 100)
    garbage = main(["--port", "0", "--state", str(other)])

    assert (wrong, text) == (
        2,
        f"Cannot use {state}: it holds a portal of seed 7, not 8. Drop --seed or use another file\n",
    )
    assert (garbage, capsys.readouterr().err) == (2, f"Cannot use {other}: file is not a database\n")


def test_an_empty_file_holds_no_portal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = tmp_path / "portal.db"
    state.touch()

    assert main(["--host", "::1", "--port", "0", "--state", str(state)]) == 2
    assert capsys.readouterr().err == f"Cannot use {state}: there is no portal in this store\n"
