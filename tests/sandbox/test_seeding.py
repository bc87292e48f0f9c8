"""What a generated portal holds, and that it is the same each time."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from hubspot_sandbox import Behaviour, Portal, VirtualClock, create_app
from hubspot_sandbox.instants import DAY_MS, to_ms
from hubspot_sandbox.records import Record
from hubspot_sandbox.seeding import build_store
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


def test_questions_about_the_sales_team_have_telling_answers(big: Portal) -> None:
    now_ms = big.clock.now_ms()
    owners = {owner.id: owner for owner in big.owners().values() if not owner.archived}
    deals = list(records(big, "deals"))

    won = Counter(
        deal.properties["hubspot_owner_id"] for deal in deals if deal.properties["hs_is_closed_won"] == "true"
    )
    recent = [deal for deal in deals if now_ms - deal.created_ms < 30 * DAY_MS]
    teams = Counter(owners[str(deal.properties["hubspot_owner_id"])].teams[0].name for deal in recent)
    mine = [deal for deal in deals if deal.properties["hubspot_owner_id"] == next(iter(owners))]
    amounts = sorted(float(deal.properties["amount"]) for deal in mine if deal.properties["hs_is_closed"] == "false")

    assert (set(won), len(set(won.values())) > 5) == (set(owners), True)
    assert (len(teams), min(teams.values()) > 50) == (3, True)
    assert len(set(amounts[-6:])) == 6


def test_questions_about_people_and_tickets_have_telling_answers(big: Portal) -> None:
    now_ms = big.clock.now_ms()
    departments = Counter(
        (contact.properties.get("associatedcompanyid"), contact.properties["department"])
        for contact in records(big, "contacts")
    )
    tickets = list(records(big, "tickets"))
    product_issues = Counter(
        ticket.properties["hs_pipeline_stage"]
        for ticket in tickets
        if ticket.properties["hs_ticket_category"] == "PRODUCT_ISSUE"
    )
    last_week = [ticket for ticket in tickets if 7 * DAY_MS <= now_ms - ticket.created_ms < 14 * DAY_MS]

    assert sum(department == "marketing" and number >= 3 for (_, department), number in departments.items()) >= 20
    assert (sorted(product_issues), min(product_issues.values()) >= 10) == (["1", "2", "3", "4"], True)
    assert len(last_week) >= 10


@pytest.mark.parametrize("today", [datetime(2026, 11, 2, 9, tzinfo=UTC), datetime(2026, 11, 25, 18, tzinfo=UTC)])
def test_some_companies_are_far_more_active_this_month_than_others(today: datetime) -> None:
    clock = VirtualClock(today)
    store = build_store(7, "default", clock)
    rows = store.connection.execute(
        "SELECT to_id, count(*) FROM association JOIN record ON record.id = from_id "
        "WHERE to_type = '0-2' AND type IN ('0-46', '0-48', '0-49') AND created_ms BETWEEN ? AND ? "
        "GROUP BY to_id ORDER BY count(*) DESC LIMIT 6",
        (to_ms(datetime(2026, 11, 1, 5, tzinfo=UTC)), clock.now_ms()),
    ).fetchall()
    store.close()

    counts = [count for _, count in rows]
    assert (counts[0] > counts[1] > counts[2] > counts[3], counts[-1] >= 6) == (True, True), counts
