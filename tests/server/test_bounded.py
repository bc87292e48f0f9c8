from airbyte_agent_server.bounded import BoundedCache
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


async def test_the_machines_clock_is_aware_and_waits() -> None:
    clock = SystemClock()
    before = clock.now()
    await clock.sleep(0)
    assert clock.now() >= before
