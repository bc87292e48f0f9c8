"""A backup is taken while the server serves, and opens anywhere: in the other kind of database, for another key."""

import base64
import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from airbyte_agent_server.app import build_server
from airbyte_agent_server.backups import dump
from airbyte_agent_server.backups.format import kinds_of
from airbyte_agent_server.db.tables import credentials, metadata
from airbyte_agent_server.settings import Settings
from server.operating import Operator
from server.world import CONNECTORS, Client, CountingIds, World

PASSPHRASE = "made-up passphrase"


@pytest.fixture
def passphrase(tmp_path: Path) -> str:
    file = tmp_path / "passphrase"
    file.write_text(f"{PASSPHRASE}\n")
    return str(file)


@pytest.fixture
def fresh(settings: Settings, tmp_path: Path) -> Settings:
    """A machine with nothing on it: SQLite in a data directory, whatever the backup came from."""
    return settings.model_copy(update={"data_dir": tmp_path / "fresh", "database_url": None})


async def executes(world: World, settings: Settings, connector_id: str) -> int:
    """Whether a server with these settings opens its database and calls HubSpot."""
    server = build_server(settings, clock=world.clock, ids=CountingIds(), upstream=world.hubspot)
    await server.start()
    there = changed(world, settings=settings, server=server, client=Client(server.app))
    answer = await there.execute(await there.scoped_token(), connector_id, "contacts", "list")
    await server.stop()
    return answer.status


@pytest.mark.requirement("backup")
async def test_a_backup_restores_on_a_fresh_machine_and_everything_opens(
    world: World, fresh: Settings, tmp_path: Path, passphrase: str
) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    await world.execute_keyed(
        token, connector_id, "k", "contacts", "create", {"properties": {"email": "a@example.com"}}
    )
    gone = await world.scoped_token("gone")
    await world.create_connector(gone)
    file = tmp_path / "backup"
    operator = Operator(world.settings)
    made = await operator.get("backup", str(file), "--passphrase-file", passphrase)
    assert (made["rows"]["credentials"], made["keys"], file.stat().st_mode & 0o777) == (2, True, 0o600)
    text = gzip.decompress(file.read_bytes())
    for secret in (world.refresh_token, (world.settings.data_dir / "master.key").read_text().strip()):
        assert secret.encode() not in text

    restored = await Operator(fresh).get("restore", str(file), "--passphrase-file", passphrase)
    assert restored["rows"] == made["rows"]
    assert (restored["broken"], restored["worthless"]) == ([], 0)
    assert restored["opened"] >= 4
    assert (fresh.data_dir / "master.key").read_text() != (world.settings.data_dir / "master.key").read_text()
    assert await executes(world, fresh, connector_id) == 200
    again = await Operator(fresh).run("restore", str(file), "--passphrase-file", passphrase)
    assert again.code == 2
    assert "The database is not empty: client_secrets, clients" in again.said


async def test_a_backup_of_sqlite_fills_either_database(
    world: World, fresh: Settings, settings: Settings, tmp_path: Path, passphrase: str
) -> None:
    connector_id = await world.create_connector(await world.scoped_token())
    first, second = tmp_path / "first", tmp_path / "second"
    await Operator(settings).get("backup", str(first), "--passphrase-file", passphrase)
    await Operator(fresh).get("restore", str(first), "--passphrase-file", passphrase)
    await Operator(fresh).get("backup", str(second), "--passphrase-file", passphrase)
    assert (await Operator(settings).run("migrate", "--to", "base")).code == 0
    await Operator(settings).get("restore", str(second), "--passphrase-file", passphrase)
    assert await executes(world, settings, connector_id) == 200


async def test_a_backup_without_keys_opens_under_its_master_key_only(
    world: World, fresh: Settings, tmp_path: Path, passphrase: str
) -> None:
    connector_id = await world.create_connector(await world.scoped_token())
    file = tmp_path / "backup"
    asked = await Operator(world.settings).run("backup", str(file))
    assert (asked.code, "no terminal to ask for the passphrase" in asked.said) == (2, True)
    assert not file.exists()
    assert not (await Operator(world.settings).get("backup", str(file), "--without-keys"))["keys"]
    refused = await Operator(fresh).run("restore", str(file), "--passphrase-file", passphrase)
    assert (refused.code, "made without keys" in refused.said) == (2, True)
    refused = await Operator(fresh).run("restore", str(file), "--without-keys")
    assert (refused.code, "there is no master key" in refused.said) == (2, True)
    (fresh.data_dir / "master.key").write_text(base64.b64encode(b"o" * 32).decode())
    refused = await Operator(fresh).run("restore", str(file), "--without-keys")
    assert (refused.code, "data keys are wrapped by" in refused.said) == (2, True)
    assert await Operator(fresh).get("org", "list") == []
    fresh = fresh.model_copy(update={"data_dir": tmp_path / "other"})
    fresh.data_dir.mkdir()
    (fresh.data_dir / "master.key").write_text((world.settings.data_dir / "master.key").read_text())
    assert (await Operator(fresh).get("restore", str(file), "--without-keys"))["broken"] == []
    assert await executes(world, fresh, connector_id) == 200


