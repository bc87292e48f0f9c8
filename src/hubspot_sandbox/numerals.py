"""Whole numbers as clients write them: ids, offsets, limits."""

from typing import Final

# What always fits the store's 64 bits.
_MOST_DIGITS: Final = 18


def whole_number(text: str) -> int | None:
    """The number that decimal digits stand for; None for anything else and for what no id or offset can be."""
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else None
