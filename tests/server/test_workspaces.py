"""Workspaces: listed, switched off and on, deleted."""

from uuid import uuid4

import pytest
from sqlalchemy import func, select

from airbyte_agent_server.db.tables import credentials, oauth_grants, oauth_states
from server.world import CONNECTORS, World, other_organization

WORKSPACES = "/api/v1/workspaces"
ORGANIZATIONS = "/api/v1/organizations"


async def make(world: World, *names: str) -> dict[str, str]:
    """Name -> id of new workspaces, made one after the other."""
    ids = {}
    for name in names:
        world.clock.advance(1)
        token = await world.application_token()
        path = "/api/v1/account/applications/scoped-token"
        ids[name] = (await world.client.post(path, {"workspace_name": name}, token=token)).json["workspace_id"]
    return ids


async def test_pages_lead_through_all_workspaces_once_oldest_first(world: World) -> None:
    names = [f"user-{number}" for number in range(7)]
    await make(world, *names)
    token = await world.application_token()
    for limit in (1, 3, 7):
        seen: list[str] = []
        path: str | None = f"{WORKSPACES}?limit={limit}"
        while path is not None:
            page = (await world.client.get(path, token=token)).json
            assert len(page["data"]) <= limit
            seen += [workspace["name"] for workspace in page["data"]]
            path = page["next"]
        assert seen == names


async def test_a_workspace_is_shown_whole(world: World) -> None:
    ids = await make(world, "user-123")
    answer = await world.client.get(f"{WORKSPACES}/{ids['user-123']}", token=await world.application_token())
    assert answer.json == {
        "id": ids["user-123"],
        "name": "user-123",
        "organization_id": world.pair.organization_id,
        "status": "active",
        "cache_enabled": None,
        "tombstone": False,
        "created_at": "2026-11-23T10:00:01Z",
        "updated_at": "2026-11-23T10:00:01Z",
    }


async def test_filters_ignore_case_in_every_script_and_take_signs_as_they_are(world: World) -> None:
    ids = await make(world, "Straße 1", "ÉCOLE_2", "other", "a%b")
    token = await world.application_token()
    await world.client.call("PUT", f"{WORKSPACES}/{ids['other']}", {"status": "inactive"}, token=token)

    async def found(query: str) -> list[str]:
        answer = await world.client.get(f"{WORKSPACES}?{query}", token=token)
        return [workspace["name"] for workspace in answer.json["data"]]

    assert await found("name_contains=STRASSE") == ["Straße 1"]
    assert await found("name_contains=%C3%A9cole_") == ["ÉCOLE_2"]
    assert await found("name_contains=%25") == ["a%b"]
    assert await found("status=inactive") == ["other"]
    assert await found("status=active&name_contains=o") == ["ÉCOLE_2"]
    stats = await world.client.get(f"{WORKSPACES}/stats", token=token)
    assert stats.json == {"active_count": 3, "inactive_count": 1, "total_count": 4}


async def test_a_cursor_counts_for_its_own_query_alone(world: World) -> None:
    await make(world, "a1", "a2", "b1")
    token = await world.application_token()
    page = (await world.client.get(f"{WORKSPACES}?limit=1&name_contains=a", token=token)).json
    cursor = page["next"].rpartition("cursor=")[2]
    others = [
        f"limit=1&cursor={cursor}",
        f"limit=1&name_contains=b&cursor={cursor}",
        f"limit=1&name_contains=a&status=active&cursor={cursor}",
        f"limit=1&name_contains=a&cursor={cursor[:-2]}AA",
        "cursor=",
        "cursor=%C3%A9",
        "cursor=a",
    ]
    for query in others:
        answer = await world.client.get(f"{WORKSPACES}?{query}", token=token)
        assert (answer.status, answer.code) == (422, "invalid_cursor")
    foreign = await world.application_token(await other_organization(world))
    answer = await world.client.get(page["next"], token=foreign)
    assert (answer.status, answer.code) == (422, "invalid_cursor")
    larger = await world.client.get(f"{WORKSPACES}?limit=5&name_contains=a&cursor={cursor}", token=token)
    assert [workspace["name"] for workspace in larger.json["data"]] == ["a2"]


