"""Every error this package raises, in one tree.

```
ConnectorError
├── ConfigurationError            (also a ValueError) arguments are missing or contradict each other
├── InvalidRequestError           what was asked for is wrong; mend it and call again
│   ├── UnknownOperationError     no such entity or action
│   ├── InvalidParamsError        a parameter is misspelt, missing or of the wrong type
│   └── UpstreamRejectedError     HubSpot refused the values
├── AuthenticationError           the caller's own credentials were refused
│   └── MissingCredentialsError   a token is needed and cannot be had with what was given
├── PermissionDeniedError         known, but not allowed
│   ├── ReauthorizationRequiredError   the HubSpot account must be connected again
│   └── MissingScopesError        the HubSpot app lacks a scope
├── NotFoundError
│   ├── RecordNotFoundError       no such record in HubSpot
│   └── ConnectorNotFoundError    (also a ValueError) no such hosted connector
├── ConnectorAmbiguityError       (also a ValueError) several hosted connectors fit
├── ConflictError
│   └── RecordExistsError         HubSpot has that record already
├── RateLimitedError              too many calls; `retry_after_s` says when
├── UnavailableError              nobody answered, or not in time; trying again may help
│   ├── UpstreamError             HubSpot failed
│   ├── UpstreamUnavailableError  HubSpot cannot be reached, or asks to come back later
│   ├── UpstreamTimeoutError      HubSpot did not answer in time
│   └── ServerUnreachableError    the hosted server cannot be reached
├── OutcomeUnknownError           a write may or may not have happened: look before you repeat it
├── PartlyDoneError               some writes of a composed operation were carried out, then something failed
└── ServerError                   the hosted server failed in a way it did not expect
```

`code` is stable and the same in local and hosted execution; texts may improve.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping  # noqa: TC003 - msgspec reads it
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "AuthenticationError",
    "ConfigurationError",
    "ConflictError",
    "ConnectorAmbiguityError",
    "ConnectorError",
    "ConnectorNotFoundError",
    "FieldError",
    "InvalidParamsError",
    "InvalidRequestError",
    "MissingCredentialsError",
    "MissingScopesError",
    "NotFoundError",
    "OutcomeUnknownError",
    "PartlyDoneError",
    "PermissionDeniedError",
    "RateLimitedError",
    "ReauthorizationRequiredError",
    "RecordExistsError",
    "RecordNotFoundError",
    "ServerError",
    "ServerUnreachableError",
    "UnavailableError",
    "UnknownOperationError",
    "Upstream",
    "UpstreamError",
    "UpstreamRejectedError",
    "UpstreamTimeoutError",
    "UpstreamUnavailableError",
]


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with one field. `message` is a whole sentence that says what to do."""

    field: str
    message: str
    error_code: str
    details: Mapping[str, object] = dataclasses.field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class Upstream:
    """What HubSpot answered: its status, category, correlation id and, for limits, the policy's name."""

    status: int
    category: str | None = None
    correlation_id: str | None = None
    policy: str | None = None


class ConnectorError(Exception):
    """Something this package can name. `str(error)` says what was wrong and what to do next."""

    code: str = "connector_error"
    status: ClassVar[int] = 500
    """The HTTP status that the hosted server gives this class."""
    retryable: ClassVar[bool] = False
    """Whether the same call may succeed later, unchanged."""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        errors: Iterable[FieldError] = (),
        upstream: Upstream | None = None,
        retry_after_s: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        self.errors = tuple(errors)
        self.upstream = upstream
        self.retry_after_s = retry_after_s
        self.request_id = request_id


class ConfigurationError(ConnectorError, ValueError):
    """Arguments or environment variables are missing or contradict each other."""

    code = "configuration_error"
    status = 422


class InvalidRequestError(ConnectorError):
    """What was asked for is wrong; mend it and call again."""

    code = "invalid_request"
    status = 422


class UnknownOperationError(InvalidRequestError):
    """There is no such entity, or it has no such action."""

    code = "unknown_operation"


class InvalidParamsError(InvalidRequestError):
    """A parameter is misspelt, missing, or of the wrong type. `errors` has one entry for each."""

    code = "invalid_params"


class UpstreamRejectedError(InvalidRequestError):
    """HubSpot refused the values. `errors` names the properties where HubSpot did."""

    code = "upstream_rejected"


class AuthenticationError(ConnectorError):
    """The credentials of the caller were refused."""

    code = "invalid_token"
    status = 401


