"""What an operator does with organizations and their client pairs."""

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr
from sqlalchemy import ColumnElement, Insert, func, select, update

from airbyte_agent_server.accounts.store import ClientPair, hash_secret
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import client_secrets, clients, organizations, workspaces
from airbyte_agent_server.ports import Clock, IdSource

LIVE_SECRETS = 2
_SECRET_BYTES = 32


class UnknownNameError(ValueError):
    """There is nothing of that id or name; the text says what to do."""


@dataclass(frozen=True, slots=True)
class OrganizationRow:
    """An organization, as an operator sees it."""

    id: str
    name: str
    redirect_origins: list[str]
    created_at: datetime
    disabled_at: datetime | None
    workspaces: int


@dataclass(frozen=True, slots=True)
class ClientRow:
    """A client of an organization. Of its secrets, only how many are live, and since when, is known."""

    id: str
    organization_id: str
    created_at: datetime
    disabled_at: datetime | None
    live_secrets: list[datetime]


class Accounts:
    """Organizations and clients, for operators."""

    def __init__(self, database: Database, *, clock: Clock, ids: IdSource) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    async def organizations(self, organization_id: str | None = None) -> list[OrganizationRow]:
        """All of them, or one.

        Raises:
            UnknownNameError: that one does not exist.
        """
        live = (workspaces.c.organization_id == organizations.c.id) & workspaces.c.deleted_at.is_(None)
        count = select(func.count()).select_from(workspaces).where(live).scalar_subquery()
        query = select(organizations, count.label("workspaces")).order_by(organizations.c.created_at)
        if organization_id is not None:
            query = query.where(organizations.c.id == organization_id)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        if organization_id is not None and not rows:
            raise _no_organization(organization_id)
        return [
            OrganizationRow(row.id, row.name, row.redirect_origins, row.created_at, row.disabled_at, row.workspaces)
            for row in rows
        ]

    async def set_redirect_origins(self, organization_id: str, origins: Iterable[str]) -> None:
        """Replace the origins that an organization's consents may redirect to. Raises `UnknownNameError`."""
        await self._change(organization_id, redirect_origins=list(origins))

    async def set_disabled(self, organization_id: str, *, disabled: bool) -> None:
        """Switch an organization off or on; its tokens stop within 30 seconds. Raises `UnknownNameError`."""
        await self._change(organization_id, disabled_at=self._clock.now() if disabled else None)

    async def _change(self, organization_id: str, **values: object) -> None:
        change = update(organizations).where(organizations.c.id == organization_id).values(**values)
        async with self._database.write() as connection:
            if (await connection.execute(change)).rowcount == 0:
                raise _no_organization(organization_id)

    async def clients(self, organization_id: str | None = None) -> list[ClientRow]:
        """The clients of one organization, or of all."""
        query = select(clients).order_by(clients.c.created_at)
        if organization_id is not None:
            query = query.where(clients.c.organization_id == organization_id)
        live = select(client_secrets).where(client_secrets.c.revoked_at.is_(None))
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
            secrets = (await connection.execute(live.order_by(client_secrets.c.created_at))).all()
        return [
            ClientRow(
                row.id,
                row.organization_id,
                row.created_at,
                row.disabled_at,
                [secret.created_at for secret in secrets if secret.client_id == row.id],
            )
            for row in rows
        ]

    async def create_client(self, organization_id: str) -> ClientPair:
        """Another client of an organization; the secret cannot be shown again. Raises `UnknownNameError`."""
        await self.organizations(organization_id)
        client_id, secret, now = self._ids.new_id(), self._new_secret(), self._clock.now()
        async with self._database.write() as connection:
            await connection.execute(
                clients.insert().values(id=client_id, organization_id=organization_id, created_at=now)
            )
            await connection.execute(_secret_row(client_id, secret, now))
        return ClientPair(organization_id, client_id, SecretStr(secret))

    async def rotate_client(self, client_id: str) -> ClientPair:
        """A second secret for a client; the first stays live until it is revoked.

        Raises:
            UnknownNameError: there is no such client.
            ValueError: it has two live secrets, and either may be in use.
        """
        secret, now = self._new_secret(), self._clock.now()
        own = (client_secrets.c.client_id == client_id) & client_secrets.c.revoked_at.is_(None)
        live = select(func.count()).select_from(client_secrets).where(own)
        async with self._database.write() as connection:
            organization_id = await connection.scalar(
                select(clients.c.organization_id).where(clients.c.id == client_id).with_for_update()
            )
            if organization_id is None:
                raise _no_client(client_id)
            if (await connection.scalar(live) or 0) >= LIVE_SECRETS:
                raise ValueError(
                    f"Client {client_id} has {LIVE_SECRETS} live secrets, and either may be in use: when nobody uses "
                    f"the older one, end it with `hubspot-agent client revoke {client_id} --older`, then rotate."
                )
            await connection.execute(_secret_row(client_id, secret, now))
        return ClientPair(organization_id, client_id, SecretStr(secret))

    async def revoke_client(self, client_id: str, *, older: bool) -> int:
        """Revoke the secrets of a client: all but the newest if `older`, else all, and its tokens; how many.

        Raises:
            UnknownNameError: there is no such client.
        """
        now = self._clock.now()
        own = (client_secrets.c.client_id == client_id) & client_secrets.c.revoked_at.is_(None)
        doomed: ColumnElement[bool] = own
        async with self._database.write() as connection:
            if await connection.scalar(select(clients.c.id).where(clients.c.id == client_id)) is None:
                raise _no_client(client_id)
            if older:
                newest = select(client_secrets.c.secret_hash).where(own).order_by(client_secrets.c.created_at.desc())
                doomed = own & (client_secrets.c.secret_hash != await connection.scalar(newest.limit(1)))
            else:
                await connection.execute(update(clients).where(clients.c.id == client_id).values(disabled_at=now))
            return (await connection.execute(update(client_secrets).where(doomed).values(revoked_at=now))).rowcount

    def _new_secret(self) -> str:
        return urlsafe_b64encode(self._ids.random_bytes(_SECRET_BYTES)).rstrip(b"=").decode()


def _secret_row(client_id: str, secret: str, now: datetime) -> Insert:
    return client_secrets.insert().values(secret_hash=hash_secret(secret), client_id=client_id, created_at=now)


def _no_organization(organization_id: str) -> UnknownNameError:
    return UnknownNameError(f"There is no organization {organization_id}: `hubspot-agent org list` shows them.")


def _no_client(client_id: str) -> UnknownNameError:
    return UnknownNameError(f"There is no client {client_id}: `hubspot-agent client list` shows them.")
