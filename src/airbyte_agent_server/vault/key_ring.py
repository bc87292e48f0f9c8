"""The master keys that this server knows: the one that wraps, and others that unwrap while keys change."""

import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from airbyte_agent_server.ports import IdSource
from airbyte_agent_server.vault.kms import connect_kms
from airbyte_agent_server.vault.master_key import MasterKey, MasterKeyError, new_local_key, read_local_key

FILE_NAME = "master.key"
VARIABLE = "AGENT_SERVER_MASTER_KEY"
OTHERS_VARIABLE = "AGENT_SERVER_OTHER_MASTER_KEYS"


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Master keys. `file` is where the current one is written, if it is in a file."""

    current: MasterKey
    others: tuple[MasterKey, ...] = ()
    file: Path | None = None

    def find(self, key_id: str) -> MasterKey | None:
        """The master key with that id."""
        return next((key for key in (self.current, *self.others) if key.id == key_id), None)


ReadKeyRing = Callable[[bool], Awaitable[KeyRing]]
"""Reads the master keys; the flag says that the database is fresh, so that a new key may be made."""


@dataclass(frozen=True, slots=True)
class KeyRingSource:
    """Where the master keys are: as the settings say, else in the data directory's key file.

    A key is 32 bytes in base64, `file:` and a path, or `kms:` and a key of AWS KMS. The first line of a key file is
    the current key, further lines are others.
    """

    given: SecretStr | None
    others: Sequence[SecretStr]
    data_dir: Path
    ids: IdSource
    _connected: dict[str, MasterKey] = field(default_factory=dict[str, MasterKey], repr=False, compare=False)

    async def read(self, fresh: bool) -> KeyRing:  # noqa: FBT001  # the shape of ReadKeyRing
        """The master keys as they are now.

        Raises:
            MasterKeyError: there is no key for a database that needs one, or one of them cannot be used.
        """
        reference = "" if self.given is None else self.given.get_secret_value()
        file = self._file(reference)
        if file is not None and not file.exists():
            if fresh and self.given is not None:
                raise MasterKeyError(
                    f"The master key file {file} is missing: put 32 random bytes in base64 there, as "
                    "`openssl rand -base64 32` prints them, or name another one."
                )
            if not fresh:
                raise MasterKeyError(
                    f"The database holds sealed secrets, but there is no master key: {file} is missing"
                    + (f" and {VARIABLE} is not set" if self.given is None else "")
                    + ". Bring back the key the database was first started with."
                )
            _create(file, new_local_key(self.ids))
        current, *others = await self._keys(reference or f"file:{file}", VARIABLE)
        for other in self.others:
            others += await self._keys(other.get_secret_value(), OTHERS_VARIABLE)
        return KeyRing(current, tuple(others), file)

    def _file(self, reference: str) -> Path | None:
        if not reference:
            return self.data_dir / FILE_NAME
        return Path(reference.removeprefix("file:")) if reference.startswith("file:") else None

    async def _keys(self, reference: str, origin: str) -> list[MasterKey]:
        kind, _, where = reference.partition(":")
        if kind == "kms":
            if where not in self._connected:  # once: the ring is read again for each new data key
                self._connected[where] = await connect_kms(where)
            return [self._connected[where]]
        if kind != "file":
            return [read_local_key(reference, origin, self.ids)]
        return [read_local_key(line, where, self.ids) for line in _lines(Path(where))]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii", errors="replace").split() or [""]
    except OSError as error:
        raise MasterKeyError(f"The master key file {path} cannot be read: {error.strerror}.") from None


def _create(path: Path, key: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = _written(path, f".{os.getpid()}", [key])
    with suppress(FileExistsError):  # another process starting on the same directory was faster; its key counts
        os.link(fresh, path)
    fresh.unlink()


def push_key(path: Path, ids: IdSource) -> None:
    """Put a fresh key before those in the file, in one step: the others still open what they wrapped."""
    _replace(path, [new_local_key(ids), *_lines(path)])


def drop_other_keys(path: Path) -> None:
    """Leave the current key alone in the file."""
    _replace(path, _lines(path)[:1])


def _replace(path: Path, lines: Sequence[str]) -> None:
    _written(path, ".new", lines).replace(path)


def _written(path: Path, suffix: str, lines: Sequence[str]) -> Path:
    """A file beside `path`, for its owner alone, that has reached the disk."""
    fresh = path.with_name(path.name + suffix)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return fresh
