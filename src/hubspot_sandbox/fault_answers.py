"""What a call that goes wrong is answered: HubSpot's own bodies, and those of the machines before it.

Source: https://developers.hubspot.com/docs/api-reference/error-handling
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from hubspot_sandbox.calls import Answer
from hubspot_sandbox.clock import Clock
from hubspot_sandbox.errors import NO_CREDENTIALS, ApiError, missing_scopes
from hubspot_sandbox.faults import CLOUDFLARE, Fault
from hubspot_sandbox.instants import format_instant
from hubspot_sandbox.limits import DAILY, SECONDLY, TEN_SECONDLY, WINDOW_MS, LimitError, Policy

HTML: Final = "text/html; charset=UTF-8"
_MIGRATION_S: Final = 3
_GATEWAY: Final = {"bad_gateway": 502, "unavailable": 503, "gateway_timeout": 504}
_SPENT: Final = {
    "X-HubSpot-RateLimit-Interval-Milliseconds": str(WINDOW_MS),
    "X-HubSpot-RateLimit-Remaining": "0",
    "X-HubSpot-RateLimit-Secondly-Remaining": "0",
}


def answer_to(fault: Fault, clock: Clock, correlation_id: str) -> Answer | None:
    """The answer of a fault, or None if its kind has none of its own."""
    if fault.kind == "answer":
        return Answer(fault.status, fault.body or None, headers=_retry(fault))
    if fault.kind in _GATEWAY:
        return Answer(_GATEWAY[fault.kind], _gateway_page(_GATEWAY[fault.kind]), HTML, _retry(fault))
    if fault.kind.startswith("cloudflare_"):
        status = int(fault.kind.removeprefix("cloudflare_"))
        cloudflare = {"Server": "cloudflare", **_retry(fault)}
        return Answer(status, _cloudflare_page(status, clock), HTML, cloudflare)
    build = _ERRORS.get(fault.kind)
    if build is None:
        return None
    error = build(clock)
    headers = error.headers if isinstance(error, LimitError) else {}
    return Answer(error.status, error.body(correlation_id), headers={**headers, **_retry(fault)})


def _retry(fault: Fault) -> dict[str, str]:
    seconds = fault.retry_after_s
    if seconds is None and fault.kind == "migration":
        seconds = _MIGRATION_S
    return {} if seconds is None else {"Retry-After": str(seconds)}


def _invalid_credentials(_clock: Clock) -> ApiError:
    return ApiError(NO_CREDENTIALS, status=401, category="INVALID_AUTHENTICATION")


def _expired_token(clock: Clock) -> ApiError:
    return ApiError(
        "The OAuth token used to make this call expired 0 second(s) ago.",
        status=401,
        category="EXPIRED_AUTHENTICATION",
        context={"expire time": [format_instant(clock.now_ms())]},
    )


def _no_permission(_clock: Clock) -> ApiError:
    # choice: the words are not documented.
    text = "The user who installed this app does not have the permissions to make this call."
    return ApiError(text, status=403, category="USER_DOES_NOT_HAVE_PERMISSIONS")


def _locked(_clock: Clock) -> ApiError:
    # choice: the body is not documented.
    return ApiError("The resource is locked. Try again in 2 seconds.", status=423, category="LOCKED")


def _migration(_clock: Clock) -> ApiError:
    # choice: the body is not documented.
    return ApiError(
        "This account is being migrated to another data center.", status=477, category="MIGRATION_IN_PROGRESS"
    )


def _internal_error(_clock: Clock) -> ApiError:
    return ApiError("internal error", status=500, category="INTERNAL_ERROR")


def _limited(policy: Policy) -> Callable[[Clock], ApiError]:
    return lambda _clock: LimitError(policy, _SPENT if policy is TEN_SECONDLY else {})


def _gateway_page(status: int) -> str:
    title = f"{status} {HTTPStatus(status).phrase}"
    return f"<html>\n<head><title>{title}</title></head>\n<body>\n<center><h1>{title}</h1></center>\n</body>\n</html>\n"


def _cloudflare_page(status: int, clock: Clock) -> str:
    what = CLOUDFLARE[status]
    return (
        '<!DOCTYPE html>\n<html lang="en-US">\n'
        f"<head><title>api.hubapi.com | {status}: {what}</title></head>\n"
        f"<body><h1>{what} <span>Error code {status}</span></h1>"
        f"<p>{format_instant(clock.now_ms())}</p></body>\n</html>\n"
    )


_ERRORS: Final[Mapping[str, Callable[[Clock], ApiError]]] = {
    "invalid_credentials": _invalid_credentials,
    "expired_token": _expired_token,
    "missing_scopes": lambda _clock: missing_scopes(["crm.objects.contacts.read"]),
    "no_permission": _no_permission,
    "locked": _locked,
    "ten_secondly_limit": _limited(TEN_SECONDLY),
    "secondly_limit": _limited(SECONDLY),
    "daily_limit": _limited(DAILY),
    "migration": _migration,
    "internal_error": _internal_error,
}
