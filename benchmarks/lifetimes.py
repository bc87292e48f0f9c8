"""A process from import over its first call to its last: latency of the first call, and resident memory."""

from __future__ import annotations

from typing import Final

from .figures import Measure, bounded_rounds
from .pages import CONNECTOR, HTTPX2, HUBSPOT_API_CLIENT
from .processes import running_worker
from .worker import Order

_CONTENDERS: Final = {CONNECTOR: "connector", HTTPX2: "httpx2_json", HUBSPOT_API_CLIENT: "hubspot_api_client"}
_CALLS_LIMIT_S: Final = 60.0


def measure_lifetimes(base_url: str, rounds: int, *, calls: int, budget_s: float) -> list[Measure]:
    """Construction, first call and memory, each time in a new process. Memory is over that of the bare worker."""
    construct = Measure("construct a client", "ms", HTTPX2)
    first_call = Measure("first call after construction", "ms", HTTPX2)
    imported = Measure("memory added by import", "MB", HTTPX2)
    called = Measure("memory added after the first call", "MB", HTTPX2)
    settled = Measure(f"memory added after {calls:,} calls", "MB", HTTPX2)
    for _ in bounded_rounds(rounds, budget_s=budget_s):
        for title, name in _CONTENDERS.items():
            with running_worker(name, base_url) as worker:
                bare_mb = worker.start.bare_mb
                first = worker.ask(Order(1, 1, _CALLS_LIMIT_S))
                last = worker.ask(Order(1, calls - 1, _CALLS_LIMIT_S))
            construct.add(title, worker.start.construct_ms)
            first_call.add(title, first.wall_s * 1000)
            imported.add(title, worker.start.imported_mb - bare_mb)
            called.add(title, first.memory_mb - bare_mb)
            settled.add(title, last.memory_mb - bare_mb)
    return [construct, first_call, imported, called, settled]
