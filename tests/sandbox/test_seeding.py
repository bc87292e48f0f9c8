"""What a generated portal holds, and that it is the same each time."""

from collections.abc import Iterator

import pytest

from hubspot_sandbox import Behaviour, Portal, VirtualClock, create_app
from hubspot_sandbox.records import Record
from hubspot_sandbox.validation import check_values


@pytest.fixture(scope="module")
def big() -> Portal:
    portal: Portal = create_app(clock=VirtualClock()).state.portal
    return portal


def records(portal: Portal, name: str) -> Iterator[Record]:
    type_id = portal.types.find(name).type_id
    return iter(portal.records.page(type_id, after_id=0, limit=100_000, archived=False))


def content(portal: Portal) -> list[tuple[object, ...]]:
    tables = ("record", "association", "history", "document", "counter")
    return [row for table in tables for row in portal.store.connection.execute(f"SELECT * FROM {table}")]  # noqa: S608 - constant names


def test_the_default_portal_has_enough_of_everything(big: Portal) -> None:
    at_least = {
        "contacts": 5000,
        "companies": 800,
        "deals": 1200,
        "tickets": 600,
        "products": 20,
        "line_items": 500,
        "quotes": 100,
        "leads": 50,
        "notes": 300,
        "tasks": 300,
        "calls": 200,
        "emails": 200,
        "meetings": 100,
        "installations": 200,
    }
    counts = {name: big.records.count(big.types.find(name).type_id) for name in at_least}

    assert {name: number for name, number in counts.items() if number < at_least[name]} == {}
    assert len(big.owners()) == 12
    assert {record.properties["pipeline"] for record in records(big, "deals")} == {"default", "41297512"}


def test_a_seed_gives_the_same_portal_and_another_seed_another() -> None:
    def portal(seed: int) -> Portal:
        made: Portal = create_app(seed=seed, portal="small", clock=VirtualClock()).state.portal
        return made

    assert content(portal(3)) == content(portal(3))
    assert (portal(3).hub_id, content(portal(3))) != (portal(4).hub_id, content(portal(4)))


def test_copies_of_a_portal_do_not_share_records() -> None:
    first: Portal = create_app(portal="small", clock=VirtualClock()).state.portal
    second: Portal = create_app(portal="small", clock=VirtualClock()).state.portal

    first.store.connection.execute("DELETE FROM record")

    assert (first.records.count("0-1"), second.records.count("0-1")) == (0, 60)


def test_every_generated_value_is_one_that_hubspot_would_take(big: Portal) -> None:
    wrong: list[tuple[str, str]] = []
    for object_type in big.types:
        definitions = big.definitions(object_type)
        for record in records(big, object_type.type_id):
            wrong += [(object_type.name, name) for name in record.properties if name not in definitions]
            writable = {name: value for name, value in record.properties.items() if not definitions[name].is_read_only}
            assert check_values(big, object_type, writable, {}) == writable
    assert wrong == []


def test_ids_have_twelve_digits_and_rise_with_age(big: Portal) -> None:
    for name in ("contacts", "companies", "deals", "tickets", "installations"):
        rows = list(records(big, name))
        assert {len(str(row.id)) for row in rows} == {12}
        assert [row.created_ms for row in rows] == sorted(row.created_ms for row in rows)


def test_nothing_was_created_or_changed_in_the_future(big: Portal) -> None:
    for object_type in big.types:
        for record in records(big, object_type.type_id):
            assert record.created_ms <= record.updated_ms <= big.origin.reference_ms


def test_closed_deals_closed_in_the_past_and_customers_have_bought(big: Portal) -> None:
    winners: set[int | None] = set()
    closing_soon = 0
    for deal in records(big, "deals"):
        closed_at = deal.properties["closedate"]
        assert isinstance(closed_at, int)
        if deal.properties["hs_is_closed"] == "true":
            assert closed_at < big.origin.reference_ms + 86_400_000
        else:
            closing_soon += closed_at < big.origin.reference_ms + 30 * 86_400_000
        if deal.properties["hs_is_closed_won"] == "true":
            winners.add(big.associations.primary("0-3", deal.id, "0-2"))
    customers = {row.id for row in records(big, "companies") if row.properties["lifecyclestage"] == "customer"}

    assert winners == customers
    assert closing_soon > 50


def test_contacts_have_addresses_of_their_company(big: Portal) -> None:
    alone = 0
    for contact in records(big, "contacts"):
        company_id = big.associations.primary("0-1", contact.id, "0-2")
        if company_id is None:
            alone += 1
            continue
        company = big.records.find("0-2", company_id)
        assert company is not None
        assert str(contact.properties["email"]).endswith(f"@{company.properties['domain']}")
        assert contact.properties["associatedcompanyid"] == str(company_id)
    assert 20 < alone < 300


def test_stage_histories_lead_to_the_present_stage(big: Portal) -> None:
    for deal in records(big, "deals"):
        versions = big.history.versions(deal, "dealstage", 20)
        instants = [str(version["timestamp"]) for version in versions]
        assert versions[0]["value"] == deal.properties["dealstage"]
        assert len(set(instants)) == len(instants)


def test_counts_of_links_agree_with_the_links(big: Portal) -> None:
    for company in records(big, "companies"):
        assert company.properties["num_associated_contacts"] == str(big.associations.count(company.id, "0-1"))
        assert company.properties["num_associated_deals"] == str(big.associations.count(company.id, "0-3"))
    for deal in records(big, "deals"):
        assert deal.properties["num_associated_contacts"] == str(big.associations.count(deal.id, "0-1"))


def test_a_portal_on_the_machines_clock_leads_up_to_today() -> None:
    portal: Portal = create_app(portal="small", behaviour=Behaviour()).state.portal

    assert 0 <= portal.clock.now_ms() - portal.origin.reference_ms < 3_600_000