async def test_a_change_changes_what_it_names(world: World) -> None:
    ids = await make(world, "one", "two")
    token = await world.application_token()
    path = f"{WORKSPACES}/{ids['one']}"
    world.clock.advance(9)

    async def changed(**body: object) -> tuple[object, ...]:
        shown = (await world.client.call("PUT", path, body, token=token)).json
        return shown["name"], shown["status"], shown["cache_enabled"]

    assert await changed(cache_enabled=True) == ("one", "active", True)
    assert await changed(customer_name="uno", status=None) == ("one", "active", True)
    assert await changed(name="uno") == ("uno", "active", True)
    assert await changed() == ("uno", "active", True)
    assert await changed(cache_enabled=None) == ("uno", "active", None)
    assert (await world.client.get(path, token=token)).json["updated_at"] == "2026-11-23T10:00:11Z"
    taken = await world.client.call("PUT", path, {"name": "two"}, token=token)
    assert (taken.status, taken.code) == (422, "validation_error")
    assert taken.json["errors"][0]["error_code"] == "name_taken"
    wrong = await world.client.call("PUT", path, {"status": "gone"}, token=token)
    assert (wrong.status, wrong.code) == (422, "validation_error")


async def test_an_inactive_workspace_admits_its_administration_alone(world: World) -> None:
    scoped = await world.scoped_token()
    connector_id = await world.create_connector(scoped)
    [workspace_id] = (await make(world, "user-123")).values()
    application = await world.application_token()
    body = {"connector_type": "Hubspot", "redirect_url": "http://127.0.0.1:1/", "workspace_name": "user-123"}
    consent = (await world.client.post(f"{CONNECTORS}/oauth/initiate", body, token=application)).json["consent_url"]
    path = f"{WORKSPACES}/{workspace_id}"
    await world.client.call("PUT", path, {"status": "inactive"}, token=application)
    call = {"entity": "contacts", "action": "list"}
    attempts = [
        ("POST", f"{CONNECTORS}/{connector_id}/execute", call),
        ("GET", f"{CONNECTORS}/{connector_id}", None),
        ("DELETE", f"{CONNECTORS}/{connector_id}", None),
        ("GET", f"{CONNECTORS}?workspace_name=user-123", None),
        ("POST", f"{CONNECTORS}/oauth/initiate", body),
        ("POST", "/api/v1/account/applications/scoped-token", {"workspace_name": "user-123"}),
        ("GET", f"/api/v1/skills/docs?id=connector-source:{connector_id}", None),
    ]
    for method, attempted, sent in attempts:
        answer = await world.client.call(method, attempted, sent, token=application)
        assert (answer.status, answer.code) == (403, "workspace_inactive"), attempted
    assert (await world.client.get("/api/v1/skills", token=application)).json["data"] == []
    landed = (await world.client.get(await world.consent(consent))).headers["location"]
    assert "error=creation_failed" in landed
    own = await world.client.get("/api/v1/account/applications/scoped-token/info", token=scoped)
    assert (own.status, own.code) == (403, "workspace_inactive")
    world.clock.advance(20)  # by now no process believes the token any more
    late = await world.execute(scoped, connector_id, "contacts", "list")
    assert (late.status, late.code) == (403, "workspace_inactive")
    await world.client.call("PUT", path, {"status": "active"}, token=application)
    assert (await world.execute(application, connector_id, "contacts", "list")).status == 200


async def test_a_deleted_workspace_leaves_no_credential_behind(world: World) -> None:
    scoped = await world.scoped_token()
    connector_id = await world.create_connector(scoped)
    [workspace_id] = (await make(world, "user-123")).values()
    kept = await world.create_connector(await world.scoped_token("kept"))
    application = await world.application_token()
    body = {"external_user_id": "user-123", "connector_type": "Hubspot", "redirect_url": "http://127.0.0.1:1/"}
    await world.client.post(f"{CONNECTORS}/oauth/initiate", body, token=application)
    started = await world.client.post(f"{CONNECTORS}/oauth/initiate", body, token=application)
    await world.client.get(await world.consent(started.json["consent_url"]))
    answer = await world.client.delete(f"{WORKSPACES}/{workspace_id}", token=application)
    assert answer.json == {"id": workspace_id, "deleted_at": "2026-11-23T10:00:01Z"}
    async with world.server.core.database.read() as connection:
        left = list(await connection.scalars(select(credentials.c.connector_id)))
        pending = [await connection.scalar(select(func.count()).select_from(t)) for t in (oauth_states, oauth_grants)]
    assert (left, pending) == ([kept], [0, 0])
    gone = await world.execute(application, connector_id, "contacts", "list")
    assert (gone.status, gone.code) == (404, "connector_not_found")
    for method in ("GET", "DELETE"):
        again = await world.client.call(method, f"{WORKSPACES}/{workspace_id}", token=application)
        assert (again.status, again.code) == (404, "workspace_not_found")
    world.clock.advance(20)
    refused = await world.client.get(CONNECTORS, token=scoped)
    assert (refused.status, refused.code) == (403, "workspace_inactive")
    assert (await make(world, "user-123"))["user-123"] != workspace_id


