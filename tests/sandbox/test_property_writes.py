"""Creating, changing and archiving properties and their groups."""

import json
from typing import Any

import pytest

from sandbox.asgi import Client, created, results

URL = "/crm/v3/properties/contacts"
TIER = {
    "name": "plan_tier",
    "label": "Plan tier",
    "type": "enumeration",
    "fieldType": "select",
    "groupName": "contactinformation",
    "options": [
        {"label": "Free", "value": "free", "displayOrder": 0, "hidden": False},
        {"label": "Paid", "value": "paid", "displayOrder": 1, "hidden": False},
    ],
}


async def test_a_new_property_has_hubspots_shape_and_an_address(client: Client) -> None:
    reply = await client.send("POST", URL, body={**TIER, "options": [], "type": "string", "fieldType": "text"})

    body = reply.json()
    assert reply.status == 201
    assert reply.headers["location"] == f"http://sandbox.test{URL}/plan_tier"
    assert {
        name: body[name] for name in body if name not in {"createdAt", "updatedAt", "createdUserId", "updatedUserId"}
    } == {
        "name": "plan_tier",
        "label": "Plan tier",
        "type": "string",
        "fieldType": "text",
        "description": "",
        "groupName": "contactinformation",
        "options": [],
        "displayOrder": -1,
        "calculated": False,
        "externalOptions": False,
        "archived": False,
        "hasUniqueValue": False,
        "hidden": False,
        "modificationMetadata": {"archivable": True, "readOnlyDefinition": False, "readOnlyValue": False},
        "formField": False,
        "dataSensitivity": "non_sensitive",
    }


async def test_records_hold_values_of_new_properties_at_once(client: Client) -> None:
    await client.send("POST", URL, body=TIER)

    contact = await created(client, "contacts", {"email": "t@acme.example", "plan_tier": "paid"})
    refused = await client.send("PATCH", f"/crm/v3/objects/contacts/{contact}", body={"properties": {"plan_tier": "x"}})
    found = await client.send(
        "POST",
        "/crm/v3/objects/contacts/search",
        body={"filterGroups": [{"filters": [{"propertyName": "plan_tier", "operator": "EQ", "value": "paid"}]}]},
    )

    assert refused.status == 400
    assert [row["id"] for row in results(found)] == [contact]


async def test_a_name_in_use_is_a_conflict(client: Client) -> None:
    await client.send("POST", URL, body=TIER)

    reply = await client.send("POST", URL, body=TIER)

    assert reply.status == 409
    assert (reply.json()["category"], reply.json()["subCategory"], reply.json()["message"]) == (
        "OBJECT_ALREADY_EXISTS",
        "Properties.PROPERTY_WITH_NAME_EXISTS",
        "A property named 'plan_tier' already exists.",
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Plan"},
        {"name": "1plan"},
        {"groupName": "nowhere"},
        {"groupName": None},
        {"label": None},
        {"type": "colour"},
        {"fieldType": "date"},
        {"type": "bool", "fieldType": "booleancheckbox"},
        {"options": [{"label": "A", "value": "a"}, {"label": "B", "value": "a"}]},
        {"externalOptions": True},
    ],
)
async def test_a_definition_that_does_not_fit_is_refused(client: Client, changes: dict[str, object]) -> None:
    reply = await client.send("POST", URL, body={**TIER, **changes})
    after = await client.send("GET", f"{URL}/plan_tier")

    assert (reply.status, reply.json()["category"], after.status) == (400, "VALIDATION_ERROR", 404)


async def test_sensitive_properties_need_a_scope_nobody_has(client: Client) -> None:
    reply = await client.send("POST", URL, body={**TIER, "dataSensitivity": "sensitive"})

    assert (reply.status, reply.json()["message"]) == (
        403,
        "Missing required scope for: sensitive-data-property-create",
    )


async def test_a_boolean_has_exactly_two_options(client: Client) -> None:
    options = [{"label": "Yes", "value": "true"}, {"label": "No", "value": "false"}]
    body = {**TIER, "type": "bool", "fieldType": "booleancheckbox"}

    bad = await client.send("POST", URL, body=body)
    good = await client.send("POST", URL, body={**body, "options": options})

    errors: Any = bad.json()["errors"]
    assert (errors[0]["code"], good.status) == ("INVALID_BOOLEAN_OPTION", 201)


async def test_a_patch_changes_what_it_names(client: Client) -> None:
    await client.send("POST", URL, body={**TIER, "hasUniqueValue": True})

    label = await client.send(
        "PATCH", f"{URL}/plan_tier", body={"label": "Tier", "hasUniqueValue": False, "description": None}
    )
    options = await client.send("PATCH", f"{URL}/plan_tier", body={"options": TIER["options"][:1]})
    refused = await client.send("PATCH", f"{URL}/plan_tier", body={"groupName": "nowhere"})
    missing = await client.send("PATCH", f"{URL}/nothing", body={"label": "X"})
    hubspots = await client.send("PATCH", f"{URL}/jobtitle", body={"label": "Position"})

    assert (label.json()["label"], len(label.json()["options"]), label.json()["hasUniqueValue"]) == ("Tier", 2, True)
    assert [option["value"] for option in options.json()["options"]] == ["free"]
    assert (refused.status, missing.status, hubspots.json()["label"]) == (400, 404, "Position")


