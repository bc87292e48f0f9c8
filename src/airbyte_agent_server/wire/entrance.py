"""The outermost middleware: request ids, headers every answer carries, and errors as problem+json."""

import logging
import re
from typing import NoReturn

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from airbyte_agent_hubspot.errors import ConnectorError
from airbyte_agent_server.ports import Clock, IdSource, timed_id
from airbyte_agent_server.problems import ProblemError, problem_from_connector_error, render_problem
from airbyte_agent_server.wire.cors import add_sharing
from airbyte_agent_server.wire.faults import fault_of

_log = logging.getLogger(__name__)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_MOST_FAULTS = 20
"""Of a request with more, the first are said: what is sent decides how many there are."""
_CODE_OF_STATUS = {404: "route_not_found", 405: "method_not_allowed"}


def request_id_of(scope: Scope) -> str:
    """The id under which this request can be found again."""
    request_id: str = scope["state"]["request_id"]
    return request_id


class Entrance:
    """Gives every request an id, and every error its shape: nothing else in the server writes an error."""

    def __init__(self, app: ASGIApp, *, ids: IdSource, clock: Clock, public_url: str) -> None:
        self._app = app
        self._ids = ids
        self._clock = clock
        self._public_url = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = give_id(scope, self._ids, self._clock, brought=brought_id(scope))
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                headers["x-content-type-options"] = "nosniff"
                headers.setdefault("cache-control", "no-store")
                add_sharing(scope, headers)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except (ProblemError, ConnectorError) as error:
            problem = problem_of(error)
        except Exception:
            _log.exception("request %s failed", request_id)
            if started:
                raise
            problem = unforeseen(request_id)
        else:
            return
        await send_problem(problem, send_with_headers, public_url=self._public_url, request_id=request_id)


def brought_id(scope: Scope) -> str:
    """The id that the request brings; empty if it brings none that is one."""
    brought = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
    return brought if _REQUEST_ID.fullmatch(brought) else ""


def give_id(scope: Scope, ids: IdSource, clock: Clock, *, brought: str) -> str:
    """The request's id: the one it brings, or a new one. From now on `request_id_of` knows it.

    New ones are in the order of time, so that those of the calls on record lie together in the database's index.
    """
    request_id = brought or timed_id(int(clock.now_s() * 1000), ids.new_id())
    # The state is copied: not every server gives each request its own.
    scope["state"] = {**scope.get("state", {}), "request_id": request_id}
    return request_id


def problem_of(error: ProblemError | ConnectorError) -> ProblemError:
    """The error as it is answered."""
    return error if isinstance(error, ProblemError) else problem_from_connector_error(error)


def unforeseen(request_id: str) -> ProblemError:
    """What is answered when the server itself is at fault."""
    return ProblemError("internal_error", f"The server failed: tell its operator {request_id}.")


async def send_problem(problem: ProblemError, send: Send, *, public_url: str, request_id: str) -> None:
    """Answer with an error."""
    answer = render_problem(problem, public_url=public_url, request_id=request_id)
    headers = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers.items()]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def raise_http_problem(request: Request, error: Exception) -> NoReturn:
    """Starlette's own errors (no such route, wrong method), as problems."""
    if not isinstance(error, HTTPException):
        raise error
    code = _CODE_OF_STATUS.get(error.status_code)
    if code is None:
        raise error
    message = f"There is no {request.url.path} here: see /openapi.json for what there is."
    if code == "method_not_allowed":
        allowed = " or ".join((error.headers or {}).get("Allow", "").split(", "))
        message = f"{request.url.path} does not take {request.method}: use {allowed}."
    raise ProblemError(code, message, headers=error.headers)


async def raise_validation_problem(request: Request, error: Exception) -> NoReturn:
    """A request that does not fit its model, as a problem."""
    if not isinstance(error, RequestValidationError):
        raise error
    body = _body_of(request)
    faults = [
        fault_of(item["loc"], item["type"], item["msg"], item.get("ctx", {}), body)
        for item in error.errors()[:_MOST_FAULTS]
    ]
    raise ProblemError("validation_error", " ".join(fault.message for fault in faults), errors=faults)


def _body_of(request: Request) -> object:
    """The annotation of the body that the request's route takes."""
    route = request.scope.get("route")
    field = route.body_field if isinstance(route, APIRoute) else None
    return None if field is None else field.field_info.annotation
