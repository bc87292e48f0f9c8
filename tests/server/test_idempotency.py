import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import IntegrityError

from airbyte_agent_hubspot._http import AnswerTimeoutError, NotSentError
from airbyte_agent_hubspot._wire import HttpResponse
from airbyte_agent_server.app import build_server
from airbyte_agent_server.db.tables import idempotency_keys
from airbyte_agent_server.idempotency.store import LIFE_S, SWEEP_EVERY_S, SWEPT_AT_ONCE
from airbyte_agent_server.problems import ProblemError
from server.world import CONNECTORS, Answer, Client, CountingIds, World

CONTACTS = "/crm/objects/2026-03/contacts"
NEW = {"properties": {"email": "new@acme.example"}}
REPLAYED = "idempotency-replayed"


async def prepared(world: World, workspace: str = "user-123") -> tuple[str, str]:
    """A token and a connector of a workspace."""
    token = await world.scoped_token(workspace)
    return token, await world.create_connector(token)


async def create(world: World, token: str, connector_id: str, key: str, params: object = NEW) -> Answer:
    return await world.execute_keyed(token, connector_id, key, "contacts", "create", params)


def sent(world: World, method: str = "POST", path: str = CONTACTS) -> int:
    """How often HubSpot was asked to write."""
    return sum(request.method == method and request.url.endswith(path) for request in world.hubspot.seen)


async def kept(world: World) -> int:
    """How many keys the database holds."""
    async with world.server.core.database.read() as connection:
        return await connection.scalar(select(func.count()).select_from(idempotency_keys)) or 0


@asynccontextmanager
async def another_server(world: World) -> AsyncIterator[World]:
    """Another process on the same database."""
    server = build_server(world.settings, clock=world.clock, ids=_OtherIds(), upstream=world.hubspot)
    await server.start()
    yield World(world.settings, world.clock, server, Client(server.app), world.portal, world.hubspot, world.pair)
    await server.core.database.close()


class _OtherIds(CountingIds):
    """Identifiers that another process does not make."""

    def new_id(self) -> str:
        return super().new_id().replace("-8000-", "-9000-")


async def test_a_write_that_is_sent_again_is_answered_as_the_first_time_and_done_once(world: World) -> None:
    token, connector_id = await prepared(world)
    first = await create(world, token, connector_id, "k-1")
    assert (first.status, first.headers.get(REPLAYED)) == (200, None)
    world.clock.advance(10)
    again = await create(world, token, connector_id, "k-1")
    assert (again.status, again.headers[REPLAYED], again.body) == (200, "true", first.body)
    assert again.headers["content-type"] == "application/json"
    assert again.headers["x-request-id"] != again.json["execution_metadata"]["request_id"]
    assert sent(world) == 1


async def test_the_order_of_members_and_unknown_members_do_not_make_another_request(world: World) -> None:
    token, connector_id = await prepared(world)
    first = await create(world, token, connector_id, "k-1", {"properties": {"email": "a@b.example", "city": "Graz"}})
    body = (
        b'{"params":{"properties":{"city":"Graz","email":"a@b.example"}},"region_id":1,"action":"create",'
        b'"entity":"contacts"}'
    )
    again = await world.client.post(
        f"{CONNECTORS}/{connector_id}/execute", token=token, body=body, headers={"idempotency-key": "k-1"}
    )
    assert (again.body, again.headers[REPLAYED]) == (first.body, "true")


async def test_a_key_with_another_body_or_for_another_connector_is_refused(world: World) -> None:
    token, connector_id = await prepared(world)
    assert (await create(world, token, connector_id, "k-1")).status == 200
    other = await create(world, token, connector_id, "k-1", {"properties": {"email": "other@acme.example"}})
    assert (other.status, other.code, other.json["retryable"]) == (422, "idempotency_key_reused", False)
    other = await create(world, token, await world.create_connector(token), "k-1")
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert sent(world) == 1


async def test_a_key_of_another_workspace_or_route_is_another_key(world: World) -> None:
    for workspace in ("user-1", "user-2"):
        token, connector_id = await prepared(world, workspace)
        params = {"properties": {"email": f"{workspace}@acme.example"}}
        answer = await create(world, token, connector_id, "shared", params)
        assert (answer.status, answer.headers.get(REPLAYED)) == (200, None)
        body = {"connector_type": "Hubspot", "credentials": {"refresh_token": world.refresh_token}}
        made = await world.client.post(CONNECTORS, body, token=token, headers={"idempotency-key": "shared"})
        assert (made.status, made.headers.get(REPLAYED)) == (200, None)
    assert sent(world) == 2


