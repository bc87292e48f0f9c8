"""What an error can say beyond HubSpot's words: when a day's calls come back, where a user grants what is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import quote, urlencode

from .errors import FieldError, MissingScopesError, RateLimitedError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from .errors import ConnectorError

AUTHORIZE_URL: Final = "https://app.hubspot.com/oauth/authorize"
DAILY: Final = "DAILY"


def is_of_the_day(error: ConnectorError) -> bool:
    """Whether the account has used up the calls of its day."""
    return isinstance(error, RateLimitedError) and error.upstream is not None and error.upstream.policy == DAILY


def with_reset(error: ConnectorError, zone: tzinfo, now_s: float) -> RateLimitedError:
    """The error of a daily limit, with the instant at which the account's next day begins.

    Source: https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
    """
    now = datetime.fromtimestamp(now_s, zone)
    next_day = datetime.combine(now.date() + timedelta(days=1), time(), zone)
    resets_at = next_day.astimezone(UTC)
    said = f"{resets_at:%Y-%m-%dT%H:%M:%SZ}"
    sentence = f"{error.message} That is at {said}."
    return RateLimitedError(
        sentence,
        errors=[FieldError("", sentence, "daily_limit", {"resets_at": said})],
        upstream=error.upstream,
        retry_after_s=(resets_at - datetime.fromtimestamp(now_s, UTC)).total_seconds(),
        request_id=error.request_id,
    )


def with_consent(error: ConnectorError, client_id: str, granted: Iterable[str]) -> MissingScopesError:
    """The error of a missing scope, with the page on which the account's user grants it and keeps what was granted.

    Each item of `errors` names scopes of which one is enough: the first is asked for. The page's address still lacks
    the app's `redirect_uri` and a `state`, which only the application knows.
    """
    wanted = [cast("list[str]", item.details["required_scopes"]) for item in error.errors]
    first = [scopes[0] for scopes in wanted if scopes]
    query = urlencode({"client_id": client_id, "scope": " ".join(sorted({*granted, *first}))}, quote_via=quote)
    consent_url = f"{AUTHORIZE_URL}?{query}"
    sentence = f"{error.message} Its user grants it at {consent_url} (add your redirect_uri and a state)."
    errors = [
        replace(item, message=sentence, details={**item.details, "consent_url": consent_url}) for item in error.errors
    ]
    return MissingScopesError(sentence, errors=errors, upstream=error.upstream, request_id=error.request_id)
