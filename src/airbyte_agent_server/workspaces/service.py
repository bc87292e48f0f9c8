"""What an organization can do with its workspaces."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from airbyte_agent_server.accounts.store import AccountStore, Workspace
from airbyte_agent_server.connectors.service import ConnectorService, Revoke
from airbyte_agent_server.cursors import Cursors
from airbyte_agent_server.ports import Clock
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.workspaces.store import WorkspaceFilter, WorkspaceStore


@dataclass(frozen=True, slots=True)
class WorkspacePage:
    """Some workspaces, and the cursor of the next ones."""

    workspaces: list[Workspace]
    next_cursor: str | None


class WorkspaceService:
    """Lists, changes and deletes workspaces."""

    def __init__(
        self,
        store: WorkspaceStore,
        accounts: AccountStore,
        connectors: ConnectorService,
        cursors: Cursors,
        *,
        clock: Clock,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._connectors = connectors
        self._cursors = cursors
        self._clock = clock

    async def list(self, wanted: WorkspaceFilter, *, limit: int, cursor: str | None) -> WorkspacePage:
        """One page, oldest first.

        Raises:
            ProblemError: `invalid_cursor`.
        """
        query = {
            "list": "workspaces",
            "organization": wanted.organization_id,
            "name_contains": wanted.name_contains,
            "status": wanted.status,
        }
        after = None
        if cursor is not None:
            created_at, workspace_id = self._cursors.decode(query, cursor)
            after = (datetime.fromisoformat(created_at), workspace_id)
        found = await self._store.page(wanted, after=after, limit=limit + 1)
        page, more = found[:limit], len(found) > limit
        last = page[-1] if more else None
        return WorkspacePage(
            page,
            None if last is None else self._cursors.encode(query, [last.created_at.isoformat(), last.id]),
        )

    async def count(self, organization_id: str) -> Mapping[str, int]:
        """How many workspaces there are of each status."""
        return await self._store.count(organization_id)

    async def find(self, organization_id: str, workspace_id: str) -> Workspace:
        """A workspace of the organization, active or not.

        Raises:
            ProblemError: `workspace_not_found`, for another organization's too.
        """
        found = await self._accounts.find_workspace(organization_id, workspace_id=workspace_id)
        if found is None:
            raise _not_found(workspace_id)
        return found

    async def change(self, workspace: Workspace, values: Mapping[str, object]) -> Workspace:
        """Change some of its columns.

        Raises:
            ProblemError: `validation_error` for a name that is taken; `workspace_not_found`.
        """
        if values and not await self._store.change(workspace, values, at=self._clock.now()):
            raise _not_found(workspace.id)
        await self._connectors.forget_workspace(workspace.id)
        return await self.find(workspace.organization_id, workspace.id)

    async def delete(self, workspace: Workspace, *, revoke: Revoke) -> datetime:
        """Delete it with its connectors and all credentials; the instant.

        Raises:
            ProblemError: `workspace_not_found`: somebody deleted it first.
        """
        now = self._clock.now()

        async def close(connection: AsyncConnection) -> None:
            if not await self._store.delete(connection, workspace.id, at=now):
                raise _not_found(workspace.id)

        await self._connectors.delete_workspace(workspace.id, close, revoke=revoke)
        return now


def _not_found(workspace_id: str) -> ProblemError:
    return ProblemError("workspace_not_found", f"There is no workspace {workspace_id}: list the workspaces.")
