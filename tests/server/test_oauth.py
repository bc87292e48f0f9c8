import asyncio
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import update

from airbyte_agent_hubspot._http import AnswerTimeoutError, NotSentError
from airbyte_agent_hubspot._wire import HttpResponse
from airbyte_agent_server.admin import Administration
from airbyte_agent_server.app import build_server
from airbyte_agent_server.db.tables import workspaces
from airbyte_agent_server.oauth.flow import challenge_of
from airbyte_agent_server.settings import Settings
from hubspot_sandbox import Portal
from server.world import CONNECTORS, Answer, Client, CountingIds, TestClock, Wiretap, World

INITIATE = f"{CONNECTORS}/oauth/initiate"
REDIRECT = "http://127.0.0.1:8123/cb"
TOKEN_PATH = "/oauth/2026-03/token"


async def initiate(world: World, token: str, **fields: object) -> Answer:
    body = {"connector_type": "hubspot", "redirect_url": REDIRECT, **fields}
    return await world.client.post(INITIATE, body, token=token)


async def back(world: World, consent_url: str) -> dict[str, str]:
    """What the application gets after a consent."""
    answer = await world.client.get(await world.consent(consent_url))
    assert answer.status == 302, answer.body
    return parameters(answer.headers["location"])


def parameters(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


async def test_the_answer_says_where_how_long_and_what_comes_back(world: World) -> None:
    answer = await initiate(world, await world.application_token(), external_user_id="user-123")
    assert answer.status == 200
    assert (answer.json["expires_at"], answer.json["completion"]) == ("2026-11-23T10:10:00Z", "secret_id")
    sent = parameters(answer.json["consent_url"])
    assert sent["redirect_uri"] == "http://127.0.0.1:8000/api/v1/integrations/connectors/oauth/callback"
    assert sent["scope"] == "oauth crm.objects.contacts.read"
    assert "crm.objects.deals.read" in sent["optional_scope"].split()
    assert "code_challenge" not in sent


async def test_scopes_are_narrowed_by_the_request_and_by_its_entities(world: World) -> None:
    token = await world.scoped_token()
    answer = await initiate(
        world,
        token,
        entities=[{"entity": "deals"}],
        oauth_input_configuration={"scopes": ["oauth", "crm.objects.contacts.read", "crm.everything"]},
    )
    sent = parameters(answer.json["consent_url"])
    assert (sent["scope"], sent["optional_scope"]) == ("oauth crm.objects.contacts.read", "crm.objects.deals.read")
    connector_id = (await back(world, answer.json["consent_url"]))["connector_id"]
    shown = (await world.client.get(f"{CONNECTORS}/{connector_id}", token=token)).json
    assert shown["granted_scopes"] == ["crm.objects.contacts.read", "crm.objects.deals.read", "oauth"]
    assert shown["entities"] == [{"entity": "deals", "modes": ["read"]}]


async def test_both_completions_lead_to_a_working_connector(world: World) -> None:
    token = await world.scoped_token()
    answer = await initiate(world, token, name="Named", replication_config={"x": 1, "credentials": None})
    connector_id = (await back(world, answer.json["consent_url"]))["connector_id"]
    shown = (await world.client.get(f"{CONNECTORS}/{connector_id}", token=token)).json
    assert (shown["name"], shown["replication_config"], shown["status"]) == ("Named", {"x": 1}, "active")
    answer = await initiate(world, token, completion="secret_id")
    got = await back(world, answer.json["consent_url"])
    assert got["secret_id"] == got["server_side_oauth_secret_id"]
    second = await world.create_connector(token, credentials=None, secret_id=got["secret_id"])
    for item in (connector_id, second):
        assert (await world.execute(token, item, "contacts", "list")).status == 200
    answer = await world.client.delete(f"{CONNECTORS}/{connector_id}", token=token)
    assert answer.json["upstream_revocation"] == "revoked"


@pytest.mark.parametrize("life_s", [599, 600])
async def test_a_secret_id_lives_ten_minutes(world: World, life_s: int) -> None:
    token = await world.scoped_token()
    answer = await initiate(world, token, completion="secret_id")
    secret_id = (await back(world, answer.json["consent_url"]))["secret_id"]
    world.clock.advance(life_s)
    created = await world.client.post(
        CONNECTORS, {"connector_type": "hubspot", "secret_id": secret_id}, token=await world.scoped_token()
    )
    assert created.status == (200 if life_s < 600 else 422)


async def test_a_secret_id_is_worthless_elsewhere_and_not_burnt_there(world: World) -> None:
    token = await world.scoped_token("user-1")
    answer = await initiate(world, token, completion="secret_id")
    secret_id = (await back(world, answer.json["consent_url"]))["secret_id"]
    body = {"connector_type": "hubspot", "server_side_oauth_secret_id": secret_id}
    stranger = await world.scoped_token("user-2")
    for attempt, bearer in ((body, stranger), ({**body, "server_side_oauth_secret_id": secret_id + "x"}, token)):
        refused = await world.client.post(CONNECTORS, attempt, token=bearer)
        assert (refused.status, refused.code, refused.json["message"]) == (
            422,
            "invalid_secret_id",
            "Invalid secret_id",
        )
    assert (await world.client.post(CONNECTORS, body, token=token)).status == 200


async def test_a_secret_id_makes_one_connector_even_when_it_is_used_twice_at_once(world: World) -> None:
    token = await world.scoped_token()
    answer = await initiate(world, token, completion="secret_id")
    secret_id = (await back(world, answer.json["consent_url"]))["secret_id"]
    body = {"connector_type": "hubspot", "secret_id": secret_id}
    answers = await asyncio.gather(*(world.client.post(CONNECTORS, body, token=token) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [200, 422, 422, 422, 422]


async def test_a_state_is_used_once_even_when_it_comes_back_twice_at_once(world: World) -> None:
    answer = await initiate(world, await world.scoped_token())
    callback = await world.consent(answer.json["consent_url"])
    answers = await asyncio.gather(*(world.client.get(callback) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [302, 400, 400, 400, 400]


@pytest.mark.parametrize("accept", ["*/*", "application/problem+json"])
async def test_an_expired_state_is_answered_with_a_page_or_a_problem_and_never_a_redirect(
    world: World, accept: str
) -> None:
    answer = await initiate(world, await world.scoped_token())
    callback = await world.consent(answer.json["consent_url"])
    world.clock.advance(600)
    refused = await world.client.get(callback, headers={"accept": accept})
    assert refused.status == 400
    assert "location" not in refused.headers
    if accept == "*/*":
        assert refused.headers["content-type"] == "text/html; charset=utf-8"
        assert b"start it again from the application" in refused.body
    else:
        assert refused.code == "invalid_state"


async def callback_of(world: World, token: str, **fields: object) -> str:
    answer = await initiate(world, token, **fields)
    return str(await world.consent(answer.json["consent_url"]))


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("error=access_denied&error_description=secret-text", "access_denied"),
        ("error=server_error", "provider_error"),
        ("", "provider_error"),
        ("code=unknown", "token_exchange_failed"),
    ],
)
async def test_a_failure_goes_back_to_the_application_in_our_words(world: World, query: str, error: str) -> None:
    callback = await callback_of(world, await world.scoped_token())
    state = parameters(callback)["state"]
    answer = await world.client.get(f"{callback.partition('?')[0]}?state={state}&{query}")
    got = parameters(answer.headers["location"])
    assert got["error"] == error
    assert "secret-text" not in answer.headers["location"]
    assert set(got) == {"error", "error_description"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (NotSentError("refused"), "temporarily_unavailable"),
        (AnswerTimeoutError("no answer"), "temporarily_unavailable"),
        (HttpResponse(429, {}, b"{}"), "temporarily_unavailable"),
        (HttpResponse(500, {}, b"{}"), "temporarily_unavailable"),
        (HttpResponse(400, {}, b'{"status":"BAD_REDIRECT_URI","message":"no"}'), "token_exchange_failed"),
        (HttpResponse(400, {}, b'{"status":"BAD_CLIENT_ID","message":"no"}'), "token_exchange_failed"),
        (HttpResponse(503, {}, b""), "temporarily_unavailable"),
        (HttpResponse(400, {}, b'{"status":"BAD_CLIENT_SECRET","message":"no"}'), "token_exchange_failed"),
    ],
)
async def test_a_failed_exchange_is_told_from_an_outage(
    world: World, answer: HttpResponse | Exception, error: str
) -> None:
    callback = await callback_of(world, await world.scoped_token())
    world.hubspot.answers[TOKEN_PATH] = answer
    got = parameters((await world.client.get(callback)).headers["location"])
    assert got["error"] == error


async def test_a_connector_is_authorized_anew_under_its_own_id(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    world.portal.tokens.revoke(world.refresh_token)
    world.portal.tokens.expire_access_tokens()
    assert (await world.execute(token, connector_id, "contacts", "list")).code == "reauthorization_required"
    answer = await initiate(world, token, connector_id=connector_id)
    assert await back(world, answer.json["consent_url"]) == {"connector_id": connector_id}
    assert (await world.execute(token, connector_id, "contacts", "list")).status == 200
    shown = (await world.client.get(f"{CONNECTORS}/{connector_id}", token=token)).json
    assert shown["status"] == "active"


@pytest.mark.parametrize(("allowed", "outcome"), [(False, "error"), (True, "connector_id")])
async def test_another_account_is_refused_unless_it_is_allowed(world: World, allowed: bool, outcome: str) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    grant = world.portal.tokens.grants()[0]
    access = world.portal.tokens.mint_access_token(grant, grant.scopes)
    callback = await callback_of(world, token, connector_id=connector_id, allow_account_change=allowed)
    world.hubspot.answers[TOKEN_PATH] = HttpResponse(
        200,
        {},
        f'{{"access_token":"{access.token}","refresh_token":"r","expires_in":1800,"hub_id":1,"scopes":[]}}'.encode(),
    )
    got = parameters((await world.client.get(callback)).headers["location"])
    assert outcome in got
    assert allowed or got["error"] == "account_mismatch"


@pytest.mark.parametrize("what", ["connector", "workspace", "connector during the exchange"])
async def test_what_vanished_meanwhile_cannot_be_connected(world: World, what: str) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    callback = await callback_of(world, token, **({} if what == "workspace" else {"connector_id": connector_id}))
    if what == "connector":
        await world.client.delete(f"{CONNECTORS}/{connector_id}", token=token)
    elif what == "workspace":
        async with world.server.core.database.write() as connection:
            await connection.execute(update(workspaces).values(deleted_at=world.clock.now()))
    else:
        sealer = world.server.core.sealer
        sealing = sealer.seal

        async def delete_first(plaintext: bytes, *, owner: str, identity: str) -> bytes:
            await world.client.delete(f"{CONNECTORS}/{connector_id}", token=token)
            return await sealing(plaintext, owner=owner, identity=identity)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sealer, "seal", delete_first)
            got = parameters((await world.client.get(callback)).headers["location"])
        assert got["error"] == "creation_failed"
        return
    got = parameters((await world.client.get(callback)).headers["location"])
    assert got["error"] == "creation_failed"


async def test_authorizing_anew_needs_a_connector_of_the_workspace_and_the_right_to_change_it(world: World) -> None:
    token = await world.scoped_token("user-1")
    connector_id = await world.create_connector(token)
    application = await world.application_token()
    answer = await initiate(world, application, connector_id=connector_id, workspace_name="user-2")
    assert (answer.status, answer.code) == (404, "connector_not_found")
    answer = await initiate(world, token, connector_id=connector_id, completion="secret_id")
    assert (answer.status, answer.code) == (422, "validation_error")
    answer = await initiate(world, await world.scoped_token("user-1", permissions={}), connector_id=connector_id)
    assert (answer.status, answer.code) == (403, "token_not_allowed")


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"redirect_url": "/relative"}, 422, "invalid_redirect_url"),
        ({"redirect_url": "https://yourapp.com/cb"}, 422, "redirect_origin_not_allowed"),
        ({"redirect_url": None}, 422, "validation_error"),
        ({"connector_type": "nope"}, 404, "connector_type_unknown"),
        ({"workspace_name": "other"}, 403, "workspace_mismatch"),
        ({"oauth_input_configuration": {"scope": []}}, 422, "validation_error"),
        ({"completion": "token"}, 422, "validation_error"),
    ],
)
async def test_a_wrong_request_starts_nothing(world: World, fields: dict[str, object], status: int, code: str) -> None:
    answer = await initiate(world, await world.scoped_token(), **fields)
    assert (answer.status, answer.code) == (status, code)


