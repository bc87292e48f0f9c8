import pytest

from airbyte_agent_hubspot._http import NotSentError
from airbyte_agent_hubspot._wire import HttpResponse
from server.world import CONNECTORS, Answer, World

TOKEN_PATH = "/oauth/2026-03/token"
CONTACTS_PATH = "/crm/objects/2026-03/contacts"


async def check_new(world: World, token: str, **fields: object) -> Answer:
    body = {"connector_type": "hubspot", "credentials": {"refresh_token": world.refresh_token}, **fields}
    return await world.client.post(f"{CONNECTORS}/check", body, token=token)


async def check(world: World, token: str, connector_id: str, **fields: object) -> Answer:
    return await world.client.post(f"{CONNECTORS}/{connector_id}/check", fields, token=token)


async def status_of(world: World, token: str, connector_id: str) -> object:
    return (await world.client.get(f"{CONNECTORS}/{connector_id}", token=token)).json["status"]


def row(
    entity: str, status: str = "succeeded", code: int | None = 200, message: str | None = None
) -> dict[str, object]:
    return {"entity": entity, "status": status, "status_code": code, "error_message": message}


async def test_credentials_can_be_tried_before_anything_is_stored(world: World) -> None:
    token = await world.application_token()
    answer = await check_new(world, token, workspace_name="nobody", entities=[{"entity": "deals"}])
    assert answer.status == 200
    assert answer.json == {
        "id": answer.json["id"],
        "status": "succeeded",
        "error_message": None,
        "failure_reason": None,
        "entity_check_results": [row("deals")],
    }
    assert await world.server.core.accounts.find_workspace(world.pair.organization_id, name="nobody") is None


async def test_a_check_of_bad_credentials_fails_with_the_reason(world: World) -> None:
    answer = await check_new(world, await world.scoped_token(), credentials={"refresh_token": "dead"})
    message = answer.json["error_message"]
    assert answer.status == 200
    assert answer.json == {
        "id": answer.json["id"],
        "status": "failed",
        "error_message": message,
        "failure_reason": {
            "failure_type": "config_error",
            "failure_origin": "source",
            "external_message": message,
            "retryable": False,
            "timestamp": "2026-11-23T10:00:00Z",
        },
        "entity_check_results": [],
    }
    assert message.startswith("HubSpot does not accept the credentials")
    answer = await check_new(world, await world.scoped_token(), credentials={"private_app_token": "pat"})
    assert answer.json["status"] == "failed"


@pytest.mark.parametrize(
    "away", [NotSentError("refused"), HttpResponse(503, {}, b""), HttpResponse(429, {}, b'{"policyName":"DAILY"}')]
)
async def test_a_check_says_when_hubspot_could_not_be_asked(world: World, away: HttpResponse | Exception) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    world.hubspot.answers[TOKEN_PATH] = away
    answer = await check_new(world, token)
    assert (answer.status, answer.json["status"]) == (200, "inconclusive")
    reason = answer.json["failure_reason"]
    assert (reason["failure_type"], reason["retryable"]) == ("transient_error", True)
    world.portal.tokens.expire_access_tokens()
    world.clock.advance(1800)
    token = await world.scoped_token()
    assert (await check(world, token, connector_id)).json["status"] == "inconclusive"
    assert await status_of(world, token, connector_id) == "active"


REQUESTS: list[tuple[dict[str, object], int, str]] = [
    ({"credentials": None}, 422, "credentials_required"),
    ({"connector_type": None}, 422, "connector_type_required"),
    ({"connector_type": "nope"}, 404, "connector_type_unknown"),
    ({"credentials": None, "secret_id": "unknown"}, 422, "invalid_secret_id"),
    ({"entities": [{"entity": "contact"}]}, 422, "unknown_operation"),
    ({"workspace_name": "another"}, 403, "workspace_mismatch"),
]


