"""Mints tokens, and knows whose token a request carries."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from airbyte_agent_server.accounts.store import ACTIVE, AccountStore, Workspace
from airbyte_agent_server.bounded import BoundedCache
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


class TokenService:
    """Mints and authenticates. Verified tokens are remembered by their hash, for a little while."""

    def __init__(self, accounts: AccountStore, signer: TokenSigner, *, clock: Clock, ids: IdSource) -> None:
        self._accounts = accounts
        self._signer = signer
        self._clock = clock
        self._ids = ids
        self._verified: BoundedCache[bytes, Claims] = BoundedCache(
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
        return self._mint(TokenKind.APPLICATION, organization_id, client_id)

    def mint_scoped(self, minter: Claims, workspace: Workspace, permissions: Permissions | None) -> MintedToken:
        """A token for one workspace, on behalf of the client whose token asks for it."""
        return self._mint(
            TokenKind.SCOPED,
            minter.organization_id,
            minter.client_id,
            workspace_id=workspace.id,
            permissions=permissions,
        )

    def _mint(
        self,
        kind: TokenKind,
        organization_id: str,
        client_id: str,
        *,
        workspace_id: str | None = None,
        permissions: Permissions | None = None,
    ) -> MintedToken:
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
        )
        return MintedToken(self._signer.sign(claims, issued_at=now), LIFE_S[kind], claims)

    async def authenticate(self, authorization: str) -> Claims:
        """Whose token the `Authorization` header carries.

        Raises:
            ProblemError: there is none, it is not valid, or its client or workspace is no longer live.
        """
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise ProblemError("missing_token", "A bearer token is required: send `Authorization: Bearer <token>`.")
        fingerprint = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(fingerprint)
        if known is not None and self._clock.now() < known.expires_at:
            return known
        drops = self._verified.drops
        claims = self._signer.verify(token)
        await self._check_standing(claims)
        self._verified.put(fingerprint, claims, drops=drops)
        return claims

    async def _check_standing(self, claims: Claims) -> None:
        if not await self._accounts.is_client_live(claims.client_id):
            raise ProblemError("invalid_token", "The client of this token was disabled: use another client.")
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
        raise ProblemError(
            "workspace_inactive", "The workspace is inactive or deleted: ask the operator to activate it."
        )
    return workspace
