"""`make down`: stops what `make up` started."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from locks import stop_holder
from services import STOP_PATIENCE_S


def main(arguments: list[str]) -> int:
    """Stops the parent, which stops its children; then those that a killed parent left behind."""
    parser = argparse.ArgumentParser(prog="make down", description=__doc__)
    parser.add_argument("--run-dir", type=Path, default=Path(".run"), help="where `make up` keeps its state")
    run_dir: Path = parser.parse_args(arguments).run_dir
    stopped = [
        name
        for name, patience_s in (("up", 3 * STOP_PATIENCE_S), ("server", STOP_PATIENCE_S), ("sandbox", STOP_PATIENCE_S))
        if stop_holder(run_dir / f"{name}.lock", patience_s=patience_s)
    ]
    print("Stopped." if stopped else "Nothing is running.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
