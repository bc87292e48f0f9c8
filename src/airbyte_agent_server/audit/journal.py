"""Rows on disk until the database has them.

A file holds the rows of one batch, and goes when they are in the database. Each is locked by the process that writes
it; a process that dies leaves it unlocked, and whoever finds such a file writes its rows to the database.
"""

import asyncio
import fcntl
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from airbyte_agent_server.ports import IdSource

_SUFFIX = ".journal"
_NEW_SUFFIX = ".new"
_REFUSED = "refused.jsonl"
_NAME = re.compile(r"[0-9a-f-]{36}\.journal")


@dataclass(frozen=True, slots=True)
class Segment:
    """One file, locked by this process."""

    path: Path
    descriptor: int

    def rows(self) -> list[bytes]:
        """Its whole lines of JSON; one that was being written when power failed or the disk was full is left out."""
        return [line for line in self.path.read_bytes().split(b"\n")[:-1] if _is_json(line)]

    def remove(self) -> None:
        """Delete it: the database has its rows."""
        self.path.unlink(missing_ok=True)
        os.close(self.descriptor)

    def release(self) -> None:
        """Leave it to whoever finds it next."""
        os.close(self.descriptor)


class Journal:
    """The files of one process in a folder that others may share. `durable`: rows can be waited for on the disk."""

    def __init__(self, folder: Path, *, ids: IdSource, durable: bool) -> None:
        self._folder = folder
        self._ids = ids
        self._durable = durable
        self._segment: Segment | None = None
        self._waiting: list[bytes] = []
        self._added = 0
        self._on_disk = 0
        self._to_flush: list[int] = []
        self._syncing: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Make the folder.

        Raises:
            OSError: it cannot be written to.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(self._folder, os.W_OK | os.X_OK):
            raise PermissionError(
                f"The journal of tool calls cannot be written in {self._folder}: "
                "let the server write there, or set AGENT_SERVER_AUDIT_DIR."
            )

    def append(self, line: bytes) -> None:
        """Add a row, which is to be written out before anybody is told that it is there."""
        self._waiting.append(line)

    def write_out(self) -> None:
        """Give the operating system what was added: it survives the end of this process, not that of the machine.

        Raises:
            OSError: it cannot be written; the rows are given up.
        """
        lines, self._waiting = self._waiting, []
        if not lines:
            return
        segment = self._segment or self._begin()
        rows = b"\n".join((b"", *lines, b""))  # the first line break ends a row that a full disk cut off
        written = os.write(segment.descriptor, rows)
        while written < len(rows):
            written += os.write(segment.descriptor, rows[written:])
        self._added += len(lines)

    def cut(self) -> Segment | None:
        """The file with what was written out since the last cut, if anything was; the next row begins another."""
        segment, self._segment = self._segment, None
        return segment

    def _begin(self) -> Segment:
        path = self._folder / (self._ids.new_id() + _SUFFIX)
        unlocked = path.with_suffix(_NEW_SUFFIX)
        descriptor = os.open(unlocked, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unlocked.rename(path)  # only now do others see it, and it is locked
        if self._durable:
            self._to_flush.append(os.dup(descriptor))
        self._segment = Segment(path, descriptor)
        return self._segment

    def put_aside(self, line: bytes) -> Path:
        """Keep a row that the database refuses, for a person to look at."""
        path = self._folder / _REFUSED
        path.touch(mode=0o600)
        with path.open("ab") as file:
            file.write(line + b"\n")
        return path

    async def synced(self) -> None:
        """Wait until the disk has all that was written out so far. All who wait share one write to it."""
        wanted = self._added
        while self._on_disk < wanted:
            if self._syncing is None:
                self._syncing = asyncio.create_task(self._sync(), name="audit journal to disk")
            await asyncio.shield(self._syncing)

    async def _sync(self) -> None:
        added, descriptors = self._added, self._to_flush
        self._to_flush = [] if self._segment is None else [os.dup(self._segment.descriptor)]
        try:
            await asyncio.to_thread(_flush, descriptors, self._folder)
            self._on_disk = added
        finally:
            self._syncing = None

    def orphans(self) -> Iterator[Segment]:
        """Files that dead processes left behind, locked now by this one."""
        for path in sorted(self._folder.iterdir()):
            if not _NAME.fullmatch(path.name):
                continue
            try:
                descriptor = os.open(path, os.O_RDONLY)
            except FileNotFoundError:
                continue  # its process has just finished with it
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                continue
            if os.fstat(descriptor).st_nlink:
                yield Segment(path, descriptor)
            else:
                os.close(descriptor)


def _flush(descriptors: list[int], folder: Path) -> None:
    for descriptor in descriptors:
        os.fsync(descriptor)
        os.close(descriptor)
    # The file's name must be on the disk, too.
    directory = os.open(folder, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


def _is_json(line: bytes) -> bool:
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True
