"""Who may send how much to a HubSpot account and when: a row for each window, read and written in one transaction."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from airbyte_agent_hubspot._windows import BULK_SHARE
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import hubspot_windows as rows
from airbyte_agent_server.ports import Clock

AHEAD_SHARE = 4
"""Of what is free, the part (one of so many) that goes to whoever does not need it yet."""
PROMISED_WINDOWS = 3
"""So many windows ahead are places promised; what a process that dies was promised, nobody uses."""
_KEPT = timedelta(hours=1)
_DELETED_AT_ONCE = 500

Counts = dict[int, int]
"""Until when (in milliseconds since the epoch) how many places are taken."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Places to be used between two instants, in milliseconds since the epoch. `counted` ones are on record as used."""

    from_ms: int
    expires_ms: int
    count: int
    bulk: bool = False
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Trade:
    """What a holder reports of a window and wants of it.

    `waiting` calls have no place yet, and `sooner` were promised one that is still to come; bulk apart. They can use
    promises that begin before `promised_before_ms`, and `returned` ones they cannot: when how many of them begin.
    `used` and `held` count until they cannot matter any more: a use one window longer, a place that may still be used
    one window after it expires. `told_calls` is what HubSpot said it allows, 0 if it said nothing.
    """

    key: str
    holder: str
    told_calls: int
    default_calls: int
    window_ms: int
    life_ms: int
    waiting: int = 0
    sooner: int = 0
    waiting_bulk: int = 0
    ahead: int = 0
    promised_before_ms: float = math.inf
    returned: Counts = field(default_factory=dict)
    used: Counts = field(default_factory=dict)
    held: Counts = field(default_factory=dict)
    closed_until_ms: int = 0


@dataclass(frozen=True, slots=True)
class Grant:
    """What the holder got, and what all holders know of the window.

    `promised_from_ms`: when the next promise would begin, 0 if nobody knows.
    """

    slices: tuple[Slice, ...]
    calls: int
    closed_until_ms: int
    promised_from_ms: int = 0


