"""Open source execution: talks to HubSpot directly."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, Generic, TypeVar, cast

import msgspec
from msgspec.structs import replace

from ._catalog.object_types import entity_of_type
from ._composition import Composition
from ._executor import note_calls
from ._http import AnswerTimeoutError, NotSentError, TransportError
from ._lexicon.hints import HOLDERS, names_something
from ._limits import BudgetGate, SharedBudget
from ._memory import SharedMemory, key_of
from ._retry import Progress
from ._sansio import (
    MAX_ATTEMPTS,
    back_off_s,
    error_of,
    outcome_unknown,
    read_hubspot_error,
    reauthorization_required,
    unreadable,
    wait_before_retry,
)
from ._sunset import MAY_END, warn_of_sunset
from ._wire import UNREADABLE, HttpRequest
from .errors import (
    ConnectorError,
    MissingScopesError,
    RateLimitedError,
    Upstream,
    UpstreamRejectedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ._auth import Tokens
    from ._composer import Allow
    from ._composition import Steps
    from ._deadline import Deadline
    from ._executor import Call
    from ._limits import Budget
    from ._memory import Memory
    from ._operation import Operation
    from ._retry import Retrier, WaitRule
    from ._shape import Params
    from ._wire import HttpResponse
    from .models import GrantedScopes, Result

CALL_TIMEOUT_S: Final = 60.0
_ERRORS_FROM: Final = 400
_UNAUTHORIZED: Final = 401

T = TypeVar("T")
U = TypeVar("U")


class _Reading(msgspec.Struct, Generic[T]):
    """Reads answers of success as they come, so that one which cannot be read counts as a failure of HubSpot."""

    call: Call
    read: Callable[[bytes, Params], T]
    found: list[T] = []
    unreadable: Exception | None = None

    def wait_rule(self, response: HttpResponse, attempt: int, jitter: Callable[[], float]) -> float | None:
        """Seconds to wait before sending again; None after an answer that could be read."""
        resendable = self.call.operation.resendable
        if response.status >= _ERRORS_FROM:
            return wait_before_retry(response, attempt=attempt, resendable=resendable, jitter=jitter)
        try:
            self.found = [self.read(response.body, self.call.params)]
        except UNREADABLE as error:
            self.unreadable = error
            return back_off_s(attempt, jitter) if resendable and attempt < MAX_ATTEMPTS else None
        return None

    def result(self, response: HttpResponse) -> T:
        """What was read from the last answer, which is `response`."""
        if response.status >= _ERRORS_FROM:
            raise error_of(self.call.operation, response)
        if not self.found:
            raise unreadable(self.call.operation, response.body) from self.unreadable
        return self.found[0]


class LocalExecutor:
    """Runs calls against HubSpot with the tokens it is given."""

    def __init__(
        self,
        *,
        retrier: Retrier,
        base_url: str,
        tokens: Tokens,
        version: str,
        budget: Budget | None = None,
        memory: Memory | None = None,
        introspect: Callable[[], Awaitable[GrantedScopes]] | None = None,
        client_id: str | None = None,
    ) -> None:
        self._retrier = retrier
        self._base_url = base_url.rstrip("/")
        self._tokens = tokens
        self._version = version
        self._budget = budget or SharedBudget()
        self._memory = memory or SharedMemory()
        self._introspect = introspect
        self._client_id = client_id

    async def execute(self, call: Call) -> Result:
        """The call's result, decoded."""

        async def load() -> Result:
            progress = Progress()
            try:
                return await self.send(call, call.operation.shape.decode, progress)
            finally:
                note_calls(progress.upstream_calls)

        if call.max_age_s <= 0:
            return await load()
        now_s = self._retrier.clock.monotonic_s()
        return await self._memory.recall(key_of(call), load, now_s=now_s, max_age_s=call.max_age_s)

    async def send(
        self,
        call: Call,
        read: Callable[[bytes, Params], T],
        progress: Progress | None = None,
        *,
        allow: Allow | None = None,
    ) -> T:
        """What `read` makes of the body of HubSpot's answer of success and the call's parameters.

        Of an operation that is made of others, the body is the result as JSON. `progress` shows how far the call came,
        also when it fails.

        `allow` is asked before each call that an operation is made of, and raises for one that may not be made.

        Raises:
            ConnectorError: HubSpot refused, failed, or could not be reached within `call.timeout_s`; or `read`
                raised it.
        """
        timeout_s = CALL_TIMEOUT_S if call.timeout_s is None else call.timeout_s
        progress = progress or Progress()
        progress.deadline_s = self._retrier.clock.monotonic_s() + timeout_s
        try:
            return await self._answered(call, read, progress, allow)
        except (MissingScopesError, RateLimitedError) as error:
            helpful = await self._helpful(error, call, progress)
            if helpful is error:
                raise
            raise helpful from error

    async def _helpful(self, error: ConnectorError, call: Call, progress: Progress) -> ConnectorError:
        """The error with what to do about it, if that can be had within the call's time."""
        from . import _remedies as remedies  # noqa: PLC0415 - needed at the first such error
        from ._lexicon.portal import account, zone_of  # noqa: PLC0415

        now_s = self._retrier.clock.now_s()
        try:
            if remedies.is_of_the_day(error) and not call.bulk:
                details = await self._driven(account(), call, progress, None)
                return remedies.with_reset(error, zone_of(details), now_s)
            if isinstance(error, MissingScopesError) and self._client_id and self._introspect is not None:
                return remedies.with_consent(error, self._client_id, (await self._introspect()).scopes)
        except ConnectorError:
            return error  # what was looked for cannot be had: the first error is still the one to show
        return error

    async def close(self) -> None:
        """Stops refreshing and gives up connections."""
        await self._tokens.close()
        await self._retrier.close()

    def _answered(
        self, call: Call, read: Callable[[bytes, Params], T], progress: Progress, allow: Allow | None
    ) -> Awaitable[T]:
        composition = call.operation.encode
        if isinstance(composition, Composition):
            return self._composed(composition, call, read, progress, allow)
        if HOLDERS.isdisjoint(call.params):
            return self._requested(call, read, progress)
        return self._named(call, read, progress, allow)

    async def _composed(
        self,
        composition: Composition,
        call: Call,
        read: Callable[[bytes, Params], T],
        progress: Progress,
        allow: Allow | None,
    ) -> T:
        from msgspec.json import encode  # noqa: PLC0415 - seldom needed

        steps = composition.steps(call.params, self._retrier.clock.now_s())
        return read(encode(await self._driven(steps, call, progress, allow)), call.params)

    async def _driven(self, steps: Steps[U], call: Call, progress: Progress, allow: Allow | None) -> U:
        """What the steps end with."""
        from ._composer import Composer, Means  # noqa: PLC0415 - needed at the first composed call

        async def run(part: Call, part_progress: Progress) -> Result:
            return await self._answered(part, part.operation.shape.decode, part_progress, allow)

        means = Means(run, self._retrier.clock, self._memory, allow, self._introspect)
        return await Composer(means, call, progress).drive(steps)

    async def _named(
        self, call: Call, read: Callable[[bytes, Params], T], progress: Progress, allow: Allow | None
    ) -> T:
        """What the request gives, with ids in place of names. Nothing is looked up for a call that gives ids."""
        if names_something(call.params):
            from ._lexicon.values import with_ids  # noqa: PLC0415 - needed at the first name

            steps = with_ids(_type_of(call), call.params, self._retrier.clock.now_s())
            call = await self._looked_up(call, steps, progress, allow)
        try:
            return await self._requested(call, read, progress)
        except UpstreamRejectedError as error:
            refused = {item.field.rpartition(".")[2] for item in error.errors if item.error_code == "invalid_option"}
            given = call.params.get("properties")
            if not isinstance(given, dict) or refused.isdisjoint(cast("dict[str, object]", given)):
                raise
            from ._lexicon.values import with_options  # noqa: PLC0415 - needed at the first refusal

            try:
                again = await self._looked_up(call, with_options(_type_of(call), call.params, refused), progress, allow)
            except ConnectorError:
                raise error from None  # the options may not be read: the first error is still the one to show
            if again.params == call.params:
                raise
            return await self._requested(again, read, progress)

    async def _looked_up(self, call: Call, steps: Steps[Params], progress: Progress, allow: Allow | None) -> Call:
        """The call with what the steps found, and what is left of its time."""
        params = await self._driven(steps, call, progress, allow)
        left_s = (progress.deadline_s or 0.0) - self._retrier.clock.monotonic_s()
        return replace(call, params=params, timeout_s=max(left_s, 0.0))

    async def _requested(self, call: Call, read: Callable[[bytes, Params], T], progress: Progress) -> T:
        """What `read` makes of HubSpot's answer to the one request that the call is."""
        operation = call.operation
        timeout_s = CALL_TIMEOUT_S if call.timeout_s is None else call.timeout_s
        request = operation.request(call.params, self._version)
        if MAY_END in request.url:
            warn_of_sunset(request.url, self._retrier.clock.now_s())
        reading = _Reading(call, read)
        gate = BudgetGate(self._budget, operation.limit, bulk=call.bulk)
        try:
            with _deadline()(timeout_s):
                response = await self._authorized(call, request, progress, reading.wait_rule, gate)
        except TimeoutError as error:
            if progress.waits_for_place:
                raise gate.no_place() from error
            if progress.in_flight and not operation.resendable:
                raise outcome_unknown(operation, f"No answer came within {timeout_s:g} s") from error
            raise UpstreamTimeoutError(
                f"HubSpot did not answer {operation.entity}.{operation.action} within {timeout_s:g} s. Try again later."
            ) from error
        except TransportError as error:
            raise _failure(operation, self._base_url, error, in_doubt=progress.in_doubt) from error
        if operation.writes and response.status < _ERRORS_FROM:
            self._memory.note_write(operation.entity)
        return reading.result(response)

    async def _authorized(
        self, call: Call, request: HttpRequest, progress: Progress, wait_rule: WaitRule, gate: BudgetGate
    ) -> HttpResponse:
        resendable, url = call.operation.resendable, self._base_url + request.url
        token = self._tokens.held() or await self._tokens.current()
        is_fresh = False
        while True:
            headers = {**request.headers, "authorization": f"Bearer {token}", "accept": "application/json"}
            response = await self._retrier.send(
                HttpRequest(request.method, url, headers, request.body),
                resendable=resendable,
                wait_rule=wait_rule,
                progress=progress,
                gate=gate,
            )
            if response.status != _UNAUTHORIZED:
                return response
            if is_fresh:
                body = read_hubspot_error(response)
                upstream = Upstream(response.status, body.category, body.correlationId)
                raise reauthorization_required("a freshly issued access token was refused", upstream)
            renewed = await self._tokens.renew(token)
            token, is_fresh = renewed.value, renewed.is_fresh


@cache
def _deadline() -> type[Deadline]:
    from ._deadline import Deadline  # noqa: PLC0415 - needed at the first call

    return Deadline


def _type_of(call: Call) -> str:
    return entity_of_type(str(call.params.get("objectType", call.operation.entity)))


def _failure(operation: Operation, base_url: str, error: TransportError, *, in_doubt: bool) -> ConnectorError:
    """The error for a request that got no answer."""
    what = f"{operation.entity}.{operation.action}"
    if in_doubt and not operation.resendable:
        return outcome_unknown(operation, "The connection to HubSpot broke")
    if isinstance(error, NotSentError):
        return UpstreamUnavailableError(
            f"HubSpot could not be reached at {base_url}, so {what} was not sent. "
            "Check the address, the network and any proxy, then try again."
        )
    if isinstance(error, AnswerTimeoutError):
        return UpstreamTimeoutError(f"HubSpot did not answer {what} in time. Try again later.")
    return UpstreamUnavailableError(f"The connection to HubSpot broke while {what} was under way. Try again.")
