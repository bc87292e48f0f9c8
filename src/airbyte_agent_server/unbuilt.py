"""Routes that clients of other servers may call and this one does not have: each says why, and what to use."""

import re
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request

from airbyte_agent_server.aliases import API
from airbyte_agent_server.problems import ProblemError, may_answer

_TEXT = {"type": "string"}
_SCHEMAS = {"connector_id": _TEXT, "template_id": _TEXT, "rest": {**_TEXT, "pattern": r"^[^\n]+$"}}
_ALL = ("GET", "POST", "PUT", "PATCH", "DELETE")
_TEMPLATES = f"{API}/integrations/templates"
_CONNECTOR = f"{API}/integrations/connectors/{{connector_id}}"


@dataclass(frozen=True, slots=True)
class UnbuiltRoute:
    """One path, the methods it would take, and the reason why it is not there."""

    path: str
    methods: tuple[str, ...]
    reason: str


_FIXED = "Templates come with the server: create connectors with connector_type instead."
_WORKFLOWS = "Workflows are not part of this server: call execute from your own."
_MODELS = "This server runs no language model: give your agent's model the tools of a connector instead."
_DIRECT = "Connectors call HubSpot directly: there is nothing to discover or to sync. Use execute."
UNBUILT = (
    UnbuiltRoute(f"{_TEMPLATES}/sources", ("POST",), _FIXED),
    UnbuiltRoute(f"{_TEMPLATES}/sources/{{template_id}}", ("PUT", "PATCH", "DELETE"), _FIXED),
    UnbuiltRoute(f"{_TEMPLATES}/connections", ("POST",), _FIXED),
    UnbuiltRoute(f"{_TEMPLATES}/connections/{{template_id}}", ("PUT", "PATCH", "DELETE"), _FIXED),
    UnbuiltRoute(f"{API}/internal/workflows", _ALL, _WORKFLOWS),
    UnbuiltRoute(f"{API}/internal/workflows/{{rest:path}}", _ALL, _WORKFLOWS),
    UnbuiltRoute(
        f"{API}/workspaces/query/structured",
        ("POST",),
        "Workspaces are not queried this way: list them with name_contains and status.",
    ),
    UnbuiltRoute(f"{API}/responses", ("POST",), _MODELS),
    UnbuiltRoute(f"{API}/messages", ("POST",), _MODELS),
    UnbuiltRoute(
        f"{_CONNECTOR}/execute/prepare",
        ("POST",),
        "Calls are not prepared: execute checks permissions and parameters before it sends anything.",
    ),
    UnbuiltRoute(f"{_CONNECTOR}/discover", ("GET", "POST"), _DIRECT),
    UnbuiltRoute(f"{_CONNECTOR}/streams", _ALL, _DIRECT),
    UnbuiltRoute(f"{_CONNECTOR}/streams/{{rest:path}}", _ALL, _DIRECT),
    UnbuiltRoute(f"{_CONNECTOR}/catalog/query", ("POST",), _DIRECT),
)


class UnbuiltRoutes:
    """Answers 501 with the reason."""

    def __init__(self) -> None:
        self._reasons = {route.path: route.reason for route in UNBUILT}

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        for route in UNBUILT:
            names = re.findall(r"{(\w+)", route.path)
            parameters = [{"name": name, "in": "path", "required": True, "schema": _SCHEMAS[name]} for name in names]
            documented = may_answer("not_implemented") | ({"parameters": parameters} if parameters else {})
            for method in route.methods:  # one route each: a document has one operation for each method
                router.add_api_route(
                    route.path,
                    self.refuse,
                    methods=[method],
                    status_code=501,
                    response_model=None,
                    summary="Not built",
                    description=route.reason,
                    openapi_extra=documented,
                )

    async def refuse(self, request: Request) -> None:
        """Say why there is no such route, and what to use instead."""
        raise ProblemError("not_implemented", self._reasons[request.scope["route"].path])
