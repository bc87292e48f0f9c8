"""Records one at a time."""

import pytest

from hubspot_sandbox import Portal, VirtualClock
from sandbox.asgi import Client, created, problems, properties, results

NOW = "2026-11-02T09:00:00Z"


async def test_a_created_contact_answers_with_what_was_set_and_what_was_calculated(
    client: Client, portal: Portal
) -> None:
    reply = await client.send(
        "POST",
        "/crm/v3/objects/contacts",
        body={"properties": {"email": "Ana@Acme.example", "firstname": "Ana", "phone": "+1 555-0142"}},
    )

    body = reply.json()
    record_id = body["id"]
    assert reply.status == 201
    assert body == {
        "id": record_id,
        "properties": {
            "createdate": NOW,
            "email": "ana@acme.example",
            "firstname": "Ana",
            "hs_all_contact_vids": record_id,
            "hs_associated_target_accounts": "0",
            "hs_currently_enrolled_in_prospecting_agent": "false",
            "hs_email_domain": "acme.example",
            "hs_full_name_or_email": "Ana",
            "hs_is_contact": "true",
            "hs_is_unworked": "true",
            "hs_lifecyclestage_lead_date": "1793610000000",
            "hs_membership_has_accessed_private_content": "0",
            "hs_object_id": record_id,
            "hs_object_source": "INTEGRATION",
            "hs_object_source_id": "1500002",
            "hs_object_source_label": "INTEGRATION",
            "hs_pipeline": "contacts-lifecycle-pipeline",
            "hs_prospecting_agent_actively_enrolled_count": "0",
            "hs_prospecting_agent_total_enrolled_count": "0",
            "hs_registered_member": "0",
            "hs_searchable_calculated_phone_number": "15550142",
            "hs_sequences_actively_enrolled_count": "0",
            "hs_v2_date_entered_current_stage": NOW,
            "hs_v2_time_in_current_stage": NOW,
            "lastmodifieddate": NOW,
            "lifecyclestage": "lead",
            "num_associated_deals": "0",
            "num_notes": "0",
            "phone": "+1 555-0142",
        },
        "createdAt": NOW,
        "updatedAt": NOW,
        "archived": False,
        "url": f"https://app.hubspot.com/contacts/{portal.hub_id}/record/0-1/{record_id}",
    }
    assert len(str(record_id)) == 12
    assert list(properties(reply)) == sorted(properties(reply))


async def test_reading_shows_defaults_and_nulls_for_empty_requested_properties(client: Client) -> None:
    record_id = await created(client, "contacts", {"email": "bo@acme.example"})

    default = await client.send("GET", f"/crm/v3/objects/contacts/{record_id}")
    chosen = await client.send("GET", f"/crm/v3/objects/contacts/{record_id}?properties=city,nonsense&properties=email")

    assert properties(default) == {
        "createdate": NOW,
        "email": "bo@acme.example",
        "firstname": None,
        "hs_object_id": record_id,
        "lastmodifieddate": NOW,
        "lastname": None,
    }
    assert properties(chosen) == {
        "city": None,
        "createdate": NOW,
        "email": "bo@acme.example",
        "hs_object_id": record_id,
        "lastmodifieddate": NOW,
    }


async def test_paging_visits_every_record_once_and_drops_paging_at_the_end(client: Client, portal: Portal) -> None:
    path, seen = "/crm/v3/objects/contacts?limit=7", []
    while path:
        reply = await client.send("GET", path)
        seen += [record["id"] for record in results(reply)]
        paging = reply.json().get("paging")
        assert paging is None or isinstance(paging, dict)
        path = paging["next"]["link"].removeprefix("http://sandbox.test") if paging else ""
        if paging:
            assert int(paging["next"]["after"]) == int(seen[-1]) + 1

    assert len(seen) == portal.records.count("0-1")
    assert seen == sorted(set(seen), key=int)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=101", "limit must be a number between 1 and 100, got 101"),
        ("limit=x", "limit must be a number between 1 and 100, got x"),
        ("after=x", "after must be a cursor of an earlier page, got x"),
        (
            "limit=51&propertiesWithHistory=email",
            "You can only request at most 50 objects in one request for properties with history",
        ),
    ],
)
async def test_a_list_refuses_limits_and_cursors_out_of_range(client: Client, query: str, message: str) -> None:
    reply = await client.send("GET", f"/crm/v3/objects/contacts?{query}")

    assert (reply.status, reply.json()["message"], reply.json()["category"]) == (400, message, "VALIDATION_ERROR")


