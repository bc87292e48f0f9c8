"""The keys that sign tokens are rotated, and nobody is logged out."""

from dataclasses import replace as changed

import pytest
from sqlalchemy import select

from airbyte_agent_server.app import build_server
from airbyte_agent_server.db.tables import signing_keys
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.tokens.claims import LIFE_S, TokenKind
from airbyte_agent_server.tokens.signing_keys import ACCEPTED_AFTER_S, LEAD_S, PUBLISHED_S, RELOAD_EVERY_S, SigningKeys
from server.world import Client, CountingIds, World

JWKS = "/.well-known/jwks.json"
INFO = "/api/v1/account/applications/scoped-token/info"


def operator_of(world: World) -> SigningKeys:
    """The keys, as another process sees them."""
    core = world.server.core
    return SigningKeys(core.database, core.sealer, clock=world.clock)


async def published(world: World) -> list[str]:
    return [key["kid"] for key in (await world.client.get(JWKS)).json["keys"]]


@pytest.mark.requirement("signing-key-rotation")
async def test_a_new_key_is_published_long_before_it_signs_and_the_old_one_until_its_tokens_ended(world: World) -> None:
    [old] = await published(world)
    rotated_at = world.clock.now_s()
    new = (await operator_of(world).rotate()).kid
    world.clock.advance(RELOAD_EVERY_S)
    assert await published(world) == [old, new]
    assert PUBLISHED_S >= 300
    last = ""
    while world.clock.now_s() < rotated_at + LEAD_S:  # whoever read the keys before has read them again
        last = await world.scoped_token()
        assert world.server.core.keys.signing_key().kid == old
        world.clock.advance(RELOAD_EVERY_S)
    await world.scoped_token()
    assert world.server.core.keys.signing_key().kid == new
    world.clock.advance(LIFE_S[TokenKind.SCOPED] - RELOAD_EVERY_S - 1)
    assert (await world.client.get(INFO, token=last)).status == 200
    assert await published(world) == [old, new]
    world.clock.advance(RELOAD_EVERY_S + 61)
    assert await published(world) == [new]
    assert (await world.client.get(INFO, token=last)).status == 401
    newest = (await operator_of(world).rotate()).kid
    async with world.server.core.database.read() as connection:
        assert set(await connection.scalars(select(signing_keys.c.kid))) == {new, newest}  # the oldest is erased


async def test_a_process_that_was_idle_knows_a_new_key_at_its_first_request(world: World) -> None:
    core = world.server.core
    other = build_server(world.settings, clock=core.clock, ids=CountingIds(), upstream=world.hubspot)
    await other.start()
    idle = changed(world, server=other, client=Client(other.app))
    await operator_of(world).rotate()
    world.clock.advance(LEAD_S)
    token = await world.scoped_token()
    assert (await idle.client.get(INFO, token=token)).status == 200
    assert await published(idle) == await published(world)
    world.clock.advance(ACCEPTED_AFTER_S)
    assert len(await published(idle)) == 1
    await other.stop()


async def test_a_key_in_wrong_hands_is_out_of_use_within_a_minute(world: World) -> None:
    token = await world.scoped_token()
    assert (await world.client.get(INFO, token=token)).status == 200
    await operator_of(world).rotate()  # under way already
    new = (await operator_of(world).rotate(at_once=True)).kid
    world.clock.advance(RELOAD_EVERY_S)
    assert await published(world) == [new]
    assert (await world.client.get(INFO, token=token)).status == 401
    assert (await world.client.get(INFO, token=await world.scoped_token())).status == 200


async def test_known_keys_are_published_while_the_database_is_away(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = await published(world)

    def away() -> None:
        raise ProblemError("unavailable", "The server's database does not answer: try again.")

    monkeypatch.setattr(world.server.core.database, "read", away)
    world.clock.advance(RELOAD_EVERY_S)
    assert await published(world) == before
    assert "could not be read again" in caplog.text
