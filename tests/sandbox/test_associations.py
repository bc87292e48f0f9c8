"""Associations of API v4 and the dated versions: links, labels, batches."""

import base64
from typing import Any

import pytest
from starlette.applications import Starlette

from hubspot_sandbox import Portal
from sandbox.asgi import Client, created, results

PLAIN = {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}
PRIMARY = {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"}
PAIR = "/crm/v4/associations/contacts/companies"


def spec(type_id: int, category: str = "HUBSPOT_DEFINED") -> dict[str, object]:
    return {"associationCategory": category, "associationTypeId": type_id}


@pytest.fixture
async def contact(client: Client) -> str:
    return await created(client, "contacts", {"email": "linked@acme.example"})


@pytest.fixture
async def company(client: Client) -> str:
    return await created(client, "companies", {"name": "Acme"})


async def linked(client: Client, contact: str) -> list[tuple[int, list[str | None]]]:
    reply = await client.send("GET", f"/crm/v4/objects/contacts/{contact}/associations/companies")
    assert reply.status == 200
    return [(row["toObjectId"], [kind["label"] for kind in row["associationTypes"]]) for row in results(reply)]


async def label(client: Client, name: str, text: str, **more: str) -> list[dict[str, Any]]:
    reply = await client.send("POST", f"{PAIR}/labels", body={"name": name, "label": text, **more})
    assert reply.status == 200, reply.text
    return results(reply)


async def test_a_default_link_is_plain_and_the_first_company_becomes_primary(
    client: Client, contact: str, company: str
) -> None:
    reply = await client.send(
        "PUT", f"/crm/objects/2026-03/contacts/{contact}/associations/default/companies/{company}"
    )
    read = await client.send("GET", f"/crm/objects/2026-09/contact/{contact}/associations/0-2")
    record = await client.send("GET", f"/crm/v3/objects/companies/{company}?properties=num_associated_contacts")

    assert reply.status == 200
    body = reply.json()
    assert (body["status"], list(body)[-2:]) == ("COMPLETE", ["startedAt", "completedAt"])
    assert results(reply) == [
        {"from": {"id": contact}, "to": {"id": company}, "associationSpec": spec(279)},
        {"from": {"id": company}, "to": {"id": contact}, "associationSpec": spec(280)},
    ]
    assert read.json() == {"results": [{"toObjectId": int(company), "associationTypes": [PLAIN, PRIMARY]}]}
    assert record.json()["properties"]["num_associated_contacts"] == "1"


async def test_labels_are_replaced_not_added(client: Client, contact: str, company: str) -> None:
    there, _ = await label(client, "decision_maker", "Decision maker")
    other, _ = await label(client, "champion", "Champion")
    url = f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}"

    first = await client.send("PUT", url, body=[spec(there["typeId"], "USER_DEFINED")])
    second = await client.send("PUT", url, body=[spec(other["typeId"], "USER_DEFINED")])

    assert (first.status, first.json()) == (
        201,
        {
            "fromObjectTypeId": "0-1",
            "fromObjectId": int(contact),
            "toObjectTypeId": "0-2",
            "toObjectId": int(company),
            "labels": ["Decision maker"],
        },
    )
    assert second.json()["labels"] == ["Champion"]
    assert await linked(client, contact) == [(int(company), [None, "Primary", "Champion"])]


async def test_deleting_removes_every_link_of_two_records(client: Client, contact: str, company: str) -> None:
    url = f"/crm/v4/objects/contacts/{contact}/associations"
    await client.send("PUT", f"{url}/default/companies/{company}")

    first = await client.send("DELETE", f"{url}/companies/{company}")
    again = await client.send("DELETE", f"{url}/companies/{company}")
    nobody = await client.send("DELETE", f"{url}/companies/1")

    assert (first.status, again.status, nobody.status) == (204, 204, 204)
    assert await linked(client, contact) == []


async def test_linked_records_are_paged(client: Client, contact: str, portal: Portal) -> None:
    ids = [await created(client, "companies", {"name": f"Company {place}"}) for place in range(3)]
    for each in ids:
        await client.send("PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{each}")
    url = f"/crm/v4/objects/contacts/{contact}/associations/companies"

    first = await client.send("GET", f"{url}?limit=2")
    paging: Any = first.json()["paging"]
    after = paging["next"]["after"]
    second = await client.send("GET", url, query={"limit": "2", "after": after})
    pasted = await client.send("GET", f"{url}?limit=2&after={after}")

    cursor = base64.b64encode(f"0-2-{ids[1]}".encode()).decode().replace("=", "%3D")
    assert [row["toObjectId"] for row in results(first)] == [int(ids[0]), int(ids[1])]
    assert paging["next"] == {
        "after": cursor,
        "link": f"http://sandbox.test/crm/v3/objects/0-1/{contact}/associations/0-2"
        f"?portalId={portal.hub_id}&after={cursor}",
    }
    assert [row["toObjectId"] for row in results(second)] == [int(ids[2])]
    assert second.json() == pasted.json()


