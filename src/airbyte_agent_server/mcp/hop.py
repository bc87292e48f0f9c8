"""The way from a tool to execute: hosted execution whose one hop is a function call."""

from starlette.types import Message

from airbyte_agent_hubspot._wire import HttpRequest, HttpResponse
from airbyte_agent_hubspot.errors import ConnectorError
from airbyte_agent_server.execute.routes import ExecuteEndpoint
from airbyte_agent_server.problems import ProblemError, render_problem
from airbyte_agent_server.tokens.bearer import Gate
from airbyte_agent_server.tokens.claims import Claims
from airbyte_agent_server.wire.entrance import problem_of

_INTERFACE = (b"x-adp-agent-sdk", b"mcp")
"""What the record of calls says of the program that called."""


class Hop:
    """Sends the calls of one MCP request to execute, for whoever the request was admitted for.

    Each is an execute like any other: it counts towards the limits, passes the token's permissions, and goes on record.
    """

    def __init__(self, endpoint: ExecuteEndpoint, gate: Gate, claims: Claims, *, request_id: str) -> None:
        self._endpoint = endpoint
        self._gate = gate
        self._claims = claims
        self._request_id = request_id

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The answer to one execute, errors included."""
        body = [request.body or b""]

        async def receive() -> Message:
            return {"type": "http.request", "body": body.pop(), "more_body": False}

        sent = [(name.encode(), value.encode("latin-1")) for name, value in request.headers.items()]
        scope = {"type": "http", "headers": [*sent, _INTERFACE], "state": {"request_id": self._request_id}}
        connector_id = request.url.split("/")[-2]
        try:
            self._gate.count(self._claims)
            reply = await self._endpoint.answer_for(self._claims, scope, receive, connector_id)
        except (ProblemError, ConnectorError) as error:
            # Nobody reads the address of the error's description here.
            answer = render_problem(problem_of(error), public_url="", request_id=self._request_id)
            return HttpResponse(answer.status, answer.headers, answer.body)
        return HttpResponse(200, {"content-type": "application/json"}, reply.body)

    async def close(self) -> None:
        """Nothing is open."""
