import logging
from uuid import UUID

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from airbyte_agent_server.problems import PROBLEM_TYPES, ProblemError, render_problem
from airbyte_agent_server.wire.bodies import read_body
from airbyte_agent_server.wire.canonical import CanonicalRequests
from airbyte_agent_server.wire.entrance import Entrance, raise_http_problem, raise_validation_problem
from server.world import CONNECTORS, PUBLIC_URL, Client, CountingIds, TestClock, World

SCOPED_TOKEN = "/api/v1/account/applications/scoped-token"


async def test_new_ids_of_requests_are_in_the_order_of_time(world: World) -> None:
    made = []
    for _ in range(3):
        made.append((await world.client.get("/nowhere")).headers["x-request-id"])
        world.clock.advance(0.002)
    assert made == sorted(made)
    assert {UUID(request_id).version for request_id in made} == {7}


async def test_an_error_has_every_member_of_the_contract(world: World) -> None:
    answer = await world.client.get("/nowhere", headers={"x-request-id": "5b6f0e6a-0000-4000-8000-000000000000"})
    message = "There is no /nowhere here: see /openapi.json for what there is."
    assert answer.status == 404
    assert answer.json == {
        "type": f"{PUBLIC_URL}/problems/route_not_found",
        "title": "Route not found",
        "status": 404,
        "detail": message,
        "instance": "urn:uuid:5b6f0e6a-0000-4000-8000-000000000000",
        "code": "route_not_found",
        "message": message,
        "errors": [{"field": "", "message": message, "error_code": "route_not_found", "details": {}}],
        "request_id": "5b6f0e6a-0000-4000-8000-000000000000",
        "retryable": False,
        "retry_after_s": None,
        "upstream": None,
    }
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("offered", "kept"),
    [("abc.DEF_1-2", True), ("x" * 128, True), ("x" * 129, False), ("a b", False), ("", False), ("a/b", False)],
)
async def test_a_request_id_is_kept_if_it_is_one(world: World, offered: str, kept: bool) -> None:
    answer = await world.client.get("/healthz", headers={"x-request-id": offered})
    assert (answer.headers["x-request-id"] == offered) is kept
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/v1/nope", "/api/v1", "/", "/docs", "/redoc", "/v1/connectors/nope"])
async def test_unknown_routes_are_problems_too(world: World, path: str) -> None:
    answer = await world.client.get(path)
    assert (answer.status, answer.code) == (404, "route_not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/applications/token", "POST"),
        ("GET", f"{CONNECTORS}/oauth/initiate", "POST"),
        ("GET", f"{CONNECTORS}/7/execute", "POST"),
        ("DELETE", "/healthz", "GET"),
        ("HEAD", SCOPED_TOKEN, "POST"),
    ],
)
async def test_a_wrong_method_is_refused_with_those_allowed(world: World, method: str, path: str, allowed: str) -> None:
    answer = await world.client.call(method, path)
    assert (answer.status, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "invalid_request"),
        (b"[]", "application/json", 400, "invalid_request"),
        (b"\xff", "", 400, "invalid_request"),
        (b'{"a":' + b"[" * 64 + b"]" * 64 + b"}", "", 400, "invalid_request"),
        (b'{"workspace_name":"w","b":[' + b"{}," * 70 + b"{}]}", "application/json; charset=utf-8", 200, ""),
        (b'{"workspace_name":"w","b":' + b"[" * 62 + b"]" * 62 + b"}", "", 200, ""),
        (b"workspace_name=w", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"workspace_name=w", "text/plain", 415, "unsupported_media_type"),
        (b"", "", 422, "workspace_required"),
        (b" " * (1024 * 1024 + 1), "application/json", 413, "payload_too_large"),
    ],
)
async def test_only_json_objects_of_moderate_size_are_read(
    world: World, body: bytes, content_type: str, status: int, code: str
) -> None:
    headers = {"content-type": content_type} if content_type else {}
    answer = await world.client.post(SCOPED_TOKEN, token=await world.application_token(), headers=headers, body=body)
    assert answer.status == status
    assert status == 200 or answer.code == code


async def test_the_character_that_databases_cannot_store_is_refused_wherever_it_stands(world: World) -> None:
    nul = "\\u0000"
    login = "/v1/applications/token"
    form = {"content-type": "application/x-www-form-urlencoded"}
    answers = [
        await world.client.post(login, body=b'{"client_id":"%s","client_secret":"x"}' % nul.encode()),
        await world.client.post(login, body=b'{"client_id":"a","client_secret":"x","b":[{"%s":1}]}' % nul.encode()),
        await world.client.post(login, body=b"client_id=%00&client_secret=x", headers=form),
        await world.client.get(f"{CONNECTORS}?workspace_name=%00"),
        await world.client.get(f"{CONNECTORS}/%00"),
    ]
    assert [(answer.status, answer.code) for answer in answers] == [(400, "invalid_request")] * 5
    harmless = await world.client.post(login, body=b'{"client_id":"\\%s","client_secret":"x"}' % nul.encode())
    assert (harmless.status, harmless.code) == (401, "invalid_client")


