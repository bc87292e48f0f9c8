"""Grants of deleted connectors: taken back, if not at once then later, and kept sealed no longer than that takes."""

import pytest
from sqlalchemy import select

from airbyte_agent_hubspot._http import NotSentError
from airbyte_agent_server.connectors.revocations import RETRIES_AFTER_S
from airbyte_agent_server.db.tables import revocations
from airbyte_agent_server.jobs.due import LEASE_S
from airbyte_agent_server.vault.secrets import OAuthSecret
from server.jobs import SteppedEngine
from server.world import CONNECTORS, World

REVOKE_PATH = "/oauth/2026-03/token/revoke"
DOWN = NotSentError("refused")


async def delete(world: World, connector_id: str) -> str:
    """What became of the grant of a connector that is deleted now."""
    answer = await world.client.delete(
        f"{CONNECTORS}/{connector_id}?revoke=true", token=await world.application_token()
    )
    assert answer.status == 200
    revocation: str = answer.json["upstream_revocation"]
    return revocation


async def pending(world: World) -> list[bytes]:
    """The envelopes of grants that are to be taken back."""
    async with world.server.core.database.read() as connection:
        return list((await connection.scalars(select(revocations.c.sealed))).all())


async def work(world: World, engine: SteppedEngine) -> None:
    await world.server.worker.turn()
    await engine.run("revocation")


@pytest.mark.requirement("revocation-is-retried")
async def test_a_revocation_that_failed_is_tried_again_until_it_is_done(world: World, engine: SteppedEngine) -> None:
    connector_id = await world.create_connector(await world.scoped_token())
    refresh_token = world.refresh_token
    world.hubspot.answers[REVOKE_PATH] = DOWN
    assert await delete(world, connector_id) == "failed"
    [sealed] = await pending(world)
    assert refresh_token.encode() not in sealed
    world.clock.advance(RETRIES_AFTER_S[0])
    await work(world, engine)
    assert len(await pending(world)) == 1
    del world.hubspot.answers[REVOKE_PATH]
    world.clock.advance(RETRIES_AFTER_S[1] - 1)
    await work(world, engine)
    assert len(await pending(world)) == 1
    world.clock.advance(1)
    await work(world, engine)
    assert await pending(world) == []
    assert world.hubspot.seen[-1].url.endswith(REVOKE_PATH)


async def test_a_revocation_is_given_up_after_days_and_its_token_erased(world: World, engine: SteppedEngine) -> None:
    connector_id = await world.create_connector(await world.scoped_token())
    world.hubspot.answers[REVOKE_PATH] = DOWN
    assert await delete(world, connector_id) == "failed"
    for wait_s in RETRIES_AFTER_S:
        assert len(await pending(world)) == 1
        world.clock.advance(wait_s)
        await work(world, engine)
    assert await pending(world) == []


async def test_what_a_process_that_died_was_to_revoke_is_left_to_others(world: World, engine: SteppedEngine) -> None:
    connector_id = await world.create_connector(await world.scoped_token())
    core = world.server.core
    opened = await core.secrets.reload(connector_id)
    assert opened is not None
    assert isinstance(opened.secret, OAuthSecret)
    row = await core.revocations.seal(opened.workspace_id, opened.secret)
    async with core.database.write() as connection:
        await core.secrets.erase(connection, connector_id)
        await core.revocations.add(connection, row)
    world.clock.advance(LEASE_S)
    await work(world, engine)
    assert await pending(world) == []
    assert world.hubspot.count(REVOKE_PATH) == 1


async def test_a_grant_that_is_needed_again_meanwhile_is_left_alone(world: World, engine: SteppedEngine) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    world.hubspot.answers[REVOKE_PATH] = DOWN
    assert await delete(world, connector_id) == "failed"
    await world.create_connector(token)
    del world.hubspot.answers[REVOKE_PATH]
    world.clock.advance(RETRIES_AFTER_S[0])
    await work(world, engine)
    assert await pending(world) == []
    assert not world.hubspot.seen[-1].url.endswith(REVOKE_PATH)


async def test_a_revocation_that_another_process_has_taken_is_left_to_it(world: World, engine: SteppedEngine) -> None:
    connector_id = await world.create_connector(await world.scoped_token())
    world.hubspot.answers[REVOKE_PATH] = DOWN
    await delete(world, connector_id)
    world.clock.advance(RETRIES_AFTER_S[0])
    await world.server.worker.turn()
    world.clock.advance(301)
    before = world.hubspot.count("revoke")
    await work(world, engine)
    assert world.hubspot.count("revoke") - before > 0
    assert len(await pending(world)) == 1
