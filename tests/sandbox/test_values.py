"""What values a write takes, and which values HubSpot fills in by itself."""

import pytest

from hubspot_sandbox import Portal, VirtualClock
from sandbox.asgi import Client, created, problems, properties

NOW = "2026-11-02T09:00:00Z"


@pytest.mark.parametrize(
    ("object_type", "name", "value", "code", "text"),
    [
        ("contacts", "colour", "x", "PROPERTY_DOESNT_EXIST", 'Property "colour" does not exist'),
        (
            "contacts",
            "createdate",
            "2026-01-01",
            "READ_ONLY_VALUE",
            '"createdate" is a read only property; its value cannot be set.',
        ),
        ("contacts", "email", "a@b", "INVALID_EMAIL", "Email address a@b is invalid"),
        ("contacts", "closedate", "asd000", "INVALID_LONG", "asd000 was not a valid long."),
        (
            "contacts",
            "hubspot_owner_id",
            "ana",
            "INVALID_INTEGER",
            "ana was not a valid integer (for owner ID).",
        ),
        ("contacts", "hubspot_owner_id", "1", "INVALID_OWNER_ID", "Owner 1 does not exist"),
        ("deals", "amount", "discount", "INVALID_INTEGER", "discount was not a valid number"),
        ("deals", "amount", "Infinity", "INVALID_INTEGER", "Infinity was not a valid number"),
        (
            "installations",
            "installed_on",
            "1635535865",
            "INVALID_DATE",
            "1635535865 is at 22:18:55.865 UTC, not midnight!",
        ),
        ("installations", "installed_on", "soon", "INVALID_LONG", "soon was not a valid long."),
        (
            "companies",
            "is_public",
            "perhaps",
            "INVALID_OPTION",
            (
                "perhaps was not one of the allowed options: "
                '[label: "True"\nvalue: "true", label: "False"\nvalue: "false"]'
            ),
        ),
        (
            "tasks",
            "hs_task_priority",
            "low",
            "INVALID_OPTION",
            (
                "low was not one of the allowed options: "
                '[label: "None"\nvalue: "NONE", label: "Low"\nvalue: "LOW", '
                'label: "Medium"\nvalue: "MEDIUM", label: "High"\nvalue: "HIGH"]'
            ),
        ),
    ],
)
async def test_a_value_that_does_not_fit_is_refused_with_its_code(
    client: Client, object_type: str, name: str, value: str, code: str, text: str
) -> None:
    reply = await client.send("POST", f"/crm/v3/objects/{object_type}", body={"properties": {name: value}})

    assert (reply.status, reply.json()["category"]) == (400, "VALIDATION_ERROR")
    assert problems(reply) == [(code, name)]
    assert reply.json()["errors"][0]["message"] == text


async def test_the_refusal_is_worded_exactly_as_hubspot_words_it(client: Client, portal: Portal) -> None:
    reply = await client.send("POST", "/crm/v3/objects/contacts", body={"properties": {"colour": "red"}})

    described = (
        '[{"isValid":false,"message":"Property \\"colour\\" does not exist","error":"PROPERTY_DOESNT_EXIST",'
        '"name":"colour","localizedErrorMessage":"Property \\"colour\\" does not exist",'
        f'"portalId":{portal.hub_id}}}]'
    )
    assert reply.json() == {
        "status": "error",
        "message": f"Property values were not valid: {described}",
        "correlationId": reply.headers["x-hubspot-correlation-id"],
        "errors": [
            {
                "message": 'Property "colour" does not exist',
                "code": "PROPERTY_DOESNT_EXIST",
                "context": {"propertyName": ["colour"]},
            }
        ],
        "category": "VALIDATION_ERROR",
    }


