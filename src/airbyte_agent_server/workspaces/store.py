"""Workspaces in the database, as their organization lists and changes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from airbyte_agent_server.accounts.store import Workspace, workspace_of
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import mcp_grants, oauth_grants, oauth_states, workspaces
from airbyte_agent_server.problems import field_problem


@dataclass(frozen=True, slots=True)
class WorkspaceFilter:
    """Which workspaces a list has. `name_contains` ignores case."""

    organization_id: str
    name_contains: str | None = None
    status: str | None = None

    def condition(self) -> ColumnElement[bool]:
        """The filter in SQL."""
        wanted = [workspaces.c.organization_id == self.organization_id, workspaces.c.deleted_at.is_(None)]
        if self.name_contains is not None:
            wanted.append(workspaces.c.folded_name.contains(self.name_contains.casefold(), autoescape=True))
        if self.status is not None:
            wanted.append(workspaces.c.status == self.status)
        return and_(*wanted)


class WorkspaceStore:
    """Reads and writes workspaces; deleted ones are invisible."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, wanted: WorkspaceFilter, *, after: tuple[datetime, str] | None, limit: int) -> list[Workspace]:
        """At most `limit` workspaces, oldest first, from the one that follows `after`."""
        query = select(workspaces).where(wanted.condition())
        if after is not None:
            created_at, workspace_id = after
            query = query.where(
                or_(
                    workspaces.c.created_at > created_at,
                    and_(workspaces.c.created_at == created_at, workspaces.c.id > workspace_id),
                )
            )
        query = query.order_by(workspaces.c.created_at, workspaces.c.id).limit(limit)
        async with self._database.read() as connection:
            return [workspace_of(row) for row in (await connection.execute(query)).all()]

    async def count(self, organization_id: str) -> Mapping[str, int]:
        """How many workspaces there are of each status."""
        query = (
            select(workspaces.c.status, func.count())
            .where(WorkspaceFilter(organization_id).condition())
            .group_by(workspaces.c.status)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return dict(cast("list[tuple[str, int]]", [tuple(row) for row in rows]))

    async def change(self, workspace: Workspace, values: Mapping[str, object], *, at: datetime) -> bool:
        """Change some columns; False when the workspace was deleted in the meantime.

        Raises:
            ProblemError: `validation_error`: another workspace has the name.
        """
        changed = {**values, "updated_at": at}
        if "name" in values:
            changed["folded_name"] = str(values["name"]).casefold()
        statement = (
            update(workspaces)
            .where(workspaces.c.id == workspace.id, workspaces.c.deleted_at.is_(None))
            .values(**changed)
        )
        try:
            async with self._database.write() as connection:
                return (await connection.execute(statement)).rowcount == 1
        except IntegrityError:
            raise field_problem(
                "validation_error",
                "name",
                "name: another workspace has this name: choose another one.",
                error_code="name_taken",
            ) from None

    async def delete(self, connection: AsyncConnection, workspace_id: str, *, at: datetime) -> bool:
        """Mark a workspace as deleted and erase the consents in it; False when somebody did so before."""
        done = await connection.execute(
            update(workspaces)
            .where(workspaces.c.id == workspace_id, workspaces.c.deleted_at.is_(None))
            .values(deleted_at=at, updated_at=at)
        )
        for pending in (oauth_states, oauth_grants, mcp_grants):
            await connection.execute(delete(pending).where(pending.c.workspace_id == workspace_id))
        return done.rowcount == 1
