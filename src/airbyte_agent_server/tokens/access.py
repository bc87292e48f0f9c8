"""Which token each route takes: the authorization matrix, as a table."""

from collections.abc import Mapping
from dataclasses import dataclass

from airbyte_agent_server.aliases import API
from airbyte_agent_server.tokens.claims import Scope, TokenKind

_APPLICATION = frozenset({TokenKind.APPLICATION})
_SCOPED = frozenset({TokenKind.SCOPED})
_EVERY = frozenset(TokenKind)


@dataclass(frozen=True, slots=True)
class Access:
    """The kinds of token a route admits, and the scope they need. No kinds: no token at all."""

    kinds: frozenset[TokenKind] = frozenset()
    scope: Scope | None = None


OPEN = Access()
_CONNECTORS = f"{API}/integrations/connectors"

EXECUTE = Access(_EVERY)
"""Which scope an execute needs depends on its operation."""

ACCESS: Mapping[tuple[str, str], Access] = {
    ("POST", f"{API}/account/applications/token"): OPEN,
    ("POST", f"{API}/account/applications/scoped-token"): Access(_APPLICATION, Scope.TOKENS_MINT),
    ("GET", f"{API}/account/applications/scoped-token/info"): Access(_SCOPED),
    ("POST", _CONNECTORS): Access(_EVERY, Scope.CONNECTORS_WRITE),
    ("GET", _CONNECTORS): Access(_EVERY, Scope.CONNECTORS_READ),
    ("GET", f"{_CONNECTORS}/{{connector_id}}"): Access(_EVERY, Scope.CONNECTORS_READ),
    ("DELETE", f"{_CONNECTORS}/{{connector_id}}"): Access(_EVERY, Scope.CONNECTORS_WRITE),
    ("POST", f"{_CONNECTORS}/{{connector_id}}/execute"): EXECUTE,
    ("POST", f"{_CONNECTORS}/oauth/initiate"): Access(_EVERY, Scope.OAUTH_INITIATE),
    ("GET", f"{_CONNECTORS}/oauth/callback"): OPEN,
    ("GET", "/healthz"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("GET", "/openapi.json"): OPEN,
    ("GET", "/.well-known/jwks.json"): OPEN,
    ("GET", "/problems/{code}"): OPEN,
}
"""(method, path) -> access. Every route has a row: the server does not start otherwise."""