@pytest.mark.parametrize("after", ["x", "abc-", "%"])
async def test_a_cursor_that_is_none_is_refused(client: Client, contact: str, after: str) -> None:
    url = f"/crm/v4/objects/contacts/{contact}/associations/companies"
    reply = await client.send("GET", url, query={"after": after})

    assert (reply.status, reply.json()["category"]) == (400, "VALIDATION_ERROR")


async def test_records_nobody_has_cannot_be_linked(client: Client, contact: str, company: str) -> None:
    to_nobody = await client.send("PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/7")
    from_nobody = await client.send("GET", "/crm/v4/objects/contacts/abc/associations/companies")
    no_kind = await client.send("PUT", f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}", body=[])
    never_linked = await client.send(
        "PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/products/{company}"
    )
    bad_kind = await client.send(
        "PUT",
        f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}",
        body=[{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": "many"}],
    )

    assert [reply.status for reply in (to_nobody, from_nobody, no_kind, never_linked, bad_kind)] == [
        404,
        404,
        400,
        404,
        400,
    ]


async def test_types_that_are_never_linked_have_no_default(client: Client, contact: str) -> None:
    product = await created(client, "products", {"name": "Sensor"})

    reply = await client.send("PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/products/{product}")

    assert (reply.status, reply.json()["category"]) == (400, "VALIDATION_ERROR")


async def test_a_batch_read_names_records_without_links_in_a_207(client: Client, contact: str, company: str) -> None:
    await client.send("PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}")
    lonely = await created(client, "contacts", {"email": "lonely@acme.example"})

    reply = await client.send("POST", f"{PAIR}/batch/read", body={"inputs": [{"id": contact}, {"id": lonely}]})

    body = reply.json()
    assert reply.status == 207
    assert list(body) == ["status", "results", "numErrors", "errors", "startedAt", "completedAt"]
    assert body["results"] == [
        {"from": {"id": contact}, "to": [{"toObjectId": int(company), "associationTypes": [PLAIN, PRIMARY]}]}
    ]
    assert body["errors"] == [
        {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
            "message": f"No company is associated with contact {lonely}.",
            "context": {"fromObjectId": [lonely], "fromObjectType": ["contact"], "toObjectType": ["company"]},
        }
    ]


async def test_a_batch_read_pages_one_record(client: Client, portal: Portal, company: str) -> None:
    kind = portal.associations.kinds.plain("0-2", "0-1")
    assert kind is not None
    with portal.store.transaction():
        portal.associations.insert((int(company), 700_000_000_000 + place, kind) for place in range(501))
    url = "/crm/v4/associations/companies/contacts/batch/read"

    first = await client.send("POST", url, body={"inputs": [{"id": company}]})
    row = results(first)[0]
    second = await client.send("POST", url, body={"inputs": [{"id": company, "after": row["paging"]["next"]["after"]}]})

    assert len(row["to"]) == 500
    assert [each["toObjectId"] for each in results(second)[0]["to"]] == [700_000_000_500]
    assert "paging" not in results(second)[0]


async def test_a_batch_create_links_what_it_can(client: Client, contact: str, company: str) -> None:
    inputs = [
        {"from": {"id": contact}, "to": {"id": company}, "types": [spec(1)]},
        {"from": {"id": contact}, "to": {"id": "9"}, "types": [spec(279)]},
        {"from": {"id": contact}, "to": {"id": company}, "types": [spec(4)]},
    ]

    reply = await client.send("POST", f"{PAIR}/batch/create", body={"inputs": inputs})

    body: Any = reply.json()
    assert reply.status == 207
    assert [row["labels"] for row in body["results"]] == [["Primary"]]
    assert [(error["category"], error["context"]) for error in body["errors"]] == [
        ("OBJECT_NOT_FOUND", {"fromObjectId": [contact], "toObjectId": ["9"]}),
        ("VALIDATION_ERROR", {"fromObjectId": [contact], "toObjectId": [company]}),
    ]


async def test_a_batch_of_default_links_and_of_archived_ones(client: Client, contact: str, company: str) -> None:
    pairs = [{"from": {"id": contact}, "to": {"id": company}}]

    made = await client.send("POST", f"{PAIR}/batch/associate/default", body={"inputs": pairs})
    gone = await client.send(
        "POST",
        f"{PAIR}/batch/archive",
        body={"inputs": [{"from": {"id": contact}, "to": [{"id": company}, {"id": "5"}]}]},
    )

    assert (made.status, len(results(made)), gone.status) == (200, 2, 204)
    assert await linked(client, contact) == []


async def test_a_batch_takes_labels_off_and_leaves_the_link(client: Client, contact: str, company: str) -> None:
    there, back = await label(client, "boss", "Boss", inverseLabel="Runs")
    url = f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}"
    await client.send("PUT", url, body=[spec(there["typeId"], "USER_DEFINED")])
    kinds = [spec(there["typeId"], "USER_DEFINED")]

    seen = await client.send("GET", f"/crm/v4/objects/companies/{company}/associations/contacts")
    reply = await client.send(
        "POST",
        f"{PAIR}/batch/labels/archive",
        body={
            "inputs": [
                {"from": {"id": contact}, "to": {"id": company}, "types": kinds},
                {"from": {"id": contact}, "to": {"id": "3"}, "types": kinds},
            ]
        },
    )

    assert back["label"] == "Runs"
    assert [kind["label"] for kind in results(seen)[0]["associationTypes"]] == [None, "Primary", "Runs"]
    assert reply.status == 204
    assert await linked(client, contact) == [(int(company), [None, "Primary"])]


