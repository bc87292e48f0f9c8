"""What an operator does at the command line, on a server that serves meanwhile."""

import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from airbyte_agent_hubspot.cli import _server
from airbyte_agent_server.accounts.store import ClientPair
from airbyte_agent_server.db.schema import HEAD, revision_before
from airbyte_agent_server.settings import Settings
from server.operating import Operator
from server.world import CONNECTORS, World

STANDING_S = 21  # for so long a server may go by what it knew


@pytest.fixture
def operator(settings: Settings) -> Operator:
    return Operator(settings)


def pair_of(printed: dict[str, str]) -> ClientPair:
    return ClientPair(printed["organization_id"], printed["client_id"], SecretStr(printed["client_secret"]))


async def login(world: World, pair: ClientPair) -> int:
    body = {"client_id": pair.client_id, "client_secret": pair.client_secret.get_secret_value()}
    return (await world.client.post("/v1/applications/token", body)).status


async def test_organizations_are_made_listed_changed_and_switched_off(world: World, operator: Operator) -> None:
    made = await operator.run("org", "create", "--name", "Beta", "--redirect-origin", "https://beta.example")
    assert made.said == "The secret is not shown again.\n"
    pair = pair_of(made.json)
    assert await login(world, pair) == 200
    token = await world.application_token(pair)
    listed = await operator.get("org", "list")
    assert [(row["name"], row["redirect_origins"]) for row in listed] == [
        ("Acme", []),
        ("Beta", ["https://beta.example"]),
    ]
    changed = await operator.get(
        "org", "set-redirect-origins", pair.organization_id, "https://other.example", "loopback"
    )
    assert changed["redirect_origins"] == ["https://other.example", "loopback"]
    await operator.get("org", "disable", pair.organization_id)
    assert await login(world, pair) == 401
    world.clock.advance(STANDING_S)
    assert (await world.client.get("/api/v1/workspaces", token=token)).status == 401
    assert (await operator.get("org", "enable", pair.organization_id))["disabled_at"] is None
    assert await login(world, pair) == 200
    shown = await operator.get("org", "show", pair.organization_id)
    assert [client["id"] for client in shown["clients"]] == [pair.client_id]
    for arguments in (
        ("org", "show", "absent"),
        ("org", "disable", "absent"),
        ("client", "create", "--organization", "absent"),
    ):
        refused = await operator.run(*arguments)
        assert (refused.code, refused.said) == (
            2,
            "There is no organization absent: `hubspot-agent org list` shows them.\n",
        )
    refused = await operator.run("org", "create", "--name", "x", "--redirect-origin", "yourapp.com")
    assert (refused.code, refused.said) == (2, "'yourapp.com' is not an origin: write it like https://yourapp.com.\n")


@pytest.mark.requirement("two-secrets")
async def test_a_client_has_two_live_secrets_while_they_are_changed(world: World, operator: Operator) -> None:
    first = world.pair
    second = pair_of(await operator.get("client", "rotate", first.client_id))
    assert [await login(world, pair) for pair in (first, second)] == [200, 200]
    refused = await operator.run("client", "rotate", first.client_id)
    assert (refused.code, "either may be in use" in refused.said) == (2, True)
    assert [await login(world, pair) for pair in (first, second)] == [200, 200]
    token = await world.application_token(second)
    assert (await operator.get("client", "revoke", first.client_id, "--older"))["revoked_secrets"] == 1
    assert [await login(world, pair) for pair in (first, second)] == [401, 200]
    pair_of(await operator.get("client", "rotate", first.client_id))
    world.clock.advance(STANDING_S)
    assert (await world.client.get("/api/v1/workspaces", token=token)).status == 200
    another = pair_of(await operator.get("client", "create", "--organization", first.organization_id))
    assert await login(world, another) == 200
    await operator.get("client", "revoke", first.client_id)
    world.clock.advance(STANDING_S)
    assert (await world.client.get("/api/v1/workspaces", token=token)).status == 401
    listed = await operator.get("client", "list", "--organization", first.organization_id)
    assert [len(row["live_secrets"]) for row in listed] == [0, 1]
    assert len(await operator.get("client", "list")) == 2
    for action in ("rotate", "revoke"):
        refused = await operator.run("client", action, "absent")
        assert (refused.code, refused.said) == (
            2,
            "There is no client absent: `hubspot-agent client list` shows them.\n",
        )


