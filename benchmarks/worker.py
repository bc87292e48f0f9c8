"""Measures one contender in a process of its own: `python -m benchmarks.worker NAME BASE_URL`.

Says on a line of JSON what importing and constructing took (`Start`), then answers each `Order` on its standard input
with a `Sample`, and ends when its input does.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from .contenders import FetchPage, Opened

_BYTES_PER_MB: Final = 1_000_000
_STATM: Final = Path("/proc/self/statm")


@dataclass(frozen=True, slots=True)
class Start:
    """Before the first call. Memory is resident memory."""

    bare_mb: float
    imported_mb: float
    construct_ms: float


@dataclass(frozen=True, slots=True)
class Order:
    """Fetch pages until `pages` are fetched or `seconds` have passed."""

    concurrency: int
    pages: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Sample:
    """What an order took. `cpu_s` is user and system time of all threads of the process."""

    pages: int
    wall_s: float
    cpu_s: float
    memory_mb: float


async def _answer_orders(name: str, base_url: str) -> None:
    bare_mb = _memory_mb()
    opened = cast("Opened", import_module(f"benchmarks.contenders.{name}").opened)
    imported_mb = _memory_mb()
    began_at = perf_counter()
    async with opened(base_url) as fetch:
        construct_ms = (perf_counter() - began_at) * 1000
        print(json.dumps(asdict(Start(bare_mb, imported_mb, construct_ms))), flush=True)
        for line in sys.stdin:
            sample = await _measure(fetch, Order(**json.loads(line)))
            print(json.dumps(asdict(sample)), flush=True)


async def _measure(fetch: FetchPage, order: Order) -> Sample:
    begun = 0
    cpu_s = _cpu_s()
    began_at = perf_counter()

    async def fetch_pages() -> None:
        nonlocal begun
        while begun < order.pages and perf_counter() - began_at < order.seconds:
            begun += 1
            await fetch()

    await asyncio.gather(*(fetch_pages() for _ in range(order.concurrency)))
    return Sample(begun, perf_counter() - began_at, _cpu_s() - cpu_s, _memory_mb())


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _memory_mb() -> float:
    if _STATM.exists():
        return int(_STATM.read_text().split()[1]) * resource.getpagesize() / _BYTES_PER_MB
    # Elsewhere (macOS: in bytes) only the peak can be had without another package.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _BYTES_PER_MB


if __name__ == "__main__":
    asyncio.run(_answer_orders(*sys.argv[1:]))
