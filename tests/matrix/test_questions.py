"""Questions and names: the same answers and the same errors in both ways to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airbyte_agent_hubspot.errors import InvalidParamsError, UpstreamRejectedError

if TYPE_CHECKING:
    from airbyte_agent_hubspot import HubspotConnector
    from matrix.conftest import Hubspot


async def test_names_stand_for_ids_in_plain_calls(connector: HubspotConnector) -> None:
    owner = (await connector.owners.list()).data[0]
    properties: dict[str, str | int | float | bool | None] = {
        "dealname": "Named",
        "dealstage": "Contract sent",
        "owner": owner.full_name,
        "dealtype": "New Business",
    }
    made = await connector.deals.create(properties=properties)
    deal = await connector.deals.get(made.id, properties=["dealstage", "hubspot_owner_id", "dealtype"])
    assert (deal.dealstage, deal.hubspot_owner_id, deal.dealtype) == ("contractsent", owner.id, "newbusiness")


async def test_a_plain_call_with_ids_is_one_request(connector: HubspotConnector, hubspot: Hubspot) -> None:
    await connector.contacts.list(limit=1)
    hubspot.wire.seen.clear()
    await connector.deals.create(properties={"dealname": "By id", "dealstage": "contractsent"})
    assert len(hubspot.wire.seen) == 1


async def test_a_name_that_nobody_has_is_the_same_error(connector: HubspotConnector) -> None:
    for entity, action, params in (
        ("deals", "create", {"properties": {"dealname": "X", "owner": "Nobody At All"}}),
        ("deals", "find", {"where": {"owner": "Nobody At All"}}),
        ("deals", "move_stage", {"record": "No such deal", "stage": "Closed won"}),
    ):
        with pytest.raises(InvalidParamsError) as raised:
            await connector.execute(entity, action, params)
        [error] = raised.value.errors
        assert error.error_code == "unknown_name"
        assert isinstance(error.details["candidates"], list)


async def test_an_option_that_has_no_such_label_is_refused_with_the_choices(connector: HubspotConnector) -> None:
    with pytest.raises(UpstreamRejectedError) as raised:
        await connector.contacts.create(properties={"email": "o@acme.example", "department": "Astrology"})
    assert "marketing" in str(raised.value.errors[0].details["choices"])


async def test_find_and_aggregate_agree(connector: HubspotConnector) -> None:
    found = await connector.deals.find(where={"status": "won"}, limit=1000, properties="amount")
    counted = await connector.deals.aggregate(where={"status": "won"}, group_by="owner", metrics="count")
    assert found.complete
    assert sum(int(row.values["count"] or 0) for row in counted) == len(found) == found.total
