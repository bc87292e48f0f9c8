"""A limit on how long something is waited for."""

from __future__ import annotations

import asyncio
import math
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType


class _Timer:
    """The one timer of an event loop for all its deadlines: nearly all of them are left long before they come."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._waiting: dict[Deadline, None] = {}
        self._handle: asyncio.TimerHandle | None = None
        self._rings_at_s = math.inf

    def add(self, deadline: Deadline, at_s: float) -> None:
        self._waiting[deadline] = None
        if at_s < self._rings_at_s:
            self._set(at_s)

    def remove(self, deadline: Deadline) -> None:
        self._waiting.pop(deadline, None)

    def _set(self, at_s: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._handle = self.loop.call_at(at_s, self._ring)
        self._rings_at_s = at_s

    def _ring(self) -> None:
        now_s = max(self.loop.time(), self._rings_at_s)
        self._handle, self._rings_at_s = None, math.inf
        for deadline in [one for one in self._waiting if one.at_s <= now_s]:
            del self._waiting[deadline]
            deadline.end()
        if self._waiting:
            self._set(min(one.at_s for one in self._waiting))


class _OfThread(threading.local):
    timer: _Timer | None = None
    """That of the loop that ran here last."""


_here = _OfThread()


class Deadline:
    """Ends what is awaited within, with a `TimeoutError`, once `seconds` are over.

    What `asyncio.timeout` does, but for moving the end, in less time: every call has one.
    """

    __slots__ = ("_cancelling", "_is_over", "_seconds", "_task", "_timer", "at_s")

    _task: asyncio.Task[object]
    _timer: _Timer
    at_s: float
    """When it comes, on the clock of its loop."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._is_over = False

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("Nothing runs that could be ended.")
        timer = _here.timer
        if timer is None or timer.loop is not loop:
            timer = _here.timer = _Timer(loop)
        self._task = task
        self._cancelling = task.cancelling()
        self._timer = timer
        self.at_s = loop.time() + self._seconds
        timer.add(self, self.at_s)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._timer.remove(self)
        # Somebody else may have cancelled the task, too: then it stays cancelled.
        if self._is_over and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def end(self) -> None:
        """Its time has come."""
        self._is_over = True
        self._task.cancel()
