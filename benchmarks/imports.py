"""What it costs to start: import and, for the connector, construct, each time in a new process."""

from __future__ import annotations

import os
import sys
from time import perf_counter
from typing import Final

from .figures import Measure, Target, bounded_rounds
from .processes import build_environment

_BARE: Final = "python -c pass"
_CONNECTOR: Final = "this connector: import + construct"
_HTTPX2: Final = "import httpx2"

_SNIPPETS: Final = {
    _BARE: "pass",
    _CONNECTOR: (
        "from airbyte_agent_hubspot import HubspotConnector\n"
        "from airbyte_agent_hubspot.models import HubspotAuthConfig\n"
        "HubspotConnector(auth_config=HubspotAuthConfig(refresh_token='measured'))"
    ),
    _HTTPX2: "import httpx2",
    "hubspot-api-client: import + first use": (
        "from hubspot import HubSpot\nHubSpot(access_token='measured').crm.contacts.basic_api"
    ),
    # The name is used because pydantic imports its parts when they are asked for.
    "import httpx, pydantic.BaseModel": "import httpx, pydantic\npydantic.BaseModel",
}

_WALL: Final = "cold start, wall time"
_CPU: Final = "cold start, CPU time"

TARGETS: Final = tuple(
    Target(measure, _CONNECTOR, reference, at_most)
    for measure in (_WALL, _CPU)
    for reference, at_most in ((_BARE, 8.0), (_HTTPX2, 1.0))
)


def measure_imports(rounds: int, *, budget_s: float) -> list[Measure]:
    """Wall and CPU time of a process that runs each snippet. One round before the first writes byte code."""
    wall = Measure(_WALL, "ms", _BARE)
    cpu = Measure(_CPU, "ms", _BARE)
    for snippet in _SNIPPETS.values():
        _run(snippet)
    for _ in bounded_rounds(rounds, budget_s=budget_s):
        for title, snippet in _SNIPPETS.items():
            wall_s, cpu_s = _run(snippet)
            wall.add(title, wall_s * 1000)
            cpu.add(title, cpu_s * 1000)
    return [wall, cpu]


def _run(snippet: str) -> tuple[float, float]:
    """Wall and CPU seconds of a new interpreter with `snippet`."""
    began_at = perf_counter()
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", snippet], build_environment())
    _, status, usage = os.wait4(pid, 0)
    wall_s = perf_counter() - began_at
    if status:
        raise ChildProcessError(f"{snippet!r} ended with status {os.waitstatus_to_exitcode(status)}")
    return wall_s, usage.ru_utime + usage.ru_stime
