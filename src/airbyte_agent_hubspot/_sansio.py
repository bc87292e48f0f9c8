"""What HubSpot's answers mean: which error, and whether to send again. Pure: no clock, no socket.

Source: https://developers.hubspot.com/docs/api-reference/error-handling
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from ._refusals import RefusedDetail, existing_id, field_errors, read_property_errors, read_request_errors
from ._wire import UNREADABLE
from .errors import (
    ConnectorError,
    FieldError,
    InvalidParamsError,
    MissingScopesError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitedError,
    ReauthorizationRequiredError,
    RecordExistsError,
    RecordNotFoundError,
    Upstream,
    UpstreamError,
    UpstreamRejectedError,
    UpstreamUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._operation import Operation
    from ._wire import HttpResponse

MAX_ATTEMPTS: Final = 4
_BACK_OFF_START_S: Final = 0.5
_BACK_OFF_MAX_S: Final = 8.0
_RETRY_STATUSES: Final = frozenset({423, 477, 500, 502, 503, 504, 520, 521, 522, 523, 524})
_NOT_ACTED_STATUSES: Final = frozenset({423, 477})
"""The record is locked, the account is moving: HubSpot has certainly not acted."""
_UNAVAILABLE_STATUSES: Final = frozenset({423, 477, 503, 521, 522, 523, 530})


class HubspotError(msgspec.Struct, frozen=True):
    """HubSpot's error envelope; every member may be absent."""

    message: str | None = None
    category: str | None = None
    correlationId: str | None = None  # noqa: N815 - HubSpot's name
    status: str | int | None = None
    policyName: str | None = None  # noqa: N815 - HubSpot's name
    errorType: str | None = None  # noqa: N815 - HubSpot's name
    errors: list[RefusedDetail] = []
    context: dict[str, list[str]] = {}


_ENVELOPE = msgspec.json.Decoder(HubspotError)


def read_hubspot_error(response: HttpResponse) -> HubspotError:
    """The error in HubSpot's answer; for HTML and broken JSON, one without any detail."""
    try:
        return _ENVELOPE.decode(response.body)
    except UNREADABLE:
        try:
            message = msgspec.json.decode(response.body, type=dict[str, object]).get("message")
        except UNREADABLE:
            message = None
        return HubspotError(message=message if isinstance(message, str) else None)


def read_retry_after_s(response: HttpResponse) -> float | None:
    """Seconds of a `Retry-After` header, if it is there and is a number."""
    try:
        return max(0.0, float(response.headers["retry-after"]))
    except (KeyError, ValueError):
        return None


def error_of(operation: Operation, response: HttpResponse) -> ConnectorError:
    """The error that HubSpot's answer (any status of 400 and above but 401) means for `operation`."""
    body = read_hubspot_error(response)
    upstream = Upstream(response.status, body.category, body.correlationId, body.policyName)
    said = body.message or f"an answer without a message (HTTP {response.status})"
    match response.status:
        case 403:
            error: ConnectorError = _forbidden(operation, body, said, upstream)
        case 404:
            error = RecordNotFoundError(
                f"HubSpot has no such record for {operation.entity}.{operation.action}: {said.rstrip('. ')}. "
                "Check the id and the object type; archived records need archived=true.",
                upstream=upstream,
            )
        case 409:
            error = _conflict(said, upstream)
        case 414:
            error = address_too_long(upstream)
        case 429:
            error = _rate_limited(response, body, said, upstream)
        case status if status in _RETRY_STATUSES or status >= 500:  # noqa: PLR2004 - HTTP's own number
            error = _failed(operation, response, said, upstream)
        case _:
            error = _rejected(operation, body, said, upstream)
    return error


def _forbidden(operation: Operation, body: HubspotError, said: str, upstream: Upstream) -> PermissionDeniedError:
    scopes = [
        scope
        for detail in body.errors
        for key in ("requiredGranularScopes", "requiredScopes")
        for scope in detail.context.get(key, ())
    ]
    if body.category != "MISSING_SCOPES" and not scopes:
        return PermissionDeniedError(
            f"HubSpot does not allow {operation.entity}.{operation.action} to this account: {said}",
            upstream=upstream,
        )
    required = scopes or list(operation.scopes)
    sentence = (
        f"The HubSpot app was not granted a scope that {operation.entity}.{operation.action} needs: one of "
        f"{', '.join(required)}. Add it to the app and connect the account again."
    )
    return MissingScopesError(
        sentence,
        errors=[FieldError("scopes", sentence, "missing_scopes", {"required_scopes": required})],
        upstream=upstream,
    )


def _conflict(said: str, upstream: Upstream) -> RecordExistsError:
    found = existing_id(said)
    details: dict[str, object] = {} if found is None else {"existing_id": found}
    sentence = f"HubSpot has that record already: {said}" + (
        f". Update record {found} instead of creating it." if found else ""
    )
    return RecordExistsError(
        sentence, errors=[FieldError("params", sentence, "record_exists", details)], upstream=upstream
    )


