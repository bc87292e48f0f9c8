"""The odd parts of search, as functions that SQLite calls on each candidate.

Source: https://github.com/brekkylab/backlot (token matching measured live, August to October 2026)
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

_TOKEN: Final = re.compile(r"[^\W_]+")
_WORD_OR_STAR: Final = re.compile(r"(?:[^\W_]|\*)+")


def tokens(text: str) -> list[str]:
    """The lower-cased runs of letters and digits in a text."""
    return [match.lower() for match in _TOKEN.findall(text)]


@lru_cache(maxsize=256)
def _token_patterns(needle: str) -> tuple[re.Pattern[str], ...]:
    parts = _WORD_OR_STAR.findall(needle.lower())
    return tuple(re.compile(".*".join(re.escape(literal) for literal in re.split(r"\*+", part))) for part in parts)


def literals(needle: str) -> list[str]:
    """What a text must hold to contain the needle's tokens: their parts between stars, as far as they are ASCII."""
    parts = (part for word in _WORD_OR_STAR.findall(needle.lower()) for part in word.split("*"))
    return [part for part in parts if part and part.isascii()]


def contains_token(text: str | int | None, needle: str) -> bool:
    """Whether each token of the needle is a whole token of the text; `*` stands for any run inside a token."""
    if text is None:
        return False
    words = tokens(str(text))
    return all(any(pattern.fullmatch(word) for word in words) for pattern in _token_patterns(needle))


def matches_query(text: str | None, query: str) -> bool:
    """Whether each token of the query begins some token of the text.

    # choice: all tokens of the query must be met; HubSpot's full tokenizer is not documented.
    """
    words = tokens(text or "")
    return all(any(word.startswith(needle) for word in words) for needle in tokens(query))


def fold(text: str | int | None) -> str | None:
    """Lower case beyond ASCII, which SQLite's own `lower` does not reach."""
    return None if text is None else str(text).lower()


# Text as it is stored; ids and instants are stored as numbers.
FUNCTIONS: Final[tuple[tuple[str, int, Callable[..., str | bool | None]], ...]] = (
    ("contains_token", 2, contains_token),
    ("matches_query", 2, matches_query),
    ("fold", 1, fold),
)