class MissingCredentialsError(AuthenticationError):
    """An access token is needed, and the given credentials are not enough to fetch one."""

    code = "missing_credentials"
    status = 422


class PermissionDeniedError(ConnectorError):
    """The caller is known, but not allowed to do this."""

    code = "permission_denied"
    status = 403


class ReauthorizationRequiredError(PermissionDeniedError):
    """HubSpot no longer accepts the credentials: the account must be connected again."""

    code = "reauthorization_required"


class MissingScopesError(PermissionDeniedError):
    """The HubSpot app was not granted a scope. `errors[0].details["required_scopes"]` has any-of names."""

    code = "missing_scopes"


class NotFoundError(ConnectorError):
    """There is no such thing."""

    code = "route_not_found"
    status = 404


class RecordNotFoundError(NotFoundError):
    """HubSpot has no record with that id."""

    code = "record_not_found"


class ConnectorNotFoundError(NotFoundError, ValueError):
    """The workspace has no such hosted connector."""

    code = "connector_not_found"


class ConnectorAmbiguityError(ConnectorError, ValueError):
    """Several hosted connectors fit: name one by `connector_id`."""

    code = "connector_ambiguous"
    status = 409


class ConflictError(ConnectorError):
    """The request collides with something that exists or runs."""

    code = "conflict"
    status = 409


class RecordExistsError(ConflictError):
    """HubSpot has that record already; `errors[0].details["existing_id"]` where HubSpot says which."""

    code = "record_exists"


class RateLimitedError(ConnectorError):
    """Too many calls. `retry_after_s` says when to try again, if anyone knows."""

    code = "upstream_rate_limited"
    status = 429
    retryable = True


class UnavailableError(ConnectorError):
    """Nobody answered, or not in time; the same call may succeed later."""

    code = "unavailable"
    status = 503
    retryable = True


class UpstreamError(UnavailableError):
    """HubSpot failed, or its answer could not be read."""

    code = "upstream_error"
    status = 502


class UpstreamUnavailableError(UnavailableError):
    """HubSpot cannot be reached, or asks to come back later."""

    code = "upstream_unavailable"


class UpstreamTimeoutError(UnavailableError):
    """HubSpot did not answer in time; nothing was changed, or sending it again changes nothing more."""

    code = "upstream_timeout"
    status = 504


class ServerUnreachableError(UnavailableError):
    """The hosted server could not be reached."""

    code = "server_unreachable"


class OutcomeUnknownError(ConnectorError):
    """A write was sent and no answer came: it may or may not have happened. Look before you repeat it."""

    code = "upstream_outcome_unknown"


class PartlyDoneError(ConnectorError):
    """An operation of several writes failed after some: `errors` whose `error_code` is "done" name what was done."""

    code = "partly_done"


class ServerError(ConnectorError):
    """The hosted server failed in a way it did not expect."""

    code = "internal_error"


_CLASS_BY_CODE: dict[str, type[ConnectorError]] = {
    "connector_not_found": ConnectorNotFoundError,
    "idempotency_in_progress": OutcomeUnknownError,  # a new call would have a new key, and be a second write
    "internal_error": ServerError,
    "invalid_client": AuthenticationError,
    "invalid_params": InvalidParamsError,
    "missing_credentials": MissingCredentialsError,
    "missing_scopes": MissingScopesError,
    "partly_done": PartlyDoneError,
    "rate_limited": RateLimitedError,
    "reauthorization_required": ReauthorizationRequiredError,
    "record_exists": RecordExistsError,
    "record_not_found": RecordNotFoundError,
    "unknown_operation": UnknownOperationError,
    "upstream_error": UpstreamError,
    "upstream_outcome_unknown": OutcomeUnknownError,
    "upstream_rate_limited": RateLimitedError,
    "upstream_rejected": UpstreamRejectedError,
    "upstream_timeout": UpstreamTimeoutError,
    "upstream_unavailable": UpstreamUnavailableError,
}
_CLASS_BY_STATUS: dict[int, type[ConnectorError]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    413: InvalidRequestError,
    415: InvalidRequestError,
    422: InvalidRequestError,
    429: RateLimitedError,
    502: UnavailableError,
    503: UnavailableError,
    504: UnavailableError,
}


def find_error_class(code: str | None, status: int) -> type[ConnectorError]:
    """The class for a server's `code`; for a code this version does not know, the one for its status."""
    return _CLASS_BY_CODE.get(code or "") or _CLASS_BY_STATUS.get(status, ServerError)