async def test_a_key_counts_for_a_day(world: World) -> None:
    token, connector_id = await prepared(world)
    await create(world, token, connector_id, "k-1")
    world.clock.advance(LIFE_S - 1)
    token = await world.scoped_token()
    assert (await create(world, token, connector_id, "k-1")).headers[REPLAYED] == "true"
    world.clock.advance(1)
    anew = await create(world, token, connector_id, "k-1", {"properties": {"email": "anew@acme.example"}})
    assert (anew.status, anew.headers.get(REPLAYED)) == (200, None)
    assert sent(world) == 2
    assert (await create(world, token, connector_id, "k-1")).code == "idempotency_key_reused"


async def test_an_expired_key_that_is_not_swept_yet_is_taken_over(world: World) -> None:
    token, connector_id = await prepared(world)
    await create(world, token, connector_id, "k-1")
    world.clock.advance(LIFE_S - SWEEP_EVERY_S / 2)
    token = await world.scoped_token()
    await create(world, token, connector_id, "k-2", {"properties": {"email": "b@acme.example"}})  # sweeps
    world.clock.advance(SWEEP_EVERY_S / 2)
    anew = await create(world, token, connector_id, "k-1", {"properties": {"email": "c@acme.example"}})
    assert (anew.status, anew.headers.get(REPLAYED), sent(world)) == (200, None, 3)
    assert await kept(world) == 2


async def test_expired_keys_are_swept_away_some_at_a_time(world: World) -> None:
    token, connector_id = await prepared(world)
    await create(world, token, connector_id, "k-0")
    fill = text(
        "INSERT INTO idempotency_keys (key_hash, content_hash, attempt, leased_until, expires_at) "
        "SELECT :name, content_hash, attempt, leased_until, expires_at FROM idempotency_keys LIMIT 1"
    )
    async with world.server.core.database.write() as connection:
        await connection.execute(fill, [{"name": f"old-{number}"} for number in range(SWEPT_AT_ONCE + 4)])
    world.clock.advance(LIFE_S)
    token = await world.scoped_token()
    for expected in (5 + 1, 1 + 1):
        params = {"properties": {"email": f"left-{expected}@acme.example"}}
        assert (await create(world, token, connector_id, f"k-{expected}", params)).status == 200
        assert await kept(world) == expected


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ключ".encode().decode("latin-1")])
async def test_a_key_that_is_none_is_refused_for_writes_and_ignored_for_reads(world: World, key: str) -> None:
    token, connector_id = await prepared(world)
    answer = await create(world, token, connector_id, key)
    assert (answer.status, answer.code, sent(world)) == (400, "invalid_request", 0)
    assert (await world.execute_keyed(token, connector_id, key, "contacts", "list")).status == 200
    assert (await world.execute_keyed(token, connector_id, key, "*", "describe")).status == 200


