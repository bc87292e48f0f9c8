import asyncio
import base64
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import select, update

from airbyte_agent_server.app import build_server
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.schema import migrate
from airbyte_agent_server.db.tables import credentials, data_keys, signing_keys
from airbyte_agent_server.ports import RandomIds, SealBrokenError
from airbyte_agent_server.settings import Settings
from airbyte_agent_server.vault.cipher import KEY_BYTES, NONCE_BYTES, decrypt, encrypt
from airbyte_agent_server.vault.key_ring import FILE_NAME, KeyRing, KeyRingSource
from airbyte_agent_server.vault.master_key import MasterKeyError
from airbyte_agent_server.vault.sealer import EnvelopeSealer
from airbyte_agent_server.vault.secrets import OAuthSecret, PrivateAppSecret
from server.world import CONNECTORS, CountingIds, TestClock, World

KEYS = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)
NONCES = st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES)
GIVEN_KEY = SecretStr(base64.b64encode(b"k" * 32).decode())


@given(KEYS, NONCES, st.binary(), st.binary())
def test_what_was_sealed_opens_with_the_same_key_and_identity(
    key: bytes, nonce: bytes, plaintext: bytes, identity: bytes
) -> None:
    sealed = encrypt(key, plaintext, identity=identity, nonce=nonce)
    assert decrypt(key, sealed, identity=identity) == plaintext


@given(KEYS, NONCES, st.binary(), st.data())
def test_an_altered_byte_breaks_the_seal(key: bytes, nonce: bytes, plaintext: bytes, data: st.DataObject) -> None:
    sealed = bytearray(encrypt(key, plaintext, identity=b"a", nonce=nonce))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealBrokenError):
        decrypt(key, bytes(sealed), identity=b"a")


@given(KEYS, NONCES, st.binary())
def test_another_key_or_identity_does_not_open(key: bytes, nonce: bytes, plaintext: bytes) -> None:
    sealed = encrypt(key, plaintext, identity=b"a", nonce=nonce)
    other = bytes([key[0] ^ 1]) + key[1:]
    for broken_key, identity in ((other, b"a"), (key, b"b")):
        with pytest.raises(SealBrokenError):
            decrypt(broken_key, sealed, identity=identity)
    with pytest.raises(SealBrokenError):
        decrypt(key, sealed[:10], identity=b"a")


async def unlocked(
    database: Database, clock: TestClock, ids: CountingIds, key: SecretStr = GIVEN_KEY
) -> EnvelopeSealer:
    await migrate(database)
    sealer = EnvelopeSealer(database, KeyRingSource(key, (), Path("/nowhere"), ids).read, clock=clock, ids=ids)
    await sealer.unlock()
    return sealer


async def test_an_envelope_opens_after_a_restart_and_only_as_the_record_it_belongs_to(
    database: Database, clock: TestClock, ids: CountingIds
) -> None:
    sealer = await unlocked(database, clock, ids)
    envelope = await sealer.seal(b"made-up", owner="w1", identity="connector:w1:c1")
    again = await unlocked(database, clock, ids)
    assert await again.open(envelope, identity="connector:w1:c1") == b"made-up"
    with pytest.raises(SealBrokenError):
        await again.open(envelope, identity="connector:w1:c2")
    with pytest.raises(SealBrokenError):
        await again.open(b"\x02" + envelope[1:], identity="connector:w1:c1")
    with pytest.raises(SealBrokenError):
        await again.open(b"", identity="connector:w1:c1")


async def test_each_owner_has_one_data_key_even_when_it_is_made_by_many_at_once(
    database: Database, clock: TestClock, ids: CountingIds
) -> None:
    sealers = [await unlocked(database, clock, ids) for _ in range(3)]
    envelopes = await asyncio.gather(*(sealer.seal(b"x", owner="w1", identity="i") for sealer in sealers))
    assert len({envelope[1:17] for envelope in envelopes}) == 1
    for sealer in sealers:
        assert [await sealer.open(envelope, identity="i") for envelope in envelopes] == [b"x"] * 3


async def test_a_destroyed_data_key_takes_its_envelopes_with_it(
    database: Database, clock: TestClock, ids: CountingIds
) -> None:
    envelope = await (await unlocked(database, clock, ids)).seal(b"x", owner="w1", identity="i")
    async with database.write() as connection:
        await connection.execute(data_keys.delete().where(data_keys.c.owner == "w1"))
    with pytest.raises(SealBrokenError):
        await (await unlocked(database, clock, ids)).open(envelope, identity="i")


