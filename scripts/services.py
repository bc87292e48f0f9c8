"""A program of ours as a child process: started, awaited, watched, stopped."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast
from urllib.error import HTTPError, URLError

from locks import hold, stop_holder, write_pid

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LOOPBACK: Final = "127.0.0.1"
STOP_PATIENCE_S: Final = 10.0
_START_PATIENCE_S: Final = 60.0
_POLL_S: Final = 0.05
_SHOWN_LINES: Final = 20
_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class StartError(Exception):
    """Something does not start or has ended; the text says what it said last."""


def free_port(wanted: int) -> int:
    """`wanted` if nobody listens there, else some other free port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, wanted))
        except OSError:
            probe.bind((LOOPBACK, 0))
        return cast("int", probe.getsockname()[1])


def call(method: str, url: str, *, body: object = None, token: str | None = None) -> dict[str, object]:
    """The JSON object that our own server answers with, past any proxy.

    Raises:
        StartError: it answers with an error, or not at all.
    """
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - an address of our own
    try:
        with _OPENER.open(request, timeout=30) as answer:
            return cast("dict[str, object]", json.load(answer))
    except HTTPError as error:
        with error:
            raise StartError(f"{method} {url} answered {error.code}: {error.read().decode(errors='replace')}") from None
    except (URLError, TimeoutError) as error:
        raise StartError(f"{method} {url} did not answer: {error}") from None


@dataclass
class Service:
    """One child process. Its output goes to `<name>.log`, its lock is `<name>.lock`, both in `run_dir`."""

    name: str
    module: str
    arguments: list[str]
    run_dir: Path
    environment: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process id; 0 if it was not started."""
        return self.process.pid if self.process else 0

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.run_dir / f"{self.name}.log"

    def start(self, ready_url: str) -> None:
        """Starts it and waits until `ready_url` answers.

        Raises:
            StartError: it ended, or did not answer in time.
        """
        with hold(self.run_dir / f"{self.name}.lock") as lock, self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.module, *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment},
                pass_fds=[lock],
                start_new_session=True,  # Ctrl-C reaches us alone: we stop the children in order
            )
            write_pid(lock, self.process.pid)
        give_up_at = time.monotonic() + _START_PATIENCE_S
        while not _answers(ready_url):
            self.check()
            if time.monotonic() > give_up_at:
                raise StartError(f"The {self.name} did not answer at {ready_url}.\n{self._last_output()}")
            time.sleep(_POLL_S)

    def check(self) -> None:
        """Nothing, as long as it runs.

        Raises:
            StartError: it has ended.
        """
        code = self.process.poll() if self.process else 0
        if code is not None:
            raise StartError(f"The {self.name} has ended with exit code {code}.\n{self._last_output()}")

    def stop(self) -> None:
        """Stops it if it runs. Whatever it does with its last seconds is done when this returns."""
        stop_holder(self.run_dir / f"{self.name}.lock", patience_s=STOP_PATIENCE_S)
        if self.process is not None:
            self.process.wait()

    def _last_output(self) -> str:
        with self.log.open(encoding="utf-8", errors="replace") as lines:
            last = "".join(deque(lines, _SHOWN_LINES)).rstrip()
        return f"Its last output ({self.log}):\n{last}" if last else "It printed nothing."


def _answers(url: str) -> bool:
    try:
        with _OPENER.open(url, timeout=5):
            return True
    except (URLError, TimeoutError, ConnectionError):
        return False
