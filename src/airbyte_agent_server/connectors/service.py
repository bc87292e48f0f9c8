"""What can be done with connectors."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncConnection

from airbyte_agent_server.accounts.store import ACTIVE, Workspace
from airbyte_agent_server.bounded import BoundedCache, Kept
from airbyte_agent_server.connectors.grants import Grant, GrantStore
from airbyte_agent_server.connectors.intake import Offer, check_account
from airbyte_agent_server.connectors.registry import ConnectorType
from airbyte_agent_server.connectors.revocations import Revocation, Revocations
from airbyte_agent_server.connectors.store import Change, Connector, ConnectorStore, Status
from airbyte_agent_server.connectors.validation import missing_scope_warnings
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.events.outbox import EventKind, Outbox
from airbyte_agent_server.idempotency.keys import Settlement
from airbyte_agent_server.idempotency.store import IdempotencyStore
from airbyte_agent_server.jobs.due import Due
from airbyte_agent_server.ports import Clock, IdSource, SealBrokenError
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.tokens.claims import Claims, Denied, verify_connector
from airbyte_agent_server.tokens.service import inactive
from airbyte_agent_server.vault.secrets import OAuthSecret
from airbyte_agent_server.vault.store import OpenedSecret, SealedSecret, SecretStore

_CACHED_CONNECTORS = 10_000
_CACHE_LIFE_S = 20.0


class Revoke(StrEnum):
    """What becomes of the grant at HubSpot when its connector is deleted."""

    AUTO = "auto"
    TRUE = "true"
    FALSE = "false"


@dataclass(frozen=True, slots=True)
class NewConnector:
    """What a new connector is made of."""

    workspace: Workspace
    kind: ConnectorType
    offer: Offer
    name: str | None
    replication_config: Mapping[str, object]
    entities: Sequence[Mapping[str, object]] | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A connector that could be stored."""

    connector: Connector
    sealed: SealedSecret
    grant: Grant | None


@dataclass(frozen=True, slots=True)
class Deletion:
    """A deleted connector."""

    connector_id: str
    deleted_at: datetime
    revocation: Revocation


