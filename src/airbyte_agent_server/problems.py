"""Every error the server answers with, as data, and the one exception that carries it.

The table is the contract: a code never changes its meaning, `GET /problems/{code}` describes it.
"""

import math
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from airbyte_agent_hubspot.errors import ConnectorError, FieldError, Upstream


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One kind of error. `remedy` says what its receiver can do."""

    code: str
    status: int
    title: str
    remedy: str
    retryable: bool = False


def _types(*rows: tuple[str, int, str, str]) -> dict[str, ProblemType]:
    """Limits, passing outages and what is still running are worth another try, unchanged; nothing else is."""
    statuses, codes = {429, 502, 503, 504}, {"idempotency_in_progress"}
    return {
        code: ProblemType(code, status, title, remedy, retryable=status in statuses or code in codes)
        for code, status, title, remedy in rows
    }


_AUTHORIZE_AGAIN = "Mint a new token and send it as `Authorization: Bearer <token>`."
_MEND = "Mend what `errors` names and send the request again."
_LATER = "Send the same request again after `retry_after_s` seconds."

PROBLEM_TYPES: Mapping[str, ProblemType] = _types(
    ("invalid_request", 400, "Invalid request", "Send JSON in UTF-8 and well-formed headers."),
    ("invalid_state", 400, "Invalid state", "Start the connection again from the application."),
    ("invalid_grant", 400, "Invalid grant", "Send the user to the consent page again."),
    ("invalid_client_metadata", 400, "Invalid client metadata", _MEND),
    ("missing_token", 401, "Missing token", _AUTHORIZE_AGAIN),
    ("invalid_token", 401, "Invalid token", _AUTHORIZE_AGAIN),
    ("token_expired", 401, "Token expired", _AUTHORIZE_AGAIN),
    ("invalid_client", 401, "Invalid client", "Check client id and client secret."),
    ("token_not_allowed", 403, "Token not allowed", "Use a token of a kind and scope that this route admits."),
    ("permission_denied", 403, "Permission denied", "Mint a token whose `permissions` include this."),
    ("workspace_mismatch", 403, "Workspace mismatch", "Leave the tenant field out, or mint a token for it."),
    ("organization_mismatch", 403, "Organization mismatch", "Leave `X-Organization-Id` out, or correct it."),
    (
        "origin_mismatch",
        403,
        "Origin mismatch",
        "Come from the origin that the token was minted for, or the operator allows.",
    ),
    ("workspace_inactive", 403, "Workspace inactive", "Ask the operator to activate the workspace."),
    ("reauthorization_required", 403, "Reauthorization required", "Connect the HubSpot account again."),
    ("missing_scopes", 403, "Missing scopes", "Connect again and grant the scopes that `errors` names."),
    ("route_not_found", 404, "Route not found", "Look the path up in `/openapi.json`."),
    ("connector_not_found", 404, "Connector not found", "List the workspace's connectors."),
    ("connector_type_unknown", 404, "Connector type unknown", "Use one of `errors[0].details.known`."),
    ("definition_not_found", 404, "Definition not found", "List the definitions."),
    ("template_not_found", 404, "Template not found", "List the templates."),
    ("workspace_not_found", 404, "Workspace not found", "List the workspaces."),
    ("mcp_client_not_found", 404, "MCP client not found", "List the workspace's MCP clients."),
    ("session_not_found", 404, "Session not found", "Start a new session."),
    ("tool_call_not_found", 404, "Tool call not found", "List the tool calls."),
    ("webhook_not_found", 404, "Webhook not found", "List the organization's webhooks."),
    ("delivery_not_found", 404, "Delivery not found", "List the webhook's deliveries."),
    ("record_not_found", 404, "Record not found", "Check the record's id; HubSpot has no such record."),
    ("method_not_allowed", 405, "Method not allowed", "Use one of the methods in `Allow`."),
    ("idempotency_in_progress", 409, "Still in progress", _LATER),
    ("record_exists", 409, "Record exists", "Update `errors[0].details.existing_id` instead of creating."),
    ("session_consumed", 409, "Session consumed", "Start a new session."),
    ("payload_too_large", 413, "Payload too large", "Send a smaller body."),
    ("unsupported_media_type", 415, "Unsupported media type", "Send `Content-Type: application/json`."),
    ("validation_error", 422, "Invalid fields", _MEND),
    ("workspace_required", 422, "Workspace required", "Name the tenant in `workspace_name`."),
    ("conflicting_fields", 422, "Conflicting fields", "Keep one spelling of the field."),
    ("connector_type_required", 422, "Connector type required", "Send `connector_type`."),
    ("credentials_required", 422, "Credentials required", "Send `credentials` or the OAuth secret id."),
    ("invalid_credentials", 422, "Invalid credentials", "Replace the credentials that `errors` names."),
    ("invalid_secret_id", 422, "Invalid secret id", "Start the OAuth flow again for a new secret id."),
    ("oauth_app_not_configured", 422, "OAuth app not configured", "Configure a HubSpot OAuth app."),
    ("invalid_redirect_url", 422, "Invalid redirect URL", "Send an absolute https or loopback URL."),
    ("redirect_origin_not_allowed", 422, "Redirect origin not allowed", "Add it to `redirect_origins`."),
    ("unknown_operation", 422, "Unknown operation", "Use an entity and action that `errors` lists."),
    ("invalid_params", 422, "Invalid parameters", _MEND),
    ("ambiguous_search", 422, "Ambiguous search", "Use `api_search` or `context_store_search`."),
    ("unsupported_operator", 422, "Unsupported operator", "Use an operator that `errors` lists."),
    ("unsupported_feature", 422, "Unsupported feature", "Leave the parameter out."),
    ("context_store_disabled", 422, "Context store disabled", "Ask the operator to switch it on."),
    ("sql_rejected", 422, "SQL rejected", "Send one read-only SELECT."),
    ("invalid_cursor", 422, "Invalid cursor", "Start again without a cursor."),
    ("idempotency_key_reused", 422, "Idempotency key reused", "Use a new key for a different body."),
    ("upstream_rejected", 422, "Rejected by HubSpot", _MEND),
    ("result_too_large", 422, "Result too large", "Ask for fewer records or fewer fields."),
    ("rate_limited", 429, "Rate limited", _LATER),
    ("upstream_rate_limited", 429, "Rate limited by HubSpot", _LATER),
    ("internal_error", 500, "Internal error", "Report `request_id` to the operator."),
    ("upstream_outcome_unknown", 500, "Outcome unknown", "Look the record up before sending it again."),
    ("partly_done", 500, "Partly done", "Do only what is missing: `errors` names what was carried out."),
    ("not_implemented", 501, "Not implemented", "Use another route; see `/openapi.json`."),
    ("upstream_error", 502, "HubSpot failed", "Send the same request again a little later."),
    ("unavailable", 503, "Unavailable", _LATER),
    ("context_store_not_ready", 503, "Context store not ready", _LATER),
    ("upstream_unavailable", 503, "HubSpot unavailable", _LATER),
    ("upstream_timeout", 504, "HubSpot timed out", "Send the same request again a little later."),
)

TENANT_CODES = ("workspace_required", "workspace_mismatch", "workspace_not_found")
TYPE_CODES = ("connector_type_required", "connector_type_unknown", "template_not_found", "conflicting_fields")
CONNECTOR_CODES = ("connector_not_found", "permission_denied")
SECRET_CODES = ("credentials_required", "invalid_credentials", "invalid_secret_id", "oauth_app_not_configured")
KEY_CODES = ("idempotency_in_progress", "idempotency_key_reused")
HUBSPOT_CODES = (
    "upstream_rate_limited",
    "upstream_rejected",
    "upstream_error",
    "upstream_unavailable",
    "upstream_timeout",
)
"""Codes that go together: of routes that name a tenant, a type, a connector, a secret or a key, or call HubSpot."""

PROBLEMS_MEMBER = "x-problems"


def may_answer(*codes: str) -> dict[str, object]:
    """What a route adds to its documentation: the codes that are its own. Those of all routes go without saying."""
    return {PROBLEMS_MEMBER: [PROBLEM_TYPES[code].code for code in codes]}


_CODE_OF_CONNECTOR_ERROR = {"missing_credentials": "oauth_app_not_configured", "connector_error": "internal_error"}


class ProblemError(Exception):
    """An error with a code of the table. `message` is a whole sentence that says what to do next."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        errors: Iterable[FieldError] = (),
        retry_after_s: float | None = None,
        upstream: Upstream | None = None,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.type = PROBLEM_TYPES[code]
        self.message = message
        self.errors = tuple(errors)
        self.retry_after_s = retry_after_s
        self.upstream = upstream
        self.headers = headers or {}
        self.extra = extra or {}
        self.challenge: tuple[str, ...] = ()
        """What `WWW-Authenticate` says besides, where the status is 401."""
        self.readable_by: str | None = None
        """The origin whose pages may read it, though its token is refused."""


