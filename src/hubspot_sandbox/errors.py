"""HubSpot's error answers as exceptions: raised anywhere, written as JSON by the door.

ApiError            the common envelope: status, message, correlationId, ..., category
├─ ValidationError  400 VALIDATION_ERROR
├─ NotFoundError    404
└─ ConflictError    409
OAuthError          the two shapes of the token endpoints (oauth.py)
"""

from collections.abc import Mapping, Sequence
from typing import Final

JsonObject = dict[str, object]

NO_CREDENTIALS: Final = (
    "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more "
    "details at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
)
SCOPES_PAGE: Final = "https://developers.hubspot.com/scopes"


class ApiError(Exception):
    """An error answer. `category` None leaves the field out, as some answers do.

    Source: https://developers.hubspot.com/docs/api-reference/error-handling
    """

    status = 400

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        category: str | None = None,
        sub_category: str | None = None,
        errors: Sequence[JsonObject] = (),
        context: Mapping[str, Sequence[str]] | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status or type(self).status
        self.category = category
        self.sub_category = sub_category
        self.errors = errors
        self.context = context
        self.extra = extra

    def item(self) -> JsonObject:
        """The error as an item of a batch answer: without correlation id."""
        body: JsonObject = {"status": "error", "category": self.category}
        if self.sub_category:
            body["subCategory"] = self.sub_category
        body["message"] = self.message
        if self.context:
            body["context"] = {key: list(values) for key, values in self.context.items()}
        return body

    def body(self, correlation_id: str) -> JsonObject:
        """The answer's JSON, keys in the order HubSpot writes them."""
        body: JsonObject = {"status": "error", "message": self.message, "correlationId": correlation_id}
        if self.context:
            body["context"] = {key: list(values) for key, values in self.context.items()}
        if self.errors:
            body["errors"] = list(self.errors)
        if self.extra:
            body.update(self.extra)
        if self.category:
            body["category"] = self.category
        if self.sub_category:
            body["subCategory"] = self.sub_category
        return body


class ValidationError(ApiError):
    """The request is understood and refused."""

    def __init__(
        self,
        message: str,
        *,
        sub_category: str | None = None,
        errors: Sequence[JsonObject] = (),
        context: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(
            message, category="VALIDATION_ERROR", sub_category=sub_category, errors=errors, context=context
        )


class NotFoundError(ApiError):
    """Nothing there."""

    status = 404


class ConflictError(ApiError):
    """It exists already."""

    status = 409


def record_not_found(object_id: str) -> NotFoundError:
    """What a single call says about an id nobody has."""
    if object_id.isdecimal():
        return NotFoundError("resource not found")
    return NotFoundError(
        "Object not found.  objectId are usually numeric.",
        category="OBJECT_NOT_FOUND",
        context={"id": [object_id]},
    )


def missing_scopes(any_of: Sequence[str]) -> ApiError:
    """403: the credential was not granted any of these.

    Source: https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/scopes
    """
    return ApiError(
        "This app hasn't been granted all required scopes to make this call. "
        f"Read more about required scopes here: {SCOPES_PAGE}.",
        status=403,
        category="MISSING_SCOPES",
        errors=[
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": list(any_of)},
            }
        ],
        extra={"links": {"scopes": SCOPES_PAGE}},
    )
