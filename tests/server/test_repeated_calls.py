"""Calls over one connection: from the second on their head is known, and they are answered without messages."""

import asyncio
import gc
import json
import weakref
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy import update

from airbyte_agent_server.app import build_server
from airbyte_agent_server.audit.record import CallRow
from airbyte_agent_server.db.tables import connectors, credentials, workspaces
from server.sockets import Kept, connect, kept_connection, serving
from server.world import CONNECTORS, Answer, World

GET = {"entity": "contacts", "action": "list", "params": {"limit": 1}}
CALLS = "/api/v1/tool-calls"


@pytest.fixture
async def kept(world: World) -> AsyncIterator[Kept]:
    async with kept_connection(world.server.app) as connection:
        yield connection


def told(answer: Answer) -> tuple[int, Mapping[str, str], Any]:
    """What an answer says, but for what differs each time."""
    headers = {name: value for name, value in answer.headers.items() if name not in {"content-length", "x-request-id"}}
    body = answer.json
    for name in ("execution_metadata", "request_id", "instance", "upstream"):
        body.pop(name, None)
    return answer.status, headers, body


@pytest.mark.parametrize(
    "body",
    [
        GET,
        {**GET, "params": {"limit": 2}, "intent": "who is there?"},
        {"entity": "*", "action": "describe"},
        b"{",
        b"[]",
        {"entity": "contakts", "action": "list"},
        {"entity": "contacts", "action": "list", "params": {"limit": "x"}},
        {"entity": "contacts", "action": "get", "params": {"contactId": "404404"}},
        b" " * 2_000_000,
    ],
    ids=lambda body: str(body)[:40],
)
async def test_a_repeated_call_is_answered_as_the_first_was(world: World, kept: Kept, body: object) -> None:
    token = await world.scoped_token()
    path = f"{CONNECTORS}/{await world.create_connector(token)}/execute"
    assert (await kept.post(path, GET, token=token)).status == 200
    repeated = await kept.post(path, body, token=token)
    plain = {"json_body": body} if not isinstance(body, bytes) else {"body": body}
    headers = {} if not isinstance(body, bytes) else {"content-type": "application/json"}
    other = await world.client.call("POST", path, token=token, headers=headers, **plain)
    assert told(repeated) == told(other)
    assert repeated.headers["x-request-id"] != other.headers["x-request-id"]


async def test_each_of_the_calls_is_counted_and_on_record(world: World, kept: Kept) -> None:
    token = await world.scoped_token()
    path = f"{CONNECTORS}/{await world.create_connector(token)}/execute"
    answers = [await kept.post(path, {**GET, "params": {"limit": n}}, token=token) for n in (1, 10, 1000)]
    assert [answer.status for answer in answers] == [200, 200, 422]
    await world.server.core.audit.flush()
    rows = (await world.client.get(CALLS, token=await world.application_token())).json["data"]
    assert {row["request_id"] for row in rows} == {answer.headers["x-request-id"] for answer in answers}
    metrics = (await world.client.get("/metrics")).body.decode()
    route = f'http_route="{CONNECTORS}/{{connector_id}}/execute"'
    lines = [line for line in metrics.splitlines() if route in line and "_count" in line]
    assert sorted(line.rpartition(" ")[2] for line in lines) == ["1.0", "2.0"]


async def test_calls_are_in_the_journal_when_they_are_answered(world: World) -> None:
    token = await world.scoped_token()
    path = f"{CONNECTORS}/{await world.create_connector(token)}/execute"
    audit = world.server.core.audit
    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(kept_connection(world.server.app)) for _ in range(3)]
        for connection in connections:
            assert (await connection.post(path, GET, token=token)).status == 200
        await audit.flush()
        async with audit._writing:  # the database gets no rows meanwhile
            bodies = [GET, {"entity": "contakts", "action": "list"}, {**GET, "action": "get"}]
            posts = [one.post(path, body, token=token) for one, body in zip(connections, bodies, strict=True)]
            answers = await asyncio.gather(*posts)
            [journal] = world.settings.effective_audit_dir.glob("*.journal")
            rows = [json.loads(line) for line in journal.read_text().splitlines() if line]
    place = CallRow.__struct_fields__.index("request_id")
    assert {row[place] for row in rows} == {answer.headers["x-request-id"] for answer in answers}
    assert [answer.status for answer in answers] == [200, 422, 422]