async def test_a_backup_of_an_older_version_is_brought_forward_and_one_of_a_newer_refused(
    world: World, fresh: Settings, tmp_path: Path, passphrase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connector_id = await world.create_connector(await world.scoped_token())
    old, new = tmp_path / "old", tmp_path / "new"

    def without_disabled(table: Any) -> dict[str, str]:
        return {
            name: kind
            for name, kind in kinds_of(table).items()
            if (table.name, name) != ("organizations", "disabled_at")
        }

    with monkeypatch.context() as patched:
        patched.setattr(dump, "HEAD", "0010")
        patched.setattr(dump, "kinds_of", without_disabled)
        patched.setattr(dump, "select", lambda table: select(*(table.c[name] for name in without_disabled(table))))
        await Operator(world.settings).get("backup", str(old), "--passphrase-file", passphrase)
        patched.setattr(dump, "HEAD", "9999")
        await Operator(world.settings).get("backup", str(new), "--passphrase-file", passphrase)
    await Operator(fresh).get("restore", str(old), "--passphrase-file", passphrase)
    assert await executes(world, fresh, connector_id) == 200
    refused = await Operator(world.settings).run("restore", str(new), "--passphrase-file", passphrase)
    assert (refused.code, "made by a newer server" in refused.said) == (2, True)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda lines: lines[:-1], "cut short or altered: its checksum is wrong"),
        (lambda lines: [*lines[:1], *lines[2:]], "cut short or altered: its checksum is wrong"),
        (lambda lines: [b'{"format":99}\n', *lines[1:]], "not a backup that this version can read"),
        (lambda _lines: [b"[]\n"], "is not a backup"),
        (lambda _lines: [b"nonsense\n"], "is no backup"),
    ],
)
async def test_a_spoilt_backup_is_refused(
    spoil: Callable[[list[bytes]], list[bytes]], words: str, settings: Settings, tmp_path: Path, passphrase: str
) -> None:
    operator, file = Operator(settings), tmp_path / "backup"
    await operator.get("org", "create", "--name", "Acme")
    await operator.get("backup", str(file), "--passphrase-file", passphrase)
    lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
    file.write_bytes(gzip.compress(b"".join(spoil(lines))))
    done = await operator.run("restore", str(file), "--passphrase-file", passphrase)
    assert (done.code, words in done.said) == (2, True), done.said
    file.write_bytes(file.read_bytes()[:-20])
    assert (await operator.run("restore", str(file), "--passphrase-file", passphrase)).code == 2


async def test_a_row_that_was_altered_together_with_the_checksum_is_found_by_the_keys(
    world: World, fresh: Settings, tmp_path: Path, passphrase: str
) -> None:
    await world.create_connector(await world.scoped_token())
    file = tmp_path / "backup"
    await Operator(world.settings).get("backup", str(file), "--passphrase-file", passphrase)
    *lines, last = gzip.decompress(file.read_bytes()).replace(b"Acme", b"Evil").splitlines(keepends=True)
    tail = json.loads(last)
    tail["sha256"] = hashlib.sha256(b"".join(lines)).hexdigest()
    file.write_bytes(gzip.compress(b"".join([*lines, json.dumps(tail).encode()])))
    done = await Operator(fresh).run("restore", str(file), "--passphrase-file", passphrase)
    assert (done.code, done.said) == (2, "The passphrase does not open this backup, or somebody altered it.\n")


async def test_a_backup_overwrites_nothing_and_leaves_no_half_of_itself(
    world: World, tmp_path: Path, passphrase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator, file = Operator(world.settings), tmp_path / "backup"
    file.write_text("precious")
    assert (await operator.run("backup", str(file), "--passphrase-file", passphrase)).code == 2
    assert file.read_text() == "precious"

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("airbyte_agent_server.backups.dump.os.fsync", full)
        done = await operator.run("backup", str(tmp_path / "other"), "--passphrase-file", passphrase)
    assert (done.code, (tmp_path / "other").exists()) == (2, False)
    (tmp_path / "empty").write_text("\n")
    for wrong in ("empty", "absent"):
        done = await operator.run("backup", str(tmp_path / "other"), "--passphrase-file", str(tmp_path / wrong))
        assert done.code == 2
    asked = await operator.run("backup", str(tmp_path / "asked"), text=f"{PASSPHRASE}\n{PASSPHRASE}\n")
    assert asked.code == 0


async def test_a_restore_names_what_does_not_open(
    world: World, fresh: Settings, tmp_path: Path, passphrase: str
) -> None:
    connector_id = await world.create_connector(await world.scoped_token())
    gone = await world.scoped_token("gone")
    gone_id = await world.create_connector(gone)
    core = world.server.core
    async with core.database.write() as connection:
        [workspace_id] = [
            row.workspace_id
            for row in (await connection.execute(credentials.select())).all()
            if row.connector_id == gone_id
        ]
        await core.sealer.shred(connection, workspace_id)
        own = credentials.c.connector_id == connector_id
        envelope = bytes(next(row.sealed for row in await connection.execute(credentials.select().where(own))))
        broken = envelope[:-1] + bytes([envelope[-1] ^ 1])
        await connection.execute(update(credentials).where(own).values(sealed=broken))
    file = tmp_path / "backup"
    await Operator(world.settings).get("backup", str(file), "--passphrase-file", passphrase)
    done = await Operator(fresh).run("restore", str(file), "--passphrase-file", passphrase)
    assert (done.code, done.json["broken"], done.json["worthless"]) == (1, [f"credentials/{connector_id}"], 1)


def test_every_column_has_a_kind() -> None:
    assert {kind for table in metadata.tables.values() for kind in kinds_of(table).values()} == {
        "bytes",
        "instant",
        "bool",
        "int",
        "text",
        "json",
    }
    assert CONNECTORS
