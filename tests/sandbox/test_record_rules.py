"""Rules of an account's admins: enforced by 2026-09 alone."""

from typing import Any

import pytest

from sandbox.asgi import Client, created, results

NEWEST = "/crm/objects/2026-09/contacts"
OLDER = ("/crm/v3/objects/contacts", "/crm/objects/2026-03/contacts")


async def set_rules(client: Client, **rules: object) -> None:
    reply = await client.send("PUT", "/_sandbox/record-rules", body=rules)
    assert reply.status == 200, reply.text


async def test_a_property_required_at_creation(client: Client) -> None:
    await set_rules(client, required=[{"objectType": "contacts", "property": "firstname"}])

    refused = await client.send("POST", NEWEST, body={"properties": {"email": "a@acme.example"}})
    complete = await client.send("POST", NEWEST, body={"properties": {"email": "a@acme.example", "firstname": "Ada"}})
    older = [
        await client.send("POST", url, body={"properties": {"email": f"{place}@acme.example"}})
        for place, url in enumerate(OLDER)
    ]
    later = await client.send("PATCH", f"{NEWEST}/{older[0].json()['id']}", body={"properties": {"city": "Oslo"}})

    body = refused.json()
    assert (refused.status, body["message"], body["category"]) == (
        400,
        "The property values provided are invalid",
        "VALIDATION_ERROR",
    )
    assert body["errors"] == [
        {
            "message": "A value for firstname must be provided",
            "code": "MISSING_REQUIRED_PROPERTY",
            "context": {"propertyName": ["firstname"]},
        }
    ]
    assert [reply.status for reply in (complete, *older, later)] == [201, 201, 201, 200]


@pytest.mark.parametrize(("values", "status"), [([], 400), (["Norway"], 400), (["Sweden"], 200)])
async def test_a_property_required_by_another_one(client: Client, values: list[str], status: int) -> None:
    rule = {"objectType": "0-1", "property": "city", "ifProperty": "country", "ifValues": values}
    await set_rules(client, required=[rule])
    contact = await created(client, "contacts", {"email": "a@acme.example"})

    reply = await client.send("PATCH", f"{NEWEST}/{contact}", body={"properties": {"country": "Norway"}})
    together = await client.send(
        "PATCH", f"{NEWEST}/{contact}", body={"properties": {"country": "Norway", "city": "Oslo"}}
    )

    assert (reply.status, together.status) == (status, 200)
    if status == 400:
        errors: Any = reply.json()["errors"]
        assert errors == [
            {
                "message": "city is required because of a conditional property rule based on [country]",
                "code": "MISSING_CONDITIONAL_REQUIRED_PROPERTY",
                "context": {"propertyName": ["city"]},
            }
        ]


async def test_linking_needs_a_permission_of_the_user(oauth_client: Client, client: Client) -> None:
    contact = await created(client, "contacts", {"email": "a@acme.example"})
    company = await created(client, "companies", {"name": "Acme"})
    await set_rules(client, editAssociations=False)
    dated = "/crm/objects/2026-09"
    link = {"to": {"id": company}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]}
    pairs = {"inputs": [{"from": {"id": contact}, "to": {"id": company}}]}

    refused = [
        await oauth_client.send("PUT", f"{dated}/contacts/{contact}/associations/default/companies/{company}"),
        await oauth_client.send(
            "PUT", f"{dated}/contacts/{contact}/associations/companies/{company}", body=link["types"]
        ),
        await oauth_client.send(
            "POST", f"{dated}/contacts", body={"properties": {"email": "b@a.example"}, "associations": [link]}
        ),
        await oauth_client.send("POST", "/crm/associations/2026-09/0-1/0-2/batch/associate/default", body=pairs),
    ]
    older = await oauth_client.send(
        "PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}"
    )
    private = await client.send("PUT", f"{dated}/contacts/{contact}/associations/default/companies/{company}")

    assert [(reply.status, reply.json()["message"]) for reply in refused] == [
        (400, "Missing 'Edit Associations' permission.")
    ] * 4
    assert (older.status, private.status) == (200, 200)


async def test_dates_are_normalized_with_a_warning(client: Client) -> None:
    url = "/crm/objects/2026-09/2-30417762"
    values = {"installation_name": "Roof", "installed_on": "1990-01-01T00:00:00Z"}

    made = await client.send("POST", url, body={"properties": values})
    record = made.json()["id"]
    exact = await client.send("PATCH", f"{url}/{record}", body={"properties": {"installed_on": "631152000000"}})
    day = await client.send("PATCH", f"{url}/{record}", body={"properties": {"installed_on": "1990-01-02"}})
    bad = await client.send("PATCH", f"{url}/{record}", body={"properties": {"installed_on": "soon"}})
    older = await client.send(
        "POST", "/crm/v3/objects/2-30417762", body={"properties": {**values, "installed_on": "1635535865"}}
    )

    assert (made.status, made.json()["warnings"]) == (
        201,
        [
            {
                "category": "PROPERTY_VALUE_NORMALIZED",
                "context": {
                    "normalizedValue": "631152000000",
                    "propertyName": "installed_on",
                    "rawValue": "1990-01-01T00:00:00Z",
                },
                "message": "installed_on was normalized",
            }
        ],
    )
    assert made.json()["properties"]["installed_on"] == "1990-01-01"
    assert [("warnings" in reply.json(), reply.status) for reply in (exact, day, bad, older)] == [
        (False, 200),
        (False, 200),
        (False, 400),
        (False, 400),
    ]


async def test_batches_follow_the_rules_too(client: Client) -> None:
    url = "/crm/objects/2026-09/2-30417762/batch"
    value = {"installed_on": "1990-01-01T12:00:00Z"}

    made = await client.send(
        "POST", f"{url}/create", body={"inputs": [{"properties": {"installation_name": "A", **value}}]}
    )
    record = results(made)[0]["id"]
    changed = await client.send("POST", f"{url}/update", body={"inputs": [{"id": record, "properties": value}]})
    upserted = await client.send(
        "POST",
        f"{url}/upsert",
        body={
            "inputs": [{"id": "S-1", "idProperty": "serial_number", "properties": {"installation_name": "B", **value}}]
        },
    )

    assert [len(results(reply)[0]["warnings"]) for reply in (made, changed, upserted)] == [1, 1, 1]


async def test_rules_are_shown_and_must_speak_of_known_types(client: Client) -> None:
    empty = await client.send("GET", "/_sandbox/record-rules")
    refused = await client.send(
        "PUT", "/_sandbox/record-rules", body={"required": [{"objectType": "widgets", "property": "x"}]}
    )

    assert empty.json() == {"required": [], "editAssociations": True}
    assert refused.status == 400
