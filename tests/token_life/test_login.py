"""`hubspot-agent` as a process of its own; an HTTP client plays the browser."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from airbyte_agent_hubspot.cli import main
from docs.pages import read_blocks

if TYPE_CHECKING:
    from collections.abc import Callable

    from token_life.conftest import Sandbox

BROWSER = Path(__file__).with_name("browser.py")
DONE, FAILED, MISUSED, NOT_LOGGED_IN, NOT_COMPLETED, INTERRUPTED = 0, 1, 2, 3, 4, 130


@pytest.fixture
def rotates() -> bool:
    return True


class Command:
    """One run of the command line."""

    def __init__(self, sandbox: Sandbox, home: Path, arguments: tuple[str, ...], variables: dict[str, str]) -> None:
        kept = {"HOME": str(home), "HUBSPOT_TOKEN_FILE": str(home / "kept" / "token")}
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "airbyte_agent_hubspot.cli", *arguments],
            env={**os.environ, **sandbox.variables(), **kept, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said = ""

    def wait_for_address(self) -> str:
        """The address that it asks to open."""
        for line in cast("IO[str]", self._process.stderr):
            self.said += line
            if line.startswith("http"):
                return line.strip()
        raise AssertionError(self.said)

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def finish(self) -> tuple[int, str]:
        """Its exit code, and what it printed as a result; what it said to people is in `said`."""
        printed, said = self._process.communicate()
        self.said += said
        return self._process.returncode, printed


@pytest.fixture
def run(sandbox: Sandbox, tmp_path: Path) -> Callable[..., Command]:
    def start(*arguments: str, **variables: str) -> Command:
        return Command(sandbox, tmp_path, arguments, variables)

    return start


def visit(address: str) -> tuple[int, str]:
    """Status and page at the end of all redirects."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address) as page:
            return page.status, page.read().decode()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode()


def log_in(run: Callable[..., Command]) -> Command:
    command = run("login", "--port", "0", "--no-browser")
    status, page = visit(command.wait_for_address())
    assert (status, command.finish()) == (200, (DONE, "")), command.said
    assert "<h1>Connected</h1>" in page
    return command


def callback_of(address: str, **fields: str) -> str:
    """The address that the consent page sends the browser to, with other fields."""
    asked = parse_qs(urlsplit(address).query)
    return f"{asked['redirect_uri'][0]}?{urlencode({'state': asked['state'][0], **fields})}"


@pytest.mark.requirement("login")
def test_a_login_is_kept_used_and_ended_without_showing_a_token(
    run: Callable[..., Command], sandbox: Sandbox, tmp_path: Path
) -> None:
    commands = [log_in(run)]
    path = tmp_path / "kept" / "token"
    assert str(path) in commands[0].said
    for arguments in (
        ("check",),
        ("execute", "contacts", "list", "--params", '{"limit": 2}'),
        ("execute", "contacts", "list", "--params", '{"limit": 2}'),
    ):
        sandbox.portal.tokens.expire_access_tokens()
        commands.append(run(*arguments))
        code, printed = commands[-1].finish()
        assert code == DONE, commands[-1].said
        result = json.loads(printed)
        assert result.get("status", "healthy") == "healthy"
        assert len(result.get("data", [1, 2])) == 2
        commands[-1].said += printed
    commands.append(run("logout"))
    assert commands[-1].finish() == (DONE, "")
    tokens = sandbox.portal.tokens
    secrets = [grant.refresh_token for grant in tokens.grants()] + [token.token for token in tokens.access_tokens()]
    everything = "".join(command.said for command in commands)
    assert [secret for secret in [*secrets, sandbox.app.client_secret] if secret in everything] == []
    assert [grant.revoked for grant in tokens.grants()[1:]] == [True] * (len(tokens.grants()) - 1)
    assert sorted(file.name for file in path.parent.iterdir()) == ["token.lock"]
    assert run("logout").finish() == (NOT_LOGGED_IN, "")


@pytest.mark.requirement("login")
def test_the_browser_is_opened_and_pkce_is_used_if_asked_for(run: Callable[..., Command]) -> None:
    command = run(
        "login", "--port", "0", "--pkce", BROWSER=f"{sys.executable} {BROWSER} %s", HUBSPOT_REFRESH_TOKEN="na1-other"
    )
    assert command.finish() == (DONE, "")
    assert "code_challenge_method=S256" in command.said
    assert "The variable HUBSPOT_REFRESH_TOKEN is set and counts more than this login" in command.said


@pytest.mark.requirement("login")
def test_an_answer_with_another_state_is_refused_and_the_login_goes_on(run: Callable[..., Command]) -> None:
    command = run("login", "--port", "0", "--no-browser", "--scope", "oauth", "--optional-scope", "tickets")
    address = command.wait_for_address()
    assert parse_qs(urlsplit(address).query)["optional_scope"] == ["tickets"]
    status, page = visit(callback_of(address, state="guessed", code="stolen"))
    assert (status, "Not from this login" in page) == (400, True)
    nowhere = callback_of(address).partition("/oauth")[0] + "/favicon.ico"
    assert visit(nowhere)[0] == 404
    assert visit(address)[0] == 200
    assert command.finish() == (DONE, "")


