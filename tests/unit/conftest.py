"""Unit tests run on an event loop whose clock jumps: nobody waits, and waits can be measured.

The machine's clock follows it, from one fixed day on; and each test begins as a process of its own would.
"""

from __future__ import annotations

import asyncio
import selectors
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import pytest

from airbyte_agent_hubspot import _clock, _limits, _sunset

if TYPE_CHECKING:
    from collections.abc import Callable


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting for a time, lets it have passed."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            ready = super().select(10)
            if not ready:
                raise RuntimeError("everything waits, and nothing will ever happen")
            return ready
        self.now_s += timeout
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop on which sleeping takes no time but moves the clock."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Callable[[], JumpingLoop]]]:
    return "asyncio", {"loop_factory": JumpingLoop}


class LoopTime:
    """What the module `time` tells, by the running loop's clock."""

    START_S = datetime(2026, 5, 4, 10, tzinfo=UTC).timestamp()
    """Long before HubSpot ends any path."""

    def monotonic(self) -> float:
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:  # no loop runs: nothing passes
            return 0.0

    def time(self) -> float:
        return self.START_S + self.monotonic()


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """No budget is shared with another test, nobody was warned yet, and the machine's clock is the loop's."""
    monkeypatch.setattr(_clock, "time", LoopTime())
    monkeypatch.setattr(_limits, "_budgets", WeakValueDictionary())
    monkeypatch.setattr(_sunset, "_warned", set())