async def test_connectors_are_listed_and_switched_off_and_on(world: World, operator: Operator) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token, name="Sales")
    organization = ("--organization", world.pair.organization_id)
    [listed] = await operator.get("connectors", "list", *organization, "--workspace", "user-123")
    assert (listed["id"], listed["name"], listed["status"]) == (connector_id, "Sales", "active")
    assert await operator.get("connectors", "list", *organization, "--workspace", "other") == []
    assert (await operator.get("connectors", "disable", connector_id))["status"] == "disabled"
    world.clock.advance(STANDING_S)
    assert (await world.execute(token, connector_id, "contacts", "list")).status == 403
    assert (await operator.get("connectors", "enable", connector_id))["status"] == "active"
    world.clock.advance(STANDING_S)
    assert (await world.execute(token, connector_id, "contacts", "list")).status == 200
    assert await operator.get("connectors", "show", connector_id) == listed | {
        "updated_at": (await operator.get("connectors", "show", connector_id))["updated_at"]
    }
    assert (await operator.run("connectors", "show", "absent")).code == 2


async def test_keys_are_listed_and_rotated_while_the_server_serves(world: World, operator: Operator) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    before = await operator.get("keys", "list")
    done = await operator.get("keys", "rotate", "--signing", "--data", "--master", "--wait", "0")
    assert done["master"]["rewrapped"] == 2
    assert (done["data"]["renewed"], done["data"]["broken"], done["data"]["destroyed"]) == (2, [], 0)
    after = await operator.get("keys", "list")
    assert [key["kid"] for key in after["signing_keys"]][:1] == [key["kid"] for key in before["signing_keys"]]
    assert after["signing_keys"][1]["kid"] == done["signing"]["kid"]
    [current, other] = after["master_keys"]
    assert (current["id"], current["data_keys"]) == (done["master"]["id"], 4)
    assert (other["id"], other["data_keys"]) == (before["master_keys"][0]["id"], 0)
    assert after["data_keys"] | {"oldest_current": ""} == {
        "current": 2,
        "retired": 2,
        "destroyed": 0,
        "oldest_current": "",
    }
    world.clock.advance(STANDING_S)
    world.server.core.secrets.forget(connector_id)
    assert (await world.execute(token, connector_id, "contacts", "list")).status == 200
    again = await operator.get("keys", "rotate", "--master", "--wait", "0")
    assert again["master"] == {"id": current["id"], "rewrapped": 0, "others": [other["id"]]}