async def test_an_update_answers_with_what_changed_and_clears_with_empty_text(
    client: Client, clock: VirtualClock
) -> None:
    record_id = await created(client, "companies", {"name": "Acme", "domain": "acme.example", "city": "Rome"})
    clock.advance(1.5)

    reply = await client.send(
        "PATCH", f"/crm/v3/objects/companies/{record_id}", body={"properties": {"name": "Acme Ltd", "city": ""}}
    )
    after = await client.send("GET", f"/crm/v3/objects/companies/{record_id}?properties=name,city,website")

    assert reply.status == 200
    assert properties(reply) == {
        "city": None,
        "createdate": NOW,
        "hs_lastmodifieddate": "2026-11-02T09:00:01.500Z",
        "hs_object_id": record_id,
        "hs_task_label": "Acme Ltd",
        "name": "Acme Ltd",
    }
    assert {name: properties(after)[name] for name in ("name", "city", "website")} == {
        "name": "Acme Ltd",
        "city": None,
        "website": "acme.example",
    }


async def test_history_lists_versions_newest_first(client: Client, clock: VirtualClock) -> None:
    record_id = await created(client, "deals", {"dealname": "Pilot", "dealstage": "qualifiedtobuy"})
    clock.advance(60)
    await client.send("PATCH", f"/crm/v3/objects/deals/{record_id}", body={"properties": {"dealstage": "contractsent"}})

    reply = await client.send("GET", f"/crm/v3/objects/deals/{record_id}?propertiesWithHistory=dealstage,dealname")

    source = {"sourceType": "INTEGRATION", "sourceId": "1500002"}
    assert reply.json()["propertiesWithHistory"] == {
        "dealname": [{"value": "Pilot", "timestamp": NOW, **source}],
        "dealstage": [
            {"value": "contractsent", "timestamp": "2026-11-02T09:01:00Z", **source},
            {"value": "qualifiedtobuy", "timestamp": NOW, **source},
        ],
    }


async def test_a_value_set_later_has_no_history_before(client: Client, clock: VirtualClock) -> None:
    record_id = await created(client, "contacts", {"email": "late@acme.example"})
    clock.advance(1)
    for city in ("Rome", "", "Oslo"):
        await client.send("PATCH", f"/crm/v3/objects/contacts/{record_id}", body={"properties": {"city": city}})

    reply = await client.send("GET", f"/crm/v3/objects/contacts/{record_id}?propertiesWithHistory=city,fax")

    versions = reply.json()["propertiesWithHistory"]
    assert isinstance(versions, dict)
    assert [version["value"] for version in versions["city"]] == ["Oslo", "", "Rome"]
    assert versions["fax"] == []


async def test_archived_records_leave_the_list_and_are_read_only_when_asked_for(client: Client) -> None:
    record_id = await created(client, "tickets", {"subject": "Help", "hs_pipeline_stage": "1"})
    path = f"/crm/v3/objects/tickets/{record_id}"

    assert (await client.send("DELETE", path)).status == 204
    assert (await client.send("DELETE", path)).status == 204
    assert (await client.send("DELETE", "/crm/v3/objects/tickets/abc")).status == 204
    missing = await client.send("GET", path)
    archived = await client.send("GET", f"{path}?archived=TRUE")
    listed = await client.send("GET", "/crm/v3/objects/tickets?archived=true")
    live = await client.send("GET", "/crm/v3/objects/tickets?limit=100&archived=yes")

    assert (missing.status, missing.json()["category"]) == (404, "OBJECT_NOT_FOUND")
    assert (archived.json()["archived"], archived.json()["archivedAt"]) == (True, NOW)
    assert [record["id"] for record in results(listed)] == [record_id]
    assert record_id not in {record["id"] for record in results(live)}


async def test_unknown_ids_answer_differently_for_numbers_and_words(client: Client) -> None:
    number = await client.send("GET", "/crm/v3/objects/contacts/999")
    word = await client.send("PATCH", "/crm/v3/objects/contacts/abc", body={"properties": {}})

    assert number.status == word.status == 404
    assert number.json() == {
        "status": "error",
        "message": "resource not found",
        "correlationId": number.headers["x-hubspot-correlation-id"],
    }
    assert word.json() == {
        "status": "error",
        "message": "Object not found.  objectId are usually numeric.",
        "correlationId": word.headers["x-hubspot-correlation-id"],
        "context": {"id": ["abc"]},
        "category": "OBJECT_NOT_FOUND",
    }