@pytest.mark.requirement("revocation")
async def test_what_is_taken_away_counts_for_a_known_head_too(world: World, kept: Kept) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    path = f"{CONNECTORS}/{connector_id}/execute"
    for _ in range(2):
        assert (await kept.post(path, GET, token=token)).status == 200
    assert (await world.client.put(f"{CONNECTORS}/{connector_id}", {"disabled": True}, token=token)).status == 200
    assert (await kept.post(path, GET, token=token)).code == "permission_denied"
    assert (await world.client.delete(f"{CONNECTORS}/{connector_id}", token=token)).status == 200
    assert (await kept.post(path, GET, token=token)).code == "connector_not_found"
    world.clock.advance(7200)
    assert (await kept.post(path, GET, token=token)).code == "token_expired"


async def test_a_caller_who_is_known_may_call_too_often(world: World) -> None:
    token = await world.scoped_token()
    path = f"{CONNECTORS}/{await world.create_connector(token)}/execute"
    limited = build_server(
        world.settings.model_copy(update={"workspace_rate_limit": 3}), clock=world.clock, upstream=world.hubspot
    )
    await limited.start()
    async with kept_connection(limited.app) as connection:
        answers = [await connection.post(path, GET, token=token) for _ in range(4)]
        world.clock.advance(120)
        answers.append(await connection.post(path, GET, token=token))
    await limited.stop()
    assert [answer.status for answer in answers] == [200, 200, 200, 429, 200]
    rows = (await world.client.get(CALLS, token=await world.application_token())).json["data"]
    assert sorted(row["http_status"] for row in rows) == [200, 200, 200, 200, 429]


@pytest.mark.parametrize("what", ["token", "connector", "secret"])
async def test_what_is_known_of_a_caller_is_looked_up_again_after_a_while(world: World, what: str) -> None:
    """Not all that takes something away can tell every process of it."""
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    path = f"{CONNECTORS}/{connector_id}/execute"
    async with kept_connection(world.server.app) as connection:
        assert [(await connection.post(path, GET, token=token)).status for _ in range(2)] == [200, 200]
        tables = {"token": workspaces, "connector": connectors, "secret": credentials}
        column = {"token": workspaces.c.status, "connector": connectors.c.status, "secret": credentials.c.sealed}[what]
        value = {"token": "inactive", "connector": "disabled", "secret": b"broken"}[what]
        async with world.server.core.database.write() as other_process:
            await other_process.execute(update(tables[what]).values({column: value}))
        assert (await connection.post(path, GET, token=token)).status == 200
        world.clock.advance(21)
        answer = await connection.post(path, GET, token=token)
    codes = {"token": "workspace_inactive", "connector": "permission_denied", "secret": "internal_error"}
    assert answer.code == codes[what]


async def test_a_keyed_write_on_a_known_head_is_done_once(world: World, kept: Kept) -> None:
    token = await world.scoped_token()
    path = f"{CONNECTORS}/{await world.create_connector(token)}/execute"
    create = {"entity": "contacts", "action": "create", "params": {"properties": {"email": "once@example.com"}}}
    headers = {"idempotency-key": "only-once"}
    answers = [await kept.post(path, create, token=token, headers=headers) for _ in range(3)]
    assert [answer.headers.get("idempotency-replayed") for answer in answers] == [None, "true", "true"]
    assert len({answer.json["result"]["id"] for answer in answers}) == 1


@pytest.mark.parametrize("calls", [0, 1, 2])
async def test_a_closed_connection_is_freed_at_once(world: World, calls: int) -> None:
    """What waited for the garbage collector, which runs seldom, would look like a leak."""
    token = await world.scoped_token()
    path = f"{CONNECTORS}/{await world.create_connector(token)}/execute"
    gc.collect()
    gc.disable()
    try:
        async with serving(world.server.app) as server:
            reader, writer = await connect(server)
            kept = Kept(reader, writer)
            for _ in range(calls):
                assert (await kept.post(path, GET, token=token)).status == 200
            while not server.server_state.connections:  # noqa: ASYNC110  # nobody here could set an event
                await asyncio.sleep(0)
            connection = weakref.ref(next(iter(server.server_state.connections)))
            writer.close()
            while server.server_state.connections:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.01)  # the task that waits for the next request learns that none comes
            assert connection() is None
    finally:
        gc.enable()
