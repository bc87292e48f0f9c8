"""Admits a request: its token, its organization, the kinds and scopes its route takes."""

import uuid
from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import Scope as AsgiScope

from airbyte_agent_server.bounded import Kept
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.rates import Rates
from airbyte_agent_server.tokens.access import ACCESS, Access
from airbyte_agent_server.tokens.claims import Claims, Denied, verify_origin, verify_scope
from airbyte_agent_server.tokens.service import BearerToken, TokenService, Verified, read_bearer
from airbyte_agent_server.wire.cors import share_with
from airbyte_agent_server.wire.heads import notes_of


def claims_of(request: Request) -> Claims:
    """Whose token the admitted request carries."""
    claims: Claims = request.scope["state"]["claims"]
    return claims


def claims_known(scope: AsgiScope) -> Claims | None:
    """Whose token a request carries that was not admitted, if its token is valid."""
    claims: Claims | None = scope["state"].get("claims")
    return claims


@dataclass(frozen=True, slots=True)
class RateLimits:
    """How many requests may come in a minute; 0: any number."""

    organization: int
    workspace: int


@dataclass(slots=True)
class _Shown:
    """What the head of a request shows of whose it is."""

    token: BearerToken
    organization: str | None
    origin: str | None
    fetch_site: str | None
    admitted: tuple[Claims, Access] | None = None
    """Whom it was found to be, and the route that it was found to be good for."""


def _read(scope: AsgiScope) -> _Shown:
    given = {name: value.decode("latin-1") for name, value in scope["headers"]}
    return _Shown(
        read_bearer(given.get(b"authorization", "")),
        given.get(b"x-organization-id"),
        given.get(b"origin"),
        given.get(b"sec-fetch-site") or None,
    )


class Gate:
    """The dependency of all routes of the application."""

    def __init__(self, tokens: TokenService, rates: Rates, limits: RateLimits, *, own_origin: str) -> None:
        self._tokens = tokens
        self._rates = rates
        self._limits = limits
        self.is_limited = bool(limits.organization or limits.workspace)
        """Whether there is anything to `count` for."""
        self._own_origin = own_origin

    async def __call__(self, request: Request) -> None:
        """Admit the request, or raise."""
        access = ACCESS[request.method, request.scope["route"].path]
        if access.kinds:
            await self.admit(request.scope, access)

    async def admit(self, scope: AsgiScope, access: Access) -> Claims:
        """The claims of the token, if the route takes it.

        Raises:
            ProblemError: 401, 403 or 429.
        """
        notes = notes_of(scope)
        shown: _Shown | None = notes.gate
        if shown is None:
            shown = notes.gate = _read(scope)
        claims = self._tokens.known(shown.token)
        if claims is None:
            claims = await self._authenticate(scope, shown)
        scope["state"]["claims"] = claims
        admitted = shown.admitted
        if admitted is None or admitted[0] is not claims or admitted[1] is not access:
            self._check(scope, shown, claims, access)
            if claims.allowed_origin is None:  # otherwise each answer says who may read it
                shown.admitted = claims, access
        self.count(claims)
        return claims

    async def _authenticate(self, scope: AsgiScope, shown: "_Shown") -> Claims:
        try:
            return await self._tokens.authenticate(shown.token)
        except ProblemError as problem:
            if shown.origin is not None and shown.origin == problem.readable_by:
                share_with(scope, shown.origin)
            raise

    def _check(self, scope: AsgiScope, shown: "_Shown", claims: Claims, access: Access) -> None:
        """Raise unless the route takes a token with these claims from who shows it."""
        if shown.organization is not None:
            check_organization(shown.organization, claims.organization_id)
        verdicts = [verify_scope(claims, access.kinds, access.scope)]
        if claims.allowed_origin is not None:
            if shown.origin == claims.allowed_origin:
                share_with(scope, shown.origin)
            verdicts.append(
                verify_origin(claims, origin=shown.origin, fetch_site=shown.fetch_site, own=self._own_origin)
            )
        for verdict in verdicts:
            if isinstance(verdict, Denied):
                raise verdict.raised()

    def lasting(self, scope: AsgiScope) -> Kept[Verified] | None:
        """What an admitted request's token was verified to be, if the next one with its head is admitted so, too."""
        shown: _Shown | None = notes_of(scope).gate
        if shown is None or shown.admitted is None:
            return None
        kept = self._tokens.find(shown.token)
        return kept if kept is not None and kept.value.claims is shown.admitted[0] else None

    def count(self, claims: Claims) -> None:
        """Count one more request towards the limits.

        Raises:
            ProblemError: `rate_limited`.
        """
        if self._limits.organization:
            self._rates.take(claims.organization_id, self._limits.organization, who="Your organization")
        if self._limits.workspace and claims.workspace_id is not None:
            self._rates.take(claims.workspace_id, self._limits.workspace, who="This workspace")


def check_organization(named: str, actual: str, *, name: str = "X-Organization-Id") -> None:
    """Raise unless `named` is empty or the organization of the token or client."""
    if not named:
        return
    try:
        same = str(uuid.UUID(named)) == actual
    except ValueError:
        raise ProblemError("invalid_request", f"{name} is not a UUID: correct it.") from None
    if not same:
        raise ProblemError("organization_mismatch", f"{name} names another organization than the token: leave it out.")
