"""All of 100,000 records, one after the other: how fast, and whether memory stays flat."""

from __future__ import annotations

from typing import Final

from .contenders import PAGE_RECORDS
from .figures import Measure, Target, bounded_rounds
from .processes import running_worker
from .worker import Order

LIST_ALL: Final = "this connector: list_all"
EARLY: Final = "after the first 5,000 records"
LATE: Final = "after the last record"
MEMORY: Final = "memory of list_all"
TARGETS: Final = (Target(MEMORY, LATE, EARLY, 1.2),)
_WARM_PAGES: Final = 50
_LIMIT_S: Final = 60.0


def measure_listing(base_url: str, rounds: int, *, records: int, budget_s: float) -> list[Measure]:
    """Records per second, and resident memory early on and at the end."""
    speed = Measure("records per second, list_all", "1/s", LIST_ALL)
    memory = Measure(MEMORY, "MB", EARLY)
    for _ in bounded_rounds(rounds, budget_s=budget_s):
        with running_worker("list_all", base_url) as worker:
            warm = worker.ask(Order(1, _WARM_PAGES, _LIMIT_S))
            rest = worker.ask(Order(1, records // PAGE_RECORDS - _WARM_PAGES, _LIMIT_S))
        speed.add(LIST_ALL, (warm.pages + rest.pages) * PAGE_RECORDS / (warm.wall_s + rest.wall_s))
        memory.add(EARLY, warm.memory_mb)
        memory.add(LATE, rest.memory_mb)
    return [speed, memory]
