"""The encrypted token file: who can open it, what spoils it, and what writing it leaves behind."""

from __future__ import annotations

import base64
import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from airbyte_agent_hubspot.errors import ConfigurationError, UnavailableError
from airbyte_agent_hubspot.models import StoredGrant, TokenGrant
from airbyte_agent_hubspot.token_store import EncryptedTokenFile, _private_file, keep_grant, origin_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GRANT = TokenGrant("s3cret-access", "s3cret-refresh", 2_800.0, 24681012, ("oauth", "tickets"))
STORED = StoredGrant(GRANT, "app-1", 7, origin_of("s3cret-first"))
KEY = base64.b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.urlsafe_b64encode(b"\xfb" * 32).decode()


@pytest.fixture(autouse=True)
def _no_key_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUBSPOT_TOKEN_KEY", raising=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "hubspot.token"


async def save(file: EncryptedTokenFile, stored: StoredGrant = STORED) -> None:
    async with file.exclusive():
        await file.save(stored)


def modes(path: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}


def mode_of_directory(path: Path) -> int:
    return path.parent.stat().st_mode & 0o777


def change(path: Path, spoil: Callable[[bytes], bytes]) -> None:
    path.write_bytes(spoil(path.read_bytes()))


def chmod(path: Path, mode: int) -> None:
    path.chmod(mode)


def content(path: Path) -> bytes:
    return path.read_bytes()


@pytest.mark.requirement("token-file")
async def test_what_was_saved_is_loaded_by_another_with_the_key_that_was_made_for_it(path: Path) -> None:
    assert await EncryptedTokenFile(path).load() is None
    await save(EncryptedTokenFile(path))
    assert await EncryptedTokenFile(path).load() == STORED
    assert modes(path) == {"hubspot.token": 0o600, "hubspot.token.key": 0o600, "hubspot.token.lock": 0o600}
    assert mode_of_directory(path) == 0o700


@pytest.mark.requirement("token-file")
async def test_neither_the_file_nor_a_repr_tells_a_secret(path: Path) -> None:
    await save(EncryptedTokenFile(path, key=KEY))
    shown = json.loads(content(path))
    assert {name: shown[name] for name in ("format", "client_id")} == {
        "format": "hubspot-token-file/1",
        "client_id": "app-1",
    }
    everything = content(path).decode() + repr(EncryptedTokenFile(path, key=KEY)) + repr(STORED)
    assert [
        secret for secret in ("s3cret", KEY, "tickets") if secret in everything.replace("('oauth', 'tickets')", "")
    ] == []
    assert modes(path) == {"hubspot.token": 0o600, "hubspot.token.lock": 0o600}


@pytest.mark.requirement("token-file")
async def test_saving_twice_never_gives_the_same_bytes(path: Path) -> None:
    file = EncryptedTokenFile(path, key=KEY)
    await save(file)
    first = content(path)
    await save(file)
    assert content(path) != first


