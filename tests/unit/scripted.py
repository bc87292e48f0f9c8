"""A transport that answers from a script, and answers to put into it."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias
from urllib.parse import parse_qsl, urlsplit

from airbyte_agent_hubspot.transports import HttpRequest, HttpResponse, TransportError

Respond: TypeAlias = Callable[[HttpRequest], Awaitable[HttpResponse]]
Answer: TypeAlias = HttpResponse | TransportError | Respond


class ScriptedTransport:
    """Gives its answers one by one, each once; a single function answers every request."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = deque(answers)
        self._forever = answers[0] if len(answers) == 1 and callable(answers[0]) else None
        self.requests: list[HttpRequest] = []
        self.closed = 0

    @property
    def unused(self) -> int:
        """How many answers nobody asked for."""
        return len(self._answers)

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        if self._forever is not None:
            return await self._forever(request)
        answer = self._answers.popleft()
        if isinstance(answer, HttpResponse):
            return answer
        if isinstance(answer, TransportError):
            raise answer
        return await answer(request)

    async def close(self) -> None:
        self.closed += 1

    def paths(self) -> list[str]:
        """Method and path of each request, without its query."""
        return [f"{request.method} {urlsplit(request.url).path}" for request in self.requests]

    def tokens(self) -> list[str]:
        """The bearer token of each request that had one."""
        headers = (request.headers.get("authorization") for request in self.requests)
        return [header.removeprefix("Bearer ") for header in headers if header is not None]


def answer(body: object = None, *, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """An answer with `body` as JSON; bytes go as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, dict(headers or {}), content)


def page(*ids: str, after: str | None = None) -> HttpResponse:
    """A page of records that have nothing but an id."""
    paging = {"paging": {"next": {"after": after, "link": f"https://api.hubapi.com/next?after={after}"}}}
    return answer({"results": [{"id": one} for one in ids], **(paging if after else {})})


def grant(token: str, *, expires_in: float = 1800, **more: object) -> HttpResponse:
    """The token endpoint's answer."""
    return answer({"access_token": token, "expires_in": expires_in, "token_type": "bearer", **more})


def problem(code: str, *, status: int, **more: object) -> HttpResponse:
    """The hosted server's answer of failure."""
    return answer({"code": code, "status": status, "message": f"The server says {code}.", **more}, status=status)


def query(request: HttpRequest) -> dict[str, str]:
    """The query of a request."""
    return dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))


def form(request: HttpRequest) -> dict[str, str]:
    """The form in a request's body."""
    return dict(parse_qsl((request.body or b"").decode()))


def json_body(request: HttpRequest) -> object:
    """The JSON in a request's body."""
    return json.loads(request.body or b"null")
