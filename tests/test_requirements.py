"""Every promise has a test, and every test that claims to keep one names a promise that was made."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

from requirements import REQUIREMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
FILES = [*ROOT.glob("tests/**/test_*.py"), *ROOT.glob("typing_tests/*.py")]


def claims() -> Iterator[tuple[str, str]]:
    """Each mark of each test: the id it names, and the test."""
    for path in sorted(FILES):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                for mark in node.decorator_list:
                    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.requirement":
                        [name] = mark.args
                        yield ast.literal_eval(name), f"{path.relative_to(ROOT)}::{node.name}"


def test_every_promise_has_a_test() -> None:
    kept = {name for name, _ in claims()}
    assert sorted(REQUIREMENTS.keys() - kept) == []


def test_no_test_keeps_a_promise_that_nobody_made() -> None:
    assert [(name, test) for name, test in claims() if name not in REQUIREMENTS] == []


def test_a_promise_is_a_sentence_with_a_source() -> None:
    for name, (source, sentence) in REQUIREMENTS.items():
        assert source, name
        assert sentence.endswith("."), name
