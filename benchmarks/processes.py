"""Processes that a run starts, each ended with the block that started it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .worker import Sample, Start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from .worker import Order

ROOT: Final = Path(__file__).parent.parent
_KEPT_VARIABLES: Final = ("HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "TMPDIR")
_END_TIMEOUT_S: Final = 5.0


def build_environment() -> dict[str, str]:
    """Variables for a measured process: none of a proxy, a coverage tool or Python's own switches."""
    return {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}


class WorkerEndedError(Exception):
    """A process ended before it answered; its own standard error says why."""


class Worker:
    """A contender in its own process."""

    def __init__(self, orders: IO[str], answers: IO[str]) -> None:
        self._orders = orders
        self._answers = answers
        self.start = Start(**_read(answers))

    def ask(self, order: Order) -> Sample:
        """What `order` took."""
        self._orders.write(json.dumps(asdict(order)) + "\n")
        self._orders.flush()
        return Sample(**_read(self._answers))


def _read(answers: IO[str]) -> dict[str, Any]:
    line = answers.readline()
    if not line:
        raise WorkerEndedError("a measured process ended early")
    answer: dict[str, Any] = json.loads(line)
    return answer


@contextmanager
def running_worker(contender: str, base_url: str) -> Iterator[Worker]:
    """A worker that has constructed its client and waits for orders."""
    with _running("benchmarks.worker", contender, base_url) as (orders, answers):
        yield Worker(orders, answers)


@contextmanager
def running_server() -> Iterator[str]:
    """The static server's base address."""
    with _running("benchmarks.server") as (_, answers):
        yield f"http://127.0.0.1:{int(answers.readline())}"


@contextmanager
def _running(module: str, *arguments: str) -> Iterator[tuple[IO[str], IO[str]]]:
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=build_environment(),
    )
    with process:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("both are pipes")
        try:
            yield process.stdin, process.stdout
        finally:
            process.stdin.close()
            try:
                process.wait(_END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
