"""Turns claims into signed tokens and back."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError

from airbyte_agent_server.ports import Clock
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.tokens.claims import LEEWAY_S, MCP_PATH, Claims, Permissions, Scope, TokenKind
from airbyte_agent_server.tokens.signing_keys import ALGORITHM, SigningKeys

_TYPE = "at+jwt"


class _Allowed(msgspec.Struct, frozen=True):
    entity: str
    actions: list[str]


class PermissionsClaim(msgspec.Struct, frozen=True, omit_defaults=True):
    """`permissions` as the token carries them."""

    read_only: bool = False
    manage: bool = False
    connector_ids: list[str] | None = None
    allow: list[_Allowed] | None = None


class _Payload(msgspec.Struct, frozen=True):
    kind: TokenKind
    org: str
    client_id: str
    scopes: list[Scope]
    jti: str
    exp: int
    iss: str
    aud: str
    workspace: str | None = None
    permissions: PermissionsClaim | None = None
    allowed_origin: str | None = None
    grant: str | None = None


@dataclass(frozen=True, slots=True)
class TokenSigner:
    """Turns claims into a token and back."""

    keys: SigningKeys
    issuer: str
    audience: str
    clock: Clock

    def sign(self, claims: Claims, *, issued_at: datetime) -> str:
        """The token."""
        key = self.keys.signing_key()
        payload: dict[str, object] = {
            "iss": self.issuer,
            "aud": claims.resource or self.audience,
            "sub": claims.workspace_id or claims.client_id,
            "client_id": claims.client_id,
            "kind": claims.kind,
            "org": claims.organization_id,
            "scopes": sorted(claims.scopes),
            "iat": int(issued_at.timestamp()),
            "exp": int(claims.expires_at.timestamp()),
            "jti": claims.token_id,
        }
        if claims.workspace_id is not None:
            payload |= {"workspace": claims.workspace_id, "act": {"sub": claims.client_id}}
        if claims.permissions is not None:
            payload["permissions"] = msgspec.to_builtins(permissions_claim(claims.permissions))
        if claims.allowed_origin is not None:
            payload["allowed_origin"] = claims.allowed_origin
        if claims.grant_id is not None:
            payload["grant"] = claims.grant_id
        header = {"alg": ALGORITHM, "kid": key.kid, "typ": _TYPE}
        return jwt.encode(header, payload, key.private, algorithms=[ALGORITHM])

    def verify(self, token: str) -> Claims:
        """What the token says.

        Raises:
            ProblemError: `invalid_token` or `token_expired`.
        """
        try:
            verified = jwt.decode(token, self.keys.key_set(), algorithms=[ALGORITHM])
            payload = msgspec.convert(verified.claims, _Payload)
        except (JoseError, ValueError, msgspec.ValidationError):
            raise _invalid("it is not one that this server signed") from None
        if verified.header.get("typ") != _TYPE or payload.iss != self.issuer or not self._is_for_us(payload):
            raise _invalid("it was made for something else")
        expires_at = datetime.fromtimestamp(payload.exp, UTC)
        if self.clock.now() >= expires_at + timedelta(seconds=LEEWAY_S):
            expired = ProblemError("token_expired", "The bearer token has expired: mint a new one.")
            expired.readable_by = payload.allowed_origin
            raise expired
        return Claims(
            payload.kind,
            payload.org,
            payload.client_id,
            payload.workspace,
            frozenset(payload.scopes),
            None if payload.permissions is None else permissions_of(payload.permissions),
            payload.jti,
            expires_at,
            payload.allowed_origin,
            payload.aud if payload.kind == TokenKind.MCP else None,
            payload.grant,
        )

    def _is_for_us(self, payload: _Payload) -> bool:
        """Tokens of MCP clients are made for one address of this server, all others for the server.

        Source: RFC 8707, section 2
        """
        if payload.kind == TokenKind.MCP:
            own = self.issuer + MCP_PATH
            return payload.aud == own or payload.aud.startswith(f"{own}/")
        return payload.aud == self.audience


def permissions_claim(permissions: Permissions) -> PermissionsClaim:
    """Permissions in the form of the token and of answers."""
    connector_ids, allow = permissions.connector_ids, permissions.allow
    return PermissionsClaim(
        permissions.read_only,
        permissions.manage,
        None if connector_ids is None else sorted(connector_ids),
        None if allow is None else [_Allowed(entity, sorted(actions)) for entity, actions in allow.items()],
    )


def permissions_of(claim: PermissionsClaim) -> Permissions:
    """Permissions as a token or a database carries them."""
    allow = None if claim.allow is None else {row.entity: frozenset(row.actions) for row in claim.allow}
    connector_ids = None if claim.connector_ids is None else frozenset(claim.connector_ids)
    return Permissions(claim.read_only, claim.manage, connector_ids, allow)


def _invalid(why: str) -> ProblemError:
    return ProblemError("invalid_token", f"The bearer token is not valid, {why}: mint a new one.")
