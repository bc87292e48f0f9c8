"""Results for models, the same in both ways to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airbyte_agent_hubspot.shaping import Redaction, Shaper, Wish

if TYPE_CHECKING:
    from airbyte_agent_hubspot import HubspotConnector
    from matrix.conftest import Hubspot


@pytest.mark.requirement("shaped-results")
async def test_a_receipt_counts_the_requests_to_hubspot_and_names_stand_for_ids(
    connector: HubspotConnector, hubspot: Hubspot
) -> None:
    shaper = Shaper(connector.execute, clock=hubspot.clock)
    hubspot.wire.seen.clear()
    shaped = await shaper.run(
        "deals", "list", {"limit": 3, "properties": ["dealname", "dealstage", "hubspot_owner_id"]}
    )
    asked = [request for request in hubspot.wire.seen if "/oauth/" not in request.url]
    assert shaped.receipt.upstream_calls == len(asked) == 3  # deals, owners, pipelines
    assert (shaped.receipt.records, shaped.receipt.complete) == (3, False)
    assert shaped.crm_data["columns"] == ["id", "dealname", "dealstage", "hubspot_owner_id"]
    again = await shaper.run("deals", "list", {"limit": 3})
    assert again.receipt.upstream_calls == 1
    first = await Shaper(connector.execute, clock=hubspot.clock).run("deals", "find", {"limit": 3})
    second = await Shaper(connector.execute, clock=hubspot.clock).run("deals", "find", {"limit": 3})
    assert first.receipt.upstream_calls != second.receipt.upstream_calls == 1  # it knows its own labels


@pytest.mark.requirement("shaped-results")
async def test_every_record_is_seen_once_whatever_the_budget(connector: HubspotConnector, hubspot: Hubspot) -> None:
    shaper = Shaper(connector.execute, clock=hubspot.clock)
    params: dict[str, object] = {"limit": 25, "properties": ["email"]}
    seen: list[object] = []
    skip = 0
    while True:
        shaped = await shaper.run("contacts", "list", params, Wish(max_tokens=400, skip=skip))
        seen += [row[0] for row in shaped.crm_data["rows"]]  # type: ignore[attr-defined]
        following = shaped.receipt.next
        if following is None:
            break
        params = {**params, **following.get("params", {})}  # type: ignore[dict-item]
        skip = following.get("skip", 0)  # type: ignore[assignment]
    assert len(seen) == len(set(seen)) == len(await connector.contacts.list(limit=100))


@pytest.mark.requirement("untrusted-text")
async def test_redaction_is_for_models_only(connector: HubspotConnector, hubspot: Hubspot) -> None:
    shaper = Shaper(connector.execute, clock=hubspot.clock, redact=Redaction({"email": "hash"}))
    shaped = await shaper.run("contacts", "list", {"limit": 2, "properties": ["email"]})
    assert "@" not in shaped.text
    assert all("@" in str(contact.email) for contact in await connector.contacts.list(limit=2, properties="email"))
