"""The outermost layer: every request is counted, timed and logged here, whichever way it takes through the server."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from typing import Protocol

from starlette.types import Message, Receive, Scope, Send

from airbyte_agent_server.ports import Clock
from airbyte_agent_server.telemetry.metrics import Metrics
from airbyte_agent_server.telemetry.spans import Span, Traces
from airbyte_agent_server.wire.heads import Answer, notes_of

_log = logging.getLogger(__name__)

Whose = Callable[[Scope], Mapping[str, str]]
"""Whose request it is, as far as its token told: organization, workspace."""

_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_FAILURES_FROM = 500
_serving: ContextVar[tuple[Scope, Whose] | None] = ContextVar("serving", default=None)


def facts_of_request() -> dict[str, str]:
    """What tells the request that is being served from others; empty outside of requests."""
    serving = _serving.get()
    if serving is None:
        return {}
    scope, whose = serving
    request_id = scope.get("state", {}).get("request_id")
    return {**({} if request_id is None else {"request_id": request_id}), **whose(scope)}


def route_of(scope: Scope) -> str:
    """The template of the path; empty if no route was found. The path itself may hold anything."""
    route = scope.get("route")
    return "" if route is None else route.path


class Executes(Protocol):
    """The application; executes can also be answered by it without messages."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, whichever it is."""
        ...

    def takes(self, scope: Scope) -> bool:
        """Whether `answer` answers such a request."""
        ...

    async def answer(self, scope: Scope, body: bytes) -> Answer:
        """The answer to one execute that is here as a whole."""
        ...


class WatchedRequests:
    """Counts, times and logs. A line has the route, never the path or the query, which may hold secrets.

    Executes are the many requests: `execute_share` of those that do not fail get a line. They come to `executes` first.
    """

    def __init__(
        self,
        executes: "Executes",
        *,
        metrics: Metrics,
        traces: Traces,
        whose: Whose,
        execute_path: str,
        execute_share: float,
        clock: Clock,
    ) -> None:
        self._executes = executes
        self._metrics = metrics
        self._traces = traces
        self._whose = whose
        self._execute_path = execute_path
        self._execute_share = execute_share
        self._due = 0.0
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._executes(scope, receive, send)
            return
        status = 0

        async def watched_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        if self._executes.takes(scope):
            notes_of(scope).direct = self._answer
        began_at_s = self._clock.monotonic_s()
        former = _serving.set((scope, self._whose))
        self._metrics.active_requests += 1
        try:
            with self._traces.server(scope["headers"]) as span:
                await self._executes(scope, receive, watched_send)
                if span.recording:
                    _describe(span, scope, status)
        finally:
            self._ended(scope, route_of(scope), status, began_at_s)
            with suppress(ValueError):  # abandoned half-way and freed by the collector, it ends in another context
                _serving.reset(former)

    async def _answer(self, scope: Scope, body: bytes) -> Answer:
        """The answer to an execute, in a task of its own."""
        began_at_s = self._clock.monotonic_s()
        _serving.set((scope, self._whose))
        self._metrics.active_requests += 1
        status = 0
        try:
            if not self._traces.on:
                answer = await self._executes.answer(scope, body)
                status = answer.status
                return answer
            with self._traces.server(scope["headers"]) as span:
                answer = await self._executes.answer(scope, body)
                status = answer.status
                if span.recording:
                    _describe(span, scope, status)
                return answer
        finally:
            self._ended(scope, self._execute_path, status, began_at_s)

    def _ended(self, scope: Scope, route: str, status: int, began_at_s: float) -> None:
        metrics = self._metrics
        metrics.active_requests -= 1
        duration_s = self._clock.monotonic_s() - began_at_s
        metrics.request_ended(scope["method"], route, status or _FAILURES_FROM, duration_s)
        if route != self._execute_path or status >= _FAILURES_FROM or (self._execute_share and self._is_due()):
            self._write(scope["method"], route, status or _FAILURES_FROM, duration_s)

    def _is_due(self) -> bool:
        self._due += self._execute_share
        if self._due < 1:
            return False
        self._due -= 1
        return True

    def _write(self, method: str, route: str, status: int, duration_s: float) -> None:
        level = logging.DEBUG if route in _PROBES else logging.WARNING if status >= _FAILURES_FROM else logging.INFO
        if _log.isEnabledFor(level):
            facts = {"method": method, "route": route, "status": status, "duration_ms": round(duration_s * 1000, 1)}
            _log.log(level, "request", extra={**facts, **facts_of_request()})


def _describe(span: Span, scope: Scope, status: int) -> None:
    method, route = scope["method"], route_of(scope)
    span.rename(f"{method} {route}".rstrip())
    facts = {f"agent_server.{name}": value for name, value in facts_of_request().items()}
    about = {"http.request.method": method, "url.scheme": scope["scheme"], "http.response.status_code": status}
    span.note({**about, **({"http.route": route} if route else {}), **facts})
    if status >= _FAILURES_FROM:
        span.fail(str(status))
