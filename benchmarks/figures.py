"""Samples, their medians and ratios, and the targets they are held against."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def bounded_rounds(at_most: int, *, budget_s: float) -> Iterator[int]:
    """Numbers of rounds from 0; none begins once `budget_s` is spent, but there is always one."""
    began_at = monotonic()
    for number in range(at_most):
        if number and monotonic() - began_at >= budget_s:
            return
        yield number


@dataclass(frozen=True)
class Measure:
    """One thing measured of several contenders: a sample of each in every round, so that samples pair up."""

    name: str
    unit: str
    reference: str
    samples: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    def add(self, contender: str, value: float) -> None:
        """Notes the contender's sample of this round."""
        self.samples.setdefault(contender, []).append(value)

    def median(self, contender: str) -> float:
        """The middle sample."""
        return median(self.samples[contender])

    def ratio(self, contender: str, reference: str) -> float:
        """The middle of the ratios within each round: what slows a whole round down cancels out."""
        pairs = zip(self.samples[contender], self.samples[reference], strict=True)
        return median(value / base for value, base in pairs)


@dataclass(frozen=True, slots=True)
class Target:
    """A promise: `contender` takes at most `at_most` times what `reference` takes."""

    measure: str
    contender: str
    reference: str
    at_most: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target, and what was measured."""

    target: Target
    ratio: float

    @property
    def is_met(self) -> bool:
        """Whether the promise held in this run."""
        return self.ratio <= self.target.at_most


def judge(measures: list[Measure], targets: tuple[Target, ...]) -> list[Verdict]:
    """A verdict on every target."""
    by_name = {measure.name: measure for measure in measures}
    return [Verdict(target, by_name[target.measure].ratio(target.contender, target.reference)) for target in targets]