async def test_values_are_kept_as_text_in_their_canonical_form(client: Client, portal: Portal) -> None:
    owner = next(iter(portal.owners()))
    raw = (
        b'{"properties":{"amount":5000.00,"closedate":"2026-12-31","hs_priority":null,'
        b'"description":"a\\nb","hubspot_owner_id":"%s"}}' % owner.encode()
    )
    reply = await client.send("POST", "/crm/v3/objects/deals", raw=raw)
    whole = await client.send("POST", "/crm/v3/objects/deals", body={"properties": {"amount": 10000}})
    company = await client.send(
        "POST", "/crm/v3/objects/companies", body={"properties": {"name": "A", "is_public": True}}
    )

    found = properties(reply)
    assert {name: found[name] for name in ("amount", "closedate", "description", "hubspot_owner_id")} == {
        "amount": "5000.00",
        "closedate": "2026-12-31T00:00:00Z",
        "description": "a\nb",
        "hubspot_owner_id": owner,
    }
    assert (found["hubspot_owner_assigneddate"], found["hs_all_owner_ids"]) == (NOW, owner)
    assert "hs_priority" not in found
    assert properties(whole)["amount"] == "10000"
    assert properties(company)["is_public"] == "true"


async def test_options_of_a_list_are_appended_with_a_leading_semicolon(client: Client) -> None:
    record_id = await created(
        client, "tickets", {"subject": "S", "hs_pipeline_stage": "1", "hs_ticket_category": "PRODUCT_ISSUE"}
    )
    path = f"/crm/v3/objects/tickets/{record_id}"

    added = await client.send("PATCH", path, body={"properties": {"hs_ticket_category": ";BILLING_ISSUE"}})
    refused = await client.send("PATCH", path, body={"properties": {"hs_ticket_category": "A;PRODUCT_ISSUE"}})

    assert properties(added)["hs_ticket_category"] == "PRODUCT_ISSUE;BILLING_ISSUE"
    assert problems(refused) == [("INVALID_OPTION", "hs_ticket_category")]


async def test_a_deal_without_a_stage_is_accepted(client: Client) -> None:
    reply = await client.send("POST", "/crm/v3/objects/deals", body={"properties": {"dealname": "x", "amount": "9"}})

    found = properties(reply)
    assert found["amount_in_home_currency"] == found["hs_forecast_amount"] == "9"
    assert (found["days_to_close"], found["hs_is_closed_won"], found.get("pipeline")) == ("0", "false", None)


async def test_weighted_amounts_show_every_digit_of_the_double(client: Client) -> None:
    record_id = await created(client, "deals", {"dealname": "x"})

    reply = await client.send(
        "PATCH",
        f"/crm/v3/objects/deals/{record_id}",
        body={"properties": {"amount": "15000", "dealstage": "qualifiedtobuy", "closedate": "2026-11-12T21:00:00Z"}},
    )

    found = properties(reply)
    probability = "0.40000000000000002220446049250313080847263336181640625"
    weighted = "6000.00000000000033306690738754696212708950042724609375000"
    assert found["hs_deal_stage_probability"] == probability
    assert found["hs_projected_amount"] == found["hs_weighted_pipeline_in_company_currency"] == weighted
    assert {
        name: found[name]
        for name in ("pipeline", "hs_is_closed", "hs_is_open_count", "days_to_close", "hs_days_to_close_raw")
    } == {
        "pipeline": "default",
        "hs_is_closed": "false",
        "hs_is_open_count": "1",
        "days_to_close": "10",
        "hs_days_to_close_raw": "10.50000",
    }


@pytest.mark.parametrize(
    ("stage", "won", "lost", "amount"), [("closedwon", "true", "false", "700"), ("closedlost", "false", "true", "0")]
)
async def test_a_closed_deal_knows_how_it_ended(client: Client, stage: str, won: str, lost: str, amount: str) -> None:
    reply = await client.send(
        "POST", "/crm/v3/objects/deals", body={"properties": {"dealname": "x", "amount": "700", "dealstage": stage}}
    )

    found = properties(reply)
    names = ("hs_is_closed", "hs_is_closed_won", "hs_is_closed_lost", "hs_closed_amount", "hs_is_open_count")
    assert [found[name] for name in names] == ["true", won, lost, amount, "0"]


