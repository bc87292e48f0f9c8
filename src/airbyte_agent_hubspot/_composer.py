"""Drives operations that are made of others: each of their calls is a call like any other, within one deadline."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from ._catalog import CATALOG
from ._composition import Introspect
from ._executor import Call
from ._memory import key_of
from ._retry import Progress
from .errors import (
    ConfigurationError,
    ConnectorError,
    FieldError,
    OutcomeUnknownError,
    PartlyDoneError,
    UpstreamTimeoutError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._clock import Clock
    from ._composition import Ask, Outcome, Steps, SubCall, T
    from ._memory import Memory
    from ._operation import Operation
    from ._shape import Params
    from .models import GrantedScopes, Result

Allow: TypeAlias = Callable[["Operation", "Params"], Awaitable[None]]
"""Raises for a call that may not be made."""

DONE: Final = "done"
"""`error_code` of what an error names as carried out."""
AT_ONCE: Final = 8
"""How many calls of one composed operation are under way at most."""


@dataclass(frozen=True, slots=True)
class Means:
    """What composed operations are driven with.

    `run` makes one call; `allow` raises for one that the caller may not make; `memory` keeps answers; `introspect`
    tells whose token it is.
    """

    run: Callable[[Call, Progress], Awaitable[Result]]
    clock: Clock
    memory: Memory
    allow: Allow | None = None
    introspect: Callable[[], Awaitable[GrantedScopes]] | None = None


class Composer:
    """Drives the steps of one call, and remembers which writes are done."""

    def __init__(self, means: Means, call: Call, progress: Progress) -> None:
        self._means = means
        self._call = call
        self._progress = progress
        self._done: list[FieldError] = []

    async def drive(self, steps: Steps[T]) -> T:
        """What `steps` end with.

        Raises:
            OutcomeUnknownError: a write may or may not have happened.
            PartlyDoneError: something failed after a write had been done.
            ConnectorError: whatever the steps raise.
        """
        try:
            asked = next(steps)
            while True:
                asked = steps.send(await self._answers(asked))
        except StopIteration as end:
            return cast("T", end.value)
        except ConnectorError as error:
            if not self._done:
                raise
            raise _with_done(error, self._done) from error
        finally:
            steps.close()

    async def _answers(self, asked: Sequence[Ask]) -> list[Outcome]:
        """What became of each. They run at once; if this is cancelled, so are they."""
        import asyncio  # noqa: PLC0415 - needed at the first composed call

        if len(asked) == 1:
            outcomes = [await self._outcome(asked[0])]
        else:
            places = asyncio.Semaphore(AT_ONCE)

            async def one(ask: Ask) -> Outcome:
                async with places:
                    return await self._outcome(ask)

            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(ask)) for ask in asked]
            outcomes = [task.result() for task in tasks]
        for outcome in outcomes:
            if isinstance(outcome, OutcomeUnknownError):
                raise outcome
        return outcomes

    async def _outcome(self, ask: Ask) -> Outcome:
        try:
            return await (self._introspected() if isinstance(ask, Introspect) else self._called(ask))
        except ConnectorError as error:
            return error

    async def _introspected(self) -> Result:
        if self._means.introspect is None:
            raise ConfigurationError("This executor was not told how to ask for the scopes of a token.")
        return await self._means.introspect()

    async def _called(self, asked: SubCall) -> Result:
        operation = CATALOG.find(asked.entity, asked.action)
        if operation.writes and not self._call.operation.writes:
            raise AssertionError(f"{_name(self._call.operation)} only reads: it must not ask for {_name(operation)}")
        params = operation.reader.read(asked.params)
        if self._means.allow is not None:
            await self._means.allow(operation, params)
        if asked.max_age_s > 0:
            return await self._remembered(operation, params, asked.max_age_s)
        try:
            result = await self._sent(operation, params)
        except OutcomeUnknownError as error:
            call = {"entity": operation.entity, "action": operation.action, "params": params}
            raise OutcomeUnknownError(
                error.message,
                errors=[FieldError("", error.message, error.code, {"call": call})],
                upstream=error.upstream,
                request_id=error.request_id,
            ) from error
        if operation.writes:
            self._done.append(_done(operation, params, result))
        return result

    async def _remembered(self, operation: Operation, params: Params, max_age_s: float) -> Result:
        import asyncio  # noqa: PLC0415 - loaded already

        left_s = self._left_s()
        try:
            async with asyncio.timeout(left_s):
                return await self._means.memory.recall(
                    key_of(Call(operation, params)),
                    lambda: self._sent(operation, params),
                    now_s=self._means.clock.monotonic_s(),
                    max_age_s=max_age_s,
                )
        except TimeoutError as error:
            raise _too_late(self._call.operation) from error

    async def _sent(self, operation: Operation, params: Params) -> Result:
        call = Call(operation, params, timeout_s=self._left_s(), bulk=self._call.bulk)
        progress = Progress(deadline_s=self._progress.deadline_s)
        try:
            return await self._means.run(call, progress)
        finally:
            self._progress.upstream_calls += progress.upstream_calls
            self._progress.retries += progress.retries

    def _left_s(self) -> float:
        """Seconds until the deadline of the whole.

        Raises:
            UpstreamTimeoutError: there are none.
        """
        deadline_s = cast("float", self._progress.deadline_s)
        left_s = deadline_s - self._means.clock.monotonic_s()
        if left_s <= 0:
            raise _too_late(self._call.operation)
        return left_s


def _name(operation: Operation) -> str:
    return f"{operation.entity}.{operation.action}"


def _too_late(operation: Operation) -> UpstreamTimeoutError:
    return UpstreamTimeoutError(
        f"{_name(operation)} takes several calls, and they did not end in time. Ask for less, or allow more time."
    )


def _done(operation: Operation, params: Mapping[str, object], result: Result) -> FieldError:
    """A write that was carried out, as errors that come later name it."""
    shown = result.to_dict()
    what = f"{_name(operation)}" + (f" ({shown['id']})" if "id" in shown else "")
    return FieldError(
        "",
        f"{what} was carried out.",
        DONE,
        {"entity": operation.entity, "action": operation.action, "id": shown.get("id"), "params": dict(params)},
    )


def _with_done(error: ConnectorError, done: Sequence[FieldError]) -> ConnectorError:
    """The error, with what had been done before it."""
    sentence = f"{error.message} Before that, {' '.join(item.message for item in done)} Do not repeat the whole."
    kind = OutcomeUnknownError if isinstance(error, OutcomeUnknownError) else PartlyDoneError
    return kind(
        sentence,
        errors=[*error.errors, *done],
        upstream=error.upstream,
        retry_after_s=error.retry_after_s,
        request_id=error.request_id,
    )
