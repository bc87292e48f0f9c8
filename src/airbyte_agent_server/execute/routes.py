"""The route of execute: plain ASGI, outside dependency injection."""

import logging
import re

from starlette.datastructures import MutableHeaders
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from airbyte_agent_hubspot.errors import ConnectorError
from airbyte_agent_server.aliases import API
from airbyte_agent_server.audit.recorder import CallRecorder, OpenCall
from airbyte_agent_server.connectors.service import check_visible
from airbyte_agent_server.execute.keyed import Reply
from airbyte_agent_server.execute.request import decode_request
from airbyte_agent_server.execute.service import ExecuteService
from airbyte_agent_server.idempotency.keys import HEADER, REPLAYED
from airbyte_agent_server.ports import IdSource
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.tokens.access import EXECUTE
from airbyte_agent_server.tokens.bearer import Gate, claims_known
from airbyte_agent_server.tokens.claims import Claims
from airbyte_agent_server.wire.bodies import check_media_type, read_body
from airbyte_agent_server.wire.cors import add_sharing
from airbyte_agent_server.wire.entrance import give_id, problem_of, request_id_of, send_problem, unforeseen

_log = logging.getLogger(__name__)

PATH = f"{API}/integrations/connectors/{{connector_id}}/execute"

_PREFIX = f"{API}/integrations/connectors/"
_HEAD, _TAIL = len(_PREFIX), len("/execute")
_ID = re.compile(r"[0-9a-zA-Z-]{1,64}")
_KEY = HEADER.encode()
_JSON = (b"content-type", b"application/json")
_REPLAYED = (REPLAYED.encode(), b"true")
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_NO_STORE = (b"cache-control", b"no-store")


class ExecuteEndpoint:
    """Runs one call, and puts it on record."""

    def __init__(self, service: ExecuteService, gate: Gate, recorder: CallRecorder, *, limit_bytes: int) -> None:
        self._service = service
        self._gate = gate
        self._recorder = recorder
        self._limit_bytes = limit_bytes
        self.route = Route(PATH, self, methods=["POST"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request that came by a historical path, or in a way that is not usual."""
        reply = await self.answer(scope, receive, scope["path_params"]["connector_id"])
        headers = [_JSON, (b"content-length", str(len(reply.body)).encode())]
        if reply.replayed:
            headers.append(_REPLAYED)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    async def answer(self, scope: Scope, receive: Receive, connector_id: str) -> Reply:
        """The answer to one request. All that is refused once the connector is known is put on record, too.

        Raises:
            ProblemError, ConnectorError: whatever keeps the call from succeeding.
        """
        scope["route"] = self.route
        refusal = None
        try:
            claims = await self._gate.admit(scope, EXECUTE)
        except ProblemError as refused:
            known = claims_known(scope)
            if known is None:
                raise
            claims, refusal = known, refused
        return await self.answer_for(claims, scope, receive, connector_id, refusal=refusal)

    async def answer_for(
        self,
        claims: Claims,
        scope: Scope,
        receive: Receive,
        connector_id: str,
        *,
        refusal: ProblemError | None = None,
    ) -> Reply:
        """The answer to a request of somebody who is known; `refusal` is why it is not admitted.

        Raises:
            ProblemError, ConnectorError: whatever keeps the call from succeeding.
        """
        try:
            connector = await self._service.find_connector(claims, connector_id)
        except ProblemError as unknown:  # a token that is refused must not learn which connectors there are
            raise refusal or unknown from None
        call = await self._recorder.begin(claims, connector)
        request_id, headers = request_id_of(scope), scope["headers"]
        try:
            reply = await self._run(scope, receive, call, request_id, refusal)
        except (ProblemError, ConnectorError) as error:
            await self._recorder.finish(call, request_id=request_id, headers=headers, problem=problem_of(error))
            raise
        except BaseException:
            await self._recorder.interrupt(call, request_id=request_id, headers=headers)
            raise
        await self._recorder.finish(call, request_id=request_id, headers=headers, problem=None)
        return reply

    async def _run(
        self, scope: Scope, receive: Receive, call: OpenCall, request_id: str, refusal: ProblemError | None
    ) -> Reply:
        if refusal is not None:
            raise refusal
        check_visible(call.claims, call.connector)
        given = dict(scope["headers"])
        check_media_type(given.get(b"content-type", b"").decode("latin-1"))
        request = decode_request(await read_body(scope, receive, limit_bytes=self._limit_bytes))
        notes = call.notes
        notes.entity, notes.action, notes.intent = request.entity, request.action, request.intent
        await self._recorder.note_params(call, request.params or {})
        key = given.get(_KEY)
        return await self._service.execute(
            call.claims,
            call.connector,
            request,
            request_id=request_id,
            key=None if key is None else key.decode("latin-1"),
            notes=notes,
        )


class ShortCut:
    """Answers an execute on its canonical path before the rest of the application is entered.

    What the entrance and the other middleware would do to such a request is done here: an id, the headers of every
    answer, errors as problems. Everything else goes the long way.
    """

    def __init__(self, app: ASGIApp, endpoint: ExecuteEndpoint, *, ids: IdSource, public_url: str) -> None:
        self._app = app
        self._endpoint = endpoint
        self._ids = ids
        self._public_url = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["query_string"]:
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        connector_id = path[_HEAD:-_TAIL]
        if not (path.endswith("/execute") and path.startswith(_PREFIX)) or not _ID.fullmatch(connector_id):
            await self._app(scope, receive, send)
            return
        request_id = give_id(scope, self._ids)
        always = [(b"x-request-id", request_id.encode()), _NOSNIFF, _NO_STORE]
        try:
            reply = await self._endpoint.answer(scope, receive, connector_id)
        except (ProblemError, ConnectorError) as error:
            problem = problem_of(error)
        except Exception:  # noqa: BLE001  # this is the outermost layer for the requests it serves
            _log.exception("request %s failed", request_id)
            problem = unforeseen(request_id)
        else:
            headers = [_JSON, (b"content-length", str(len(reply.body)).encode()), *always]
            if reply.replayed:
                headers.append(_REPLAYED)
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": reply.body})
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] += always
                add_sharing(scope, MutableHeaders(scope=message))
            await send(message)

        await send_problem(problem, send_with_headers, public_url=self._public_url, request_id=request_id)