async def test_an_archived_property_comes_back_with_its_values_under_its_name(client: Client) -> None:
    await client.send("POST", URL, body=TIER)
    contact = await created(client, "contacts", {"email": "t@acme.example", "plan_tier": "paid"})

    gone = await client.send("DELETE", f"{URL}/plan_tier")
    again = await client.send("DELETE", f"{URL}/plan_tier")
    plain = await client.send("GET", f"{URL}/plan_tier")
    archived = await client.send("GET", f"{URL}/plan_tier?archived=true")
    listed = await client.send("GET", f"{URL}?archived=true")
    write = await client.send(
        "PATCH", f"/crm/v3/objects/contacts/{contact}", body={"properties": {"plan_tier": "free"}}
    )
    back = await client.send("POST", URL, body={**TIER, "label": "Tier again"})
    record = await client.send("GET", f"/crm/v3/objects/contacts/{contact}?properties=plan_tier")

    assert [reply.status for reply in (gone, again, plain, archived, write)] == [204, 404, 404, 200, 400]
    assert (archived.json()["archived"], [row["name"] for row in results(listed)]) == (True, ["plan_tier"])
    assert "archivedAt" in archived.json()
    assert (back.status, back.json()["label"]) == (201, "Tier again")
    assert record.json()["properties"]["plan_tier"] == "paid"


async def test_a_property_in_use_stays(client: Client) -> None:
    number = {**TIER, "type": "number", "fieldType": "number", "options": []}
    await client.send("POST", URL, body={**number, "name": "net"})
    formula = await client.send("POST", URL, body={**number, "name": "gross", "calculationFormula": "net * 1.2"})

    used = await client.send("DELETE", f"{URL}/net")
    displayed = await client.send("DELETE", "/crm/v3/properties/2-30417762/installation_name")
    hubspots = await client.send("DELETE", f"{URL}/email")

    assert (formula.json()["fieldType"], formula.json()["calculated"]) == ("calculation_equation", True)
    assert (used.status, used.json()["subCategory"]) == (
        400,
        "PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE",
    )
    errors: Any = used.json()["errors"]
    assert errors[0]["context"] == {"parentType": ["CALCULATED_PROPERTY"], "parentName": ["gross"]}
    assert (displayed.status, hubspots.status) == (400, 400)


async def test_properties_in_batches(client: Client) -> None:
    made = await client.send(
        "POST", f"{URL}/batch/create", body={"inputs": [TIER, {**TIER, "name": "Bad"}, {**TIER, "name": "other_tier"}]}
    )
    read = await client.send(
        "POST", f"{URL}/batch/read", body={"archived": False, "inputs": [{"name": "plan_tier"}, {"name": "nothing"}]}
    )
    gone = await client.send(
        "POST", f"{URL}/batch/archive", body={"inputs": [{"name": "plan_tier"}, {"name": "nothing"}]}
    )
    archived = await client.send(
        "POST", f"{URL}/batch/read", body={"archived": True, "inputs": [{"name": "plan_tier"}]}
    )

    assert (made.status, [row["name"] for row in results(made)]) == (207, ["plan_tier", "other_tier"])
    assert (read.status, [row["name"] for row in results(read)]) == (207, ["plan_tier"])
    errors: Any = read.json()["errors"]
    assert errors[0]["context"] == {"name": ["nothing"]}
    assert (gone.status, archived.status) == (204, 200)


async def test_only_so_many_properties_fit(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hubspot_sandbox.property_rules.MOST_UNIQUE", 1)
    one = await client.send("POST", URL, body={**TIER, "name": "one", "hasUniqueValue": True})
    two = await client.send("POST", URL, body={**TIER, "name": "two", "hasUniqueValue": True})
    monkeypatch.setattr("hubspot_sandbox.property_rules.MOST_CUSTOM", 2)
    three = await client.send("POST", URL, body={**TIER, "name": "three"})

    assert (one.status, two.status, three.status) == (201, 400, 400)


async def test_groups_are_made_changed_and_archived(client: Client) -> None:
    made = await client.send("POST", f"{URL}/groups", body={"name": "billing", "label": "Billing"})
    taken = await client.send("POST", f"{URL}/groups", body={"name": "billing", "label": "Billing"})
    await client.send("POST", URL, body={**TIER, "groupName": "billing"})
    changed = await client.send("PATCH", f"{URL}/groups/billing", body={"label": "Bills", "displayOrder": 3})
    kept = await client.send("PATCH", f"{URL}/groups/billing", body={})
    in_use = await client.send("DELETE", f"{URL}/groups/billing")
    await client.send("DELETE", f"{URL}/plan_tier")
    gone = await client.send("DELETE", f"{URL}/groups/billing")
    missing = await client.send("GET", f"{URL}/groups/billing")
    fresh = await client.send("POST", f"{URL}/groups", body={"name": "billing", "label": "New"})

    assert (made.status, made.json()) == (
        201,
        {"name": "billing", "label": "Billing", "displayOrder": -1, "archived": False},
    )
    assert (taken.status, taken.json()["category"]) == (409, "OBJECT_ALREADY_EXISTS")
    assert changed.json() == kept.json() == {"name": "billing", "label": "Bills", "displayOrder": 3, "archived": False}
    assert (in_use.status, in_use.json()["subCategory"]) == (400, "PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES")
    assert json.loads(str(in_use.json()["message"]))["subCategory"] == in_use.json()["subCategory"]
    assert (gone.status, missing.status, fresh.status) == (204, 404, 201)


async def test_groups_of_built_in_properties_are_listed(client: Client) -> None:
    listed = await client.send("GET", f"{URL}/groups")
    one = await client.send("GET", f"{URL}/groups/sales_properties")

    groups = {row["name"]: row["label"] for row in results(listed)}
    assert (groups["contactinformation"], groups["sales_properties"]) == ("Contact Information", "Sales properties")
    assert one.json()["name"] == "sales_properties"


async def test_a_custom_types_properties_want_its_full_name(client: Client) -> None:
    bare = await client.send("POST", "/crm/v3/properties/installation", body=TIER)

    assert (bare.status, bare.json()["message"]) == (400, "Unable to infer object type from: installation")
