"""Lock files: each is held by one process for as long as it lives, and says which.

A pid alone proves nothing, since the system uses pids again. A held lock proves that its holder lives and is ours.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_POLL_S: Final = 0.05
_PID_CHARS: Final = 20


class AlreadyHeldError(Exception):
    """Another process holds the lock."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"process {pid} holds the lock")
        self.pid = pid


def find_holder(path: Path) -> int | None:
    """The process that holds the lock; None if nobody does."""
    try:
        with _locked(path, create=False):
            return None
    except FileNotFoundError:
        return None
    except AlreadyHeldError as error:
        return error.pid


@contextmanager
def hold(path: Path) -> Iterator[int]:
    """Holds the lock and gives its file descriptor: a child that inherits it holds the lock too.

    Raises:
        AlreadyHeldError: another process holds it.
    """
    with _locked(path, create=True) as descriptor:
        write_pid(descriptor, os.getpid())
        yield descriptor


def write_pid(descriptor: int, pid: int) -> None:
    """Says in the lock's file who holds it."""
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(pid).encode(), 0)


def stop_holder(path: Path, *, patience_s: float) -> bool:
    """Asks the process that holds the lock to end, and ends it after `patience_s`. False if nobody holds it."""
    pid = find_holder(path)
    if pid is None:
        return False
    _signal(pid, signal.SIGTERM)
    insist_at = time.monotonic() + patience_s
    while find_holder(path) == pid:
        if time.monotonic() >= insist_at:
            _signal(pid, signal.SIGKILL)
        time.sleep(_POLL_S)
    return True


@contextmanager
def _locked(path: Path, *, create: bool) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = int(os.pread(descriptor, _PID_CHARS, 0) or b"0")
        os.close(descriptor)
        raise AlreadyHeldError(pid) from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _signal(pid: int, number: signal.Signals) -> None:
    if pid:  # 0 for the moment between taking a lock and writing down who has it
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
