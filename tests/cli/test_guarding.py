"""What is refused, asked or corrected, and what a command ends with."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from airbyte_agent_hubspot.cli._exits import Exit, exit_of
from airbyte_agent_hubspot.cli._report import corrected
from airbyte_agent_hubspot.errors import (
    ConnectorError,
    FieldError,
    InvalidParamsError,
    OutcomeUnknownError,
    PartlyDoneError,
    RateLimitedError,
    RecordNotFoundError,
    ServerUnreachableError,
)
from hubspot_sandbox.doors.admin import credentials_of
from services import call

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Account, Agent


@pytest.mark.requirement("command-line")
@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (["execute", "contact", "list"], ["execute", "contacts", "list"]),
        (["execute", "contacts", "lst"], ["execute", "contacts", "list"]),
        (["execute", "contacts", "list", "limitt=3"], ["execute", "contacts", "list", "limit=3"]),
        (
            ["execute", "contacts", "list", "--params", '{"limitt": 3}'],
            ["execute", "contacts", "list", "--params", '{"limit": 3}'],
        ),
        (["find", "deals", "stage=Contract snet"], ["find", "deals", "stage=Contract Sent"]),
        (["schema", "deels"], ["schema", "deals"]),
        (["operations", "deels"], ["operations", "deals"]),
    ],
)
def test_an_error_ends_with_the_corrected_command(agent: Agent, wrong: list[str], right: list[str]) -> None:
    done = agent.run(*wrong)
    assert (done.code, done.said.splitlines()[-1]) == (2, f"Try: hubspot-agent {shlex.join(right)}")
    assert agent.run(*right).code == 0


def test_a_property_that_hubspot_does_not_know_is_corrected_in_a_dotted_pair(agent: Agent) -> None:
    done = agent.run("execute", "contacts", "create", "properties.emial=dotted@cli.example")
    assert (done.code, done.said.splitlines()[-1]) == (
        2,
        "Try: hubspot-agent execute contacts create properties.email=dotted@cli.example",
    )


def test_nothing_is_corrected_where_nothing_is_known() -> None:
    several = {"given": "Dana", "candidates": [{"label": "Dana Reed"}, {"label": "Dana Poe"}]}
    assert (
        corrected(["find", "Dana"], InvalidParamsError("?", errors=[FieldError("x", "?", "ambiguous", several)]))
        is None
    )
    assert corrected(["find"], InvalidParamsError("?", errors=[FieldError("", "?", "x", {"nearest": ["y"]})])) is None


@pytest.mark.requirement("command-line")
def test_what_destroys_is_not_done_in_a_pipe_without_a_word(agent: Agent) -> None:
    contact = agent.get("execute", "contacts", "create", "properties.firstname=Gone")
    command = ("execute", "contacts", "delete", f"contactId={contact['id']}")
    before = agent.requests
    refused = agent.run(*command)
    assert (refused.code, refused.printed) == (2, "")
    assert refused.said == (
        "configuration_error: `contacts delete` deletes or merges, and there is no terminal to ask at. "
        "Add --yes if that is meant.\n"
    )
    assert agent.requests == before
    assert agent.get("--yes", *command) == {"id": contact["id"], "deleted": True}


def test_read_only_refuses_every_write_and_lets_reads_pass(agent: Agent) -> None:
    write = ("execute", "contacts", "create", "properties.firstname=Nobody")
    for done in (agent.run(*write, "--read-only"), agent.run(*write, HUBSPOT_AGENT_READ_ONLY="1")):
        assert (done.code, "`contacts create` changes HubSpot" in done.said) == (2, True)
    assert agent.run("--read-only", "find", "contacts", "--limit", "1").code == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidParamsError("?"), Exit.MISUSED),
        (OutcomeUnknownError("?"), Exit.PARTLY_DONE),
        (PartlyDoneError("?"), Exit.PARTLY_DONE),
        (RateLimitedError("?"), Exit.TRY_LATER),
        (ServerUnreachableError("?"), Exit.TRY_LATER),
        (RecordNotFoundError("?"), Exit.FAILED),
    ],
)
def test_each_error_has_its_exit_code(error: ConnectorError, code: Exit) -> None:
    assert exit_of(error) == code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["limit"], "'limit' is not key=value. Parameters are: "),
        (["limit=1", "limit=2"], "'limit' is given twice"),
        (["limit=many"], "limit must be"),
        (["archived=perhaps"], "archived must be true or false"),
        (["properties:=["], "properties is not JSON"),
        (["properties=[1"], "The value is not JSON"),
    ],
)
def test_a_pair_that_cannot_be_read_says_why(agent: Agent, arguments: list[str], said: str) -> None:
    done = agent.run("execute", "contacts", "list", *arguments)
    assert (done.code, said in done.said) == (2, True), done.said


@pytest.mark.parametrize(
    "given", ['properties={"firstname": "\\ud800"}', 'properties={"x": NaN}', "properties.firstname=\udcff"]
)
def test_what_json_cannot_hold_is_refused_before_anything_is_sent(agent: Agent, given: str) -> None:
    before = agent.requests
    find = ("find", "contacts", "--where", given.partition("=")[2]) if "{" in given else ("find", "contacts", given)
    for command in (("execute", "contacts", "create", given), find):
        done = agent.run(*command)
        assert (done.code, "Parameters hold what JSON cannot" in done.said) == (2, True), done.said
    assert agent.requests == before


def test_an_object_is_given_whole_or_in_parts(agent: Agent) -> None:
    done = agent.run("execute", "contacts", "create", "properties=x", "properties.email=a@b.example")
    assert (done.code, "'properties' is given whole and in parts" in done.said) == (2, True)
    done = agent.run("execute", "contacts", "create", 'properties={"emial": "a@b.example"}', "colour.x=1", "colour=2")
    assert (done.code, "There is no parameter 'colour" in done.said) == (2, True), done.said


def test_a_file_that_is_not_text_is_refused(agent: Agent, tmp_path: Path) -> None:
    path = tmp_path / "params"
    path.write_bytes(b"\xff\xfe\x00")
    done = agent.run("execute", "contacts", "list", "--params", f"@{path}")
    assert (done.code, "it is not UTF-8" in done.said) == (2, True)


def test_two_forms_at_once_are_refused(agent: Agent) -> None:
    done = agent.run("--json", "check", "--csv")
    assert (done.code, "Only one form can be printed: --json or --csv" in done.said) == (2, True)


# ---- whose account


@pytest.mark.requirement("command-line")
def test_without_credentials_both_ways_are_named(account: Account, local: Agent) -> None:
    done = local.run("check", HUBSPOT_CLIENT_ID="")
    assert (done.code, done.printed) == (2, "")
    for name in (
        "HUBSPOT_PRIVATE_APP_TOKEN",
        "HUBSPOT_REFRESH_TOKEN",
        "hubspot-agent login",
        "--workspace",
        "AIRBYTE_",
    ):
        assert name in done.said
    done = local.run("check", "--hosted")
    assert (done.code, "AIRBYTE_CLIENT_SECRET" in done.said, "HUBSPOT_" in done.said) == (2, True, True)
    done = local.run("check", "--hosted", **{**account.hosted, "AIRBYTE_WORKSPACE_NAME": ""})
    assert (done.code, "Say whose HubSpot account is meant" in done.said) == (2, True)


def test_with_variables_for_both_a_workspace_chooses_the_server(account: Account, local: Agent) -> None:
    both = {**account.hosted, "AIRBYTE_WORKSPACE_NAME": ""}
    assert local.run("check", **both).json["status"] == "healthy"
    done = local.run("check", "--workspace", "nobody", **both)
    assert (done.code, done.json["status"]) == (1, "unhealthy")
    done = local.run("check", "--workspace", "nobody", "--local", **both)
    assert (done.code, done.json["status"]) == (0, "healthy")


def test_the_token_of_a_private_app_is_enough(local: Agent) -> None:
    token = str(credentials_of(local.portal, "")["private_app_token"])
    variables = {"HUBSPOT_CLIENT_ID": "", "HUBSPOT_REFRESH_TOKEN": "", "HUBSPOT_PRIVATE_APP_TOKEN": token}
    assert local.run("check", **variables).json["status"] == "healthy"


def test_a_token_of_the_server_is_enough(account: Account, local: Agent) -> None:
    server = account.hosted["AIRBYTE_API_URL"]
    pair = {"client_id": account.hosted["AIRBYTE_CLIENT_ID"], "client_secret": account.hosted["AIRBYTE_CLIENT_SECRET"]}
    applications = f"{server}/api/v1/account/applications"
    token = str(call("POST", f"{applications}/token", body=pair)["access_token"])
    workspace = {"workspace_name": account.hosted["AIRBYTE_WORKSPACE_NAME"]}
    scoped = str(call("POST", f"{applications}/scoped-token", body=workspace, token=token)["token"])
    assert local.run("check", "--server-url", server, AIRBYTE_TOKEN=scoped).json["status"] == "healthy"


def test_a_login_is_for_this_machine_only(account: Account, local: Agent) -> None:
    for command in ("login", "logout"):
        done = local.run(command, **account.hosted)
        assert (done.code, f"`{command}` is about a login on this machine" in done.said) == (2, True)
        done = local.run(command, HUBSPOT_CLIENT_SECRET="")
        assert (done.code, "HUBSPOT_CLIENT_SECRET" in done.said) == (2, True)


def test_no_option_takes_a_secret(local: Agent) -> None:
    done = local.run("--client-secret", "made-up", "check")
    assert (done.code, "made-up" in done.said) == (2, False)
