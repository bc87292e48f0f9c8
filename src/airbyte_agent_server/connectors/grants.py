"""What our OAuth flow obtained and no connector holds yet: sealed, short-lived, used once."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from airbyte_agent_server.accounts.store import Workspace, hash_secret
from airbyte_agent_server.connectors.validation import Validated
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import oauth_grants
from airbyte_agent_server.db.types import identity_of
from airbyte_agent_server.hubspot import AccountFacts
from airbyte_agent_server.ports import Clock, IdSource, Sealer
from airbyte_agent_server.problems import ProblemError, field_problem
from airbyte_agent_server.vault.secrets import decode_secret, encode_secret

LIFE_S = 600
SECRET_BYTES = 32


class _Kept(msgspec.Struct, frozen=True):
    secret: msgspec.Raw
    hub_id: int | None
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant that waits for its connector."""

    secret_hash: str
    validated: Validated


class GrantStore:
    """Keeps grants under the hash of the `secret_id` that stands for them."""

    def __init__(self, database: Database, sealer: Sealer, *, clock: Clock, ids: IdSource) -> None:
        self._database = database
        self._sealer = sealer
        self._clock = clock
        self._ids = ids

    async def add(self, workspace: Workspace, connector_type: str, validated: Validated) -> str:
        """Keep a grant; the `secret_id` to fetch it with."""
        secret_id = new_secret_id(self._ids)
        secret_hash = hash_secret(secret_id)
        facts = validated.facts
        plaintext = msgspec.json.encode(_Kept(msgspec.Raw(encode_secret(validated.secret)), facts.hub_id, facts.scopes))
        sealed = await self._sealer.seal(plaintext, owner=workspace.id, identity=_identity(secret_hash))
        now = self._clock.now()
        async with self._database.write() as connection:
            await connection.execute(delete(oauth_grants).where(oauth_grants.c.expires_at <= now))
            await connection.execute(
                oauth_grants.insert().values(
                    secret_hash=secret_hash,
                    organization_id=workspace.organization_id,
                    workspace_id=workspace.id,
                    connector_type=connector_type,
                    sealed=sealed,
                    expires_at=now + timedelta(seconds=LIFE_S),
                )
            )
        return secret_id

    async def find(self, secret_id: str, workspace: Workspace | None, connector_type: str) -> Grant:
        """The grant behind a `secret_id`; it stays usable until `consume`.

        Raises:
            ProblemError: `invalid_secret_id`: unknown, used, expired, or of another workspace or type.
        """
        if workspace is None:
            raise _invalid()
        secret_hash = hash_secret(secret_id)
        query = select(oauth_grants).where(
            oauth_grants.c.secret_hash == secret_hash,
            oauth_grants.c.workspace_id == workspace.id,
            oauth_grants.c.connector_type == connector_type,
            oauth_grants.c.expires_at > self._clock.now(),
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise _invalid()
        plaintext = await self._sealer.open(row.sealed, identity=_identity(secret_hash))
        kept = msgspec.json.decode(plaintext, type=_Kept)
        facts = AccountFacts(kept.hub_id, kept.scopes)
        return Grant(secret_hash, Validated(decode_secret(bytes(kept.secret)), facts))

    async def consume(self, connection: AsyncConnection, grant: Grant) -> None:
        """Use the grant up, in the transaction that stores its connector.

        Raises:
            ProblemError: `invalid_secret_id`: somebody else was faster.
        """
        done = await connection.execute(delete(oauth_grants).where(oauth_grants.c.secret_hash == grant.secret_hash))
        if done.rowcount != 1:
            raise _invalid()


def new_secret_id(ids: IdSource) -> str:
    """256 random bits that are safe in a URL."""
    return urlsafe_b64encode(ids.random_bytes(SECRET_BYTES)).rstrip(b"=").decode()


def _identity(secret_hash: str) -> str:
    return identity_of(oauth_grants.c.sealed, secret_hash=secret_hash)


def _invalid() -> ProblemError:
    return field_problem("invalid_secret_id", "server_side_oauth_secret_id", "Invalid secret_id")