async def test_a_wrong_request_is_not_a_failed_check(world: World) -> None:
    token = await world.scoped_token()
    for fields, status, code in REQUESTS:
        answer = await check_new(world, token, **fields)
        assert (answer.status, answer.code) == (status, code)
    connector_id = await world.create_connector(token)
    answer = await check(world, token, connector_id, entities=["contact"])
    assert (answer.status, answer.code) == (422, "unknown_operation")
    answer = await check_new(world, await world.application_token())
    assert (answer.status, answer.code) == (422, "workspace_required")
    body = {"workspace_name": "nobody", "credentials": None, "secret_id": "x"}
    answer = await check_new(world, await world.application_token(), **body)
    assert (answer.status, answer.code) == (422, "invalid_secret_id")


async def test_a_check_reads_the_entities_that_are_named_or_that_the_connector_is_for(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token, entities=[{"entity": "tickets"}, {"entity": "nothing"}])
    private = world.portal.tokens.mint_private_token(["oauth", "crm.objects.contacts.read"]).token
    limited = await world.create_connector(token, credentials={"private_app_token": private})
    answer = await check(world, token, limited, entities=["contacts", {"entity": "deals"}, "objects", "contacts"])
    by_entity = {item["entity"]: item for item in answer.json["entity_check_results"]}
    assert list(by_entity) == ["contacts", "deals", "objects"]
    assert by_entity["contacts"] == row("contacts")
    assert (by_entity["deals"]["status"], by_entity["deals"]["status_code"]) == ("failed", 403)
    assert by_entity["objects"]["status"] == "inconclusive"
    assert (answer.json["status"], answer.json["error_message"]) == ("failed", by_entity["deals"]["error_message"])
    answer = await check(world, token, connector_id)
    assert [(item["entity"], item["status"]) for item in answer.json["entity_check_results"]] == [
        ("tickets", "succeeded"),
        ("nothing", "failed"),
    ]
    assert (await check(world, token, limited)).json["entity_check_results"] == []


async def test_a_check_finds_out_that_a_connector_must_be_authorized_anew(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    world.portal.tokens.revoke(world.refresh_token)
    world.portal.tokens.expire_access_tokens()
    answer = await check(world, token, connector_id)
    assert (answer.status, answer.json["status"], answer.json["id"]) == (200, "failed", connector_id)
    assert await status_of(world, token, connector_id) == "needs_reauth"


async def test_a_check_learns_what_was_not_tried_when_it_was_stored(world: World) -> None:
    token = await world.scoped_token()
    body = {"connector_type": "hubspot", "credentials": {"refresh_token": world.refresh_token}}
    created = (await world.client.post(f"{CONNECTORS}?validate=false", body, token=token)).json
    assert (created["status"], created["hub_id"]) == ("unverified", None)
    assert (await check(world, token, created["id"])).json["status"] == "succeeded"
    shown = (await world.client.get(f"{CONNECTORS}/{created['id']}", token=token)).json
    assert (shown["status"], shown["hub_id"]) == ("active", world.portal.hub_id)
    assert shown["validated_at"] == "2026-11-23T10:00:00Z"
    answer = await world.client.delete(f"{CONNECTORS}/{created['id']}", token=token)
    assert answer.json["upstream_revocation"] == "skipped", "the caller's own token stays the caller's"


async def test_a_check_of_a_grant_does_not_use_it_up(world: World) -> None:
    token = await world.scoped_token()
    body = {"connector_type": "hubspot", "redirect_url": "http://127.0.0.1:1/cb", "completion": "secret_id"}
    consent_url = (await world.client.post(f"{CONNECTORS}/oauth/initiate", body, token=token)).json["consent_url"]
    back = (await world.client.get(await world.consent(consent_url))).headers["location"]
    secret_id = back.partition("secret_id=")[2].partition("&")[0]
    for _ in range(2):
        answer = await check_new(world, token, credentials=None, secret_id=secret_id)
        assert (answer.status, answer.json["status"]) == (200, "succeeded")
    await world.create_connector(token, credentials=None, secret_id=secret_id)


async def test_a_check_of_a_disabled_connector_fails_without_asking_hubspot(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    await world.client.put(f"{CONNECTORS}/{connector_id}", {"disabled": True}, token=token)
    asked = len(world.hubspot.seen)
    answer = await check(world, token, connector_id)
    assert (answer.json["status"], len(world.hubspot.seen) - asked) == ("failed", 0)
    assert "disabled" in answer.json["error_message"]