async def test_memory_holds_a_bounded_number_of_data_keys(
    database: Database, clock: TestClock, ids: CountingIds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airbyte_agent_server.vault.data_keys._CACHED_KEYS", 2)
    sealer = await unlocked(database, clock, ids)
    envelopes = [await sealer.seal(b"x", owner=f"w{number}", identity="i") for number in range(4)]
    assert [await sealer.open(envelope, identity="i") for envelope in envelopes] == [b"x"] * 4
    assert len(sealer.keyed_hash("grant", "x")) == 64


async def test_a_locked_vault_opens_nothing(database: Database, clock: TestClock, ids: CountingIds) -> None:
    await migrate(database)
    sealer = EnvelopeSealer(database, KeyRingSource(GIVEN_KEY, (), Path(), ids).read, clock=clock, ids=ids)
    with pytest.raises(SealBrokenError):
        await sealer.seal(b"x", owner="w1", identity="i")
    with pytest.raises(SealBrokenError):
        sealer.keyed_hash("grant", "x")


async def test_another_master_key_keeps_the_server_from_starting(
    settings: Settings, clock: TestClock, ids: CountingIds
) -> None:
    first = build_server(settings.model_copy(update={"master_key": GIVEN_KEY}), clock=clock, ids=ids)
    await first.start()
    await first.start()
    await first.stop()
    other = SecretStr(base64.urlsafe_b64encode(b"\xff" * 32).decode())
    second = build_server(settings.model_copy(update={"master_key": other}), clock=clock, ids=ids)
    with pytest.raises(MasterKeyError) as caught:
        await second.start()
    assert "does not open this database" in str(caught.value)
    await second.stop()


async def test_servers_that_start_together_on_one_database_sign_with_one_key(
    settings: Settings, clock: TestClock, ids: CountingIds
) -> None:
    servers = [build_server(settings, clock=clock, ids=ids) for _ in range(3)]
    await asyncio.gather(*(server.start() for server in servers))
    published = [server.core.keys.public_keys() for server in servers]
    assert published == [published[0]] * 3
    assert len(published[0]) == 1
    for server in servers:
        await server.stop()


async def test_a_lost_key_file_is_not_replaced_while_the_database_holds_secrets(
    settings: Settings, clock: TestClock
) -> None:
    server = build_server(settings, clock=clock, ids=RandomIds())
    await server.start()
    await server.stop()
    path = settings.data_dir / FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.unlink()
    again = build_server(settings, clock=clock, ids=RandomIds())
    with pytest.raises(MasterKeyError) as caught:
        await again.start()
    assert "Bring back the key" in str(caught.value)
    assert not path.exists()
    await again.stop()


async def ring_of(
    given: SecretStr | None, data_dir: Path, *, others: tuple[str, ...] = (), fresh: bool = True
) -> KeyRing:
    return await KeyRingSource(given, tuple(map(SecretStr, others)), data_dir, RandomIds()).read(fresh)


async def test_the_key_file_of_a_faster_process_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await ring_of(None, tmp_path)
    monkeypatch.setattr(Path, "exists", lambda _path: False)
    second = await ring_of(None, tmp_path)
    assert first == second
    assert (tmp_path / FILE_NAME).read_text(encoding="ascii").strip() not in repr(first)
    assert "_key=" not in repr(first)
    assert os.listdir(tmp_path) == [FILE_NAME]  # noqa: PTH208  # asynchronous tests may not use Path for it


@pytest.mark.parametrize("text", ["short", "not base64 !", base64.b64encode(b"k" * 31).decode()])
async def test_a_master_key_that_is_not_32_bytes_is_refused_without_being_shown(text: str, tmp_path: Path) -> None:
    with pytest.raises(MasterKeyError) as caught:
        await ring_of(SecretStr(text), tmp_path)
    assert text not in str(caught.value)
    (tmp_path / "key").write_text("")
    with pytest.raises(MasterKeyError):
        await ring_of(SecretStr(f"file:{tmp_path}/key"), tmp_path)


async def test_a_key_file_that_is_named_must_be_there_and_be_readable(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyError) as caught:
        await ring_of(SecretStr(f"file:{tmp_path}/absent"), tmp_path)
    assert "absent is missing" in str(caught.value)
    with pytest.raises(MasterKeyError) as caught:
        await ring_of(SecretStr(f"file:{tmp_path}"), tmp_path)
    assert "cannot be read: Is a directory" in str(caught.value)


async def test_a_ring_holds_the_lines_of_files_and_the_other_keys(tmp_path: Path) -> None:
    keys = [base64.b64encode(bytes([number]) * 32).decode() for number in range(4)]
    (tmp_path / "current").write_text(f"{keys[0]}\n{keys[1]}\n")
    (tmp_path / "old").write_text(keys[2])
    ring = await ring_of(
        SecretStr(f"file:{tmp_path}/current"), tmp_path, others=(f"file:{tmp_path}/old", keys[3]), fresh=False
    )
    alone = [(await ring_of(SecretStr(key), tmp_path)).current for key in keys]
    assert [key.id for key in (ring.current, *ring.others)] == [key.id for key in alone]
    assert ring.find(alone[2].id) == ring.others[1]


def test_secrets_do_not_show_themselves() -> None:
    shown = repr(
        [
            OAuthSecret(SecretStr("made-up-1"), "app", SecretStr("made-up-2"), SecretStr("made-up-3")),
            PrivateAppSecret(SecretStr("made-up-4")),
        ]
    )
    assert "made-up" not in shown


async def test_the_database_holds_no_plaintext_and_a_moved_secret_does_not_open(world: World) -> None:
    token = await world.scoped_token()
    first = await world.create_connector(token)
    second = await world.create_connector(token)
    async with world.server.core.database.write() as connection:
        rows = (await connection.execute(select(credentials))).all()
        keys = (await connection.execute(select(signing_keys.c.sealed_private_jwk))).scalars().all()
        stored = b"".join(bytes(row.sealed) for row in rows) + b"".join(keys)
        await connection.execute(
            update(credentials).where(credentials.c.connector_id == first).values(sealed=rows[1].sealed)
        )
    assert world.refresh_token.encode() not in stored
    assert b'"d"' not in stored
    assert {row.connector_id for row in rows} == {first, second}
    answer = await world.execute(token, first, "contacts", "list")
    assert (answer.status, answer.code) == (500, "internal_error")


async def test_a_connector_whose_secret_does_not_open_can_still_be_deleted(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    core = world.server.core
    core.secrets.forget(connector_id)
    async with core.database.write() as connection:
        await connection.execute(update(credentials).values(sealed=b"broken"))
    answer = await world.client.delete(f"{CONNECTORS}/{connector_id}?revoke=true", token=token)
    assert (answer.status, answer.json["upstream_revocation"]) == (200, "skipped")
