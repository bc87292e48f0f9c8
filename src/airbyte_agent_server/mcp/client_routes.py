"""Routes of the MCP clients that users let into a workspace, for the application that administers it."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request

from airbyte_agent_server.accounts.store import AccountStore
from airbyte_agent_server.aliases import API
from airbyte_agent_server.mcp.grants import GrantStore, LetIn
from airbyte_agent_server.problems import ProblemError, may_answer
from airbyte_agent_server.tokens.bearer import claims_of
from airbyte_agent_server.tokens.routes import PermissionsBody

_PREFIX = f"{API}/workspaces/{{workspace_id}}/mcp-clients"


class McpClientView(BaseModel):
    """One MCP client that was let in."""

    id: str
    name: str = Field(description="What it calls itself, which anybody may say.")
    redirect_uri: str = Field(description="Where its code was sent.")
    resource: str = Field(description="The only address that its tokens open.")
    permissions: PermissionsBody
    created_at: datetime = Field(description="When its connect code was made.")
    expires_at: datetime = Field(description="Until when it may come back.")

    @classmethod
    def of(cls, let_in: LetIn) -> "McpClientView":
        """The view of what is stored."""
        return cls(
            id=let_in.id,
            name=let_in.name,
            redirect_uri=let_in.redirect_uri,
            resource=let_in.resource,
            permissions=PermissionsBody.of(let_in.permissions),
            created_at=let_in.created_at,
            expires_at=let_in.expires_at,
        )


class McpClientList(BaseModel):
    """MCP clients, oldest first."""

    data: list[McpClientView]


class EndedMcpClient(BaseModel):
    """An MCP client that was shut out."""

    id: str


class McpClientRoutes:
    """List MCP clients, and shut one out."""

    def __init__(self, accounts: AccountStore, grants: GrantStore) -> None:
        self._accounts = accounts
        self._grants = grants

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        unknown = may_answer("workspace_not_found")
        router.add_api_route(_PREFIX, self.list, methods=["GET"], openapi_extra=unknown)
        router.add_api_route(
            f"{_PREFIX}/{{mcp_client_id}}",
            self.end,
            methods=["DELETE"],
            openapi_extra=may_answer("workspace_not_found", "mcp_client_not_found"),
        )

    async def list(self, request: Request, workspace_id: UUID) -> McpClientList:
        """List the MCP clients that were let into a workspace."""
        found = await self._grants.list_let_in(await self._own(request, workspace_id))
        return McpClientList(data=[McpClientView.of(let_in) for let_in in found])

    async def end(self, request: Request, workspace_id: UUID, mcp_client_id: UUID) -> EndedMcpClient:
        """Shut an MCP client out: it gets no more tokens, and those it has end within 20 seconds."""
        ended = await self._grants.shut_out(await self._own(request, workspace_id), str(mcp_client_id))
        if not ended:
            raise ProblemError(
                "mcp_client_not_found", f"There is no MCP client {mcp_client_id}: list those of the workspace."
            )
        return EndedMcpClient(id=str(mcp_client_id))

    async def _own(self, request: Request, workspace_id: UUID) -> str:
        organization_id = claims_of(request).organization_id
        found = await self._accounts.find_workspace(organization_id, workspace_id=str(workspace_id))
        if found is None:
            raise ProblemError("workspace_not_found", f"There is no workspace {workspace_id}: check it.")
        return found.id