async def test_deleting_a_workspace_revokes_what_its_own_consents_obtained(world: World) -> None:
    [workspace_id] = (await make(world, "user-456")).values()
    application = await world.application_token()
    body = {"workspace_name": "user-456", "connector_type": "Hubspot", "redirect_url": "http://127.0.0.1:1/"}
    started = await world.client.post(f"{CONNECTORS}/oauth/initiate", body, token=application)
    await world.client.get(await world.consent(started.json["consent_url"]))
    await world.client.delete(f"{WORKSPACES}/{workspace_id}", token=application)
    assert world.hubspot.count("/oauth/2026-03/token/revoke") == 1


async def test_a_connector_cannot_slip_into_a_workspace_that_is_being_deleted(world: World) -> None:
    scoped = await world.scoped_token()
    [workspace_id] = (await make(world, "user-123")).values()
    application = await world.application_token()

    async def delete() -> None:
        await world.client.delete(f"{WORKSPACES}/{workspace_id}", token=application)

    world.hubspot.before["/oauth/2026-03/token"] = delete
    body = {"connector_type": "Hubspot", "credentials": {"refresh_token": world.refresh_token}}
    answer = await world.client.post(CONNECTORS, body, token=scoped)
    assert (answer.status, answer.code) == (403, "workspace_inactive")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_another_organizations_workspace_is_as_unknown_as_none(world: World, method: str) -> None:
    [workspace_id] = (await make(world, "user-123")).values()
    foreign = await world.application_token(await other_organization(world))
    for wanted in (workspace_id, str(uuid4()), "nonsense"):
        answer = await world.client.call(
            method, f"{WORKSPACES}/{wanted}", {} if method == "PUT" else None, token=foreign
        )
        assert (answer.status, answer.code) == (404, "workspace_not_found")


async def test_an_organization_sees_all_its_connectors_and_no_others(world: World) -> None:
    held = []
    for name in ("one", "two", "two"):
        world.clock.advance(1)
        held.append(await world.create_connector(await world.scoped_token(name), name=name))
    token = await world.application_token()
    own = f"{ORGANIZATIONS}/{world.pair.organization_id}/credentials"
    page = (await world.client.get(f"{own}?limit=2&offset=1", token=token)).json
    assert (page["total"], [item["id"] for item in page["data"]]) == (3, held[1:])
    assert page["data"][0] == {
        "id": held[1],
        "workspace_id": page["data"][1]["workspace_id"],
        "connector_name": "two",
        "context_store_status": None,
        "context_store_entity_count": None,
        "last_accessed_at": None,
        "context_store_badge_status": None,
    }
    world.clock.advance(60)
    called = await world.execute(await world.scoped_token("two"), held[1], "contacts", "list", {"limit": 1})
    assert called.status == 200
    await world.server.core.audit.flush()
    used = (await world.client.get(own, token=token)).json["data"]
    called_at = world.clock.now().isoformat().replace("+00:00", "Z")
    assert [item["last_accessed_at"] for item in used] == [None, called_at, None]
    other = await other_organization(world)
    for organization_id in (other.organization_id, str(uuid4()), "nonsense"):
        answer = await world.client.get(f"{ORGANIZATIONS}/{organization_id}/credentials", token=token)
        assert (answer.status, answer.code) == (403, "organization_mismatch")
    listed = await world.client.get("/api/v1/internal/account/organizations", token=token)
    shown = [{"id": world.pair.organization_id, "name": "Acme"}]
    assert listed.json == {"organizations": shown, "data": shown}
