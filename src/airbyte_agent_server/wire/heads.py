"""Heads of requests that come again and again on a connection: read once, and what they give is kept with them.

An agent's calls differ in their bodies. All that their head gives, a fingerprint of its token say, stays the same.
"""

import re
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

import msgspec
from starlette.types import Scope

_NOTES: Final = "agent_server.head"
_END: Final = b"\r\n\r\n"
_LINE_END: Final = b"\r\n"
_LONGEST_BYTES: Final = 8 * 1024
_LENGTH: Final = re.compile(rb"\r\ncontent-length: (0|[1-9][0-9]{0,8})\r\n", re.IGNORECASE)
_SPECIAL: Final = frozenset({b"expect", b"transfer-encoding", b"upgrade"})


class Answer(msgspec.Struct):
    """A whole answer. `lines` are its headers as they are sent, each with its end; they say how long the body is."""

    status: int
    lines: bytes
    body: bytes
    before: Callable[[], None] | None = None
    """To be called before it is sent; once is enough for all that are sent at once."""

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers, name by name."""
        pairs = (line.partition(b": ") for line in self.lines.split(_LINE_END)[:-1])
        return [(name, value) for name, _, value in pairs]


def lines_of(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Headers as they are sent.

    Raises:
        ValueError: one would end before it should.
    """
    pairs = list(headers)
    lines = b"".join([b"%b: %b\r\n" % pair for pair in pairs])
    if lines.count(b"\n") != len(pairs) or lines.count(b"\r") != len(pairs) or b"\0" in lines:
        raise ValueError("A header holds a line break.")
    return lines


Direct: TypeAlias = Callable[[Scope, bytes], Coroutine[Any, Any, Answer]]
"""Answers a request that is here as a whole: its scope, and its body. It raises nothing that it could answer."""


class HeadNotes:
    """What was found out of a head. Each attribute is somebody's own; None: nothing yet."""

    __slots__ = ("direct", "execute", "gate")

    def __init__(self) -> None:
        self.direct: Direct | None = None
        """What answers requests with this head."""
        self.execute: Any = None
        self.gate: Any = None


def notes_of(scope: Mapping[str, Any]) -> HeadNotes:
    """What was noted of the head. Of one that is not kept it is empty, and what is put into it does not stay."""
    notes: HeadNotes | None = scope.get(_NOTES)
    return HeadNotes() if notes is None else notes


@dataclass(frozen=True, slots=True, repr=False)
class KnownHead:
    """The head of a request, but for the length of its body. What is equal to it means the same, and is not read.

    It holds a token, and is shown nowhere.
    """

    before: bytes
    """All that comes before the digits of the length."""
    after: bytes
    """All that comes behind them."""
    scope: Scope
    notes: HeadNotes

    @classmethod
    def of(cls, scope: Mapping[str, Any], data: bytes) -> "KnownHead | None":
        """The head of the one whole request that `data` is, read as `scope`; None: it is not a simple one."""
        size = data.find(_END) + len(_END)
        found = _LENGTH.search(data, 0, size)
        if found is None or size > _LONGEST_BYTES or int(found[1]) != len(data) - size:
            return None
        headers: list[tuple[bytes, bytes]] = [pair for pair in scope["headers"] if pair[0] != b"content-length"]
        connection = dict(headers).get(b"connection", b"keep-alive")
        if connection.lower() != b"keep-alive" or not _SPECIAL.isdisjoint(dict(headers)):
            return None
        notes = cast("dict[str, Any]", scope)[_NOTES] = HeadNotes()  # what is found out now is noted already
        return cls(data[: found.start(1)], data[found.end(1) : size], {**scope, "headers": headers}, notes)

    def body_in(self, data: bytes) -> bytes | None:
        """The body, if `data` is one whole request with this head."""
        before, after = self.before, self.after
        if not data.startswith(before):
            return None
        begin = len(before)
        end = data.find(_LINE_END, begin, begin + 12)
        length = data[begin:end]
        size = end + len(after)
        if end < 0 or length != b"%d" % (len(data) - size) or not data.startswith(after, end):
            return None
        return data[size:]
