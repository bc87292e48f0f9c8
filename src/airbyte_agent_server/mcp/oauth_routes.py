"""Routes of the OAuth server for MCP clients. Errors are ours, with RFC 6749's `error` beside them."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, BaseModel, Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from airbyte_agent_server.aliases import API
from airbyte_agent_server.mcp.authorization import SCOPES, Asked, Authorization, Delegated, oauth_problem
from airbyte_agent_server.mcp.consent import render_consent
from airbyte_agent_server.mcp.grants import GRANT_LIFE_S, GrantKind, GrantStore
from airbyte_agent_server.mcp.programs import LONGEST_NAME, NAMELESS, Program, Programs, shown
from airbyte_agent_server.ports import IdSource
from airbyte_agent_server.problems import TENANT_CODES, may_answer
from airbyte_agent_server.rates import Rates, too_many
from airbyte_agent_server.tokens.bearer import claims_of
from airbyte_agent_server.tokens.claims import MCP_PATH, Permissions
from airbyte_agent_server.tokens.routes import ScopedTokenBody
from airbyte_agent_server.tokens.tenant import Tenant, Tenants

_RESOURCES = "/.well-known/oauth-protected-resource"
_WRONG_CODE = "This connect code is wrong, used, or older than ten minutes: have the application make a new one."


class ResourceMetadata(BaseModel):
    """What a client must know of the door. Source: RFC 9728."""

    resource: str
    authorization_servers: list[str]
    scopes_supported: list[str] = list(SCOPES)
    bearer_methods_supported: list[str] = ["header"]
    resource_name: str = "HubSpot tools"


class ServerMetadata(BaseModel):
    """What a client must know of the OAuth server. Source: RFC 8414."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    registration_endpoint: str
    revocation_endpoint: str
    jwks_uri: str
    scopes_supported: list[str] = list(SCOPES)
    response_types_supported: list[str] = ["code"]
    response_modes_supported: list[str] = ["query"]
    grant_types_supported: list[str] = ["authorization_code", "refresh_token"]
    token_endpoint_auth_methods_supported: list[str] = ["none"]
    revocation_endpoint_auth_methods_supported: list[str] = ["none"]
    code_challenge_methods_supported: list[str] = ["S256"]
    authorization_response_iss_parameter_supported: bool = True


class RegistrationBody(BaseModel):
    """How an MCP client introduces itself; what else it says is ignored. Source: RFC 7591."""

    client_name: Annotated[str, AfterValidator(shown)] = Field(default=NAMELESS, max_length=LONGEST_NAME)
    redirect_uris: list[str] = Field(description="Where its codes may be sent; what is not allowed is left out.")


class Registration(BaseModel):
    """A registered client. It has no secret: PKCE stands for one."""

    client_id: str
    client_name: str
    redirect_uris: list[str]
    grant_types: list[str] = ["authorization_code", "refresh_token"]
    response_types: list[str] = ["code"]
    token_endpoint_auth_method: Literal["none"] = "none"  # noqa: S105  # RFC 7591's word


class ConsentBody(BaseModel):
    """The form of the consent page: what the client asked for, and what the user says to it."""

    response_type: str = ""
    client_id: str = ""
    redirect_uri: str = ""
    code_challenge: str = ""
    code_challenge_method: str = ""
    state: str = ""
    scope: str = ""
    resource: str = ""
    connect_code: str = ""
    decision: Literal["allow", "read", "deny"] = "deny"

    def asked(self) -> Asked:
        """What the client asked for."""
        return Asked(**self.model_dump(exclude={"connect_code", "decision"}))


class TokenBody(BaseModel):
    """What tokens are asked for with: a form, or JSON."""

    grant_type: str = Field(default="", description="`authorization_code` or `refresh_token`.")
    client_id: str = ""
    code: str = ""
    redirect_uri: str = ""
    code_verifier: str = Field(default="", max_length=128)
    refresh_token: str = ""
    resource: str = ""


