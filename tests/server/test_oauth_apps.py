import asyncio
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from airbyte_agent_hubspot._wire import HttpRequest
from airbyte_agent_server.admin import Administration
from airbyte_agent_server.app import build_server
from airbyte_agent_server.db.tables import oauth_apps
from airbyte_agent_server.oauth.flow import challenge_of
from hubspot_sandbox.tokens import App
from server.world import CONNECTORS, Answer, Client, World

APPS = "/api/v1/oauth/credentials"
INITIATE = f"{CONNECTORS}/oauth/initiate"
TOKEN_PATH = "/oauth/2026-03/token"
DEFINITION_ID = "36c891d9-4bd9-43ac-bad2-10e12756272c"


def register_app(world: World, client_id: str, *, secret: str = "s3cret") -> App:
    """Another app at HubSpot."""
    own = world.portal.tokens.apps()[0]
    app = App(app_id=77, name=client_id, client_id=client_id, client_secret=secret, scopes=own.scopes)
    world.portal.tokens.register_app(app)
    return app


async def put(world: World, client_id: str = "theirs", *, token: str | None = None, **fields: object) -> Answer:
    configuration = {"client_id": client_id, "client_secret": "s3cret", **fields}
    body = {"connector_type": "Hubspot", "configuration": configuration}
    return await world.client.put(APPS, body, token=token or await world.application_token())


async def take_back(world: World) -> Answer:
    return await world.client.delete(f"{APPS}/connector_type/HubSpot", token=await world.application_token())


async def initiate(world: World, token: str, **fields: object) -> dict[str, str]:
    """What the consent URL asks for."""
    body = {"connector_type": "hubspot", "redirect_url": "http://127.0.0.1:1/cb", **fields}
    answer = await world.client.post(INITIATE, body, token=token)
    assert answer.status == 200, answer.body
    url: str = answer.json["consent_url"]
    return {"url": url, **{name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}}


async def connect(world: World, token: str) -> str:
    """The id of a connector made by consent."""
    asked = await initiate(world, token)
    location = (await world.client.get(await world.consent(asked["url"]))).headers["location"]
    assert "connector_id=" in location, location
    return location.partition("connector_id=")[2]


def client_ids_seen(world: World) -> list[str]:
    """With which client ids HubSpot's token endpoint was asked, in order."""
    forms = [parse_qs((item.body or b"").decode()) for item in world.hubspot.seen if TOKEN_PATH in item.url]
    return [form["client_id"][0] for form in forms]


async def works_after_expiry(world: World, token: str, connector_id: str) -> bool:
    """Whether a call succeeds that needs a new access token."""
    world.portal.tokens.expire_access_tokens()
    return (await world.execute(token, connector_id, "contacts", "list")).status == 200


async def test_an_app_is_shown_without_its_secret(world: World) -> None:
    answer = await put(world, scopes=["crm.objects.contacts.read"], pkce="s256")
    expected = {
        "id": answer.json["id"],
        "scope_type": "organization",
        "scope_id": world.pair.organization_id,
        "connector_type": "source",
        "connector_definition_id": DEFINITION_ID,
        "configured_fields": ["client_id", "client_secret", "scopes", "pkce"],
        "created_at": "2026-11-23T10:00:00Z",
        "updated_at": "2026-11-23T10:00:00Z",
    }
    assert (answer.status, answer.json) == (200, expected)
    listed = await world.client.get(APPS, token=await world.application_token())
    assert listed.json == {"data": [expected]}
    assert b"s3cret" not in answer.body + listed.body
    assert (await take_back(world)).status == 204
    assert (await take_back(world)).status == 204
    assert (await world.client.get(APPS, token=await world.application_token())).json == {"data": []}


async def test_the_schema_of_the_configuration_marks_the_secret(world: World) -> None:
    token = await world.application_token()
    schema = (await world.client.get(f"{APPS}/spec?connector_type=Hubspot", token=token)).json
    assert schema["required"] == ["client_id", "client_secret"]
    assert set(schema["properties"]) == {"client_id", "client_secret", "scopes", "optional_scopes", "pkce"}
    assert [name for name, item in schema["properties"].items() if item.get("writeOnly")] == ["client_secret"]
    answer = await world.client.get(f"{APPS}/spec?connector_type=Nope", token=token)
    assert (answer.status, answer.code) == (404, "connector_type_unknown")


