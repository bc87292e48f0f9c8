import pytest

from airbyte_agent_server.app import build_server
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.rates import Rates
from server.world import CONNECTORS, Client, CountingIds, TestClock, World

LOGIN = "/api/v1/account/applications/token"


def test_a_minute_slides() -> None:
    clock = TestClock()
    rates = Rates(clock)
    start_s = clock.monotonic_s() % 60
    clock.advance(60 - start_s)
    for _ in range(4):
        rates.take("key", 4, who="You")
    with pytest.raises(ProblemError) as caught:
        rates.take("key", 4, who="You")
    assert (caught.value.type.code, caught.value.retry_after_s) == ("rate_limited", 60.0)
    clock.advance(75)  # three quarters of the first minute still count
    rates.take("key", 4, who="You")
    assert rates.wait_s("key", 4) == 0.0
    rates.take("another", 4, who="You")
    clock.advance(120)
    assert rates.wait_s("key", 1) == 0


def test_the_wait_that_is_stated_is_long_enough() -> None:
    for calls in range(1, 30):
        clock = TestClock()
        rates = Rates(clock)
        for number in range(calls):
            clock.advance(number % 7)
            rates.count("key")
        wait_s = rates.wait_s("key", 5)
        assert wait_s <= 120
        clock.advance(wait_s + 0.01)
        assert rates.wait_s("key", 5) == 0


@pytest.mark.parametrize("limited", ["organization_rate_limit", "workspace_rate_limit"])
async def test_too_many_requests_are_told_when_to_come_again(world: World, limited: str) -> None:
    connector_id = await world.create_connector(await world.scoped_token())
    token = await world.scoped_token()
    settings = world.settings.model_copy(update={limited: 2})
    server = build_server(settings, clock=world.clock, ids=CountingIds(), upstream=world.hubspot)
    await server.start()
    client = Client(server.app)
    path, body = f"{CONNECTORS}/{connector_id}/execute", {"entity": "*", "action": "describe"}
    for _ in range(2):
        assert (await client.post(path, body, token=token)).status == 200
    for refused in (await client.post(path, body, token=token), await client.get(CONNECTORS, token=token)):
        assert (refused.status, refused.code) == (429, "rate_limited")
        assert 1 <= int(refused.headers["retry-after"]) <= 120
    world.clock.advance(120)
    assert (await client.post(path, body, token=token)).status == 200
    await server.stop()


async def test_failed_logins_are_throttled_by_client_and_by_address(world: World) -> None:
    server = build_server(
        world.settings.model_copy(update={"login_failure_limit": 3}),
        clock=world.clock,
        ids=CountingIds(),
        upstream=world.hubspot,
    )
    await server.start()
    client = Client(server.app)
    pair = {"client_id": world.pair.client_id, "client_secret": world.pair.client_secret.get_secret_value()}
    assert (await client.post(LOGIN, pair)).status == 200
    for number in range(3):
        wrong = {"client_id": f"somebody-{number}", "client_secret": "guess"}
        assert (await client.post(LOGIN, wrong)).code == "invalid_client"
    refused = await client.post(LOGIN, pair)
    assert (refused.status, refused.code) == (429, "rate_limited")
    assert int(refused.headers["retry-after"]) >= 1
    world.clock.advance(120)
    assert (await client.post(LOGIN, pair)).status == 200
    await server.stop()


async def test_each_process_counts_for_itself(world: World) -> None:
    settings = world.settings.model_copy(update={"organization_rate_limit": 2})
    servers = [
        build_server(settings, clock=world.clock, ids=CountingIds(first=first), upstream=world.hubspot)
        for first in (1_000_000, 2_000_000)
    ]
    token = await world.scoped_token()
    for server in servers:
        await server.start()
        client = Client(server.app)
        statuses = [(await client.get(CONNECTORS, token=token)).status for _ in range(3)]
        assert statuses == [200, 200, 429]
        await server.stop()
