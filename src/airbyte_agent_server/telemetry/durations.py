"""Histograms of durations, for what happens with every request."""

import threading
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry
from prometheus_client.utils import floatToGoString

_TAKEN_IN_AT = 250
"""So many durations of one kind wait at most: taking many in at a time is faster than each by itself."""


@dataclass(slots=True)
class _Series:
    """Durations of one kind."""

    counts: list[int]
    """How many took at most each of the bounds, and more than the one before; the last: more than all."""
    total_s: float = 0.0
    new_s: list[float] = field(default_factory=list[float])
    """Not yet counted."""

    def take_in(self, bounds_s: Sequence[float]) -> None:
        """Count the new ones. What other threads append meanwhile stays for the next time."""
        taken = self.new_s[:]
        del self.new_s[: len(taken)]
        self.total_s += sum(taken)
        taken.sort()
        before = 0
        for place, bound_s in enumerate(bounds_s):
            upto = bisect_right(taken, bound_s)
            self.counts[place] += upto - before
            before = upto
        self.counts[-1] += len(taken) - before


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
        self._series: dict[tuple[str, ...], _Series] = {}
        registry.register(self)

    def add(self, duration_s: float, *labels: str) -> None:
        """Something took so long; its labels in the order in which they are named."""
        series = self._series.get(labels)
        if series is None:
            with self._lock:
                series = self._series.setdefault(labels, _Series([0] * (len(self._bounds_s) + 1)))
        new_s = series.new_s
        new_s.append(duration_s)
        if len(new_s) >= _TAKEN_IN_AT:
            with self._lock:
                series.take_in(self._bounds_s)

    def collect(self) -> Iterator[Metric]:
        """What a scrape gets."""
        names = [*map(floatToGoString, self._bounds_s), "+Inf"]
        with self._lock:
            for series in self._series.values():
                series.take_in(self._bounds_s)
            found = [(labels, list(accumulate(one.counts)), one.total_s) for labels, one in self._series.items()]
        family = HistogramMetricFamily(self._name, self._text, labels=self._labels)
        for labels, counts, total_s in found:
            family.add_metric(labels, list(zip(names, counts, strict=True)), total_s)
        yield family