BODIES: list[tuple[dict[str, object], int, str]] = [
    ({"connector_type": None}, 422, "connector_type_required"),
    ({"connector_type": "nope"}, 404, "connector_type_unknown"),
    ({"connector_definition_id": DEFINITION_ID}, 422, "conflicting_fields"),
    ({"configuration": None}, 422, "validation_error"),
    ({"configuration": {"client_id": "a"}}, 422, "validation_error"),
    ({"configuration": {"client_id": "", "client_secret": "b"}}, 422, "validation_error"),
    ({"configuration": {"client_id": "a", "client_secret": "b", "tenant": "c"}}, 422, "validation_error"),
    ({"configuration": {"client_id": "a", "client_secret": "b", "pkce": "plain"}}, 422, "validation_error"),
    ({"configuration": {"client_id": "a", "client_secret": "b", "scopes": "oauth"}}, 422, "validation_error"),
]


async def test_a_wrong_app_is_not_kept(world: World) -> None:
    token = await world.application_token()
    for fields, status, code in BODIES:
        body = {"connector_type": "hubspot", "configuration": {"client_id": "a", "client_secret": "b"}, **fields}
        answer = await world.client.put(APPS, body, token=token)
        assert (answer.status, answer.code) == (status, code)
        assert b'"b"' not in answer.body
    assert (await world.client.get(APPS, token=token)).json == {"data": []}
    body = {"connector_definition_id": DEFINITION_ID, "configuration": {"client_id": "a", "client_secret": "b"}}
    assert (await world.client.put(APPS, body, token=token)).status == 200


async def test_only_the_organization_itself_sets_its_app(world: World) -> None:
    for token in (await world.scoped_token(), await world.widget_token()):
        headers = {"origin": "https://yourapp.com"}
        for method, path in (("PUT", ""), ("GET", ""), ("GET", "/spec"), ("DELETE", "/connector_type/hubspot")):
            answer = await world.client.call(method, APPS + path, token=token, headers=headers)
            assert (answer.status, answer.code) == (403, "token_not_allowed")


async def test_consent_goes_through_the_organizations_app_with_its_scopes(world: World) -> None:
    register_app(world, "theirs")
    token = await world.scoped_token()
    await put(world, scopes=["crm.objects.deals.read"], optional_scopes=["tickets"], pkce="s256")
    asked = await initiate(world, token, name="New")
    assert (asked["client_id"], asked["scope"], asked["optional_scope"]) == (
        "theirs",
        "oauth crm.objects.deals.read",
        "tickets",
    )
    assert asked["code_challenge_method"] == "S256"
    narrowed = await initiate(
        world, token, oauth_input_configuration={"scopes": ["tickets", "crm.objects.contacts.read"]}
    )
    assert (narrowed["scope"], narrowed.get("optional_scope")) == ("oauth tickets", None)
    await world.client.get(await world.consent(asked["url"]))
    form = parse_qs((next(item for item in world.hubspot.seen if item.url.endswith(TOKEN_PATH)).body or b"").decode())
    assert (form["client_id"], form["client_secret"]) == (["theirs"], ["s3cret"])
    assert challenge_of(form["code_verifier"][0]) == asked["code_challenge"]
    [shown] = (await world.client.get(CONNECTORS, token=token)).json["data"]
    assert shown["granted_scopes"] == ["crm.objects.deals.read", "oauth", "tickets"]
    world.portal.tokens.expire_access_tokens()
    assert (await world.execute(token, shown["id"], "deals", "list")).status == 200


async def test_an_app_without_scopes_asks_for_those_of_the_server(world: World) -> None:
    token = await world.scoped_token()
    before = await initiate(world, token)
    await put(world)
    after = await initiate(world, token)
    assert (after["scope"], after["optional_scope"]) == (before["scope"], before["optional_scope"])
    assert (before["client_id"] != after["client_id"], "code_challenge" in after) == (True, False)


async def test_connectors_stay_with_the_app_they_were_made_with(world: World) -> None:
    register_app(world, "theirs")
    register_app(world, "newer")
    token = await world.scoped_token()
    with_own = await connect(world, token)
    await put(world)
    with_first = await connect(world, token)
    await put(world, "newer")
    with_second = await connect(world, token)
    await take_back(world)
    with_own_again = await connect(world, token)
    own = world.portal.tokens.apps()[0].client_id
    for connector_id, client_id in (
        (with_own, own),
        (with_first, "theirs"),
        (with_second, "newer"),
        (with_own_again, own),
    ):
        assert await works_after_expiry(world, token, connector_id)
        assert client_ids_seen(world)[-1] == client_id
    answer = await world.client.delete(f"{CONNECTORS}/{with_first}", token=token)
    assert answer.json["upstream_revocation"] == "revoked"


async def test_a_new_secret_of_the_same_app_reaches_every_connector_of_it(world: World) -> None:
    register_app(world, "theirs")
    token = await world.scoped_token()
    first = await put(world)
    connector_id = await connect(world, token)
    register_app(world, "theirs", secret="changed")
    world.portal.tokens.expire_access_tokens()
    assert (await world.execute(token, connector_id, "contacts", "list")).status >= 400
    world.clock.advance(1)
    second = await put(world, client_secret="changed")
    assert (second.json["id"], second.json["created_at"]) == (first.json["id"], first.json["created_at"])
    assert await works_after_expiry(world, token, connector_id)


