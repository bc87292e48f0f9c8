"""Associations as the older APIs v3 and v1 write them."""

from typing import Any

import pytest

from sandbox.asgi import Client, created, results

PAIR = "/crm/v3/associations/contacts/companies"


@pytest.fixture
async def contact(client: Client) -> str:
    return await created(client, "contacts", {"email": "linked@acme.example"})


@pytest.fixture
async def company(client: Client) -> str:
    return await created(client, "companies", {"name": "Acme"})


async def test_v3_links_by_the_name_of_a_type_or_its_number(client: Client, contact: str, company: str) -> None:
    url = f"/crm/v3/objects/contacts/{contact}/associations/companies"

    made = await client.send("PUT", f"{url}/{company}/contact_to_company_unlabeled")
    listed = await client.send("GET", url)
    gone = await client.send("DELETE", f"{url}/{company}/1")
    again = await client.send("DELETE", f"{url}/2/1")
    left = await client.send("GET", url)

    assert (made.status, made.json()["id"]) == (200, contact)
    assert results(listed) == [
        {"id": company, "type": "contact_to_company_unlabeled"},
        {"id": company, "type": "contact_to_company"},
    ]
    assert (gone.status, again.status) == (204, 204)
    assert results(left) == [{"id": company, "type": "contact_to_company_unlabeled"}]


async def test_v3_pages_linked_records(client: Client, contact: str) -> None:
    url = f"/crm/v3/objects/contacts/{contact}/associations/companies"
    ids = [await created(client, "companies", {"name": name}) for name in ("A", "B")]
    for each in ids:
        await client.send("PUT", f"{url}/{each}/279")

    first = await client.send("GET", f"{url}?limit=1")
    paging: Any = first.json()["paging"]
    second = await client.send("GET", f"{url}?limit=1&after={paging['next']['after']}")
    refused = await client.send("GET", f"{url}?after=x")

    assert {row["id"] for row in results(first)} == {ids[0]}
    assert results(second) == [{"id": ids[1], "type": "contact_to_company_unlabeled"}]
    assert refused.status == 400


async def test_v3_names_the_types_of_a_pair(client: Client) -> None:
    reply = await client.send("GET", f"{PAIR}/types")

    assert results(reply) == [
        {"id": "1", "name": "contact_to_company"},
        {"id": "279", "name": "contact_to_company_unlabeled"},
        {"id": "931", "name": "contact_to_company_billing"},
    ]


async def test_a_v3_batch_create_answers_both_directions(client: Client, contact: str, company: str) -> None:
    good = {"from": {"id": contact}, "to": {"id": company}, "type": "contact_to_company"}

    made = await client.send("POST", f"{PAIR}/batch/create", body={"inputs": [good]})
    bad = await client.send("POST", f"{PAIR}/batch/create", body={"inputs": [{**good, "type": "friend"}]})
    gone = await client.send("POST", f"{PAIR}/batch/archive", body={"inputs": [good, {**good, "to": {"id": "4"}}]})
    left = await client.send("GET", f"/crm/v3/objects/contacts/{contact}/associations/companies")

    assert (made.status, results(made)) == (
        201,
        [
            {"from": {"id": contact}, "to": {"id": company}, "type": "contact_to_company"},
            {"from": {"id": company}, "to": {"id": contact}, "type": "company_to_contact"},
        ],
    )
    assert (bad.status, gone.status) == (207, 204)
    assert results(left) == [{"id": company, "type": "contact_to_company_unlabeled"}]


async def test_a_v3_batch_read_of_companies_shows_the_primary_one(client: Client, contact: str, company: str) -> None:
    other = await created(client, "companies", {"name": "Other"})
    for each in (company, other):
        await client.send("PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{each}")

    companies = await client.send("POST", f"{PAIR}/batch/read", body={"inputs": [{"id": contact}, {"id": "nobody"}]})
    contacts = await client.send(
        "POST", "/crm/v3/associations/companies/contacts/batch/read", body={"inputs": [{"id": other}]}
    )

    assert companies.status == 207
    assert results(companies) == [{"from": {"id": contact}, "to": [{"id": company, "type": "contact_to_company"}]}]
    assert results(contacts) == [
        {"from": {"id": other}, "to": [{"id": contact, "type": "company_to_contact_unlabeled"}]}
    ]


async def test_v1_links_by_the_number_of_a_type(client: Client, contact: str, company: str) -> None:
    url = "/crm-associations/v1/associations"
    link = {"fromObjectId": int(contact), "toObjectId": company, "category": "HUBSPOT_DEFINED", "definitionId": 1}

    made = await client.send("PUT", url, body=link)
    listed = await client.send("GET", f"{url}/{contact}/HUBSPOT_DEFINED/1?offset=0")
    gone = await client.send("PUT", f"{url}/delete", body=link)
    again = await client.send("PUT", f"{url}/delete", body={**link, "toObjectId": "1"})
    empty = await client.send("GET", f"{url}/{contact}/HUBSPOT_DEFINED/1")
    unknown = await client.send("GET", f"{url}/{contact}/HUBSPOT_DEFINED/999999")

    assert (made.status, gone.status, again.status, unknown.status) == (204, 204, 204, 404)
    assert listed.json() == {"results": [int(company)], "hasMore": False, "offset": int(company)}
    assert empty.json() == {"results": [], "hasMore": False, "offset": 0}
