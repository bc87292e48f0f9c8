"""What the server takes from the outside world: time, identifiers and randomness, sealing.

Everything gets these by argument, so a test decides what time it is and what an identifier looks like.
"""

import asyncio
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time, and waits."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...

    def now_s(self) -> float:
        """The present instant in seconds since the epoch."""
        ...

    def monotonic_s(self) -> float:
        """Seconds on a clock that never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        ...


class IdSource(Protocol):
    """Makes identifiers and randomness."""

    def new_id(self) -> str:
        """A fresh lowercase UUID."""
        ...

    def random_bytes(self, count: int) -> bytes:
        """`count` unpredictable bytes."""
        ...


class Sealer(Protocol):
    """Turns plaintext into something that may lie in a database, and back."""

    async def seal(self, plaintext: bytes, *, owner: str, identity: str) -> bytes:
        """An envelope that opens only under the same `identity`. `owner` says whose data key seals it.

        Call it before a write transaction is opened: a first seal stores the owner's data key.
        """
        ...

    async def open(self, envelope: bytes, *, identity: str) -> bytes:
        """The plaintext. Raises `SealBrokenError` when the envelope or the identity was altered."""
        ...


class SealBrokenError(Exception):
    """An envelope does not open: wrong key, altered bytes, or moved to another record."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)

    # Each request asks often, so nothing stands between it and the system.
    now_s = staticmethod(time.time)
    """The present instant in seconds since the epoch."""
    monotonic_s = staticmethod(time.monotonic)
    """Seconds on a clock that never goes back."""

    async def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        await asyncio.sleep(seconds)


_IDS_AT_ONCE = 256
_ids: list[str] = []
"""The next ids: every request and every call gets one, and many are made in less time at once."""
os.register_at_fork(after_in_child=_ids.clear)  # two processes must not give the same ids


def _make_ids() -> Iterator[str]:
    """What uuid.uuid4 makes, without an object for each.

    Source of the two marks, the version and the variant: RFC 9562, section 5.4
    """
    digits = os.urandom(16 * _IDS_AT_ONCE).hex()
    for at in range(0, len(digits), 32):
        variant = "89ab"[int(digits[at + 16], 16) & 3]
        yield (
            f"{digits[at : at + 8]}-{digits[at + 8 : at + 12]}-4{digits[at + 13 : at + 16]}-"
            f"{variant}{digits[at + 17 : at + 20]}-{digits[at + 20 : at + 32]}"
        )


class RandomIds:
    """Random UUIDs and the operating system's randomness."""

    def new_id(self) -> str:
        """A fresh lowercase UUID."""
        try:
            return _ids.pop()  # one step, so that no two threads get the same
        except IndexError:
            made, *others = _make_ids()
            _ids.extend(others)
            return made

    def random_bytes(self, count: int) -> bytes:
        """`count` unpredictable bytes."""
        return os.urandom(count)
