"""The outermost middleware: request ids, headers every answer carries, and errors as problem+json."""

import logging
import re
from typing import NoReturn

from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from airbyte_agent_hubspot.errors import ConnectorError, FieldError
from airbyte_agent_server.ports import IdSource
from airbyte_agent_server.problems import ProblemError, problem_from_connector_error, render_problem

_log = logging.getLogger(__name__)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_CODE_OF_STATUS = {404: "route_not_found", 405: "method_not_allowed"}


def request_id_of(scope: Scope) -> str:
    """The id under which this request can be found again."""
    request_id: str = scope["state"]["request_id"]
    return request_id


class Entrance:
    """Gives every request an id, and every error its shape: nothing else in the server writes an error."""

    def __init__(self, app: ASGIApp, *, ids: IdSource, public_url: str) -> None:
        self._app = app
        self._ids = ids
        self._public_url = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        offered = Headers(scope=scope).get("x-request-id", "")
        request_id = offered if _REQUEST_ID.fullmatch(offered) else self._ids.new_id()
        # The state is copied: not every server gives each request its own.
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                headers["x-content-type-options"] = "nosniff"
                headers.setdefault("cache-control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ProblemError as error:
            problem = error
        except ConnectorError as error:
            problem = problem_from_connector_error(error)
        except Exception:
            _log.exception("request %s failed", request_id)
            if started:
                raise
            problem = ProblemError("internal_error", f"The server failed: tell its operator {request_id}.")
        else:
            return
        answer = render_problem(problem, public_url=self._public_url, request_id=request_id)
        headers = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers.items()]
        headers.append((b"content-length", str(len(answer.body)).encode()))
        await send_with_headers({"type": "http.response.start", "status": answer.status, "headers": headers})
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
        message = f"{request.url.path} does not take {request.method}: use a method that Allow names."
    raise ProblemError(code, message, headers=error.headers)


async def raise_validation_problem(_request: Request, error: Exception) -> NoReturn:
    """A request that does not fit its model, as a problem."""
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [_fault(item["loc"], item["msg"], item["type"]) for item in error.errors()]
    raise ProblemError("validation_error", " ".join(fault.message for fault in faults), errors=faults)


def _fault(location: tuple[str | int, ...], message: str, error_code: str) -> FieldError:
    # The first part says where the field is: body, query, path.
    name = ".".join(str(part) for part in location[1:]) or "body"
    reason = "it is required" if error_code == "missing" else message[:1].lower() + message[1:]
    return FieldError(name, f"{name}: {reason}.", error_code)