async def test_a_key_is_taken_from_the_argument_first_then_from_the_variable(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUBSPOT_TOKEN_KEY", OTHER_KEY)
    await save(EncryptedTokenFile(path))
    assert await EncryptedTokenFile(path, key=b"\xfb" * 32).load() == STORED
    with pytest.raises(ConfigurationError) as caught:
        await EncryptedTokenFile(path, key=KEY).load()
    assert caught.value.code == "token_file_key"


@pytest.mark.parametrize("key", ["", "too short", "not base64!", base64.b64encode(b"x" * 31).decode(), b"x" * 31])
def test_what_is_no_key_is_refused_at_once(key: str | bytes) -> None:
    with pytest.raises(ConfigurationError) as caught:
        EncryptedTokenFile("hubspot.token", key=key)
    assert caught.value.code == "token_file_key"


@pytest.mark.requirement("token-file")
async def test_a_file_whose_key_is_lost_says_so(path: Path) -> None:
    await save(EncryptedTokenFile(path))
    path.with_name("hubspot.token.key").unlink()
    with pytest.raises(ConfigurationError) as caught:
        await EncryptedTokenFile(path).load()
    assert caught.value.code == "token_file_key"


def of_another_app(content: bytes) -> bytes:
    return content.replace(b"app-1", b"app-2")


def with_another_nonce(content: bytes) -> bytes:
    return json.dumps({**json.loads(content), "nonce": base64.b64encode(b"x" * 12).decode()}).encode()


def with_no_nonce(content: bytes) -> bytes:
    return json.dumps({**json.loads(content), "nonce": ""}).encode()


def cut_off(content: bytes) -> bytes:
    return content[:-20]


@pytest.mark.requirement("token-file")
@pytest.mark.parametrize("spoil", [of_another_app, with_another_nonce, with_no_nonce, cut_off, lambda _: b""])
async def test_a_changed_file_is_refused(path: Path, spoil: Callable[[bytes], bytes]) -> None:
    file = EncryptedTokenFile(path, key=KEY)
    await save(file)
    change(path, spoil)
    with pytest.raises(ConfigurationError) as caught:
        await file.load()
    assert caught.value.code == "token_file_broken"


@pytest.mark.requirement("token-file")
@pytest.mark.parametrize("name", ["hubspot.token", "hubspot.token.key"])
async def test_a_file_that_others_may_read_is_refused(path: Path, name: str) -> None:
    await save(EncryptedTokenFile(path))
    chmod(path.with_name(name), 0o640)
    with pytest.raises(ConfigurationError) as caught:
        await EncryptedTokenFile(path).load()
    assert caught.value.code == "token_file_permissions"


async def test_where_modes_say_nothing_they_are_not_looked_at(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_private_file, "_POSIX", False)
    await save(EncryptedTokenFile(path))
    chmod(path, 0o644)
    assert await EncryptedTokenFile(path).load() == STORED


@pytest.mark.requirement("token-file")
async def test_a_write_that_fails_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = EncryptedTokenFile(path, key=KEY)
    await save(file)

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ConfigurationError) as caught:
        await save(file, StoredGrant(TokenGrant("a", "r", 1.0), "app-1", 8, "o"))
    assert caught.value.code == "token_file_unusable"
    assert await file.load() == STORED
    assert sorted(modes(path)) == ["hubspot.token", "hubspot.token.lock"]


async def test_what_is_no_file_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await EncryptedTokenFile(tmp_path).load()
    assert caught.value.code == "token_file_unusable"


async def test_a_place_below_a_file_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError) as caught:
        await save(EncryptedTokenFile(tmp_path / "file" / "hubspot.token"))
    assert caught.value.code == "token_file_unusable"


async def test_a_lock_that_is_no_file_cannot_be_used(path: Path) -> None:
    path.with_name("hubspot.token.lock").mkdir(parents=True)
    with pytest.raises(ConfigurationError) as caught:
        await save(EncryptedTokenFile(path))
    assert caught.value.code == "token_file_unusable"


async def test_waiting_for_another_ends(path: Path) -> None:
    async with EncryptedTokenFile(path).exclusive():
        with pytest.raises(UnavailableError):
            await save(EncryptedTokenFile(path, wait_s=5))
    await save(EncryptedTokenFile(path, wait_s=5))


async def test_a_deleted_file_leaves_nothing_to_open(path: Path) -> None:
    file = EncryptedTokenFile(path)
    await save(file)
    await file.delete()
    assert sorted(modes(path)) == ["hubspot.token.lock"]
    assert await file.load() is None


@pytest.mark.parametrize("module", ["cryptography.hazmat.primitives.ciphers.aead", "filelock"])
async def test_a_missing_library_names_the_extra(path: Path, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigurationError) as caught:
        await save(EncryptedTokenFile(path, key=KEY))
    assert caught.value.code == "missing_extra"
    assert "pip install 'airbyte-agent-hubspot[token-file]'" in caught.value.message


async def test_a_new_login_takes_the_place_of_the_grant_before(path: Path) -> None:
    file = EncryptedTokenFile(path)
    for generation, grant in enumerate([GRANT, TokenGrant("a", "s3cret-second", 1.0)], start=1):
        await keep_grant(file, grant, client_id="app-1")
        assert await file.load() == StoredGrant(grant, "app-1", generation, origin_of(grant.refresh_token))
