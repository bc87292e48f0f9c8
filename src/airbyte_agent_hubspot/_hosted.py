"""Hosted execution: the same calls through a server that keeps the credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import msgspec

from ._auth import ExpiringToken
from ._executor import note_calls
from ._http import TransportError
from ._retry import Progress
from ._sansio import MAX_ATTEMPTS, back_off_s, read_retry_after_s, unreadable
from ._shape import Metadata  # noqa: TC001 - msgspec reads it at run time
from ._wire import UNREADABLE, HttpRequest
from .errors import (
    ConnectorAmbiguityError,
    ConnectorError,
    ConnectorNotFoundError,
    FieldError,
    OutcomeUnknownError,
    ServerError,
    ServerUnreachableError,
    UnavailableError,
    Upstream,
    find_error_class,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ._auth import Tokens
    from ._executor import Call
    from ._operation import Operation
    from ._retry import Retrier
    from ._wire import HttpResponse
    from .models import Result

HUBSPOT_DEFINITION_ID: Final = "36c891d9-4bd9-43ac-bad2-10e12756272c"
"""How the platform's API names the HubSpot connector."""
CALL_TIMEOUT_S: Final = 300.0
_ERRORS_FROM: Final = 400
_UNAUTHORIZED: Final = 401
_GATEWAY_STATUSES: Final = frozenset({429, 502, 503, 504})
"""What a proxy in front of the server answers while the server cannot."""


class _Execution(msgspec.Struct, frozen=True):
    upstream_calls: int = 0


class _Answer(msgspec.Struct, frozen=True):
    result: msgspec.Raw
    connector_metadata: Metadata
    execution_metadata: _Execution = _Execution()


