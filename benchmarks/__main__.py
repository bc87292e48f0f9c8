"""Runs all measurements and prints them: `python -m benchmarks [--quick] [--json FILE] [--check]`."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from . import imports, listing, pages
from .figures import judge
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
)


def main() -> int:
    """Measures and prints; 1 with `--check` if a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="The connector beside its peers.")
    parser.add_argument("--quick", action="store_true", help="a few seconds: shows that it runs, figures are rough")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write all figures there")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    arguments = parser.parse_args()
    plan = _QUICK if arguments.quick else _FULL

    machine = describe_machine()
    print(", ".join(f"{name}: {value}" for name, value in machine.items() if name != "versions"))
    began_at = monotonic()
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
    verdicts = judge(measures, imports.TARGETS + pages.TARGETS + listing.TARGETS)
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