def test_a_connection_that_a_browser_opens_and_does_not_use_is_in_nobodys_way(run: Callable[..., Command]) -> None:
    command = run("login", "--port", "0", "--no-browser")
    address = command.wait_for_address()
    port = urlsplit(parse_qs(urlsplit(address).query)["redirect_uri"][0]).port
    with socket.create_connection(("127.0.0.1", port or 0)):
        visit(address)
        assert command.finish() == (DONE, "")


@pytest.mark.requirement("login")
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"error": "access_denied", "error_description": "<b>The user denied</b>"}, "The user denied"),
        ({"error": "access_denied"}, "access_denied"),
        ({}, "no code came back"),
        ({"code": "na1-unknown"}, "missing or unknown auth code"),
    ],
)
def test_a_login_that_comes_to_nothing_is_said_in_the_browser_and_by_the_exit_code(
    run: Callable[..., Command], fields: dict[str, str], said: str
) -> None:
    command = run("login", "--port", "0", "--no-browser")
    status, page = visit(callback_of(command.wait_for_address(), **fields))
    assert (status, "<h1>Not connected</h1>" in page, said in page, "<b>" in page) == (200, True, True, False)
    assert command.finish() == (NOT_COMPLETED, "")
    assert said in command.said


def test_a_login_that_nobody_answers_ends(run: Callable[..., Command]) -> None:
    assert run("login", "--port", "0", "--no-browser", "--timeout", "0.1").finish() == (NOT_COMPLETED, "")


def test_an_interrupted_login_ends_at_once(run: Callable[..., Command]) -> None:
    command = run("login", "--port", "0", "--no-browser")
    command.wait_for_address()
    command.interrupt()
    assert command.finish() == (INTERRUPTED, "")


def test_a_taken_port_is_named(run: Callable[..., Command]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = run("login", "--port", port, "--no-browser")
        assert command.finish() == (MISUSED, "")
    assert port in command.said


@pytest.mark.parametrize(
    ("arguments", "variables", "expected", "said"),
    [
        (("check",), {"HUBSPOT_CLIENT_ID": ""}, MISUSED, "HUBSPOT_CLIENT_ID"),
        (("check",), {"HUBSPOT_TOKEN_KEY": "short"}, MISUSED, "HUBSPOT_TOKEN_KEY"),
        (("execute", "contacts", "list"), {}, NOT_LOGGED_IN, "hubspot-agent login"),
        (("execute", "contacts", "lst"), {}, MISUSED, "Did you mean 'list'?"),
        (("execute", "contacts", "list", "--params", "{"), {}, MISUSED, "--params is not JSON"),
        (("execute", "contacts", "list", "--params", "[]"), {}, MISUSED, "must be a JSON object"),
        (("execute", "contacts"), {}, MISUSED, "Missing argument"),
    ],
)
def test_what_cannot_be_run_says_why(
    run: Callable[..., Command], arguments: tuple[str, ...], variables: dict[str, str], expected: int, said: str
) -> None:
    command = run(*arguments, **variables)
    assert (command.finish(), said in command.said) == ((expected, ""), True), command.said


def test_a_check_without_a_login_fails(run: Callable[..., Command]) -> None:
    code, printed = run("check").finish()
    assert (code, json.loads(printed)["status"]) == (FAILED, "unhealthy")


def test_a_login_that_hubspot_ended_must_be_repeated(run: Callable[..., Command], sandbox: Sandbox) -> None:
    log_in(run)
    tokens = sandbox.portal.tokens
    tokens.revoke(tokens.grants()[-1].refresh_token)
    tokens.expire_access_tokens()
    command = run("execute", "contacts", "list")
    assert command.finish() == (NOT_LOGGED_IN, "")
    assert command.said.startswith("reauthorization_required: ")


def test_the_command_lines_of_the_guide_run(run: Callable[..., Command]) -> None:
    lines = [
        line.removeprefix("$ hubspot-agent ")
        for block in read_blocks("docs/how-to/log-in.md")
        if block.language == "console"
        for line in block.text.splitlines()
    ]
    assert lines[0] == "login"
    log_in(run)
    for line in lines[1:]:
        command = run(*shlex.split(line))
        assert command.finish()[0] == DONE, command.said


def test_without_typer_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "airbyte_agent_hubspot.cli._commands", raising=False)
    monkeypatch.setitem(sys.modules, "typer", None)
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == MISUSED
    assert "pip install 'airbyte-agent-hubspot[cli]'" in capsys.readouterr().err


def test_another_missing_module_is_not_taken_for_typer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "airbyte_agent_hubspot.cli._commands", None)
    with pytest.raises(ModuleNotFoundError):
        main()
