"""The last requests the portal answered, and how many there were of each kind."""

from collections import Counter, deque
from dataclasses import dataclass
from typing import Final

LOG_LENGTH: Final = 10_000


@dataclass(slots=True)
class RequestEntry:
    """One request. `path` is as the client wrote it; `route` the canonical template, "" if none fits.

    `status` is 0 where the connection was dropped without an answer; `fault` the kind of fault the call met.
    """

    method: str
    path: str
    query: str
    at_ms: int
    correlation_id: str
    status: int = 0
    auth_kind: str = "none"
    route: str = ""
    fault: str = ""


class RequestLog:
    """Remembers the newest requests, bounded."""

    def __init__(self, length: int = LOG_LENGTH) -> None:
        self.entries: deque[RequestEntry] = deque(maxlen=length)
        self._counts: Counter[tuple[str, str, int]] = Counter()
        self.total = 0

    def add(self, entry: RequestEntry) -> None:
        """Remember an answered request."""
        self.entries.append(entry)
        self._counts[entry.method, entry.route, entry.status] += 1
        self.total += 1

    def count(self, method: str | None = None, route: str | None = None, status: int | None = None) -> int:
        """How many requests since the last clear had this method, canonical route and status; None means any."""
        return sum(
            number
            for (its_method, its_route, its_status), number in self._counts.items()
            if method in {None, its_method} and route in {None, its_route} and status in {None, its_status}
        )

    def counts(self) -> list[tuple[str, str, int, int]]:
        """(method, route, status, number), sorted."""
        return sorted((*key, number) for key, number in self._counts.items())

    def clear(self) -> None:
        """Forget everything."""
        self.entries.clear()
        self._counts.clear()
        self.total = 0
