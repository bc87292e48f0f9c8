"""Programs for Node.js, with the packages of `node/package-lock.json`."""

import fcntl
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

NODE: Final = Path(__file__).parent / "node"
# What `npm ci` makes last; without it an interrupted installation would count as one.
_INSTALLED: Final = NODE / "node_modules" / ".package-lock.json"
_INSTALL_TIMEOUT_S: Final = 300
_RUN_TIMEOUT_S: Final = 120


def find_program(name: str) -> str:
    """Where it is installed; the test fails if it is not."""
    found = shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is not installed: the conformance suite needs Node.js 20 or newer, with npm")
    return found


def run_program(
    program: str,
    *arguments: str,
    cwd: Path = NODE,
    env: Mapping[str, str] | None = None,
    timeout_s: int = _RUN_TIMEOUT_S,
) -> subprocess.CompletedProcess[str]:
    """What became of a program."""
    return subprocess.run(  # noqa: S603 - our own scripts
        [find_program(program), *arguments],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def output_of(
    program: str, *arguments: str, env: Mapping[str, str] | None = None, timeout_s: int = _RUN_TIMEOUT_S
) -> str:
    """What a program prints; a failure shows what it said."""
    outcome = run_program(program, *arguments, env=env, timeout_s=timeout_s)
    assert outcome.returncode == 0, f"{program} {' '.join(arguments)}\n{outcome.stdout}\n{outcome.stderr}"
    return outcome.stdout


def install_packages() -> None:
    """The packages in the versions of package-lock.json."""
    find_program("node")
    lock = NODE / "package-lock.json"
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # several test processes may come here at once
        if not _INSTALLED.exists() or _INSTALLED.stat().st_mtime < lock.stat().st_mtime:
            output_of("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", timeout_s=_INSTALL_TIMEOUT_S)
