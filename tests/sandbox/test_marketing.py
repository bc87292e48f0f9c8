"""Single sends and communication preferences."""

from typing import Any

import pytest
from starlette.applications import Starlette

from hubspot_sandbox import Portal, VirtualClock
from sandbox.asgi import Client, created, results

SEND = "/marketing/v4/email/single-send"
ADDRESS = "reader@acme.example"


def status_url(address: str = ADDRESS, version: str = "v4") -> str:
    return f"/communication-preferences/{version}/statuses/{address}"


async def test_a_send_is_pending_then_complete(client: Client, clock: VirtualClock) -> None:
    asked = await client.send("POST", SEND, body={"emailId": 4126643121, "message": {"to": ADDRESS}})
    url = f"/marketing/v3/email/send-statuses/{asked.json()['statusId']}"
    clock.advance(1)
    under_way = await client.send("GET", url)
    clock.advance(1)
    done = (await client.send("GET", url)).json()

    assert (asked.status, list(asked.json()), asked.json()["status"]) == (
        200,
        ["requestedAt", "statusId", "status"],
        "PENDING",
    )
    assert under_way.json()["status"] == "PROCESSING"
    assert (done["status"], done["sendResult"]) == ("COMPLETE", "SENT")
    event: Any = done["eventId"]
    assert event["created"] == done["completedAt"]


@pytest.mark.parametrize(
    "given", [{"firstname": "Rea"}, [{"name": "firstname", "value": "Rea"}]], ids=["a map", "names and values"]
)
async def test_a_send_sets_properties_and_makes_a_contact(client: Client, given: object) -> None:
    body = {"emailId": 1, "message": {"to": ADDRESS}, "contactProperties": given}

    await client.send("POST", SEND, body=body)
    await client.send("POST", SEND, body=body)
    record = await client.send("GET", f"/crm/v3/objects/contacts/{ADDRESS}?idProperty=email&properties=firstname")

    assert record.json()["properties"]["firstname"] == "Rea"


async def test_a_send_id_sends_once_and_the_unsubscribed_get_nothing(client: Client, clock: VirtualClock) -> None:
    once = {"emailId": 1, "message": {"to": ADDRESS, "sendId": "order-1"}}
    await client.send("POST", SEND, body=once)
    again = await client.send("POST", SEND, body=once)
    await client.send(
        "POST",
        status_url(),
        body={"subscriptionId": 481200101, "statusState": "UNSUBSCRIBED", "channel": "EMAIL"},
    )
    unwanted = await client.send("POST", SEND, body={"emailId": 1, "message": {"to": ADDRESS}})
    clock.advance(5)

    outcomes = []
    for reply in (again, unwanted):
        read = await client.send("GET", f"/marketing/v3/email/send-statuses/{reply.json()['statusId']}")
        outcomes.append(read.json()["sendResult"])
    assert outcomes == ["IDEMPOTENT_IGNORE", "PREVIOUSLY_UNSUBSCRIBED_MESSAGE"]


async def test_what_cannot_be_sent_is_refused(app: Starlette, portal: Portal, client: Client) -> None:
    nobody = Client(app, portal.tokens.mint_private_token(["crm.objects.contacts.read"]).token)
    transactional = Client(app, portal.tokens.mint_private_token(["transactional-email"]).token)
    body = {"emailId": 1, "message": {"to": ADDRESS}}

    without_scope = await nobody.send("POST", SEND, body=body)
    with_other_scope = await transactional.send("POST", SEND, body=body)
    no_email = await client.send("POST", SEND, body={"message": {"to": ADDRESS}})
    no_address = await client.send("POST", SEND, body={"emailId": 1, "message": {"to": "reader"}})
    unknown = await client.send("GET", "/marketing/v3/email/send-statuses/none")

    errors: Any = without_scope.json()["errors"]
    assert (without_scope.status, without_scope.json()["category"]) == (403, "MISSING_SCOPES")
    assert errors[0]["context"] == {"requiredGranularScopes": ["marketing-email", "transactional-email"]}
    assert [reply.status for reply in (with_other_scope, no_email, no_address, unknown)] == [200, 400, 400, 404]


@pytest.mark.parametrize("version", ["v4", "2026-03", "2026-09"])
async def test_an_address_that_never_said_is_not_specified(client: Client, version: str) -> None:
    reply = await client.send("GET", f"{status_url(version=version)}?channel=EMAIL")

    assert (reply.status, list(reply.json())) == (200, ["status", "results", "startedAt", "completedAt"])
    assert {row["status"] for row in results(reply)} == {"NOT_SPECIFIED"}
    assert results(reply)[0] == {
        "channel": "EMAIL",
        "source": "",
        "status": "NOT_SPECIFIED",
        "subscriberIdString": ADDRESS,
        "subscriptionId": 481200101,
        "timestamp": "2025-02-03T09:00:00Z",
        "businessUnitId": 0,
        "subscriptionName": "Marketing Information",
    }


async def test_a_subscription_is_changed_and_remembered(client: Client) -> None:
    body = {
        "subscriptionId": 481200102,
        "statusState": "UNSUBSCRIBED",
        "channel": "EMAIL",
        "legalBasis": "CONSENT_WITH_NOTICE",
        "legalBasisExplanation": "Asked by phone",
    }

    first = await client.send("POST", status_url(), body=body)
    same = await client.send("POST", status_url(), body=body)
    back = await client.send("POST", status_url(ADDRESS.upper()), body={**body, "statusState": "SUBSCRIBED"})
    read = results(await client.send("GET", f"{status_url()}?channel=EMAIL"))

    assert (results(first)[0]["status"], results(first)[0]["legalBasis"]) == ("UNSUBSCRIBED", "CONSENT_WITH_NOTICE")
    assert "setStatusSuccessReason" not in results(first)[0]
    assert results(same)[0]["setStatusSuccessReason"] == "NO_STATUS_CHANGE"
    assert results(back)[0]["setStatusSuccessReason"] == "RESUBSCRIBE_OCCURRED"
    assert {row["subscriptionId"]: row["status"] for row in read}[481200102] == "SUBSCRIBED"
    assert "setStatusSuccessReason" not in read[1]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"subscriptionId": 1}, 404),
        ({"statusState": "MAYBE"}, 400),
        ({"channel": "FAX"}, 400),
        ({"legalBasis": "WHIM"}, 400),
        ({"statusState": None}, 400),
    ],
)
async def test_a_change_that_cannot_be_is_refused(client: Client, changes: dict[str, object], status: int) -> None:
    body = {"subscriptionId": 481200101, "statusState": "SUBSCRIBED", "channel": "EMAIL", **changes}

    assert (await client.send("POST", status_url(), body=body)).status == status


async def test_the_channel_must_be_named(client: Client) -> None:
    assert (await client.send("GET", status_url())).status == 400


async def test_kinds_of_email_are_listed_to_those_with_the_scope(
    app: Starlette, portal: Portal, client: Client
) -> None:
    reader = Client(app, portal.tokens.mint_private_token(["communication_preferences.read"]).token)
    stranger = Client(app, portal.tokens.mint_private_token(["crm.objects.contacts.read"]).token)
    await created(client, "contacts", {"email": ADDRESS})

    listed = await reader.send("GET", "/communication-preferences/v4/definitions")
    refused = await stranger.send("GET", f"{status_url()}?channel=EMAIL")
    no_write = await reader.send("POST", status_url(), body={})

    assert [row["name"] for row in results(listed)][:2] == ["Marketing Information", "Product Updates"]
    assert (refused.status, no_write.status) == (403, 403)
