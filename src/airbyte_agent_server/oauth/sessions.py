"""Browser connect sessions: a client that cannot receive a redirect starts one, and asks until a browser is done."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Row, delete, select, update

from airbyte_agent_server.accounts.store import Workspace
from airbyte_agent_server.connectors.registry import ConnectorType
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import connect_sessions
from airbyte_agent_server.ports import Clock, IdSource
from airbyte_agent_server.problems import ProblemError

LIFE_S = 1800
_KEPT_S = 24 * 3600
_EXPIRED = "expired"


class SessionStatus(StrEnum):
    """How far a session is."""

    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ConnectSession:
    """One session. `connector_id` is what it led to, `error` why it led to nothing."""

    id: str
    organization_id: str
    workspace_id: str
    connector_type: str
    status: SessionStatus
    error: str | None
    connector_id: str | None
    expires_at: datetime


class ConnectSessions:
    """Keeps sessions. What one ends with never changes."""

    def __init__(self, database: Database, *, clock: Clock, ids: IdSource) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    async def start(self, workspace: Workspace, kind: ConnectorType) -> str:
        """A new session's id."""
        session_id = self._ids.new_id()
        async with self._database.write() as connection:
            await connection.execute(
                connect_sessions.insert().values(
                    id=session_id,
                    organization_id=workspace.organization_id,
                    workspace_id=workspace.id,
                    connector_type=kind.slug,
                    status=SessionStatus.PENDING,
                    expires_at=self._clock.now() + timedelta(seconds=LIFE_S),
                )
            )
        return session_id

    async def find(self, organization_id: str, session_id: str) -> ConnectSession:
        """A session of the organization; one that took too long has failed.

        Raises:
            ProblemError: `session_not_found`.
        """
        query = select(connect_sessions).where(
            connect_sessions.c.id == session_id, connect_sessions.c.organization_id == organization_id
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise session_not_found(session_id)
        return _session(row, now=self._clock.now())

    async def find_pending(self, organization_id: str, session_id: str) -> ConnectSession:
        """A session that something can still come of.

        Raises:
            ProblemError: `session_not_found`, `session_consumed`.
        """
        session = await self.find(organization_id, session_id)
        if session.status != SessionStatus.PENDING:
            raise _consumed(session)
        return session

    async def complete(self, session: ConnectSession, connector_id: str) -> ConnectSession:
        """End it with a connector; ending it twice with the same one is once.

        Raises:
            ProblemError: `session_consumed`: it ended otherwise.
        """
        await self._end(session.id, status=SessionStatus.COMPLETED, connector_id=connector_id)
        ended = await self.find(session.organization_id, session.id)
        if ended.connector_id != connector_id:
            raise _consumed(ended)
        return ended

    async def fail(self, session_id: str, error: str) -> None:
        """End it without a connector, unless it has ended."""
        await self._end(session_id, status=SessionStatus.FAILED, error=error)

    async def _end(self, session_id: str, **columns: str) -> None:
        async with self._database.write() as connection:
            await connection.execute(
                update(connect_sessions)
                .where(
                    connect_sessions.c.id == session_id,
                    connect_sessions.c.status == SessionStatus.PENDING,
                    connect_sessions.c.expires_at > self._clock.now(),
                )
                .values(columns)
            )

    async def sweep(self) -> int:
        """Delete the sessions that nobody asks for any more; how many."""
        before = self._clock.now() - timedelta(seconds=_KEPT_S)
        async with self._database.write() as connection:
            done = await connection.execute(delete(connect_sessions).where(connect_sessions.c.expires_at < before))
        return done.rowcount


def session_not_found(session_id: str) -> ProblemError:
    """The error for a session that is unknown, or another tenant's."""
    return ProblemError("session_not_found", f"There is no connect session {session_id}: start a new one.")


def _consumed(session: ConnectSession) -> ProblemError:
    return ProblemError(
        "session_consumed", f"The connect session has ended already, {session.status}: start a new one."
    )


def _session(row: Row[tuple[object, ...]], *, now: datetime) -> ConnectSession:
    expired = row.status == SessionStatus.PENDING and row.expires_at <= now
    return ConnectSession(
        row.id,
        row.organization_id,
        row.workspace_id,
        row.connector_type,
        SessionStatus.FAILED if expired else SessionStatus(row.status),
        _EXPIRED if expired else row.error,
        row.connector_id,
        row.expires_at,
    )
