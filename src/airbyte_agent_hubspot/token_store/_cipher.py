"""Seals a grant: AES-256-GCM, bound to the OAuth app it belongs to."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import msgspec

from .._wire import UNREADABLE
from ..errors import ConfigurationError
from ..models.auth import StoredGrant, TokenGrant

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
_FORMAT: Final = "hubspot-token-file/1"


class _Envelope(msgspec.Struct, frozen=True):
    """The file: JSON, so that a person sees what it is."""

    format: str
    client_id: str
    key_id: str
    nonce: bytes
    sealed: bytes


class _Secrets(msgspec.Struct, frozen=True):
    generation: int
    origin: str
    access_token: str
    refresh_token: str
    expires_at_s: float
    hub_id: int | None = None
    scopes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class FileKey:
    """A key, and where it came from, for messages."""

    value: bytes = field(repr=False)
    source: str

    @property
    def id(self) -> str:
        """What tells this key from others, and says nothing about it."""
        return blake2b(b"key id", key=self.value, digest_size=8).hexdigest()

    @property
    def text(self) -> str:
        """The key as people keep it."""
        return b64encode(self.value).decode()


def new_key() -> bytes:
    """A random key."""
    return os.urandom(KEY_BYTES)


def read_key(given: str | bytes, source: str) -> FileKey:
    """The key that was given: its 32 bytes, or their base64.

    Raises:
        ConfigurationError: it is neither.
    """
    value = given if isinstance(given, bytes) else b""
    if isinstance(given, str):
        try:
            value = b64decode(given.strip().replace("-", "+").replace("_", "/"), validate=True)
        except ValueError:
            value = b""
    if len(value) != KEY_BYTES:
        raise ConfigurationError(
            f"The key of the token file, from {source}, is not {KEY_BYTES} bytes in base64. Make one with: "
            "python -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())'",
            code="token_file_key",
        )
    return FileKey(value, source)


def seal(stored: StoredGrant, key: FileKey) -> bytes:
    """The file's content for a grant. Never twice the same."""
    nonce = os.urandom(NONCE_BYTES)
    grant = stored.grant
    secrets = _Secrets(
        stored.generation,
        stored.origin,
        grant.access_token,
        grant.refresh_token,
        grant.expires_at_s,
        grant.hub_id,
        grant.scopes,
    )
    sealed = _cipher(key).encrypt(nonce, msgspec.json.encode(secrets), _bound_to(stored.client_id))
    return msgspec.json.encode(_Envelope(_FORMAT, stored.client_id, key.id, nonce, sealed))


def open_sealed(content: bytes, key: FileKey, *, where: str) -> StoredGrant:
    """The grant in a file's content.

    Raises:
        ConfigurationError: another key sealed it, or it is not what `seal` gave.
    """
    try:
        envelope = msgspec.json.decode(content, type=_Envelope)
    except UNREADABLE as error:
        raise _broken(where) from error
    if envelope.key_id != key.id:
        raise ConfigurationError(
            f"The token file {where} was sealed with another key than the one from {key.source}. "
            "Bring back that key, or delete the file and connect the account again.",
            code="token_file_key",
        )
    secrets = _opened(envelope, key, where)
    grant = TokenGrant(
        secrets.access_token, secrets.refresh_token, secrets.expires_at_s, secrets.hub_id, secrets.scopes
    )
    return StoredGrant(grant, envelope.client_id, secrets.generation, secrets.origin)


def _opened(envelope: _Envelope, key: FileKey, where: str) -> _Secrets:
    cipher = _cipher(key)
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - an extra

    try:
        plain = cipher.decrypt(envelope.nonce, envelope.sealed, _bound_to(envelope.client_id))
        return msgspec.json.decode(plain, type=_Secrets)
    except (InvalidTag, ValueError, *UNREADABLE) as error:
        raise _broken(where) from error


def _bound_to(client_id: str) -> bytes:
    return f"{_FORMAT}\0{client_id}".encode()


def _broken(where: str) -> ConfigurationError:
    return ConfigurationError(
        f"The token file {where} is broken: it was changed, or it is no token file. "
        "Bring back a good copy, or delete it and connect the account again.",
        code="token_file_broken",
    )


def _cipher(key: FileKey) -> AESGCM:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - an extra
    except ImportError:
        raise missing_extra("cryptography") from None
    return AESGCM(key.value)


def missing_extra(library: str) -> ConfigurationError:
    """The error for a library that is not installed."""
    return ConfigurationError(
        f"EncryptedTokenFile needs {library}: pip install 'airbyte-agent-hubspot[token-file]'", code="missing_extra"
    )
