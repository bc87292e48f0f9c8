"""The machine's clock, as far as it can be told apart from the loop's."""

from __future__ import annotations

import asyncio

from airbyte_agent_hubspot._clock import SystemClock
from unit.conftest import LoopTime


async def test_the_machines_clock_tells_time_and_lets_it_pass() -> None:
    clock = SystemClock()
    before = (clock.now_s(), clock.monotonic_s())
    await clock.sleep(2.5)
    assert (clock.now_s(), clock.monotonic_s()) == (before[0] + 2.5, before[1] + 2.5)
    assert clock.now_s() == LoopTime.START_S + asyncio.get_running_loop().time()