class _TokenAnswer(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: float


class _Listed(msgspec.Struct, frozen=True):
    id: str
    name: str


class _ConnectorList(msgspec.Struct, frozen=True):
    data: list[_Listed]


class _ProblemField(msgspec.Struct, frozen=True):
    field: str = ""
    message: str = ""
    error_code: str = ""
    details: dict[str, object] = {}


class _ProblemUpstream(msgspec.Struct, frozen=True):
    status: int
    category: str | None = None
    correlation_id: str | None = None
    policy: str | None = None


class _Problem(msgspec.Struct, frozen=True):
    code: str | None = None
    detail: str | None = None
    message: str | None = None
    errors: list[_ProblemField] = []
    request_id: str | None = None
    retryable: bool = False
    retry_after_s: float | None = None
    upstream: _ProblemUpstream | None = None


_PROBLEM: Final = msgspec.json.Decoder(_Problem)
_ANSWER: Final = msgspec.json.Decoder(_Answer)


def _read(response: HttpResponse) -> _Problem:
    """The problem in an answer; for anything else, one that only names the status."""
    try:
        return _PROBLEM.decode(response.body)
    except UNREADABLE:
        return _Problem(
            message=f"The server answered HTTP {response.status} without saying why. Try again later.",
            retryable=response.status in _GATEWAY_STATUSES,
            retry_after_s=read_retry_after_s(response),
        )


def read_problem(response: HttpResponse) -> ConnectorError:
    """The error that a server's answer of failure stands for, rebuilt by its `code`."""
    problem = _read(response)
    error_class = find_error_class(problem.code, response.status)
    upstream = problem.upstream
    return error_class(
        problem.message or problem.detail or f"The server answered HTTP {response.status}.",
        code=problem.code,
        errors=[
            FieldError(item.field, item.message, item.error_code, item.details)
            for item in problem.errors
            if item.field or item.details or item.message != problem.message  # else it only repeats the problem
        ],
        upstream=Upstream(upstream.status, upstream.category, upstream.correlation_id, upstream.policy)
        if upstream
        else None,
        retry_after_s=problem.retry_after_s,
        request_id=problem.request_id,
    )


def _wait_rule(response: HttpResponse, attempt: int, jitter: Callable[[], float]) -> float | None:
    """Seconds before sending again what the server calls retryable; its writes carry an idempotency key.

    The server has retried HubSpot's failures already: they are sent again only if it says when.
    """
    if response.status < _ERRORS_FROM or attempt >= MAX_ATTEMPTS:
        return None
    problem = _read(response)
    if not problem.retryable:
        return None
    if (problem.code or "").startswith("upstream_"):
        return problem.retry_after_s
    stated_s = read_retry_after_s(response)
    return back_off_s(attempt, jitter) if stated_s is None else stated_s


def application_token_fetcher(
    *,
    base_url: str,
    client_id: str,
    client_secret: str,
    send: Callable[[HttpRequest], Awaitable[HttpResponse]],
    now_s: Callable[[], float],
) -> Callable[[], Awaitable[ExpiringToken]]:
    """What fetches application tokens for a client pair."""
    request = _post(
        f"{base_url}/api/v1/account/applications/token",
        {"client_id": client_id, "client_secret": client_secret},
    )

    async def fetch() -> ExpiringToken:
        asked_at_s = now_s()
        response = await send(request)
        if response.status >= _ERRORS_FROM:
            raise read_problem(response)
        try:
            answer = msgspec.json.decode(response.body, type=_TokenAnswer)
        except UNREADABLE as error:
            raise _unreadable("the token request") from error
        return ExpiringToken(answer.access_token, asked_at_s + answer.expires_in)

    return fetch


def _post(url: str, body: object) -> HttpRequest:
    return HttpRequest("POST", url, {"content-type": "application/json"}, msgspec.json.encode(body))


def _unreadable(what: str) -> ServerError:
    return ServerError(
        f"The server's answer to {what} could not be read. Check that the address is that of a hosted-execution "
        "server and that its version fits this package."
    )


class HostedExecutor:
    """Runs calls through a server, on one connector: the given one, or the only one of the workspace."""

    def __init__(
        self,
        *,
        retrier: Retrier,
        base_url: str,
        tokens: Tokens,
        workspace_name: str | None,
        connector_id: str | None = None,
        organization_id: str | None = None,
    ) -> None:
        self._retrier = retrier
        self._base_url = base_url
        self._tokens = tokens
        self._workspace_name = workspace_name
        self._given_id = connector_id
        self._found_id: str | None = None
        self._headers = {"accept": "application/json"}
        if organization_id:
            self._headers["x-organization-id"] = organization_id

    async def execute(self, call: Call) -> Result:
        """The call's result, decoded."""
        import asyncio  # noqa: PLC0415 - needed at the first call

        timeout_s = CALL_TIMEOUT_S if call.timeout_s is None else call.timeout_s
        operation = call.operation
        progress = Progress(deadline_s=self._retrier.clock.monotonic_s() + timeout_s)
        try:
            async with asyncio.timeout(timeout_s):
                response = await self._on_connector(call, progress)
        except TimeoutError as error:
            raise self._timed_out(operation, timeout_s, progress) from error
        except TransportError as error:
            raise self._failure(operation, progress) from error
        try:
            answer = _ANSWER.decode(response.body)
        except UNREADABLE as error:
            raise _unreadable(f"{operation.entity}.{operation.action}") from error
        note_calls(answer.execution_metadata.upstream_calls)
        result = bytes(answer.result)
        try:
            return operation.shape.from_envelope(result, answer.connector_metadata)
        except UNREADABLE as error:
            raise unreadable(operation, result) from error

    async def close(self) -> None:
        """Stops fetching tokens and gives up connections."""
        await self._tokens.close()
        await self._retrier.close()

    async def _on_connector(self, call: Call, progress: Progress) -> HttpResponse:
        """The server's answer of success. A connector that was replaced meanwhile is looked up once more."""
        looked_up = self._given_id is None and self._found_id is not None
        try:
            return await self._send_call(call, await self._find_connector_id(progress), progress)
        except ConnectorNotFoundError:
            if not looked_up:
                raise
            self._found_id = None
            return await self._send_call(call, await self._find_connector_id(progress), progress)

    async def _send_call(self, call: Call, connector_id: str, progress: Progress) -> HttpResponse:
        operation = call.operation
        request = _post(
            f"{self._base_url}/api/v1/integrations/connectors/{connector_id}/execute",
            {"entity": operation.entity, "action": operation.action, "params": call.params},
        )
        if operation.writes and call.idempotency_key:
            request = msgspec.structs.replace(
                request, headers={**request.headers, "idempotency-key": call.idempotency_key}
            )
        return await self._authorized(
            request, resendable=operation.resendable or call.idempotency_key is not None, progress=progress
        )

    async def _find_connector_id(self, progress: Progress) -> str:
        """The connector to use: given, remembered, or the only one that the workspace has.

        Looking it up changes nothing, so it leaves no doubt about the call.
        """
        if self._given_id is not None:
            return self._given_id
        if self._found_id is None:
            query = {"definition_id": HUBSPOT_DEFINITION_ID}
            if self._workspace_name is not None:
                query["workspace_name"] = self._workspace_name
            response = await self._authorized(
                HttpRequest("GET", f"{self._base_url}/api/v1/integrations/connectors?{urlencode(query)}"),
                resendable=True,
                progress=Progress(deadline_s=progress.deadline_s),
            )
            try:
                found = msgspec.json.decode(response.body, type=_ConnectorList).data
            except UNREADABLE as error:
                raise _unreadable("the list of connectors") from error
            self._found_id = self._only(found)
        return self._found_id

    def _only(self, found: list[_Listed]) -> str:
        where = f"workspace {self._workspace_name!r}" if self._workspace_name else "this token's workspace"
        if not found:
            raise ConnectorNotFoundError(
                f"There is no HubSpot connector in {where}. Create one with "
                "POST /api/v1/integrations/connectors, or check the name of the workspace."
            )
        if len(found) > 1:
            choices = ", ".join(f"{item.id} ({item.name})" for item in found)
            raise ConnectorAmbiguityError(
                f"There are {len(found)} HubSpot connectors in {where}: {choices}. Pass connector_id= to choose one.",
                errors=[
                    FieldError("connector_id", item.name, "connector_ambiguous", {"connector_id": item.id})
                    for item in found
                ],
            )
        return found[0].id

    async def _authorized(self, request: HttpRequest, *, resendable: bool, progress: Progress) -> HttpResponse:
        async def send(token: str) -> HttpResponse:
            headers = {**request.headers, **self._headers, "authorization": f"Bearer {token}"}
            return await self._retrier.send(
                msgspec.structs.replace(request, headers=headers),
                resendable=resendable,
                wait_rule=_wait_rule,
                progress=progress,
            )

        token = await self._tokens.current()
        response = await send(token)
        if response.status == _UNAUTHORIZED:
            response = await send((await self._tokens.renew(token)).value)
        if response.status >= _ERRORS_FROM:
            raise read_problem(response)
        return response

    def _timed_out(self, operation: Operation, timeout_s: float, progress: Progress) -> ConnectorError:
        what = f"{operation.entity}.{operation.action}"
        if (progress.in_flight or progress.in_doubt) and not operation.resendable:
            return OutcomeUnknownError(
                f"The server did not answer {what} within {timeout_s:g} s: it may or may not have happened. "
                "Look the record up before repeating it."
            )
        return UnavailableError(f"The server did not answer {what} within {timeout_s:g} s. Try again later.")

    def _failure(self, operation: Operation, progress: Progress) -> ConnectorError:
        what = f"{operation.entity}.{operation.action}"
        if operation.resendable or not progress.in_doubt:
            return self._unreachable(what)
        return OutcomeUnknownError(
            f"The connection to the server broke while {what} was under way: it may or may not have happened. "
            "Look the record up before repeating it."
        )

    def _unreachable(self, what: str) -> ServerUnreachableError:
        return ServerUnreachableError(
            f"The server could not be reached at {self._base_url}, so there is no answer to {what}. "
            "Check AIRBYTE_API_URL or base_url=, and that the server runs."
        )
