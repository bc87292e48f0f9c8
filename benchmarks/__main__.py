"""Runs all measurements and prints them: `python -m benchmarks [--quick] [--json FILE] [--check]`."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from . import hosted, imports, listing, pages
from .figures import Measure, judge
from .lifetimes import measure_lifetimes
from .processes import running_server
from .report import build_rows, describe_machine, render_table


@dataclass(frozen=True, slots=True)
class _Plan:
    """How much to measure. No round of a section begins once its budget is spent."""

    import_rounds: int
    import_budget_s: float
    page_rounds: int
    page_sample_s: float
    page_budget_s: float
    lifetime_rounds: int
    lifetime_calls: int
    lifetime_budget_s: float
    listing_rounds: int
    listing_records: int
    hosted: hosted.HostedPlan


_FULL: Final = _Plan(
    import_rounds=15,
    import_budget_s=45,
    page_rounds=20,
    page_sample_s=0.4,
    page_budget_s=110,
    lifetime_rounds=4,
    lifetime_calls=1000,
    lifetime_budget_s=70,
    listing_rounds=3,
    listing_records=100_000,
    hosted=hosted.HostedPlan(rounds=5, sample_s=4, budget_s=240, starts=5, memory_calls=200_000),
)
_QUICK: Final = _Plan(
    import_rounds=3,
    import_budget_s=3,
    page_rounds=2,
    page_sample_s=0.1,
    page_budget_s=3,
    lifetime_rounds=1,
    lifetime_calls=50,
    lifetime_budget_s=3,
    listing_rounds=1,
    listing_records=6_000,
    hosted=hosted.HostedPlan(rounds=1, sample_s=1, budget_s=10, starts=1, memory_calls=100),
)


_TARGETS: Final = {"client": imports.TARGETS + pages.TARGETS + listing.TARGETS, "hosted": hosted.TARGETS}
_SECTIONS: Final = tuple(_TARGETS)


def _measure_client(plan: _Plan) -> list[Measure]:
    """The connector beside other clients."""
    measures = imports.measure_imports(plan.import_rounds, budget_s=plan.import_budget_s)
    with running_server() as base_url:
        measures += pages.measure_pages(
            base_url, plan.page_rounds, sample_s=plan.page_sample_s, budget_s=plan.page_budget_s
        )
        measures += measure_lifetimes(
            base_url, plan.lifetime_rounds, calls=plan.lifetime_calls, budget_s=plan.lifetime_budget_s
        )
        measures += listing.measure_listing(
            base_url, plan.listing_rounds, records=plan.listing_records, budget_s=plan.lifetime_budget_s
        )
    return measures


def main() -> int:
    """Measures and prints; 1 with `--check` if a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="The connector beside its peers.")
    parser.add_argument("--quick", action="store_true", help="a few seconds: shows that it runs, figures are rough")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write all figures there")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    parser.add_argument("--only", choices=_SECTIONS, help="measure one section")
    arguments = parser.parse_args()
    sections = _SECTIONS if arguments.only is None else (arguments.only,)
    missing = hosted.missing_programs()
    if "hosted" in sections and missing:
        print(
            f"hosted: not measured, since this machine lacks {' and '.join(missing)}: apt-get install nginx-light wrk"
        )
        sections = tuple(section for section in sections if section != "hosted")
    plan = _QUICK if arguments.quick else _FULL

    machine = describe_machine()
    print(", ".join(f"{name}: {value}" for name, value in machine.items() if name != "versions"))
    began_at = monotonic()
    measures = list[Measure]()
    if "client" in sections:
        measures += _measure_client(plan)
    if "hosted" in sections:
        with running_server() as base_url:
            measures += hosted.measure_hosted(base_url, plan.hosted)
    targets = [target for section in sections for target in _TARGETS[section]]
    verdicts = judge(measures, tuple(targets))
    for line in render_table(measures, verdicts):
        print(line)
    missed = sum(not verdict.is_met for verdict in verdicts)
    print(f"\n{len(verdicts) - missed} of {len(verdicts)} targets met in {monotonic() - began_at:.0f} s")
    if arguments.json:
        document = {"quick": arguments.quick, "machine": machine, "rows": build_rows(measures, verdicts)}
        arguments.json.write_text(json.dumps(document, indent=2) + "\n")
    return 1 if arguments.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
