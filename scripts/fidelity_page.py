"""`python scripts/fidelity_page.py`: brings docs/sandbox-fidelity.md to the choices that the sandbox's code marks."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parent.parent
SANDBOX: Final = ROOT / "src/hubspot_sandbox"
PAGE: Final = ROOT / "docs/sandbox-fidelity.md"
MARK: Final = "# choice:"
END_OF_ROW: Final = " | choice |"


def rows() -> list[str]:
    """One row of the table for each mark in the code: where, what, `choice`; sorted."""
    found = {
        f"| {path.relative_to(SANDBOX).with_suffix('').as_posix()} | {text.replace('|', chr(92) + '|')}{END_OF_ROW}"
        for path in SANDBOX.rglob("*.py")
        for text in marks(path.read_text(encoding="utf-8"))
    }
    return sorted(found)


def marks(source: str) -> Iterator[str]:
    """The choices of a module: in comments, with the comment lines below them, and in docstrings up to a blank line."""
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and token.string.startswith(MARK):
            text = token.string.removeprefix(MARK)
            place = token.start[0]
            while place < len(lines) and lines[place].strip().startswith("# "):
                text += lines[place].strip()[1:]
                place += 1
            yield _plain(text)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for part in (ast.get_docstring(node) or "").split(MARK)[1:]:
                yield _plain(part.partition("\n\n")[0])


def _plain(text: str) -> str:
    return " ".join(text.split()).removesuffix(".")


def shown_rows(page: str) -> list[str]:
    """The rows of the page that are choices."""
    return [line for line in page.splitlines() if line.endswith(END_OF_ROW)]


def render(page: str) -> str:
    """The page with the choices of today at the end of its table."""
    kept = [line for line in page.splitlines() if not line.endswith(END_OF_ROW)]
    last = max(place for place, line in enumerate(kept) if line.startswith("| "))
    return "\n".join([*kept[: last + 1], *rows(), *kept[last + 1 :]]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
