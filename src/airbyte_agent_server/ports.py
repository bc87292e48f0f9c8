"""What the server takes from the outside world: time, identifiers and randomness, sealing.

Everything gets these by argument, so a test decides what time it is and what an identifier looks like.
"""

import asyncio
import os
import re
import time
from datetime import UTC, datetime
from functools import lru_cache
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


_PARTS = re.compile("(.{8})(.{4}).(.{3})(.)(.{3})(.{12})")
_VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def _make_ids() -> list[str]:
    """What uuid.uuid4 makes, without an object for each.

    Source of the two marks, the version and the variant: RFC 9562, section 5.4
    """
    digits = os.urandom(16 * _IDS_AT_ONCE).hex()
    return [f"{a}-{b}-4{c}-{_VARIANTS[d]}{e}-{f}" for a, b, c, d, e, f in _PARTS.findall(digits)]


LEAST_ID = "00000000-0000-4000-8000-000000000000"
"""Of all ids of one instant, `timed_id` makes the first of this one."""


def timed_id(at_ms: int, random_id: str) -> str:
    """A UUID of version 7: ids in their order are instants in theirs. Its randomness is that of one of version 4.

    Source: RFC 9562, section 5.7
    """
    return _instant(at_ms) + random_id[15:]


@lru_cache(maxsize=8)
def _instant(at_ms: int) -> str:
    time = f"{at_ms:012x}"
    return f"{time[:8]}-{time[8:]}-7"


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
