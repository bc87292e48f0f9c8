"""Records by the hundred."""

import pytest

from hubspot_sandbox import Portal, VirtualClock
from sandbox.asgi import Client, created, properties, results

NOW = "2026-11-02T09:00:00Z"


async def test_batch_read_answers_207_and_names_the_missing(client: Client) -> None:
    record_id = await created(client, "companies", {"name": "Acme"})

    reply = await client.send(
        "POST",
        "/crm/v3/objects/COMPANY/batch/read",
        body={"properties": ["name"], "inputs": [{"id": record_id}, {"id": "1001"}]},
    )

    assert reply.status == 207
    assert list(reply.json()) == ["status", "results", "numErrors", "errors", "startedAt", "completedAt"]
    assert results(reply)[0]["properties"] == {
        "createdate": NOW,
        "hs_lastmodifieddate": NOW,
        "hs_object_id": record_id,
        "name": "Acme",
    }
    assert reply.json()["errors"] == [
        {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "message": "Could not get some COMPANY objects, they may be deleted or not exist. "
            "Check that ids are valid.",
            "context": {"ids": ["1001"]},
        }
    ]


async def test_batch_read_by_email_with_history(client: Client) -> None:
    record_id = await created(client, "contacts", {"email": "a@acme.example"})

    reply = await client.send(
        "POST",
        "/crm/v3/objects/contacts/batch/read",
        body={
            "idProperty": "email",
            "propertiesWithHistory": ["email"],
            "inputs": [{"id": "a@acme.example"}, {"id": "A@acme.example"}],
        },
    )

    assert reply.status == 200
    assert [record["id"] for record in results(reply)] == [record_id]
    assert results(reply)[0]["propertiesWithHistory"]["email"][0]["value"] == "a@acme.example"


async def test_archived_records_are_read_in_batch_only_when_asked_for(client: Client) -> None:
    record_id = await created(client, "companies", {"name": "Gone"})
    await client.send(
        "POST", "/crm/v3/objects/companies/batch/archive", body={"inputs": [{"id": record_id}, {"id": "9"}]}
    )
    body = {"inputs": [{"id": record_id}]}

    plain = await client.send("POST", "/crm/v3/objects/companies/batch/read", body=body)
    archived = await client.send("POST", "/crm/v3/objects/companies/batch/read?archived=true", body=body)

    assert (plain.status, results(plain)) == (207, [])
    assert [record["archived"] for record in results(archived)] == [True]


@pytest.mark.parametrize("operation", ["read", "create", "update", "upsert", "archive"])
async def test_a_batch_takes_at_most_a_hundred_inputs(client: Client, operation: str) -> None:
    path = f"/crm/v3/objects/contacts/batch/{operation}"

    many = await client.send("POST", path, body={"inputs": [{"id": str(number)} for number in range(101)]})
    none = await client.send("POST", path, body={})

    assert (many.status, many.json()["message"]) == (
        400,
        "The maximum number of inputs supported in a batch is 100. Please reduce the number of items and try again",
    )
    assert (none.status, none.json()["message"]) == (
        400,
        "Invalid input JSON on line 1, column 1: Some required fields were not set: [inputs]",
    )


async def test_batch_create_answers_in_reverse_order(client: Client) -> None:
    reply = await client.send(
        "POST",
        "/crm/v3/objects/companies/batch/create",
        body={"inputs": [{"properties": {"name": "bossa"}}, {"properties": {"name": "samba"}}]},
    )

    assert reply.status == 201
    assert list(reply.json()) == ["status", "results", "startedAt", "completedAt"]
    assert [record["properties"]["name"] for record in results(reply)] == ["samba", "bossa"]


async def test_a_batch_create_without_trace_ids_fails_whole(client: Client, portal: Portal) -> None:
    before = portal.records.count("0-1")
    inputs = [{"properties": {"email": "x@acme.example"}}, {"properties": {"email": "x@acme.example"}}]

    reply = await client.send("POST", "/crm/v3/objects/contacts/batch/create", body={"inputs": inputs})

    assert (reply.status, reply.json()["category"]) == (409, "CONFLICT")
    assert portal.records.count("0-1") == before


