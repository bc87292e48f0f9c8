"""Says what is missing if this interpreter cannot make the virtual environment. Runs on any Python 3."""

import importlib.util
import sys

OLDEST = (3, 11)


def find_fault(version: "tuple[int, int]", *, has_venv: bool, executable: str) -> "str | None":
    """What to do about an interpreter that does not fit; None if it does."""
    if version < OLDEST:
        return (
            f"{executable} is Python {version[0]}.{version[1]}; {OLDEST[0]}.{OLDEST[1]} or newer is needed.\n"
            "Install one, then name it: make PYTHON=python3.12 ..."
        )
    if not has_venv:
        return (
            f"{executable} cannot make virtual environments: the modules venv and ensurepip are missing.\n"
            "On Debian and Ubuntu: apt-get install python3-venv. Or name another one: make PYTHON=python3.12 ..."
        )
    return None


if __name__ == "__main__":
    sys.exit(
        find_fault(
            sys.version_info[:2],
            has_venv=all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")),
            executable=sys.executable,
        )
    )