async def test_types_of_a_pair_are_listed_in_each_direction(client: Client) -> None:
    there = await client.send("GET", f"{PAIR}/labels")
    dated = await client.send("GET", "/crm/associations/2026-09/contacts/companies/labels")
    family = await client.send("GET", "/crm/v4/associations/companies/companies/labels")

    billing = {"category": "HUBSPOT_DEFINED", "typeId": 931, "label": "Billing"}
    assert results(there) == [PRIMARY, PLAIN, billing]
    assert results(dated)[0] == {**PRIMARY, "fromObjectTypeId": None, "toObjectTypeId": None}
    assert {row["label"] for row in results(family)} == {None, "Parent to child", "Child to parent"}


async def test_a_label_is_a_pair_even_without_an_inverse(client: Client) -> None:
    there, back = await label(client, "partner", "Partner")

    back_list = await client.send("GET", "/crm/v4/associations/companies/contacts/labels")
    schema = await client.send("GET", "/crm/v3/schemas/contacts")

    assert there == {"category": "USER_DEFINED", "typeId": there["typeId"], "label": "Partner"}
    assert (back["label"], back in results(back_list)) == ("Partner", True)
    associations: Any = schema.json()["associations"]
    assert {"partner"} == {row["name"] for row in associations if row["id"] == str(there["typeId"])}


async def test_labels_change_their_text_and_never_their_name(client: Client, contact: str, company: str) -> None:
    there, back = await label(client, "partner", "Partner", inverseLabel="Partner of")
    url = f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}"
    await client.send("PUT", url, body=[spec(there["typeId"], "USER_DEFINED")])

    change = {"associationTypeId": there["typeId"], "label": "Ally", "inverseLabel": "Ally of"}
    one = await client.send("PUT", f"{PAIR}/labels", body=change)
    named = [row["label"] for row in results(await client.send("GET", f"{PAIR}/labels"))]
    both = await client.send("PUT", f"{PAIR}/labels", body={"associationTypeId": there["typeId"], "label": "Friend"})
    inverse = await client.send("GET", "/crm/v4/associations/companies/contacts/labels")

    assert (one.status, both.status) == (204, 204)
    assert "Ally" in named
    assert "Friend" in [row["label"] for row in results(inverse) if row["typeId"] == back["typeId"]]
    assert await linked(client, contact) == [(int(company), [None, "Primary", "Friend"])]


async def test_deleting_a_label_removes_both_directions(client: Client, contact: str, company: str) -> None:
    there, back = await label(client, "partner", "Partner")
    url = f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}"
    await client.send("PUT", url, body=[spec(there["typeId"], "USER_DEFINED")])

    reply = await client.send("DELETE", f"{PAIR}/labels/{there['typeId']}")
    again = await client.send("DELETE", f"{PAIR}/labels/{there['typeId']}")
    hubspots = await client.send("DELETE", f"{PAIR}/labels/279")
    nonsense = await client.send("DELETE", f"{PAIR}/labels/partner")
    inverse = await client.send("GET", "/crm/v4/associations/companies/contacts/labels")

    assert [each.status for each in (reply, again, hubspots, nonsense)] == [204, 404, 404, 404]
    assert back["typeId"] not in {row["typeId"] for row in results(inverse) if row["category"] == "USER_DEFINED"}
    assert await linked(client, contact) == [(int(company), [None, "Primary"])]