async def test_a_batch_create_with_trace_ids_is_partial(client: Client) -> None:
    inputs = [
        {"objectWriteTraceId": "row-1", "properties": {"subject": "A", "hs_pipeline_stage": "1"}},
        {"objectWriteTraceId": "row-2", "properties": {"subject": "B", "hs_pipeline_stage": "nowhere"}},
    ]

    reply = await client.send("POST", "/crm/v3/objects/tickets/batch/create", body={"inputs": inputs})

    body = reply.json()
    errors = body["errors"]
    assert isinstance(errors, list)
    assert (reply.status, body["numErrors"]) == (207, 1)
    assert [record["objectWriteTraceId"] for record in results(reply)] == ["row-1"]
    assert (errors[0]["category"], errors[0]["context"]) == ("VALIDATION_ERROR", {"objectWriteTraceId": ["row-2"]})


async def test_batch_update_returns_less_for_contacts_than_for_others(client: Client, clock: VirtualClock) -> None:
    contact = await created(client, "contacts", {"email": "u@acme.example"})
    company = await created(client, "companies", {"name": "Acme"})
    clock.advance(2)
    later = "2026-11-02T09:00:02Z"

    contacts = await client.send(
        "POST",
        "/crm/v3/objects/contacts/batch/update",
        body={"inputs": [{"id": contact, "properties": {"city": "Rome"}}]},
    )
    companies = await client.send(
        "POST",
        "/crm/v3/objects/companies/batch/update",
        body={"inputs": [{"id": company, "properties": {"city": "Rome"}}]},
    )

    assert results(contacts)[0]["properties"] == {"city": "Rome", "lastmodifieddate": later}
    assert results(companies)[0]["properties"] == {
        "city": "Rome",
        "createdate": NOW,
        "hs_lastmodifieddate": later,
        "hs_object_id": company,
    }


async def test_batch_update_names_unknown_ids_and_does_not_follow_merges(client: Client) -> None:
    winner = await created(client, "contacts", {"email": "w@acme.example"})
    loser = await created(client, "contacts", {"email": "l@acme.example"})
    await client.send(
        "POST", "/crm/v3/objects/contacts/merge", body={"primaryObjectId": winner, "objectIdToMerge": loser}
    )

    reply = await client.send(
        "POST",
        "/crm/v3/objects/contacts/batch/update",
        body={
            "inputs": [
                {"id": loser, "properties": {"city": "Rome"}},
                {"id": "w@acme.example", "idProperty": "email", "properties": {"city": "Oslo"}},
            ]
        },
    )

    assert reply.status == 207
    assert [record["id"] for record in results(reply)] == [winner]
    assert reply.json()["errors"][0]["context"] == {"ids": [loser]}


async def test_one_batch_may_change_a_record_twice(client: Client) -> None:
    record_id = await created(client, "companies", {"name": "Acme"})
    inputs = [{"id": record_id, "properties": {"city": "Rome"}}, {"id": record_id, "properties": {"zip": "00100"}}]

    await client.send("POST", "/crm/v3/objects/companies/batch/update", body={"inputs": inputs})

    reply = await client.send("GET", f"/crm/v3/objects/companies/{record_id}?properties=city,zip")
    assert (properties(reply)["city"], properties(reply)["zip"]) == ("Rome", "00100")


async def test_upsert_says_which_records_are_new(client: Client) -> None:
    await created(client, "contacts", {"email": "old@acme.example"})
    inputs = [
        {"id": email, "idProperty": "email", "properties": {"city": "Rome"}}
        for email in ("old@acme.example", "new@acme.example")
    ]

    reply = await client.send("POST", "/crm/v3/objects/contacts/batch/upsert", body={"inputs": inputs})

    assert reply.status == 200
    assert [(record["new"], record["properties"]["city"]) for record in results(reply)] == [
        (False, "Rome"),
        (True, "Rome"),
    ]
    assert results(reply)[1]["properties"]["email"] == "new@acme.example"


async def test_upsert_refuses_mixed_and_unfit_id_properties(client: Client) -> None:
    path = "/crm/v3/objects/contacts/batch/upsert"
    mixed = [{"id": "a@acme.example", "idProperty": "email"}, {"id": "Ana", "idProperty": "firstname"}]

    several = await client.send("POST", path, body={"inputs": mixed})
    unfit = await client.send("POST", path, body={"inputs": mixed[1:]})
    unnamed = await client.send("POST", path, body={"inputs": [{"id": "12"}]})

    assert (several.status, unfit.status, unnamed.status) == (400, 400, 400)
