"""A small cache: bounded in size, and every entry is looked up again after a while."""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

from airbyte_agent_server.ports import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
T = TypeVar("T")


class Kept(Generic[V]):
    """An entry. Whoever holds it sees at `until_s`, on the cache's monotonic clock, whether it still counts.

    What counts no longer has no `value`, which may be a secret.
    """

    __slots__ = ("until_s", "value")

    def __init__(self, value: V, until_s: float) -> None:
        self.value = value
        self.until_s = until_s

    def end(self) -> None:
        """It counts no longer."""
        self.until_s = -math.inf
        del self.value


class BoundedCache(Generic[K, V]):
    """Keeps the `size` entries used last, each for at most `life_s` seconds."""

    def __init__(self, *, size: int, life_s: float, clock: Clock) -> None:
        self._size = size
        self._life_s = life_s
        self._clock = clock
        self._entries: OrderedDict[K, Kept[V]] = OrderedDict()
        self._loading: dict[K, tuple[int, asyncio.Task[Any]]] = {}
        self.drops = 0
        """How often an entry was dropped: take it before reading what `put` will keep."""

    def get(self, key: K) -> V | None:
        """The value of the entry, if it is there and still counts."""
        entry = self.find(key)
        return None if entry is None else entry.value

    def find(self, key: K) -> Kept[V] | None:
        """The entry, if it is there and still counts. Holding it does not make it one that was used lately."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.until_s <= self._clock.monotonic_s():
            self._end(key)
            return None
        self._entries.move_to_end(key)
        return entry

    async def recall(self, key: K, load: Callable[[], Coroutine[object, object, T]]) -> V | T:
        """The entry; if there is none, what `load` gives, which has to `put` it.

        All who come while it is loaded get the same, an error too: an entry whose time is over is looked up once,
        however many calls are under way. Nobody gets what was looked up before the last drop.
        """
        value = self.get(key)
        if value is not None:
            return value
        drops, task = self._loading.get(key, (self.drops, None))
        if task is None or drops != self.drops:
            task = asyncio.create_task(load(), name="looking up what is remembered")
            self._loading[key] = self.drops, task
            task.add_done_callback(lambda done: self._loaded(key, done))
        found: T = await asyncio.shield(task)  # a caller that is cancelled leaves it to the others
        return found

    def _loaded(self, key: K, task: asyncio.Task[Any]) -> None:
        if self._loading.get(key, (0, None))[1] is task:  # otherwise it was looked up again since
            del self._loading[key]
        if not task.cancelled():
            task.exception()  # read, so that a failure whose callers all left does not warn

    def put(self, key: K, value: V, *, drops: int) -> None:
        """Keep `value`, at the cost of the entry that was not used for longest.

        Not if something was dropped since `value` was read: it may be what was dropped.
        """
        if drops != self.drops:
            return
        self._end(key)
        self._entries[key] = Kept(value, self._clock.monotonic_s() + self._life_s)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)[1].end()

    def drop(self, key: K) -> None:
        """Forget the entry."""
        self.drops += 1
        self._end(key)

    def clear(self) -> None:
        """Forget everything."""
        self.drops += 1
        for entry in self._entries.values():
            entry.end()
        self._entries.clear()

    def _end(self, key: K) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            entry.end()
