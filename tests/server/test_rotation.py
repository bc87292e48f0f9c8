"""Keys change while the server serves."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace as changed
from typing import Any

import boto3
import pytest
from moto import mock_aws
from pydantic import SecretStr
from sqlalchemy import LargeBinary, select, update

from airbyte_agent_server.app import Server, build_server
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import (
    credentials,
    data_keys,
    idempotency_keys,
    metadata,
    oauth_grants,
)
from airbyte_agent_server.db.types import Sealed, identity_of
from airbyte_agent_server.ports import SealBrokenError
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.settings import Settings
from airbyte_agent_server.vault.data_keys import SERVER
from airbyte_agent_server.vault.key_ring import FILE_NAME, drop_other_keys, push_key
from airbyte_agent_server.vault.kms import KmsMasterKey, connect_kms
from airbyte_agent_server.vault.master_key import DataKeyName, MasterKeyError
from airbyte_agent_server.vault.rotation import GRACE_S, KeyRotation, sealed_columns
from server.world import CONNECTORS, Answer, Client, CountingIds, World


def rotation_of(server: Server) -> KeyRotation:
    core = server.core
    return KeyRotation(core.database, core.sealer, clock=core.clock)


async def rows_of(database: Database, *columns: Any) -> list[Any]:
    async with database.read() as connection:
        return list((await connection.execute(select(*columns))).all())


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Those of a server that is patient: the clock of these tests runs fast."""
    return settings.model_copy(update={"execute_deadline_s": 290, "audit_params": "full"})


@pytest.fixture
async def second(world: World) -> AsyncIterator[World]:
    """Another process on the same database."""
    core = world.server.core
    server = build_server(world.settings, clock=core.clock, ids=core.ids, upstream=world.hubspot)
    await server.start()
    yield changed(world, server=server, client=Client(server.app))
    await server.stop()


def test_every_column_of_bytes_is_sealed_anew_or_no_envelope() -> None:
    binary = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary) and not isinstance(column.type, Sealed)
    }
    assert binary == {"data_keys.wrapped"}, (
        "a column of envelopes has the type Sealed, with the identity they are bound to"
    )
    for table, column in sealed_columns():
        assert len(table.primary_key.columns) == 1
        assert identity_of(column, **dict.fromkeys(table.columns.keys(), "x"))
    with pytest.raises(TypeError):
        identity_of(data_keys.c.wrapped)


@pytest.mark.requirement("key-rotation")
async def test_all_keys_rotate_under_load_on_two_processes_without_a_failed_request(
    world: World, second: World
) -> None:
    token = await world.scoped_token()
    connectors = [await world.create_connector(token) for _ in range(3)]
    file = world.settings.data_dir / FILE_NAME
    before = file.read_text()
    stop = asyncio.Event()
    answers = list[Answer]()
    rounds = [0] * 4

    async def traffic(side: World, number: int) -> None:
        while not stop.is_set():
            rounds[number] += 1
            world.clock.advance(3)  # caches age while it goes on, and HubSpot's limits are kept
            token = await side.scoped_token()
            call = (connectors[number % 3], f"{number}-{len(answers)}", "contacts", "list", {"limit": 1})
            answers.append(await side.execute_keyed(token, *call))
            mine = await side.create_connector(token)
            answers.append(await side.execute(token, mine, "contacts", "list", {"limit": 1}))
            answers.append(await side.client.delete(f"{CONNECTORS}/{mine}", token=token))

    async def pass_grace() -> None:
        world.clock.advance(GRACE_S)
        begun = list(rounds)
        while any(now < then + 2 for now, then in zip(rounds, begun, strict=True)):  # noqa: ASYNC110  # in one loop
            await asyncio.sleep(0)  # what was under way has ended: no request takes as long as the grace

    async def rotate() -> None:
        rotation = rotation_of(world.server)
        for _ in range(2):
            push_key(file, world.server.core.ids)
            await rotation.rewrap()
            await rotation.renew_data_keys()
            assert (await rotation.reseal()).broken == ()
            await pass_grace()
            assert (await rotation.reseal()).broken == ()
            await rotation.destroy_retired()
        stop.set()

    await asyncio.gather(rotate(), *(traffic(side, number) for number, side in enumerate([world, second] * 2)))
    assert [answer.body for answer in answers if answer.status != 200] == []
    assert len(answers) > 8
    rotation = rotation_of(world.server)
    await rotation.rewrap()
    drop_other_keys(file)
    assert file.read_text() != before
    assert len(file.read_text().split()) == 1
    world.server.core.secrets.forget(connectors[0])
    assert (await world.execute(token, connectors[0], "contacts", "list")).status == 200
    again = build_server(world.settings, clock=world.clock, ids=CountingIds(), upstream=world.hubspot)
    await again.start()
    assert (
        await changed(world, client=Client(again.app)).execute(token, connectors[1], "contacts", "list")
    ).status == 200
    await again.stop()


