"""The form of a backup: lines of JSON, compressed. First what it is, then the rows, at last a checksum and the keys.

Rows hold sealed bytes only. The keys that open them are sealed under a passphrase, bound to the checksum: who has not
the passphrase can neither open them nor change a row unnoticed.
"""

import base64
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from sqlalchemy import Boolean, Column, Integer, LargeBinary, String, Table, Text
from sqlalchemy.types import TypeEngine

from airbyte_agent_server.db.types import Instant, Json, Sealed
from airbyte_agent_server.ports import IdSource, SealBrokenError
from airbyte_agent_server.vault.cipher import KEY_BYTES, decrypt, encrypt
from airbyte_agent_server.vault.master_key import new_nonce

FORMAT = 1
_SALT_BYTES = 16
_COST = {"n": 2**17, "r": 8, "p": 1}
"""Source: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#scrypt"""
_KINDS: Mapping[str, TypeEngine[Any]] = {
    "bytes": LargeBinary(),
    "instant": Instant(),
    "bool": Boolean(),
    "int": Integer(),
    "text": Text(),
    "json": Json,
}


class BackupError(ValueError):
    """The backup cannot be used, or not here; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Contents:
    """A backup whose checksum is right."""

    path: Path
    revision: str
    created_at: str
    tables: Mapping[str, Mapping[str, str]]
    rows: Mapping[str, int]
    digest: bytes
    keys: Mapping[str, Any] | None


def kinds_of(table: Table) -> dict[str, str]:
    """The columns of a table with the kinds of their values."""
    return {column.name: _kind_of(column) for column in table.columns}


def _kind_of(column: Column[Any]) -> str:
    kind = column.type
    if isinstance(kind, LargeBinary | Sealed):
        return "bytes"
    if isinstance(kind, Instant):
        return "instant"
    if isinstance(kind, Boolean):
        return "bool"
    if isinstance(kind, Integer):
        return "int"
    return "text" if isinstance(kind, String) else "json"


def type_of(kind: str) -> TypeEngine[Any]:
    """The column type that takes values of a kind."""
    return _KINDS[kind]


def encode_value(value: Any, kind: str) -> Any:
    """A value of a row as JSON has it."""
    if value is None:
        return None
    if kind == "bytes":
        return base64.b64encode(value).decode()
    return value.astimezone(UTC).isoformat() if kind == "instant" else value


def decode_value(value: Any, kind: str) -> Any:
    """The value of a row."""
    if value is None:
        return None
    if kind == "bytes":
        return base64.b64decode(value)
    return datetime.fromisoformat(value) if kind == "instant" else value


def seal_keys(keys: Mapping[str, bytes], passphrase: str, digest: bytes, ids: IdSource) -> dict[str, Any]:
    """Data keys by their ids, under a passphrase and bound to the rows' checksum."""
    salt = ids.random_bytes(_SALT_BYTES)
    plaintext = json.dumps({name: base64.b64encode(key).decode() for name, key in keys.items()}).encode()
    sealed = encrypt(_derive(passphrase, salt, _COST), plaintext, identity=digest, nonce=new_nonce(ids))
    return {
        "kdf": "scrypt",
        **_COST,
        "salt": base64.b64encode(salt).decode(),
        "sealed": base64.b64encode(sealed).decode(),
    }


def open_keys(contents: Contents, passphrase: str) -> dict[str, bytes]:
    """The data keys in a backup.

    Raises:
        BackupError: it has none, or the passphrase is wrong, or the backup was altered.
    """
    keys = contents.keys
    if keys is None:
        raise BackupError(
            "This backup was made without keys: restore it where its master key is known, without passphrase."
        )
    cost = {name: int(keys[name]) for name in _COST}
    if cost != _COST:
        raise BackupError(
            "The keys in this backup are derived in a way that this version does not know: use a newer one."
        )
    key = _derive(passphrase, base64.b64decode(keys["salt"]), cost)
    try:
        plaintext = decrypt(key, base64.b64decode(keys["sealed"]), identity=contents.digest)
    except SealBrokenError:
        raise BackupError("The passphrase does not open this backup, or somebody altered it.") from None
    return {name: base64.b64decode(text) for name, text in json.loads(plaintext).items()}


def _derive(passphrase: str, salt: bytes, cost: Mapping[str, int]) -> bytes:
    return Scrypt(salt=salt, length=KEY_BYTES, **cost).derive(passphrase.encode())


def read_contents(path: Path) -> Contents:
    """What a backup holds, once the whole of it was read and its checksum is right.

    Raises:
        BackupError: it is no backup, or it is cut short, or altered.
    """
    checksum, counted = hashlib.sha256(), dict[str, int]()
    head: dict[str, Any] = {}
    tail: dict[str, Any] = {}
    for line, item in _lines(path):
        if "end" in item:
            tail = item
            break
        checksum.update(line)
        if not head:
            head = item
        elif "t" in item:
            counted[item["t"]] = counted.get(item["t"], 0) + 1
    if head.get("format") != FORMAT:
        raise BackupError(f"{path} is not a backup that this version can read.")
    digest = checksum.digest()
    if tail.get("sha256") != digest.hex() or tail.get("rows") != counted:
        raise BackupError(f"{path} is cut short or altered: its checksum is wrong. Take another backup.")
    return Contents(path, head["revision"], head["created_at"], head["tables"], counted, digest, tail["keys"])


def read_rows(contents: Contents) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows with the names of their tables, in the order in which they can be stored."""
    for _, item in _lines(contents.path):
        if "t" in item:
            kinds = contents.tables[item["t"]]
            values = zip(kinds, item["r"], strict=True)
            yield item["t"], {name: decode_value(value, kinds[name]) for name, value in values}


def _lines(path: Path) -> Iterator[tuple[bytes, dict[str, Any]]]:
    try:
        with gzip.open(path, "rb") as lines:
            for line in lines:
                item = json.loads(line)
                if not isinstance(item, dict):
                    raise BackupError(f"{path} is not a backup.")
                yield line, item
    except (EOFError, zlib.error, gzip.BadGzipFile, json.JSONDecodeError, UnicodeDecodeError):
        raise BackupError(f"{path} is no backup, or it is cut short or altered. Take another one.") from None
