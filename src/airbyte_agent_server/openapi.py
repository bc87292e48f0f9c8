"""The OpenAPI document: generated from the routes that serve, and for execute from the catalog."""

from collections.abc import Mapping
from functools import cache
from typing import TypeAlias, cast

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response

from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._describe import params_schema
from airbyte_agent_server.aliases import API, FIELD_ALIASES, PATH_ALIASES, PREFIX_ALIASES
from airbyte_agent_server.execute.routes import PATH as EXECUTE_PATH
from airbyte_agent_server.idempotency.keys import HEADER, KEY_TEXT
from airbyte_agent_server.problems import (
    CONNECTOR_CODES,
    HUBSPOT_CODES,
    KEY_CODES,
    PROBLEM_TYPES,
    PROBLEMS_MEMBER,
    TENANT_CODES,
)
from airbyte_agent_server.tokens.access import ACCESS, Access
from airbyte_agent_server.tokens.claims import TokenKind

Document: TypeAlias = dict[str, object]

_PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_ACCESS = {(method, path.replace(":path}", "}")): access for (method, path), access in ACCESS.items()}
_TEXT_HEADER: Document = {"schema": {"type": "string"}}
_WAIT_HEADER: Document = {"schema": {"type": "integer", "minimum": 1}}
_HEADERS_OF_STATUS: Mapping[str, Document] = {
    "401": {"WWW-Authenticate": _TEXT_HEADER},
    **{status: {"Retry-After": _WAIT_HEADER} for status in ("429", "502", "503", "504")},
}
_ALWAYS = frozenset({"invalid_request", "conflicting_fields", "rate_limited", "internal_error", "unavailable"})
_OF_TOKENS = frozenset(
    {"missing_token", "invalid_token", "token_expired", "token_not_allowed", "organization_mismatch"}
)
_OF_BODIES = frozenset({"payload_too_large", "unsupported_media_type", "validation_error"})
_EXECUTE_CODES = (
    *CONNECTOR_CODES,
    *KEY_CODES,
    *HUBSPOT_CODES,
    *("unknown_operation", "invalid_params", "ambiguous_search", "context_store_disabled", "result_too_large"),
    *("record_not_found", "record_exists", "missing_scopes", "reauthorization_required", "oauth_app_not_configured"),
    *("invalid_credentials", "upstream_outcome_unknown"),
)


def add_document_route(app: FastAPI) -> None:
    """Serve the document, which is built at the first request."""

    @cache
    def encoded() -> bytes:
        return msgspec.json.encode(build_document(app))

    async def document() -> Response:
        return Response(encoded(), media_type="application/json", headers={"cache-control": "no-cache"})

    app.router.add_api_route("/openapi.json", document, methods=["GET"], include_in_schema=False)


def build_document(app: FastAPI) -> Document:
    """The document of all canonical routes; other spellings are listed under `x-aliases`."""
    document: Document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    paths = _part(document, "paths")
    paths[EXECUTE_PATH] = {"post": _execute_operation()}
    for path in paths:
        methods = _part(paths, path)
        for method in methods:
            _complete(_part(methods, method), method=method.upper(), path=path)
    components = _part(document, "components")
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    schemas = _part(components, "schemas")
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = _problem_schema()
    document["x-aliases"] = {
        "prefixes": dict(PREFIX_ALIASES),
        "paths": [
            {
                "method": row.method,
                "alias": API + row.alias,
                "canonical": API + row.canonical,
                "list_member": row.list_member,
            }
            for row in PATH_ALIASES
        ],
        "fields": dict(FIELD_ALIASES),
    }
    return document


def _part(document: Document, name: str) -> Document:
    return cast("Document", document.setdefault(name, {}))


