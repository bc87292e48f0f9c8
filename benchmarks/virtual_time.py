"""Time of a sandbox, as a clock of the connector and of the server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hubspot_sandbox import VirtualClock


class PassingTime:
    """Whoever sleeps has slept, and HubSpot's clock has moved."""

    def __init__(self, hubspot: VirtualClock) -> None:
        self._hubspot = hubspot

    def now(self) -> datetime:
        """HubSpot's time, in UTC."""
        return datetime.fromtimestamp(self.now_s(), UTC)

    def now_s(self) -> float:
        """HubSpot's time."""
        return self._hubspot.now_ms() / 1000

    def monotonic_s(self) -> float:
        """HubSpot's time."""
        return self.now_s()

    async def sleep(self, seconds: float) -> None:
        """Passes at once."""
        self._hubspot.advance(seconds + 0.001)
