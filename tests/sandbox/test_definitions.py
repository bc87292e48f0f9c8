"""Properties, pipelines, owners, schemas and the account."""

from typing import Any

import pytest
from starlette.applications import Starlette

from hubspot_sandbox import Portal
from sandbox.asgi import Client, results


def by_name(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in rows}


async def test_contact_properties_are_listed_without_paging(client: Client) -> None:
    reply = await client.send("GET", "/crm/v3/properties/0-1")

    found = by_name(results(reply))
    assert list(reply.json()) == ["results"]
    assert len(found) > 280
    assert found["hubspot_owner_id"] == {
        "updatedAt": "2020-06-30T15:57:36.383Z",
        "createdAt": "2020-06-30T15:57:36.383Z",
        "name": "hubspot_owner_id",
        "label": "Contact owner",
        "type": "enumeration",
        "fieldType": "select",
        "description": "",
        "groupName": "sales_properties",
        "options": [],
        "referencedObjectType": "OWNER",
        "displayOrder": 6,
        "calculated": False,
        "externalOptions": True,
        "hasUniqueValue": False,
        "hidden": False,
        "hubspotDefined": True,
        "modificationMetadata": {"archivable": True, "readOnlyDefinition": True, "readOnlyValue": False},
        "formField": False,
        "dataSensitivity": "non_sensitive",
    }


async def test_an_own_property_is_not_hubspots(client: Client) -> None:
    reply = await client.send("GET", "/crm/properties/2026-09/contacts/department")

    body = reply.json()
    assert "hubspotDefined" not in body
    assert (body["archived"], body["modificationMetadata"]) == (
        False,
        {"archivable": True, "readOnlyDefinition": False, "readOnlyValue": False},
    )
    assert [option["value"] for option in body["options"]][:2] == ["marketing", "sales"]


async def test_stage_properties_offer_the_stages_of_the_account(client: Client, portal: Portal) -> None:
    reply = await client.send("GET", "/crm/v3/properties/deals/dealstage")
    amount = await client.send("GET", "/crm/v3/properties/deals/amount")

    pipelines = portal.pipelines(portal.types.find("deals"))
    assert [option["value"] for option in reply.json()["options"]] == [
        stage.id for line in pipelines for stage in line.stages
    ]
    assert amount.json()["currencyPropertyName"] == "deal_currency_code"


async def test_archived_and_sensitive_properties_are_lists_of_their_own(client: Client) -> None:
    archived = await client.send("GET", "/crm/v3/properties/deals?archived=true")
    sensitive = await client.send("GET", "/crm/v3/properties/deals?dataSensitivity=sensitive")

    assert (results(archived), results(sensitive)) == ([], [])


async def test_a_property_nobody_defined_is_not_found(client: Client) -> None:
    reply = await client.send("GET", "/crm/v3/properties/deals/nonsense")

    assert (reply.status, reply.json()["category"]) == (404, "OBJECT_NOT_FOUND")


async def test_a_custom_types_bare_name_has_no_properties(client: Client) -> None:
    bare = await client.send("GET", "/crm/v3/properties/installation")
    full = await client.send("GET", "/crm/v3/properties/2-30417762/serial_number")

    assert (bare.status, bare.json()["message"]) == (400, "Unable to infer object type from: installation")
    assert full.json()["hasUniqueValue"] is True


async def test_the_default_sales_pipeline_is_hubspots(client: Client) -> None:
    reply = await client.send("GET", "/crm/v3/pipelines/deals")

    sales, renewals = results(reply)
    assert list(sales) == ["label", "displayOrder", "id", "stages", "createdAt", "updatedAt", "archived"]
    assert [(stage["id"], stage["metadata"]) for stage in sales["stages"]] == [
        ("appointmentscheduled", {"isClosed": "false", "probability": "0.2"}),
        ("qualifiedtobuy", {"isClosed": "false", "probability": "0.4"}),
        ("presentationscheduled", {"isClosed": "false", "probability": "0.6"}),
        ("decisionmakerboughtin", {"isClosed": "false", "probability": "0.8"}),
        ("contractsent", {"isClosed": "false", "probability": "0.9"}),
        ("closedwon", {"isClosed": "true", "probability": "1.0"}),
        ("closedlost", {"isClosed": "true", "probability": "0.0"}),
    ]
    assert sales["stages"][0] == {
        "label": "Appointment Scheduled",
        "displayOrder": 0,
        "metadata": {"isClosed": "false", "probability": "0.2"},
        "id": "appointmentscheduled",
        "createdAt": "1970-01-01T00:00:00Z",
        "updatedAt": "1970-01-01T00:00:00Z",
        "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        "archived": False,
    }
    assert renewals["label"] == "Renewals"


@pytest.mark.parametrize(
    ("object_type", "pipeline", "stages"),
    [
        ("tickets", "0", ["1", "2", "3", "4"]),
        ("contacts", "contacts-lifecycle-pipeline", ["subscriber", "lead"]),
        ("leads", "lead-pipeline-id", ["new-stage-id"]),
    ],
)
async def test_other_types_have_their_pipelines(
    client: Client, object_type: str, pipeline: str, stages: list[str]
) -> None:
    one = await client.send("GET", f"/crm/v3/pipelines/{object_type}/{pipeline}")
    listed = await client.send("GET", f"/crm/v3/pipelines/{object_type}/{pipeline}/stages")
    first = await client.send("GET", f"/crm/v3/pipelines/{object_type}/{pipeline}/stages/{stages[0]}")

    assert one.json()["id"] == pipeline
    assert [stage["id"] for stage in results(listed)][: len(stages)] == stages
    assert first.json()["id"] == stages[0]


