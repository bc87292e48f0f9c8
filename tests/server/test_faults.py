"""What a request's fields should have been is said in words."""

import pytest

from server.world import CONNECTORS, World

SCOPED = "/api/v1/account/applications/scoped-token"
INITIATE = f"{CONNECTORS}/oauth/initiate"
UUID = "it must be a UUID, like 36c891d9-4bd9-43ac-bad2-10e12756272c."


def connector(**fields: object) -> dict[str, object]:
    return {"workspace_name": "w", "connector_type": "hubspot", **fields}


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        (
            CONNECTORS,
            connector(credentials={"refreshtoken": "made-up"}),
            (
                "credentials.refreshtoken: there is no such field. Did you mean refresh_token? Known are: "
                "refresh_token, client_id, client_secret, access_token, private_app_token, auth_type, "
                "credentials_title."
            ),
        ),
        (
            CONNECTORS,
            connector(entities=[{"entity": "contacts", "mode": ["read"]}], credentials={"refresh_token": "made-up"}),
            "entities.0.mode: there is no such field. Did you mean modes? Known are: entity, modes.",
        ),
        (SCOPED, {"workspace_name": ["w"]}, "workspace_name: it must be a string."),
        (SCOPED, {"workspace_name": ""}, "workspace_name: it must not be empty."),
        (SCOPED, {"workspace_name": "w" * 256}, "workspace_name: it must have at most 255 characters."),
        (SCOPED, {"workspace_name": "w", "permissions": []}, "permissions: it must be an object."),
        (
            SCOPED,
            {"workspace_name": "w", "permissions": {"readonly": True}},
            (
                "permissions.readonly: there is no such field. Did you mean read_only? Known are: "
                "read_only, manage, connector_ids, allow."
            ),
        ),
        (
            SCOPED,
            {"workspace_name": "w", "permissions": {"read_only": "perhaps"}},
            "permissions.read_only: it must be true or false.",
        ),
        (
            SCOPED,
            {"workspace_name": "w", "permissions": {"connector_ids": ["x"]}},
            f"permissions.connector_ids.0: {UUID}",
        ),
        (INITIATE, {"workspace_name": "w"}, "redirect_url: it is required."),
        (
            INITIATE,
            {"workspace_name": "w", "redirect_url": "http://127.0.0.1/", "completion": "page"},
            "completion: it must be 'secret_id' or 'connector_id'.",
        ),
        (
            INITIATE,
            connector(redirect_url="http://127.0.0.1/?error=1"),
            "redirect_url has the parameter error, which the answer uses: give yours another name.",
        ),
    ],
)
async def test_a_field_that_does_not_fit_is_told_what_would(
    path: str, body: dict[str, object], message: str, world: World
) -> None:
    answer = await world.client.post(path, body, token=await world.application_token())
    assert (answer.status, answer.json["message"]) == (422, message)
    assert "made-up" not in answer.body.decode()


async def test_an_action_that_no_entity_has_is_not_allowed_in_silence(world: World) -> None:
    body = {"workspace_name": "w", "permissions": {"allow": [{"entity": "contacts", "actions": ["lst"]}]}}
    answer = await world.client.post(SCOPED, body, token=await world.application_token())
    assert answer.status == 422
    words = "permissions.allow.0.actions.0: no entity has an action 'lst'. Did you mean list? Known are: *, add,"
    assert answer.json["message"].startswith(words)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=0", "limit: it must be at least 1."),
        ("limit=201", "limit: it must be at most 200."),
        ("limit=many", "limit: it must be a whole number."),
        ("since=yesterday", "since: it must be an instant with its zone, like 2026-11-23T10:00:00Z."),
        ("since=2026-11-23", "since: it must be an instant with its zone, like 2026-11-23T10:00:00Z."),
    ],
)
async def test_a_filter_that_does_not_fit_is_told_what_would(query: str, message: str, world: World) -> None:
    answer = await world.client.get(f"/api/v1/tool-calls?{query}", token=await world.application_token())
    assert (answer.status, answer.json["message"]) == (422, message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"action": "list"}, "entity: it is required, a string like contacts."),
        ({"entity": "contacts"}, "action: it is required, a string like list."),
        ({"entity": 7, "action": "list"}, "entity: it must be a string like contacts."),
        ({"entity": "contacts", "action": "list", "params": []}, "params: it must be an object."),
        (
            {"entity": "contacts", "action": "list", "select_fields": ["id", 7]},
            "select_fields[1]: it must be a list of strings.",
        ),
    ],
)
async def test_an_execute_that_does_not_fit_is_told_what_would(
    body: dict[str, object], message: str, world: World
) -> None:
    token = await world.scoped_token()
    path = f"{CONNECTORS}/{await world.create_connector(token)}/execute"
    answer = await world.client.post(path, body, token=token)
    assert (answer.status, answer.json["message"]) == (422, message)


async def test_a_method_that_a_path_does_not_take_is_told_which_it_takes(world: World) -> None:
    answer = await world.client.get(SCOPED)
    assert answer.json["message"] == f"{SCOPED} does not take GET: use POST."


async def test_a_token_that_falls_short_is_told_what_to_mint(world: World) -> None:
    owner = await world.scoped_token()
    connector_id = await world.create_connector(owner)
    narrow = await world.scoped_token(permissions={"read_only": True, "allow": [{"entity": "deals", "actions": ["*"]}]})
    body = connector(redirect_url="http://127.0.0.1/")
    del body["workspace_name"]
    said = (await world.client.post(INITIATE, body, token=narrow)).json["message"]
    assert said == "The token lacks the scope oauth:initiate: mint one whose permissions say manage: true."
    said = (await world.execute(narrow, connector_id, "contacts", "list")).json["message"]
    assert said == "The token's permissions do not include contacts.list: mint one whose `allow` names it."
    said = (await world.execute(narrow, connector_id, "deals", "create", {"properties": {"a": "b"}})).json["message"]
    assert "mint one whose permissions say read_only: false" in said


async def test_of_very_many_faults_the_first_are_told(world: World) -> None:
    body = connector(credentials={f"field{number}": 1 for number in range(1000)})
    answer = await world.client.post(CONNECTORS, body, token=await world.application_token())
    assert answer.status == 422
    assert len(answer.json["errors"]) == 20
    allow = [{"entity": "contacts", "actions": ["a"] * 100}] * 10
    answer = await world.client.post(
        SCOPED, {"workspace_name": "w", "permissions": {"allow": allow}}, token=await world.application_token()
    )
    assert answer.status == 422
    assert len(answer.json["errors"]) == 1
