"""Counts tokens as OpenAI's current models do, without any download."""

from __future__ import annotations

import warnings
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def _encode() -> Callable[[str], list[int]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it opens its data by an old function
        from bpe_openai import get_encoding  # noqa: PLC0415

        return get_encoding("o200k_base").encode


def count_tokens(text: str) -> int:
    """Tokens of `text` in o200k."""
    return len(_encode()(text))
