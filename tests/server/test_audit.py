import asyncio
import json
import os
from pathlib import Path

import pytest

from airbyte_agent_server.app import Server, build_server
from airbyte_agent_server.audit.journal import Journal
from airbyte_agent_server.audit.log import AuditLog
from airbyte_agent_server.audit.record import (
    CallNotes,
    CallRow,
    CallStatus,
    Kind,
    encode_row,
    time_of,
)
from airbyte_agent_server.audit.store import CallFilter, CallStore
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.schema import migrate
from airbyte_agent_server.db.tables import tool_calls
from airbyte_agent_server.ports import LEAST_ID, timed_id
from airbyte_agent_server.problems import ProblemError
from server.world import CONNECTORS, Client, CountingIds, TestClock, World

CALLS = "/api/v1/tool-calls"
ORGANIZATION = "00000000-0000-4000-8000-00000000aaaa"


async def prepared(world: World, **permissions: object) -> tuple[str, str]:
    """A token and a connector that it may use."""
    connector_id = await world.create_connector(await world.scoped_token())
    return await world.scoped_token(permissions=permissions or None), connector_id


async def calls(world: World, query: str = "") -> list[dict[str, object]]:
    """What is on record, newest first."""
    answer = await world.client.get(f"{CALLS}{query}", token=await world.application_token())
    assert answer.status == 200, answer.body
    found: list[dict[str, object]] = answer.json["data"]
    return found


def row(number: int = 1, **fields: object) -> CallRow:
    known: dict[str, object] = {
        "id": timed_id(1_000 + number, LEAST_ID),
        "organization_id": ORGANIZATION,
        "workspace_id": ORGANIZATION,
        "workspace_name": "user-123",
        "connector_id": ORGANIZATION,
        "connector_name": "HubSpot",
        "connector_type": "HubSpot",
        "client_id": "client",
        "token_kind": "scoped",
        "request_id": f"request-{number}",
        "interface": None,
        "entity": "contacts",
        "action": "list",
        "kind": Kind.DIRECT,
        "param_names": ["limit"],
        "sealed_params": None,
        "intent": None,
        "status": CallStatus.SUCCESS,
        "http_status": 200,
        "code": None,
        "duration_ms": 3,
        "record_count": 10,
        "result_bytes": 100,
        "upstream_calls": 1,
        "retries": 0,
        "idempotency_replayed": False,
    }
    return CallRow(**(known | fields))  # type: ignore[arg-type]  # one dictionary for all kinds of fields


async def test_a_call_is_on_record_with_the_names_of_its_parameters_and_never_their_values(world: World) -> None:
    token, connector_id = await prepared(world)
    body = {"entity": "contacts", "action": "list", "params": {"limit": 2, "properties": "email"}, "intent": "greet"}
    headers = {"user-agent": "my agent/1", "x-request-id": "r-1"}
    answer = await world.client.post(f"{CONNECTORS}/{connector_id}/execute", body, token=token, headers=headers)
    shown = await calls(world)
    workspace_id = shown[0]["workspace_id"]
    assert shown == [
        {
            "id": shown[0]["id"],
            "started_at": "2026-11-23T10:00:00Z",
            "duration_ms": 0,
            "workspace_id": workspace_id,
            "workspace_name": "user-123",
            "connector_id": connector_id,
            "connector_name": "HubSpot",
            "connector_type": "HubSpot",
            "entity": "contacts",
            "action": "list",
            "kind": "direct",
            "status": "success",
            "http_status": 200,
            "code": None,
            "param_names": ["limit", "properties"],
            "intent": "greet",
            "record_count": 2,
            "result_bytes": len(json.dumps(answer.json["result"], separators=(",", ":"), ensure_ascii=False).encode()),
            "upstream_calls": 1,
            "retries": 0,
            "idempotency_replayed": False,
            "actor": {"client_id": world.pair.client_id, "token_kind": "scoped"},
            "interface": "my agent/1",
            "request_id": "r-1",
        }
    ]
    one = await world.client.get(f"{CALLS}/{shown[0]['id']}", token=await world.application_token())
    assert one.json == {**shown[0], "params": None}
    missing = await world.client.get(f"{CALLS}/{connector_id}", token=await world.application_token())
    assert (missing.status, missing.code) == (404, "tool_call_not_found")


