"""Master keys, which wrap data keys: what the vault asks of one, and the kind whose bytes this process holds."""

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from typing import Protocol

from airbyte_agent_server.ports import IdSource
from airbyte_agent_server.vault.cipher import KEY_BYTES, NONCE_BYTES, decrypt, encrypt

_ID_LENGTH = 16


class MasterKeyError(Exception):
    """The server must not start with this master key; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class DataKeyName:
    """Which data key it is, and whose: a wrapped data key opens under this name only."""

    id: str
    owner: str

    def encode(self) -> bytes:
        """The name as associated data."""
        return f"data-key:{self.id}:{self.owner}".encode()


class MasterKey(Protocol):
    """Wraps data keys. `id` says nothing about the key; `origin` is for messages."""

    @property
    def id(self) -> str:
        """16 characters that no other master key has."""
        ...

    @property
    def origin(self) -> str:
        """Where the key comes from, in words."""
        ...

    async def wrap(self, data_key: bytes, *, name: DataKeyName) -> bytes:
        """`data_key`, safe to store. Raises `ProblemError` when the key's keeper does not answer."""
        ...

    async def unwrap(self, wrapped: bytes, *, name: DataKeyName) -> bytes:
        """The data key. Raises `SealBrokenError` when another master key, or another name, wrapped it."""
        ...


@dataclass(frozen=True, slots=True)
class LocalMasterKey:
    """A master key in this process's memory."""

    id: str
    origin: str
    _key: bytes = field(repr=False)
    _ids: IdSource = field(repr=False, compare=False)

    async def wrap(self, data_key: bytes, *, name: DataKeyName) -> bytes:
        """`data_key`, safe to store."""
        return encrypt(self._key, data_key, identity=name.encode(), nonce=new_nonce(self._ids))

    async def unwrap(self, wrapped: bytes, *, name: DataKeyName) -> bytes:
        """The data key."""
        return decrypt(self._key, wrapped, identity=name.encode())


def read_local_key(text: str, origin: str, ids: IdSource) -> LocalMasterKey:
    """The master key that is written as 32 bytes in base64.

    Raises:
        MasterKeyError: it is not; the text is not shown.
    """
    try:
        key = base64.b64decode(text, altchars=b"-_" if "-" in text or "_" in text else None, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise MasterKeyError(
            f"The master key in {origin} is not {KEY_BYTES} bytes in base64. "
            "Make one with: python -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())'"
        )
    return LocalMasterKey(hashlib.blake2b(b"id", key=key).hexdigest()[:_ID_LENGTH], origin, key, ids)


def new_local_key(ids: IdSource) -> str:
    """A fresh master key, as it is written."""
    return base64.b64encode(ids.random_bytes(KEY_BYTES)).decode()


def new_nonce(ids: IdSource) -> bytes:
    """A fresh random nonce."""
    return ids.random_bytes(NONCE_BYTES)
