"""Files that only their owner may read, replaced wholly or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from ..errors import ConfigurationError

_POSIX: Final = os.name == "posix"
"""Elsewhere a file's mode says nothing, and directories cannot be synchronized."""
_OTHERS: Final = 0o077


def read_private(path: Path) -> bytes | None:
    """The content of a file that nobody but its owner may read; None if there is no file."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read()
    except FileNotFoundError:
        return None
    if _POSIX and mode & _OTHERS:
        raise ConfigurationError(
            f"Others may read or write {path} (mode {mode & 0o777:04o}): chmod 600 {path}",
            code="token_file_permissions",
        )
    return content


def replace_private(path: Path, content: bytes) -> None:
    """Puts `content` in place of the file, on the disk when this returns; only its owner may read it."""
    from tempfile import mkstemp  # noqa: PLC0415 - needed when something is written

    descriptor, name = mkstemp(prefix=f".{path.name}.", dir=path.parent)  # its mode is 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise
    _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    """Makes a rename last. Windows has no such thing, and needs none."""
    if _POSIX:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
