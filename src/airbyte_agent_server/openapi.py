"""The OpenAPI document: generated from the routes that serve, and for execute from the catalog."""

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
from airbyte_agent_server.problems import PROBLEM_TYPES
from airbyte_agent_server.tokens.access import ACCESS

Document: TypeAlias = dict[str, object]

_PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}
_PROBLEM_RESPONSE: Document = {
    "description": "An error.",
    "content": {"application/problem+json": {"schema": _PROBLEM_REF}},
}


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
            {"method": row.method, "alias": API + row.alias, "canonical": API + row.canonical} for row in PATH_ALIASES
        ],
        "fields": dict(FIELD_ALIASES),
    }
    return document


def _part(document: Document, name: str) -> Document:
    return cast("Document", document.setdefault(name, {}))


def _complete(operation: Document, *, method: str, path: str) -> None:
    responses = _part(operation, "responses")
    responses.pop("422", None)
    responses["default"] = _PROBLEM_RESPONSE
    access = ACCESS[method, path]
    if access.kinds:
        operation["security"] = [{"bearer": []}]
        operation["x-token-kinds"] = sorted(access.kinds)
        operation["x-scope"] = access.scope


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
                },
            },
            "request_id": text,
            "retryable": {"type": "boolean"},
            "retry_after_s": {"type": ["integer", "null"]},
            "upstream": {"type": ["object", "null"]},
        },
    }
