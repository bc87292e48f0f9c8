"""Workspaces as requests and answers show them."""

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, Field

from airbyte_agent_server.accounts.store import ACTIVE, INACTIVE, Workspace
from airbyte_agent_server.tokens.tenant import WorkspaceName

StatusName = Literal["active", "inactive"]


class WorkspaceView(BaseModel):
    """One workspace."""

    id: str
    name: str
    organization_id: str
    status: StatusName
    cache_enabled: bool | None = Field(description="Null: as the organization has it.")
    tombstone: bool = Field(default=False, description="Deleted workspaces are not shown.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, workspace: Workspace) -> Self:
        """The view of a stored workspace."""
        return cls.model_validate(
            {
                "id": workspace.id,
                "name": workspace.name,
                "organization_id": workspace.organization_id,
                "status": workspace.status,
                "cache_enabled": workspace.cache_enabled,
                "created_at": workspace.created_at,
                "updated_at": workspace.updated_at,
            }
        )


class WorkspaceList(BaseModel):
    """Workspaces, oldest first."""

    data: list[WorkspaceView]
    next: str | None = Field(description="Relative URL of the next page.")


class WorkspaceStats(BaseModel):
    """How many workspaces there are."""

    active_count: int
    inactive_count: int
    total_count: int

    @classmethod
    def of(cls, counts: dict[str, int]) -> Self:
        """The view of counts by status."""
        active, inactive = counts.get(ACTIVE, 0), counts.get(INACTIVE, 0)
        return cls(active_count=active, inactive_count=inactive, total_count=active + inactive)


class WorkspaceChange(BaseModel):
    """What to change; what is left out stays."""

    name: WorkspaceName | None = None
    status: StatusName | None = Field(default=None, description="An inactive workspace admits administration only.")
    cache_enabled: bool | None = Field(default=None, description="Null: as the organization has it.")

    def values(self) -> dict[str, object]:
        """The columns to change. Only `cache_enabled` can be set to null."""
        given = self.model_dump(exclude_unset=True)
        return {name: value for name, value in given.items() if value is not None or name == "cache_enabled"}


class DeletedWorkspace(BaseModel):
    """What is left of a workspace."""

    id: str
    deleted_at: datetime