async def test_an_amount_that_is_cleared_clears_what_follows_from_it(client: Client) -> None:
    record_id = await created(client, "deals", {"dealname": "x", "amount": "9", "dealstage": "contractsent"})

    reply = await client.send("PATCH", f"/crm/v3/objects/deals/{record_id}", body={"properties": {"amount": ""}})

    assert (properties(reply)["hs_projected_amount"], properties(reply)["amount_in_home_currency"]) == (None, None)


async def test_stages_must_exist_and_belong_to_the_pipeline(client: Client) -> None:
    record_id = await created(client, "deals", {"dealname": "x", "dealstage": "98120031"})

    read = await client.send("GET", f"/crm/v3/objects/deals/{record_id}")
    unknown = await client.send("POST", "/crm/v3/objects/deals", body={"properties": {"dealstage": "nowhere"}})
    foreign = await client.send(
        "PATCH", f"/crm/v3/objects/deals/{record_id}", body={"properties": {"dealstage": "closedwon"}}
    )
    left_behind = await client.send(
        "PATCH", f"/crm/v3/objects/deals/{record_id}", body={"properties": {"pipeline": "default"}}
    )
    renamed = await client.send("PATCH", f"/crm/v3/objects/deals/{record_id}", body={"properties": {"dealname": "y"}})

    assert properties(read)["pipeline"] == "41297512"
    assert problems(unknown) == problems(foreign) == problems(left_behind) == [("INVALID_OPTION", "dealstage")]
    assert 'value: "98120031"' in str(foreign.json()["message"]).replace('\\"', '"')
    assert renamed.status == 200


async def test_the_life_cycle_moves_forward_only(client: Client) -> None:
    record_id = await created(client, "contacts", {"email": "a@acme.example", "lifecyclestage": "opportunity"})
    path = f"/crm/v3/objects/contacts/{record_id}"

    async def set_stage(stage: str) -> str | None:
        await client.send("PATCH", path, body={"properties": {"lifecyclestage": stage}})
        return properties(await client.send("GET", f"{path}?properties=lifecyclestage"))["lifecyclestage"]

    assert await set_stage("lead") == "opportunity"
    assert await set_stage("customer") == "customer"
    assert await set_stage("") is None
    assert await set_stage("lead") == "lead"


async def test_a_ticket_closes_when_it_reaches_a_closed_stage(client: Client, clock: VirtualClock) -> None:
    reply = await client.send(
        "POST", "/crm/v3/objects/tickets", body={"properties": {"subject": "S", "hs_pipeline_stage": "1"}}
    )
    record_id = str(reply.json()["id"])
    clock.advance(90)
    closed = await client.send(
        "PATCH", f"/crm/v3/objects/tickets/{record_id}", body={"properties": {"hs_pipeline_stage": "4"}}
    )

    assert {name: properties(reply)[name] for name in ("hs_ticket_id", "hs_pipeline", "hs_is_closed")} == {
        "hs_ticket_id": record_id,
        "hs_pipeline": "0",
        "hs_is_closed": "false",
    }
    assert {name: properties(closed)[name] for name in ("hs_is_closed", "closed_date", "time_to_close")} == {
        "hs_is_closed": "true",
        "closed_date": "2026-11-02T09:01:30Z",
        "time_to_close": "90000",
    }