async def test_refused_calls_are_on_record_as_denied_and_those_without_a_valid_token_are_not(world: World) -> None:
    token, connector_id = await prepared(world, read_only=True)
    foreign = await world.scoped_token("somebody-else")
    narrow = await world.scoped_token(permissions={"connector_ids": [world.pair.client_id]})
    created = {"properties": {"email": "x@example.com"}}

    assert (await world.execute(token, connector_id, "contacts", "create", created)).code == "token_not_allowed"
    assert (await world.execute(foreign, connector_id, "contacts", "list")).code == "connector_not_found"
    assert (await world.execute(narrow, connector_id, "contacts", "list")).code == "permission_denied"
    wrong = {"x-organization-id": connector_id}
    answer = await world.client.post(f"{CONNECTORS}/{connector_id}/execute", {}, token=token, headers=wrong)
    assert answer.code == "organization_mismatch"
    assert (await world.execute("nonsense", connector_id, "contacts", "list")).status == 401
    assert [(call["status"], call["code"], call["action"]) for call in await calls(world)] == [
        ("denied", "organization_mismatch", ""),
        ("denied", "permission_denied", ""),
        ("denied", "connector_not_found", ""),
        ("denied", "token_not_allowed", "create"),
    ]


async def test_errors_checks_descriptions_and_replays_are_on_record(world: World) -> None:
    token, connector_id = await prepared(world)
    created = {"properties": {"email": "new@example.com"}}
    await world.execute(token, connector_id, "", "describe")
    await world.execute(token, connector_id, "*", "check")
    await world.execute(token, connector_id, "contacts", "get", {"contactId": "0"})
    await world.execute(token, connector_id, "contacts", "search", {"query": {}})
    await world.client.post(f"{CONNECTORS}/{connector_id}/execute", token=token, body=b"{")
    for _ in range(2):
        await world.execute_keyed(token, connector_id, "key", "contacts", "create", created)
    names = ("entity", "action", "kind", "code", "record_count", "upstream_calls", "idempotency_replayed")
    assert [tuple(call[name] for name in names) for call in reversed(await calls(world))] == [
        ("", "describe", "describe", None, None, 0, False),
        ("*", "check", "check", None, None, 1, False),
        ("contacts", "get", "direct", "record_not_found", None, 1, False),
        ("contacts", "context_store_search", "search", "context_store_disabled", None, 0, False),
        ("", "", "direct", "invalid_request", None, 0, False),
        ("contacts", "create", "direct", None, 1, 1, False),
        ("contacts", "create", "direct", None, None, 0, True),
    ]


async def test_calls_can_be_filtered_paged_and_exported(world: World) -> None:
    token, connector_id = await prepared(world)
    for entity in ("contacts", "deals", "contacts"):
        world.clock.advance(60)
        await world.execute(token, connector_id, entity, "list", {"limit": 1})
    await world.execute(await world.application_token(), connector_id, "contact", "list")
    newest, *_, oldest = shown = await calls(world)
    for query, expected in {
        "?workspace_name=user-123": 4,
        "?external_user_id=user-123": 4,
        "?workspace_name=nobody": 0,
        f"?connector_id={connector_id}": 4,
        "?entity=deals": 1,
        "?entity=contacts&action=list": 2,
        "?kind=direct": 4,
        "?kind=sql": 0,
        "?status=error": 1,
        "?code=unknown_operation": 1,
        f"?client_id={world.pair.client_id}": 4,
        f"?request_id={newest['request_id']}": 1,
        "?since=2026-11-23T10:02:00Z": 3,
        "?since=2026-11-23T10:02:00Z&until=2026-11-23T10:03:00Z": 1,
    }.items():
        assert len(await calls(world, query)) == expected, query
    admin = await world.application_token()
    first = (await world.client.get(f"{CALLS}?limit=3", token=admin)).json
    second = (await world.client.get(f"{CALLS}?limit=3&cursor={first['next_cursor']}", token=admin)).json
    assert (first["data"] + second["data"], second["next_cursor"]) == (shown, None)
    for cursor in (f"limit=3&status=error&cursor={first['next_cursor']}", "cursor=made-up"):
        assert (await world.client.get(f"{CALLS}?{cursor}", token=admin)).code == "invalid_cursor"
    exported = await world.client.get(f"{CALLS}/export?entity=contacts", token=admin)
    assert exported.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in exported.body.splitlines()]
    assert lines == [oldest, shown[1], {"end": True, "count": 2}]