async def test_a_record_is_found_by_a_unique_property(client: Client) -> None:
    record_id = await created(client, "contacts", {"email": "cy@acme.example"})

    found = await client.send("GET", "/crm/v3/objects/contacts/CY@acme.example?idProperty=email")
    missing = await client.send("GET", "/crm/v3/objects/contacts/no@acme.example?idProperty=email")
    unfit = await client.send("GET", "/crm/v3/objects/contacts/Ana?idProperty=firstname")

    assert found.json()["id"] == record_id
    assert missing.status == 404
    assert (unfit.status, unfit.json()["category"]) == (400, "VALIDATION_ERROR")


async def test_a_second_contact_with_an_address_is_a_conflict(client: Client) -> None:
    record_id = await created(client, "contacts", {"email": "di@acme.example"})
    other_id = await created(client, "contacts", {"email": "ed@acme.example"})

    again = await client.send("POST", "/crm/v3/objects/contacts", body={"properties": {"email": "DI@acme.example"}})
    stolen = await client.send(
        "PATCH", f"/crm/v3/objects/contacts/{other_id}", body={"properties": {"email": "di@acme.example"}}
    )

    assert again.status == stolen.status == 409
    assert again.json() == {
        "status": "error",
        "message": f"Contact already exists. Existing ID: {record_id}",
        "correlationId": again.headers["x-hubspot-correlation-id"],
        "category": "CONFLICT",
    }


async def test_a_unique_property_takes_each_value_once(client: Client) -> None:
    values: dict[str, object] = {"installation_name": "North", "serial_number": "LMI-X"}
    record_id = await created(client, "installations", values)

    again = await client.send("POST", "/crm/v3/objects/2-30417762", body={"properties": values})
    missing = await client.send("POST", "/crm/v3/objects/2-30417762", body={"properties": {}})

    assert again.status == missing.status == 400
    assert str(again.json()["message"]).endswith(f"{record_id} already has that value.")
    assert missing.json()["context"] == {"properties": ["[installation_name]"]}


async def test_creating_with_associations_shows_a_primary_company_twice(client: Client) -> None:
    company = await created(client, "companies", {"name": "Acme"})
    contact = await client.send(
        "POST",
        "/crm/v3/objects/contacts",
        body={
            "properties": {"email": "fay@acme.example"},
            "associations": [
                {
                    "to": {"id": company},
                    "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}],
                }
            ],
        },
    )

    reply = await client.send(
        "GET",
        f"/crm/v3/objects/contacts/{contact.json()['id']}?associations=company,deals&properties=associatedcompanyid",
    )
    back = await client.send(
        "GET", f"/crm/v3/objects/companies/{company}?associations=contacts&properties=num_associated_contacts"
    )

    assert reply.json()["associations"] == {
        "companies": {
            "results": [
                {"id": company, "type": "contact_to_company"},
                {"id": company, "type": "contact_to_company_unlabeled"},
            ]
        }
    }
    assert properties(reply)["associatedcompanyid"] == company
    assert properties(back)["num_associated_contacts"] == "1"


async def test_a_new_primary_company_replaces_the_old_one(client: Client, portal: Portal) -> None:
    first = await created(client, "companies", {"name": "First"})
    second = await created(client, "companies", {"name": "Second"})
    kinds = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    links = [{"to": {"id": company}, "types": kinds} for company in (first, second)]

    contact = await client.send(
        "POST",
        "/crm/v3/objects/contacts",
        body={"properties": {"email": "gil@acme.example"}, "associations": links},
    )

    contact_id = int(str(contact.json()["id"]))
    assert portal.associations.primary("0-1", contact_id, "0-2") == int(second)
    assert [link.type_id for link in portal.associations.links(contact_id, "0-2")] == [279, 1, 279]
    assert portal.associations.primary("0-1", contact_id, "0-3") is None


