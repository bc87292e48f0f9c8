"""How many records may be linked: limits of the account, and the report on many links."""

from collections.abc import Sequence

import pytest

from hubspot_sandbox import Portal
from sandbox.asgi import Client, created, results

LIMITS = "/crm/v4/associations/definitions/configurations"
PAIR = f"{LIMITS}/deals/contacts"
DEAL_TO_CONTACT = 3


def limit(most: object, type_id: int = DEAL_TO_CONTACT, category: str = "HUBSPOT_DEFINED") -> dict[str, object]:
    return {"inputs": [{"category": category, "typeId": type_id, "maxToObjectIds": most}]}


async def people(client: Client, number: int) -> list[str]:
    return [await created(client, "contacts", {"email": f"p{each}@limits.example"}) for each in range(number)]


async def deal(client: Client) -> str:
    return await created(client, "deals", {"dealname": "Limited", "dealstage": "contractsent"})


async def associate(client: Client, deal_id: str, contacts: Sequence[str]) -> list[int]:
    url = f"/crm/v4/objects/deals/{deal_id}/associations/default/contacts"
    return [(await client.send("PUT", f"{url}/{each}")).status for each in contacts]


async def test_a_limit_is_set_read_changed_and_removed(client: Client) -> None:
    made = await client.send("POST", f"{PAIR}/batch/create", body=limit(2))
    changed = await client.send("POST", f"{PAIR}/batch/update", body=limit(3))
    between, everything = await client.send("GET", PAIR), await client.send("GET", f"{LIMITS}/all")
    purged = await client.send("POST", f"{PAIR}/batch/purge", body=limit(None))

    row = {"category": "HUBSPOT_DEFINED", "typeId": 3, "userEnforcedMaxToObjectIds": 2, "label": None}
    assert (made.status, results(made), made.json()["status"]) == (201, [row], "COMPLETE")
    row["userEnforcedMaxToObjectIds"] = 3
    assert (changed.status, results(changed), results(between), results(everything)) == (200, [row], [row], [row])
    assert (purged.status, results(await client.send("GET", PAIR))) == (204, [])


async def test_no_record_is_linked_beyond_a_limit(client: Client) -> None:
    contacts, deal_id = await people(client, 3), await deal(client)
    await client.send("POST", f"{PAIR}/batch/create", body=limit(2))

    statuses = await associate(client, deal_id, contacts)
    again = await associate(client, deal_id, contacts[:1])
    from_the_other_end = await client.send(
        "PUT", f"/crm/v4/objects/contacts/{contacts[2]}/associations/default/deals/{deal_id}"
    )
    linked = await client.send("GET", f"/crm/v4/objects/deals/{deal_id}/associations/contacts")

    assert (statuses, again, from_the_other_end.status) == ([200, 200, 400], [200], 400)
    assert from_the_other_end.json()["category"] == "VALIDATION_ERROR"
    assert [str(row["toObjectId"]) for row in results(linked)] == contacts[:2]


async def test_a_new_record_with_too_many_links_is_not_made(client: Client) -> None:
    contacts = await people(client, 2)
    await client.send("POST", f"{PAIR}/batch/create", body=limit(1))
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": DEAL_TO_CONTACT}]
    body = {
        "properties": {"dealname": "Too popular", "dealstage": "contractsent"},
        "associations": [{"to": {"id": each}, "types": types} for each in contacts],
    }

    refused = await client.send("POST", "/crm/v3/objects/deals", body=body)
    found = await client.send("POST", "/crm/v3/objects/deals/search", body={"query": "popular"})

    assert (refused.status, found.json()["total"]) == (400, 0)


async def test_a_batch_names_the_links_that_were_too_many(client: Client) -> None:
    contacts, deal_id = await people(client, 2), await deal(client)
    await client.send("POST", f"{PAIR}/batch/create", body=limit(1))

    inputs = [{"from": {"id": deal_id}, "to": {"id": each}} for each in contacts]
    url = "/crm/v4/associations/deals/contacts/batch/associate/default"
    reply = await client.send("POST", url, body={"inputs": inputs})

    assert (reply.status, reply.json()["numErrors"]) == (207, 1)
    assert reply.json()["errors"][0]["context"] == {"fromObjectId": [deal_id], "toObjectId": [contacts[1]]}


@pytest.mark.parametrize(
    "body",
    [limit(0), limit("many"), limit(None), limit(True), limit(1, type_id=999), limit(1, category="USER_DEFINED")],
)
async def test_a_limit_that_cannot_be_is_an_error_of_its_batch(client: Client, body: dict[str, object]) -> None:
    reply = await client.send("POST", f"{PAIR}/batch/create", body=body)

    assert (reply.status, results(reply), reply.json()["numErrors"]) == (207, [], 1)


async def test_a_label_never_allows_more_than_its_object(client: Client) -> None:
    label = await client.send(
        "POST", "/crm/v4/associations/deals/contacts/labels", body={"name": "signer", "label": "Signer"}
    )
    signer = int(results(label)[0]["typeId"])
    await client.send("POST", f"{PAIR}/batch/create", body=limit(5))

    above = await client.send("POST", f"{PAIR}/batch/create", body=limit(6, signer, "USER_DEFINED"))
    below = await client.send("POST", f"{PAIR}/batch/create", body=limit(4, signer, "USER_DEFINED"))
    narrower = await client.send("POST", f"{PAIR}/batch/update", body=limit(3))

    assert [reply.status for reply in (above, below, narrower)] == [207, 201, 207]
    assert results(below)[0]["label"] == "Signer"
    assert above.json()["errors"][0]["message"].endswith("it must be 1-5")
    assert narrower.json()["errors"][0]["message"].endswith("it must be 4 or more")


async def test_a_report_on_many_links_is_queued_for_a_user(client: Client, portal: Portal) -> None:
    owner = next(iter(portal.owners().values()))
    url = "/crm/v4/associations/usage/high-usage-report"

    queued, unknown = await client.send("POST", f"{url}/{owner.user_id}"), await client.send("POST", f"{url}/1")

    assert (queued.status, unknown.status) == (200, 404)
    assert queued.json() == {
        "enqueueTime": {"dateOnly": False, "timeZoneShift": 0, "value": portal.clock.now_ms()},
        "userEmail": owner.email,
        "userId": owner.user_id,
    }
