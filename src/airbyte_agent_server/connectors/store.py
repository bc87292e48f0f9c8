"""Connectors in the database. Their secrets are the vault's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Row, Select, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from airbyte_agent_server.accounts.store import ACTIVE
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import connectors, workspaces
from airbyte_agent_server.hubspot import AccountFacts

MAX_LISTED = 1000


class Status(StrEnum):
    """Whether a connector can be used."""

    ACTIVE = "active"
    UNVERIFIED = "unverified"
    NEEDS_REAUTH = "needs_reauth"
    DISABLED = "disabled"
    """Switched off; what is known of its credentials is kept for when it is enabled again."""


@dataclass(frozen=True, slots=True)
class Connector:
    """One configured instance."""

    id: str
    organization_id: str
    workspace_id: str
    workspace_name: str
    workspace_status: str
    connector_type: str
    name: str
    status: Status
    auth_scheme: str
    replication_config: Mapping[str, object]
    entities: Sequence[Mapping[str, object]] | None
    hub_id: int | None
    granted_scopes: tuple[str, ...]
    warnings: tuple[str, ...]
    validated_at: datetime | None
    created_at: datetime
    updated_at: datetime
    needs_reauth_cause: str | None = None
    needs_reauth_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What changes about a connector; None stays. No `entities` at all lift its limits."""

    name: str | None = None
    replication_config: Mapping[str, object] | None = None
    entities: Sequence[Mapping[str, object]] | None = None
    disabled: bool | None = None

    def columns(self, at: datetime) -> dict[str, object]:
        """The columns to write."""
        columns: dict[str, object] = {"updated_at": at}
        if self.name is not None:
            columns["name"] = self.name
        if self.replication_config is not None:
            columns["replication_config"] = dict(self.replication_config)
        if self.entities is not None:
            columns["entities"] = [dict(item) for item in self.entities] or None
        if self.disabled is not None:
            columns["disabled_at"] = at if self.disabled else None
        return columns


