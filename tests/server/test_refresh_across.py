"""Refreshes among the processes of one database: one at a time, none lost, none by whoever slept through another."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from airbyte_agent_hubspot._http import NotSentError
from airbyte_agent_hubspot._wire import HttpResponse
from airbyte_agent_hubspot.errors import ReauthorizationRequiredError, UpstreamUnavailableError
from airbyte_agent_server.app import Server, build_server
from airbyte_agent_server.db.tables import credentials
from airbyte_agent_server.vault.store import LEASE_S
from airbyte_agent_server.vault.sweep import AHEAD_S, USED_WITHIN_S, RefreshSweep
from server.jobs import SteppedEngine
from server.world import CONNECTORS, TestClock, World

if TYPE_CHECKING:
    from airbyte_agent_hubspot._auth import ExpiringToken

TOKEN_PATH = "/oauth/2026-03/token"
TOKEN_LIFE_S = 1800
DEAD = HttpResponse(
    400, {}, b'{"error":"invalid_grant","status":"BAD_REFRESH_TOKEN","message":"refresh token is invalid"}'
)


class PatientClock(TestClock):
    """The same time as another clock's; waiting does not move it."""

    def __init__(self, clock: TestClock) -> None:
        self.hubspot = clock.hubspot
        self.waited = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        del seconds
        self.waited.set()
        await asyncio.sleep(0)


@pytest.fixture
def patience(clock: TestClock) -> PatientClock:
    """The other process's clock."""
    return PatientClock(clock)


@pytest.fixture
async def other(world: World, patience: PatientClock) -> AsyncIterator[Server]:
    """Another process on the same database."""
    server = build_server(world.settings, clock=patience, ids=world.server.core.ids, upstream=world.hubspot)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def connector_id(world: World) -> str:
    return await world.create_connector(await world.scoped_token())


async def generation(world: World, connector_id: str) -> int:
    opened = await world.server.core.secrets.reload(connector_id)
    assert opened is not None
    return opened.generation


async def shown(world: World, connector_id: str) -> tuple[str, str | None, str | None]:
    """Status, cause and time, as the connector's object has them."""
    answer = await world.client.get(f"{CONNECTORS}/{connector_id}", token=await world.application_token())
    return answer.json["status"], answer.json["needs_reauth_cause"], answer.json["needs_reauth_at"]


@pytest.mark.requirement("second-401")
async def test_a_dead_token_of_another_process_is_no_second_401(world: World, other: Server, connector_id: str) -> None:
    """Both tokens die, that of this process and the one which the other got since: the grant is as good as before."""
    await world.server.core.refresher.current(connector_id)
    rejected = await other.core.refresher.current(connector_id)
    world.portal.tokens.expire_access_tokens()
    newer = await other.core.refresher.renew(connector_id, rejected)
    assert newer.is_fresh
    world.portal.tokens.expire_access_tokens()
    asked = world.hubspot.count(TOKEN_PATH)
    token = await world.scoped_token()
    assert (await world.execute(token, connector_id, "contacts", "list")).status == 200
    assert world.hubspot.count(TOKEN_PATH) - asked == 1
    assert await shown(world, connector_id) == ("active", None, None)


@pytest.mark.requirement("one-refresh-over-all-processes")
async def test_others_wait_for_the_process_that_refreshes(
    world: World, other: Server, patience: PatientClock, connector_id: str
) -> None:
    rejected = await world.server.core.refresher.current(connector_id)
    waiting: list[asyncio.Task[ExpiringToken]] = []

    async def meanwhile() -> None:
        waiting.append(asyncio.create_task(other.core.refresher.renew(connector_id, rejected)))
        await patience.waited.wait()

    world.hubspot.before[TOKEN_PATH] = meanwhile
    before = world.hubspot.count(TOKEN_PATH)
    renewed = (await world.server.core.refresher.renew(connector_id, rejected)).value
    assert (await waiting[0]).value == renewed != rejected
    assert world.hubspot.count(TOKEN_PATH) - before == 1


async def test_the_lease_of_a_dead_process_runs_out(world: World, other: Server, connector_id: str) -> None:
    rejected = await world.server.core.refresher.current(connector_id)
    opened = await other.core.secrets.reload(connector_id)
    assert opened is not None
    assert await other.core.secrets.lease(opened, "a process that dies now")
    start = world.clock.now()
    assert (await world.server.core.refresher.renew(connector_id, rejected)).value != rejected
    assert LEASE_S <= (world.clock.now() - start).total_seconds() < LEASE_S + 1


@pytest.mark.requirement("no-older-grant-over-a-newer")
async def test_a_process_that_slept_in_mid_refresh_stores_nothing(
    world: World, other: Server, connector_id: str
) -> None:
    rejected = await world.server.core.refresher.current(connector_id)
    newer: list[str] = []

    async def sleep_too_long() -> None:
        world.clock.advance(LEASE_S)
        newer.append((await other.core.refresher.renew(connector_id, rejected)).value)

    world.hubspot.before[TOKEN_PATH] = sleep_too_long
    assert (await world.server.core.refresher.renew(connector_id, rejected)).value == newer[0]
    assert await other.core.refresher.current(connector_id) == newer[0]
    assert await generation(world, connector_id) == 2