async def test_a_task_knows_whether_it_is_late_and_when_it_was_done(client: Client) -> None:
    late = await client.send(
        "POST",
        "/crm/v3/objects/tasks",
        body={"properties": {"hs_timestamp": "2026-11-01T09:00:00Z", "hs_task_body": "<p>Call <b>now</b></p>"}},
    )
    record_id = str(late.json()["id"])
    done = await client.send(
        "PATCH", f"/crm/v3/objects/tasks/{record_id}", body={"properties": {"hs_task_status": "COMPLETED"}}
    )

    names = ("hs_obj_coords", "hs_task_is_overdue", "hs_task_is_completed", "hs_body_preview", "hs_task_family")
    assert [properties(late)[name] for name in names] == [f"0-27-{record_id}", "true", "0", "Call now", "SALES"]
    assert [properties(done)[name] for name in ("hs_task_is_overdue", "hs_task_is_completed")] == ["false", "1"]
    assert properties(done)["hs_task_completion_date"] == NOW


async def test_notes_calls_and_meetings_get_previews_and_start_times(client: Client) -> None:
    note = await client.send(
        "POST", "/crm/v3/objects/notes", body={"properties": {"hs_timestamp": NOW, "hs_note_body": "<i>Hi</i>"}}
    )
    silent = await client.send("POST", "/crm/v3/objects/notes", body={"properties": {"hs_timestamp": NOW}})
    meeting = await client.send("POST", "/crm/v3/objects/meetings", body={"properties": {"hs_timestamp": NOW}})
    timed = await client.send(
        "POST",
        "/crm/v3/objects/meetings",
        body={"properties": {"hs_timestamp": NOW, "hs_meeting_start_time": "2026-11-03T09:00:00Z"}},
    )
    missing = await client.send("POST", "/crm/v3/objects/emails", body={"properties": {"hs_email_subject": "x"}})

    assert properties(note)["hs_body_preview"] == "Hi"
    assert properties(note)["hs_body_preview_html"] == "<html>\n<head></head>\n<body>\n<i>Hi</i>\n</body>\n</html>"
    assert properties(note)["hs_body_preview_is_truncated"] == "false"
    assert "hs_body_preview" not in properties(silent)
    assert properties(meeting)["hs_meeting_start_time"] == NOW
    assert properties(timed)["hs_meeting_start_time"] == "2026-11-03T09:00:00Z"
    assert missing.json()["context"] == {"properties": ["[hs_timestamp, hs_email_direction]"]}


async def test_a_line_item_counts_its_amount(client: Client) -> None:
    reply = await client.send(
        "POST", "/crm/v3/objects/line_items", body={"properties": {"price": "12.50", "quantity": 3, "discount": "2"}}
    )
    record_id = reply.json()["id"]
    renamed = await client.send("PATCH", f"/crm/v3/objects/0-8/{record_id}", body={"properties": {"name": "x"}})

    assert (properties(reply)["amount"], properties(reply)["hs_pre_discount_amount"]) == ("31.50", "37.50")
    assert "amount" not in properties(renamed)


async def test_names_and_phones_follow_their_sources(client: Client) -> None:
    record_id = await created(client, "contacts", {"email": "a@acme.example", "mobilephone": "+1 (555) 01-42"})

    reply = await client.send(
        "PATCH",
        f"/crm/v3/objects/contacts/{record_id}",
        body={"properties": {"firstname": "Ana", "lastname": "Ruiz", "email": "", "mobilephone": ""}},
    )

    names = ("hs_full_name_or_email", "hs_email_domain", "hs_searchable_calculated_mobile_number")
    assert [properties(reply)[name] for name in names] == ["Ana Ruiz", None, None]


async def test_a_change_of_owner_is_dated(client: Client, portal: Portal, clock: VirtualClock) -> None:
    first, second, *_ = portal.owners()
    record_id = await created(client, "companies", {"name": "Acme", "hubspot_owner_id": first})
    clock.advance(5)

    reply = await client.send(
        "PATCH", f"/crm/v3/objects/companies/{record_id}", body={"properties": {"hubspot_owner_id": second}}
    )

    assert properties(reply)["hubspot_owner_assigneddate"] == "2026-11-02T09:00:05Z"
    assert properties(reply)["hs_user_ids_of_all_owners"] == str(portal.owners()[second].user_id)