class Tokens(BaseModel):
    """An access token, and the refresh token that replaces the one it came from."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # RFC 6750's word
    expires_in: int
    refresh_token: str
    scope: str

    @classmethod
    def of(cls, delegated: Delegated) -> "Tokens":
        """The answer."""
        minted = delegated.minted
        return cls(
            access_token=minted.token,
            expires_in=minted.expires_in,
            refresh_token=delegated.refresh_token,
            scope=" ".join(sorted(minted.claims.scopes)),
        )


class RevocationBody(BaseModel):
    """Which refresh token shall end."""

    token: str = ""


class Revoked(BaseModel):
    """Nothing more is to be said, whether the token was known or not."""


class ConnectCode(BaseModel):
    """A code with which one MCP client gets into a workspace, and the address to give to it."""

    connect_code: str
    expires_in: int
    workspace_id: str
    workspace_name: str
    mcp_url: str


class McpOAuthRoutes:
    """Metadata, registration, consent, tokens; and connect codes for applications.

    The paths are those that clients guess where they have no metadata.
    Source: https://modelcontextprotocol.io/specification/2025-03-26/basic/authorization
    """

    def __init__(  # the composition root hands over each part once
        self,
        authorization: Authorization,
        programs: Programs,
        grants: GrantStore,
        tenants: Tenants,
        rates: Rates,
        *,
        failure_limit: int,
        public_url: str,
        ids: IdSource,
    ) -> None:
        self._authorization = authorization
        self._programs = programs
        self._grants = grants
        self._tenants = tenants
        self._rates = rates
        self._failure_limit = failure_limit
        self._public_url = public_url
        self._ids = ids

    def add_to(self, router: APIRouter) -> None:
        """Register the routes; pages are no part of the API's document."""
        add = router.add_api_route
        for path in (_RESOURCES, f"{_RESOURCES}{MCP_PATH}"):
            add(path, self.describe_workspaces_door, methods=["GET"])
        add(f"{_RESOURCES}{MCP_PATH}/{{connector_id}}", self.describe_connectors_door, methods=["GET"])
        add("/.well-known/oauth-authorization-server", self.describe_server, methods=["GET"])
        registering = may_answer("invalid_client_metadata")
        add("/register", self.register, methods=["POST"], status_code=201, openapi_extra=registering)
        add("/authorize", self.ask, methods=["GET"], include_in_schema=False, response_model=None)
        add("/authorize", self.consent, methods=["POST"], include_in_schema=False, response_model=None)
        add("/token", self.mint, methods=["POST"], openapi_extra=may_answer("invalid_grant", "invalid_client"))
        add("/revoke", self.revoke, methods=["POST"])
        add(
            f"{API}/account/applications/connect-code",
            self.invite,
            methods=["POST"],
            openapi_extra=may_answer(*TENANT_CODES),
        )

    async def describe_workspaces_door(self) -> ResourceMetadata:
        """Say who lets clients in at `/mcp`."""
        return self._resource(MCP_PATH)

    async def describe_connectors_door(self, connector_id: UUID) -> ResourceMetadata:
        """Say who lets clients in at a connector's own address; it need not exist."""
        return self._resource(f"{MCP_PATH}/{connector_id}")

    def _resource(self, path: str) -> ResourceMetadata:
        return ResourceMetadata(resource=self._public_url + path, authorization_servers=[self._public_url])

    async def describe_server(self) -> ServerMetadata:
        """Say where clients register, send users, and get tokens."""
        at = self._public_url
        return ServerMetadata(
            issuer=at,
            authorization_endpoint=f"{at}/authorize",
            token_endpoint=f"{at}/token",
            registration_endpoint=f"{at}/register",
            revocation_endpoint=f"{at}/revoke",
            jwks_uri=f"{at}/.well-known/jwks.json",
        )

    async def register(self, body: RegistrationBody) -> Registration:
        """Register an MCP client. It may only ask users for consent; nothing is stored."""
        client_id, program = self._programs.register(Program(body.client_name, body.redirect_uris))
        return Registration(client_id=client_id, client_name=program.name, redirect_uris=program.redirect_uris)

    async def ask(self, asked: Annotated[Asked, Depends()]) -> Response:
        """Show the user who asks for what."""
        request = self._authorization.read(asked)
        if request.error is not None:
            return self._sent_back(self._authorization.answer(request, error=request.error))
        return render_consent(request, ids=self._ids)

    async def consent(self, request: Request, body: ConsentBody) -> Response:
        """Send the browser back to the client, with a code if the user lets it in."""
        wanted = self._authorization.read(body.asked())
        if wanted.error is not None:
            return self._sent_back(self._authorization.answer(wanted, error=wanted.error))
        if body.decision == "deny":
            return self._sent_back(self._authorization.answer(wanted, error="access_denied"))
        tried = f"connect code from {'' if request.client is None else request.client.host}"
        wait_s = self._rates.wait_s(tried, self._failure_limit)
        if wait_s > 0:
            raise too_many("There were too many wrong connect codes", wait_s)
        read_only = body.decision == "read"
        target = await self._authorization.consent(wanted, body.connect_code.strip(), read_only=read_only)
        if target is None:
            self._rates.count(tried)
            return render_consent(wanted, ids=self._ids, refusal=_WRONG_CODE, status=403)
        return self._sent_back(target)

    def _sent_back(self, target: str) -> Response:
        return RedirectResponse(target, 303, headers={"referrer-policy": "no-referrer"})

    async def mint(self, body: TokenBody) -> Tokens:
        """Trade an authorization code, or a refresh token, for tokens."""
        if body.grant_type == "authorization_code":
            return Tokens.of(
                await self._authorization.redeem(
                    body.code,
                    client_id=body.client_id,
                    redirect_uri=body.redirect_uri,
                    code_verifier=body.code_verifier,
                    resource=body.resource,
                )
            )
        if body.grant_type == "refresh_token":
            return Tokens.of(
                await self._authorization.refresh(body.refresh_token, client_id=body.client_id, resource=body.resource)
            )
        raise oauth_problem("unsupported_grant_type", "grant_type must be authorization_code or refresh_token.")

    async def revoke(self, body: RevocationBody) -> Revoked:
        """End a refresh token and all that comes of it. Its access tokens end within 20 seconds."""
        await self._authorization.revoke(body.token)
        return Revoked()

    async def invite(self, request: Request, body: ScopedTokenBody) -> ConnectCode:
        """Make a code with which one MCP client gets into one workspace, which is made at first use."""
        claims = claims_of(request)
        workspace = await self._tenants.enter(claims, Tenant.of(body.workspace_name, body.workspace_id))
        permissions = Permissions() if body.permissions is None else body.permissions.permissions()
        code = await self._grants.invite(workspace, claims.client_id, permissions)
        return ConnectCode(
            connect_code=code,
            expires_in=GRANT_LIFE_S[GrantKind.CONNECT],
            workspace_id=workspace.id,
            workspace_name=workspace.name,
            mcp_url=self._public_url + MCP_PATH,
        )
