"""HubSpot's request budgets: rolling windows per credential, a daily count and the search limit per account.

Source: https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
"""

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from hubspot_sandbox.clock import Clock
from hubspot_sandbox.errors import ApiError, JsonObject
from hubspot_sandbox.instants import DAY_MS
from hubspot_sandbox.tokens import AccessToken, TokenKind

WINDOW_MS: Final = 10_000
SECOND_MS: Final = 1_000
_SECONDLY_SHARE: Final = 10


class Budget(Enum):
    """Which budget a call draws on."""

    BURST = "burst"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Quotas:
    """How much is allowed; the defaults are those of a Professional account."""

    oauth_per_10_s: int = 110
    private_per_10_s: int = 190
    private_per_day: int = 625_000
    search_per_s: int = 5


@dataclass(slots=True)
class _Window:
    """The calls of the last `length_ms`."""

    length_ms: int
    calls_ms: deque[int] = field(default_factory=deque)

    def used(self, now_ms: int) -> int:
        while self.calls_ms and self.calls_ms[0] <= now_ms - self.length_ms:
            self.calls_ms.popleft()
        return len(self.calls_ms)


class Limits:
    """Counts calls, refuses those beyond a quota, and writes the rate-limit headers."""

    def __init__(self, clock: Clock, quotas: Quotas, *, enforced: bool, utc_offset_ms: int) -> None:
        self.quotas = quotas
        self.enforced = enforced
        self._clock = clock
        self._utc_offset_ms = utc_offset_ms
        self._bursts: dict[int, _Window] = {}
        self._seconds: dict[int, _Window] = {}
        self._search = _Window(SECOND_MS)
        self._day = 0
        self._used_today = 0

    def take(self, credential: AccessToken, budget: Budget) -> dict[str, str]:
        """Count one call and return the headers of its answer.

        Raises: LimitError when a quota is used up; the call then counts against nothing.
        """
        now_ms = self._clock.now_ms()
        self._turn_day(now_ms)
        private = credential.kind is TokenKind.PRIVATE_APP
        if self.enforced and private and self._used_today >= self.quotas.private_per_day:
            raise LimitError(DAILY, self._daily_headers())
        if budget is Budget.SEARCH:
            return self._take_search(now_ms, private=private)
        allowed = self.quotas.private_per_10_s if private else self.quotas.oauth_per_10_s
        burst = self._bursts.setdefault(credential.app_id, _Window(WINDOW_MS))
        second = self._seconds.setdefault(credential.app_id, _Window(SECOND_MS))
        if self.enforced and burst.used(now_ms) >= allowed:
            raise LimitError(TEN_SECONDLY, self._burst_headers(0, allowed, 0, private=private))
        burst.calls_ms.append(now_ms)
        second.calls_ms.append(now_ms)
        self._used_today += 1
        left = allowed - burst.used(now_ms)
        left_this_second = allowed // _SECONDLY_SHARE - second.used(now_ms)
        return self._burst_headers(left, allowed, left_this_second, private=private)

    def usage(self) -> dict[str, int]:
        """How much is used: of the 10 s windows by app, of the search second, of the day."""
        now_ms = self._clock.now_ms()
        self._turn_day(now_ms)
        bursts = {f"app {app_id}, 10 s": window.used(now_ms) for app_id, window in sorted(self._bursts.items())}
        return {**bursts, "search, 1 s": self._search.used(now_ms), "day": self._used_today}

    def _take_search(self, now_ms: int, *, private: bool) -> dict[str, str]:
        if self.enforced and self._search.used(now_ms) >= self.quotas.search_per_s:
            raise LimitError(SECONDLY, self._daily_headers() if private else {})
        self._search.calls_ms.append(now_ms)
        self._used_today += 1
        return self._daily_headers() if private else {}

    def _turn_day(self, now_ms: int) -> None:
        day = (now_ms + self._utc_offset_ms) // DAY_MS
        if day != self._day:
            self._day, self._used_today = day, 0

    def _daily_headers(self) -> dict[str, str]:
        allowed = self.quotas.private_per_day
        return {
            "X-HubSpot-RateLimit-Daily": str(allowed),
            "X-HubSpot-RateLimit-Daily-Remaining": str(max(0, allowed - self._used_today)),
        }

    def _burst_headers(self, left: int, allowed: int, left_this_second: int, *, private: bool) -> dict[str, str]:
        return {
            **(self._daily_headers() if private else {}),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(WINDOW_MS),
            "X-HubSpot-RateLimit-Max": str(allowed),
            "X-HubSpot-RateLimit-Remaining": str(max(0, left)),
            "X-HubSpot-RateLimit-Secondly": str(allowed // _SECONDLY_SHARE),
            "X-HubSpot-RateLimit-Secondly-Remaining": str(max(0, left_this_second)),
        }


class LimitError(ApiError):
    """429, with the rate-limit headers that go with it."""

    def __init__(self, policy: "Policy", headers: dict[str, str]) -> None:
        super().__init__(policy.message, status=429, category=policy.category, extra=policy.extra)
        self.headers = headers

    def body(self, correlation_id: str) -> JsonObject:
        """The answer's JSON; the daily one repeats the correlation id as request id."""
        body = super().body(correlation_id)
        return body | {"requestId": correlation_id} if body.get("policyName") == "DAILY" else body


@dataclass(frozen=True, slots=True)
class Policy:
    """The literal texts of one kind of 429: official clients wait by comparing them."""

    message: str
    category: str | None = None
    extra: dict[str, object] | None = None


# Source: https://github.com/HubSpot/hubspot-api-nodejs (the strings its retry compares), recorded answers of 2022.
TEN_SECONDLY: Final = Policy(
    "You have reached your ten_secondly_rolling limit.",
    extra={
        "errorType": "RATE_LIMIT",
        "policyName": "TEN_SECONDLY_ROLLING",
        "groupName": "publicapi:private-apps-api-calls-daily",
    },
)
DAILY: Final = Policy("You have reached your daily limit.", extra={"errorType": "RATE_LIMIT", "policyName": "DAILY"})
SECONDLY: Final = Policy("You have reached your secondly limit.", category="RATE_LIMITS")