def field_problem(
    code: str, field_name: str, message: str, *, error_code: str | None = None, **details: object
) -> ProblemError:
    """A problem with one field; `error_code` says more than `code` where it is given."""
    return ProblemError(code, message, errors=[FieldError(field_name, message, error_code or code, details)])


def problem_from_connector_error(error: ConnectorError) -> ProblemError:
    """What the SDK raised, as the server answers it."""
    code = _CODE_OF_CONNECTOR_ERROR.get(error.code, error.code)
    return ProblemError(
        code if code in PROBLEM_TYPES else "internal_error",
        error.message,
        errors=error.errors,
        retry_after_s=error.retry_after_s,
        upstream=error.upstream,
    )


def sentence_of(error: Exception) -> str:
    """The error for whoever is at the command line; those of the system about files are no sentences."""
    if isinstance(error, FileExistsError) and error.filename is not None:
        return f"{error.filename} exists already: name another place, or move it away."
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename} cannot be used ({error.strerror}): name another place, or mend it."
    return str(error)


@dataclass(frozen=True, slots=True)
class ProblemAnswer:
    """An error as it goes over the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def render_problem(problem: ProblemError, *, public_url: str, request_id: str) -> ProblemAnswer:
    """The problem+json answer. Every retryable status has a `Retry-After`; `retry_after_s` is null if nobody knows."""
    kind = problem.type
    retry_after_s = None if problem.retry_after_s is None else max(1, math.ceil(problem.retry_after_s))
    body = {
        "type": f"{public_url}/problems/{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": problem.message,
        "instance": _instance(request_id),
        "code": kind.code,
        "message": problem.message,
        "errors": problem.errors or (FieldError("", problem.message, kind.code),),
        "request_id": request_id,
        "retryable": kind.retryable,
        "retry_after_s": retry_after_s,
        "upstream": problem.upstream,
        **problem.extra,
    }
    headers = {"content-type": "application/problem+json", **problem.headers}
    if kind.retryable:
        headers["retry-after"] = str(retry_after_s or 1)
    if kind.status == 401:  # noqa: PLR2004  # RFC 9110: a 401 names its scheme
        headers["www-authenticate"] = ", ".join([_challenge(kind.code), *problem.challenge])
    return ProblemAnswer(kind.status, headers, msgspec.json.encode(body))


def _instance(request_id: str) -> str:
    try:
        return f"urn:uuid:{uuid.UUID(request_id)}"
    except ValueError:
        return request_id  # a caller's own id; its characters make a relative URI reference


def _challenge(code: str) -> str:
    if code == "missing_token":
        return 'Bearer realm="agent-server"'
    error = "invalid_client" if code == "invalid_client" else "invalid_token"
    return f'Bearer realm="agent-server", error="{error}"'
