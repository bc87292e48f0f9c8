"""One table for people, one JSON document for machines."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .figures import Measure, Verdict

_DISTRIBUTIONS: Final = ("msgspec", "pyqwest", "httpx", "httpx2", "pydantic", "hubspot-api-client")
_ROW: Final = "{:<42}{:>10} {:<4}{:>19}{:>8}  {}"


def describe_machine() -> dict[str, object]:
    """What a reader needs to know before comparing runs. `load_1m` is the load average before the run."""
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load_1m": round(os.getloadavg()[0], 2),
        "versions": {name: version(name) for name in _DISTRIBUTIONS},
    }


def build_rows(measures: list[Measure], verdicts: list[Verdict]) -> list[dict[str, object]]:
    """One row for each contender of each measure. `ratio` is to the measure's `reference`, within rounds."""
    return [
        {
            "measure": measure.name,
            "unit": measure.unit,
            "contender": contender.strip(),
            "median": round(measure.median(contender), 3),
            "lowest": round(min(samples), 3),
            "highest": round(max(samples), 3),
            "rounds": len(samples),
            "reference": measure.reference,
            "ratio": round(measure.ratio(contender, measure.reference), 3),
            "targets": [
                {
                    "reference": verdict.target.reference,
                    "at_most": verdict.target.at_most,
                    "ratio": round(verdict.ratio, 3),
                    "met": verdict.is_met,
                }
                for verdict in verdicts
                if (verdict.target.measure, verdict.target.contender) == (measure.name, contender)
            ],
        }
        for measure in measures
        for contender, samples in measure.samples.items()
    ]


def render_table(measures: list[Measure], verdicts: list[Verdict]) -> Iterator[str]:
    """Lines of the table: medians, the range, the ratio to the measure's reference, targets with their verdict."""
    for measure in measures:
        yield ""
        yield _ROW.format(measure.name, "median", "", "lowest - highest", "ratio", "target").rstrip()
        for contender, samples in measure.samples.items():
            found = [
                f"{'pass' if verdict.is_met else 'MISS'}: {verdict.ratio:.2f} of {verdict.target.reference}, "
                f"at most {verdict.target.at_most:g}"
                for verdict in verdicts
                if (verdict.target.measure, verdict.target.contender) == (measure.name, contender)
            ]
            yield _ROW.format(
                f"  {contender}",
                _shorten(measure.median(contender)),
                measure.unit,
                f"{_shorten(min(samples))} - {_shorten(max(samples))}",
                f"{measure.ratio(contender, measure.reference):.2f}",
                "; ".join(found),
            ).rstrip()


def _shorten(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
