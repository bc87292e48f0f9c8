"""`make pages`: writes the pages that are generated."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, cast

from cli_page import render_cli
from errors_page import render_errors
from faults_page import render_faults
from fidelity_page import PAGE as FIDELITY
from fidelity_page import render as render_fidelity
from greeting import LAST_LINE, Running
from operations_page import render_operations
from settings_page import render_settings
from tokens_page import costs, render_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parent.parent
OPERATIONS: Final = ROOT / "docs/reference/operations.md"
SETTINGS: Final = ROOT / "docs/reference/server-settings.md"
ERRORS: Final = ROOT / "docs/reference/errors.md"
FAULTS: Final = ROOT / "docs/reference/faults.md"
TOKENS: Final = ROOT / "docs/reference/tokens.md"
CLI: Final = ROOT / "docs/reference/cli.md"


@contextmanager
def running_pair() -> Iterator[Running]:
    """A sandbox and a server for a while, apart from those that run already."""
    with tempfile.TemporaryDirectory() as run_dir:
        command = [sys.executable, str(ROOT / "scripts/up.py"), "--run-dir", run_dir]
        with subprocess.Popen([*command, "--sandbox-port", "0", "--server-port", "0"], stdout=subprocess.PIPE) as up:
            for line in cast("IO[bytes]", up.stdout):
                if line.decode().startswith(LAST_LINE):
                    break
            try:
                yield Running(**json.loads((Path(run_dir) / "up.json").read_text(encoding="utf-8")))
            finally:
                up.terminate()


def main() -> int:
    """Writes all of them."""
    OPERATIONS.write_text(render_operations(), encoding="utf-8")
    CLI.write_text(render_cli(), encoding="utf-8")
    SETTINGS.write_text(render_settings(), encoding="utf-8")
    FIDELITY.write_text(render_fidelity(FIDELITY.read_text(encoding="utf-8")), encoding="utf-8")
    FAULTS.write_text(asyncio.run(render_faults()), encoding="utf-8")
    TOKENS.write_text(render_tokens(asyncio.run(costs())), encoding="utf-8")
    with running_pair() as running:
        ERRORS.write_text(asyncio.run(render_errors(running)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