@pytest.mark.parametrize(
    ("link", "status"),
    [
        ({"to": {"id": "999"}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]}, 404),
        ({"to": {"id": "x"}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]}, 400),
        ({"to": {}, "types": []}, 400),
    ],
)
async def test_an_association_that_cannot_be_refuses_the_whole_create(
    client: Client, portal: Portal, link: dict[str, object], status: int
) -> None:
    before = portal.records.count("0-1")

    reply = await client.send(
        "POST", "/crm/v3/objects/contacts", body={"properties": {"email": "h@acme.example"}, "associations": [link]}
    )

    assert reply.status == status
    assert portal.records.count("0-1") == before


async def test_association_types_must_all_link_the_two_types(client: Client) -> None:
    company = await created(client, "companies", {"name": "Acme"})
    types = [
        {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279},
        {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": "4"},
    ]

    reply = await client.send(
        "POST",
        "/crm/v3/objects/contacts",
        body={"properties": {"email": "i@a.example"}, "associations": [{"to": {"id": company}, "types": types}]},
    )

    assert (reply.status, reply.json()["category"]) == (400, "VALIDATION_ERROR")


async def test_a_merge_leaves_one_record_that_answers_to_both_ids(client: Client) -> None:
    winner = await created(client, "contacts", {"email": "jo@acme.example", "firstname": "Jo"})
    loser = await created(client, "contacts", {"email": "jo2@acme.example", "city": "Rome"})

    merged = await client.send(
        "POST", "/crm/v3/objects/contacts/merge", body={"primaryObjectId": winner, "objectIdToMerge": loser}
    )
    read = await client.send("GET", f"/crm/v3/objects/contacts/{loser}?properties=city,hs_merged_object_ids,email")
    patched = await client.send("PATCH", f"/crm/v3/objects/contacts/{loser}", body={"properties": {"city": "Oslo"}})
    itself = await client.send(
        "POST", "/crm/v3/objects/contacts/merge", body={"primaryObjectId": winner, "objectIdToMerge": loser}
    )

    assert (merged.status, merged.json()["id"], patched.json()["id"]) == (200, winner, winner)
    assert {name: properties(read)[name] for name in ("city", "email", "hs_merged_object_ids")} == {
        "city": "Rome",
        "email": "jo@acme.example",
        "hs_merged_object_ids": loser,
    }
    assert itself.status == 400


async def test_a_merge_moves_links_and_keeps_one_primary_company(client: Client, portal: Portal) -> None:
    contact_links = []
    for name in ("One", "Two"):
        company = await created(client, "companies", {"name": name})
        kinds = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
        reply = await client.send(
            "POST",
            "/crm/v3/objects/contacts",
            body={
                "properties": {"email": f"{name}@acme.example"},
                "associations": [{"to": {"id": company}, "types": kinds}],
            },
        )
        contact_links.append((str(reply.json()["id"]), company))
    (winner, first), (loser, second) = contact_links

    await client.send(
        "POST", "/crm/v3/objects/contacts/merge", body={"primaryObjectId": winner, "objectIdToMerge": loser}
    )

    links = portal.associations.links(int(winner), "0-2")
    assert [(link.to_id, link.type_id) for link in links] == [
        (int(first), 1),
        (int(first), 279),
        (int(second), 279),
    ]
    reply = await client.send("GET", f"/crm/v3/objects/companies/{second}?associations=contacts")
    assert [row["id"] for row in reply.json()["associations"]["contacts"]["results"]] == [winner]


async def test_merging_two_linked_deals_drops_the_link_between_them(client: Client, portal: Portal) -> None:
    first = await created(client, "deals", {"dealname": "A"})
    reply = await client.send(
        "POST",
        "/crm/v3/objects/deals",
        body={
            "properties": {"dealname": "B"},
            "associations": [
                {"to": {"id": first}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 451}]}
            ],
        },
    )

    await client.send(
        "POST",
        "/crm/v3/objects/deals/merge",
        body={"primaryObjectId": first, "objectIdToMerge": reply.json()["id"]},
    )

    assert portal.associations.links(int(first), "0-3") == []


async def test_gdpr_deletion_leaves_nothing(client: Client, portal: Portal) -> None:
    record_id = await created(client, "contacts", {"email": "kim@acme.example"})
    body = {"objectId": "kim@acme.example", "idProperty": "email"}

    first = await client.send("POST", "/crm/v3/objects/contacts/gdpr-delete", body=body)
    again = await client.send("POST", "/crm/v3/objects/contacts/gdpr-delete", body=body)
    other = await client.send("POST", "/crm/v3/objects/deals/gdpr-delete", body={"objectId": "1"})

    assert (first.status, again.status, other.status) == (204, 204, 400)
    assert portal.records.find("0-1", int(record_id), archived=None) is None


