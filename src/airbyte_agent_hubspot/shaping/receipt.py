"""What a model and a program are told about an answer, beside the answer."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .tables import Json


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an answer is worth.

    `records` are shown `of` so many that there are, where that is known; `complete` says that they are all, uncut.
    `left_out` says in sentences what is missing, `next` what to change in the call to get more. `tokens` is about what
    the answer takes of a model's context, `upstream_calls` how many requests to HubSpot it took. `as_of` is when it was
    read, ISO 8601 in UTC.
    """

    records: int
    of: int | None
    complete: bool
    left_out: list[str] = field(default_factory=list[str])
    next: Json | None = None
    note: str | None = None
    tokens: int = 0
    upstream_calls: int | None = None
    source: str = "hubspot"
    as_of: str | None = None

    def to_dict(self) -> Json:
        """As JSON, without what is not known."""
        shown = ((item.name, getattr(self, item.name)) for item in fields(self))
        return {name: value for name, value in shown if value not in (None, [])}
