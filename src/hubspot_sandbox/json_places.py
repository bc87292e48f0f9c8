"""Where in a JSON text its values stand: HubSpot's parser reports lines and columns."""

import json
import re
from dataclasses import dataclass
from typing import Final

Path = tuple[str | int, ...]

_PIECE: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+')


@dataclass(frozen=True, slots=True)
class Places:
    """Offsets of each value's first character, and of each object's closing brace."""

    starts: dict[Path, int]
    ends: dict[Path, int]


def find_places(text: str) -> Places:
    """The places of all values of a well-formed JSON text, by their path."""
    places = Places({}, {})
    keys: list[str | int] = []
    expects_key: list[bool] = []
    for match in _PIECE.finditer(text):
        piece, offset = match.group(), match.start()
        if piece in "}]":
            keys.pop()
            expects_key.pop()
            places.ends[tuple(keys)] = offset
        elif piece == ",":
            _step(keys)
            expects_key[-1] = isinstance(keys[-1], str)
        elif piece != ":":
            if expects_key and expects_key[-1]:
                keys[-1] = json.loads(piece)
                expects_key[-1] = False
                continue
            places.starts[tuple(keys)] = offset
            if piece in "{[":
                keys.append("" if piece == "{" else 0)
                expects_key.append(piece == "{")
    return places


def _step(keys: list[str | int]) -> None:
    last = keys[-1]
    if isinstance(last, int):
        keys[-1] = last + 1


def line_and_column(text: str, offset: int) -> str:
    """`line 1, column 68` for an offset; both count from 1."""
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    return f"line {line}, column {column}"