async def test_inline_associations_stop_at_a_hundred_rows(client: Client) -> None:
    company = await created(client, "companies", {"name": "Big"})
    kinds = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]
    inputs = [
        {"properties": {"firstname": f"P{place}"}, "associations": [{"to": {"id": company}, "types": kinds}]}
        for place in range(60)
    ]
    await client.send("POST", "/crm/v3/objects/contacts/batch/create", body={"inputs": inputs})

    reply = await client.send("GET", f"/crm/v3/objects/companies/{company}?associations=contacts")

    section = reply.json()["associations"]["contacts"]
    assert len(section["results"]) == 100
    assert int(section["paging"]["next"]["after"]) > int(section["results"][-1]["id"])


async def test_associations_with_a_custom_type_are_named_by_its_full_name(client: Client, portal: Portal) -> None:
    reply = await client.send("GET", "/crm/v3/objects/p_installation?associations=companies&limit=1")
    company = results(reply)[0]["associations"]["companies"]["results"][0]["id"]

    back = await client.send("GET", f"/crm/v3/objects/companies/{company}?associations=2-30417762")

    assert list(back.json()["associations"]) == [f"p{portal.hub_id}_installation"]


async def test_each_activity_has_the_address_of_its_page(client: Client, portal: Portal) -> None:
    task = await created(client, "tasks", {"hs_timestamp": NOW, "hs_task_subject": "Call"})
    note = await created(client, "notes", {"hs_timestamp": NOW, "hs_note_body": "<b>Hi</b>"})

    task_reply = await client.send("GET", f"/crm/v3/objects/tasks/{task}")
    note_reply = await client.send("GET", f"/crm/v3/objects/notes/{note}")

    hub = f"https://app.hubspot.com/{{}}/{portal.hub_id}"
    assert task_reply.json()["url"] == f"{hub.format('tasks')}/view/all/task/{task}"
    assert str(note_reply.json()["url"]).startswith(f"{hub.format('contacts')}/objects/0-46/views/all/list?filters=")


async def test_a_body_must_be_json(client: Client) -> None:
    broken = await client.send("POST", "/crm/v3/objects/contacts", raw=b'{"properties": x}')
    cut = await client.send("POST", "/crm/v3/objects/contacts", raw=b"{")
    latin = await client.send("POST", "/crm/v3/objects/contacts", raw=b'"\xff"')
    array = await client.send("POST", "/crm/v3/objects/contacts", raw=b"[]")
    form = await client.send("POST", "/crm/v3/objects/contacts", form={"a": "b"})

    assert [reply.status for reply in (broken, cut, latin, array, form)] == [400, 400, 400, 400, 415]
    assert broken.json()["message"] == "Invalid input JSON on line 1, column 16: Unexpected character ('x')"
    assert cut.json()["message"] == "Invalid input JSON on line 1, column 2: Unexpected character ('end-of-input')"


async def test_refused_values_are_all_listed(client: Client) -> None:
    reply = await client.send(
        "POST", "/crm/v3/objects/contacts", body={"properties": {"colour": "red", "email": "nobody"}}
    )

    assert reply.status == 400
    assert problems(reply) == [("PROPERTY_DOESNT_EXIST", "colour"), ("INVALID_EMAIL", "email")]


@pytest.mark.parametrize(
    ("object_type", "alone", "missing"),
    [("contacts", "lastname", "[email or firstname or lastname]"), ("companies", "domain", "[name or domain]")],
)
async def test_a_contact_or_company_needs_one_of_its_names(
    client: Client, object_type: str, alone: str, missing: str
) -> None:
    url = f"/crm/v3/objects/{object_type}"
    refused = await client.send("POST", url, body={"properties": {"city": "Boston", alone: ""}})
    taken = await client.send("POST", url, body={"properties": {alone: "lone.example"}})

    assert (refused.status, refused.json()["category"], taken.status) == (400, "VALIDATION_ERROR", 201)
    assert refused.json()["context"] == {"properties": [missing]}
