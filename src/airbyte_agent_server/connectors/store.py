"""Connectors in the database. Their secrets are the vault's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Row, Select, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import connectors, workspaces
from airbyte_agent_server.hubspot import AccountFacts

MAX_LISTED = 1000


class Status(StrEnum):
    """Whether a connector can be used."""

    ACTIVE = "active"
    UNVERIFIED = "unverified"
    NEEDS_REAUTH = "needs_reauth"


@dataclass(frozen=True, slots=True)
class Connector:
    """One configured instance."""

    id: str
    organization_id: str
    workspace_id: str
    workspace_name: str
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

    async def list(self, workspace_id: str, *, connector_type: str | None = None) -> list[Connector]:
        """The workspace's connectors, oldest first."""
        query = _live().where(connectors.c.workspace_id == workspace_id)
        if connector_type is not None:
            query = query.where(connectors.c.connector_type == connector_type)
        query = query.order_by(connectors.c.created_at, connectors.c.id).limit(MAX_LISTED)
        async with self._database.read() as connection:
            return [_connector(row) for row in (await connection.execute(query)).all()]

    async def delete(self, connection: AsyncConnection, connector_id: str, *, at: datetime) -> bool:
        """Mark a connector as deleted; False when somebody did so before."""
        done = await connection.execute(
            update(connectors)
            .where(connectors.c.id == connector_id, connectors.c.deleted_at.is_(None))
            .values(deleted_at=at, updated_at=at)
        )
        return done.rowcount == 1

    async def set_status(self, connector_id: str, status: Status, *, at: datetime) -> None:
        """Change what is known about a connector's credentials."""
        async with self._database.write() as connection:
            await connection.execute(
                update(connectors)
                .where(connectors.c.id == connector_id, connectors.c.deleted_at.is_(None))
                .values(status=status, updated_at=at)
            )

    async def authorize(  # one argument for each column
        self,
        connection: AsyncConnection,
        connector_id: str,
        facts: AccountFacts,
        *,
        auth_scheme: str,
        warnings: Sequence[str],
        at: datetime,
    ) -> bool:
        """Record a new authorization of a connector; False when it was deleted."""
        done = await connection.execute(
            update(connectors)
            .where(connectors.c.id == connector_id, connectors.c.deleted_at.is_(None))
            .values(
                status=Status.ACTIVE,
                auth_scheme=auth_scheme,
                hub_id=facts.hub_id,
                granted_scopes=list(facts.scopes),
                warnings=list(warnings),
                validated_at=at,
                updated_at=at,
            )
        )
        return done.rowcount == 1


def _live() -> Select[tuple[object, ...]]:
    return (
        select(connectors, workspaces.c.name.label("workspace_name"))
        .join(workspaces, workspaces.c.id == connectors.c.workspace_id)
        .where(connectors.c.deleted_at.is_(None))
    )


def _connector(row: Row[tuple[object, ...]]) -> Connector:
    return Connector(
        row.id,
        row.organization_id,
        row.workspace_id,
        row.workspace_name,
        row.connector_type,
        row.name,
        Status(row.status),
        row.auth_scheme,
        row.replication_config,
        row.entities,
        row.hub_id,
        tuple(row.granted_scopes),
        tuple(row.warnings),
        row.validated_at,
        row.created_at,
        row.updated_at,
    )
