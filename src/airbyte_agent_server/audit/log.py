"""Takes rows from calls, and sees to it that they reach the database.

Promised: a call that was answered is on record. A row is in the journal before its call is answered, so it survives
the end of this process (`kill -9` too); with `durable` it also survives a power failure. Rows are never dropped: when
too many wait for the database, new calls wait, and are refused before anything is done.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from airbyte_agent_server.audit.journal import Journal, Segment
from airbyte_agent_server.audit.store import CallStore
from airbyte_agent_server.ports import LEAST_ID, Clock, timed_id
from airbyte_agent_server.problems import ProblemError

_log = logging.getLogger(__name__)

PAUSE_S = 0.25
"""Between two batches, so that they are worth a transaction."""
_RETRY_S = 1.0
_WAIT_S = 5.0
_ORPHANS_EVERY_S = 60.0
_DELETED_AT_ONCE = 5000
_ADOPTED_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class _Batch:
    lines: list[bytes]
    segment: Segment | None


class AuditLog:
    """The rows of this process, from the call to the database. `places`: how many may be on the way."""

    def __init__(
        self,
        store: CallStore,
        journal: Journal,
        *,
        clock: Clock,
        durable: bool,
        retention_days: int,
        places: int = 20_000,
    ) -> None:
        self._store = store
        self._journal = journal
        self._clock = clock
        self.durable = durable
        self._retention = timedelta(days=retention_days)
        self._free = self._places = places
        self._room = asyncio.Event()
        self._room.set()
        self._lines: list[bytes] = []
        self._batch: _Batch | None = None
        """On its way to the database."""
        self._some = asyncio.Event()
        self._writing = asyncio.Lock()
        self._writer: asyncio.Task[None] | None = None
        self._orphans_at_s = 0.0

    async def start(self) -> None:
        """Take over what dead processes left, and begin to write.

        Raises:
            OSError: the journal's folder cannot be written to.
        """
        self._journal.open()
        await self._adopt_orphans()
        self._writer = asyncio.create_task(self._write_for_ever(), name="audit writer")

    async def stop(self) -> None:
        """Write what there is. What the database does not take now stays in the journal for the next start."""
        if self._writer is None:
            return
        self._writer.cancel()
        await asyncio.gather(self._writer, return_exceptions=True)
        self._writer = None
        try:
            await self.flush()
        except ProblemError as problem:
            _log.warning("tool calls stay in the journal until the next start: %s", problem.message)
            self._leave_to_the_next_start()

    def _leave_to_the_next_start(self) -> None:
        self.write_out()
        for segment in (self._journal.cut(), None if self._batch is None else self._batch.segment):
            if segment is not None:
                segment.release()
        self._batch, self._lines = None, []

    async def take_place(self) -> None:
        """Reserve room for one row, before its call does anything.

        Raises:
            ProblemError: `unavailable`: the database has not taken rows for too long.
        """
        while not self.take_free_place():
            self._room.clear()
            try:
                async with asyncio.timeout(_WAIT_S):
                    await self._room.wait()
            except TimeoutError:
                raise ProblemError(
                    "unavailable",
                    "The record of calls cannot be written at present, so none is carried out: try again.",
                    retry_after_s=_WAIT_S,
                ) from None

    def take_free_place(self) -> bool:
        """Reserve room for one row, if there is any."""
        if self._free <= 0:
            return False
        self._free -= 1
        return True

    def give_place_back(self) -> None:
        """There will be no row after all."""
        self._free += 1
        self._room.set()

    def add(self, line: bytes) -> None:
        """Keep a row, whose place was taken before. Its call may be answered after the next `write_out`."""
        if not self._lines:
            self._some.set()
        self._lines.append(line)
        self._journal.append(line)

    def write_out(self) -> None:
        """Have all rows survive the end of this process."""
        try:
            self._journal.write_out()
        except OSError as error:
            # The rows are in memory, and on their way to the database: the calls are over, and an error would deny it.
            _log.error("the journal of tool calls cannot be written: %s", error.strerror)  # no trace

    @property
    def waiting(self) -> int:
        """How many rows are on their way to the database, or have a place taken for them."""
        return self._places - self._free

    async def settled(self) -> None:
        """Wait until the disk has every row, if the settings demand it."""
        self.write_out()
        if self.durable:
            await self._journal.synced()

    async def flush(self) -> None:
        """Write every row that is there to the database.

        Raises:
            ProblemError: `unavailable`; the rows are kept.
        """
        async with self._writing:
            while self._batch is not None or self._lines:
                if self._batch is None:
                    self.write_out()
                    self._batch = _Batch(self._lines, self._journal.cut())
                    self._lines = []
                await self._write(self._batch)
                self._free += len(self._batch.lines)
                self._room.set()
                self._batch = None
            self._some.clear()

    async def _write(self, batch: _Batch) -> None:
        try:
            await self._store.insert(batch.lines)
        except SQLAlchemyError:
            _log.exception("the database refuses a batch of tool calls: its rows are written one by one")
            await self._write_apart(batch)
        if batch.segment is not None:
            batch.segment.remove()

    async def _write_apart(self, batch: _Batch) -> None:
        """Write what can be written; what cannot is put aside."""
        for line in batch.lines:
            try:
                await self._store.insert([line])
            except SQLAlchemyError:
                _log.error("a tool call cannot be stored; it is kept in %s", self._journal.put_aside(line))

    async def _write_for_ever(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_ORPHANS_EVERY_S):
                    await self._some.wait()
            except TimeoutError:
                pass
            await asyncio.sleep(PAUSE_S)
            try:
                await self.flush()
                if self._clock.monotonic_s() >= self._orphans_at_s:
                    await self._adopt_orphans()
            except ProblemError as problem:
                _log.warning("tool calls wait in the journal: %s", problem.message)
                await asyncio.sleep(_RETRY_S)

    async def _adopt_orphans(self) -> None:
        """Write the rows of processes that died."""
        self._orphans_at_s = self._clock.monotonic_s() + _ORPHANS_EVERY_S
        for segment in self._journal.orphans():
            try:
                lines = segment.rows()
                for first in range(0, len(lines), _ADOPTED_AT_ONCE):
                    await self._write(_Batch(lines[first : first + _ADOPTED_AT_ONCE], None))
            except BaseException:
                segment.release()
                raise
            segment.remove()

    async def expire(self) -> int:
        """Delete the calls that are older than the settings keep them; how many there were."""
        end_id = timed_id(int((self._clock.now() - self._retention).timestamp() * 1000), LEAST_ID)
        deleted = total = await self._store.delete_before(end_id, at_most=_DELETED_AT_ONCE)
        while deleted == _DELETED_AT_ONCE:
            deleted = await self._store.delete_before(end_id, at_most=_DELETED_AT_ONCE)
            total += deleted
        return total
