# pyright: reportUnnecessaryTypeIgnoreComment=error
"""What type checkers know about the typed door: checked by mypy and basedpyright, never run."""

from __future__ import annotations

from datetime import datetime
from typing import assert_type

import pytest

from airbyte_agent_hubspot import HubspotConnector
from airbyte_agent_hubspot.models import (
    CheckResult,
    Company,
    Contact,
    Deal,
    Page,
    Record,
    Result,
    Schema,
    Ticket,
)


@pytest.mark.requirement("typed-door")
async def pages_know_their_records(hubspot: HubspotConnector) -> None:
    page = await hubspot.contacts.list(limit=3, properties=["email"], archived=False)
    assert_type(page, Page[Contact])
    assert_type(page.data[0].email, str | None)
    assert_type(page.data[0].created_at, datetime | None)
    assert_type(page.meta.next_cursor, str | None)
    assert_type([record.lastname for record in page], list[str | None])
    assert_type(page.to_dict(), dict[str, object])
    assert_type(page.model_dump(mode="json"), dict[str, object])
    assert_type(await hubspot.companies.list(), Page[Company])
    assert_type(await hubspot.deals.list(associations="contacts"), Page[Deal])
    assert_type(await hubspot.tickets.list(), Page[Ticket])
    assert_type(await hubspot.objects.list("p123_cars", limit=1), Page[Record])
    assert_type(await hubspot.schemas.list(), Page[Schema])


@pytest.mark.requirement("typed-door")
async def records_know_their_kind(hubspot: HubspotConnector) -> None:
    assert_type(await hubspot.contacts.get("101"), Contact)
    assert_type(await hubspot.contacts.get(contact_id=101, properties="email,city"), Contact)
    assert_type((await hubspot.deals.get("7")).dealstage, str | None)
    assert_type(await hubspot.objects.get("2-1", 7), Record)
    assert_type(await hubspot.schemas.get("p123_cars"), Schema)


@pytest.mark.requirement("typed-door")
async def searches_take_typed_conditions(hubspot: HubspotConnector) -> None:
    found = await hubspot.companies.api_search(
        filter_groups=[
            {
                "filters": [
                    {"property_name": "domain", "operator": "EQ", "value": "acme.example"},
                    {"property_name": "numberofemployees", "operator": "BETWEEN", "value": 10, "high_value": 50},
                    {"property_name": "industry", "operator": "IN", "values": ["RETAIL", "BANKING"]},
                ]
            }
        ],
        sorts=["-createdate"],
        limit=200,
    )
    assert_type(found, Page[Company])
    await hubspot.companies.api_search(
        filter_groups=[{"filters": [{"property_name": "domain", "operator": "EQUALS"}]}]  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    )
    await hubspot.companies.api_search(
        filter_groups=[{"filters": [{"operator": "EQ"}]}]  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    )


@pytest.mark.requirement("typed-door")
async def the_dynamic_door_gives_results(hubspot: HubspotConnector) -> None:
    result = await hubspot.execute("contacts", "list", {"limit": 3})
    assert_type(result, Result)
    assert_type(result.to_dict(), dict[str, object])
    assert_type(await hubspot.check(), CheckResult)
    assert_type((await hubspot.check()).hub_id, int | None)
    assert_type(hubspot.list_entities(), list[dict[str, object]])
    assert_type(hubspot.entity_schema("contacts"), dict[str, object])
    async with hubspot as same:
        assert_type(same, HubspotConnector)


@pytest.mark.requirement("typed-door")
async def mistakes_are_errors(hubspot: HubspotConnector) -> None:
    await hubspot.contacts.list(limt=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await hubspot.contacts.list(limit="3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await hubspot.contacts.list(3)  # type: ignore[arg-type, call-arg]  # pyright: ignore[reportCallIssue]
    await hubspot.contacts.get(contactId="101")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await hubspot.objects.list()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await hubspot.schemas.list(limit=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await hubspot.execute("contacts", "list", limit=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    contact = await hubspot.contacts.get("101")
    contact.emial  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018
    contact.id = "102"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
