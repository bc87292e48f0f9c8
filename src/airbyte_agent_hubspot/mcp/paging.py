"""Long lists in pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from mcp import MCPError
from mcp_types import INVALID_PARAMS

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

PAGE_SIZE: Final = 50


def page_of(items: Sequence[T], cursor: str | None) -> tuple[list[T], str | None]:
    """The page at `cursor`, and the cursor of the next one.

    Raises:
        MCPError: the cursor is not one of ours.
    """
    starts = {str(start): start for start in range(PAGE_SIZE, len(items), PAGE_SIZE)}
    if cursor is not None and cursor not in starts:
        raise MCPError(INVALID_PARAMS, "That is not a cursor of this list: start again without one.")
    start = 0 if cursor is None else starts[cursor]
    end = start + PAGE_SIZE
    return list(items[start:end]), str(end) if end < len(items) else None
