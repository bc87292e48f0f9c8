"""`hubspot-agent sandbox`: a HubSpot account on this machine. Its package stands alone and is never imported here."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import Any, Final

import typer

from ._exits import Exit
from ._report import say

_PACKAGE: Final = "hubspot_sandbox"
_NEEDS: Final = ("starlette", "uvicorn")
PASSED_ON: Final[dict[str, Any]] = {"ignore_unknown_options": True, "allow_extra_args": True}
"""Its options are those of the sandbox's own command."""


def sandbox(context: typer.Context) -> None:
    """Serve a HubSpot account on this machine until stopped; `sandbox --help` shows its options."""
    missing = [name for name in (_PACKAGE, *_NEEDS) if find_spec(name) is None]
    if missing:
        say(f"hubspot-agent sandbox needs {missing[0]}: pip install 'airbyte-agent-hubspot[sandbox]'")
        raise typer.Exit(Exit.MISUSED)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", _PACKAGE, *context.args])  # noqa: S606 - no shell is wanted
