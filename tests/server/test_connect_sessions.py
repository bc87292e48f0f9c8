import json
import re
from base64 import urlsafe_b64decode

import pytest

from airbyte_agent_server.admin import Administration
from server.world import CONNECTORS, PUBLIC_URL, Answer, World

SESSIONS = "/api/v1/internal/mcp_oauth/sessions"
INITIATE = f"{CONNECTORS}/oauth/initiate"
DEFINITION_ID = "36c891d9-4bd9-43ac-bad2-10e12756272c"
TEMPLATE_ID = "7aff03a7-5185-5afd-baae-df10c4af272d"
UNKNOWN = "11111111-1111-4111-8111-111111111111"
BRIDGE = f"{PUBLIC_URL}/widget-bridge"
SAME_ORIGIN = {"origin": PUBLIC_URL, "sec-fetch-site": "same-origin"}


async def workspace_id_of(world: World, name: str = "user-123") -> str:
    payload = (await world.scoped_token(name)).split(".")[1]
    claims: dict[str, str] = json.loads(urlsafe_b64decode(payload + "=="))
    return claims["workspace"]


async def start(world: World, **fields: object) -> Answer:
    body = {"source_definition_id": DEFINITION_ID, "workspace_id": await workspace_id_of(world), **fields}
    return await world.client.post(SESSIONS, body, token=await world.application_token())


async def started(world: World) -> str:
    answer = await start(world)
    assert (answer.status, list(answer.json)) == (200, ["session_id"]), answer.body
    session_id: str = answer.json["session_id"]
    return session_id


async def look(world: World, session_id: str) -> dict[str, object]:
    answer = await world.client.get(f"{SESSIONS}/{session_id}", token=await world.application_token())
    assert answer.status == 200, answer.body
    view: dict[str, object] = answer.json
    return view


async def end(world: World, session_id: str, source_id: object) -> Answer:
    return await world.client.call(
        "PATCH", f"{SESSIONS}/{session_id}", {"source_id": source_id}, token=await world.application_token()
    )


async def initiate(world: World, session_id: str, *, workspace: str = "user-123", **fields: object) -> Answer:
    """What the page in the browser does."""
    body = {"source_template_id": TEMPLATE_ID, "redirect_url": BRIDGE, "session_id": session_id, **fields}
    return await world.client.post(INITIATE, body, token=await world.widget_token(workspace), headers=SAME_ORIGIN)


def view(status: str, *, error: str | None = None, source_id: str | None = None) -> dict[str, object]:
    return {
        "status": status,
        "error": error,
        "source_id": source_id,
        "source_template_id": TEMPLATE_ID,
        "auth_payload": None,
    }


async def test_a_consent_in_the_browser_completes_the_session_of_a_client_that_waits(world: World) -> None:
    session_id = await started(world)
    assert await look(world, session_id) == view("pending")
    consent_url = (await initiate(world, session_id)).json["consent_url"]
    assert await look(world, session_id) == view("pending")
    answer = await world.client.get(await world.consent(consent_url))
    assert answer.headers["location"].startswith(f"{BRIDGE}?connector_id=")
    connector_id = answer.headers["location"].partition("=")[2]
    assert await look(world, session_id) == view("completed", source_id=connector_id)
    shown = await world.client.get(f"{CONNECTORS}/{connector_id}", token=await world.scoped_token())
    assert (shown.status, shown.json["status"]) == (200, "active")
    for _ in range(2):
        assert (await end(world, session_id, connector_id)).json == view("completed", source_id=connector_id)
    answer = await end(world, session_id, UNKNOWN)
    assert (answer.status, answer.code) == (409, "session_consumed")
    answer = await initiate(world, session_id)
    assert (answer.status, answer.code) == (409, "session_consumed")


async def test_a_refused_consent_fails_the_session(world: World) -> None:
    session_id = await started(world)
    consent_url = (await initiate(world, session_id)).json["consent_url"]
    state = re.search(r"state=([^&]+)", consent_url)
    assert state is not None
    callback = f"{CONNECTORS}/oauth/callback?state={state[1]}&error=access_denied"
    assert "error=access_denied" in (await world.client.get(callback)).headers["location"]
    assert await look(world, session_id) == view("failed", error="access_denied")
    answer = await end(world, session_id, await world.create_connector(await world.scoped_token()))
    assert (answer.status, answer.code) == (409, "session_consumed")


