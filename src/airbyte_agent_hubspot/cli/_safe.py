"""Text from the CRM on a terminal: nothing in it may steer the terminal."""

from __future__ import annotations

import re
from typing import Final

_STEERING: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_FORMULA: Final = re.compile(r"[=@\t\r]|[+-](?![\d\s().-]*$)")


def safe(text: str) -> str:
    """The text with characters that steer a terminal, or turn the direction of writing, shown as their codes."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def safe_line(text: str) -> str:
    """The same on one line."""
    return safe(" ".join(text.split()))


def safe_cell(text: str) -> str:
    """A cell of CSV that no spreadsheet takes for a formula: a `'` stands before what one would calculate."""
    return f"'{text}" if _FORMULA.match(text) else text
