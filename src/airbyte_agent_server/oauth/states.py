"""Consents under way. Only the hash of a state is kept, and it can be used once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete

from airbyte_agent_server.accounts.store import hash_secret
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import oauth_states
from airbyte_agent_server.oauth.flow import Completion, invalid_state
from airbyte_agent_server.ports import Clock


@dataclass(frozen=True, slots=True)
class PendingConsent:
    """Everything a consent was started with. `sealed_verifier` is PKCE's, where it is used."""

    organization_id: str
    workspace_id: str
    connector_type: str
    redirect_url: str
    completion: Completion
    app_client_id: str
    app_id: str | None
    connector_id: str | None
    session_id: str | None
    allow_account_change: bool
    name: str | None
    replication_config: Mapping[str, object]
    entities: Sequence[Mapping[str, object]] | None
    token_id: str
    expires_at: datetime
    sealed_verifier: bytes | None = None


class StateStore:
    """Keeps pending consents under the hash of their state."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, state: str, pending: PendingConsent) -> None:
        """Remember a consent that starts now; expired ones are forgotten."""
        columns: dict[str, object] = {name: getattr(pending, name) for name in PendingConsent.__dataclass_fields__}
        async with self._database.write() as connection:
            await connection.execute(delete(oauth_states).where(oauth_states.c.expires_at <= self._clock.now()))
            await connection.execute(oauth_states.insert().values(state_hash=hash_secret(state), **columns))

    async def consume(self, state: str) -> PendingConsent:
        """The consent that a state stands for; the state is worthless from now on.

        Raises:
            ProblemError: `invalid_state`.
        """
        statement = (
            delete(oauth_states)
            .where(
                oauth_states.c.state_hash == hash_secret(state),
                oauth_states.c.expires_at > self._clock.now(),
            )
            .returning(*(oauth_states.c[name] for name in PendingConsent.__dataclass_fields__))
        )
        async with self._database.write() as connection:
            row = (await connection.execute(statement)).one_or_none()
        if row is None:
            raise invalid_state()
        columns = dict(row._mapping)  # noqa: SLF001  # SQLAlchemy's documented access by name
        return PendingConsent(**{**columns, "completion": Completion(columns["completion"])})
