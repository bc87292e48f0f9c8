import asyncio

import pytest

from airbyte_agent_server import changes
from airbyte_agent_server.app import build_server
from server.world import CONNECTORS, Client, CountingIds, World


@pytest.mark.parametrize("change", ["connector", "workspace"])
async def test_what_one_process_takes_away_another_refuses_after_its_next_look(world: World, change: str) -> None:
    connector_id = await world.create_connector(await world.scoped_token())
    token, admin = await world.scoped_token(), await world.application_token()
    other = build_server(world.settings, clock=world.clock, ids=CountingIds(), upstream=world.hubspot)
    await other.start()
    client, path = Client(other.app), f"{CONNECTORS}/{connector_id}/execute"
    body = {"entity": "contacts", "action": "list", "params": {"limit": 1}}
    assert (await client.post(path, body, token=token)).status == 200
    await other.core.changes.look()
    assert (await client.post(path, body, token=token)).status == 200
    world.clock.advance(1)
    if change == "connector":
        gone = await world.client.delete(f"{CONNECTORS}/{connector_id}", token=admin)
        expected = (404, "connector_not_found")
    else:
        info = await world.client.get("/api/v1/account/applications/scoped-token/info", token=token)
        gone = await world.client.delete(f"/api/v1/workspaces/{info.json['workspace_id']}", token=admin)
        expected = (403, "workspace_inactive")
    assert gone.status == 200
    here = await world.execute(token, connector_id, "contacts", "list", {"limit": 1})
    assert (here.status, here.code) in {(404, "connector_not_found"), expected}  # at once
    await other.core.changes.look()
    there = await client.post(path, body, token=token)
    assert (there.status, there.code) == expected
    await other.stop()


async def test_a_process_looks_by_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "PAUSE_S", 0.0)
    seen = asyncio.Event()
    watch = changes.ChangeWatch(world.server.core.database, clock=world.clock)
    watch.listen("connector", lambda _: seen.set())
    watch.begin()
    await world.create_connector(await world.scoped_token())
    await seen.wait()
    await watch.stop()
