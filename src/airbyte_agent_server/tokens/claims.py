"""What a token says, and what follows from it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from airbyte_agent_server.problems import ProblemError

LEEWAY_S = 30


class TokenKind(StrEnum):
    """Who a token stands for."""

    APPLICATION = "application"
    SCOPED = "scoped"
    WIDGET = "widget"
    MCP = "mcp"


class Scope(StrEnum):
    """What a token may do."""

    TOKENS_MINT = "tokens:mint"
    CONNECTORS_READ = "connectors:read"
    CONNECTORS_WRITE = "connectors:write"
    OAUTH_INITIATE = "oauth:initiate"
    EXECUTE_READ = "execute:read"
    EXECUTE_WRITE = "execute:write"
    META_READ = "meta:read"
    ORG_ADMIN = "org:admin"
    AUDIT_READ = "audit:read"


DEFAULT_SCOPES: Mapping[TokenKind, frozenset[Scope]] = {
    TokenKind.APPLICATION: frozenset(Scope),
    TokenKind.SCOPED: frozenset(
        {
            Scope.CONNECTORS_READ,
            Scope.CONNECTORS_WRITE,
            Scope.OAUTH_INITIATE,
            Scope.EXECUTE_READ,
            Scope.EXECUTE_WRITE,
            Scope.META_READ,
        }
    ),
    TokenKind.WIDGET: frozenset({Scope.CONNECTORS_READ, Scope.CONNECTORS_WRITE, Scope.OAUTH_INITIATE, Scope.META_READ}),
    TokenKind.MCP: frozenset({Scope.EXECUTE_READ, Scope.EXECUTE_WRITE}),
}
LIFE_S: Mapping[TokenKind, int] = {
    TokenKind.APPLICATION: 900,
    TokenKind.SCOPED: 1200,
    TokenKind.WIDGET: 1200,
    TokenKind.MCP: 1200,
}
MCP_PATH = "/mcp"
"""The address, below the server's own, that tokens of MCP clients are made for; those of connectors hang below it."""

_MANAGING = frozenset({Scope.CONNECTORS_WRITE, Scope.OAUTH_INITIATE})
_ANY = "*"
SEARCHES = frozenset({"search", "api_search", "context_store_search", "context_store_sql_query"})
"""What `search` in a token's permissions covers."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a token of a workspace may still do. It only takes away; None stands for no limit."""

    read_only: bool = False
    manage: bool = False
    connector_ids: frozenset[str] | None = None
    allow: Mapping[str, frozenset[str]] | None = None

    def narrow(self, scopes: frozenset[Scope]) -> frozenset[Scope]:
        """The scopes that remain."""
        dropped = frozenset() if self.manage else _MANAGING
        return scopes - dropped - ({Scope.EXECUTE_WRITE} if self.read_only else set())


@dataclass(frozen=True, slots=True)
class Claims:
    """A verified token.

    `allowed_origin` is where a widget token may come from. `resource` is where one of an MCP client may go, and
    `grant_id` what that client was let in with.
    """

    kind: TokenKind
    organization_id: str
    client_id: str
    workspace_id: str | None
    scopes: frozenset[Scope]
    permissions: Permissions | None
    token_id: str
    expires_at: datetime
    allowed_origin: str | None = None
    resource: str | None = None
    grant_id: str | None = None


@dataclass(frozen=True, slots=True)
class Ok:
    """Allowed."""


OK = Ok()


@dataclass(frozen=True, slots=True)
class Denied:
    """Not allowed; `reason` is a whole sentence that says what to do."""

    code: str
    reason: str

    def raised(self) -> ProblemError:
        """The denial as an error to raise."""
        return ProblemError(self.code, self.reason)


Verdict: TypeAlias = Ok | Denied


def verify_scope(claims: Claims, kinds: frozenset[TokenKind], scope: Scope | None) -> Verdict:
    """Whether a token of this kind, with these scopes, is admitted."""
    if claims.kind not in kinds:
        wanted = " or ".join(sorted(kinds))
        return Denied("token_not_allowed", f"This takes a token of kind {wanted}, not {claims.kind}: mint such a one.")
    if scope is not None and scope not in claims.scopes:
        return Denied("token_not_allowed", f"The token lacks the scope {scope}: {_advice(claims, scope)}.")
    return OK


def verify_origin(claims: Claims, *, origin: str | None, fetch_site: str | None, own: str) -> Verdict:
    """Whether a request with this `Origin` and `Sec-Fetch-Site` may carry the token; only widget tokens are bound.

    Browsers leave `Origin` out where a page reads from its own server.
    """
    if claims.kind != TokenKind.WIDGET:
        return OK
    if (origin is None and fetch_site == "same-origin") or (
        origin is not None and origin in {claims.allowed_origin, own}
    ):
        return OK
    return Denied(
        "origin_mismatch",
        "A widget token works only from the origin it was minted for: mint one for the page that uses it.",
    )


def verify_connector(claims: Claims, connector_id: str) -> Verdict:
    """Whether the token's permissions reach this connector."""
    permissions = claims.permissions
    if permissions is None or permissions.connector_ids is None or connector_id in permissions.connector_ids:
        return OK
    return Denied(
        "permission_denied",
        "The token's permissions do not include this connector: mint one whose connector_ids name it.",
    )


def verify_call(claims: Claims, *, entity: str, action: str, writes: bool) -> Verdict:
    """Whether the token may run this operation; `entity` is the one really touched."""
    scope = Scope.EXECUTE_WRITE if writes else Scope.EXECUTE_READ
    if scope not in claims.scopes:
        what = "writes" if writes else "reads"
        return Denied(
            "token_not_allowed", f"The token lacks the scope {scope}, which {what} need: {_advice(claims, scope)}."
        )
    allow = None if claims.permissions is None else claims.permissions.allow
    if allow is None:
        return OK
    actions = allow.get(entity, frozenset()) | allow.get(_ANY, frozenset())
    if action in actions or _ANY in actions or (action in SEARCHES and "search" in actions):
        return OK
    return Denied(
        "permission_denied",
        f"The token's permissions do not include {entity}.{action}: mint one whose `allow` names it.",
    )


def _advice(claims: Claims, scope: Scope) -> str:
    """How to get a token with this scope."""
    if claims.permissions is not None and scope in DEFAULT_SCOPES[claims.kind]:
        return f"mint one whose permissions say {'manage: true' if scope in _MANAGING else 'read_only: false'}"
    return "mint one that has it"
