"""Answers under idempotency keys, in the database: claimed by insert, sealed, erased after a day."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import ColumnElement, Row, delete, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import idempotency_keys as rows
from airbyte_agent_server.db.types import identity_of
from airbyte_agent_server.idempotency.keys import Answered, Claim, Failed, Kept, KeyedRequest, Settlement
from airbyte_agent_server.ports import Clock, IdSource
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.vault.sealer import EnvelopeSealer

LIFE_S = 24 * 3600
SWEEP_EVERY_S = 60
SWEPT_AT_ONCE = 1000
_LONGEST_WAIT_S = 5.0

_DECODER: msgspec.json.Decoder[Kept] = msgspec.json.Decoder(Answered | Failed)


class IdempotencyStore:
    """Says of each request under a key whether it is the first, and keeps what the first was answered.

    A claim is a row without an answer. A server that dies leaves its claims behind: once the lease has run out by
    the clock, the next request takes them over.
    """

    def __init__(self, database: Database, sealer: EnvelopeSealer, *, clock: Clock, ids: IdSource) -> None:
        self._database = database
        self._sealer = sealer
        self._clock = clock
        self._ids = ids
        self._sweep_at = clock.now()

    async def claim(self, request: KeyedRequest, *, lease_s: float) -> Claim | Kept:
        """The right to answer, or the answer that there is already.

        Raises:
            ProblemError: `idempotency_key_reused`, `idempotency_in_progress`.
        """
        now = self._clock.now()
        await self._sweep_when_due(now)
        claim = Claim(self._key_hash(request), self._ids.new_id(), request.workspace_id)
        fresh: dict[str, object] = {
            "connector_id": request.connector_id,
            "content_hash": self._content_hash(request),
            "attempt": claim.attempt,
            "leased_until": now + timedelta(seconds=lease_s),
            "expires_at": now + timedelta(seconds=LIFE_S),
            "sealed": None,
        }
        try:
            async with self._database.write() as connection:
                await connection.execute(rows.insert().values(key_hash=claim.key_hash, **fresh))
        except IntegrityError:
            pass  # the key is taken: by whom is seen below
        else:
            return claim
        async with self._database.read() as connection:
            row = (await connection.execute(select(rows).where(rows.c.key_hash == claim.key_hash))).one_or_none()
        if row is not None:
            live = row.expires_at > now
            if live and row.content_hash != fresh["content_hash"]:
                raise _reused()
            if live and row.sealed is not None:
                return _DECODER.decode(await self._sealer.open(row.sealed, identity=_identity(claim.key_hash)))
            if live and row.leased_until > now:
                raise _in_progress((row.leased_until - now).total_seconds())
            if await self._take_over(row, fresh):
                return replace(claim, interrupted=live)
        return await self.claim(request, lease_s=lease_s)  # somebody else was faster

    async def _take_over(self, row: Row[tuple[object, ...]], fresh: dict[str, object]) -> bool:
        unanswered = rows.c.sealed.is_(None) if row.sealed is None else true()
        unchanged = (rows.c.key_hash == row.key_hash, rows.c.attempt == row.attempt, unanswered)
        async with self._database.write() as connection:
            return (await connection.execute(update(rows).where(*unchanged).values(fresh))).rowcount == 1

    async def seal(self, claim: Claim, kept: Kept) -> Settlement:
        """The answer, ready to be stored. Seal before opening a write transaction."""
        sealed = await self._sealer.seal(
            msgspec.json.encode(kept), owner=claim.workspace_id, identity=_identity(claim.key_hash)
        )
        return Settlement(claim, sealed)

    async def settle(self, connection: AsyncConnection, settlement: Settlement) -> None:
        """Keep the answer, in the transaction that does what it says.

        Raises:
            ProblemError: `idempotency_in_progress`: the lease ran out, and another attempt took over.
        """
        if not await self._store(connection, settlement):
            raise _in_progress(_LONGEST_WAIT_S)

    async def keep(self, claim: Claim, kept: Kept) -> None:
        """Keep the answer to what was done already. If another attempt took over, its answer counts."""
        settlement = await self.seal(claim, kept)
        async with self._database.write() as connection:
            await self._store(connection, settlement)

    async def _store(self, connection: AsyncConnection, settlement: Settlement) -> bool:
        kept = update(rows).where(*_own(settlement.claim)).values(sealed=settlement.sealed)
        return (await connection.execute(kept)).rowcount == 1

    async def release(self, claim: Claim) -> None:
        """Give up a claim: nothing was done, and the key may be used as if it never had been."""
        async with self._database.write() as connection:
            await connection.execute(delete(rows).where(*_own(claim)))

    async def erase(self, connection: AsyncConnection, connector_id: str) -> None:
        """Destroy what is kept of a connector's calls."""
        await connection.execute(delete(rows).where(rows.c.connector_id == connector_id))

    async def _sweep_when_due(self, now: datetime) -> None:
        if now < self._sweep_at:
            return
        expired = select(rows.c.key_hash).where(rows.c.expires_at <= now).limit(SWEPT_AT_ONCE)
        async with self._database.write() as connection:
            # Another process may be sweeping too: each leaves to the other what it has locked.
            found = (await connection.scalars(expired.with_for_update(skip_locked=True))).all()
            await connection.execute(delete(rows).where(rows.c.key_hash.in_(found)))
        if len(found) < SWEPT_AT_ONCE:
            self._sweep_at = now + timedelta(seconds=SWEEP_EVERY_S)

    def _key_hash(self, request: KeyedRequest) -> str:
        named = (request.organization_id, request.workspace_id, request.route, request.key)
        return self._sealer.keyed_hash("idempotency-key", msgspec.json.encode(named).decode())

    def _content_hash(self, request: KeyedRequest) -> str:
        return self._sealer.keyed_hash("idempotency-content", hashlib.sha256(request.content).hexdigest())


def _own(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    return rows.c.key_hash == claim.key_hash, rows.c.attempt == claim.attempt, rows.c.sealed.is_(None)


def _identity(key_hash: str) -> str:
    return identity_of(rows.c.sealed, key_hash=key_hash)


def _reused() -> ProblemError:
    return ProblemError(
        "idempotency_key_reused",
        "This Idempotency-Key was sent with another request before: send a new key with this one.",
    )


def _in_progress(left_s: float) -> ProblemError:
    return ProblemError(
        "idempotency_in_progress",
        "The first request with this Idempotency-Key is still running: send it again, under the same key.",
        retry_after_s=min(left_s, _LONGEST_WAIT_S),
    )
