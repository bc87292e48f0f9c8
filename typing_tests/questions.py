# pyright: reportUnnecessaryTypeIgnoreComment=error
"""What type checkers know about questions in one's own words: checked by mypy and basedpyright, never run."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_type

from airbyte_agent_hubspot.models import (
    Activities,
    Aggregate,
    Company,
    Deal,
    Found,
    GrantedScopes,
    Logged,
    Moved,
    Overview,
    PortalDescription,
    Record,
    Saved,
    Ticket,
)

if TYPE_CHECKING:
    from airbyte_agent_hubspot import HubspotConnector


async def found_records_know_their_kind(hubspot: HubspotConnector) -> None:
    found = await hubspot.deals.find(where={"stage": "Contract sent", "amount": ">= 10000"}, sort="-amount", limit=5)
    assert_type(found, Found[Deal])
    assert_type([deal.dealname for deal in found], list[str | None])
    assert_type(found.label(found.data[0], "dealstage"), str | None)
    assert_type(await hubspot.tickets.find(where=[{"priority": "High"}, {"status": "open"}]), Found[Ticket])
    assert_type(await hubspot.objects.of("p123_cars").find(limit=1), Found[Record])


async def answers_are_typed(hubspot: HubspotConnector) -> None:
    assert_type(await hubspot.deals.aggregate(metrics="sum amount", group_by=["owner", "month"]), Aggregate)
    assert_type(await hubspot.companies.overview("Acme", activities=3), Overview)
    assert_type(await hubspot.deals.move_stage("Acme renewal", "Closed won", pipeline="Sales"), Moved)
    assert_type(
        await hubspot.companies.upsert_by(by={"domain": "a.example"}, properties={"city": "Graz"}), Saved[Company]
    )
    assert_type(await hubspot.activities.find(where={"company": "Acme"}, kinds=["notes"]), Activities)
    assert_type(await hubspot.activities.log(kind="note", text="x", records={"deal": "Acme"}), Logged)
    assert_type(await hubspot.tasks.create_task(title="Call", due="next friday"), Logged)
    assert_type(await hubspot.account.describe_portal(), PortalDescription)
    assert_type(await hubspot.account.granted_scopes(), GrantedScopes)


async def mistakes_are_found(hubspot: HubspotConnector) -> None:
    await hubspot.deals.find(wher={"stage": "x"})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await hubspot.deals.move_stage("x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await hubspot.activities.log(kind="letter", text="x", records={})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
