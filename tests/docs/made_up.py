"""`make up` as a process of its own, as a person would run it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import IO, Final, Self, cast

from docs.pages import ROOT
from greeting import LAST_LINE

UP: Final = [sys.executable, str(ROOT / "scripts/up.py")]
DOWN: Final = [sys.executable, str(ROOT / "scripts/down.py")]


class MadeUp:
    """A sandbox and a server, started by `scripts/up.py` and stopped at the end. `printed` is what it said."""

    def __init__(self, run_dir: Path, *, sandbox_port: int = 0, server_port: int = 0) -> None:
        self.run_dir = run_dir
        ports = ["--sandbox-port", str(sandbox_port), "--server-port", str(server_port)]
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            [*UP, "--run-dir", str(run_dir), *ports],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._output = cast("IO[str]", self.process.stdout)
        self.printed = ""
        for line in self._output:
            self.printed += line
            if line.startswith(LAST_LINE):
                break
        else:
            self.finish()
            raise AssertionError(self.printed)
        written = json.loads((run_dir / "up.json").read_text(encoding="utf-8"))
        self.pids: dict[str, int] = written.pop("pids")
        self.values: dict[str, str] = written

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.finish()

    def finish(self) -> str:
        """What it says until it ends; nothing the second time."""
        said = "" if self._output.closed else self._output.read()
        self._output.close()
        self.process.wait()
        return said

    def variables(self) -> dict[str, str]:
        """What the file for the shell exports."""
        lines = (self.run_dir / "up.env").read_text(encoding="utf-8").splitlines()
        return dict(line.removeprefix("export ").split("=", 1) for line in lines)
