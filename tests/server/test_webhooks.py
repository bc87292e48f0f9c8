"""Events out: written with the change, signed, delivered, repeated, shown; never to where only this machine reaches."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import standardwebhooks.webhooks
from sqlalchemy import func, select
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from airbyte_agent_hubspot._http import NotSentError
from airbyte_agent_hubspot._wire import HttpResponse
from airbyte_agent_server.db.tables import events, webhook_deliveries
from airbyte_agent_server.events.delivery import DISABLED_AFTER_S, RETRIES_AFTER_S
from airbyte_agent_server.events.outbox import KEPT_DAYS
from airbyte_agent_server.settings import Settings
from server.jobs import SteppedEngine
from server.world import CONNECTORS, World

TOKEN_PATH = "/oauth/2026-03/token"
DEAD = HttpResponse(400, {}, b'{"error":"invalid_grant","status":"BAD_REFRESH_TOKEN","message":"invalid"}')


@dataclass
class Receiver:
    """A customer's endpoint on this machine. It answers as it is told."""

    status: int = 204
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        assert self.server is not None
        return f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/hooks?tenant=1"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        self.taken.append((headers, await reader.readexactly(int(headers["content-length"]))))
        writer.write(f"HTTP/1.1 {self.status} Whatever\r\nlocation: /elsewhere\r\ncontent-length: 2\r\n\r\nok".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.taken]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    made.server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    yield made
    made.server.close()
    await made.server.wait_closed()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"webhooks_to_loopback": True})


def hooks(world: World) -> str:
    return f"/api/v1/organizations/{world.pair.organization_id}/webhooks"


async def subscribe(world: World, url: str, **fields: object) -> Any:
    """A new webhook, as its creation was answered."""
    answer = await world.client.post(hooks(world), {"url": url, **fields}, token=await world.application_token())
    assert answer.status == 200, answer.body
    return answer.json


async def work(world: World, engine: SteppedEngine) -> None:
    """One turn of the background work."""
    await world.server.worker.turn()
    await engine.run("webhook")


async def log_of(world: World, webhook: Any, **query: object) -> Any:
    """A page of the delivery log."""
    filters = "&".join(f"{name}={value}" for name, value in query.items())
    path = f"{hooks(world)}/{webhook['id']}/deliveries?{filters}"
    answer = await world.client.get(path, token=await world.application_token())
    assert answer.status == 200, answer.body
    return answer.json


