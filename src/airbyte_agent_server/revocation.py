"""Mass revocation: erase the credentials of a connector, a workspace or an organization, and say what was done."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update

from airbyte_agent_server.accounts.administration import UnknownNameError
from airbyte_agent_server.connectors.revocations import Revocation
from airbyte_agent_server.connectors.service import ConnectorService, Revoke
from airbyte_agent_server.connectors.store import ConnectorStore
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import connectors, mcp_grants, oauth_grants, oauth_states, organizations, workspaces
from airbyte_agent_server.ports import Clock
from airbyte_agent_server.problems import ProblemError

TOKENS_STOP_WITHIN_S = 30
_INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Scope:
    """What is revoked: a connector, a workspace by name, or all of an organization."""

    organization_id: str | None = None
    workspace: str | None = None
    connector_id: str | None = None


@dataclass(frozen=True, slots=True)
class RevokedConnector:
    """A connector that is gone. `at_hubspot` says what became of its grant there."""

    connector_id: str
    name: str
    workspace_id: str
    workspace_name: str
    hub_id: int | None
    erased_at: datetime
    at_hubspot: Revocation


@dataclass(frozen=True, slots=True)
class RevokedWorkspace:
    """A workspace that was switched off. A connector may be added again once it is active."""

    workspace_id: str
    name: str
    switched_off_at: datetime


@dataclass(slots=True)
class Receipt:
    """What was done, and what could not be. It holds no secrets."""

    scope: Scope
    revoke_at_hubspot: bool
    started_at: datetime
    finished_at: datetime | None = None
    tokens_stop_within_s: int = TOKENS_STOP_WITHIN_S
    organization_disabled: str | None = None
    workspaces: list[RevokedWorkspace] = field(default_factory=list)
    connectors: list[RevokedConnector] = field(default_factory=list)
    pending_consents_erased: int = 0
    unclaimed_grants_erased: int = 0
    mcp_grants_erased: int = 0
    failures: list[str] = field(default_factory=list)


class Revoker:
    """Revokes. Whatever was cut short goes on when it is repeated; each run has a receipt of its own."""

    def __init__(self, database: Database, service: ConnectorService, *, clock: Clock) -> None:
        self._database = database
        self._service = service
        self._store = ConnectorStore(database)
        self._clock = clock

    async def receipt(self, scope: Scope, *, upstream: bool) -> Receipt:
        """A receipt on which nothing stands yet, for something that exists.

        Raises:
            UnknownNameError: there is no such connector, workspace or organization, or there are several.
        """
        if scope.connector_id is not None:
            if not await self._connectors(connectors.c.id == scope.connector_id):
                raise UnknownNameError(f"There is no connector {scope.connector_id}: `connectors list` shows them.")
        elif scope.workspace is not None:
            await self._find_workspaces(scope)
        else:
            await self._find_organization(scope)
        return Receipt(scope, upstream, self._clock.now())

    async def run(self, receipt: Receipt) -> None:
        """Do it, and write each step on the receipt: tokens first, so that nothing new appears meanwhile.

        Raises:
            UnknownNameError: the workspace was deleted in the meantime.
            ProblemError: the database went away; the receipt has what was done before.
        """
        scope = receipt.scope
        if scope.connector_id is not None:
            wanted = connectors.c.id == scope.connector_id
        else:
            found = await self._find_workspaces(scope)
            if scope.workspace is None and scope.organization_id is not None:
                await self._disable(scope.organization_id, receipt)
            for workspace_id, name in found:
                await self._switch_off(workspace_id, name, receipt)
            wanted = connectors.c.workspace_id.in_([workspace_id for workspace_id, _ in found])
        while rows := await self._connectors(wanted):
            done = len(receipt.connectors)
            for organization_id, connector_id in rows:
                await self._revoke(organization_id, connector_id, receipt)
            if len(receipt.connectors) == done:
                break  # none could be erased: the failures say why
        receipt.finished_at = self._clock.now()

    async def _find_workspaces(self, scope: Scope) -> list[tuple[str, str]]:
        query = select(workspaces).where(workspaces.c.deleted_at.is_(None)).order_by(workspaces.c.created_at)
        if scope.organization_id is not None:
            query = query.where(workspaces.c.organization_id == scope.organization_id)
        if scope.workspace is not None:
            query = query.where(workspaces.c.name == scope.workspace)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        if scope.workspace is None:
            return [(row.id, row.name) for row in rows]
        if not rows:
            where = "" if scope.organization_id is None else f" in organization {scope.organization_id}"
            raise UnknownNameError(f"There is no workspace {scope.workspace}{where}: names count to the letter.")
        if len(rows) > 1:
            owners = ", ".join(row.organization_id for row in rows)
            raise UnknownNameError(
                f"Several organizations have a workspace {scope.workspace}: add --organization, one of {owners}."
            )
        return [(rows[0].id, rows[0].name)]

    async def _find_organization(self, scope: Scope) -> None:
        query = select(organizations.c.id).where(organizations.c.id == scope.organization_id)
        async with self._database.read() as connection:
            if await connection.scalar(query) is None:
                raise UnknownNameError(f"There is no organization {scope.organization_id}: `org list` shows them.")

    async def _disable(self, organization_id: str, receipt: Receipt) -> None:
        change = update(organizations).where(organizations.c.id == organization_id)
        async with self._database.write() as connection:
            await connection.execute(change.values(disabled_at=self._clock.now()))
        receipt.organization_disabled = organization_id

    async def _switch_off(self, workspace_id: str, name: str, receipt: Receipt) -> None:
        now = self._clock.now()
        own = workspaces.c.id == workspace_id
        async with self._database.write() as connection:
            await connection.execute(update(workspaces).where(own).values(status=_INACTIVE, updated_at=now))
            consents = await connection.execute(delete(oauth_states).where(oauth_states.c.workspace_id == workspace_id))
            grants = await connection.execute(delete(oauth_grants).where(oauth_grants.c.workspace_id == workspace_id))
            programs = await connection.execute(delete(mcp_grants).where(mcp_grants.c.workspace_id == workspace_id))
        receipt.workspaces.append(RevokedWorkspace(workspace_id, name, now))
        receipt.pending_consents_erased += consents.rowcount
        receipt.unclaimed_grants_erased += grants.rowcount
        receipt.mcp_grants_erased += programs.rowcount

    async def _connectors(self, wanted: ColumnElement[bool]) -> list[tuple[str, str]]:
        query = select(connectors.c.organization_id, connectors.c.id).where(wanted, connectors.c.deleted_at.is_(None))
        async with self._database.read() as connection:
            rows = (await connection.execute(query.order_by(connectors.c.created_at).limit(100))).all()
        return [(row.organization_id, row.id) for row in rows]

    async def _revoke(self, organization_id: str, connector_id: str, receipt: Receipt) -> None:
        connector = await self._store.find(organization_id, connector_id)
        if connector is None:
            return  # somebody deleted it in the meantime
        try:
            deletion = await self._service.delete(
                connector, revoke=Revoke.TRUE if receipt.revoke_at_hubspot else Revoke.FALSE
            )
        except ProblemError as problem:
            receipt.failures.append(f"Connector {connector_id} was not erased: {problem.message}")
            return
        receipt.connectors.append(
            RevokedConnector(
                connector_id,
                connector.name,
                connector.workspace_id,
                connector.workspace_name,
                connector.hub_id,
                deletion.deleted_at,
                deletion.revocation,
            )
        )
        if deletion.revocation == Revocation.FAILED:
            receipt.failures.append(
                f"HubSpot did not confirm that the grant of connector {connector_id} is revoked. It is kept, sealed, "
                "for a running server to try again until HubSpot does. To be certain now, uninstall the app in HubSpot "
                f"account {connector.hub_id}."
            )
