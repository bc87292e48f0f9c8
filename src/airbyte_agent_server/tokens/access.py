"""Which token each route takes: the authorization matrix, as a table."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.routing import compile_path

from airbyte_agent_server.aliases import API
from airbyte_agent_server.tokens.claims import MCP_PATH, Scope, TokenKind
from airbyte_agent_server.unbuilt import UNBUILT

_APPLICATION = frozenset({TokenKind.APPLICATION})
_OF_WORKSPACE = frozenset({TokenKind.SCOPED, TokenKind.WIDGET})
_WITHOUT_PAGES = frozenset({TokenKind.APPLICATION, TokenKind.SCOPED})
_EVERY = frozenset({TokenKind.APPLICATION, TokenKind.SCOPED, TokenKind.WIDGET})


@dataclass(frozen=True, slots=True)
class Access:
    """The kinds of token a route admits, and the scope they need. No kinds: no token at all."""

    kinds: frozenset[TokenKind] = frozenset()
    scope: Scope | None = None


OPEN = Access()
_CONNECTORS = f"{API}/integrations/connectors"
_APPS = f"{API}/oauth/credentials"
_SESSIONS = f"{API}/internal/mcp_oauth/sessions"

EXECUTE = Access(_WITHOUT_PAGES)
"""Which scope an execute needs depends on its operation."""
MCP = Access(_WITHOUT_PAGES | {TokenKind.MCP})
"""Calls of tools are executes."""

_READERS = Access(_WITHOUT_PAGES, Scope.META_READ)
_META = Access(_EVERY, Scope.META_READ)
_ADMINISTRATION = Access(_APPLICATION, Scope.ORG_ADMIN)
_DEFINITIONS = f"{API}/integrations/definitions"
_TEMPLATES = f"{API}/integrations/templates"
_WORKSPACES = f"{API}/workspaces"


def _unbuilt(path: str) -> Access:
    return _ADMINISTRATION if path.startswith(_WORKSPACES) else Access(_WITHOUT_PAGES)


_WEBHOOKS = f"{API}/organizations/{{organization_id}}/webhooks"
_WEBHOOK = f"{_WEBHOOKS}/{{webhook_id}}"

ACCESS: Mapping[tuple[str, str], Access] = {
    ("POST", f"{API}/account/applications/token"): OPEN,
    ("POST", f"{API}/account/applications/scoped-token"): Access(_APPLICATION, Scope.TOKENS_MINT),
    ("POST", f"{API}/account/applications/widget-token"): Access(_APPLICATION, Scope.TOKENS_MINT),
    ("GET", f"{API}/account/applications/scoped-token/info"): Access(_OF_WORKSPACE),
    ("POST", _CONNECTORS): Access(_EVERY, Scope.CONNECTORS_WRITE),
    ("GET", _CONNECTORS): Access(_EVERY, Scope.CONNECTORS_READ),
    ("GET", f"{_CONNECTORS}/{{connector_id}}"): Access(_EVERY, Scope.CONNECTORS_READ),
    ("GET", f"{_CONNECTORS}/{{connector_id}}/inspect"): Access(_EVERY, Scope.CONNECTORS_READ),
    ("PUT", f"{_CONNECTORS}/{{connector_id}}"): Access(_EVERY, Scope.CONNECTORS_WRITE),
    ("PATCH", f"{_CONNECTORS}/{{connector_id}}"): Access(_EVERY, Scope.CONNECTORS_WRITE),
    ("DELETE", f"{_CONNECTORS}/{{connector_id}}"): Access(_EVERY, Scope.CONNECTORS_WRITE),
    ("POST", f"{_CONNECTORS}/check"): Access(_EVERY, Scope.CONNECTORS_WRITE),
    ("POST", f"{_CONNECTORS}/{{connector_id}}/check"): Access(_EVERY, Scope.CONNECTORS_WRITE),
    ("POST", f"{_CONNECTORS}/{{connector_id}}/execute"): EXECUTE,
    ("POST", f"{_CONNECTORS}/oauth/initiate"): Access(_EVERY, Scope.OAUTH_INITIATE),
    ("GET", f"{_CONNECTORS}/oauth/callback"): OPEN,
    ("GET", f"{API}/tool-calls"): Access(_APPLICATION, Scope.AUDIT_READ),
    ("GET", f"{API}/tool-calls/export"): Access(_APPLICATION, Scope.AUDIT_READ),
    ("GET", f"{API}/tool-calls/{{call_id}}"): Access(_APPLICATION, Scope.AUDIT_READ),
    ("PUT", _APPS): _ADMINISTRATION,
    ("GET", _APPS): _ADMINISTRATION,
    ("GET", f"{_APPS}/spec"): _ADMINISTRATION,
    ("DELETE", f"{_APPS}/connector_type/{{connector_type}}"): _ADMINISTRATION,
    ("GET", f"{_DEFINITIONS}/sources"): _META,
    ("GET", f"{_DEFINITIONS}/sources/{{definition_id}}"): _META,
    ("GET", f"{_DEFINITIONS}/destinations"): _META,
    ("GET", f"{_TEMPLATES}/sources"): _META,
    ("GET", f"{_TEMPLATES}/sources/global"): _META,
    ("GET", f"{_TEMPLATES}/sources/{{template_id}}"): _META,
    ("GET", f"{_TEMPLATES}/connections"): _META,
    ("POST", _WEBHOOKS): _ADMINISTRATION,
    ("GET", _WEBHOOKS): _ADMINISTRATION,
    ("GET", _WEBHOOK): _ADMINISTRATION,
    ("PATCH", _WEBHOOK): _ADMINISTRATION,
    ("DELETE", _WEBHOOK): _ADMINISTRATION,
    ("POST", f"{_WEBHOOK}/secret"): _ADMINISTRATION,
    ("GET", f"{_WEBHOOK}/deliveries"): _ADMINISTRATION,
    ("POST", f"{_WEBHOOK}/deliveries/{{delivery_id}}/redeliver"): _ADMINISTRATION,
    ("GET", f"{API}/skills"): _READERS,
    ("GET", f"{API}/skills/search"): _READERS,
    ("GET", f"{API}/skills/docs"): _READERS,
    ("GET", _WORKSPACES): _ADMINISTRATION,
    ("GET", f"{_WORKSPACES}/stats"): _ADMINISTRATION,
    ("GET", f"{_WORKSPACES}/{{workspace_id}}"): _ADMINISTRATION,
    ("PUT", f"{_WORKSPACES}/{{workspace_id}}"): _ADMINISTRATION,
    ("DELETE", f"{_WORKSPACES}/{{workspace_id}}"): _ADMINISTRATION,
    ("GET", f"{_WORKSPACES}/{{workspace_id}}/mcp-clients"): _ADMINISTRATION,
    ("DELETE", f"{_WORKSPACES}/{{workspace_id}}/mcp-clients/{{mcp_client_id}}"): _ADMINISTRATION,
    ("GET", f"{API}/organizations/{{organization_id}}/credentials"): _ADMINISTRATION,
    ("GET", f"{API}/internal/account/organizations"): _ADMINISTRATION,
    **{(method, route.path): _unbuilt(route.path) for route in UNBUILT for method in route.methods},
    ("POST", _SESSIONS): _ADMINISTRATION,
    ("GET", f"{_SESSIONS}/{{session_id}}"): _ADMINISTRATION,
    ("PATCH", f"{_SESSIONS}/{{session_id}}"): _ADMINISTRATION,
    ("POST", f"{API}/account/applications/connect-code"): Access(_APPLICATION, Scope.TOKENS_MINT),
    ("POST", MCP_PATH): MCP,
    ("POST", f"{MCP_PATH}/{{connector_id}}"): MCP,
    ("GET", "/.well-known/oauth-protected-resource"): OPEN,
    ("GET", f"/.well-known/oauth-protected-resource{MCP_PATH}"): OPEN,
    ("GET", f"/.well-known/oauth-protected-resource{MCP_PATH}/{{connector_id}}"): OPEN,
    ("GET", "/.well-known/oauth-authorization-server"): OPEN,
    ("POST", "/register"): OPEN,
    ("GET", "/authorize"): OPEN,
    ("POST", "/authorize"): OPEN,
    ("POST", "/token"): OPEN,
    ("POST", "/revoke"): OPEN,
    ("GET", "/widget"): OPEN,
    ("GET", "/widget-bridge"): OPEN,
    ("GET", "/healthz"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("GET", "/metrics"): OPEN,
    ("GET", "/openapi.json"): OPEN,
    ("GET", "/.well-known/jwks.json"): OPEN,
    ("GET", "/problems/{code}"): OPEN,
}
"""(method, path) -> access. Every route has a row: the server does not start otherwise."""

_OPEN_TO_PAGES = tuple(
    (method, compile_path(path)[0]) for (method, path), access in ACCESS.items() if TokenKind.WIDGET in access.kinds
)


def is_open_to_pages(method: str, path: str) -> bool:
    """Whether a widget token may be used there."""
    return any(method == row_method and pattern.match(path) for row_method, pattern in _OPEN_TO_PAGES)
