"""A grant in an encrypted file that many processes share."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..errors import ConfigurationError, UnavailableError
from ._cipher import FileKey, missing_extra, new_key, open_sealed, read_key, seal
from ._private_file import read_private, replace_private

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from filelock import FileLock

    from ..models.auth import StoredGrant

KEY_VARIABLE: Final = "HUBSPOT_TOKEN_KEY"
WAIT_S: Final = 60.0
_POLL_S: Final = 0.02


class EncryptedTokenFile:
    """Keeps a grant in `path`, sealed with AES-256-GCM. One file is for one HubSpot account.

    The key (32 bytes, or their base64) comes from `key`, else from the variable `HUBSPOT_TOKEN_KEY`, else from the file
    `<path>.key`, which is made when it is first needed. `<path>.lock` keeps processes apart: on one machine, or on a
    network file system that locks. Waiting for it longer than `wait_s` is an `UnavailableError`. Nothing is opened
    before the first call. Needs the extra `token-file`.

    Raises:
        ConfigurationError: the key is not one. Its methods raise it where the key does not fit the file, the file is
            broken or cannot be read or written, or others than its owner may read it.
    """

    def __init__(self, path: str | os.PathLike[str], *, key: str | bytes | None = None, wait_s: float = WAIT_S) -> None:
        self._path = Path(path).expanduser()
        self._wait_s = wait_s
        from_environment = os.environ.get(KEY_VARIABLE)
        self._given: FileKey | None = None
        if key is not None:
            self._given = read_key(key, "the argument key")
        elif from_environment:
            self._given = read_key(from_environment, f"the variable {KEY_VARIABLE}")

    def __repr__(self) -> str:
        return f"EncryptedTokenFile({str(self._path)!r})"

    @property
    def path(self) -> Path:
        """Where the grant is."""
        return self._path

    @asynccontextmanager
    async def exclusive(self) -> AsyncGenerator[None, None]:
        """While it is entered, no other task and no other process is inside."""
        import asyncio  # noqa: PLC0415 - not needed to import the package

        lock = self._open_lock()
        try:
            async with asyncio.timeout(self._wait_s):
                while not self._try(lock):  # noqa: ASYNC110 - other processes set no event
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise UnavailableError(
                f"Another process has held {self._path}.lock for {self._wait_s:g} s. See whether it hangs."
            ) from None
        try:
            yield
        finally:
            lock.release()

    async def load(self) -> StoredGrant | None:
        """The grant in the file; None if there is no file."""
        try:
            content = read_private(self._path)
            if content is None:
                return None
            return open_sealed(content, self._existing_key(), where=str(self._path))
        except OSError as error:
            raise _unusable(self._path, "read", error) from error

    async def save(self, stored: StoredGrant) -> None:
        """Replaces the file: after a crash it is the old one or the new one."""
        try:
            replace_private(self._path, seal(stored, self._key_to_seal_with()))
        except OSError as error:
            raise _unusable(self._path, "written", error) from error

    async def delete(self) -> None:
        """Removes the file and the key that was made for it."""
        self._path.unlink(missing_ok=True)
        self._key_path.unlink(missing_ok=True)

    @property
    def _key_path(self) -> Path:
        return self._path.with_name(f"{self._path.name}.key")

    def _existing_key(self) -> FileKey:
        if self._given is not None:
            return self._given
        found = read_private(self._key_path)
        if found is None:
            raise ConfigurationError(
                f"The token file {self._path} is there, but its key is not: {self._key_path} is missing and "
                f"{KEY_VARIABLE} is not set. Bring back the key, or delete the file and connect the account again.",
                code="token_file_key",
            )
        return read_key(found.decode(errors="replace"), str(self._key_path))

    def _key_to_seal_with(self) -> FileKey:
        if self._given is not None or self._key_path.exists():
            return self._existing_key()
        made = FileKey(new_key(), str(self._key_path))
        replace_private(self._key_path, f"{made.text}\n".encode())
        return made

    def _open_lock(self) -> FileLock:
        try:
            from filelock import FileLock  # noqa: PLC0415 - an extra
        except ImportError:
            raise missing_extra("filelock") from None
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(self._path.parent, "made", error) from error
        return FileLock(f"{self._path}.lock", mode=0o600, thread_local=False)

    def _try(self, lock: FileLock) -> bool:
        from filelock import Timeout  # noqa: PLC0415 - an extra

        try:
            lock.acquire(blocking=False)
        except Timeout:
            return False
        except OSError as error:
            raise _unusable(Path(lock.lock_file), "locked", error) from error
        return True


def _unusable(path: Path, what: str, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"{path} cannot be {what}: {error.strerror or error}.", code="token_file_unusable")