class WindowState(msgspec.Struct):
    """What is taken of one window, by uses and by places that somebody still holds.

    A promise counts as a use already; `spare` are those that nobody waits for any more, by when they begin.
    """

    uses: Counts = msgspec.field(default_factory=dict)
    held: dict[str, Counts] = msgspec.field(default_factory=dict)
    spare: Counts = msgspec.field(default_factory=dict)
    calls: int = 0
    closed_until_ms: int = 0

    def settle(self, trade: Trade, now_ms: int) -> Grant:
        """Take in the report and hand out places: free ones, then those that come free while somebody waits."""
        for until_ms, count in trade.used.items():
            self.uses[until_ms] = self.uses.get(until_ms, 0) + count
        self.held[trade.holder] = dict(trade.held)
        self.calls = trade.told_calls or self.calls
        self.closed_until_ms = max(self.closed_until_ms, trade.closed_until_ms)
        self._take_back(trade)
        self._prune(now_ms)
        calls = self.calls or trade.default_calls
        slices: list[Slice] = []
        if now_ms >= self.closed_until_ms:
            slices = self._hand_out(trade, now_ms, calls)
        mine = Counter(self.held.pop(trade.holder, {}))
        for part in slices:
            if not part.counted:
                mine[part.expires_ms + trade.window_ms] += part.count
        if mine:
            self.held[trade.holder] = dict(mine)
        return Grant(tuple(slices), calls, self.closed_until_ms, self._promised_from_ms(calls))

    def _hand_out(self, trade: Trade, now_ms: int, calls: int) -> list[Slice]:
        taken = self._taken()
        free = max(0, calls - taken)
        needed = min(free, trade.waiting + trade.sooner)
        ahead = min(trade.ahead, (free - needed) // AHEAD_SHARE)
        left_alone = calls - int(calls * BULK_SHARE)
        bulk = max(0, min(free - needed - ahead - left_alone, trade.waiting_bulk))
        expires_ms = now_ms + trade.life_ms
        slices = [Slice(now_ms, expires_ms, needed + ahead), Slice(now_ms, expires_ms, bulk, bulk=True)]
        # Who got a place now leaves the one that it was promised to those behind.
        before_ms = min(trade.promised_before_ms, now_ms + PROMISED_WINDOWS * trade.window_ms)
        slices += self._promise(trade.waiting - needed, trade.window_ms, before_ms, surplus=max(0, taken - calls))
        return [part for part in slices if part.count]

    def _taken(self) -> int:
        return sum(self.uses.values()) + sum(sum(counts.values()) for counts in self.held.values())

    def _promise(self, wanted: int, window_ms: int, before_ms: float, *, surplus: int) -> list[Slice]:
        """Places whose use ends, for calls that wait: they are used again at that very instant."""
        slices = []
        while wanted > 0:
            from_ms, count = self._next_promise(surplus)
            if from_ms >= before_ms:
                break
            count = min(wanted, count)
            wanted -= count
            slices.append(Slice(int(from_ms), int(from_ms), count, counted=True))
            self._begin_anew(int(from_ms), count, window_ms)
        return slices

    def _next_promise(self, surplus: int) -> tuple[float, int]:
        """When the next places can be used again, and how many.

        Those of the first `surplus` uses that end can not: HubSpot allows fewer than it did.
        """
        for until_ms in sorted({*self.uses, *self.spare}):
            spare, used = self.spare.get(until_ms, 0), self.uses.get(until_ms, 0)
            kept = min(surplus, used)
            surplus -= kept
            if spare or used > kept:
                return until_ms, spare or used - kept
        return math.inf, 0

    def _begin_anew(self, from_ms: int, count: int, window_ms: int) -> None:
        spare = min(count, self.spare.get(from_ms, 0))
        if spare:
            self.spare[from_ms] -= spare
        else:
            self.uses[from_ms] -= count
            self.uses[from_ms + window_ms] = self.uses.get(from_ms + window_ms, 0) + count

    def _take_back(self, trade: Trade) -> None:
        """Let the places of promises be free when those would have begun.

        Some were promised to later calls meanwhile. They count as used, but others may use them before.
        """
        for from_ms, count in trade.returned.items():
            until_ms = from_ms + trade.window_ms
            back = min(count, self.uses.get(until_ms, 0))
            self.uses[until_ms] = self.uses.get(until_ms, 0) - back
            self.uses[from_ms] = self.uses.get(from_ms, 0) + back
            self.spare[from_ms] = self.spare.get(from_ms, 0) + count - back

    def _promised_from_ms(self, calls: int) -> int:
        """When the next promise would begin; 0 if places are free, or held by somebody who may not use them."""
        surplus = self._taken() - calls
        from_ms = self._next_promise(max(0, surplus))[0]
        return 0 if surplus < 0 or math.isinf(from_ms) else int(from_ms)

    def _prune(self, now_ms: int) -> None:
        self.uses = _living(self.uses, now_ms)
        self.spare = _living(self.spare, now_ms)
        held = {holder: _living(counts, now_ms) for holder, counts in self.held.items()}
        self.held = {holder: counts for holder, counts in held.items() if counts}


def _living(counts: Counts, now_ms: int) -> Counts:
    return {until_ms: count for until_ms, count in counts.items() if until_ms > now_ms and count}


class Ledger:
    """The rows."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def trade(self, trades: Sequence[Trade]) -> list[Grant]:
        """Report and ask for several windows at once.

        Raises:
            ProblemError: `unavailable`.
        """
        keys = sorted({trade.key for trade in trades})
        async with self._database.write() as connection:
            states = await self._read(connection, keys)
            if len(states) < len(keys):
                await self._insert(connection, [key for key in keys if key not in states])
                states = await self._read(connection, keys)
            now_ms = int(self._clock.now_s() * 1000)
            grants = [states[trade.key].settle(trade, now_ms) for trade in trades]
            for key, state in states.items():
                values = {"state": msgspec.to_builtins(state, str_keys=True), "traded_at": self._clock.now()}
                await connection.execute(update(rows).where(rows.c.key == key).values(values))
        return grants

    @staticmethod
    async def _read(connection: AsyncConnection, keys: Sequence[str]) -> dict[str, WindowState]:
        # In one order, so that processes wait for each other instead of deadlocking.
        query = select(rows.c.key, rows.c.state).where(rows.c.key.in_(keys)).order_by(rows.c.key).with_for_update()
        found = (await connection.execute(query)).all()
        return {row.key: msgspec.convert(row.state, WindowState, strict=False) for row in found}

    async def _insert(self, connection: AsyncConnection, keys: Sequence[str]) -> None:
        insert = insert_postgresql if connection.dialect.name == "postgresql" else insert_sqlite
        values = [{"key": key, "state": {}, "traded_at": self._clock.now()} for key in keys]
        await connection.execute(insert(rows).values(values).on_conflict_do_nothing())

    async def forget_idle(self) -> int:
        """Delete some rows that nobody has traded in for long; how many."""
        idle = select(rows.c.key).where(rows.c.traded_at < self._clock.now() - _KEPT).limit(_DELETED_AT_ONCE)
        async with self._database.write() as connection:
            found = (await connection.scalars(idle.with_for_update(skip_locked=True))).all()
            await connection.execute(delete(rows).where(rows.c.key.in_(found)))
        return len(found)