async def test_an_organization_may_have_origins_of_its_own(world: World) -> None:
    core = world.server.core
    pair = await Administration(world.settings, core.clock, core.ids).create_organization(
        "Other", redirect_origins=["https://yourapp.com"]
    )
    token = await world.application_token(pair)
    answer = await initiate(
        world, token, external_user_id="user-123", redirect_url="https://yourapp.com/oauth/callback"
    )
    assert answer.status == 200


async def test_an_app_that_supports_it_gets_a_challenge_and_the_verifier_with_the_code(
    settings: Settings, clock: TestClock, ids: CountingIds, hubspot: Wiretap, portal: Portal
) -> None:
    proof = settings.model_copy(update={"hubspot_pkce": "s256"})
    pair = await Administration(proof, clock, ids).create_organization("Acme", redirect_origins=[])
    server = build_server(proof, clock=clock, ids=ids, upstream=hubspot)
    await server.start()
    world = World(proof, clock, server, Client(server.app), portal, hubspot, pair)
    answer = await initiate(world, await world.scoped_token())
    challenge = parameters(answer.json["consent_url"])["code_challenge"]
    assert "connector_id" in await back(world, answer.json["consent_url"])
    form = next(request.body or b"" for request in hubspot.seen if request.url.endswith(TOKEN_PATH))
    assert challenge_of(parse_qs(form.decode())["code_verifier"][0]) == challenge
    await server.stop()


async def test_an_app_without_optional_scopes_does_not_ask_for_any(
    settings: Settings, clock: TestClock, ids: CountingIds, hubspot: Wiretap, portal: Portal
) -> None:
    plain = settings.model_copy(update={"hubspot_optional_scopes": ()})
    pair = await Administration(plain, clock, ids).create_organization("Acme", redirect_origins=[])
    server = build_server(plain, clock=clock, ids=ids, upstream=hubspot)
    await server.start()
    world = World(plain, clock, server, Client(server.app), portal, hubspot, pair)
    answer = await initiate(world, await world.scoped_token())
    assert "optional_scope" not in parameters(answer.json["consent_url"])
    await server.stop()
