"""Open source execution: talks to HubSpot directly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ._http import AnswerTimeoutError, NotSentError, TransportError
from ._limits import BudgetGate, SharedBudget
from ._retry import Progress
from ._sansio import (
    error_of,
    outcome_unknown,
    read_hubspot_error,
    reauthorization_required,
    unreadable,
    wait_before_retry,
)
from ._sunset import warn_of_sunset
from ._wire import UNREADABLE, HttpRequest
from .errors import ConfigurationError, Upstream, UpstreamTimeoutError, UpstreamUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ._auth import Tokens
    from ._executor import Call
    from ._limits import Budget
    from ._operation import Operation
    from ._retry import Retrier
    from ._wire import HttpResponse
    from .errors import ConnectorError
    from .models import GrantedScopes, Result
    from .oauth import Introspection

CALL_TIMEOUT_S: Final = 60.0
_ERRORS_FROM: Final = 400
_UNAUTHORIZED: Final = 401


@dataclass(frozen=True, slots=True)
class Answer:
    """HubSpot's answer of success to a call, undecoded, and how many requests it took."""

    body: bytes
    upstream_calls: int


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
        introspect: Callable[[str], Awaitable[Introspection]] | None = None,
    ) -> None:
        self._retrier = retrier
        self._base_url = base_url.rstrip("/")
        self._tokens = tokens
        self._version = version
        self._budget = budget or SharedBudget()
        self._introspect = introspect

    async def execute(self, call: Call) -> Result:
        """The call's result, decoded."""
        answer = await self.send(call)
        try:
            return call.operation.shape.decode(answer.body, call.params)
        except UNREADABLE as error:
            raise unreadable(call.operation, answer.body) from error

    async def send(self, call: Call) -> Answer:
        """HubSpot's answer of success, undecoded.

        Raises:
            ConnectorError: HubSpot refused, failed, or could not be reached within `call.timeout_s`.
        """
        import asyncio  # noqa: PLC0415 - needed at the first call

        timeout_s = CALL_TIMEOUT_S if call.timeout_s is None else call.timeout_s
        operation = call.operation
        request = operation.encode(call.params, self._version)
        warn_of_sunset(request.url, self._retrier.clock.now_s())
        progress = Progress(deadline_s=self._retrier.clock.monotonic_s() + timeout_s)
        try:
            async with asyncio.timeout(timeout_s):
                response = await self._authorized(call, request, progress)
        except TimeoutError as error:
            if progress.in_flight and not operation.resendable:
                raise outcome_unknown(operation, f"No answer came within {timeout_s:g} s") from error
            raise UpstreamTimeoutError(
                f"HubSpot did not answer {operation.entity}.{operation.action} within {timeout_s:g} s. Try again later."
            ) from error
        except TransportError as error:
            raise _failure(operation, self._base_url, error, in_doubt=progress.in_doubt) from error
        if response.status >= _ERRORS_FROM:
            raise error_of(operation, response)
        return Answer(response.body, progress.upstream_calls)

    async def granted_scopes(self) -> GrantedScopes:
        """What the token may do, as HubSpot says.

        Raises:
            ConfigurationError: this executor was made without `introspect`.
        """
        if self._introspect is None:
            raise ConfigurationError("This executor was not told how to ask for the scopes of a token.")
        token = await self._tokens.current()
        found = await self._introspect(token)
        if not found.active:
            found = await self._introspect(await self._tokens.renew(token))
        if not found.active:
            raise reauthorization_required("a freshly issued access token is not active")
        from .models import GrantedScopes  # noqa: PLC0415 - seldom asked

        return GrantedScopes(found.hub_id, sorted(found.scopes), found.user_id, found.app_id)

    async def close(self) -> None:
        """Stops refreshing and gives up connections."""
        await self._tokens.close()
        await self._retrier.close()

    async def _authorized(self, call: Call, request: HttpRequest, progress: Progress) -> HttpResponse:
        operation = call.operation
        url = self._base_url + request.url
        gate = BudgetGate(self._budget, operation.limit, bulk=call.bulk)

        def wait_rule(response: HttpResponse, attempt: int, jitter: Callable[[], float]) -> float | None:
            return wait_before_retry(response, attempt=attempt, resendable=operation.resendable, jitter=jitter)

        async def send(token: str) -> HttpResponse:
            headers = {**request.headers, "authorization": f"Bearer {token}", "accept": "application/json"}
            return await self._retrier.send(
                HttpRequest(request.method, url, headers, request.body),
                resendable=operation.resendable,
                wait_rule=wait_rule,
                progress=progress,
                gate=gate,
            )

        token = await self._tokens.current()
        response = await send(token)
        if response.status == _UNAUTHORIZED:
            response = await send(await self._tokens.renew(token))
        if response.status == _UNAUTHORIZED:
            body = read_hubspot_error(response)
            upstream = Upstream(response.status, body.category, body.correlationId)
            raise reauthorization_required("a freshly issued access token was refused", upstream)
        return response


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
