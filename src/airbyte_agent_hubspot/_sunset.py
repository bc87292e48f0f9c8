"""When HubSpot's older paths end.

Source: https://developers.hubspot.com/changelog/legacy-apis-and-legacy-apps-whats-going-unsupported-and-when
"""

from __future__ import annotations

import re
import warnings
from datetime import UTC, date, datetime
from typing import Final

NOTICE_DAYS: Final = 183
"""A call warns when its path ends within half a year."""

MAY_END: Final = "/v"
"""Paths without it are dated ones: `ends_on` need not look at them."""

_ENDS: Final = (
    (re.compile(r"/oauth/v1/"), date(2027, 2, 16)),
    (re.compile(r"/[^?]*/v4(/|$)"), date(2027, 3, 30)),
    (re.compile(r"/[^?]*/v[123](/|$)"), date(2027, 9, 30)),
)
"""Paths and the day from which HubSpot no longer supports them; the first that fits counts."""

_warned: set[date] = set()


class SunsetWarning(FutureWarning):
    """A path of HubSpot's API that the connector uses will end soon."""


def ends_on(path: str) -> date | None:
    """The day from which HubSpot no longer supports `path`; None for dated paths."""
    return next((day for pattern, day in _ENDS if pattern.match(path)), None)


def warn_of_sunset(path: str, now_s: float) -> None:
    """Warns once in a process for each day on which paths in use end within half a year."""
    day = ends_on(path)
    if day is None or day in _warned:
        return
    left_days = (day - datetime.fromtimestamp(now_s, UTC).date()).days
    if left_days <= NOTICE_DAYS:
        _warned.add(day)
        warnings.warn(
            f"HubSpot's path {path.partition('?')[0]} ends on {day}, in {left_days} days. "
            "Use a dated api_version, or a newer version of this package if it is one already.",
            SunsetWarning,
            stacklevel=2,
        )
