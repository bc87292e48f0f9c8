"""Mints tokens, and knows whose token a request carries."""

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from airbyte_agent_server.accounts.store import ACTIVE, AccountStore, Workspace
from airbyte_agent_server.bounded import BoundedCache, Kept
from airbyte_agent_server.ports import Clock, IdSource
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.tokens.claims import DEFAULT_SCOPES, LIFE_S, Claims, Permissions, TokenKind
from airbyte_agent_server.tokens.signer import TokenSigner

_CACHED_TOKENS = 20_000
_STANDING_LIFE_S = 20.0  # a disabled client must be noticed within 30 s


@dataclass(frozen=True, slots=True)
class MintedToken:
    """A fresh token."""

    token: str
    expires_in: int
    claims: Claims


@dataclass(frozen=True, slots=True)
class BearerToken:
    """What a request carries to show whose it is, and its hash, under which it is known here."""

    value: str = field(repr=False)
    fingerprint: bytes = field(repr=False)


class Verified(NamedTuple):
    """Whose token it is, and when it ends in epoch seconds."""

    claims: Claims
    expires_s: float


def read_bearer(authorization: str) -> BearerToken:
    """The token that an `Authorization` header carries.

    Raises:
        ProblemError: `missing_token`.
    """
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise ProblemError("missing_token", "A bearer token is required: send `Authorization: Bearer <token>`.")
    return BearerToken(token, hashlib.sha256(token.encode()).digest())


class TokenService:
    """Mints and authenticates. Verified tokens are remembered by their hash, for a little while."""

    def __init__(self, accounts: AccountStore, signer: TokenSigner, *, clock: Clock, ids: IdSource) -> None:
        self._accounts = accounts
        self._signer = signer
        self._clock = clock
        self._ids = ids
        self._verified: BoundedCache[bytes, Verified] = BoundedCache(
            size=_CACHED_TOKENS, life_s=_STANDING_LIFE_S, clock=clock
        )

    async def mint_application(self, client_id: str, client_secret: str) -> MintedToken:
        """A token for the organization of a client pair.

        Raises:
            ProblemError: `invalid_client`.
        """
        organization_id = await self._accounts.find_client_organization(client_id, client_secret)
        if organization_id is None:
            message = "The client id or the client secret is wrong: check both."
            raise ProblemError(
                "invalid_client", message, extra={"error": "invalid_client", "error_description": message}
            )
        return await self._mint(TokenKind.APPLICATION, organization_id, client_id)

    async def mint_scoped(self, minter: Claims, workspace: Workspace, permissions: Permissions | None) -> MintedToken:
        """A token for one workspace, on behalf of the client whose token asks for it."""
        return await self._mint(
            TokenKind.SCOPED,
            minter.organization_id,
            minter.client_id,
            workspace_id=workspace.id,
            permissions=permissions,
        )

    async def mint_widget(
        self, minter: Claims, workspace: Workspace, permissions: Permissions | None, *, allowed_origin: str
    ) -> MintedToken:
        """A token for pages of one origin, to connect accounts in one workspace."""
        return await self._mint(
            TokenKind.WIDGET,
            minter.organization_id,
            minter.client_id,
            workspace_id=workspace.id,
            permissions=permissions,
            allowed_origin=allowed_origin,
        )

    async def mint_mcp(  # one argument for each claim
        self,
        organization_id: str,
        client_id: str,
        workspace_id: str,
        permissions: Permissions,
        *,
        resource: str,
        grant_id: str,
    ) -> MintedToken:
        """A token for an MCP client, on behalf of the client that invited it into the workspace.

        Raises:
            ProblemError: that client, the workspace or the grant is no longer live.
        """
        return await self._mint(
            TokenKind.MCP,
            organization_id,
            client_id,
            workspace_id=workspace_id,
            permissions=permissions,
            resource=resource,
            grant_id=grant_id,
        )

    async def _mint(  # one argument for each claim
        self,
        kind: TokenKind,
        organization_id: str,
        client_id: str,
        *,
        workspace_id: str | None = None,
        permissions: Permissions | None = None,
        allowed_origin: str | None = None,
        resource: str | None = None,
        grant_id: str | None = None,
    ) -> MintedToken:
        await self._signer.keys.refresh()
        now = self._clock.now()
        scopes = DEFAULT_SCOPES[kind]
        claims = Claims(
            kind,
            organization_id,
            client_id,
            workspace_id,
            scopes if permissions is None else permissions.narrow(scopes),
            permissions,
            self._ids.new_id(),
            now + timedelta(seconds=LIFE_S[kind]),
            allowed_origin,
            resource,
            grant_id,
        )
        if kind == TokenKind.MCP:  # all others come from a token that was looked at just now
            await self._check_standing(claims)
        return MintedToken(self._signer.sign(claims, issued_at=now), LIFE_S[kind], claims)

    def forget_all(self) -> None:
        """Verify every token anew: a client, a workspace or an organization was changed."""
        self._verified.clear()

    def known(self, token: BearerToken) -> Claims | None:
        """Whose token it is, if it was verified a moment ago."""
        kept = self.find(token)
        return None if kept is None else kept.value.claims

    def find(self, token: BearerToken) -> Kept[Verified] | None:
        """Whose token it is, and until when that counts, if it was verified a moment ago."""
        kept = self._verified.find(token.fingerprint)
        return None if kept is None or self._clock.now_s() >= kept.value.expires_s else kept

    async def authenticate(self, token: BearerToken) -> Claims:
        """Whose token it is.

        Raises:
            ProblemError: it is not valid, or its client or workspace is no longer live.
        """
        known = await self._verified.recall(token.fingerprint, lambda: self._verify(token))
        if self._clock.now_s() >= known.expires_s:
            known = await self._verify(token)
        return known.claims

    async def _verify(self, token: BearerToken) -> Verified:
        drops = self._verified.drops
        await self._signer.keys.refresh()
        claims = self._signer.verify(token.value)
        try:
            await self._check_standing(claims)
        except ProblemError as problem:
            problem.readable_by = claims.allowed_origin
            raise
        verified = Verified(claims, claims.expires_at.timestamp())
        self._verified.put(token.fingerprint, verified, drops=drops)
        return verified

    async def _check_standing(self, claims: Claims) -> None:
        if not await self._accounts.is_client_live(claims.client_id):
            raise ProblemError("invalid_token", "The client of this token was disabled: use another client.")
        if claims.grant_id is not None and not await self._accounts.is_let_in(claims.grant_id):
            raise ProblemError(
                "invalid_token", "This MCP client was shut out: send the user to the consent page again."
            )
        if claims.workspace_id is None:
            return
        workspace = await self._accounts.find_workspace(claims.organization_id, workspace_id=claims.workspace_id)
        check_active(workspace)


def check_active(workspace: Workspace | None) -> Workspace:
    """The workspace, if it is live and active.

    Raises:
        ProblemError: `workspace_inactive`.
    """
    if workspace is None or workspace.status != ACTIVE:
        raise inactive()
    return workspace


def inactive() -> ProblemError:
    """The error for all that is asked of a workspace that is inactive or deleted."""
    return ProblemError("workspace_inactive", "The workspace is inactive or deleted: ask the operator to activate it.")
