import asyncio

import pytest
from sqlalchemy import select

from airbyte_agent_hubspot._wire import HttpResponse
from airbyte_agent_server.db.tables import credentials
from server.world import CONNECTORS, Answer, World

TOKEN_PATH = "/oauth/2026-03/token"
INITIATE = f"{CONNECTORS}/oauth/initiate"


async def change(world: World, token: str, connector_id: str, **fields: object) -> Answer:
    return await world.client.put(f"{CONNECTORS}/{connector_id}", fields, token=token)


async def shown(world: World, token: str, connector_id: str) -> dict[str, object]:
    found: dict[str, object] = (await world.client.get(f"{CONNECTORS}/{connector_id}", token=token)).json
    return found


def answer_as_another_account(world: World) -> None:
    """From now on HubSpot's token endpoint answers for account 1."""
    grant = world.portal.tokens.grants()[0]
    access = world.portal.tokens.mint_access_token(grant, grant.scopes)
    world.hubspot.answers[TOKEN_PATH] = HttpResponse(
        200,
        {},
        f'{{"access_token":"{access.token}","refresh_token":"other","expires_in":1800,"hub_id":1,'
        f'"scopes":["oauth"]}}'.encode(),
    )


async def secret_id_of(world: World, token: str) -> str:
    """What a consent leads to."""
    body = {"connector_type": "hubspot", "redirect_url": "http://127.0.0.1:1/cb", "completion": "secret_id"}
    consent_url = (await world.client.post(INITIATE, body, token=token)).json["consent_url"]
    back = (await world.client.get(await world.consent(consent_url))).headers["location"]
    return back.partition("secret_id=")[2].partition("&")[0]


