import asyncio

import pytest

from airbyte_agent_hubspot._deadline import Deadline


def elapsed_s() -> float:
    """Virtual time since the test began, whose loop's clock starts at zero."""
    return asyncio.get_running_loop().time()


async def test_what_takes_too_long_is_ended_when_its_time_is_over() -> None:
    with pytest.raises(TimeoutError), Deadline(3):
        await asyncio.sleep(10)
    assert elapsed_s() == 3
    await asyncio.sleep(1)  # nothing is left of it


async def test_what_ends_in_time_is_left_alone() -> None:
    with Deadline(3):
        await asyncio.sleep(2)
    await asyncio.sleep(10)
    with pytest.raises(KeyError), Deadline(3):
        raise KeyError
    assert elapsed_s() == 12


async def test_each_has_its_own_time_whatever_the_order() -> None:
    async def ended_after(seconds: float) -> float:
        with pytest.raises(TimeoutError), Deadline(seconds):
            await asyncio.sleep(100)
        return elapsed_s()

    assert await asyncio.gather(*map(ended_after, (5, 2, 9, 2, 7))) == [5, 2, 9, 2, 7]


async def test_the_inner_of_two_ends_first_and_the_outer_still_counts() -> None:
    ended_at_s: list[float] = []

    async def sleep() -> None:
        await asyncio.sleep(100)

    async def inner() -> None:
        try:
            with Deadline(2):
                await sleep()
        except TimeoutError:
            ended_at_s.append(elapsed_s())

    async def outer() -> None:
        with Deadline(5):
            await inner()
            await sleep()

    with pytest.raises(TimeoutError):
        await outer()
    assert [*ended_at_s, elapsed_s()] == [2, 5]


async def test_a_task_that_others_cancel_stays_cancelled() -> None:
    async def wait() -> None:
        with Deadline(5):
            await asyncio.sleep(100)

    for seconds in (1, 5):  # before it ends, and as it ends
        task = asyncio.create_task(wait())
        asyncio.get_running_loop().call_later(seconds, task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task


def test_loops_do_not_share_their_timers() -> None:
    async def end() -> None:
        with pytest.raises(TimeoutError), Deadline(0.01):
            await asyncio.sleep(10)

    for _ in range(2):
        asyncio.run(end())


def test_where_no_task_runs_there_is_nothing_to_end() -> None:
    def enter() -> None:
        with Deadline(1):
            pass

    loop = asyncio.new_event_loop()
    failed: list[BaseException | None] = []
    loop.set_exception_handler(lambda _, context: failed.append(context.get("exception")))
    loop.call_soon(enter)
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    assert [type(error) for error in failed] == [RuntimeError]
