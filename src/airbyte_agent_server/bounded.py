"""A small cache: bounded in size, and every entry is looked up again after a while."""

from collections import OrderedDict
from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from airbyte_agent_server.ports import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """Keeps the `size` entries used last, each for at most `life_s` seconds."""

    def __init__(self, *, size: int, life_s: float, clock: Clock) -> None:
        self._size = size
        self._life = timedelta(seconds=life_s)
        self._clock = clock
        self._entries: OrderedDict[K, tuple[datetime, V]] = OrderedDict()
        self.drops = 0
        """How often an entry was dropped: take it before reading what `put` will keep."""

    def get(self, key: K) -> V | None:
        """The entry, if it is there and still counts."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[0] <= self._clock.now():
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry[1]

    def put(self, key: K, value: V, *, drops: int) -> None:
        """Keep `value`, at the cost of the entry that was not used for longest.

        Not if something was dropped since `value` was read: it may be what was dropped.
        """
        if drops != self.drops:
            return
        self._entries[key] = (self._clock.now() + self._life, value)
        self._entries.move_to_end(key)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def drop(self, key: K) -> None:
        """Forget the entry."""
        self.drops += 1
        self._entries.pop(key, None)
