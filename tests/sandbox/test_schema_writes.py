"""Custom object types: made, changed, linked, archived."""

from typing import Any

import pytest

from hubspot_sandbox import Portal
from sandbox.asgi import Client, created, results

URL = "/crm-object-schemas/v3/schemas"
VEHICLE = {
    "name": "vehicle",
    "labels": {"singular": "Vehicle", "plural": "Vehicles"},
    "primaryDisplayProperty": "plate",
    "secondaryDisplayProperties": ["colour"],
    "requiredProperties": ["plate"],
    "searchableProperties": ["plate"],
    "properties": [
        {"name": "plate", "label": "Plate", "type": "string", "fieldType": "text", "hasUniqueValue": True},
        {"name": "colour", "label": "Colour", "type": "string", "fieldType": "text"},
    ],
    "associatedObjects": ["CONTACT", "0-2"],
}


async def test_a_new_type_is_there_with_properties_and_links(client: Client, portal: Portal) -> None:
    reply = await client.send("POST", URL, body=VEHICLE)

    body: Any = reply.json()
    names = {row["name"] for row in body["properties"]}
    assert reply.status == 201
    assert {name: body[name] for name in ("name", "labels", "primaryDisplayProperty", "requiredProperties")} == {
        "name": "vehicle",
        "labels": {"singular": "Vehicle", "plural": "Vehicles"},
        "primaryDisplayProperty": "plate",
        "requiredProperties": ["plate"],
    }
    assert (body["archived"], body["metaType"]) == (False, "PORTAL_SPECIFIC")
    assert body["fullyQualifiedName"] == f"p{portal.hub_id}_vehicle"
    assert {"plate", "colour", "hs_object_id", "hs_createdate"} <= names
    ends = {row["toObjectTypeId"] for row in body["associations"] if row["fromObjectTypeId"] == body["objectTypeId"]}
    assert ends == {"0-1", "0-2", "0-18", "0-27", "0-46", "0-47", "0-48", "0-49"}


async def test_records_of_a_new_type_work_like_any_other(client: Client) -> None:
    type_id = str((await client.send("POST", URL, body=VEHICLE)).json()["objectTypeId"])

    vehicle = await created(client, type_id, {"plate": "AB 12", "colour": "red"})
    contact = await created(client, "contacts", {"email": "driver@acme.example"})
    linked = await client.send("PUT", f"/crm/v4/objects/vehicle/{vehicle}/associations/default/contacts/{contact}")
    found = await client.send("POST", "/crm/v3/objects/p_vehicle/search", body={"query": "ab"})
    incomplete = await client.send("POST", f"/crm/v3/objects/{type_id}", body={"properties": {"colour": "red"}})
    groups = await client.send("GET", f"/crm/v3/properties/{type_id}/groups")

    assert (linked.status, incomplete.status) == (200, 400)
    assert [row["id"] for row in results(found)] == [vehicle]
    assert [(row["name"], row["label"]) for row in results(groups)] == [("vehicle_information", "Vehicle Information")]


async def test_a_bare_type_needs_three_things(client: Client) -> None:
    bare = {"name": "boat", "labels": {"singular": "Boat"}, "primaryDisplayProperty": "hs_object_id"}

    good = await client.send("POST", URL, body=bare)
    without = await client.send("POST", URL, body={**bare, "name": "ship", "primaryDisplayProperty": None})

    body: Any = good.json()
    assert (good.status, body["searchableProperties"], body["requiredProperties"]) == (201, ["hs_object_id"], [])
    assert (without.status, without.json()["subCategory"]) == (
        400,
        "ObjectSchemaError.PRIMARY_DISPLAY_PROPERTY_REQUIRED",
    )


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"name": "Installation"}, 409),
        ({"name": "1st"}, 400),
        ({"name": "x" * 51}, 400),
        ({"labels": None}, 400),
        ({"primaryDisplayProperty": "weight"}, 400),
        ({"secondaryDisplayProperties": ["plate", "colour", "hs_object_id"]}, 400),
        ({"properties": [{"name": "plate"}]}, 400),
        ({"associatedObjects": ["widgets"]}, 400),
    ],
)
async def test_a_type_that_does_not_fit_leaves_nothing_behind(
    client: Client, changes: dict[str, object], status: int
) -> None:
    reply = await client.send("POST", URL, body={**VEHICLE, **changes})
    listed = await client.send("GET", URL)
    contact = await client.send("GET", f"{URL}/contacts")

    assert reply.status == status
    assert [row["name"] for row in results(listed)] == ["installation"]
    associations: Any = contact.json()["associations"]
    assert not [row for row in associations if row["name"].startswith("vehicle")]
    assert (await client.send("GET", f"{URL}/vehicle")).status == 400


