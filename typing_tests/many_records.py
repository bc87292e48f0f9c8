# pyright: reportUnnecessaryTypeIgnoreComment=error
"""What type checkers know of many records, batches and models of one's own: checked, never run."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, TypedDict, assert_type

import pytest

from airbyte_agent_hubspot.models import (
    AssociatedRecords,
    Association,
    AssociationLink,
    BatchItem,
    BatchResult,
    Company,
    Contact,
    Deal,
    Deleted,
    ItemError,
    Page,
    Pipeline,
    PropertyDefinition,
    Record,
    SegmentList,
    TypedRecord,
)

if TYPE_CHECKING:
    from airbyte_agent_hubspot import HubspotConnector


@dataclass
class Opportunity:
    """What somebody needs of a deal."""

    dealname: str
    amount: Decimal | None
    closedate: date | None


class Person(TypedDict):
    """What somebody needs of a contact."""

    email: str
    num_notes: int


@pytest.mark.requirement("typed-door")
async def going_through_all_records_keeps_their_kind(hubspot: HubspotConnector) -> None:
    everyone = hubspot.contacts.list_all(properties=["email"], archived=False)
    assert_type(everyone, AsyncGenerator[Contact, None])
    async for contact in everyone:
        assert_type(contact, Contact)
        assert_type(contact.num_associated_deals, int | None)
        assert_type(contact.hs_email_optout, bool | None)
        assert_type(contact.hs_additional_emails, list[str] | None)
    async for company in hubspot.companies.search_all(query="acme"):
        assert_type(company, Company)
    async for car in hubspot.objects.of("p123_cars").list_all():
        assert_type(car, Record)
    assert_type([deal.amount async for deal in hubspot.deals.search_all()], list[Decimal | None])


@pytest.mark.requirement("typed-door")
async def batches_keep_the_kind_of_their_records(hubspot: HubspotConnector) -> None:
    deals = await hubspot.deals.get_many(["1", 2], properties=["amount"])
    assert_type(deals, BatchResult[Deal])
    assert_type(deals.records, list[Deal])
    assert_type(deals.errors, list[BatchItem[Deal]])
    for item in deals:
        assert_type(item.record, Deal | None)
        assert_type(item.error, ItemError | None)
    assert_type(await hubspot.contacts.batch_create(inputs=[{"properties": {"email": "a"}}]), BatchResult[Contact])
    assert_type(await hubspot.contacts.batch_delete(ids=["1"]), BatchResult[Deleted])
    assert_type(
        await hubspot.associations.batch_get(from_object_type="contacts", to_object_type="deals", ids=["1"]),
        BatchResult[AssociatedRecords],
    )


@pytest.mark.requirement("typed-door")
async def properties_are_of_the_class_they_are_read_into(hubspot: HubspotConnector) -> None:
    deals = hubspot.deals.with_model(Opportunity)
    page = await deals.list(limit=3)
    assert_type(page, Page[TypedRecord[Opportunity]])
    assert_type(page.data[0].properties.amount, Decimal | None)
    assert_type(page.data[0].record, Record)
    async for deal in deals.list_all():
        assert_type(deal.properties, Opportunity)
        assert_type(deal.properties.closedate, date | None)
    async for deal in deals.search_all(query="acme"):
        assert_type(deal.properties.dealname, str)
    people = hubspot.contacts.with_model(Person)
    assert_type(await people.get("101"), TypedRecord[Person])
    assert_type((await people.get("a@b.example", id_property="email")).properties["num_notes"], int)


@pytest.mark.requirement("typed-door")
async def writes_give_what_was_written(hubspot: HubspotConnector) -> None:
    made = await hubspot.deals.create(
        properties={"dealname": "Acme", "amount": 12.5},
        associations=[{"to_object_type": "contacts", "to_object_id": "1"}],
    )
    assert_type(made, Deal)
    assert_type(made.closedate, datetime | None)
    assert_type(await hubspot.deals.update(made.id, properties={"amount": None}), Deal)
    assert_type(await hubspot.contacts.upsert(id_property="email", id="a", properties={"city": "Graz"}), Contact)
    assert_type(await hubspot.contacts.merge(primary_object_id="1", object_id_to_merge="2"), Contact)
    assert_type(await hubspot.notes.delete("1"), Deleted)
    link = await hubspot.associations.create(
        from_object_type="deals", from_object_id=made.id, to_object_type="contacts", to_object_id=1
    )
    assert_type(link, AssociationLink)


@pytest.mark.requirement("typed-door")
async def what_a_portal_is_made_of_is_typed_too(hubspot: HubspotConnector) -> None:
    assert_type(await hubspot.properties.list(object_type="contacts"), Page[PropertyDefinition])
    assert_type(await hubspot.pipelines.get(object_type="deals", pipeline_id="default"), Pipeline)
    assert_type(
        await hubspot.associations.list(from_object_type="deals", from_object_id="1", to_object_type="contacts"),
        Page[Association],
    )
    lists = await hubspot.lists.search(query="customers", processing_types=["MANUAL"])
    assert_type(lists, Page[SegmentList])
    assert_type(lists.data[0].size, int | None)


@pytest.mark.requirement("typed-door")
async def mistakes_are_errors(hubspot: HubspotConnector) -> None:
    hubspot.contacts.search_all(sorts=["-createdate"])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    hubspot.contacts.list_all(limit=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await hubspot.contacts.create(propertys={})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await hubspot.products.merge()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    await hubspot.contacts.batch_update(inputs=[{"properties": {}}])  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    await hubspot.lists.search(processing_types=["STATIC"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    deal = await hubspot.deals.with_model(Opportunity).get("7")
    deal.properties.dealstage  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018
