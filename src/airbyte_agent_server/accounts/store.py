"""Organizations, client pairs and workspaces, in the database."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr
from sqlalchemy import Row, select
from sqlalchemy.exc import IntegrityError

from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import client_secrets, clients, mcp_grants, organizations, workspaces
from airbyte_agent_server.ports import Clock, IdSource

ACTIVE, INACTIVE = "active", "inactive"


@dataclass(frozen=True, slots=True)
class Organization:
    """An operator's account. `redirect_origins` come on top of those the settings allow to everyone."""

    id: str
    name: str
    redirect_origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClientPair:
    """A fresh client of an organization; the secret is shown once and kept as a hash."""

    organization_id: str
    client_id: str
    client_secret: SecretStr


@dataclass(frozen=True, slots=True)
class Workspace:
    """One tenant of an organization. `cache_enabled` None: as the organization has it."""

    id: str
    organization_id: str
    name: str
    status: str
    cache_enabled: bool | None
    created_at: datetime
    updated_at: datetime


def hash_secret(secret: str) -> str:
    """What the database keeps of a random secret of 256 bits, which needs no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


class AccountStore:
    """Organizations, client pairs and workspaces."""

    def __init__(self, database: Database, *, clock: Clock, ids: IdSource) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    async def create_organization(self, name: str, *, redirect_origins: Iterable[str] = ()) -> ClientPair:
        """A new organization and its first client pair. Raises ValueError if the name is empty."""
        if not name.strip():
            raise ValueError("The organization's name is empty: give one that people know it by.")
        now = self._clock.now()
        organization_id, client_id = self._ids.new_id(), self._ids.new_id()
        secret = urlsafe_b64encode(self._ids.random_bytes(32)).rstrip(b"=").decode()
        async with self._database.write() as connection:
            await connection.execute(
                organizations.insert().values(
                    id=organization_id, name=name, redirect_origins=list(redirect_origins), created_at=now
                )
            )
            await connection.execute(
                clients.insert().values(id=client_id, organization_id=organization_id, created_at=now)
            )
            await connection.execute(
                client_secrets.insert().values(secret_hash=hash_secret(secret), client_id=client_id, created_at=now)
            )
        return ClientPair(organization_id, client_id, SecretStr(secret))

    async def find_organization(self, organization_id: str) -> Organization | None:
        """The organization with that id."""
        query = select(organizations).where(organizations.c.id == organization_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else Organization(row.id, row.name, tuple(row.redirect_origins))

    async def find_client_organization(self, client_id: str, client_secret: str) -> str | None:
        """The organization of a client pair; None when the pair is unknown, revoked, or it or the other is disabled."""
        query = (
            select(clients.c.organization_id)
            .join(client_secrets, client_secrets.c.client_id == clients.c.id)
            .join(organizations, organizations.c.id == clients.c.organization_id)
            .where(
                organizations.c.disabled_at.is_(None),
                client_secrets.c.secret_hash == hash_secret(client_secret),
                client_secrets.c.revoked_at.is_(None),
                clients.c.id == client_id,
                clients.c.disabled_at.is_(None),
            )
        )
        async with self._database.read() as connection:
            return await connection.scalar(query)

    async def is_client_live(self, client_id: str) -> bool:
        """Whether tokens of this client still count."""
        query = (
            select(clients.c.id)
            .join(organizations, organizations.c.id == clients.c.organization_id)
            .where(clients.c.id == client_id, clients.c.disabled_at.is_(None), organizations.c.disabled_at.is_(None))
        )
        async with self._database.read() as connection:
            return await connection.scalar(query) is not None

    async def is_let_in(self, grant_id: str) -> bool:
        """Whether tokens of the MCP client that was let in with this grant still count."""
        async with self._database.read() as connection:
            return await connection.scalar(select(mcp_grants.c.id).where(mcp_grants.c.id == grant_id)) is not None

    async def ensure_workspace(self, organization_id: str, name: str) -> Workspace:
        """The organization's live workspace of that name, created if there is none."""
        found = await self.find_workspace(organization_id, name=name)
        if found is not None:
            return found
        now = self._clock.now()
        insert = workspaces.insert().values(
            id=self._ids.new_id(),
            organization_id=organization_id,
            name=name,
            folded_name=name.casefold(),
            status=ACTIVE,
            created_at=now,
            updated_at=now,
        )
        try:
            async with self._database.write() as connection:
                await connection.execute(insert)
        except IntegrityError:
            pass  # another request created it in the meantime
        return await self.ensure_workspace(organization_id, name)

    async def find_workspace(
        self, organization_id: str, *, name: str | None = None, workspace_id: str | None = None
    ) -> Workspace | None:
        """The organization's live workspace with that name or id."""
        wanted = workspaces.c.name == name if workspace_id is None else workspaces.c.id == workspace_id
        query = select(workspaces).where(
            wanted, workspaces.c.organization_id == organization_id, workspaces.c.deleted_at.is_(None)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else workspace_of(row)


def workspace_of(row: Row[tuple[object, ...]]) -> Workspace:
    """The workspace in a row of its table."""
    return Workspace(
        row.id, row.organization_id, row.name, row.status, row.cache_enabled, row.created_at, row.updated_at
    )
