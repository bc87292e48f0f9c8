"""Random choices from a seed, cheap enough to be made a million times."""

import math
import random
from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, Generic, TypeVar

from hubspot_sandbox.instants import DAY_MS

_ItemT = TypeVar("_ItemT")
_HOUR_MS: Final = 3_600_000


class Weighted(Generic[_ItemT]):
    """Items with weights."""

    def __init__(self, weights: dict[_ItemT, float]) -> None:
        self.items: list[_ItemT] = list(weights)
        self.sums: list[float] = list(accumulate(weights.values()))


class Draw:
    """One stream of random choices."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - reproducible data, no secrets

    def fraction(self) -> float:
        """A number in [0, 1)."""
        return self._random.random()

    def chance(self, probability: float) -> bool:
        """True that often."""
        return self._random.random() < probability

    def below(self, limit: int) -> int:
        """A number in [0, limit)."""
        return int(self._random.random() * limit)

    def between(self, low: int, high: int) -> int:
        """A number in [low, high]."""
        return low + int(self._random.random() * (high - low + 1))

    def pick(self, items: Sequence[_ItemT]) -> _ItemT:
        """One of the items, each as likely."""
        return items[int(self._random.random() * len(items))]

    def weighted(self, choices: Weighted[_ItemT]) -> _ItemT:
        """One of the items, by weight."""
        return choices.items[bisect(choices.sums, self._random.random() * choices.sums[-1])]

    def lognormal(self, median: float, sigma: float) -> float:
        """A positive number with a long tail to the right."""
        return math.exp(self._random.gauss(math.log(median), sigma))

    def past(self, reference_ms: int, days: int, *, recency: float = 1.5) -> int:
        """An instant in the last so many days; a higher recency crowds them towards the end."""
        age = self._random.random() ** recency * days
        return reference_ms - _HOUR_MS - int(age * DAY_MS)

    def working_instant(self, day_ms: int) -> int:
        """A quarter of an hour between 9 and 17 Eastern time on the UTC day of an instant."""
        quarters = 4 * 14 + int(self._random.random() * 4 * 8)
        return day_ms - day_ms % DAY_MS + quarters * _HOUR_MS // 4

    def digits(self, count: int) -> str:
        """That many decimal digits."""
        return str(int(self._random.random() * 10**count)).zfill(count)