async def test_the_fifty_first_label_of_a_pair_is_refused(client: Client) -> None:
    for place in range(50):
        await label(client, f"label_{place}", f"Label {place}")

    reply = await client.send("POST", f"{PAIR}/labels", body={"name": "one_more", "label": "One more"})

    assert (reply.status, reply.json()["category"]) == (437, "VALIDATION_ERROR")
    assert str(reply.json()["message"]).startswith("No more than 50 association types are allowed between ")


@pytest.mark.parametrize(
    "body",
    [{"name": "partner"}, {"label": "Partner"}, {"name": "", "label": "X"}, {"name": "x", "label": {"a": 1}}, []],
)
async def test_a_label_needs_a_name_and_a_text(client: Client, body: object) -> None:
    reply = await client.send("POST", f"{PAIR}/labels", body=body)

    assert (reply.status, reply.json()["category"]) == (400, "VALIDATION_ERROR")


async def test_a_labels_name_and_text_are_taken_once(client: Client) -> None:
    await label(client, "partner", "Partner")

    name = await client.send("POST", f"{PAIR}/labels", body={"name": "partner", "label": "Other"})
    text = await client.send("POST", f"{PAIR}/labels", body={"name": "other", "label": "Partner"})

    assert (name.status, text.status) == (400, 400)


async def test_a_pair_without_association_gets_its_plain_kind_with_the_first_label(client: Client) -> None:
    pair = "/crm/v4/associations/installations/products"

    made = await client.send("POST", f"{pair}/labels", body={"name": "spare_part", "label": "Spare part"})
    listed = results(await client.send("GET", f"{pair}/labels"))
    plain = next(row for row in listed if row["label"] is None)
    refused = await client.send("DELETE", f"{pair}/labels/{plain['typeId']}")
    await client.send("DELETE", f"{pair}/labels/{results(made)[0]['typeId']}")
    gone = await client.send("DELETE", f"{pair}/labels/{plain['typeId']}")
    bare = await client.send("POST", f"{pair}/labels", body={"name": "fits", "label": ""})

    assert [row["label"] for row in listed] == [None, "Spare part"]
    assert (refused.status, gone.status) == (400, 204)
    assert str(refused.json()["message"]).startswith("Definition with label still exists; ")
    assert [row["label"] for row in results(bare)] == [None, None]


async def test_labels_between_records_of_one_type(client: Client) -> None:
    reply = await client.send(
        "POST",
        "/crm/v4/associations/contacts/contacts/labels",
        body={"name": "manager", "label": "Manager", "inverseLabel": "Report"},
    )
    one, other = [await created(client, "contacts", {"email": f"{name}@acme.example"}) for name in ("a", "b")]
    await client.send(
        "PUT",
        f"/crm/v4/objects/contacts/{one}/associations/contacts/{other}",
        body=[spec(results(reply)[0]["typeId"], "USER_DEFINED")],
    )

    there = await client.send("GET", f"/crm/v4/objects/contacts/{one}/associations/contacts")
    back = await client.send("GET", f"/crm/v4/objects/contacts/{other}/associations/contacts")

    assert [kind["label"] for kind in results(there)[0]["associationTypes"]] == [None, "Manager"]
    assert [kind["label"] for kind in results(back)[0]["associationTypes"]] == [None, "Report"]


async def test_linking_needs_the_scopes_of_both_types(app: Starlette, portal: Portal, contact: str) -> None:
    token = portal.tokens.mint_private_token(["crm.objects.contacts.read", "crm.objects.contacts.write"]).token
    narrow = Client(app, token)

    reads = await narrow.send("GET", f"/crm/v4/objects/contacts/{contact}/associations/deals")
    writes = await narrow.send("PUT", f"/crm/v4/objects/deals/1/associations/default/contacts/{contact}")
    labels = await narrow.send("GET", "/crm/v4/associations/deals/contacts/labels")

    def wanted(reply: Any) -> object:
        return reply.json()["errors"][0]["context"]["requiredGranularScopes"]

    assert (reads.status, wanted(reads)) == (403, ["crm.objects.deals.read"])
    assert (writes.status, wanted(writes)) == (403, ["crm.objects.deals.write"])
    assert labels.status == 200