def _rate_limited(response: HttpResponse, body: HubspotError, said: str, upstream: Upstream) -> RateLimitedError:
    policy = body.policyName or "rate"
    return RateLimitedError(
        f"HubSpot's {policy} limit is reached: {said} "
        + ("It resets at midnight of the account's time zone." if policy == "DAILY" else "Try again later."),
        upstream=upstream,
        retry_after_s=read_retry_after_s(response),
    )


def _failed(operation: Operation, response: HttpResponse, said: str, upstream: Upstream) -> ConnectorError:
    if not operation.resendable and response.status not in _NOT_ACTED_STATUSES:
        return outcome_unknown(operation, f"HubSpot failed with HTTP {response.status}", upstream)
    if response.status in _UNAVAILABLE_STATUSES:
        return UpstreamUnavailableError(
            f"HubSpot is not available for now (HTTP {response.status}): {said}. Try again later.",
            upstream=upstream,
            retry_after_s=read_retry_after_s(response),
        )
    return UpstreamError(f"HubSpot failed with HTTP {response.status}: {said}. Try again later.", upstream=upstream)


def _rejected(operation: Operation, body: HubspotError, said: str, upstream: Upstream) -> UpstreamRejectedError:
    errors = (
        field_errors(body.errors, "params.properties")
        or read_property_errors(said, "params.properties")
        or read_request_errors(said, operation.entity)
    )
    sentences = " ".join(error.message for error in errors) if errors else said
    return UpstreamRejectedError(f"HubSpot refused the request: {sentences}", errors=errors, upstream=upstream)


def outcome_unknown(operation: Operation, why: str, upstream: Upstream | None = None) -> OutcomeUnknownError:
    """The error for a write that was sent and of which nobody knows whether it happened."""
    return OutcomeUnknownError(
        f"{why} while {operation.entity}.{operation.action} was under way: it may or may not have happened. "
        f"Look the record up (by id with {operation.entity}.get, not by search, which lags) before repeating it.",
        upstream=upstream,
    )


def address_too_long(upstream: Upstream | None = None) -> InvalidParamsError:
    """The error for more parameters than fit into an address."""
    return InvalidParamsError(
        "The request's address is too long for HubSpot: ask for fewer properties, or use api_search, "
        "which sends them in its body.",
        upstream=upstream,
    )


def unreadable(operation: Operation, body: bytes) -> ConnectorError:
    """The error for an answer of success whose body is not what HubSpot documents."""
    if not operation.resendable:
        return outcome_unknown(operation, "HubSpot's answer could not be read")
    return UpstreamError(
        f"HubSpot's answer to {operation.entity}.{operation.action} could not be read ({len(body)} bytes). Try again."
    )


def reauthorization_required(
    why: str, upstream: Upstream | None = None, *, error_code: str = "refresh_token_invalid"
) -> ReauthorizationRequiredError:
    """The error for credentials that HubSpot no longer accepts."""
    return ReauthorizationRequiredError(
        f"HubSpot no longer accepts this account's credentials: {why}. "
        "Connect the account again to get a new refresh token.",
        errors=[FieldError("credentials.refresh_token", why, error_code)],
        upstream=upstream,
    )


def private_app_token_refused() -> ReauthorizationRequiredError:
    """The error for a private app's token that HubSpot no longer accepts."""
    why = "the private app's token is invalid or was rotated"
    return ReauthorizationRequiredError(
        f"HubSpot no longer accepts this account's credentials: {why}. Take the one that HubSpot shows now.",
        errors=[FieldError("credentials.private_app_token", why, "private_app_token_invalid")],
    )


def back_off_s(attempt: int, jitter: Callable[[], float]) -> float:
    """Seconds before attempt `attempt + 1`: doubling from 0.5 to 8, with up to half of it at random."""
    ceiling: float = min(_BACK_OFF_MAX_S, _BACK_OFF_START_S * 2.0 ** (attempt - 1))
    return ceiling / 2 + ceiling / 2 * jitter()


def wait_before_retry(
    response: HttpResponse, *, attempt: int, resendable: bool, jitter: Callable[[], float]
) -> float | None:
    """Seconds to wait before sending again, or None if it must not be sent again.

    `attempt` counts from 1. A `Retry-After` header wins over the back-off curve. What is not resendable is sent again
    only after 429, 423 and 477, when HubSpot has not acted on it. A daily limit is never waited for.

    Source: https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
    """
    if attempt >= MAX_ATTEMPTS:
        return None
    stated_s = read_retry_after_s(response)
    if response.status == 429:  # noqa: PLR2004
        policy = read_hubspot_error(response).policyName
        if policy == "DAILY":
            return None
        return back_off_s(attempt + 1, jitter) if stated_s is None else stated_s
    if response.status in (_RETRY_STATUSES if resendable else _NOT_ACTED_STATUSES):
        return back_off_s(attempt, jitter) if stated_s is None else stated_s
    return None