async def test_what_a_change_leaves_out_stays(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(
        token, name="First", replication_config={"a": 1}, entities=[{"entity": "contacts"}]
    )
    before = await shown(world, token, connector_id)
    world.clock.advance(60)
    answer = await change(world, token, connector_id, name="Second", region_id="ignored", entities=None)
    expected = {**before, "name": "Second", "updated_at": "2026-11-23T10:01:00Z"}
    assert (answer.status, answer.json) == (200, expected)
    assert await shown(world, token, connector_id) == expected
    answer = await world.client.call("PATCH", f"{CONNECTORS}/{connector_id}", {"source_config": {}}, token=token)
    assert answer.json == {**expected, "replication_config": {}}
    answer = await world.client.put(f"/v1/integrations/sources/{connector_id}", {"entities": []}, token=token)
    assert answer.json == {**expected, "replication_config": {}, "entities": None}
    assert (await world.execute(token, connector_id, "deals", "list")).status == 200


async def test_what_was_shown_can_be_sent_back(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token, replication_config={"a": 1})
    before = await shown(world, token, connector_id)
    assert (await change(world, token, connector_id, **before)).json == before


CHANGES: list[tuple[dict[str, object], str]] = [
    ({"name": ""}, "validation_error"),
    ({"name": "x" * 256}, "validation_error"),
    ({"entities": [{"entity": "contacts", "modes": []}]}, "validation_error"),
    ({"disabled": "perhaps"}, "validation_error"),
    ({"credentials": {}}, "validation_error"),
    ({"credentials": {"refresh_token": "dead"}}, "invalid_credentials"),
    ({"credentials": {"refresh_token": "x"}, "secret_id": "y"}, "conflicting_fields"),
    ({"secret_id": "nothing"}, "invalid_secret_id"),
]


async def test_a_wrong_change_changes_nothing(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    before = await shown(world, token, connector_id)
    for fields, code in CHANGES:
        answer = await change(world, token, connector_id, **{"name": "New", **fields})
        assert (answer.status, answer.code) == (422, code)
    assert await shown(world, token, connector_id) == before


async def test_new_credentials_take_the_place_of_dead_ones_under_the_same_id(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    world.portal.tokens.revoke(world.refresh_token)
    world.portal.tokens.expire_access_tokens()
    assert (await world.execute(token, connector_id, "contacts", "list")).code == "reauthorization_required"
    private = world.portal.tokens.mint_private_token(["oauth", "crm.objects.contacts.read"]).token
    answer = await change(world, token, connector_id, credentials={"private_app_token": private}, name="Mended")
    assert (answer.status, answer.json["id"], answer.json["name"]) == (200, connector_id, "Mended")
    assert (answer.json["status"], answer.json["auth_scheme"]) == ("active", "private_app")
    assert answer.json["granted_scopes"] == ["crm.objects.contacts.read", "oauth"]
    assert "deals cannot be used: the account did not grant crm.objects.deals.read." in answer.json["warnings"]
    assert private.encode() not in answer.body
    assert (await world.execute(token, connector_id, "contacts", "list")).status == 200


async def test_a_secret_id_rotates_too_and_is_used_up(world: World) -> None:
    token = await world.scoped_token()
    first, second = await world.create_connector(token), await world.create_connector(token)
    secret_id = await secret_id_of(world, token)
    assert (await change(world, token, first, secret_id=secret_id)).status == 200
    answer = await change(world, token, second, secret_id=secret_id)
    assert (answer.status, answer.code) == (422, "invalid_secret_id")
    answer = await world.client.delete(f"{CONNECTORS}/{first}", token=token)
    assert answer.json["upstream_revocation"] == "revoked", "the grant came from our own flow"


@pytest.mark.parametrize("inside", [False, True])
async def test_another_account_must_be_wanted(world: World, inside: bool) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    before = await shown(world, token, connector_id)
    answer_as_another_account(world)
    given: dict[str, object] = {"credentials": {"refresh_token": "other"}}
    fields: dict[str, object] = {"replication_config": given} if inside else given
    answer = await change(world, token, connector_id, **fields)
    assert (answer.status, answer.code) == (422, "invalid_credentials")
    assert answer.json["errors"][0]["error_code"] == "account_mismatch"
    assert await shown(world, token, connector_id) == before
    answer = await change(world, token, connector_id, **fields, allow_account_change=True)
    assert (answer.status, answer.json["hub_id"], answer.json["granted_scopes"]) == (200, 1, ["oauth"])


async def test_a_failed_change_leaves_the_secret_id_usable(world: World) -> None:
    token = await world.scoped_token()
    secret_id = await secret_id_of(world, token)
    connector_id = await world.create_connector(token)
    answer_as_another_account(world)
    await change(world, token, connector_id, credentials={"refresh_token": "other"}, allow_account_change=True)
    world.hubspot.answers.clear()
    answer = await change(world, token, connector_id, secret_id=secret_id)
    assert answer.json["errors"][0]["error_code"] == "account_mismatch"
    answer = await change(world, token, connector_id, secret_id=secret_id, allow_account_change=True)
    assert (answer.status, answer.json["hub_id"]) == (200, world.portal.hub_id)


async def test_a_disabled_connector_refuses_calls_until_it_is_enabled(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    answer = await change(world, token, connector_id, disabled=True)
    assert (answer.status, answer.json["status"]) == (200, "disabled")
    for entity, action in (("contacts", "list"), ("*", "check"), ("*", "describe")):
        answer = await world.execute(token, connector_id, entity, action)
        assert (answer.status, answer.code) == (403, "permission_denied")
        assert "disabled" in answer.json["message"]
    listed = (await world.client.get(CONNECTORS, token=token)).json["data"]
    assert [item["status"] for item in listed] == ["disabled"]
    assert (await change(world, token, connector_id, disabled=False)).json["status"] == "active"
    assert (await world.execute(token, connector_id, "contacts", "list")).status == 200


async def test_consent_does_not_enable_a_connector_that_was_disabled(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    await change(world, token, connector_id, disabled=True)
    await change(world, token, connector_id, secret_id=await secret_id_of(world, token))
    assert (await shown(world, token, connector_id))["status"] == "disabled"
    assert (await change(world, token, connector_id, disabled=False)).json["status"] == "active"


async def test_what_is_deleted_during_a_change_stays_deleted(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)

    async def delete() -> None:
        await world.client.delete(f"{CONNECTORS}/{connector_id}", token=token)

    world.hubspot.before[TOKEN_PATH] = delete
    answer = await change(world, token, connector_id, credentials={"refresh_token": world.refresh_token})
    assert (answer.status, answer.code) == (404, "connector_not_found")
    async with world.server.core.database.read() as connection:
        assert (await connection.execute(select(credentials.c.connector_id))).all() == []


async def test_changes_at_once_do_not_undo_each_other(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    await asyncio.gather(
        change(world, token, connector_id, name="New"),
        change(world, token, connector_id, replication_config={"a": 1}),
        change(world, token, connector_id, entities=[{"entity": "deals"}]),
    )
    after = await shown(world, token, connector_id)
    assert (after["name"], after["replication_config"]) == ("New", {"a": 1})
    assert after["entities"] == [{"entity": "deals", "modes": ["read"]}]


async def test_only_who_may_manage_changes_and_only_its_own(world: World) -> None:
    connector_id = await world.create_connector(await world.scoped_token())
    for token, status, code in (
        (await world.scoped_token(permissions={}), 403, "token_not_allowed"),
        (await world.scoped_token("another"), 404, "connector_not_found"),
        (
            await world.scoped_token(
                permissions={"manage": True, "connector_ids": ["11111111-1111-4111-8111-111111111111"]}
            ),
            403,
            "permission_denied",
        ),
    ):
        answer = await change(world, token, connector_id, name="Mine")
        assert (answer.status, answer.code) == (status, code)
    answer = await change(world, await world.application_token(), connector_id, name="Mine")
    assert (answer.status, answer.json["name"]) == (200, "Mine")


async def test_an_inspection_says_what_agents_should_know(world: World) -> None:
    token = await world.scoped_token(permissions={})
    connector_id = await world.create_connector(await world.scoped_token(), name="Mine")
    answer = await world.client.get(f"{CONNECTORS}/{connector_id}/inspect", token=token)
    assert answer.json == {
        "connector_id": connector_id,
        "name": "Mine",
        "workspace_id": answer.json["workspace_id"],
        "organization_id": world.pair.organization_id,
        "source_definition_id": "36c891d9-4bd9-43ac-bad2-10e12756272c",
        "source_definition_name": "HubSpot",
        "source_config_template_id": "7aff03a7-5185-5afd-baae-df10c4af272d",
        "docs_skill_id": f"connector-source:{connector_id}",
        "status": "active",
        "needs_reauth_cause": None,
        "needs_reauth_at": None,
        "warnings": [],
        "context_store_readiness": None,
    }
    answer = await world.client.get(f"{CONNECTORS}/{connector_id}/inspect", token=await world.scoped_token("another"))
    assert (answer.status, answer.code) == (404, "connector_not_found")
