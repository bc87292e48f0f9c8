"""Admits a request: its token, its organization, the kinds and scopes its route takes."""

import uuid
from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import Scope as AsgiScope

from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.rates import Rates
from airbyte_agent_server.tokens.access import ACCESS, Access
from airbyte_agent_server.tokens.claims import Claims, Denied, verify_origin, verify_scope
from airbyte_agent_server.tokens.service import TokenService
from airbyte_agent_server.wire.cors import share_with


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


class Gate:
    """The dependency of all routes of the application."""

    def __init__(self, tokens: TokenService, rates: Rates, limits: RateLimits, *, own_origin: str) -> None:
        self._tokens = tokens
        self._rates = rates
        self._limits = limits
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
        given: dict[bytes, bytes] = dict(scope["headers"])
        origin = given[b"origin"].decode("latin-1") if b"origin" in given else None
        try:
            claims = await self._tokens.authenticate(given.get(b"authorization", b"").decode("latin-1"))
        except ProblemError as problem:
            if origin is not None and origin == problem.readable_by:
                share_with(scope, origin)
            raise
        scope["state"]["claims"] = claims
        if b"x-organization-id" in given:
            check_organization(given[b"x-organization-id"].decode("latin-1"), claims.organization_id)
        verdicts = [verify_scope(claims, access.kinds, access.scope)]
        if claims.allowed_origin is not None:
            if origin == claims.allowed_origin:
                share_with(scope, origin)
            fetch_site = given.get(b"sec-fetch-site", b"").decode("latin-1") or None
            verdicts.append(verify_origin(claims, origin=origin, fetch_site=fetch_site, own=self._own_origin))
        for verdict in verdicts:
            if isinstance(verdict, Denied):
                raise verdict.raised()
        self.count(claims)
        return claims

    def count(self, claims: Claims) -> None:
        """Count one more request towards the limits.

        Raises:
            ProblemError: `rate_limited`.
        """
        self._rates.take(claims.organization_id, self._limits.organization, who="Your organization")
        if claims.workspace_id is not None:
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
