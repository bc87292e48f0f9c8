"""Instants as HubSpot writes them: epoch milliseconds inside, Java's `Instant.toString` on the wire."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from hubspot_sandbox.numerals import whole_number

DAY_MS: Final = 86_400_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_FIRST_MS: Final = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
_LAST_MS: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
_DAY_TEXT_LENGTH: Final = len("2026-01-05")


@lru_cache(maxsize=65_536)
def format_instant(at_ms: int) -> str:
    """ISO text in UTC; milliseconds appear unless they are zero."""
    seconds, milliseconds = divmod(at_ms, 1000)
    text = datetime.fromtimestamp(seconds, UTC).isoformat()[:19]
    return f"{text}.{milliseconds:03d}Z" if milliseconds else f"{text}Z"


def format_day(at_ms: int) -> str:
    """The UTC day an instant falls on, such as `2026-12-31`."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).isoformat()[:_DAY_TEXT_LENGTH]


def format_time_of_day(at_ms: int) -> str:
    """The UTC time of day of an instant, such as `22:18:55.865`."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).isoformat()[11:19] + f".{at_ms % 1000:03d}"


def parse_instant(text: str) -> int | None:
    """Epoch milliseconds from ISO text (no zone means UTC) or from a number's digits; None for anything else.

    # choice: instants lie in the years 1 to 9999.
    """
    stripped = text.strip()
    digits = whole_number(stripped.removeprefix("-"))
    if digits is not None:
        at_ms = -digits if stripped.startswith("-") else digits
    else:
        try:
            parsed = datetime.fromisoformat(stripped)
        except ValueError:
            return None
        at_ms = to_ms(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))
    return at_ms if _FIRST_MS <= at_ms <= _LAST_MS else None


def to_ms(instant: datetime) -> int:
    """Epoch milliseconds of an aware instant."""
    return (instant - _EPOCH) // _MILLISECOND
