import asyncio

import pytest

from airbyte_agent_server.bounded import BoundedCache, Kept
from airbyte_agent_server.ports import SystemClock
from server.world import TestClock


def test_the_entry_that_was_not_used_for_longest_makes_room(clock: TestClock) -> None:
    cache: BoundedCache[str, int] = BoundedCache(size=2, life_s=20, clock=clock)
    cache.put("a", 1, drops=cache.drops)
    cache.put("b", 2, drops=cache.drops)
    assert cache.get("a") == 1
    cache.put("c", 3, drops=cache.drops)
    assert [cache.get(key) for key in "abc"] == [1, None, 3]


def test_an_entry_counts_for_its_life_only(clock: TestClock) -> None:
    cache: BoundedCache[str, int] = BoundedCache(size=2, life_s=20, clock=clock)
    cache.put("a", 1, drops=cache.drops)
    clock.advance(19)
    assert cache.get("a") == 1
    clock.advance(1)
    assert cache.get("a") is None
    cache.drop("a")


def test_what_was_read_before_a_drop_is_not_kept(clock: TestClock) -> None:
    cache: BoundedCache[str, int] = BoundedCache(size=2, life_s=20, clock=clock)
    drops = cache.drops
    cache.drop("a")
    cache.put("a", 1, drops=drops)
    assert cache.get("a") is None


def test_who_holds_an_entry_sees_that_it_counts_no_longer(clock: TestClock) -> None:
    cache: BoundedCache[str, str] = BoundedCache(size=2, life_s=20, clock=clock)

    def held(key: str) -> Kept[str]:
        cache.put(key, "secret", drops=cache.drops)
        found = cache.find(key)
        assert found is not None
        assert found.until_s == clock.monotonic_s() + 20
        return found

    dropped = held("a")
    cache.drop("a")
    replaced = held("a")
    cleared = held("a")
    cache.clear()
    crowded_out = held("a")
    held("b")
    held("c")
    outlived = held("d")
    clock.advance(20)
    assert cache.find("d") is None
    for entry in (dropped, replaced, cleared, crowded_out, outlived):
        assert entry.until_s < clock.monotonic_s()
        assert not hasattr(entry, "value")


class Source:
    """Something that is slow to look up."""

    def __init__(self, cache: BoundedCache[str, int]) -> None:
        self.asked = 0
        self.goes_on = asyncio.Event()
        self.first_goes_on = asyncio.Event()
        self._cache = cache

    async def look_up(self) -> int:
        self.asked += 1
        found, drops = self.asked, self._cache.drops
        if found == 1:
            await self.first_goes_on.wait()
        await self.goes_on.wait()
        if found == 3:
            raise LookupError
        self._cache.put("a", found, drops=drops)
        return found


async def test_whoever_comes_while_an_entry_is_looked_up_waits_for_it(clock: TestClock) -> None:
    cache: BoundedCache[str, int] = BoundedCache(size=2, life_s=20, clock=clock)
    source = Source(cache)

    async def asking(count: int) -> list[asyncio.Task[int]]:
        tasks = [asyncio.create_task(cache.recall("a", source.look_up)) for _ in range(count)]
        for _ in range(2):  # they ask, and what they ask for begins
            await asyncio.sleep(0)
        return tasks

    before = await asking(3)
    before.pop(0).cancel()  # whoever looks it up for the others
    cache.drop("a")
    after = await asking(2)
    source.goes_on.set()
    assert await asyncio.gather(*after) == [2, 2]
    source.first_goes_on.set()
    assert await asyncio.gather(*before) == [1, 1]
    assert await cache.recall("a", source.look_up) == 2
    clock.advance(20)
    failing = await asking(2)
    for task in failing:
        with pytest.raises(LookupError):
            await task
    assert await cache.recall("a", source.look_up) == 4


async def test_the_machines_clock_is_aware_and_waits() -> None:
    clock = SystemClock()
    before = clock.now()
    await clock.sleep(0)
    assert clock.now() >= before