class ConnectorService:
    """Creates, finds and deletes connectors."""

    def __init__(  # noqa: PLR0913  # the composition root hands over each part once
        self,
        database: Database,
        store: ConnectorStore,
        secrets: SecretStore,
        grants: GrantStore,
        keys: IdempotencyStore,
        *,
        revocations: Revocations,
        outbox: Outbox,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._database = database
        self._store = store
        self._secrets = secrets
        self._grants = grants
        self._keys = keys
        self._revocations = revocations
        self._outbox = outbox
        self._clock = clock
        self._ids = ids
        self._found: BoundedCache[str, Connector] = BoundedCache(
            size=_CACHED_CONNECTORS, life_s=_CACHE_LIFE_S, clock=clock
        )

    async def create(self, new: NewConnector) -> Connector:
        """Store a new connector with its secret, and use up the grant it comes from."""
        draft = await self.draft(new)
        await self.store(draft)
        return draft.connector

    async def draft(self, new: NewConnector) -> Draft:
        """A new connector that is not stored yet."""
        now = self._clock.now()
        facts = new.offer.facts
        scopes = () if facts is None else facts.scopes
        connector = Connector(
            id=self._ids.new_id(),
            organization_id=new.workspace.organization_id,
            workspace_id=new.workspace.id,
            workspace_name=new.workspace.name,
            workspace_status=new.workspace.status,
            connector_type=new.kind.slug,
            name=new.name or await self._default_name(new.workspace, new.kind),
            status=Status.UNVERIFIED if facts is None else Status.ACTIVE,
            auth_scheme=new.offer.auth_scheme,
            replication_config=new.replication_config,
            entities=new.entities,
            hub_id=None if facts is None else facts.hub_id,
            granted_scopes=scopes,
            warnings=() if facts is None else missing_scope_warnings(scopes),
            validated_at=None if facts is None else now,
            created_at=now,
            updated_at=now,
        )
        return Draft(connector, await self._seal(new.offer, connector), new.offer.grant)

    async def _seal(self, offer: Offer, connector: Connector) -> SealedSecret:
        return await self._secrets.seal(
            offer.secret,
            connector_id=connector.id,
            workspace_id=connector.workspace_id,
            supplied_by=offer.supplied_by,
        )

    async def store(self, draft: Draft, settlement: Settlement | None = None) -> None:
        """Store a draft, and with it the answer to the request that made it, if that had an idempotency key.

        Raises:
            ProblemError: `idempotency_in_progress`, `invalid_secret_id`, `workspace_inactive`; nothing is stored.
        """
        async with self._database.write() as connection:
            if not await self._store.hold_workspace(connection, draft.connector.workspace_id):
                raise inactive()
            if settlement is not None:
                await self._keys.settle(connection, settlement)
            if draft.grant is not None:
                await self._grants.consume(connection, draft.grant)
            await self._store.insert(connection, draft.connector)
            await self._secrets.insert(connection, draft.sealed)
            await self._outbox.add(connection, EventKind.CONNECTOR_CREATED, draft.connector.id)

    async def _default_name(self, workspace: Workspace, kind: ConnectorType) -> str:
        taken = {connector.name for connector in await self._store.list(workspace.id)}
        number, name = 1, kind.name
        while name in taken:
            number += 1
            name = f"{kind.name} {number}"
        return name

    async def change(
        self, connector: Connector, change: Change, offer: Offer | None = None, *, allow_account_change: bool = False
    ) -> Connector:
        """Change a connector, or give it another secret that was tried, keeping its id: all or nothing.

        Raises:
            ProblemError: `connector_not_found`: it was deleted in the meantime; `invalid_credentials`: the secret is
                another account's; `invalid_secret_id`.
        """
        current = await self._read(connector.organization_id, connector.id)
        sealed = None
        if offer is not None:
            check_account(current.hub_id, offer, allow_change=allow_account_change)
            sealed = await self._seal(offer, current)
        now = self._clock.now()
        async with self._database.write() as connection:
            if not await self._store.change(connection, current.id, change, at=now):
                raise _not_found(current.id)
            if offer is not None and offer.facts is not None and sealed is not None:
                if offer.grant is not None:
                    await self._grants.consume(connection, offer.grant)
                await self._store.authorize(
                    connection,
                    current.id,
                    offer.facts,
                    auth_scheme=offer.auth_scheme,
                    warnings=missing_scope_warnings(offer.facts.scopes),
                    at=now,
                )
                await self._secrets.overwrite(connection, sealed)
        self.forget(current.id)
        return await self._read(current.organization_id, current.id)

    async def list(self, workspace_id: str, *, kind: ConnectorType | None) -> Sequence[Connector]:
        """The workspace's connectors, oldest first."""
        return await self._store.list(workspace_id, connector_type=None if kind is None else kind.slug)

    async def list_all(self, organization_id: str) -> Sequence[Connector]:
        """The connectors of all active workspaces of an organization, oldest first."""
        return await self._store.list_all(organization_id)

    async def find(self, claims: Claims, connector_id: str) -> Connector:
        """A connector that the token may know of, perhaps as it was some seconds ago.

        Raises:
            ProblemError: `connector_not_found`, for another tenant's too; `permission_denied`; `workspace_inactive`.
        """
        connector = await self.find_in_organization(claims.organization_id, connector_id)
        check_visible(claims, connector)
        return connector

    def known(self, organization_id: str, connector_id: str) -> Kept[Connector] | None:
        """The connector, and until when it counts, if it was looked up a moment ago and is one of the organization."""
        kept = self._found.find(connector_id)
        return None if kept is None or kept.value.organization_id != organization_id else kept

    async def find_in_organization(self, organization_id: str, connector_id: str) -> Connector:
        """A connector of the organization, which its token may be kept from.

        Raises:
            ProblemError: `connector_not_found`.
        """
        connector = await self._found.recall(connector_id, lambda: self._look_up(connector_id))
        if connector is None or connector.organization_id != organization_id:
            raise _not_found(connector_id)
        return connector

    async def _look_up(self, connector_id: str) -> Connector | None:
        # Whosever it is: what one organization gets must not depend on which other asks at the same time.
        drops = self._found.drops
        connector = await self._store.find_of_anybody(connector_id)
        if connector is not None:
            self._found.put(connector_id, connector, drops=drops)
        return connector

    async def _read(self, organization_id: str, connector_id: str) -> Connector:
        connector = await self._store.find(organization_id, connector_id)
        if connector is None:
            raise _not_found(connector_id)
        return connector

    async def set_status(self, connector: Connector, status: Status, *, cause: str | None = None) -> None:
        """Remember whether the connector's credentials work, and why they do not."""
        if connector.status != status:
            async with self._database.write() as connection:
                seen = connector if status == Status.NEEDS_REAUTH else None
                at = self._clock.now()
                changed = await self._store.set_status(connection, connector.id, status, cause=cause, seen=seen, at=at)
                if changed and status == Status.NEEDS_REAUTH:
                    await self._outbox.add(connection, EventKind.CONNECTOR_NEEDS_REAUTH, connector.id, {"cause": cause})
            self.forget(connector.id)

    async def delete(self, connector: Connector, *, revoke: Revoke) -> Deletion:
        """Erase the connector's secret at once, then take the grant back at HubSpot where that is right."""
        now = self._clock.now()
        grant = await self._to_revoke(await self._open_to_revoke(connector.id), revoke)
        async with self._database.write() as connection:
            if not await self._store.delete(connection, connector.id, at=now):
                raise _not_found(connector.id)
            due = await self._erase(connection, connector.id, grant)
        self.forget(connector.id)
        revocation = Revocation.SKIPPED if due is None else await self._revocations.attempt(due)
        return Deletion(connector.id, now, revocation)

    async def delete_workspace(
        self, workspace_id: str, close: Callable[[AsyncConnection], Awaitable[None]], *, revoke: Revoke
    ) -> None:
        """Erase all connectors of a workspace in the transaction in which `close` deletes it, then their grants.

        The workspace's key is destroyed too: what is sealed under it elsewhere, in backups of the rows, is worthless.
        """
        now = self._clock.now()
        grants = {
            connector.id: await self._to_revoke(await self._open_to_revoke(connector.id), revoke)
            for connector in await self._store.list(workspace_id)
        }
        async with self._database.write() as connection:
            await close(connection)
            erased = await self._store.delete_all(connection, workspace_id, at=now)
            dues = [await self._erase(connection, connector_id, grants.get(connector_id)) for connector_id in erased]
            await self._secrets.shred(connection, workspace_id)
        await self._secrets.scrub()
        for connector_id in erased:
            self.forget(connector_id)
        for due in dues:
            if due is not None:
                await self._revocations.attempt(due)

    async def _erase(
        self, connection: AsyncConnection, connector_id: str, grant: Mapping[str, object] | None
    ) -> Due | None:
        """Erase what a deleted connector leaves, but for its grant where that is to be taken back."""
        await self._secrets.erase(connection, connector_id)
        await self._keys.erase(connection, connector_id)
        await self._outbox.add(connection, EventKind.CONNECTOR_DELETED, connector_id)
        return None if grant is None else await self._revocations.add(connection, grant)

    async def forget_workspace(self, workspace_id: str) -> None:
        """Drop what memory holds of a workspace's connectors, after the workspace was changed."""
        for connector in await self._store.list(workspace_id):
            self.forget(connector.id)

    async def _open_to_revoke(self, connector_id: str) -> OpenedSecret | None:
        try:
            return await self._secrets.open(connector_id)
        except SealBrokenError:
            return None  # what does not open can still be erased

    async def _to_revoke(self, opened: OpenedSecret | None, revoke: Revoke) -> Mapping[str, object] | None:
        """The grant to take back, sealed; None where it must not be."""
        if opened is None or revoke == Revoke.FALSE or not isinstance(opened.secret, OAuthSecret):
            return None
        if revoke == Revoke.AUTO and opened.supplied_by == "caller":
            return None
        return await self._revocations.seal(opened.workspace_id, opened.secret)

    def forget_all(self) -> None:
        """Read every connector anew: a workspace was changed."""
        self._found.clear()

    def forget(self, connector_id: str) -> None:
        """Drop what memory holds of a connector."""
        self._found.drop(connector_id)
        self._secrets.forget(connector_id)


def check_visible(claims: Claims, connector: Connector) -> None:
    """Raise unless the token may know of the connector, which is one of its organization.

    Raises:
        ProblemError: `connector_not_found`, `permission_denied`, `workspace_inactive`.
    """
    if claims.workspace_id not in {None, connector.workspace_id}:
        raise _not_found(connector.id)
    if claims.permissions is not None:
        verdict = verify_connector(claims, connector.id)
        if isinstance(verdict, Denied):
            raise verdict.raised()
    if connector.workspace_status != ACTIVE:
        raise inactive()


def _not_found(connector_id: str) -> ProblemError:
    return ProblemError(
        "connector_not_found", f"There is no connector {connector_id}: list the workspace's connectors."
    )