async def test_logins_have_a_smaller_limit(world: World) -> None:
    for path in ("/v1/applications/token", f"{CONNECTORS}/oauth/initiate"):
        answer = await world.client.post(path, body=b" " * (64 * 1024 + 1))
        assert (answer.status, answer.code) == (413, "payload_too_large")


def received(*messages: Message) -> Receive:
    pending = list(messages)

    async def receive() -> Message:
        return pending.pop(0)

    return receive


async def test_a_body_that_grows_past_the_limit_or_breaks_off_is_refused() -> None:
    scope: Scope = {"type": "http", "headers": []}
    chunk: Message = {"type": "http.request", "body": b"x" * 6, "more_body": True}
    with pytest.raises(ProblemError) as caught:
        await read_body(scope, received(chunk, chunk), limit_bytes=10)
    assert caught.value.type.code == "payload_too_large"
    with pytest.raises(ProblemError) as caught:
        await read_body(scope, received(chunk, {"type": "http.disconnect"}), limit_bytes=10)
    assert caught.value.type.code == "invalid_request"


async def test_other_kinds_of_connections_pass_through() -> None:
    passed: list[str] = []

    async def inner(scope: Scope, _receive: Receive, _send: Send) -> None:
        passed.append(scope["type"])

    canonical = CanonicalRequests(inner, limit_bytes=1, login_limit_bytes=1)
    app = Entrance(canonical, ids=CountingIds(), clock=TestClock(), public_url=PUBLIC_URL)

    async def nothing() -> Message:
        raise AssertionError

    async def nowhere(_message: Message) -> None:
        raise AssertionError

    await app({"type": "lifespan"}, nothing, nowhere)
    assert passed == ["lifespan"]


async def test_a_body_is_read_once_and_then_the_connection_is_quiet() -> None:
    seen: list[Message] = []

    async def inner(_scope: Scope, receive: Receive, _send: Send) -> None:
        seen.extend([await receive(), await receive()])

    app = CanonicalRequests(inner, limit_bytes=100, login_limit_bytes=100)
    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/x",
        "query_string": b"",
        "headers": [(b"content-length", b"2")],
        "state": {},
    }
    request: Message = {"type": "http.request", "body": b"{}", "more_body": False}

    async def nowhere(_message: Message) -> None:
        raise AssertionError

    await app(scope, received(request), nowhere)
    assert seen == [request, {"type": "http.disconnect"}]


async def test_a_failure_nobody_expected_is_logged_with_its_request_and_shown_to_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def failing(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise RuntimeError("made-up detail")

    with caplog.at_level(logging.ERROR):
        answer = await Client(Entrance(failing, ids=CountingIds(), clock=TestClock(), public_url=PUBLIC_URL)).get("/x")
    assert (answer.status, answer.code) == (500, "internal_error")
    assert b"made-up detail" not in answer.body
    assert answer.json["request_id"] in caplog.text


async def test_a_failure_in_mid_answer_is_not_papered_over() -> None:
    sent: list[Message] = []

    async def failing(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("half-way")

    async def send(message: Message) -> None:
        sent.append(message)

    app = Entrance(failing, ids=CountingIds(), clock=TestClock(), public_url=PUBLIC_URL)
    with pytest.raises(RuntimeError, match="half-way"):
        await app({"type": "http", "headers": []}, received(), send)
    assert [message["type"] for message in sent] == ["http.response.start"]


@pytest.mark.parametrize("error", [RuntimeError("x"), HTTPException(418)])
async def test_errors_that_are_not_the_routers_stay_what_they_are(error: Exception) -> None:
    request = Request({"type": "http", "method": "GET", "path": "/x", "headers": []})
    with pytest.raises(type(error)):
        await raise_http_problem(request, error)
    with pytest.raises(type(error)):
        await raise_validation_problem(request, error)


async def test_every_code_is_described(world: World) -> None:
    for code, kind in PROBLEM_TYPES.items():
        answer = await world.client.get(f"/problems/{code}")
        assert answer.json == {
            "code": code,
            "status": kind.status,
            "title": kind.title,
            "remedy": kind.remedy,
            "retryable": kind.retryable,
        }


async def test_a_code_that_is_none_is_not_described(world: World) -> None:
    answer = await world.client.get("/problems/nope")
    assert (answer.status, answer.code) == (404, "route_not_found")


def test_a_stated_wait_is_rounded_up_for_the_header() -> None:
    answer = render_problem(
        ProblemError("rate_limited", "Wait.", retry_after_s=1.2), public_url=PUBLIC_URL, request_id="a.b"
    )
    assert answer.headers["retry-after"] == "2"
    assert b'"instance":"a.b"' in answer.body
