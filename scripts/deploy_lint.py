"""Holds each file of `deploy/` against a linter of its kind; exit status 1 if one finds something.

Hadolint, the schemas of Compose and of Kubernetes come as packages of Python; nginx and systemd from the system.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

DEPLOY: Final = Path(__file__).parents[1] / "deploy"
WORST_EXPOSURE: Final = "20"
"""Of a systemd unit, in tenths: 2.0 of 10."""
_BIN: Final = Path(sys.executable).parent


def run(command: Sequence[str | Path], *, quiet: bool = False) -> list[str]:
    """What a linter says, if it is not content. A `quiet` one is content only if it says nothing."""
    environment = {**os.environ, "PATH": f"{_BIN}:/usr/sbin:/sbin:{os.environ.get('PATH', '')}"}
    program = shutil.which(str(command[0]), path=environment["PATH"])
    if program is None:
        return [f"{command[0]} is not installed."]
    done = subprocess.run(
        [program, *command[1:]], capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL
    )
    said = [*done.stdout.splitlines(), *done.stderr.splitlines()]
    return said or [f"{command[0]} failed."] if done.returncode else said if quiet else []


def dockerfile(folder: Path) -> list[str]:
    """The image."""
    return run(["hadolint", "--failure-threshold", "style", folder / "Dockerfile"])


def compose(folder: Path) -> list[str]:
    """The compose file."""
    return run(["check-jsonschema", "--builtin-schema", "vendor.compose-spec", folder / "compose.yaml"])


def kubernetes(folder: Path) -> list[str]:
    """The manifests, unknown fields refused."""
    return run(["kubernetes-validate", "--strict", "--quiet", *sorted((folder / "kubernetes").glob("*.yaml"))])


@contextmanager
def proxy_here(folder: Path) -> Iterator[Path]:
    """The proxy's configuration in a folder of its own, with a certificate, and names that resolve here.

    Raises:
        ValueError: openssl made no certificate.
    """
    with tempfile.TemporaryDirectory() as scratch:
        certificate, key = Path(scratch, "tls.crt"), Path(scratch, "tls.key")
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        subject = ["-subj", "/CN=localhost", *curve, "-nodes", "-days", "1"]
        made = run(["openssl", "req", "-x509", *subject, "-keyout", key, "-out", certificate])
        if made:
            raise ValueError(" ".join(made))
        text = (folder / "nginx.conf").read_text(encoding="utf-8")
        text = text.replace(" /tmp/", f" {scratch}/").replace("/run/secrets/", f"{scratch}/")
        text = text.replace("server-1:", "127.0.0.1:").replace("server-2:", "127.0.0.2:")
        changed = Path(scratch, "nginx.conf")
        changed.write_text(text, encoding="utf-8")
        yield changed


def nginx(folder: Path) -> list[str]:
    """The proxy's configuration."""
    try:
        with proxy_here(folder) as changed:
            return run(["nginx", "-t", "-e", "stderr", "-p", changed.parent, "-c", changed])
    except ValueError as error:
        return [str(error)]


def systemd(folder: Path) -> list[str]:
    """The unit: whether systemd understands all of it, and how much of the machine it leaves open."""
    with tempfile.TemporaryDirectory() as scratch:
        text = (folder / "agent-server.service").read_text(encoding="utf-8")
        unit = Path(scratch, "agent-server.service")
        unit.write_text(text.replace("/opt/agent-server/bin/hubspot-agent", "/bin/true"), encoding="utf-8")
        exposure = ["security", "--offline=yes", f"--threshold={WORST_EXPOSURE}", "--no-pager"]
        return [
            *run(["systemd-analyze", "verify", "--man=no", unit], quiet=True),
            *run(["systemd-analyze", *exposure, unit]),
        ]


LINTERS: Final[dict[str, Callable[[Path], list[str]]]] = {
    "Dockerfile": dockerfile,
    "compose.yaml": compose,
    "kubernetes": kubernetes,
    "nginx.conf": nginx,
    "agent-server.service": systemd,
}
"""What is linted -> how."""


def findings(folder: Path) -> Iterator[str]:
    """What all linters say."""
    for name, lint in LINTERS.items():
        for line in lint(folder):
            yield f"{name}: {line}"


def main(folder: Path = DEPLOY) -> int:
    """Lint, and print what was found; the exit status."""
    found = list(findings(folder))
    print("\n".join(found) if found else f"{len(LINTERS)} kinds of files linted: nothing found.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