class ConnectorStore:
    """Reads and writes connectors; deleted ones are invisible."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def insert(self, connection: AsyncConnection, connector: Connector) -> None:
        """Store a new connector."""
        await connection.execute(
            connectors.insert().values(
                id=connector.id,
                organization_id=connector.organization_id,
                workspace_id=connector.workspace_id,
                connector_type=connector.connector_type,
                name=connector.name,
                status=connector.status,
                auth_scheme=connector.auth_scheme,
                replication_config=dict(connector.replication_config),
                entities=None if connector.entities is None else [dict(item) for item in connector.entities],
                hub_id=connector.hub_id,
                granted_scopes=list(connector.granted_scopes),
                warnings=list(connector.warnings),
                validated_at=connector.validated_at,
                created_at=connector.created_at,
                updated_at=connector.updated_at,
            )
        )

    async def find(self, organization_id: str, connector_id: str) -> Connector | None:
        """The organization's connector with that id."""
        query = _live().where(connectors.c.organization_id == organization_id, connectors.c.id == connector_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _connector(row)

    async def find_of_anybody(self, connector_id: str) -> Connector | None:
        """The connector with that id, whosever it is."""
        async with self._database.read() as connection:
            row = (await connection.execute(_live().where(connectors.c.id == connector_id))).one_or_none()
        return None if row is None else _connector(row)

    async def list(self, workspace_id: str, *, connector_type: str | None = None) -> Sequence[Connector]:
        """The workspace's connectors, oldest first."""
        query = _live().where(connectors.c.workspace_id == workspace_id)
        if connector_type is not None:
            query = query.where(connectors.c.connector_type == connector_type)
        return await self._read(query)

    async def list_all(self, organization_id: str) -> Sequence[Connector]:
        """The connectors of all active workspaces of an organization, oldest first."""
        active = workspaces.c.status == ACTIVE
        return await self._read(_live().where(connectors.c.organization_id == organization_id, active))

    async def _read(self, query: Select[tuple[object, ...]]) -> Sequence[Connector]:
        query = query.order_by(connectors.c.created_at, connectors.c.id).limit(MAX_LISTED)
        async with self._database.read() as connection:
            return [_connector(row) for row in (await connection.execute(query)).all()]

    async def hold_workspace(self, connection: AsyncConnection, workspace_id: str) -> bool:
        """Keep a workspace from being deleted before this transaction ends; False when it was deleted."""
        query = select(workspaces.c.id).where(workspaces.c.id == workspace_id, workspaces.c.deleted_at.is_(None))
        return await connection.scalar(query.with_for_update(read=True)) is not None

    async def delete_all(self, connection: AsyncConnection, workspace_id: str, *, at: datetime) -> Sequence[str]:
        """Mark all connectors of a workspace as deleted; their ids."""
        live = (connectors.c.workspace_id == workspace_id, connectors.c.deleted_at.is_(None))
        ids = (await connection.scalars(select(connectors.c.id).where(*live))).all()
        await connection.execute(update(connectors).where(*live).values(deleted_at=at, updated_at=at))
        return ids

    async def delete(self, connection: AsyncConnection, connector_id: str, *, at: datetime) -> bool:
        """Mark a connector as deleted; False when somebody did so before."""
        done = await connection.execute(
            update(connectors)
            .where(connectors.c.id == connector_id, connectors.c.deleted_at.is_(None))
            .values(deleted_at=at, updated_at=at)
        )
        return done.rowcount == 1

    async def set_status(  # one argument for each column
        self,
        connection: AsyncConnection,
        connector_id: str,
        status: Status,
        *,
        cause: str | None = None,
        seen: Connector | None = None,
        at: datetime,
    ) -> bool:
        """Change what is known about a connector's credentials; False when that was known, or it was deleted.

        `cause` says why it needs a new authorization. Nothing changes if it got one since it was `seen`.
        """
        done = await connection.execute(
            update(connectors)
            .where(
                connectors.c.id == connector_id,
                connectors.c.deleted_at.is_(None),
                connectors.c.status != status,
                true() if seen is None else connectors.c.validated_at == seen.validated_at,
            )
            .values(
                status=status,
                needs_reauth_cause=cause,
                needs_reauth_at=at if status == Status.NEEDS_REAUTH else None,
                updated_at=at,
            )
        )
        return done.rowcount == 1

    async def change(self, connection: AsyncConnection, connector_id: str, change: Change, *, at: datetime) -> bool:
        """Change a connector; False when it was deleted."""
        done = await connection.execute(
            update(connectors)
            .where(connectors.c.id == connector_id, connectors.c.deleted_at.is_(None))
            .values(change.columns(at))
        )
        return done.rowcount == 1

    async def authorize(  # one argument for each column
        self,
        connection: AsyncConnection,
        connector_id: str,
        facts: AccountFacts,
        *,
        auth_scheme: str,
        warnings: Sequence[str],
        at: datetime,
    ) -> None:
        """Record a new authorization of a connector."""
        await connection.execute(
            update(connectors)
            .where(connectors.c.id == connector_id, connectors.c.deleted_at.is_(None))
            .values(
                status=Status.ACTIVE,
                needs_reauth_cause=None,
                needs_reauth_at=None,
                auth_scheme=auth_scheme,
                hub_id=facts.hub_id,
                granted_scopes=list(facts.scopes),
                warnings=list(warnings),
                validated_at=at,
                updated_at=at,
            )
        )


def _live() -> Select[tuple[object, ...]]:
    return (
        select(
            connectors,
            workspaces.c.name.label("workspace_name"),
            workspaces.c.status.label("workspace_status"),
        )
        .join(workspaces, workspaces.c.id == connectors.c.workspace_id)
        .where(connectors.c.deleted_at.is_(None))
    )


def _connector(row: Row[tuple[object, ...]]) -> Connector:
    return Connector(
        row.id,
        row.organization_id,
        row.workspace_id,
        row.workspace_name,
        row.workspace_status,
        row.connector_type,
        row.name,
        Status(row.status) if row.disabled_at is None else Status.DISABLED,
        row.auth_scheme,
        row.replication_config,
        row.entities,
        row.hub_id,
        tuple(row.granted_scopes),
        tuple(row.warnings),
        row.validated_at,
        row.created_at,
        row.updated_at,
        row.needs_reauth_cause,
        row.needs_reauth_at,
    )