async def test_old_keys_are_destroyed_after_the_wait(
    world: World, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.create_connector(await world.scoped_token())
    waited = list[float]()

    async def pass_at_once(seconds: float) -> None:
        waited.append(seconds)

    with monkeypatch.context() as patched:
        patched.setattr("airbyte_agent_server.commands.keys.sleep", pass_at_once)
        done = await operator.get("keys", "rotate", "--master", "--data")
    assert waited == [61, 61]
    assert done["master"]["others"] == []
    assert len((world.settings.data_dir / "master.key").read_text().split()) == 1
    assert done["data"]["resealed"] > 0


async def test_a_master_key_that_is_no_file_is_changed_by_settings(world: World, operator: Operator) -> None:
    key = (world.settings.data_dir / "master.key").read_text().strip()
    done = await Operator(world.settings, {"AGENT_SERVER_MASTER_KEY": key}).run("keys", "rotate", "--master")
    assert done.code == 0
    assert "put it into AGENT_SERVER_MASTER_KEY" in done.said
    assert (await operator.run("keys", "rotate")).code == 2
    assert (await operator.run("keys", "rotate", "--data", "--at-once")).code == 2


async def test_a_workspace_is_shredded_by_command_after_a_question(world: World, operator: Operator) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    workspace = (await world.client.get(f"{CONNECTORS}/{connector_id}", token=token)).json["workspace_id"]
    assert (await operator.run("keys", "shred", workspace, text="n\n")).code == 1
    assert (await world.execute(token, connector_id, "contacts", "list")).status == 200
    assert (await operator.get("keys", "shred", workspace, "--yes"))["workspace_id"] == workspace
    assert (await operator.get("keys", "list"))["data_keys"]["destroyed"] == 1
    world.clock.advance(STANDING_S)
    assert (await world.execute(token, connector_id, "contacts", "list")).status == 403
    assert (await operator.run("keys", "shred", workspace, "--yes")).code == 2


async def test_the_tables_go_back_and_forward(operator: Operator) -> None:
    assert (await operator.run("migrate", "--check")).code == 1
    assert await operator.get("migrate") == {"before": None, "now": HEAD, "newest": HEAD}
    assert (await operator.run("migrate", "--check")).code == 0
    back = await operator.get("migrate", "--back")
    assert back == {"before": HEAD, "now": revision_before(HEAD), "newest": HEAD}
    assert (await operator.get("migrate", "--to", "0001"))["now"] == "0001"
    assert (await operator.get("migrate", "--back"))["now"] is None
    assert revision_before(None) == "base"
    assert (await operator.run("migrate", "--back", "--check")).code == 2
    unknown = await operator.run("migrate", "--to", "00l5")
    assert (unknown.code, unknown.said) == (2, f"There is no migration 00l5: they are base and 0001 to {HEAD}.\n")
    with pytest.raises(ValueError, match="9999"):
        revision_before("9999")


async def test_the_tables_do_not_go_back_behind_keys_that_were_rotated(world: World, operator: Operator) -> None:
    await operator.get("keys", "rotate", "--data", "--wait", "0")
    done = await operator.run("migrate", "--to", "0001")
    assert (done.code, "Data keys were rotated" in done.said) == (2, True)
    assert (await operator.run("migrate", "--check")).code == 0
    assert (await world.client.get("/readyz")).status == 200


async def test_what_keeps_a_command_from_working_is_said_in_a_sentence(operator: Operator, tmp_path: Path) -> None:
    away = Operator(operator.settings, {"AGENT_SERVER_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"})
    done = await away.run("org", "list")
    assert (done.code, "postgresql://127.0.0.1:9/none does not answer (" in done.said) == (1, True)
    assert "Check AGENT_SERVER_DATABASE_URL" in done.said
    (tmp_path / "no.db").write_text("This is no database, though it is long enough to be one.")
    none = Operator(operator.settings, {"AGENT_SERVER_DATABASE_URL": f"sqlite:///{tmp_path}/no.db"})
    assert "no.db does not answer (file is not a database). Let the" in (await none.run("org", "list")).said
    (tmp_path / "taken").touch()
    inside = Operator(
        operator.settings, {"AGENT_SERVER_DATA_DIR": str(tmp_path / "taken"), "AGENT_SERVER_DATABASE_URL": ""}
    )
    done = await inside.run("org", "list")
    assert (done.code, f"The data directory {tmp_path}/taken cannot be made (File exists)" in done.said) == (2, True)
    done = await operator.run("backup", str(tmp_path / "taken"), "--without-keys")
    assert (done.code, done.said) == (
        2,
        f"{tmp_path}/taken exists already: name another place, or move it away.\n",
    )
    done = await operator.run("restore", str(tmp_path / "lost"), "--without-keys")
    assert (done.code, done.said) == (
        2,
        f"{tmp_path}/lost cannot be used (No such file or directory): name another place, or mend it.\n",
    )
    assert (await operator.run("org", "create", "--name", " ")).code == 2
    file = tmp_path / "server.toml"
    file.write_text("prot = 1")
    done = await operator.run("org", "list", "--config", str(file))
    assert (done.code, done.said) == (2, f"{file}: prot is not a setting. The nearest one is port.\n")
    assert "[env" not in (await operator.run("serve", "--help")).printed
    done = await operator.run("serve", "--config", str(file), "--port", "0", "--host", "127.0.0.1")
    assert done.code == 2


async def test_without_the_server_the_commands_say_what_to_install(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = EntryPoint("keys", "no_such_package.commands:app", _server.ENTRY_POINTS)

    def find(*, group: str, name: str) -> list[EntryPoint]:
        assert (group, name) == (_server.ENTRY_POINTS, "keys")
        return [absent]

    monkeypatch.setattr("importlib.metadata.entry_points", find)
    done = await operator.run("keys", "list")
    assert (done.code, done.said) == (
        2,
        "hubspot-agent keys needs no_such_package: pip install 'airbyte-agent-hubspot[server]'\n",
    )


def test_the_commands_of_an_agent_do_not_load_the_server() -> None:
    code = (
        "import sys; from airbyte_agent_hubspot.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([name for name in sys.modules if name.startswith(('airbyte_agent_server', 'sqlalchemy', 'fastapi'))])"
    )
    for arguments in (["--help"], ["execute", "contacts", "list"]):
        command = [sys.executable, "-c", code, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
        assert done.stdout.splitlines()[-1] == "[]"


async def test_every_command_of_the_server_has_a_door_and_a_line_of_help(operator: Operator) -> None:
    done = await operator.run("--help")
    for name, text in _server._HELP.items():
        assert name in done.printed
        assert text.split()[0] in done.printed
        assert (await operator.run(name, "--help")).code == 0
    assert (await operator.run("nope")).code == 2


class Revoking:
    """Runs `revoke` and gives the receipt."""

    def __init__(self, operator: Operator, folder: Path) -> None:
        self._operator = operator
        self._folder = folder
        self._count = 0

    async def run(self, *arguments: str) -> tuple[int, Any]:
        self._count += 1
        file = self._folder / f"receipt-{self._count}.json"
        done = await self._operator.run("revoke", *arguments, "--receipt", str(file))
        assert file.stat().st_mode & 0o777 == 0o600
        receipt = json.loads(file.read_text())
        if done.printed:
            assert done.json == receipt
        return done.code, receipt


@pytest.mark.requirement("revocation")
async def test_a_revocation_erases_stops_tokens_and_leaves_a_receipt(
    world: World, operator: Operator, tmp_path: Path
) -> None:
    token, other = await world.scoped_token(), await world.scoped_token("other")
    mine = [await world.create_connector(token) for _ in range(2)]
    theirs = await world.create_connector(other)
    body = {"external_user_id": "user-123", "connector_type": "HubSpot", "redirect_url": "http://127.0.0.1:1/cb"}
    assert (await world.client.post(f"{CONNECTORS}/oauth/initiate", body, token=token)).status == 200
    revoking = Revoking(operator, tmp_path)

    code, receipt = await revoking.run("--connector", mine[0])
    assert (code, [one["connector_id"] for one in receipt["connectors"]]) == (0, [mine[0]])
    assert (receipt["connectors"][0]["at_hubspot"], receipt["workspaces"]) == ("skipped", [])

    code, receipt = await revoking.run("--workspace", "user-123", "--organization", world.pair.organization_id)
    assert (code, receipt["pending_consents_erased"]) == (0, 1)
    assert [one["connector_id"] for one in receipt["connectors"]] == [mine[1]]
    assert [one["name"] for one in receipt["workspaces"]] == ["user-123"]
    assert world.refresh_token not in json.dumps(receipt)
    world.clock.advance(30)
    assert (await world.execute(token, mine[1], "contacts", "list")).status == 403
    assert (await world.execute(other, theirs, "contacts", "list")).status == 200

    code, receipt = await revoking.run("--organization", world.pair.organization_id, "--revoke-upstream")
    assert (code, [one["at_hubspot"] for one in receipt["connectors"]]) == (1, ["failed"])  # nobody is at that address
    assert "HubSpot did not confirm" in receipt["failures"][0]
    assert receipt["organization_disabled"] == world.pair.organization_id
    world.clock.advance(30)
    assert (await world.execute(other, theirs, "contacts", "list")).status == 401

    code, receipt = await revoking.run("--organization", world.pair.organization_id)
    assert (code, receipt["connectors"]) == (0, [])


async def test_a_revocation_of_nothing_is_refused(world: World, operator: Operator, tmp_path: Path) -> None:
    await world.scoped_token("twice")
    beta = pair_of(await operator.get("org", "create", "--name", "Beta"))
    token = await world.application_token(beta)
    body = {"workspace_name": "twice"}
    minted = await world.client.post("/api/v1/account/applications/scoped-token", body, token=token)
    assert minted.status == 200
    file = ("--receipt", str(tmp_path / "twice.json"))
    done = await operator.run("revoke", "--workspace", "twice", *file)
    assert (done.code, "Several organizations have a workspace twice" in done.said) == (2, True)
    for named in ("--connector", "--workspace", "--organization"):
        done = await operator.run("revoke", named, "absent", *file)
        assert (done.code, done.said.startswith("There is no ")) == (2, True)
    assert not (tmp_path / "twice.json").exists()  # a receipt would look as if something had been revoked
    assert (await operator.run("revoke")).code == 2
    assert (await operator.run("revoke", "--connector", "a", "--workspace", "b")).code == 2
