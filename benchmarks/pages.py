"""Throughput: pages of 100 contacts from a local server, and the CPU time of the client for each."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Final

from .figures import Measure, Target, bounded_rounds
from .processes import running_worker
from .worker import Order

CONNECTOR: Final = "this connector"
HTTPX2: Final = "httpx2 + json.loads"
HUBSPOT_API_CLIENT: Final = "hubspot-api-client (sync)"
_TRANSPORT: Final = "  of the connector: transport"
_DECODING: Final = "  of the connector: decoding"
_REST: Final = "  of the connector: the rest"

_CONTENDERS: Final = {
    CONNECTOR: "connector",
    HTTPX2: "httpx2_json",
    "httpx2 + msgspec": "httpx2_msgspec",
    HUBSPOT_API_CLIENT: "hubspot_api_client",
    _TRANSPORT: "transport",
    _DECODING: "decoding",
}
_CONCURRENCIES: Final = (1, 16)
_WARM_UP_PAGES: Final = 4
_WARM_UP_LIMIT_S: Final = 5.0
_NO_PAGE_LIMIT: Final = 1_000_000_000


def _rate_name(concurrency: int) -> str:
    return f"pages per second, {concurrency} concurrent"


def _cpu_name(concurrency: int) -> str:
    return f"CPU time per page, {concurrency} concurrent"


TARGETS: Final = tuple(Target(_cpu_name(concurrency), CONNECTOR, HTTPX2, 0.5) for concurrency in _CONCURRENCIES)


def measure_pages(base_url: str, rounds: int, *, sample_s: float, budget_s: float) -> list[Measure]:
    """Pages per second and CPU time per page. All workers live through the whole section; one works at a time."""
    rates = {concurrency: Measure(_rate_name(concurrency), "1/s", HTTPX2) for concurrency in _CONCURRENCIES}
    costs = {concurrency: Measure(_cpu_name(concurrency), "us", HTTPX2) for concurrency in _CONCURRENCIES}
    with ExitStack() as stack:
        workers = {title: stack.enter_context(running_worker(name, base_url)) for title, name in _CONTENDERS.items()}
        for _ in bounded_rounds(rounds, budget_s=budget_s):
            for concurrency in _CONCURRENCIES:
                for title, worker in workers.items():
                    if title == HUBSPOT_API_CLIENT and concurrency > 1:
                        continue
                    worker.ask(Order(concurrency, _WARM_UP_PAGES * concurrency, _WARM_UP_LIMIT_S))
                    sample = worker.ask(Order(concurrency, _NO_PAGE_LIMIT, sample_s))
                    if title not in {_TRANSPORT, _DECODING}:
                        rates[concurrency].add(title, sample.pages / sample.wall_s)
                    costs[concurrency].add(title, sample.cpu_s / sample.pages * 1_000_000)
                costs[concurrency].add(_REST, _rest(costs[concurrency]))
    return [measure for concurrency in _CONCURRENCIES for measure in (rates[concurrency], costs[concurrency])]


def _rest(cost: Measure) -> float:
    """What the connector took in this round beyond its two parts."""
    whole, *parts = (cost.samples[title][-1] for title in (CONNECTOR, _TRANSPORT, _DECODING))
    return whole - sum(parts)