async def test_whatever_is_sealed_is_sealed_anew_and_opens(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    written = {"properties": {"email": "ada@example.com"}}
    first = await world.execute_keyed(token, connector_id, "k1", "contacts", "create", written)
    body = {"external_user_id": "user-123", "connector_type": "HubSpot", "redirect_url": "http://127.0.0.1:1/cb"}
    started = await world.client.post(f"{CONNECTORS}/oauth/initiate", body, token=token)
    callback = await world.consent(started.json["consent_url"])
    back = await world.client.get(callback)
    secret_id = back.headers["location"].partition("secret_id=")[2].partition("&")[0]
    core, rotation = world.server.core, rotation_of(world.server)
    application = await world.application_token()
    [recorded] = (await world.client.get("/api/v1/tool-calls", token=application)).json["data"]
    old = {row.id for row in await rows_of(core.database, data_keys.c.id)}
    assert await rotation.used() == old

    assert await rotation.renew_data_keys() == 2
    resealed = await rotation.reseal()
    assert (resealed.rows, resealed.broken) == (5, ())
    call = await world.client.get(f"/api/v1/tool-calls/{recorded['id']}", token=application)
    assert call.json["params"] == written
    assert (await rotation.check()).rows == 5
    for column in (credentials.c.sealed, oauth_grants.c.sealed, idempotency_keys.c.sealed):
        assert (await rows_of(core.database, column))[0][0]
    assert not await rotation.used() & old
    assert (await rotation.reseal()).rows == 0
    assert await rotation.destroy_retired() == 0  # other processes may not know yet
    world.clock.advance(GRACE_S)
    assert await rotation.destroy_retired() == 1  # the server's first key stays: it is the key of keyed hashes

    replayed = await world.execute_keyed(token, connector_id, "k1", "contacts", "create", written)
    assert (replayed.body, replayed.headers["idempotency-replayed"]) == (first.body, "true")
    created = {"connector_type": "HubSpot", "server_side_oauth_secret_id": secret_id}
    assert (await world.client.post(CONNECTORS, created, token=token)).status == 200
    assert (await world.execute(token, connector_id, "contacts", "list")).status == 200


async def test_a_rotation_that_was_cut_short_goes_on_when_it_is_repeated(world: World, second: World) -> None:
    token = await world.scoped_token()
    good, bad, alien = [await world.create_connector(token) for _ in range(3)]
    await rotation_of(world.server).renew_data_keys()  # and then it was killed
    core = second.server.core

    async def store(connector_id: str, envelope: bytes) -> None:
        own = credentials.c.connector_id == connector_id
        async with core.database.write() as connection:
            await connection.execute(update(credentials).where(own).values(sealed=envelope))

    stored = {row.connector_id: bytes(row.sealed) for row in await rows_of(core.database, credentials)}
    await store(bad, stored[good])
    await store(alien, b"not an envelope")
    resumed = rotation_of(second.server)
    await resumed.renew_data_keys()
    assert (await resumed.reseal()).broken == (f"credentials/{bad}",)
    world.clock.advance(GRACE_S)
    await resumed.destroy_retired()
    assert stored[bad][1:17] in {uuid.UUID(row.id).bytes for row in await rows_of(core.database, data_keys.c.id)}
    assert (await world.execute(token, good, "contacts", "list")).status == 200


async def test_a_late_seal_under_a_retired_key_keeps_the_key_until_it_is_found(world: World, second: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    await second.create_connector(token)  # it knows the key
    rotation = rotation_of(world.server)
    await rotation.renew_data_keys()
    await rotation.reseal()
    late = await second.create_connector(token)
    world.clock.advance(GRACE_S)
    await rotation.destroy_retired()
    assert (await rotation.reseal()).rows == 1
    assert await rotation.destroy_retired() >= 1
    for one in (connector_id, late):
        assert (await second.execute(token, one, "contacts", "list")).status == 200


async def test_two_rotations_at_once_do_no_harm(world: World, second: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)

    async def rotate(side: World) -> None:
        rotation = rotation_of(side.server)
        await rotation.renew_data_keys()
        assert (await rotation.reseal()).broken == ()

    await asyncio.gather(rotate(world), rotate(second))
    assert (await world.execute(token, connector_id, "contacts", "list")).status == 200


async def test_a_shredded_workspace_is_worthless_and_gets_no_other_key(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    other = await world.scoped_token("other")
    other_id = await world.create_connector(other)
    core = world.server.core
    await rotation_of(world.server).renew_data_keys()
    [workspace_id] = {
        row.workspace_id for row in await rows_of(core.database, credentials) if row.connector_id == connector_id
    }
    stored = await rows_of(core.database, credentials)
    wrapped = [bytes(row.wrapped) for row in await rows_of(core.database, data_keys) if row.owner == workspace_id]
    assert len(wrapped) == 2
    kept = next(bytes(row.sealed) for row in stored if row.connector_id == connector_id)
    application = await world.application_token()
    assert (await world.client.delete(f"/api/v1/workspaces/{workspace_id}", token=application)).status == 200
    world.clock.advance(20)
    with pytest.raises(SealBrokenError):
        await core.sealer.open(kept, identity=f"connector:{workspace_id}:{connector_id}")
    with pytest.raises(ProblemError) as caught:
        await core.sealer.seal(b"x", owner=workspace_id, identity="i")
    assert caught.value.type.code == "workspace_inactive"
    left = [row for row in await rows_of(core.database, data_keys) if row.owner == workspace_id]
    assert [(row.wrapped, row.destroyed_at is not None) for row in left] == [(None, True)]
    assert (await world.execute(other, other_id, "contacts", "list")).status == 200
    if core.database.engine.dialect.name == "sqlite":
        files = b"".join(file.read_bytes() for file in world.settings.data_dir.parent.glob("server.db*"))
        assert not any(key in files for key in wrapped)
    async with core.database.write() as connection:
        await core.sealer.shred(connection, "never-sealed-anything")
    with pytest.raises(ProblemError):
        await core.sealer.seal(b"x", owner="never-sealed-anything", identity="i")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A simulated AWS account with one key, under an alias."""
    for name, value in {
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "made-up",
        "AWS_SECRET_ACCESS_KEY": "made-up",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        client = boto3.client("kms", region_name="eu-central-1")
        key = client.create_key()["KeyMetadata"]["KeyId"]
        client.create_alias(AliasName="alias/agents", TargetKeyId=key)
        yield client


@pytest.mark.usefixtures("aws")
async def test_the_master_key_can_move_into_kms(settings: Settings, world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    file = settings.data_dir / FILE_NAME
    in_kms = settings.model_copy(
        update={"master_key": SecretStr("kms:alias/agents"), "other_master_keys": (SecretStr(f"file:{file}"),)}
    )
    server = build_server(in_kms, clock=world.clock, ids=CountingIds(), upstream=world.hubspot)
    await server.start()
    assert server.core.sealer.keys.ring.current.origin.startswith("AWS KMS, arn:aws:kms:eu-central-1:")
    assert await rotation_of(server).rewrap() == 2
    await server.stop()
    file.unlink()

    alone = in_kms.model_copy(update={"other_master_keys": ()})
    server = build_server(alone, clock=world.clock, ids=CountingIds(), upstream=world.hubspot)
    await server.start()
    moved = changed(world, server=server, client=Client(server.app))
    assert (await moved.execute(token, connector_id, "contacts", "list")).status == 200

    # What KMS sees of a data key is bound to its name: moved to another owner, it does not open.
    async with server.core.database.write() as connection:
        await connection.execute(update(data_keys).where(data_keys.c.owner != SERVER).values(owner="another"))
    world.clock.advance(3600)
    token = await world.scoped_token()
    assert (await moved.execute(token, connector_id, "contacts", "list")).status == 500
    await server.stop()


async def test_a_kms_that_does_not_give_the_key_keeps_the_server_from_starting(settings: Settings, aws: Any) -> None:
    async def start(reference: str) -> str:
        server = build_server(settings.model_copy(update={"master_key": SecretStr(reference)}))
        try:
            await server.start()
        except (MasterKeyError, ProblemError) as error:
            return str(error)
        finally:
            await server.stop()
        return "started"

    assert "does not give the master key alias/absent" in await start("kms:alias/absent")
    assert await start("kms:alias/agents") == "started"
    key = aws.describe_key(KeyId="alias/agents")["KeyMetadata"]["KeyId"]
    aws.disable_key(KeyId=key)
    assert "is Disabled: enable it" in await start("kms:alias/agents")


async def test_a_kms_that_refuses_while_the_server_serves_is_an_outage(aws: Any) -> None:
    master = await connect_kms("alias/agents")
    name = DataKeyName("1", "w")
    wrapped = await master.wrap(b"k" * 32, name=name)
    assert await master.unwrap(wrapped, name=name) == b"k" * 32
    with pytest.raises(SealBrokenError):
        await master.unwrap(wrapped, name=DataKeyName("1", "v"))
    for arn in (f"{master.arn}0", ""):  # refused by KMS; cannot be sent at all
        with pytest.raises(ProblemError) as caught:
            await KmsMasterKey(arn, aws).wrap(b"k" * 32, name=name)
        assert caught.value.type.code == "unavailable"


async def test_a_data_key_under_an_unknown_master_key_keeps_the_server_from_starting(
    settings: Settings, world: World
) -> None:
    await world.create_connector(await world.scoped_token())
    async with world.server.core.database.write() as connection:
        await connection.execute(update(data_keys).where(data_keys.c.owner != SERVER).values(master_key_id="0123"))
    again = build_server(settings, clock=world.clock, ids=CountingIds())
    with pytest.raises(MasterKeyError) as caught:
        await again.start()
    assert "wrapped by 0123. Start with that key" in str(caught.value)
    await again.stop()