async def test_a_missing_pipeline_is_html_or_nothing(client: Client) -> None:
    path = "/crm/v3/pipelines/deals/none"
    html = await client.send("GET", path)
    nothing = await client.send("GET", path, headers={"accept": "application/json"})
    stages = await client.send("GET", f"{path}/stages")
    stage = await client.send("GET", f"{path}/stages/x")

    assert [reply.status for reply in (html, nothing, stages, stage)] == [404, 404, 404, 404]
    assert html.headers["content-type"] == "text/html;charset=iso-8859-1"
    assert (nothing.content, "content-type" in nothing.headers) == (b"", False)


async def test_owners_page_with_an_opaque_cursor(client: Client, portal: Portal) -> None:
    seen: list[str] = []
    path = "/crm/v3/owners/?limit=4"
    while path:
        reply = await client.send("GET", path)
        seen += [owner["id"] for owner in results(reply)]
        paging: Any = reply.json().get("paging")
        path = paging["next"]["link"].removeprefix("http://sandbox.test") if paging else ""

    living = [owner.id for owner in portal.owners().values() if not owner.archived]
    broken = await client.send("GET", "/crm/v3/owners?after=%25%25")
    assert (seen, broken.status) == (living, 400)


async def test_an_owner_is_found_by_mail_id_and_user_id(client: Client, portal: Portal) -> None:
    owner = next(iter(portal.owners().values()))

    by_mail = await client.send("GET", "/crm/v3/owners", query={"email": owner.email.upper()})
    by_id = await client.send("GET", f"/crm/v3/owners/{owner.id}")
    by_user = await client.send("GET", f"/crm/v3/owners/{owner.user_id}?idProperty=userId")
    missing = await client.send("GET", "/crm/v3/owners/1")

    assert by_id.json() == {
        "id": owner.id,
        "email": "maya.ortega@lumenmetrics.example",
        "type": "PERSON",
        "firstName": "Maya",
        "lastName": "Ortega",
        "userId": owner.user_id,
        "userIdIncludingInactive": owner.user_id,
        "createdAt": owner.created_at,
        "updatedAt": owner.updated_at,
        "archived": False,
        "teams": [{"id": "178588", "name": "North America", "primary": True}],
    }
    assert results(by_mail) == [by_id.json()] == [by_user.json()]
    assert missing.status == 404


async def test_an_owner_who_left_keeps_a_user_id_for_the_record(client: Client) -> None:
    reply = await client.send("GET", "/crm/v3/owners?archived=true")

    (gone,) = results(reply)
    assert (gone["archived"], gone["userId"], gone["teams"]) == (True, None, [])
    assert gone["userIdIncludingInactive"] > 0


@pytest.mark.parametrize(
    "path", ["/crm-object-schemas/v3/schemas", "/crm/v3/schemas", "/crm-object-schemas/2026-03/schemas"]
)
async def test_schemas_list_custom_types_with_every_array(client: Client, portal: Portal, path: str) -> None:
    (schema,) = results(await client.send("GET", path))

    assert {name: schema[name] for name in schema if name not in {"properties", "associations"}} == {
        "labels": {"singular": "Installation", "plural": "Installations"},
        "requiredProperties": ["installation_name"],
        "searchableProperties": ["installation_name", "serial_number"],
        "primaryDisplayProperty": "installation_name",
        "secondaryDisplayProperties": ["installation_status"],
        "archived": False,
        "restorable": True,
        "metaType": "PORTAL_SPECIFIC",
        "id": "30417762",
        "fullyQualifiedName": f"p{portal.hub_id}_installation",
        "createdAt": schema["createdAt"],
        "updatedAt": schema["createdAt"],
        "objectTypeId": "2-30417762",
        "name": "installation",
    }
    assert {row["toObjectTypeId"] for row in schema["associations"]} >= {"0-1", "0-2", "0-3", "0-5"}
    assert "serial_number" in by_name(schema["properties"])


async def test_built_in_types_have_schemas_too(client: Client) -> None:
    reply = await client.send("GET", "/crm/v3/schemas/CONTACT")

    body = reply.json()
    names = ("id", "objectTypeId", "fullyQualifiedName", "name", "createdAt", "metaType", "requiredProperties")
    assert [body[name] for name in names] == ["1", "0-1", "CONTACT", "CONTACT", "1970-01-01T00:00:00Z", "HUBSPOT", []]


async def test_the_account_describes_itself_more_fully_on_2026_09(client: Client, portal: Portal) -> None:
    old = await client.send("GET", "/account-info/v3/details")
    new = await client.send("GET", "/account-info/2026-09/details")

    assert old.json() == {
        "portalId": portal.hub_id,
        "accountType": "STANDARD",
        "timeZone": "US/Eastern",
        "companyCurrency": "USD",
        "additionalCurrencies": [],
        "utcOffset": "-05:00",
        "utcOffsetMilliseconds": -18000000,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }
    assert new.json() == old.json() | {"portalName": "Sandbox 7", "createdAt": portal.origin.reference_ms}


async def test_definitions_open_with_a_schema_scope_alone(app: Starlette, portal: Portal) -> None:
    client = Client(app, portal.tokens.mint_private_token(["crm.schemas.deals.read"]).token)

    assert (await client.send("GET", "/crm/v3/pipelines/deals")).status == 200
    assert (await client.send("GET", "/crm/v3/properties/deals")).status == 200
    assert (await client.send("GET", "/crm/v3/objects/deals")).status == 403
