"""The command `hubspot-agent`. Needs the extra `cli`."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Runs the command line and exits: see `exits` for the codes."""
    try:
        from ._commands import app  # noqa: PLC0415 - an extra
    except ImportError as error:
        if error.name != "typer":
            raise
        print("hubspot-agent needs typer: pip install 'airbyte-agent-hubspot[cli]'", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    app()
