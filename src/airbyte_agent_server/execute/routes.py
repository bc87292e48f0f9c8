"""The route of execute: plain ASGI, outside dependency injection."""

from starlette.datastructures import Headers
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from airbyte_agent_server.aliases import API
from airbyte_agent_server.execute.request import decode_request
from airbyte_agent_server.execute.service import ExecuteService
from airbyte_agent_server.idempotency.keys import HEADER, REPLAYED
from airbyte_agent_server.tokens.access import EXECUTE
from airbyte_agent_server.tokens.bearer import Gate
from airbyte_agent_server.wire.bodies import check_media_type, read_body
from airbyte_agent_server.wire.entrance import request_id_of

PATH = f"{API}/integrations/connectors/{{connector_id}}/execute"


class ExecuteEndpoint:
    """Runs one call."""

    def __init__(self, service: ExecuteService, gate: Gate, *, limit_bytes: int) -> None:
        self._service = service
        self._gate = gate
        self._limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        claims = await self._gate.admit(scope, EXECUTE)
        given = Headers(scope=scope)
        check_media_type(given.get("content-type", ""))
        request = decode_request(await read_body(scope, receive, limit_bytes=self._limit_bytes))
        reply = await self._service.execute(
            claims,
            scope["path_params"]["connector_id"],
            request,
            request_id=request_id_of(scope),
            key=given.get(HEADER),
        )
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(reply.body)).encode())]
        if reply.replayed:
            headers.append((REPLAYED.encode(), b"true"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})


def build_execute_route(service: ExecuteService, gate: Gate, *, limit_bytes: int) -> Route:
    """The route."""
    return Route(PATH, ExecuteEndpoint(service, gate, limit_bytes=limit_bytes), methods=["POST"])
