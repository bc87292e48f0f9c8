"""The route of execute: plain ASGI, outside dependency injection."""

import logging
import re
from collections.abc import Awaitable
from dataclasses import dataclass

from starlette.datastructures import MutableHeaders
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from airbyte_agent_hubspot.errors import ConnectorError
from airbyte_agent_server.aliases import API
from airbyte_agent_server.audit.record import interface_of
from airbyte_agent_server.audit.recorder import CallRecorder
from airbyte_agent_server.connectors.service import check_visible
from airbyte_agent_server.connectors.store import Connector
from airbyte_agent_server.execute.caller import Caller, Until
from airbyte_agent_server.execute.keyed import Reply
from airbyte_agent_server.execute.request import decode_request
from airbyte_agent_server.execute.service import ExecuteService
from airbyte_agent_server.idempotency.keys import HEADER, REPLAYED
from airbyte_agent_server.ports import Clock, IdSource
from airbyte_agent_server.problems import ProblemError, render_problem
from airbyte_agent_server.tokens.access import EXECUTE
from airbyte_agent_server.tokens.bearer import Gate, claims_known
from airbyte_agent_server.tokens.claims import Claims
from airbyte_agent_server.wire.bodies import JSON_TYPES, check_media_type, read_body, too_large
from airbyte_agent_server.wire.cors import add_sharing
from airbyte_agent_server.wire.entrance import brought_id, give_id, problem_of, request_id_of, unforeseen
from airbyte_agent_server.wire.heads import Answer, lines_of, notes_of

_log = logging.getLogger(__name__)

PATH = f"{API}/integrations/connectors/{{connector_id}}/execute"

_PREFIX = f"{API}/integrations/connectors/"
_TAIL = "/execute"
_ID = re.compile(r"[0-9a-zA-Z-]{1,64}")
_KEY = HEADER.encode()
_JSON = (b"content-type", b"application/json")
_REPLAYED = (REPLAYED.encode(), b"true")
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_NO_STORE = (b"cache-control", b"no-store")
_LINES = lines_of((_JSON, _NOSNIFF, _NO_STORE))
_REPLAYED_LINE = lines_of((_REPLAYED,))


@dataclass(slots=True)
class Head:
    """What the head of an execute says, and what was found out of who sends it."""

    content_type: str
    """Empty if it is plainly JSON."""
    key: str | None
    interface: str | None
    request_id: str
    """The one it brings, if any."""
    connector_id: str | None = None
    caller: Caller | None = None


def head_of(scope: Scope) -> Head:
    """What the head of an execute says: found out once for a head that comes again."""
    notes = notes_of(scope)
    head: Head | None = notes.execute
    if head is None:
        given = dict(scope["headers"])
        key, content_type = given.get(_KEY), given.get(b"content-type", b"").decode("latin-1")
        head = notes.execute = Head(
            "" if content_type in JSON_TYPES else content_type,
            None if key is None else key.decode("latin-1"),
            interface_of(given),
            brought_id(scope),
        )
    return head


