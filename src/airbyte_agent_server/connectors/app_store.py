"""The OAuth apps of organizations. One is current for each type; those that connectors still need are kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from pydantic import SecretStr
from sqlalchemy import ColumnElement, Insert, Row, Update, and_, delete, select, update
from sqlalchemy.exc import IntegrityError

from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import credentials, oauth_apps
from airbyte_agent_server.db.types import identity_of
from airbyte_agent_server.ports import Clock, IdSource, Sealer
from airbyte_agent_server.problems import ProblemError

_ATTEMPTS = 3
_GRACE_S = 3600
"""Longer than a consent and the use of what it led to can take."""


@dataclass(frozen=True, slots=True)
class StoredApp:
    """An OAuth app of an organization, its client secret sealed."""

    id: str
    organization_id: str
    connector_type: str
    client_id: str
    scopes: tuple[str, ...] | None
    optional_scopes: tuple[str, ...] | None
    pkce: Literal["never", "s256"]
    created_at: datetime
    updated_at: datetime
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class AppConfiguration:
    """What an organization says about its OAuth app."""

    client_id: str
    client_secret: SecretStr
    scopes: Sequence[str] | None = None
    optional_scopes: Sequence[str] | None = None
    pkce: Literal["never", "s256"] = "never"


class OAuthAppStore:
    """Keeps OAuth apps under organization, type and client id."""

    def __init__(self, database: Database, sealer: Sealer, *, clock: Clock, ids: IdSource) -> None:
        self._database = database
        self._sealer = sealer
        self._clock = clock
        self._ids = ids

    async def put(self, organization_id: str, connector_type: str, given: AppConfiguration) -> StoredApp:
        """Make an app the current one. A known client id keeps its record: whoever is pinned to it gets the secret.

        Raises:
            ProblemError: `unavailable`: others keep putting theirs at the same moment.
        """
        for _ in range(_ATTEMPTS):
            stored = await self._put_once(organization_id, connector_type, given)
            if stored is not None:
                return stored
        raise ProblemError("unavailable", "The OAuth app is being replaced by others too: try again.", retry_after_s=1)

    async def _put_once(self, organization_id: str, connector_type: str, given: AppConfiguration) -> StoredApp | None:
        same = _of(organization_id, connector_type) & (oauth_apps.c.client_id == given.client_id)
        known = await self._one(same)
        app_id = self._ids.new_id() if known is None else known.id
        now = self._clock.now()
        sealed = await self._sealer.seal(
            given.client_secret.get_secret_value().encode(), owner=organization_id, identity=_identity(app_id)
        )
        columns = {
            "scopes": None if given.scopes is None else list(given.scopes),
            "optional_scopes": None if given.optional_scopes is None else list(given.optional_scopes),
            "pkce": given.pkce,
            "sealed": sealed,
            "updated_at": now,
            "replaced_at": None,
        }
        if known is None:
            fresh = {"organization_id": organization_id, "connector_type": connector_type, "created_at": now}
            write: Insert | Update = oauth_apps.insert().values(
                id=app_id, client_id=given.client_id, **fresh, **columns
            )
        else:
            write = update(oauth_apps).where(oauth_apps.c.id == app_id).values(columns)
        try:
            async with self._database.write() as connection:
                # Two that retire each other's app would wait for each other.
                await self._database.only_writer_of(connection, oauth_apps)
                await connection.execute(_retirement(_of(organization_id, connector_type) & ~same, now))
                await connection.execute(write)
        except IntegrityError:
            return None  # another request made an app current in the meantime
        return await self._one(oauth_apps.c.id == app_id)

    async def retire(self, organization_id: str, connector_type: str) -> None:
        """Let no new connection use the current app; connectors that are pinned to it keep it."""
        async with self._database.write() as connection:
            await connection.execute(_retirement(_of(organization_id, connector_type), self._clock.now()))

    async def find_current(self, organization_id: str, connector_type: str) -> StoredApp | None:
        """The app that new connections use."""
        return await self._one(_of(organization_id, connector_type) & oauth_apps.c.replaced_at.is_(None))

    async def find(self, app_id: str) -> StoredApp | None:
        """An app, current or not."""
        return await self._one(oauth_apps.c.id == app_id)

    async def list(self, organization_id: str) -> list[StoredApp]:
        """The organization's current apps, oldest first."""
        query = (
            select(oauth_apps)
            .where(oauth_apps.c.organization_id == organization_id, oauth_apps.c.replaced_at.is_(None))
            .order_by(oauth_apps.c.created_at, oauth_apps.c.id)
        )
        async with self._database.read() as connection:
            return [_app(row) for row in (await connection.execute(query)).all()]

    async def open_secret(self, app: StoredApp) -> SecretStr:
        """The client secret."""
        return SecretStr((await self._sealer.open(app.sealed, identity=_identity(app.id))).decode())

    async def purge(self) -> int:
        """Erase the apps that were replaced a while ago and that no connector needs any more; how many."""
        needed = select(credentials.c.app_id).where(credentials.c.app_id.is_not(None))
        async with self._database.write() as connection:
            done = await connection.execute(
                delete(oauth_apps).where(
                    oauth_apps.c.replaced_at < self._clock.now() - timedelta(seconds=_GRACE_S),
                    oauth_apps.c.id.not_in(needed),
                )
            )
        return done.rowcount

    async def _one(self, wanted: ColumnElement[bool]) -> StoredApp | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(oauth_apps).where(wanted))).one_or_none()
        return None if row is None else _app(row)


def _of(organization_id: str, connector_type: str) -> ColumnElement[bool]:
    return and_(oauth_apps.c.organization_id == organization_id, oauth_apps.c.connector_type == connector_type)


def _retirement(wanted: ColumnElement[bool], now: datetime) -> Update:
    return update(oauth_apps).where(wanted, oauth_apps.c.replaced_at.is_(None)).values(replaced_at=now)


def _app(row: Row[tuple[object, ...]]) -> StoredApp:
    return StoredApp(
        row.id,
        row.organization_id,
        row.connector_type,
        row.client_id,
        None if row.scopes is None else tuple(row.scopes),
        None if row.optional_scopes is None else tuple(row.optional_scopes),
        row.pkce,
        row.created_at,
        row.updated_at,
        row.sealed,
    )


def _identity(app_id: str) -> str:
    return identity_of(oauth_apps.c.sealed, id=app_id)
