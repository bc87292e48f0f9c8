"""What MCP clients are let in with. Only hashes of secrets are kept, and each secret works once.

A connect code is exchanged for an authorization code at the consent page, that for a refresh token, and each refresh
token for the next one. All that comes from one connect code is one row, which knows only the secret that is good now:
when another one of its secrets comes back, one of the two senders is a thief, and the row goes.

Source: RFC 9700, sections 4.13 and 4.14
"""

import hmac
import logging
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec
from sqlalchemy import Row, delete, select, update

from airbyte_agent_server.accounts.store import Workspace, hash_secret
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import mcp_grants
from airbyte_agent_server.ports import Clock, IdSource
from airbyte_agent_server.tokens.claims import Permissions
from airbyte_agent_server.tokens.signer import PermissionsClaim, permissions_claim, permissions_of

_log = logging.getLogger(__name__)

_SECRET_BYTES = 32


class GrantKind(StrEnum):
    """What a secret is good for."""

    CONNECT = "connect"
    CODE = "code"
    REFRESH = "refresh"


GRANT_LIFE_S = {GrantKind.CONNECT: 600, GrantKind.CODE: 60, GrantKind.REFRESH: 30 * 24 * 3600}


@dataclass(frozen=True, slots=True)
class Grant:
    """What a secret stands for. Without `program_hash` and what follows it is a connect code, for any MCP client."""

    id: str
    organization_id: str
    workspace_id: str
    client_id: str
    permissions: Permissions
    program_hash: str | None = None
    program_name: str | None = None
    redirect_uri: str | None = None
    code_challenge: str | None = None
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class LetIn:
    """An MCP client that was let in and has tokens."""

    id: str
    name: str
    redirect_uri: str
    resource: str
    permissions: Permissions
    created_at: datetime
    expires_at: datetime


class GrantStore:
    """Keeps grants. A secret is the grant's id and what is kept hashed."""

    def __init__(self, database: Database, *, clock: Clock, ids: IdSource) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    async def invite(self, workspace: Workspace, client_id: str, permissions: Permissions) -> str:
        """A connect code for the workspace, on behalf of one of the organization's clients."""
        grant = Grant(self._ids.new_id(), workspace.organization_id, workspace.id, client_id, permissions)
        secret = self._new_secret(grant)
        columns = _columns(grant) | self._good_now(GrantKind.CONNECT, secret) | {"created_at": self._clock.now()}
        async with self._database.write() as connection:
            await connection.execute(mcp_grants.insert().values(columns))
        return secret

    async def find(self, kind: GrantKind, secret: str) -> Grant | None:
        """What the secret stands for. One that was good before, and is no connect code, ends the grant."""
        grant_id = _id_in(secret)
        if grant_id is None:
            return None
        async with self._database.read() as connection:
            row = (await connection.execute(select(mcp_grants).where(mcp_grants.c.id == grant_id))).one_or_none()
        if row is None:
            return None
        known = row.kind == kind and hmac.compare_digest(row.secret_hash, hash_secret(secret))
        if known and row.expires_at > self._clock.now():
            return _grant(row)
        if GrantKind.CONNECT not in {kind, row.kind}:  # a person may well paste a code twice
            await self._end_thief(kind, grant_id)
        return None

    async def replace(self, kind: GrantKind, secret: str, *, by: GrantKind, grant: Grant) -> str | None:
        """The secret that comes after this one, with what it stands for; None if somebody else was quicker."""
        following = self._new_secret(grant)
        used = (mcp_grants.c.id == grant.id, mcp_grants.c.secret_hash == hash_secret(secret))
        columns = _columns(grant) | self._good_now(by, following)
        async with self._database.write() as connection:
            done = await connection.execute(update(mcp_grants).where(*used).values(columns))
        if done.rowcount == 1:
            return following
        if kind != GrantKind.CONNECT:
            await self._end_thief(kind, grant.id)
        return None

    async def _end_thief(self, kind: GrantKind, grant_id: str) -> None:
        _log.warning("a used or expired %s of an MCP client came back: all that came of it has ended", kind)
        await self.end(grant_id)

    async def end(self, grant_id: str) -> None:
        """End all that came of one connect code."""
        async with self._database.write() as connection:
            await connection.execute(delete(mcp_grants).where(mcp_grants.c.id == grant_id))

    async def end_by_secret(self, secret: str) -> None:
        """End what a refresh token belongs to, whether it is still good or not."""
        grant_id = _id_in(secret)
        own = (mcp_grants.c.id == grant_id, mcp_grants.c.kind == GrantKind.REFRESH)
        async with self._database.write() as connection:
            await connection.execute(delete(mcp_grants).where(*own))

    async def list_let_in(self, workspace_id: str) -> list[LetIn]:
        """The MCP clients that were let into a workspace, oldest first."""
        own = (mcp_grants.c.workspace_id == workspace_id, mcp_grants.c.kind == GrantKind.REFRESH)
        live = mcp_grants.c.expires_at > self._clock.now()
        query = select(mcp_grants).where(*own, live).order_by(mcp_grants.c.created_at, mcp_grants.c.id)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [
            LetIn(
                row.id,
                row.program_name,
                row.redirect_uri,
                row.resource,
                _permissions(row),
                row.created_at,
                row.expires_at,
            )
            for row in rows
        ]

    async def shut_out(self, workspace_id: str, grant_id: str) -> bool:
        """End what a workspace's MCP client was let in with; False if there is none."""
        own = (mcp_grants.c.id == grant_id, mcp_grants.c.workspace_id == workspace_id)
        async with self._database.write() as connection:
            done = await connection.execute(delete(mcp_grants).where(*own, mcp_grants.c.kind == GrantKind.REFRESH))
        return done.rowcount == 1

    def _new_secret(self, grant: Grant) -> str:
        random = urlsafe_b64encode(self._ids.random_bytes(_SECRET_BYTES)).rstrip(b"=").decode()
        return f"{grant.id}.{random}"

    def _good_now(self, kind: GrantKind, secret: str) -> dict[str, object]:
        expires_at = self._clock.now() + timedelta(seconds=GRANT_LIFE_S[kind])
        return {"kind": kind, "secret_hash": hash_secret(secret), "expires_at": expires_at}


def _id_in(secret: str) -> str | None:
    try:
        return str(UUID(secret.partition(".")[0]))
    except ValueError:
        return None


def _columns(grant: Grant) -> dict[str, object]:
    columns: dict[str, object] = {name: getattr(grant, name) for name in Grant.__dataclass_fields__}
    return columns | {"permissions": msgspec.to_builtins(permissions_claim(grant.permissions))}


def _permissions(row: Row[tuple[object, ...]]) -> Permissions:
    return permissions_of(msgspec.convert(row.permissions, PermissionsClaim))


def _grant(row: Row[tuple[object, ...]]) -> Grant:
    return Grant(
        row.id,
        row.organization_id,
        row.workspace_id,
        row.client_id,
        _permissions(row),
        row.program_hash,
        row.program_name,
        row.redirect_uri,
        row.code_challenge,
        row.resource,
    )
