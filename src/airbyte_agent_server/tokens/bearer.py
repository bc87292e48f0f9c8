"""Admits a request: its token, its organization, the kinds and scopes its route takes."""

import uuid

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope as AsgiScope

from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.tokens.access import ACCESS, Access
from airbyte_agent_server.tokens.claims import Claims, Denied, verify_scope
from airbyte_agent_server.tokens.service import TokenService


def claims_of(request: Request) -> Claims:
    """Whose token the admitted request carries."""
    claims: Claims = request.scope["state"]["claims"]
    return claims


class Gate:
    """The dependency of all routes of the application."""

    def __init__(self, tokens: TokenService) -> None:
        self._tokens = tokens

    async def __call__(self, request: Request) -> None:
        """Admit the request, or raise."""
        access = ACCESS[request.method, request.scope["route"].path]
        if access.kinds:
            request.scope["state"]["claims"] = await self.admit(request.scope, access)

    async def admit(self, scope: AsgiScope, access: Access) -> Claims:
        """The claims of the token, if the route takes it.

        Raises:
            ProblemError: 401 or 403.
        """
        headers = Headers(scope=scope)
        claims = await self._tokens.authenticate(headers.get("authorization", ""))
        check_organization(headers.get("x-organization-id", ""), claims.organization_id)
        verdict = verify_scope(claims, access.kinds, access.scope)
        if isinstance(verdict, Denied):
            raise verdict.raised()
        return claims


def check_organization(named: str, actual: str) -> None:
    """Raise unless `X-Organization-Id` is absent or names the organization of the token or client."""
    if not named:
        return
    try:
        same = str(uuid.UUID(named)) == actual
    except ValueError:
        raise ProblemError("invalid_request", "X-Organization-Id is not a UUID: correct it.") from None
    if not same:
        raise ProblemError(
            "organization_mismatch", "X-Organization-Id names another organization than the token: leave it out."
        )