def verified(world: World, secret: str, taken: tuple[dict[str, str], bytes], monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a receiver's library makes of a webhook at the time of the test's clock."""

    class Then(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return world.clock.now().astimezone(tz)

    monkeypatch.setattr(standardwebhooks.webhooks, "datetime", Then)
    headers, body = taken
    return Webhook(secret).verify(body, headers)


@pytest.mark.requirement("webhooks")
async def test_each_event_reaches_the_endpoint_signed(
    world: World, engine: SteppedEngine, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = await subscribe(world, receiver.url)
    token = await world.scoped_token()
    connector_id = await world.create_connector(token, name="Mine")
    world.portal.tokens.expire_access_tokens()
    world.hubspot.answers[TOKEN_PATH] = DEAD
    for _ in range(2):
        assert (await world.execute(token, connector_id, "contacts", "list")).code == "reauthorization_required"
    await world.client.delete(f"{CONNECTORS}/{connector_id}", token=token)
    await work(world, engine)
    by_type = {}
    for taken in receiver.taken:
        payload = verified(world, webhook["secret"], taken, monkeypatch)
        by_type[payload["type"]] = payload
    assert (
        sorted(receiver.types())
        == sorted(by_type)
        == [
            "connector.created",
            "connector.deleted",
            "connector.needs_reauth",
            "token.refresh_failed",
        ]
    )
    payload = by_type["connector.needs_reauth"]
    shown = {"connector_id": connector_id, "connector_name": "Mine", "connector_type": "hubspot"}
    assert payload["data"] == {
        **shown,
        "organization_id": world.pair.organization_id,
        "workspace_id": payload["data"]["workspace_id"],
        "workspace_name": "user-123",
        "cause": "refresh_token_invalid",
    }
    assert by_type["token.refresh_failed"]["data"]["retried"] is False
    headers = receiver.taken[0][0]
    assert headers["host"] == receiver.url.split("/")[2]
    with pytest.raises(WebhookVerificationError):
        verified(world, webhook["secret"], (headers, b"{}"), monkeypatch)


async def test_an_event_is_written_with_its_change_or_not_at_all(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await subscribe(world, receiver.url)

    async def fail(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(world.server.core.outbox, "deliver", fail)
    token = await world.scoped_token()
    body = {"connector_type": "Hubspot", "credentials": {"refresh_token": world.refresh_token}}
    assert (await world.client.post(CONNECTORS, body, token=token)).status == 500
    assert (await world.client.get(CONNECTORS, token=token)).json["data"] == []
    async with world.server.core.database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(events)) == 0


async def test_only_those_who_want_an_event_get_it(world: World, engine: SteppedEngine, receiver: Receiver) -> None:
    await subscribe(world, receiver.url, events=["connector.deleted"])
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    await work(world, engine)
    assert receiver.types() == []
    await world.client.delete(f"{CONNECTORS}/{connector_id}", token=token)
    await work(world, engine)
    await work(world, engine)
    assert receiver.types() == ["connector.deleted"]


async def test_attempts_go_on_for_a_day_and_all_are_logged(
    world: World, engine: SteppedEngine, receiver: Receiver
) -> None:
    receiver.status = 503
    webhook = await subscribe(world, receiver.url)
    await world.create_connector(await world.scoped_token())
    started_at = world.clock.now()
    for wait_s in RETRIES_AFTER_S:
        await work(world, engine)
        world.clock.advance(wait_s - 1)
        seen = len(receiver.taken)
        await work(world, engine)
        assert len(receiver.taken) == seen
        world.clock.advance(wait_s * 0.1 + 1)
    assert timedelta(days=1) < world.clock.now() - started_at < timedelta(days=1.25)
    await work(world, engine)
    assert len({headers["webhook-id"] for headers, _ in receiver.taken}) == 1
    [delivery] = (await log_of(world, webhook))["data"]
    assert (delivery["status"], delivery["next_attempt_at"]) == ("failed", None)
    assert [attempt["http_status"] for attempt in delivery["attempts"]] == [503] * 8
    world.clock.advance(10**6)
    await work(world, engine)
    assert len(receiver.taken) == 8


async def test_a_redirect_is_a_failure_and_is_not_followed(
    world: World, engine: SteppedEngine, receiver: Receiver
) -> None:
    receiver.status = 307
    webhook = await subscribe(world, receiver.url)
    await world.create_connector(await world.scoped_token())
    await work(world, engine)
    [delivery] = (await log_of(world, webhook, status="pending"))["data"]
    assert delivery["attempts"] == [
        {
            "at": world.clock.now().isoformat().replace("+00:00", "Z"),
            "duration_ms": 0,
            "http_status": 307,
            "error": "The endpoint answered 307.",
        }
    ]
    assert len(receiver.taken) == 1


async def test_an_endpoint_that_takes_nothing_for_days_is_disabled_until_it_is_enabled(
    world: World, engine: SteppedEngine, receiver: Receiver
) -> None:
    receiver.status = 500
    webhook = await subscribe(world, receiver.url)
    await world.create_connector(await world.scoped_token())
    await work(world, engine)
    world.clock.advance(DISABLED_AFTER_S)
    await world.create_connector(await world.scoped_token())
    await work(world, engine)
    token = await world.application_token()
    path = f"{hooks(world)}/{webhook['id']}"
    shown = (await world.client.get(path, token=token)).json
    assert (shown["disabled_because"], shown["disabled_at"] is None) == ("failures", False)
    log = await log_of(world, webhook)
    assert [delivery["status"] for delivery in log["data"]] == ["abandoned", "abandoned"]
    refused = await world.client.post(f"{path}/deliveries/{log['data'][0]['id']}/redeliver", token=token)
    assert (refused.status, refused.code) == (422, "validation_error")
    receiver.status = 200
    enabled = await world.client.call("PATCH", path, {"disabled": False}, token=token)
    assert (enabled.json["disabled_at"], enabled.json["failing_since"]) == (None, None)
    repeated = await world.client.post(f"{path}/deliveries/{log['data'][0]['id']}/redeliver", token=token)
    assert repeated.json["event_id"] == log["data"][0]["event_id"]
    await work(world, engine)
    assert (await log_of(world, webhook, status="delivered"))["data"][0]["id"] == repeated.json["id"]


async def test_an_endpoint_that_is_gone_is_disabled_at_once(
    world: World, engine: SteppedEngine, receiver: Receiver
) -> None:
    receiver.status = 410
    webhook = await subscribe(world, receiver.url)
    await world.create_connector(await world.scoped_token())
    await work(world, engine)
    token = await world.application_token()
    shown = (await world.client.get(f"{hooks(world)}/{webhook['id']}", token=token)).json
    assert shown["disabled_because"] == "gone"


async def test_a_delivery_whose_process_died_is_sent_by_another_claim(
    world: World, engine: SteppedEngine, receiver: Receiver
) -> None:
    await subscribe(world, receiver.url)
    await world.create_connector(await world.scoped_token())
    await world.server.worker.turn()
    lost = engine.waiting[:]
    engine.waiting.clear()  # dies before it runs
    world.clock.advance(301)
    await work(world, engine)
    assert receiver.types() == ["connector.created"]
    engine.waiting = lost  # was only slow
    await engine.run("webhook")
    assert receiver.types() == ["connector.created"]


async def test_two_secrets_sign_while_one_is_replaced(
    world: World, engine: SteppedEngine, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = await subscribe(world, receiver.url)
    token = await world.application_token()
    path = f"{hooks(world)}/{webhook['id']}/secret"
    second = (await world.client.post(path, token=token)).json["secret"]
    await world.create_connector(await world.scoped_token())
    await work(world, engine)
    for secret in (webhook["secret"], second):
        verified(world, secret, receiver.taken[0], monkeypatch)
    third = (await world.client.post(path, token=token)).json["secret"]
    await world.create_connector(await world.scoped_token())
    await work(world, engine)
    for secret in (second, third):
        verified(world, secret, receiver.taken[1], monkeypatch)
    with pytest.raises(WebhookVerificationError):
        verified(world, webhook["secret"], receiver.taken[1], monkeypatch)


async def test_the_log_is_read_in_pages_with_signed_cursors(
    world: World, engine: SteppedEngine, receiver: Receiver
) -> None:
    webhook = await subscribe(world, receiver.url)
    token = await world.scoped_token()
    for _ in range(5):
        world.clock.advance(1)
        await world.create_connector(token)
    await work(world, engine)
    seen: list[str] = []
    page = await log_of(world, webhook, limit=2)
    while True:
        seen += [delivery["id"] for delivery in page["data"]]
        if page["next_cursor"] is None:
            break
        page = await log_of(world, webhook, limit=2, cursor=page["next_cursor"])
    whole = await log_of(world, webhook)
    assert seen == [delivery["id"] for delivery in whole["data"]]
    assert len(set(seen)) == 5
    cursor = (await log_of(world, webhook, limit=2))["next_cursor"]
    path = f"{hooks(world)}/{webhook['id']}/deliveries?status=failed&cursor={cursor}"
    answer = await world.client.get(path, token=await world.application_token())
    assert (answer.status, answer.code) == (422, "invalid_cursor")


async def test_webhooks_are_changed_listed_and_deleted(world: World, receiver: Receiver) -> None:
    webhook = await subscribe(world, receiver.url, description="CRM team")
    token = await world.application_token()
    path = f"{hooks(world)}/{webhook['id']}"
    assert webhook["secret"].startswith("whsec_")
    changed = await world.client.call(
        "PATCH", path, {"url": "https://example.com/h", "events": ["connector.created"], "disabled": True}, token=token
    )
    listed = (await world.client.get(hooks(world), token=token)).json["data"]
    assert listed == [changed.json]
    assert (listed[0]["url"], listed[0]["events"], listed[0]["disabled_because"], listed[0]["description"]) == (
        "https://example.com/h",
        ["connector.created"],
        "request",
        "CRM team",
    )
    assert "secret" not in listed[0]
    assert (await world.client.call("PATCH", path, {"events": []}, token=token)).json["events"] is None
    assert (await world.client.delete(path, token=token)).status == 200
    gone = await world.client.get(path, token=token)
    assert (gone.status, gone.code) == (404, "webhook_not_found")
    missing = await world.client.call("PATCH", path, {"disabled": True}, token=token)
    assert (missing.status, missing.code) == (404, "webhook_not_found")


async def test_a_delivery_of_another_webhook_is_not_found(
    world: World, engine: SteppedEngine, receiver: Receiver
) -> None:
    one, two = await subscribe(world, receiver.url), await subscribe(world, receiver.url)
    await world.create_connector(await world.scoped_token())
    await work(world, engine)
    [delivery] = (await log_of(world, one))["data"]
    path = f"{hooks(world)}/{two['id']}/deliveries/{delivery['id']}/redeliver"
    answer = await world.client.post(path, token=await world.application_token())
    assert (answer.status, answer.code) == (404, "delivery_not_found")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hooks",
        "https://10.0.0.1/",
        "https://[::ffff:169.254.169.254]/latest/meta-data",
        "https://user:pass@example.com/",
        "ftp://example.com/",
        "https:///nowhere",
        "https://[broken/",
    ],
)
async def test_an_address_that_cannot_be_used_is_refused_at_once(world: World, url: str) -> None:
    answer = await world.client.post(hooks(world), {"url": url}, token=await world.application_token())
    assert (answer.status, answer.code) == (422, "validation_error")
    assert answer.json["errors"][0]["field"] == "url"


async def test_another_organizations_webhooks_are_out_of_reach(world: World) -> None:
    path = "/api/v1/organizations/00000000-0000-4000-8000-00000000dead/webhooks"
    answer = await world.client.get(path, token=await world.application_token())
    assert (answer.status, answer.code) == (403, "organization_mismatch")


async def test_there_is_an_end_to_webhooks(world: World, receiver: Receiver) -> None:
    for _ in range(20):
        await subscribe(world, receiver.url)
    answer = await world.client.post(hooks(world), {"url": receiver.url}, token=await world.application_token())
    assert (answer.status, answer.code) == (422, "validation_error")


async def test_old_events_are_deleted_with_their_deliveries(
    world: World, engine: SteppedEngine, receiver: Receiver
) -> None:
    await subscribe(world, receiver.url)
    await world.create_connector(await world.scoped_token())
    await work(world, engine)
    world.clock.advance(KEPT_DAYS * 24 * 3600 + 1)
    await world.server.worker.turn()
    await engine.run("housekeeping")
    async with world.server.core.database.read() as connection:
        for table in (events, webhook_deliveries):
            assert await connection.scalar(select(func.count()).select_from(table)) == 0


async def test_a_refresh_that_fails_for_now_is_told_once(
    world: World, engine: SteppedEngine, receiver: Receiver
) -> None:
    await subscribe(world, receiver.url, events=["token.refresh_failed"])
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    world.portal.tokens.expire_access_tokens()
    world.hubspot.answers[TOKEN_PATH] = NotSentError("refused")
    for _ in range(3):
        assert (await world.execute(token, connector_id, "contacts", "list")).code == "upstream_unavailable"
    await work(world, engine)
    assert [json.loads(body)["data"]["retried"] for _, body in receiver.taken] == [True]
