"""Answers that composed operations need again and again: owners, pipelines, properties.

They seldom change. A bounded number of them is kept, and however many calls need one at the same time, one of them
asks.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Hashable

    from ._executor import Call
    from .models import Result

SIZE: Final = 64
_DEFINING: Final = frozenset(
    {"association_labels", "lists", "owners", "pipelines", "properties", "property_groups", "schemas", "stages"}
)


def key_of(call: Call) -> Hashable:
    """Under what the answer to a call is kept."""
    return call.operation.entity, call.operation.action, repr(sorted(call.params.items()))


class Memory(Protocol):
    """Keeps answers. One implementation keeps them in the process; another may share them."""

    async def recall(
        self, key: Hashable, load: Callable[[], Awaitable[Result]], *, now_s: float, max_age_s: float
    ) -> Result:
        """The answer under `key` if it is at most that old; else what `load` gives."""
        ...

    def note_write(self, entity: str) -> None:
        """Takes in that something of `entity` was changed."""
        ...


class SharedMemory:
    """The answers of one account, for one kind of credentials; safe for threads."""

    def __init__(self, *, size: int = SIZE) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, tuple[float, Result]] = OrderedDict()
        self._loading: dict[tuple[object, Hashable], asyncio.Future[None]] = {}
        self._writes = 0

    async def recall(
        self, key: Hashable, load: Callable[[], Awaitable[Result]], *, now_s: float, max_age_s: float
    ) -> Result:
        """The answer. Whoever comes while it is loaded waits for it; if the loading fails, the next one tries."""
        import asyncio  # noqa: PLC0415 - loaded already

        loop = asyncio.get_running_loop()
        place = (loop, key)
        while True:
            answer = self._find(key, now_s - max_age_s)
            if answer is not None:
                return answer
            under_way = self._loading.get(place)
            if under_way is None:
                break
            await asyncio.shield(under_way)
        self._loading[place] = loop.create_future()
        writes = self._writes
        try:
            answer = await load()
            self._keep(key, answer, now_s=now_s, writes=writes)
            return answer
        finally:
            self._loading.pop(place).set_result(None)

    def note_write(self, entity: str) -> None:
        """Forgets everything if definitions were changed."""
        if entity in _DEFINING:
            with self._lock:
                self._writes += 1
                self._answers.clear()

    def _find(self, key: Hashable, since_s: float) -> Result | None:
        with self._lock:
            kept = self._answers.get(key)
            if kept is None or kept[0] < since_s:
                return None
            self._answers.move_to_end(key)
            return kept[1]

    def _keep(self, key: Hashable, answer: Result, *, now_s: float, writes: int) -> None:
        """Keeps the answer, unless definitions were changed since it was asked for."""
        with self._lock:
            if writes != self._writes:
                return
            self._answers[key] = (now_s, answer)
            self._answers.move_to_end(key)
            if len(self._answers) > self._size:
                self._answers.popitem(last=False)