async def test_a_failure_that_a_newer_grant_overtook_marks_nothing(
    world: World, other: Server, connector_id: str
) -> None:
    rejected = await world.server.core.refresher.current(connector_id)
    newer: list[str] = []

    async def sleep_too_long() -> None:
        world.clock.advance(LEASE_S)
        newer.append((await other.core.refresher.renew(connector_id, rejected)).value)
        world.hubspot.answers[TOKEN_PATH] = DEAD

    world.hubspot.before[TOKEN_PATH] = sleep_too_long
    assert (await world.server.core.refresher.renew(connector_id, rejected)).value == newer[0]
    assert await shown(world, connector_id) == ("active", None, None)


@pytest.mark.parametrize(
    ("answer", "raised"), [(DEAD, ReauthorizationRequiredError), (NotSentError("refused"), UpstreamUnavailableError)]
)
async def test_those_who_waited_for_a_failure_fail_without_asking_again(
    world: World,
    other: Server,
    patience: PatientClock,
    connector_id: str,
    answer: HttpResponse | Exception,
    raised: type[Exception],
) -> None:
    rejected = await world.server.core.refresher.current(connector_id)
    waiting: list[asyncio.Task[ExpiringToken]] = []

    async def meanwhile() -> None:
        waiting.append(asyncio.create_task(other.core.refresher.renew(connector_id, rejected)))
        await patience.waited.wait()
        world.hubspot.answers[TOKEN_PATH] = answer

    world.hubspot.before[TOKEN_PATH] = meanwhile
    with pytest.raises(raised):
        await world.server.core.refresher.renew(connector_id, rejected)
    asked = world.hubspot.count(TOKEN_PATH)
    with pytest.raises(raised):
        await waiting[0]
    assert world.hubspot.count(TOKEN_PATH) == asked


async def test_why_and_since_when_a_connector_needs_authorization_is_shown_until_it_has_one(
    world: World, connector_id: str
) -> None:
    world.portal.tokens.expire_access_tokens()
    world.hubspot.answers[TOKEN_PATH] = DEAD
    token = await world.application_token()
    assert (await world.execute(token, connector_id, "contacts", "list")).code == "reauthorization_required"
    died_at = world.clock.now()
    status, cause, since = await shown(world, connector_id)
    assert (status, cause) == ("needs_reauth", "refresh_token_invalid")
    assert since is not None
    assert datetime.fromisoformat(since) == died_at
    world.clock.advance(60)
    await world.execute(token, connector_id, "contacts", "list")
    assert (await shown(world, connector_id))[2] == since
    del world.hubspot.answers[TOKEN_PATH]
    assert (await world.execute(token, connector_id, "contacts", "list")).status == 200
    assert await shown(world, connector_id) == ("active", None, None)


async def sweep(world: World) -> int:
    """How many requests to the token endpoint a sweep makes."""
    engine = SteppedEngine(world.clock)
    job = RefreshSweep(world.server.core.database, world.server.core.refresher, clock=world.clock).job
    await engine.open({job.name: job})
    before = world.hubspot.count(TOKEN_PATH)
    await engine.start(job.name, "1", key="k")
    await engine.run()
    return world.hubspot.count(TOKEN_PATH) - before


async def test_the_sweep_refreshes_what_was_used_before_it_expires(world: World, connector_id: str) -> None:
    await world.server.core.refresher.current(connector_id)
    world.clock.advance(TOKEN_LIFE_S - AHEAD_S - 1)
    assert await sweep(world) == 0
    world.clock.advance(AHEAD_S / 2 + 1)
    assert await sweep(world) == 1
    assert await sweep(world) == 0


async def test_the_sweep_leaves_unused_and_dead_credentials_alone(world: World, connector_id: str) -> None:
    world.clock.advance(TOKEN_LIFE_S)
    assert await sweep(world) == 0  # never used
    await world.server.core.refresher.current(connector_id)
    world.clock.advance(TOKEN_LIFE_S)
    world.hubspot.answers[TOKEN_PATH] = NotSentError("refused")
    assert await sweep(world) > 0
    assert await sweep(world) == 0  # failed just now
    world.clock.advance(AHEAD_S)
    world.hubspot.answers[TOKEN_PATH] = DEAD
    assert await sweep(world) == 1
    world.clock.advance(AHEAD_S)
    assert await sweep(world) == 0
    assert (await shown(world, connector_id))[0] == "needs_reauth"


async def test_use_is_noted_now_and_then(world: World, connector_id: str) -> None:
    start = world.clock.now()

    async def used_at() -> datetime | None:
        async with world.server.core.database.read() as connection:
            found: datetime | None = await connection.scalar(select(credentials.c.used_at))
        return found

    assert await used_at() is None
    await world.server.core.refresher.current(connector_id)
    world.clock.advance(200)
    await world.server.core.refresher.current(connector_id)
    assert await used_at() == start
    world.clock.advance(100)
    await world.server.core.refresher.current(connector_id)
    assert await used_at() == world.clock.now()
    world.clock.advance(USED_WITHIN_S + AHEAD_S)
    assert await sweep(world) == 0
