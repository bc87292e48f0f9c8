"""The money path: access tokens are refreshed once, stored before use, and never overwrite a newer grant."""

import asyncio

import pytest

from airbyte_agent_hubspot._http import NotSentError
from airbyte_agent_hubspot._wire import HttpResponse
from airbyte_agent_server.app import build_server
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.vault.secrets import OAuthSecret
from server.world import CONNECTORS, World

TOKEN_PATH = "/oauth/2026-03/token"
DEAD = HttpResponse(
    400, {}, b'{"error":"invalid_grant","status":"BAD_REFRESH_TOKEN","message":"refresh token is invalid"}'
)


async def test_fifty_calls_with_an_expired_token_refresh_it_once(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    world.clock.advance(1100)
    token = await world.scoped_token()
    world.clock.advance(700)
    before = world.hubspot.count(TOKEN_PATH)
    answers = await asyncio.gather(
        *(world.execute(token, connector_id, "contacts", "list", {"limit": 1}) for _ in range(50))
    )
    assert [answer.status for answer in answers] == [200] * 50
    assert world.hubspot.count(TOKEN_PATH) - before == 1


async def test_a_token_is_refreshed_before_it_expires(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    world.clock.advance(1000)
    token = await world.scoped_token()
    world.clock.advance(741)
    before = world.hubspot.count(TOKEN_PATH)
    assert (await world.execute(token, connector_id, "contacts", "list")).status == 200
    assert world.hubspot.count(TOKEN_PATH) - before == 1


async def test_a_refused_token_is_refreshed_once(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    world.portal.tokens.expire_access_tokens()
    before = len(world.hubspot.seen)
    answer = await world.execute(token, connector_id, "contacts", "list")
    assert answer.status == 200
    assert answer.json["execution_metadata"]["upstream_calls"] == 2
    assert [request.url.rpartition("/")[2] for request in world.hubspot.seen[before:]] == [
        "contacts",
        "token",
        "contacts",
    ]


async def test_a_second_refusal_marks_the_connector_until_its_credentials_work_again(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    path = "/crm/objects/2026-03/contacts"
    world.hubspot.answers[path] = HttpResponse(401, {}, b'{"category":"INVALID_AUTHENTICATION","message":"no"}')
    answer = await world.execute(token, connector_id, "contacts", "list")
    assert (answer.status, answer.code) == (403, "reauthorization_required")
    assert answer.json["errors"][0]["details"] == {"connector_id": connector_id}
    shown = await world.client.get(f"{CONNECTORS}/{connector_id}", token=token)
    assert shown.json["status"] == "needs_reauth"
    del world.hubspot.answers[path]
    assert (await world.execute(token, connector_id, "contacts", "list")).status == 200
    shown = await world.client.get(f"{CONNECTORS}/{connector_id}", token=token)
    assert shown.json["status"] == "active"


async def test_a_dead_refresh_token_asks_for_a_new_connection(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    world.portal.tokens.expire_access_tokens()
    world.portal.tokens.revoke(world.refresh_token)
    answer = await world.execute(token, connector_id, "contacts", "list")
    assert (answer.status, answer.code) == (403, "reauthorization_required")
    assert "Connect the account again" in answer.json["message"]


async def test_a_token_that_could_not_be_stored_is_not_used(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    world.portal.tokens.expire_access_tokens()

    async def refuse(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(world.server.core.secrets, "replace", refuse)
    before = world.hubspot.count("contacts")
    answer = await world.execute(token, connector_id, "contacts", "list")
    assert (answer.status, answer.code) == (500, "internal_error")
    assert world.hubspot.count("contacts") - before == 1


async def test_a_rotated_refresh_token_is_kept(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    rotated = world.portal.tokens.rotate(world.portal.tokens.grants()[0])
    world.portal.tokens.expire_access_tokens()
    access = world.portal.tokens.mint_access_token(rotated, rotated.scopes)
    world.hubspot.answers[TOKEN_PATH] = HttpResponse(
        200,
        {},
        f'{{"access_token":"{access.token}","refresh_token":"{rotated.refresh_token}","expires_in":1800}}'.encode(),
    )
    assert (await world.execute(token, connector_id, "contacts", "list")).status == 200
    opened = await world.server.core.secrets.reload(connector_id)
    assert opened is not None
    assert isinstance(opened.secret, OAuthSecret)
    assert opened.secret.refresh_token.get_secret_value() == rotated.refresh_token
    assert opened.generation == 2


async def test_two_servers_on_one_database_share_a_refreshed_token(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    core = world.server.core
    other = build_server(world.settings, clock=world.clock, ids=core.ids, upstream=world.hubspot)
    await other.start()
    first = await core.refresher.current(connector_id)
    assert await other.core.refresher.current(connector_id) == first
    before = world.hubspot.count(TOKEN_PATH)
    renewed = (await core.refresher.renew(connector_id, first)).value
    assert (await other.core.refresher.renew(connector_id, first)).value == renewed
    assert world.hubspot.count(TOKEN_PATH) - before == 1
    await other.stop()


async def test_a_refresh_that_lost_the_race_uses_the_winners_token(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    core = world.server.core
    stale = await core.secrets.reload(connector_id)
    assert stale is not None
    rejected = await core.refresher.current(connector_id)
    winner = (await core.refresher.renew(connector_id, rejected)).value
    late = await core.secrets.replace(stale, stale.secret)
    assert late is not None
    assert isinstance(late.secret, OAuthSecret)
    assert late.secret.access_token is not None
    assert (late.secret.access_token.get_secret_value(), late.generation) == (winner, 2)


async def test_a_caller_that_leaves_does_not_stop_the_refresh_that_others_wait_for(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    refresher = world.server.core.refresher
    rejected = await refresher.current(connector_id)
    leaving = asyncio.create_task(refresher.renew(connector_id, rejected))
    staying = asyncio.create_task(refresher.renew(connector_id, rejected))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).value != rejected
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_stopping_the_server_lets_a_refresh_finish(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    core = world.server.core
    rejected = await core.refresher.current(connector_id)
    running = asyncio.create_task(core.refresher.renew(connector_id, rejected))
    await asyncio.sleep(0)
    await core.refresher.close()
    assert (await running).value != rejected


async def test_an_unreachable_hubspot_is_no_reason_to_connect_again(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    world.portal.tokens.expire_access_tokens()
    world.hubspot.answers[TOKEN_PATH] = NotSentError("refused")
    answer = await world.execute(token, connector_id, "contacts", "list")
    assert (answer.status, answer.code) == (503, "upstream_unavailable")
    assert answer.headers["retry-after"] == "1"
    shown = await world.client.get(f"{CONNECTORS}/{connector_id}", token=token)
    assert shown.json["status"] == "active"


async def test_a_connector_deleted_during_its_refresh_is_gone(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    await world.client.delete(f"{CONNECTORS}/{connector_id}", token=token)
    refresher = world.server.core.refresher
    with pytest.raises(ProblemError) as caught:
        await refresher.renew(connector_id, "whatever")
    assert caught.value.type.code == "connector_not_found"


async def test_a_connector_deleted_while_hubspot_answers_does_not_come_back(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    core = world.server.core
    rejected = await core.refresher.current(connector_id)
    stale = await core.secrets.reload(connector_id)
    assert stale is not None
    world.hubspot.before[TOKEN_PATH] = lambda: world.client.delete(f"{CONNECTORS}/{connector_id}", token=token)
    with pytest.raises(ProblemError) as caught:
        await core.refresher.renew(connector_id, rejected)
    assert caught.value.type.code == "connector_not_found"
    assert await core.secrets.reload(connector_id) is None


async def test_a_refresh_that_is_cancelled_is_forgotten(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    refresher = world.server.core.refresher
    rejected = await refresher.current(connector_id)
    waiting = asyncio.create_task(refresher.renew(connector_id, rejected))
    await asyncio.sleep(0)
    [running] = [task for task in asyncio.all_tasks() if task.get_name() == f"refresh {connector_id}"]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await refresher.renew(connector_id, rejected)).value != rejected