async def test_a_session_of_half_an_hour_ago_has_failed(world: World) -> None:
    session_id = await started(world)
    world.clock.advance(1799)
    consent_url = (await initiate(world, session_id)).json["consent_url"]
    world.clock.advance(1)
    assert await look(world, session_id) == view("failed", error="expired")
    answer = await world.client.get(await world.consent(consent_url))
    assert "error=creation_failed" in answer.headers["location"]
    assert (await world.client.get(CONNECTORS, token=await world.scoped_token())).json == {"data": []}
    assert (await initiate(world, session_id)).code == "session_consumed"
    sweep = world.server.core.sessions.sweep
    world.clock.advance(24 * 3600)
    assert await sweep() == 0
    world.clock.advance(1)
    assert await sweep() == 1


async def test_one_session_leads_to_one_connector(world: World) -> None:
    session_id = await started(world)
    urls = [(await initiate(world, session_id)).json["consent_url"] for _ in range(2)]
    first = await world.client.get(await world.consent(urls[0]))
    second = await world.client.get(await world.consent(urls[1]))
    assert "connector_id=" in first.headers["location"]
    assert "error=creation_failed" in second.headers["location"]
    assert len((await world.client.get(CONNECTORS, token=await world.scoped_token())).json["data"]) == 1


async def test_a_client_may_end_a_session_with_a_connector_of_its_workspace(world: World) -> None:
    session_id = await started(world)
    foreign = await world.create_connector(await world.scoped_token("another"))
    for source_id in (foreign, UNKNOWN):
        answer = await end(world, session_id, source_id)
        assert (answer.status, answer.code) == (404, "connector_not_found")
    answer = await end(world, session_id, None)
    assert (answer.status, answer.code) == (422, "validation_error")
    own = await world.create_connector(await world.scoped_token())
    assert (await end(world, session_id, own)).json == view("completed", source_id=own)


WRONG_STARTS: list[tuple[dict[str, object], int, str]] = [
    ({"source_definition_id": None}, 422, "validation_error"),
    ({"workspace_id": None}, 422, "validation_error"),
    ({"workspace_id": "mine"}, 422, "validation_error"),
    ({"workspace_id": UNKNOWN}, 404, "workspace_not_found"),
    ({"source_definition_id": UNKNOWN}, 404, "connector_type_unknown"),
    ({"source_template_id": UNKNOWN}, 404, "template_not_found"),
]


async def test_a_wrong_session_is_not_started(world: World) -> None:
    for fields, status, code in WRONG_STARTS:
        answer = await start(world, **fields)
        assert (answer.status, answer.code) == (status, code)
    assert (await start(world, source_template_id=TEMPLATE_ID)).status == 200


async def test_a_session_belongs_to_its_organization_and_its_workspace(world: World) -> None:
    session_id = await started(world)
    core = world.server.core
    pair = await Administration(world.settings, core.clock, core.ids).create_organization("Other", redirect_origins=[])
    token = await world.application_token(pair)
    for method, body in (("GET", None), ("PATCH", {"source_id": UNKNOWN})):
        answer = await world.client.call(method, f"{SESSIONS}/{session_id}", body, token=token)
        assert (answer.status, answer.code) == (404, "session_not_found")
    answer = await initiate(world, session_id, workspace="another")
    assert (answer.status, answer.code) == (404, "session_not_found")
    answer = await initiate(world, UNKNOWN)
    assert (answer.status, answer.code) == (404, "session_not_found")
    answer = await initiate(world, session_id, completion="secret_id")
    assert (answer.status, answer.code) == (422, "validation_error")
    assert "session_id" in answer.json["message"]


@pytest.mark.parametrize("kind", ["scoped", "widget"])
async def test_only_the_organization_itself_starts_and_sees_sessions(world: World, kind: str) -> None:
    session_id = await started(world)
    token = await (world.scoped_token() if kind == "scoped" else world.widget_token())
    for method, path in (("POST", ""), ("GET", f"/{session_id}"), ("PATCH", f"/{session_id}")):
        answer = await world.client.call(method, SESSIONS + path, token=token, headers=SAME_ORIGIN)
        assert (answer.status, answer.code) == (403, "token_not_allowed")
