"""How often somebody may call: sliding minutes, counted in this process.

Processes count apart: with several, each allows the whole limit, so the settings are limits for one process.
"""

from collections import OrderedDict

from airbyte_agent_server.ports import Clock
from airbyte_agent_server.problems import ProblemError

WINDOW_S = 60.0
_COUNTED = 20_000


class Rates:
    """Counts for each key what happened in the last minute: this minute's, and the part of the last one's still in it.

    The `_COUNTED` keys that were counted last are remembered.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: OrderedDict[str, tuple[int, int, int]] = OrderedDict()
        """Key -> number of the minute, count in it, count in the one before."""

    def count(self, key: str) -> None:
        """One more."""
        minute = int(self._clock.monotonic_s() // WINDOW_S)
        current, before = self._known(key, minute)
        self._keep(key, (minute, current + 1, before))

    def _keep(self, key: str, counts: tuple[int, int, int]) -> None:
        self._counts[key] = counts
        self._counts.move_to_end(key)
        if len(self._counts) > _COUNTED:
            self._counts.popitem(last=False)

    def wait_s(self, key: str, limit: int) -> float:
        """Seconds until another one fits into the limit; 0 if it does now."""
        minute, passed = divmod(self._clock.monotonic_s(), WINDOW_S)
        current, before = self._known(key, int(minute))
        fraction = passed / WINDOW_S
        if current + before * (1 - fraction) < limit:
            return 0.0
        if current < limit:  # the last minute's has to slide out
            return (1 - (limit - current) / before - fraction) * WINDOW_S
        return (1 - fraction + 1 - limit / current) * WINDOW_S

    def take(self, key: str, limit: int, *, who: str) -> None:
        """Count one, unless it is too many. A limit of 0 is none.

        Raises:
            ProblemError: `rate_limited`.
        """
        if not limit:
            return
        minute = int(self._clock.monotonic_s() // WINDOW_S)
        current, before = self._known(key, minute)
        if current + before >= limit:  # too many, unless enough of them have slid out
            wait_s = self.wait_s(key, limit)
            if wait_s > 0:
                raise too_many(f"{who} may make {limit} requests in a minute", wait_s)
        self._keep(key, (minute, current + 1, before))

    def _known(self, key: str, minute: int) -> tuple[int, int]:
        known, current, before = self._counts.get(key, (minute, 0, 0))
        if known == minute:
            return current, before
        return (0, current) if known == minute - 1 else (0, 0)


def too_many(rule: str, wait_s: float) -> ProblemError:
    """The error for what comes too often."""
    return ProblemError(
        "rate_limited", f"{rule}: send this one again in {wait_s:.0f} s.", retry_after_s=max(1.0, wait_s)
    )