@pytest.mark.parametrize("query", ["?limit=0", "?limit=201", "?status=great", "?since=yesterday"])
async def test_filters_that_cannot_be_are_refused(world: World, query: str) -> None:
    answer = await world.client.get(CALLS + query, token=await world.application_token())
    assert (answer.status, answer.code) == (422, "validation_error")


@pytest.mark.parametrize(
    ("kept", "names", "params"), [("none", [], None), ("names", ["limit"], None), ("full", ["limit"], {"limit": 1})]
)
async def test_settings_say_what_is_kept_of_parameters(
    world: World, kept: str, names: list[str], params: object, tmp_path: Path
) -> None:
    token, connector_id = await prepared(world)
    settings = world.settings.model_copy(
        update={"audit_params": kept, "audit_fsync": True, "audit_dir": tmp_path / "elsewhere"}
    )
    server = build_server(settings, clock=world.clock, ids=CountingIds(), upstream=world.hubspot)
    await server.start()
    client = Client(server.app)
    body = {"entity": "contacts", "action": "list", "params": {"limit": 1}}
    answer = await client.post(f"{CONNECTORS}/{connector_id}/execute", body, token=token)
    assert answer.status == 200
    [call] = await calls(world) or (await client.get(CALLS, token=await world.application_token())).json["data"]
    assert call["param_names"] == names
    shown = await client.get(f"{CALLS}/{call['id']}", token=await world.application_token())
    assert shown.json["params"] == params
    await server.stop()


@pytest.fixture
async def store(database: Database) -> CallStore:
    await migrate(database)
    return CallStore(database)


def audit_log(store: CallStore, clock: TestClock, ids: CountingIds, folder: Path, *, places: int = 10) -> AuditLog:
    journal = Journal(folder, ids=ids, durable=False)
    return AuditLog(store, journal, clock=clock, durable=False, retention_days=90, places=places)


def test_places_in_a_line_are_those_of_the_columns() -> None:
    assert CallRow.__struct_fields__ == tuple(column.name for column in tool_calls.columns)


async def test_what_a_dead_process_left_in_the_journal_is_written_once(
    store: CallStore, clock: TestClock, ids: CountingIds, tmp_path: Path
) -> None:
    folder = tmp_path / "audit"
    dead = Journal(folder, ids=ids, durable=False)
    dead.open()
    for number in (1, 2):
        dead.append(encode_row(row(number)))
    dead.write_out()
    segment = dead.cut()
    assert segment is not None
    with segment.path.open("ab") as file:
        file.write(b'["torn by a power fail\n["half')
    living = Journal(folder, ids=ids, durable=False)
    assert list(living.orphans()) == []  # its process lives: the file is locked
    segment.release()
    await store.insert([encode_row(row(1))])  # the process died after the database had this one
    log = audit_log(store, clock, ids, folder)
    await log.start()
    await log.stop()
    assert await store.list(ORGANIZATION, CallFilter(), limit=10) == [row(2), row(1)]
    assert list(folder.iterdir()) == []


