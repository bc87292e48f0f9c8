"""Histograms of durations, for what happens with every request."""

import threading
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry
from prometheus_client.utils import floatToGoString

_TAKEN_IN_AT = 250
"""So many durations wait at most: taking many in at a time is faster than each by itself."""


@dataclass(slots=True)
class _Series:
    counts: list[int]
    """How many took at most each of the bounds, and more than the one before; the last: more than all."""
    total_s: float = 0.0


class Durations(Collector):
    """One histogram. Safe for threads.

    The library's own finds and locks a counter for the sum and one for the bucket each time: a tenth of an execute
    went into its three.
    """

    def __init__(
        self, name: str, text: str, labels: Sequence[str], bounds_s: Sequence[float], registry: CollectorRegistry
    ) -> None:
        self._name = name
        self._text = text
        self._labels = labels
        self._bounds_s = bounds_s
        self._lock = threading.Lock()
        self._new: list[tuple[float, tuple[str, ...]]] = []
        self._series: dict[tuple[str, ...], _Series] = {}
        registry.register(self)

    def add(self, duration_s: float, *labels: str) -> None:
        """Something took so long; its labels in the order in which they are named."""
        new = self._new
        new.append((duration_s, labels))
        if len(new) >= _TAKEN_IN_AT:
            self._take_in()

    def _take_in(self) -> None:
        with self._lock:
            new = self._new
            # What other threads append meanwhile stays for the next time.
            taken = new[:]
            del new[: len(taken)]
            for duration_s, labels in taken:
                series = self._series.get(labels)
                if series is None:
                    series = self._series[labels] = _Series([0] * (len(self._bounds_s) + 1))
                series.counts[bisect_left(self._bounds_s, duration_s)] += 1
                series.total_s += duration_s

    def collect(self) -> Iterator[Metric]:
        """What a scrape gets."""
        self._take_in()
        names = [*map(floatToGoString, self._bounds_s), "+Inf"]
        with self._lock:
            found = [(labels, list(accumulate(one.counts)), one.total_s) for labels, one in self._series.items()]
        family = HistogramMetricFamily(self._name, self._text, labels=self._labels)
        for labels, counts, total_s in found:
            family.add_metric(labels, list(zip(names, counts, strict=True)), total_s)
        yield family
