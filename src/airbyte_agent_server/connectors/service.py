"""What can be done with connectors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from airbyte_agent_hubspot.errors import ConnectorError
from airbyte_agent_server.accounts.store import Workspace
from airbyte_agent_server.bounded import BoundedCache
from airbyte_agent_server.connectors.apps import OAuthApps
from airbyte_agent_server.connectors.grants import Grant, GrantStore
from airbyte_agent_server.connectors.registry import ConnectorType
from airbyte_agent_server.connectors.store import Connector, ConnectorStore, Status
from airbyte_agent_server.connectors.validation import Validated, missing_scope_warnings
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.hubspot import AccountFacts, HubspotOAuth
from airbyte_agent_server.idempotency.keys import Settlement
from airbyte_agent_server.idempotency.store import IdempotencyStore
from airbyte_agent_server.ports import Clock, IdSource, SealBrokenError
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.tokens.claims import Claims, Denied, verify_connector
from airbyte_agent_server.vault.secrets import ConnectorSecret, OAuthSecret
from airbyte_agent_server.vault.store import OpenedSecret, SealedSecret, SecretStore, SuppliedBy

_CACHED_CONNECTORS = 10_000
_CACHE_LIFE_S = 20.0


class Revoke(StrEnum):
    """What becomes of the grant at HubSpot when its connector is deleted."""

    AUTO = "auto"
    TRUE = "true"
    FALSE = "false"


class Revocation(StrEnum):
    """What became of it."""

    REVOKED = "revoked"
    SHARED = "shared"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class NewConnector:
    """What a new connector is made of. `facts` is None where the secret was not tried."""

    workspace: Workspace
    kind: ConnectorType
    secret: ConnectorSecret
    facts: AccountFacts | None
    supplied_by: SuppliedBy
    name: str | None
    replication_config: Mapping[str, object]
    entities: Sequence[Mapping[str, object]] | None
    grant: Grant | None = None


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
        oauth: HubspotOAuth,
        apps: OAuthApps,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._database = database
        self._store = store
        self._secrets = secrets
        self._grants = grants
        self._keys = keys
        self._oauth = oauth
        self._apps = apps
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
        facts = new.facts
        scopes = () if facts is None else facts.scopes
        connector = Connector(
            id=self._ids.new_id(),
            organization_id=new.workspace.organization_id,
            workspace_id=new.workspace.id,
            workspace_name=new.workspace.name,
            connector_type=new.kind.slug,
            name=new.name or await self._default_name(new.workspace, new.kind),
            status=Status.UNVERIFIED if facts is None else Status.ACTIVE,
            auth_scheme="oauth2" if isinstance(new.secret, OAuthSecret) else "private_app",
            replication_config=new.replication_config,
            entities=new.entities,
            hub_id=None if facts is None else facts.hub_id,
            granted_scopes=scopes,
            warnings=() if facts is None else missing_scope_warnings(scopes),
            validated_at=None if facts is None else now,
            created_at=now,
            updated_at=now,
        )
        sealed = await self._secrets.seal(
            new.secret,
            connector_id=connector.id,
            workspace_id=connector.workspace_id,
            supplied_by=new.supplied_by,
        )
        return Draft(connector, sealed, new.grant)

    async def store(self, draft: Draft, settlement: Settlement | None = None) -> None:
        """Store a draft, and with it the answer to the request that made it, if that had an idempotency key.

        Raises:
            ProblemError: `idempotency_in_progress`, `invalid_secret_id`; nothing is stored.
        """
        async with self._database.write() as connection:
            if settlement is not None:
                await self._keys.settle(connection, settlement)
            if draft.grant is not None:
                await self._grants.consume(connection, draft.grant)
            await self._store.insert(connection, draft.connector)
            await self._secrets.insert(connection, draft.sealed)

    async def _default_name(self, workspace: Workspace, kind: ConnectorType) -> str:
        taken = {connector.name for connector in await self._store.list(workspace.id)}
        number, name = 1, kind.name
        while name in taken:
            number += 1
            name = f"{kind.name} {number}"
        return name

    async def reauthorize(self, connector: Connector, validated: Validated, *, supplied_by: SuppliedBy) -> Connector:
        """Give a connector another secret, keeping its id.

        Raises:
            ProblemError: `connector_not_found`: it was deleted in the meantime.
        """
        sealed = await self._secrets.seal(
            validated.secret,
            connector_id=connector.id,
            workspace_id=connector.workspace_id,
            supplied_by=supplied_by,
        )
        async with self._database.write() as connection:
            live = await self._store.authorize(
                connection,
                connector.id,
                validated.facts,
                auth_scheme="oauth2" if isinstance(validated.secret, OAuthSecret) else "private_app",
                warnings=missing_scope_warnings(validated.facts.scopes),
                at=self._clock.now(),
            )
            if not live:
                raise _not_found(connector.id)
            await self._secrets.overwrite(connection, sealed)
        self.forget(connector.id)
        return await self._read(connector.organization_id, connector.id)

    async def list(self, workspace_id: str, *, kind: ConnectorType | None) -> list[Connector]:
        """The workspace's connectors, oldest first."""
        return await self._store.list(workspace_id, connector_type=None if kind is None else kind.slug)

    async def find(self, claims: Claims, connector_id: str) -> Connector:
        """A connector that the token may know of, perhaps as it was some seconds ago.

        Raises:
            ProblemError: `connector_not_found`, for another tenant's too; `permission_denied`.
        """
        connector = self._found.get(connector_id)
        if connector is None:
            drops = self._found.drops
            connector = await self._read(claims.organization_id, connector_id)
            self._found.put(connector_id, connector, drops=drops)
        foreign = claims.workspace_id not in {None, connector.workspace_id}
        if foreign or connector.organization_id != claims.organization_id:
            raise _not_found(connector_id)
        verdict = verify_connector(claims, connector_id)
        if isinstance(verdict, Denied):
            raise verdict.raised()
        return connector

    async def _read(self, organization_id: str, connector_id: str) -> Connector:
        connector = await self._store.find(organization_id, connector_id)
        if connector is None:
            raise _not_found(connector_id)
        return connector

    async def set_status(self, connector: Connector, status: Status) -> None:
        """Remember whether the connector's credentials work."""
        if connector.status != status:
            await self._store.set_status(connector.id, status, at=self._clock.now())
            self.forget(connector.id)

    async def delete(self, connector: Connector, *, revoke: Revoke) -> Deletion:
        """Erase the connector's secret at once, then take the grant back at HubSpot where that is right."""
        now = self._clock.now()
        opened = await self._open_to_revoke(connector.id)
        async with self._database.write() as connection:
            if not await self._store.delete(connection, connector.id, at=now):
                raise _not_found(connector.id)
            await self._secrets.erase(connection, connector.id)
            await self._keys.erase(connection, connector.id)
        self.forget(connector.id)
        return Deletion(connector.id, now, await self._revoke(opened, revoke))

    async def _open_to_revoke(self, connector_id: str) -> OpenedSecret | None:
        try:
            return await self._secrets.open(connector_id)
        except SealBrokenError:
            return None  # what does not open can still be erased

    async def _revoke(self, opened: OpenedSecret | None, revoke: Revoke) -> Revocation:
        if opened is None or revoke == Revoke.FALSE or not isinstance(opened.secret, OAuthSecret):
            return Revocation.SKIPPED
        if revoke == Revoke.AUTO and opened.supplied_by == "caller":
            return Revocation.SKIPPED
        if await self._secrets.is_shared(opened.secret):
            return Revocation.SHARED
        try:
            await self._oauth.revoke(self._apps.app_of(opened.secret), opened.secret.refresh_token)
        except (ConnectorError, ProblemError):
            return Revocation.FAILED
        return Revocation.REVOKED

    def forget(self, connector_id: str) -> None:
        """Drop what memory holds of a connector."""
        self._found.drop(connector_id)
        self._secrets.forget(connector_id)


def _not_found(connector_id: str) -> ProblemError:
    return ProblemError(
        "connector_not_found", f"There is no connector {connector_id}: list the workspace's connectors."
    )
