"""A client that talks to an ASGI app in process: no socket, no client library to agree with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.types import ASGIApp, Message, Scope


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> dict[str, Any]:
        decoded = json.loads(self.content)
        assert isinstance(decoded, dict)
        return decoded


class Client:
    """Sends requests with a bearer token, if it has one."""

    def __init__(self, app: ASGIApp, token: str | None = None) -> None:
        self._app = app
        self.token = token

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        form: Mapping[str, str] | None = None,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        path, _, inline = path.partition("?")
        content, content_type = b"", ""
        if form is not None:
            content, content_type = urlencode(form).encode(), "application/x-www-form-urlencoded"
        if body is not None or raw is not None:
            content = raw if raw is not None else json.dumps(body).encode()
            content_type = "application/json"
        sent = {"host": "sandbox.test", "content-type": content_type, **(headers or {})}
        if self.token:
            sent.setdefault("authorization", f"Bearer {self.token}")
        return await self._exchange(method, path, urlencode(query) if query else inline, content, sent)

    async def _exchange(self, method: str, path: str, query: str, content: bytes, headers: Mapping[str, str]) -> Reply:
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items() if value],
            "client": ("127.0.0.1", 1),
            "server": ("sandbox.test", 80),
        }
        messages: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, send)
        start = messages[0]
        return Reply(
            status=start["status"],
            headers={name.decode(): value.decode() for name, value in start["headers"]},
            content=b"".join(message.get("body", b"") for message in messages[1:]),
        )


def problems(reply: Reply) -> list[tuple[str, str]]:
    """(code, property) of each error of a validation answer."""
    errors = reply.json()["errors"]
    assert isinstance(errors, list)
    return [(error["code"], error["context"]["propertyName"][0]) for error in errors]


def results(reply: Reply) -> list[dict[str, Any]]:
    """The `results` of a page or batch."""
    found = reply.json()["results"]
    assert isinstance(found, list)
    return found


def properties(reply: Reply) -> dict[str, str | None]:
    """The `properties` of a record."""
    found = reply.json()["properties"]
    assert isinstance(found, dict)
    return found


async def created(client: Client, object_type: str, values: dict[str, object]) -> str:
    """The id of a fresh record."""
    reply = await client.send("POST", f"/crm/v3/objects/{object_type}", body={"properties": values})
    assert reply.status == 201, reply.text
    return str(reply.json()["id"])