async def test_a_read_with_a_key_costs_the_database_nothing(world: World) -> None:
    token, connector_id = await prepared(world)
    await world.execute(token, connector_id, "contacts", "list")
    await world.server.core.budgets.close()  # other processes have been told how many calls HubSpot allows
    asked: list[str] = []

    @event.listens_for(world.server.core.database.engine.sync_engine, "before_cursor_execute")
    def remember(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    for _ in range(2):
        answer = await world.execute_keyed(token, connector_id, "k-1", "contacts", "list")
        assert (answer.status, answer.headers.get(REPLAYED)) == (200, None)
    assert asked == []


@pytest.mark.parametrize(
    ("upstream", "code"),
    [
        (HttpResponse(429, {"retry-after": "900"}, b"{}"), "upstream_rate_limited"),
        (HttpResponse(400, {}, b'{"message":"no"}'), "upstream_rejected"),
        (HttpResponse(403, {}, b'{"category":"MISSING_SCOPES"}'), "missing_scopes"),
        (HttpResponse(423, {"retry-after": "900"}, b"{}"), "upstream_unavailable"),
        (NotSentError("refused"), "upstream_unavailable"),
    ],
)
async def test_an_error_that_proves_that_nothing_was_done_leaves_the_key_free(
    world: World, upstream: HttpResponse | Exception, code: str
) -> None:
    token, connector_id = await prepared(world)
    world.hubspot.answers[CONTACTS] = upstream
    assert (await create(world, token, connector_id, "k-1")).code == code
    assert await kept(world) == 0
    del world.hubspot.answers[CONTACTS]
    world.clock.advance(900)  # the longest that HubSpot asked to wait
    mended = await create(world, token, connector_id, "k-1", {"properties": {"email": "mended@acme.example"}})
    assert (mended.status, mended.headers.get(REPLAYED)) == (200, None)


async def test_what_is_refused_before_hubspot_is_asked_leaves_the_key_free(world: World) -> None:
    token, connector_id = await prepared(world)
    reader = await world.scoped_token(permissions={"read_only": True})
    assert (await create(world, reader, connector_id, "k-1")).code == "token_not_allowed"
    assert (await create(world, token, connector_id, "k-1", {"propertys": {}})).code == "invalid_params"
    assert await kept(world) == 0


@pytest.mark.parametrize(
    "upstream",
    [AnswerTimeoutError("slow"), HttpResponse(502, {}, b"<html>"), HttpResponse(201, {}, b'{"id":')],
)
async def test_an_unknown_outcome_stays_unknown_and_says_how_to_look(
    world: World, upstream: HttpResponse | Exception
) -> None:
    token, connector_id = await prepared(world)
    world.hubspot.answers[CONTACTS] = upstream
    first = await create(world, token, connector_id, "k-1")
    assert (first.status, first.code) == (500, "upstream_outcome_unknown")
    assert (first.json["retryable"], "retry-after" in first.headers) == (False, False)
    [error] = first.json["errors"]
    assert error["details"]["verify"] == {
        "entity": "contacts",
        "action": "batch_get",
        "params": {"ids": ["new@acme.example"], "idProperty": "email"},
        "hint": "It happened if the contact is there: no two contacts share an e-mail address.",
    }
    del world.hubspot.answers[CONTACTS]
    again = await create(world, token, connector_id, "k-1")
    assert (again.status, again.headers[REPLAYED], sent(world)) == (500, "true", 1)
    changing = {"request_id", "instance"}
    assert {k: v for k, v in again.json.items() if k not in changing} == {
        k: v for k, v in first.json.items() if k not in changing
    }
    assert again.json["request_id"] == again.headers["x-request-id"]


async def test_a_write_whose_result_is_too_large_is_not_done_again(world: World) -> None:
    token, connector_id = await prepared(world)
    padding = b"x" * world.settings.result_limit_bytes
    world.hubspot.answers[CONTACTS] = HttpResponse(201, {}, b'{"id":"1","properties":{"a":"%s"}}' % padding)
    for replayed in (None, "true"):
        answer = await create(world, token, connector_id, "k-1")
        assert (answer.code, answer.headers.get(REPLAYED)) == ("result_too_large", replayed)
        assert answer.json["message"].startswith("The write was carried out")
    assert sent(world) == 1


async def test_two_requests_at_once_make_one_write(world: World) -> None:
    token, connector_id = await prepared(world)
    answers: list[Answer] = []

    async def meanwhile() -> None:
        answers.append(await create(world, token, connector_id, "k-1"))
        answers.append(await create(world, token, connector_id, "k-1", {"properties": {"email": "x@acme.example"}}))

    world.hubspot.before[CONTACTS] = meanwhile
    assert (await create(world, token, connector_id, "k-1")).status == 200
    [running, other] = answers
    assert (running.status, running.code) == (409, "idempotency_in_progress")
    assert (running.json["retryable"], running.headers["retry-after"]) == (True, "5")
    assert other.code == "idempotency_key_reused"
    assert sent(world) == 1


async def test_many_requests_at_once_through_two_servers_make_one_write(world: World) -> None:
    token, connector_id = await prepared(world)
    async with another_server(world) as other:
        answers = await asyncio.gather(
            *(create(one, token, connector_id, "k-1") for _ in range(4) for one in (world, other))
        )
        assert {answer.status for answer in answers} <= {200, 409}
        assert sum(answer.status == 200 and REPLAYED not in answer.headers for answer in answers) == 1
        again = await create(other, token, connector_id, "k-1")
        assert (again.status, again.headers[REPLAYED]) == (200, "true")
    assert sent(world) == 1


async def die_during(world: World, path: str, call: Callable[[], Awaitable[Answer]]) -> None:
    """Stop the server while HubSpot's answer is under way."""
    reached = asyncio.Event()

    async def hang() -> None:
        reached.set()
        await asyncio.Event().wait()

    world.hubspot.before[path] = hang
    running = asyncio.ensure_future(call())
    await reached.wait()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_creation_that_a_server_died_over_is_of_unknown_outcome(world: World) -> None:
    token, connector_id = await prepared(world)
    await die_during(world, CONTACTS, lambda: create(world, token, connector_id, "k-1"))
    async with another_server(world) as successor:
        waiting = await create(successor, token, connector_id, "k-1")
        assert (waiting.code, waiting.headers["retry-after"]) == ("idempotency_in_progress", "5")
        world.clock.advance(world.settings.execute_deadline_s + 5)
        for _ in range(2):
            lost = await create(successor, token, connector_id, "k-1")
            assert (lost.status, lost.code, lost.headers[REPLAYED]) == (500, "upstream_outcome_unknown", "true")
            assert lost.json["errors"][0]["details"]["verify"]["action"] == "batch_get"
    assert sent(world) == 1


async def test_an_update_that_a_server_died_over_is_done_again(world: World) -> None:
    token, connector_id = await prepared(world)
    listed = await world.execute(token, connector_id, "contacts", "list", {"limit": 1})
    contact_id = listed.json["result"][0]["id"]
    change = {"contactId": contact_id, "properties": {"city": "Graz"}}

    async def update(one: World) -> Answer:
        return await one.execute_keyed(token, connector_id, "k-1", "contacts", "update", change)

    await die_during(world, f"{CONTACTS}/{contact_id}", lambda: update(world))
    world.clock.advance(world.settings.execute_deadline_s + 5)
    async with another_server(world) as successor:
        first, again = await update(successor), await update(successor)
        assert (first.status, first.headers.get(REPLAYED)) == (200, None)
        assert (again.body, again.headers[REPLAYED]) == (first.body, "true")
    assert sent(world, "PATCH", contact_id) == 2


async def test_of_two_that_take_over_at_once_one_works(world: World) -> None:
    token, connector_id = await prepared(world)
    await die_during(world, CONTACTS, lambda: create(world, token, connector_id, "k-1"))
    world.clock.advance(world.settings.execute_deadline_s + 5)
    async with another_server(world) as other:
        answers = await asyncio.gather(*(create(one, token, connector_id, "k-1") for one in (world, other, world)))
    assert {answer.code for answer in answers} <= {"upstream_outcome_unknown", "idempotency_in_progress"}
    assert sent(world) == 1


async def test_a_key_that_is_released_just_before_it_is_looked_up_is_free(world: World) -> None:
    token, connector_id = await prepared(world)
    engine = world.server.core.database.engine.sync_engine
    world.hubspot.answers[CONTACTS] = HttpResponse(400, {}, b"{}")
    tries: list[str] = []

    def vanish(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO idempotency_keys"):
            tries.append(statement)
            if len(tries) == 1:
                raise IntegrityError(statement, {}, Exception("taken, and free again at once"))

    event.listen(engine, "before_cursor_execute", vanish)
    assert (await create(world, token, connector_id, "k-1")).code == "upstream_rejected"
    assert len(tries) == 2


async def test_a_slow_server_does_not_overwrite_the_answer_of_the_one_that_took_over(world: World) -> None:
    token, connector_id = await prepared(world)

    async def meanwhile() -> None:
        world.clock.advance(world.settings.execute_deadline_s + 5)
        lost = await create(world, token, connector_id, "k-1")
        assert lost.code == "upstream_outcome_unknown"

    world.hubspot.before[CONTACTS] = meanwhile
    assert (await create(world, token, connector_id, "k-1")).status == 200
    assert (await create(world, token, connector_id, "k-1")).code == "upstream_outcome_unknown"


async def test_a_database_that_fails_after_the_write_makes_no_error_of_it(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    token = await world.scoped_token()
    untried = {"connector_type": "Hubspot", "credentials": {"refresh_token": world.refresh_token}}
    connector_id = (await world.client.post(f"{CONNECTORS}?validate=false", untried, token=token)).json["id"]
    away = ProblemError("unavailable", "The server's database does not answer: try again.")

    def fail(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(("UPDATE", "DELETE")):
            raise away

    engine = world.server.core.database.engine.sync_engine

    async def meanwhile() -> None:
        event.listen(engine, "before_cursor_execute", fail)

    world.hubspot.before[CONTACTS] = meanwhile
    assert (await create(world, token, connector_id, "k-1")).status == 200
    assert "could not be stored" in caplog.text
    assert "could not be kept" in caplog.text
    event.remove(engine, "before_cursor_execute", fail)
    world.hubspot.answers[CONTACTS] = HttpResponse(400, {}, b"{}")
    world.hubspot.before[CONTACTS] = meanwhile
    assert (await create(world, token, connector_id, "k-2")).code == "upstream_rejected"
    assert "could not be released" in caplog.text
    event.remove(engine, "before_cursor_execute", fail)


async def test_answers_lie_sealed_and_bodies_and_keys_as_hashes(world: World) -> None:
    token, connector_id = await prepared(world)
    key = "order-4711"
    assert (await create(world, token, connector_id, key)).status == 200
    async with world.server.core.database.read() as connection:
        row = (await connection.execute(select(idempotency_keys))).one()
    stored = repr(tuple(row)).encode() + row.sealed
    for secret in (b"new@acme.example", b"order-4711", b"connector_metadata"):
        assert secret not in stored


async def test_the_answers_of_a_connector_go_with_it(world: World) -> None:
    token, connector_id = await prepared(world)
    await create(world, token, connector_id, "k-1")
    assert await kept(world) == 1
    await world.client.delete(f"{CONNECTORS}/{connector_id}", token=token)
    assert await kept(world) == 0
    assert (await create(world, token, connector_id, "k-1")).code == "connector_not_found"


async def make(world: World, token: str, key: str, query: str = "", **fields: object) -> Answer:
    """A connector under a key."""
    body = {"connector_type": "Hubspot", "credentials": {"refresh_token": world.refresh_token}, **fields}
    return await world.client.post(CONNECTORS + query, body, token=token, headers={"idempotency-key": key})


async def listed(world: World, token: str) -> list[str]:
    answer = await world.client.get(CONNECTORS, token=token)
    return [item["id"] for item in answer.json["data"]]


async def test_a_connector_is_created_once_under_a_key(world: World) -> None:
    token = await world.scoped_token()
    first, again = await make(world, token, "k-1"), await make(world, token, "k-1")
    assert (first.status, again.status, again.body) == (200, 200, first.body)
    assert (first.headers.get(REPLAYED), again.headers[REPLAYED]) == (None, "true")
    assert await listed(world, token) == [first.json["id"]]
    other = await make(world, token, "k-1", name="Other")
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    other = await make(world, token, "k-1", "?validate=false")
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert (await make(world, token, "a b")).code == "invalid_request"


async def test_a_connector_refused_leaves_the_key_free(world: World) -> None:
    token = await world.scoped_token()
    refused = await make(world, token, "k-1", credentials={"refresh_token": "dead"})
    assert refused.code == "invalid_credentials"
    world.hubspot.answers["/oauth/2026-03/token"] = NotSentError("down")
    assert (await make(world, token, "k-1")).code == "upstream_unavailable"
    world.hubspot.answers.clear()
    assert (await make(world, token, "k-1")).status == 200


async def test_of_two_creations_at_once_one_makes_a_connector(world: World) -> None:
    token = await world.scoped_token()
    answers: list[Answer] = []

    async def meanwhile() -> None:
        answers.append(await make(world, token, "k-1"))

    world.hubspot.before["/oauth/2026-03/token"] = meanwhile
    made = await make(world, token, "k-1")
    assert [answer.code for answer in answers] == ["idempotency_in_progress"]
    assert await listed(world, token) == [made.json["id"]]


async def test_a_creation_that_lost_its_claim_stores_nothing(world: World) -> None:
    token = await world.scoped_token()
    answers: list[Answer] = []

    async def meanwhile() -> None:
        world.clock.advance(120)
        answers.append(await make(world, token, "k-1"))

    world.hubspot.before["/oauth/2026-03/token"] = meanwhile
    late = await make(world, token, "k-1")
    [made] = answers
    assert (made.status, late.code) == (200, "idempotency_in_progress")
    assert await listed(world, token) == [made.json["id"]]
    assert (await make(world, token, "k-1")).body == made.body


async def test_a_creation_that_a_server_died_over_is_made_again(world: World) -> None:
    token = await world.scoped_token()
    await die_during(world, "/oauth/2026-03/token", lambda: make(world, token, "k-1"))
    world.clock.advance(120)
    async with another_server(world) as successor:
        made = await make(successor, token, "k-1")
        assert (made.status, made.headers.get(REPLAYED)) == (200, None)
        assert await listed(successor, token) == [made.json["id"]]
