"""Reads pages of documentation as what they are for a reader: code to paste, with places to fill in."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_PLACEHOLDER: Final = re.compile(r"<[A-Za-z_][^<>\n]*>")


@dataclass(frozen=True)
class Block:
    """One block of code, and the nearest heading above it."""

    heading: str
    language: str
    text: str

    def fill(self, values: Mapping[str, str]) -> str:
        """The code with values in place of what it says for them. Nothing may be left to fill in."""
        text = self.text
        for place, value in values.items():
            text = text.replace(place, value)
        assert not _PLACEHOLDER.search(text), f"{self.heading}: what should stand there? {_PLACEHOLDER.findall(text)}"
        return text


def read_blocks(page: str) -> list[Block]:
    """The blocks of code of a page of the repository, in order."""
    blocks: list[Block] = []
    heading, language, lines = "", "", list[str]()
    for line in (ROOT / page).read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            if language:
                blocks.append(Block(heading, language, "\n".join(lines)))
            language, lines = "" if language else line[3:].strip() or "text", []
        elif language:
            lines.append(line)
        elif line.startswith("#"):
            heading = line.lstrip("# ")
    return blocks


def find_block(page: str, heading: str, language: str, *, number: int = 0) -> Block:
    """The block under a heading, by its language and its number among them."""
    return [block for block in read_blocks(page) if (block.heading, block.language) == (heading, language)][number]


@dataclass(frozen=True)
class HttpAnswer:
    """What curl got."""

    status: int
    body: dict[str, object]


class Shell:
    """Runs what a reader pastes."""

    def __init__(self, home: Path, variables: Mapping[str, str] | None = None) -> None:
        self._home = home
        self._environment = {**os.environ, **(variables or {})}

    def run(self, code: str, **variables: str) -> str:
        """What it prints."""
        done = subprocess.run(  # noqa: S603 - that is the test
            ["bash", "-euo", "pipefail", "-c", code],  # noqa: S607 - found as a reader's would be
            cwd=ROOT,
            env={**self._environment, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr}"
        return done.stdout

    def curl(self, code: str) -> HttpAnswer:
        """The answer to the one curl command in `code`. Curl's own settings make it tell the status after the body."""
        settings = 'silent\nshow-error\nnoproxy = "*"\nwrite-out = "\\n%{response_code}"\n'
        (self._home / ".curlrc").write_text(settings, encoding="utf-8")
        body, _, status = self.run(code, CURL_HOME=str(self._home)).rpartition("\n")
        return HttpAnswer(int(status), json.loads(body))