def _complete(operation: Document, *, method: str, path: str) -> None:
    access = _ACCESS[method, path]
    if access.kinds:
        operation["security"] = [{"bearer": []}]
        operation["x-token-kinds"] = sorted(access.kinds)
        operation["x-scope"] = access.scope
    responses = _part(operation, "responses")
    for status in ("422", "501"):
        responses.pop(status, None)
    by_status: dict[str, list[str]] = {}
    for code in sorted(_codes(operation, method=method, access=access)):
        by_status.setdefault(str(PROBLEM_TYPES[code].status), []).append(code)
    for status, codes in by_status.items():
        response = _part(responses, status)
        response["description"] = " ".join(f"`{code}`: {PROBLEM_TYPES[code].title}." for code in codes)
        _part(response, "content")["application/problem+json"] = {
            "schema": {"allOf": [_PROBLEM_REF, {"properties": {"code": {"enum": codes}}}]}
        }
        if status in _HEADERS_OF_STATUS:
            response["headers"] = _HEADERS_OF_STATUS[status]


def _codes(operation: Document, *, method: str, access: Access) -> set[str]:
    """All that an operation may go wrong with: its own codes, and those that follow from what it takes."""
    codes = {*_ALWAYS, *cast("list[str]", operation.get(PROBLEMS_MEMBER, []))}
    if access.kinds:
        codes |= _OF_TOKENS
    if access.kinds - {TokenKind.APPLICATION} or not codes.isdisjoint({*TENANT_CODES, *CONNECTOR_CODES}):
        codes.add("workspace_inactive")
    if TokenKind.WIDGET in access.kinds:
        codes.add("origin_mismatch")
    if method in _WITH_BODY:
        codes |= _OF_BODIES
    if operation.get("parameters"):
        codes.add("validation_error")
    return codes


def _execute_operation() -> Document:
    calls = [
        {
            "title": f"{operation.entity}.{operation.action}",
            "description": operation.summary,
            "type": "object",
            "properties": {
                "entity": {"const": operation.entity},
                "action": {"const": operation.action},
                "params": params_schema(operation),
                **_SHAPING,
            },
            "required": ["entity", "action"],
        }
        for operation in CATALOG
    ]
    return {
        "summary": "Execute",
        "description": "Run one operation. Its parameters and result are those of open source execution.",
        "operationId": "execute",
        PROBLEMS_MEMBER: list(_EXECUTE_CODES),
        "parameters": [
            {"name": "connector_id", "in": "path", "required": True, "schema": {"type": "string"}},
            {"name": HEADER, "in": "header", "description": KEY_TEXT, "schema": {"type": "string", "maxLength": 255}},
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"anyOf": calls}}}},
        "responses": {"200": {"description": "The result.", "content": {"application/json": {"schema": _ENVELOPE}}}},
    }


_TEXTS: Document = {"type": ["array", "null"], "items": {"type": "string"}}
_SHAPING: Document = {
    "select_fields": {**_TEXTS, "description": "Dotted paths to keep in each record."},
    "exclude_fields": {**_TEXTS, "description": "Dotted paths to remove from each record."},
    "skip_truncation": {"type": ["boolean", "null"], "description": "False cuts long texts in lists."},
    "intent": {"type": ["string", "null"], "maxLength": 512, "description": "Why; kept in the audit record."},
}
_ENVELOPE: Document = {
    "type": "object",
    "properties": {
        "status": {"const": "success"},
        "result": {},
        "connector_metadata": {"type": "object"},
        "execution_metadata": {"type": "object"},
    },
    "required": ["status", "result", "connector_metadata", "execution_metadata"],
}


def _problem_schema() -> Document:
    text = {"type": "string"}
    return {
        "type": "object",
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": text,
            "status": {"type": "integer"},
            "detail": text,
            "instance": text,
            "code": {"enum": sorted(PROBLEM_TYPES)},
            "message": text,
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "field": text,
                        "message": text,
                        "error_code": text,
                        "details": {"type": "object"},
                    },
                    "required": ["field", "message", "error_code", "details"],
                },
                "minItems": 1,
            },
            "request_id": text,
            "retryable": {"type": "boolean"},
            "retry_after_s": {"type": ["integer", "null"]},
            "upstream": {"type": ["object", "null"]},
        },
        "required": [
            *("type", "title", "status", "detail", "instance", "code", "message", "errors", "request_id"),
            *("retryable", "retry_after_s", "upstream"),
        ],
    }