async def test_refresh_tokens_alone_belong_to_the_current_app(world: World) -> None:
    app = register_app(world, "theirs")
    token = await world.scoped_token()
    await put(world)
    grant = world.portal.tokens.mint_refresh_token(app, ["oauth", "crm.objects.contacts.read"])
    connector_id = await world.create_connector(token, credentials={"refresh_token": grant.refresh_token})
    body = {"connector_type": "hubspot", "credentials": {"refresh_token": world.refresh_token}}
    answer = await world.client.post(CONNECTORS, body, token=token)
    assert (answer.status, answer.code) == (422, "invalid_credentials"), "it was issued to another app"
    await take_back(world)
    assert await works_after_expiry(world, token, connector_id)


async def test_a_consent_under_way_ends_with_the_app_it_started_with(world: World) -> None:
    register_app(world, "theirs")
    token = await world.scoped_token()
    await put(world)
    asked = await initiate(world, token, completion="secret_id")
    await take_back(world)
    location = (await world.client.get(await world.consent(asked["url"]))).headers["location"]
    secret_id = location.partition("secret_id=")[2].partition("&")[0]
    connector_id = await world.create_connector(token, credentials=None, secret_id=secret_id)
    assert await works_after_expiry(world, token, connector_id)
    assert set(client_ids_seen(world)) == {"theirs"}


async def test_apps_that_nobody_needs_are_erased_after_a_while(world: World) -> None:
    register_app(world, "theirs")
    token = await world.scoped_token()
    await put(world, "unused")
    await put(world)
    connector_id = await connect(world, token)
    await take_back(world)

    async def kept() -> list[str]:
        async with world.server.core.database.read() as connection:
            return sorted((await connection.scalars(select(oauth_apps.c.client_id))).all())

    purge = world.server.core.apps.store.purge
    assert (await purge(), await kept()) == (0, ["theirs", "unused"])
    world.clock.advance(3601)
    assert (await purge(), await kept()) == (1, ["theirs"])
    await world.client.delete(f"{CONNECTORS}/{connector_id}", token=await world.scoped_token())
    assert (await purge(), await kept()) == (1, [])


async def test_a_check_says_when_the_app_is_gone(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    world.portal.tokens.expire_access_tokens()
    world.clock.advance(1800)
    bare = world.settings.model_copy(update={"hubspot_client_id": None, "hubspot_client_secret": None})
    server = build_server(bare, clock=world.clock, ids=world.server.core.ids, upstream=world.hubspot)
    await server.start()
    answer = await Client(server.app).post(f"{CONNECTORS}/{connector_id}/check", {}, token=await world.scoped_token())
    assert (answer.status, answer.json["status"]) == (200, "failed")
    assert "no longer has" in answer.json["error_message"]
    await server.stop()


async def test_apps_put_at_once_leave_one_current(world: World) -> None:
    token = await world.application_token()
    for turn in range(5):
        names = [f"app-{turn}-{number}" for number in (0, 1, 2)]
        answers = await asyncio.gather(*(put(world, name, token=token) for name in (*names, *names)))
        assert [answer.status for answer in answers] == [200] * 6
        [current] = (await world.client.get(APPS, token=token)).json["data"]
        assert current["id"] in {answer.json["id"] for answer in answers}


async def test_an_organization_neither_sees_nor_uses_anothers_app(world: World) -> None:
    await put(world)
    core = world.server.core
    pair = await Administration(world.settings, core.clock, core.ids).create_organization("Other", redirect_origins=[])
    token = await world.application_token(pair)
    assert (await world.client.get(APPS, token=token)).json == {"data": []}
    asked = await initiate(world, token, workspace_name="w")
    assert asked["client_id"] == world.portal.tokens.apps()[0].client_id
    await put(world, token=token, client_secret="theirs")
    assert (await world.client.delete(f"{APPS}/connector_type/hubspot", token=token)).status == 204
    assert len((await world.client.get(APPS, token=await world.application_token())).json["data"]) == 1


@pytest.mark.parametrize("path", ["connector_type/nope"])
async def test_taking_back_an_app_of_an_unknown_type_is_an_error(world: World, path: str) -> None:
    answer = await world.client.delete(f"{APPS}/{path}", token=await world.application_token())
    assert (answer.status, answer.code) == (404, "connector_type_unknown")


async def test_the_sandbox_would_refuse_an_unknown_app(world: World) -> None:
    await put(world, "unknown")
    asked = await initiate(world, await world.scoped_token())
    answer = await world.hubspot.send(HttpRequest("GET", asked["url"]))
    assert answer.status == 400