async def test_a_patch_answers_without_properties(client: Client, portal: Portal) -> None:
    await client.send("POST", URL, body=VEHICLE)

    reply = await client.send(
        "PATCH",
        f"{URL}/vehicle",
        body={"labels": {"singular": "Car", "plural": "Cars"}, "description": "What we drive"},
    )
    cleared = await client.send("PATCH", f"{URL}/vehicle", body={"clearDescription": True, "name": "other"})
    unknown = await client.send("PATCH", f"{URL}/vehicle", body={"requiredProperties": ["weight"]})
    hubspots = await client.send("PATCH", f"{URL}/contacts", body={"labels": {"singular": "Person"}})

    body = reply.json()
    assert (body["labels"], body["description"]) == ({"singular": "Car", "plural": "Cars"}, "What we drive")
    assert (body["portalId"], "properties" in body) == (portal.hub_id, False)
    assert ("description" in cleared.json(), cleared.json()["name"]) == (False, "vehicle")
    assert (unknown.status, hubspots.status) == (400, 400)


async def test_a_type_is_archived_once_it_has_no_records(client: Client) -> None:
    type_id = str((await client.send("POST", URL, body=VEHICLE)).json()["objectTypeId"])
    vehicle = await created(client, type_id, {"plate": "AB 12"})

    active = await client.send("DELETE", f"{URL}/{type_id}?archived=true")
    kept = await client.send("DELETE", f"{URL}/{type_id}")
    await client.send("DELETE", f"/crm/v3/objects/{type_id}/{vehicle}")
    gone = await client.send("DELETE", f"{URL}/{type_id}")
    listed = await client.send("GET", URL)
    with_archived = await client.send("GET", f"{URL}?archived=true")
    read = await client.send("GET", f"{URL}/{type_id}")
    purged = await client.send("DELETE", f"{URL}/{type_id}?archived=true")
    empty = await client.send("GET", f"{URL}?archived=true")

    assert (kept.status, kept.json()["subCategory"]) == (400, "ObjectSchemaError.EXISTING_OBJECT_RECORDS")
    assert (active.status, gone.status, read.status, purged.status) == (400, 204, 400, 204)
    assert [row["name"] for row in results(listed)] == ["installation"]
    shown = {row["name"]: (row["archived"], row["properties"], row["associations"]) for row in results(with_archived)}
    assert (shown["vehicle"], shown["installation"][0]) == ((True, [], []), False)
    assert [row["name"] for row in results(empty)] == ["installation"]


async def test_the_name_of_an_archived_type_can_be_used_again(client: Client) -> None:
    first = (await client.send("POST", URL, body=VEHICLE)).json()["objectTypeId"]
    other = {**VEHICLE, "name": "boat"}
    await client.send("POST", URL, body=other)
    await client.send("DELETE", f"{URL}/boat")
    await client.send("DELETE", f"{URL}/{first}")

    again = await client.send("POST", URL, body=VEHICLE)
    listed = await client.send("GET", f"{URL}?archived=true")

    assert (again.status, again.json()["objectTypeId"] != first) == (201, True)
    assert sorted(row["name"] for row in results(listed)) == ["boat", "installation", "vehicle"]


async def test_associations_of_a_type_are_added_and_removed(client: Client) -> None:
    type_id = (await client.send("POST", URL, body=VEHICLE)).json()["objectTypeId"]
    url = f"{URL}/{type_id}/associations"

    made = await client.send(
        "POST", url, body={"fromObjectTypeId": type_id, "toObjectTypeId": "0-3", "name": "vehicle_to_deal"}
    )
    unnamed = await client.send("POST", url, body={"fromObjectTypeId": "0-5", "toObjectTypeId": type_id})
    strangers = await client.send("POST", url, body={"fromObjectTypeId": "0-1", "toObjectTypeId": "0-2"})
    gone = await client.send("DELETE", f"{url}/{made.json()['id']}")
    again = await client.send("DELETE", f"{url}/{made.json()['id']}")

    assert (made.status, made.json()["name"], unnamed.json()["name"]) == (201, "vehicle_to_deal", "ticket_to_vehicle")
    assert (strangers.status, gone.status, again.status) == (400, 204, 404)