async def test_a_row_that_a_full_disk_cut_off_spoils_no_other(
    store: CallStore, clock: TestClock, ids: CountingIds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = Journal(tmp_path / "audit", ids=ids, durable=False)
    dead.open()
    write, room = os.write, [100, 0]

    def full(descriptor: int, data: bytes) -> int:
        if not (left := room.pop(0)):
            raise OSError(28, "No space left on device")
        return write(descriptor, data[:left])

    dead.append(encode_row(row(1)))
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space left"):
            dead.write_out()
    dead.append(encode_row(row(2)))
    dead.write_out()
    segment = dead.cut()
    assert segment is not None
    segment.release()
    log = audit_log(store, clock, ids, tmp_path / "audit")
    await log.start()
    await log.stop()
    assert await store.list(ORGANIZATION, CallFilter(), limit=10) == [row(2)]


async def test_a_row_that_the_database_refuses_is_put_aside_and_holds_up_no_other(
    store: CallStore, clock: TestClock, ids: CountingIds, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = audit_log(store, clock, ids, tmp_path / "audit")
    await log.start()
    for line in (encode_row(row(1)), b'["incomplete"]', encode_row(row(2, intent="a\0b"))):
        await log.take_place()
        log.add(line)
    await log.stop()
    found = await store.list(ORGANIZATION, CallFilter(), limit=10)
    assert [(call.request_id, call.intent) for call in found] == [("request-2", "ab"), ("request-1", None)]
    [aside] = (tmp_path / "audit").iterdir()
    assert (aside.name, aside.read_bytes()) == ("refused.jsonl", b'["incomplete"]\n')
    assert "a tool call cannot be stored" in caplog.text


async def test_without_room_calls_wait_and_no_row_is_dropped(
    store: CallStore, clock: TestClock, ids: CountingIds, tmp_path: Path
) -> None:
    log = audit_log(store, clock, ids, tmp_path / "audit", places=1)
    await log.start()
    await log.take_place()
    waiting = asyncio.create_task(log.take_place())
    await asyncio.sleep(0)
    assert not waiting.done()
    log.add(encode_row(row(1)))
    await log.flush()
    await waiting
    log.add(encode_row(row(2)))
    await log.stop()
    assert len(await store.list(ORGANIZATION, CallFilter(), limit=10)) == 2


async def test_a_database_that_stays_away_refuses_calls_and_loses_none(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    token, connector_id = await prepared(world)
    log: AuditLog = world.server.core.audit

    async def away(_lines: object) -> None:
        raise ProblemError("unavailable", "The server's database does not answer: try again.")

    with monkeypatch.context() as patch:
        patch.setattr(log._store, "insert", away)
        assert (await world.execute(token, connector_id, "*", "describe")).status == 200
        patch.setattr("airbyte_agent_server.audit.log._WAIT_S", 0.0)
        patch.setattr(log, "_free", 0)
        refused = await world.execute(token, connector_id, "*", "describe")
        assert (refused.status, refused.code) == (503, "unavailable")
        with pytest.raises(ProblemError):
            await log.flush()
        await world.server.stop()
        assert "until the next start" in caplog.text
    another = build_server(world.settings, clock=world.clock, ids=CountingIds(), upstream=world.hubspot)
    await another.start()
    rows = await CallStore(another.core.database).list(world.pair.organization_id, CallFilter(), limit=10)
    assert [call.action for call in rows] == ["describe"]
    await another.stop()


async def test_old_calls_are_deleted_and_younger_ones_stay(world: World) -> None:
    token, connector_id = await prepared(world)
    await world.execute(token, connector_id, "*", "describe")
    world.clock.advance(89 * 24 * 3600)
    await world.execute(await world.scoped_token(), connector_id, "*", "check")
    await world.server.core.audit.flush()
    assert await world.server.core.audit.expire() == 0
    world.clock.advance(2 * 24 * 3600)
    assert await world.server.core.audit.expire() == 1
    assert [call["action"] for call in await calls(world)] == ["check"]


async def test_a_journal_that_cannot_be_written_stops_the_start(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = world.settings.model_copy(update={"audit_dir": tmp_path / "file"})
    server: Server = build_server(settings, clock=world.clock, ids=CountingIds(), upstream=world.hubspot)
    with pytest.raises(OSError, match="file"):
        await server.start()
    await server.stop()


async def test_a_full_disk_denies_no_call(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    token, connector_id = await prepared(world)

    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(world.server.core.audit._journal, "_begin", full)
    assert (await world.execute(token, connector_id, "*", "describe")).status == 200
    assert len(await calls(world)) == 1


def test_ids_of_calls_hold_their_instant_and_are_in_its_order() -> None:
    ids = [
        timed_id(at_ms, "ffffffff-ffff-4fff-bfff-ffffffffffff") for at_ms in (1, 1_795_000_000_000, 1_795_000_000_001)
    ]
    assert ids == sorted(ids)
    assert [round(time_of(call_id).timestamp() * 1000) for call_id in ids] == [1, 1_795_000_000_000, 1_795_000_000_001]
    assert ids[0] == "00000000-0001-7fff-bfff-ffffffffffff"
    assert CallNotes().param_names == []
