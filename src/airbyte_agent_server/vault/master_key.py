"""The master key, which wraps data keys: from the environment, or from a key file made at first start."""

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from airbyte_agent_server.ports import IdSource
from airbyte_agent_server.vault.cipher import KEY_BYTES, NONCE_BYTES, decrypt, encrypt

FILE_NAME = "master.key"
_ID_LENGTH = 16


class MasterKeyError(Exception):
    """The server must not start with this master key; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """Wraps data keys. `id` is derived from the key and says nothing about it; `origin` is for messages."""

    id: str
    origin: str
    _key: bytes = field(repr=False)

    def wrap(self, data_key: bytes, *, identity: bytes, nonce: bytes) -> bytes:
        """`data_key`, safe to store."""
        return encrypt(self._key, data_key, identity=identity, nonce=nonce)

    def unwrap(self, wrapped: bytes, *, identity: bytes) -> bytes:
        """The data key. Raises `SealBrokenError` when another master key wrapped it."""
        return decrypt(self._key, wrapped, identity=identity)


def read_master_key(given: SecretStr | None, data_dir: Path, *, ids: IdSource, fresh: bool) -> MasterKey:
    """The given key, else the one in the key file, which is made if `fresh`: if nothing is sealed yet.

    Raises:
        MasterKeyError: there is no key for a database that needs one, or it is not 32 bytes in base64.
    """
    if given is not None:
        return _master_key(given.get_secret_value(), "AGENT_SERVER_MASTER_KEY")
    path = data_dir / FILE_NAME
    if not path.exists():
        if not fresh:
            raise MasterKeyError(
                f"The database holds sealed secrets, but there is no master key: {path} is missing and "
                "AGENT_SERVER_MASTER_KEY is not set. Bring back the key the database was first started with."
            )
        _write_key_file(path, ids.random_bytes(KEY_BYTES))
    return _master_key(path.read_text(encoding="ascii").strip(), str(path))


def _master_key(text: str, origin: str) -> MasterKey:
    try:
        key = base64.b64decode(text, altchars=b"-_" if "-" in text or "_" in text else None, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise MasterKeyError(
            f"The master key in {origin} is not {KEY_BYTES} bytes in base64. "
            "Make one with: python -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())'"
        )
    return MasterKey(hashlib.blake2b(b"id", key=key).hexdigest()[:_ID_LENGTH], origin, key)


def _write_key_file(path: Path, key: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return  # another process starting on the same directory was faster; its key counts
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(key) + b"\n")


def new_nonce(ids: IdSource) -> bytes:
    """A fresh random nonce."""
    return ids.random_bytes(NONCE_BYTES)
