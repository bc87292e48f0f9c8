"""Writes under an idempotency key: done once, answered as often as asked."""

import logging
from collections.abc import Awaitable, Callable

import msgspec

from airbyte_agent_server.idempotency.keys import Answered, Claim, Failed, Kept, KeyedRequest, body_of
from airbyte_agent_server.idempotency.store import IdempotencyStore
from airbyte_agent_server.problems import ProblemError

_log = logging.getLogger(__name__)

_MAY_HAVE_HAPPENED = frozenset({"partly_done", "result_too_large", "upstream_outcome_unknown"})
"""Errors after which the write must not be sent again. All others say that it did not happen, or may be repeated."""
_LEASE_MARGIN_S = 5.0


class Reply(msgspec.Struct, frozen=True):
    """The body of an answer of success."""

    body: bytes
    replayed: bool = False


class KeyedWrites:
    """Runs writes that carry a key."""

    def __init__(self, store: IdempotencyStore, *, deadline_s: float) -> None:
        self._store = store
        self._lease_s = deadline_s + _LEASE_MARGIN_S

    async def run(
        self,
        request: KeyedRequest,
        work: Callable[[], Awaitable[bytes]],
        *,
        repeatable: bool,
        unknown: Callable[[str], ProblemError],
    ) -> Reply:
        """The answer of `work`, or the one that the key has already.

        `repeatable`: doing the work again does no harm. `unknown` makes the error for work that was interrupted.

        Raises:
            ProblemError: what `work` raised now or then; `idempotency_key_reused`, `idempotency_in_progress`.
        """
        claim = await self._store.claim(request, lease_s=self._lease_s)
        if not isinstance(claim, Claim):
            return Reply(body_of(claim), replayed=True)
        if claim.interrupted and not repeatable:
            lost = Failed.of(unknown("The server stopped"))
            await self._keep(claim, lost)
            raise lost.replayed()
        try:
            body = await work()
        except ProblemError as problem:
            if problem.type.code in _MAY_HAVE_HAPPENED:
                await self._keep(claim, Failed.of(problem))
            else:
                await self._release(claim)
            raise
        await self._keep(claim, Answered(msgspec.Raw(body)))
        return Reply(body)

    async def _keep(self, claim: Claim, kept: Kept) -> None:
        try:
            await self._store.keep(claim, kept)
        except ProblemError as problem:
            # The write is over and its answer is true: an error would make the caller repeat it.
            _log.warning("an answer could not be kept under its idempotency key: %s", problem.message)

    async def _release(self, claim: Claim) -> None:
        try:
            await self._store.release(claim)
        except ProblemError as problem:
            _log.warning("an idempotency key could not be released: %s", problem.message)