class ExecuteEndpoint:
    """Runs one call, and puts it on record."""

    def __init__(self, service: ExecuteService, gate: Gate, recorder: CallRecorder, *, limit_bytes: int) -> None:
        self._service = service
        self._gate = gate
        self._recorder = recorder
        self._limit_bytes = limit_bytes
        self.write_out = recorder.write_out
        self.route = Route(PATH, self, methods=["POST"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request that came by a historical path, or in a way that is not usual."""
        connector_id = scope["path_params"]["connector_id"]
        reply = await self.answer(scope, receive, head_of(scope), connector_id, request_id_of(scope))
        headers = [_JSON, (b"content-length", str(len(reply.body)).encode())]
        if reply.replayed:
            headers.append(_REPLAYED)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    def answer(
        self, scope: Scope, body: Receive | bytes, head: Head, connector_id: str, request_id: str
    ) -> Awaitable[Reply]:
        """The answer to one request; its body is here or yet to come.

        All that is refused once the connector is known is put on record, too. If the body is here, the answer must not
        be sent before `write_out`.

        Raises:
            ProblemError, ConnectorError: whatever keeps the call from succeeding.
        """
        scope["route"] = self.route
        caller = head.caller
        if caller is None or not caller.counts(self._recorder.clock):
            return self._answer_new(scope, body, head, connector_id, request_id)
        scope["state"]["claims"] = caller.claims
        if self._gate.is_limited:
            caller = self._counted(caller)
        return self._recorded(caller, scope, body, head, request_id)

    async def _answer_new(
        self, scope: Scope, body: Receive | bytes, head: Head, connector_id: str, request_id: str
    ) -> Reply:
        caller = await self._caller(scope, connector_id)
        head.caller = None if caller.until is None else caller
        return await self._recorded(caller, scope, body, head, request_id)

    async def answer_for(self, claims: Claims, scope: Scope, body: Receive, connector_id: str) -> Reply:
        """The answer to a request of somebody who was admitted elsewhere.

        Raises:
            ProblemError, ConnectorError: whatever keeps the call from succeeding.
        """
        connector = await self._service.find_connector(claims.organization_id, connector_id)
        caller = Caller(claims, connector, _refusal(claims, connector))
        return await self._recorded(caller, scope, body, head_of(scope), request_id_of(scope))

    def _counted(self, caller: Caller) -> Caller:
        """A caller of whom everything is known, once more: it may have called too often."""
        try:
            self._gate.count(caller.claims)
        except ProblemError as refused:
            return Caller(caller.claims, caller.connector, refused)
        return caller

    async def _caller(self, scope: Scope, connector_id: str) -> Caller:
        """Who calls, and on what.

        Raises:
            ProblemError: whose token it is, or whether there is such a connector, may not be told.
        """
        refusal = None
        try:
            claims = await self._gate.admit(scope, EXECUTE)
        except ProblemError as refused:
            known = claims_known(scope)
            if known is None:
                raise
            claims, refusal = known, refused
        try:
            connector = await self._service.find_connector(claims.organization_id, connector_id)
        except ProblemError as unknown:  # a token that is refused must not learn which connectors there are
            raise refusal or unknown from None
        refusal = refusal or _refusal(claims, connector)
        if refusal is not None:
            return Caller(claims, connector, refusal)
        return Caller(claims, connector, until=self._until(scope, connector))

    def _until(self, scope: Scope, connector: Connector) -> Until | None:
        """How long what was found out of a caller counts for the next calls with this head."""
        token = self._gate.lasting(scope)
        found = self._service.known_connector(connector.organization_id, connector.id)
        return None if token is None or found is None or found.value is not connector else Until(token, found)

    async def _recorded(
        self, caller: Caller, scope: Scope, body: Receive | bytes, head: Head, request_id: str
    ) -> Reply:
        recorder = self._recorder
        if not recorder.take_free_place():
            await recorder.take_place()
        call = recorder.begin(caller.claims, caller.connector, request_id=request_id, interface=head.interface)
        try:
            if caller.refusal is not None:
                raise caller.refusal  # noqa: TRY301  # it goes on record as others do
            # What `_whole` does is not to be done for nearly all.
            plain = body if type(body) is bytes and not head.content_type and len(body) <= self._limit_bytes else None
            request = decode_request(plain if plain is not None else await self._whole(scope, body, head))
            recorder.note(call, request.entity, request.action, request.params, request.intent)
            if recorder.keeps_params and request.params:
                await recorder.seal_params(call, request.params)
            answer = await self._service.execute(
                caller, request, request_id=request_id, key=head.key, notes=call.notes, began_at_s=call.began_at_s
            )
        except (ProblemError, ConnectorError) as error:
            recorder.finish(call, problem_of(error))
            raise
        except BaseException:
            recorder.interrupt(call)
            raise
        else:
            recorder.finish(call)
            return Reply(answer, call.notes.replayed)
        finally:
            if recorder.durable:
                await recorder.settled()
            elif type(body) is not bytes:  # otherwise whoever sends the answer does, for all that it sends at once
                recorder.write_out()

    async def _whole(self, scope: Scope, body: Receive | bytes, head: Head) -> bytes:
        """The body, if it may be as it is."""
        check_media_type(head.content_type)
        if not isinstance(body, bytes):
            return await read_body(scope, body, limit_bytes=self._limit_bytes)
        if len(body) > self._limit_bytes:
            raise too_large(self._limit_bytes)
        return body


def _refusal(claims: Claims, connector: Connector) -> ProblemError | None:
    """Why the connector is kept from a token of its organization."""
    try:
        check_visible(claims, connector)
    except ProblemError as refused:
        return refused
    return None


class ShortCut:
    """Answers an execute on its canonical path before the rest of the application is entered.

    What the entrance and the other middleware would do to such a request is done here: an id, the headers of every
    answer, errors as problems. Everything else goes the long way.
    """

    def __init__(
        self, app: ASGIApp, endpoint: ExecuteEndpoint, *, ids: IdSource, clock: Clock, public_url: str
    ) -> None:
        self._app = app
        self._endpoint = endpoint
        self._ids = ids
        self._clock = clock
        self._public_url = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not _connector_in(scope):
            await self._app(scope, receive, send)
            return
        answer = await self.answer(scope, receive)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    def takes(self, scope: Scope) -> bool:
        """Whether `answer` answers such a request."""
        return bool(_connector_in(scope))

    async def answer(self, scope: Scope, body: Receive | bytes) -> Answer:
        """The answer to an execute on its canonical path, an error too."""
        head = head_of(scope)
        connector_id = head.connector_id
        if connector_id is None:
            connector_id = head.connector_id = _connector_in(scope)
        request_id = give_id(scope, self._ids, self._clock, brought=head.request_id)
        try:
            reply = await self._endpoint.answer(scope, body, head, connector_id, request_id)
        except (ProblemError, ConnectorError) as error:
            problem = problem_of(error)
        except Exception:  # noqa: BLE001  # this is the outermost layer for the requests it serves
            _log.exception("request %s failed", request_id)
            problem = unforeseen(request_id)
        else:
            named = b"content-length: %d\r\nx-request-id: %b\r\n" % (len(reply.body), request_id.encode())
            lines = _LINES + named + (_REPLAYED_LINE if reply.replayed else b"")
            return Answer(200, lines, reply.body, self._endpoint.write_out)
        rendered = render_problem(problem, public_url=self._public_url, request_id=request_id)
        said = MutableHeaders(
            {**rendered.headers, "content-length": str(len(rendered.body)), "x-request-id": request_id}
        )
        said.raw.extend((_NOSNIFF, _NO_STORE))
        add_sharing(scope, said)
        return Answer(rendered.status, lines_of(said.raw), rendered.body, self._endpoint.write_out)


def _connector_in(scope: Scope) -> str:
    """The connector that an execute by its canonical path is for; empty for all other requests."""
    if scope["type"] != "http":
        return ""
    path: str = scope["path"]
    is_execute = path.startswith(_PREFIX) and path.endswith(_TAIL)
    name = path[len(_PREFIX) : -len(_TAIL)] if is_execute else ""
    plain = scope["method"] == "POST" and not scope["query_string"] and _ID.fullmatch(name)
    return name if plain else ""
