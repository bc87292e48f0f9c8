"""Routes of the administration of workspaces."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.requests import Request

from airbyte_agent_server.aliases import API
from airbyte_agent_server.connectors.service import Revoke
from airbyte_agent_server.problems import may_answer
from airbyte_agent_server.tokens.bearer import claims_of
from airbyte_agent_server.workspaces.service import WorkspaceService
from airbyte_agent_server.workspaces.store import WorkspaceFilter
from airbyte_agent_server.workspaces.views import (
    DeletedWorkspace,
    StatusName,
    WorkspaceChange,
    WorkspaceList,
    WorkspaceStats,
    WorkspaceView,
)

_PREFIX = f"{API}/workspaces"
_DEFAULT_LIMIT = 20
Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]


class WorkspaceRoutes:
    """List, count, show, change and delete workspaces. An inactive one can still be administered."""

    def __init__(self, service: WorkspaceService) -> None:
        self._service = service

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        one, known = f"{_PREFIX}/{{workspace_id}}", may_answer("workspace_not_found")
        router.add_api_route(_PREFIX, self.list, methods=["GET"], openapi_extra=may_answer("invalid_cursor"))
        router.add_api_route(f"{_PREFIX}/stats", self.stats, methods=["GET"])
        router.add_api_route(one, self.get, methods=["GET"], openapi_extra=known)
        router.add_api_route(one, self.change, methods=["PUT"], openapi_extra=known)
        router.add_api_route(one, self.delete, methods=["DELETE"], openapi_extra=known)

    async def list(
        self,
        request: Request,
        name_contains: Annotated[str | None, Query(description="Part of the name; case does not matter.")] = None,
        status: StatusName | None = None,
        limit: Limit = _DEFAULT_LIMIT,
        cursor: Annotated[str | None, Query(description="From `next` of the page before.")] = None,
    ) -> WorkspaceList:
        """List the organization's workspaces, oldest first."""
        wanted = WorkspaceFilter(claims_of(request).organization_id, name_contains, status)
        page = await self._service.list(wanted, limit=limit, cursor=cursor)
        following = None
        if page.next_cursor is not None:
            asked = {"name_contains": name_contains, "status": status, "limit": limit, "cursor": page.next_cursor}
            given = {name: value for name, value in asked.items() if value is not None}
            following = f"{_PREFIX}?{urlencode(given)}"
        return WorkspaceList(data=[WorkspaceView.of(workspace) for workspace in page.workspaces], next=following)

    async def stats(self, request: Request) -> WorkspaceStats:
        """Count the organization's workspaces."""
        return WorkspaceStats.of(dict(await self._service.count(claims_of(request).organization_id)))

    async def get(self, request: Request, workspace_id: str) -> WorkspaceView:
        """Show one workspace."""
        return WorkspaceView.of(await self._service.find(claims_of(request).organization_id, workspace_id))

    async def change(self, request: Request, workspace_id: str, body: WorkspaceChange) -> WorkspaceView:
        """Rename a workspace, switch it off or on, or say whether its records are cached."""
        workspace = await self._service.find(claims_of(request).organization_id, workspace_id)
        return WorkspaceView.of(await self._service.change(workspace, body.values()))

    async def delete(self, request: Request, workspace_id: str, revoke: Revoke = Revoke.AUTO) -> DeletedWorkspace:
        """Delete a workspace with its connectors, and erase their credentials."""
        workspace = await self._service.find(claims_of(request).organization_id, workspace_id)
        return DeletedWorkspace(id=workspace.id, deleted_at=await self._service.delete(workspace, revoke=revoke))
