"""Unit tests run on an event loop whose clock jumps: nobody waits, and waits can be measured."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING

import pytest

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
