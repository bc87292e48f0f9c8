"""The OAuth server of MCP clients, as steps: what is asked, who consents, what is given.

Sources: https://modelcontextprotocol.io/specification/draft/basic/authorization; RFC 6749, 7636, 8707, 9207
"""

import hashlib
import hmac
import logging
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from airbyte_agent_server.accounts.store import hash_secret
from airbyte_agent_server.mcp.grants import Grant, GrantKind, GrantStore
from airbyte_agent_server.mcp.programs import Program, Programs
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.tokens.claims import MCP_PATH, Permissions, Scope
from airbyte_agent_server.tokens.service import MintedToken, TokenService

_log = logging.getLogger(__name__)

SCOPES = (Scope.EXECUTE_READ, Scope.EXECUTE_WRITE)
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_LONGEST_STATE = 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """What an MCP client sends the user's browser with, as it came."""

    response_type: str = ""
    client_id: str = ""
    redirect_uri: str = ""
    code_challenge: str = ""
    code_challenge_method: str = ""
    state: str = ""
    scope: str = ""
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that may be shown to the user. `error` is what goes back to the client at once instead."""

    asked: Asked
    program: Program
    scopes: tuple[Scope, ...]
    resource: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Delegated:
    """What an MCP client gets."""

    minted: MintedToken
    refresh_token: str


class Authorization:
    """Lets MCP clients in."""

    def __init__(self, grants: GrantStore, programs: Programs, tokens: TokenService, *, public_url: str) -> None:
        self._grants = grants
        self._programs = programs
        self._tokens = tokens
        self._public_url = public_url

    def read(self, asked: Asked) -> Request:
        """The request in an address.

        Raises:
            ProblemError: nobody knows to whom an answer could be sent.
        """
        program = self._programs.find(asked.client_id)
        if program is None:
            raise oauth_problem("invalid_client", "This server knows no client with that client_id: register it again.")
        if not program.may_receive_at(asked.redirect_uri):
            raise oauth_problem("invalid_request", "redirect_uri is not one that this client has registered.")
        self._programs.check_redirect(asked.redirect_uri)
        scopes = tuple(scope for scope in SCOPES if scope in asked.scope.split()) or SCOPES
        resource = self.find_resource(asked.resource)
        error = None
        if asked.response_type != "code":
            error = "unsupported_response_type"
        elif asked.code_challenge_method != "S256" or not _CHALLENGE.fullmatch(asked.code_challenge):
            error = "invalid_request"  # PKCE with S256 is not optional
        elif resource is None:
            error = "invalid_target"
        elif len(asked.state) > _LONGEST_STATE:
            error = "invalid_request"
        return Request(asked, program, scopes, resource or "", error)

    def find_resource(self, named: str) -> str | None:
        """The address that is meant, the one of the workspace where none is named; None if it is not one of ours."""
        own = self._public_url + MCP_PATH
        resource = named.rstrip("/") or own
        if resource == own:
            return own
        try:
            return f"{own}/{UUID(resource.removeprefix(f'{own}/'))}" if resource.startswith(f"{own}/") else None
        except ValueError:
            return None

    def answer(self, request: Request, **parameters: str) -> str:
        """The address that the browser goes back to."""
        state = {"state": request.asked.state} if request.asked.state else {}
        query = urlencode({**parameters, **state, "iss": self._public_url})
        target = request.asked.redirect_uri
        return f"{target}{'&' if urlsplit(target).query else '?'}{query}"

    async def consent(self, request: Request, connect_code: str, *, read_only: bool) -> str | None:
        """Where the browser goes with an authorization code; None if the connect code is not good."""
        invitation = await self._grants.find(GrantKind.CONNECT, connect_code)
        if invitation is None:
            return None
        permissions = narrowed(
            invitation.permissions,
            read_only=read_only or Scope.EXECUTE_WRITE not in request.scopes,
            connector_id=request.resource.removeprefix(self._public_url + MCP_PATH).strip("/"),
        )
        if permissions.connector_ids == frozenset():
            return self.answer(
                request, error="access_denied", error_description="The connect code is for other connectors than this."
            )
        asked = request.asked
        grant = replace(
            invitation,
            permissions=permissions,
            program_hash=hash_secret(asked.client_id),
            program_name=request.program.name,
            redirect_uri=asked.redirect_uri,
            code_challenge=asked.code_challenge,
            resource=request.resource,
        )
        code = await self._grants.replace(GrantKind.CONNECT, connect_code, by=GrantKind.CODE, grant=grant)
        if code is None:
            return None
        _log.info("an MCP client was let into workspace %s", grant.workspace_id)
        return self.answer(request, code=code)

    async def redeem(
        self, code: str, *, client_id: str, redirect_uri: str, code_verifier: str, resource: str
    ) -> Delegated:
        """Tokens for an authorization code.

        Raises:
            ProblemError: `invalid_grant`.
        """
        grant = await self._grants.find(GrantKind.CODE, code)
        if grant is None:
            raise _invalid_grant("The code is unknown, used or older than a minute")
        verifier = urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()
        if grant.redirect_uri != redirect_uri or not hmac.compare_digest(verifier, grant.code_challenge or ""):
            await self._grants.end(grant.id)
            raise _invalid_grant("redirect_uri or code_verifier are not those that the code was asked for with")
        return await self._delegate(GrantKind.CODE, code, grant, client_id=client_id, resource=resource)

    async def refresh(self, refresh_token: str, *, client_id: str, resource: str) -> Delegated:
        """The next tokens; the refresh token is worthless from now on.

        Raises:
            ProblemError: `invalid_grant`.
        """
        grant = await self._grants.find(GrantKind.REFRESH, refresh_token)
        if grant is None:
            raise _invalid_grant("The refresh token is unknown, used, revoked or expired")
        return await self._delegate(GrantKind.REFRESH, refresh_token, grant, client_id=client_id, resource=resource)

    async def _delegate(
        self, kind: GrantKind, secret: str, grant: Grant, *, client_id: str, resource: str
    ) -> Delegated:
        """Tokens for a secret that was looked at. It is used last: what fails before that may be tried again."""
        if grant.program_hash != hash_secret(client_id):
            await self._grants.end(grant.id)
            raise _invalid_grant("It was given to another client")
        if grant.resource is None or (resource and self.find_resource(resource) != grant.resource):
            raise oauth_problem("invalid_target", "The user consented to another resource than the one named.")
        try:
            minted = await self._tokens.mint_mcp(
                grant.organization_id,
                grant.client_id,
                grant.workspace_id,
                grant.permissions,
                resource=grant.resource,
                grant_id=grant.id,
            )
        except ProblemError as problem:
            if problem.type.code not in {"invalid_token", "workspace_inactive"}:
                raise
            raise _invalid_grant("The workspace, or the application that invited the client, is switched off") from None
        refresh_token = await self._grants.replace(kind, secret, by=GrantKind.REFRESH, grant=grant)
        if refresh_token is None:
            raise _invalid_grant("It was used twice at the same time")
        return Delegated(minted, refresh_token)

    async def revoke(self, token: str) -> None:
        """End what a refresh token belongs to; a token that is unknown has ended already."""
        await self._grants.end_by_secret(token)


def narrowed(permissions: Permissions, *, read_only: bool, connector_id: str) -> Permissions:
    """What remains of an invitation's permissions. MCP clients never manage connectors."""
    ids = permissions.connector_ids
    if connector_id:
        ids = frozenset({connector_id}) if ids is None else ids & {connector_id}
    return replace(permissions, read_only=permissions.read_only or read_only, manage=False, connector_ids=ids)


def oauth_problem(error: str, message: str) -> ProblemError:
    """An error in the words of RFC 6749, beside our own."""
    code = error if error in {"invalid_client", "invalid_grant"} else "invalid_request"
    return ProblemError(code, message, extra={"error": error, "error_description": message})


def _invalid_grant(why: str) -> ProblemError:
    return oauth_problem("invalid_grant", f"{why}: send the user to the consent page again.")
