"""Questions as people ask them, answered from the sandbox's default account."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airbyte_agent_hubspot import HubspotConnector, HubspotPrivateAppAuthConfig
from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._catalog._steps import find as find_module
from airbyte_agent_hubspot._catalog._steps import searching
from airbyte_agent_hubspot._catalog._steps import setting as setting_module
from airbyte_agent_hubspot._catalog._steps import where as where_module
from airbyte_agent_hubspot._executor import Call
from airbyte_agent_hubspot._limits import UnlimitedBudget
from airbyte_agent_hubspot.errors import InvalidParamsError, PermissionDeniedError, UpstreamRejectedError
from airbyte_agent_hubspot.transports import AsgiTransport
from hubspot_sandbox import Behaviour, Portal, VirtualClock, create_app

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airbyte_agent_hubspot._local import LocalExecutor
    from airbyte_agent_hubspot._operation import Operation
    from airbyte_agent_hubspot._shape import Params
    from airbyte_agent_hubspot.models import Activities, Aggregate, Deal, Found, Page, PortalDescription, Result


class StandingClock:
    """The connector's clock: the sandbox's."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    def now_s(self) -> float:
        return self._clock.now_ms() / 1000

    def monotonic_s(self) -> float:
        return self._clock.now_ms() / 1000

    async def sleep(self, seconds: float) -> None:
        self._clock.advance(seconds)


@dataclass(frozen=True)
class Account:
    """A sandbox account in this process."""

    portal: Portal
    transport: AsgiTransport
    clock: StandingClock
    token: str

    def connect(self) -> HubspotConnector:
        return HubspotConnector(
            auth_config=HubspotPrivateAppAuthConfig(private_app_token=self.token),
            base_url="https://hubspot.test",
            transport=self.transport,
            clock=self.clock,
            budget=UnlimitedBudget(),
        )

    def ask(self, entity: str, action: str, params: Mapping[str, object]) -> Result:
        """The answer, from a new connector."""

        async def run() -> Result:
            async with self.connect() as hubspot:
                return await hubspot.execute(entity, action, params)

        return asyncio.run(run())


def account(size: str, **more: object) -> Account:
    clock = VirtualClock()
    app = create_app(portal=size, clock=clock, behaviour=Behaviour(rate_limits=False), **more)  # type: ignore[arg-type]
    portal: Portal = app.state.portal
    token = portal.tokens.mint_private_token(sorted(portal.tokens.apps()[0].scopes))
    return Account(portal, AsgiTransport(app), StandingClock(clock), token.token)


@pytest.fixture(scope="module")
def default() -> Account:
    """Only read from."""
    return account("default", seed=7)


@pytest.fixture
def small() -> Account:
    return account("small")


@pytest.fixture(scope="module")
def deals(default: Account) -> list[Deal]:
    """All of them, as they are."""

    async def run() -> list[Deal]:
        async with default.connect() as hubspot:
            names = ["dealname", "amount", "dealstage", "closedate", "createdate", "hubspot_owner_id"]
            return [deal async for deal in hubspot.deals.list_all(properties=names)]

    return asyncio.run(run())


QUESTIONS = [
    ("deals", "find", {"limit": 10}),
    ("tickets", "find", {"limit": 10}),
    ("companies", "find", {"limit": 10}),
    ("contacts", "find", {"limit": 10}),
    ("deals", "find", {"where": {"company": "Frost Cloud", "created": "this year"}}),
    ("deals", "find", {"where": {"pipeline": "sales pipeline", "status": "open"}, "sort": "-amount", "limit": 5}),
    ("contacts", "find", {"where": {"department": "Marketing", "company": "Pioneer Software"}}),
    ("deals", "aggregate", {"where": {"team": "Enterprise", "created": "last 30 days"}, "groupBy": ["owner", "stage"]}),
    ("activities", "aggregate", {"where": {"date": "last month"}, "groupBy": "company", "limit": 5}),
    ("deals", "aggregate", {"where": {"status": "won"}, "groupBy": "owner", "metrics": ["count", "sum amount"]}),
    ("tickets", "find", {"where": {"category": "Product issue"}, "limit": 5}),
    ("contacts", "find", {"where": {"deal": {"pipeline": "Renewals", "status": "open"}}, "properties": "email"}),
    ("tickets", "find", {"where": {"created": "last week", "status": "closed"}, "limit": 3}),
]


@pytest.mark.parametrize(("entity", "action", "params"), QUESTIONS)
def test_a_question_that_people_ask_takes_one_call(
    default: Account, entity: str, action: str, params: dict[str, object]
) -> None:
    answer = default.ask(entity, action, params).to_dict()
    rows = cast("list[object]", answer.get("rows", answer.get("data")))
    assert rows, answer


AMOUNTS = st.integers(0, 150_000)
STAGES = {"Contract Sent": "contractsent", "closed won": "closedwon", "Quote sent": "98120032"}
CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "stage": st.lists(st.sampled_from([*STAGES]), min_size=1, max_size=2, unique=True),
        "amount": st.tuples(st.sampled_from([">=", "<"]), AMOUNTS),
        "owner": st.sampled_from(["Maya Ortega", "hana sato"]),
    },
)
OWNERS = {"Maya Ortega": "88001005", "hana sato": "88001180"}


def fits(deal: Deal, where: Mapping[str, object]) -> bool:
    """The conditions, evaluated one by one."""
    if "stage" in where and deal.dealstage not in {STAGES[name] for name in cast("list[str]", where["stage"])}:
        return False
    if "owner" in where and deal.hubspot_owner_id != OWNERS[str(where["owner"])]:
        return False
    if "amount" not in where:
        return True
    sign, bound = cast("tuple[str, int]", where["amount"])
    return deal.amount is not None and (deal.amount >= bound if sign == ">=" else deal.amount < bound)


def said(where: Mapping[str, object]) -> dict[str, object]:
    """The conditions in words."""
    amount = cast("tuple[str, int] | None", where.get("amount"))
    return {**where, **({"amount": f"{amount[0]} {amount[1]:,}"} if amount else {})}


@settings(max_examples=15)
@given(where=CONDITIONS)
def test_find_gives_what_a_naive_filter_gives(default: Account, deals: list[Deal], where: dict[str, object]) -> None:
    found = cast(
        "Found[Deal]", default.ask("deals", "find", {"where": said(where), "limit": 2000, "properties": "amount"})
    )
    wanted = {deal.id for deal in deals if fits(deal, where)}
    assert {deal.id for deal in found} == wanted
    assert (found.total, found.complete, len(found)) == (len(wanted), True, len(wanted))


@settings(max_examples=10)
@given(where=CONDITIONS, group=st.sampled_from(["dealstage", "hubspot_owner_id"]))
def test_aggregate_gives_what_adding_up_gives(
    default: Account, deals: list[Deal], where: dict[str, object], group: str
) -> None:
    params = {"where": said(where), "groupBy": group, "metrics": ["count", "sum amount", "min amount", "max amount"]}
    answer = default.ask("deals", "aggregate", params).to_dict()
    rows = cast("list[dict[str, dict[str, str | None]]]", answer["rows"])
    chosen = [deal for deal in deals if fits(deal, where)]
    assert answer["complete"] is True
    assert {row["key"][group]: int(row["values"]["count"] or 0) for row in rows} == Counter(
        deal.properties[group] for deal in chosen
    )
    for row in rows:
        amounts = [deal.amount for deal in chosen if deal.properties[group] == row["key"][group]]
        known = [amount for amount in amounts if amount is not None]
        for name, expected in (("sum", sum(known, Decimal(0))), ("min", min(known)), ("max", max(known))):
            assert Decimal(row["values"][f"{name} amount"] or 0) == expected


def test_months_are_those_of_the_portals_time_zone(default: Account, deals: list[Deal]) -> None:
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    answer = default.ask("deals", "aggregate", {"groupBy": "created by month"}).to_dict()
    rows = cast("list[dict[str, dict[str, str]]]", answer["rows"])
    zone = ZoneInfo("US/Eastern")
    months = Counter(f"{deal.createdate.astimezone(zone):%Y-%m}" for deal in deals if deal.createdate)
    assert {row["key"]["createdate by month"]: int(row["values"]["count"]) for row in rows} == months
    assert [row["key"]["createdate by month"] for row in rows] == sorted(months)


@pytest.mark.parametrize(
    ("params", "code", "field"),
    [
        ({"where": {"owner": "Mya Ortega"}}, "unknown_name", "params.where.owner"),
        ({"where": {"company": "Software"}}, "ambiguous_name", "params.where.company"),
        ({"where": {"company": "Frost Clod"}}, "unknown_name", "params.where.company"),
        ({"where": {"company": None}}, "missing", "params.where.company"),
        ({"where": {"stag": "x"}}, "unknown_name", "params.where.stag"),
        ({"where": {"stage": "Nowhere"}}, "unknown_name", "params.where.stage"),
        ({"where": {"team": "Nobody"}}, "unknown_name", "params.where.team"),
        ({"where": {"dealtype": "Odd"}}, "unknown_name", "params.where.dealtype"),
        ({"where": {"dealtype": "> 3"}}, "wrong_type", "params.where.dealtype"),
        ({"where": {"closedate": "soon"}}, "wrong_type", "params.where.closedate"),
        ({"where": {"closedate": "before this qarter"}}, "wrong_type", "params.where.closedate"),
        ({"where": {"closedate": ["today", "tomorrow"]}}, "wrong_type", "params.where.closedate"),
        ({"where": {"closedate": {"contains": "today"}}}, "wrong_type", "params.where.closedate"),
        ({"where": ["x"]}, "wrong_type", "params.where[0]"),
        ({"where": [{"company": "Frost Cloud"}, {"amount": 1}]}, "unsupported_condition", "params.where[0]"),
        ({"where": [{"amount": 1}] * 6}, "unsupported_condition", "params.where"),
        ({"properties": "nothing"}, "unknown_name", "params.properties"),
        ({"sort": "nothing desc"}, "unknown_name", "params.sort"),
    ],
)
def test_what_cannot_be_understood_is_an_error_that_says_where(
    default: Account, params: dict[str, object], code: str, field: str
) -> None:
    with pytest.raises(InvalidParamsError) as raised:
        default.ask("deals", "find", params)
    assert raised.value.errors[0].field.startswith(field)
    assert raised.value.errors[0].error_code == code


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"metrics": "median amount"}, "unknown_metric"),
        ({"metrics": "sum"}, "unknown_metric"),
        ({"metrics": "sum dealname"}, "wrong_type"),
        ({"metrics": "sum closedate"}, "wrong_type"),
        ({"groupBy": "dealname by month"}, "wrong_type"),
        ({"groupBy": "nothing"}, "unknown_name"),
    ],
)
def test_what_cannot_be_worked_out_is_an_error(default: Account, params: dict[str, object], code: str) -> None:
    with pytest.raises(InvalidParamsError) as raised:
        default.ask("deals", "aggregate", params)
    assert raised.value.errors[0].error_code == code


def test_labels_stand_beside_ids_and_the_reading_is_told(default: Account) -> None:
    found = cast("Found[Deal]", default.ask("deals", "find", {"where": {"stage": "Quote sent"}, "limit": 1}))
    [deal] = found
    assert found.label(deal, "dealstage") == "Quote sent"
    assert found.label(deal, "hubspot_owner_id") != deal.hubspot_owner_id
    assert found.label(deal, "dealname") == deal.dealname
    assert found.label(deal, "nothing") is None
    assert found.understood == ["dealstage is Quote sent (98120032)"]
    assert not found.complete
    assert found.note is not None


@pytest.mark.parametrize(
    ("entity", "where", "understood"),
    [
        ("deals", {"dealtype": "not empty"}, "dealtype is known"),
        ("deals", {"closedate": None}, "closedate is unknown"),
        ("deals", {"stage": "not Closed won"}, "dealstage is not Closed Won (closedwon)"),
        ("deals", {"stage": {"not": ["Closed won", "Closed lost"]}}, "dealstage is not Closed Won (closedwon), Closed"),
        ("deals", {"stage": "Contract sent, Negotiation"}, "dealstage is Contract Sent (contractsent), Negotiation (9"),
        ("deals", {"stage": "not in Closed won, Closed lost"}, "dealstage is not Closed Won (closedwon), Closed Lost"),
        ("deals", {"created": "more than 90 days ago"}, "createdate LT 2026-0"),
        ("deals", {"status": "Upcoming"}, "dealstage is Upcoming (98120031)"),
        (
            "deals",
            {"created": "between 2026-01-01 and 2026-03-31"},
            "createdate from 2026-01-01T00:00-05:00 until before",
        ),
        (
            "deals",
            {"created": "between 2026-01-01 and 2026-03-31T12:00"},
            "createdate from 2026-01-01T00:00-05:00 until",
        ),
        ("deals", {"created": "after 2026-01-01"}, "createdate GTE 2026-01-02T00:00-05:00"),
        ("deals", {"created": "until 2026-01-01"}, "createdate LT 2026-01-02T00:00-05:00"),
        ("deals", {"created": "> 2026-01-01T12:00"}, "createdate GT 2026-01-01T12:00-05:00"),
        ("deals", {"created": "before last year"}, "createdate LT 2025-01-01T00:00-05:00"),
        ("deals", {"modified": "this year"}, "hs_lastmodifieddate from 2026-01-01"),
        ("deals", {"amount": "between 1k and 5k"}, "amount between 1000 and 5000"),
        ("deals", {"amount": {"not": 5}}, "amount is not '5'"),
        ("deals", {"amount": [5, 6]}, "amount is '5' or '6'"),
        ("deals", {"name": "contains renewal"}, "dealname contains the word 'renewal'"),
        ("deals", {"name": "starts with Frost"}, "dealname contains 'Frost*'"),
        ("deals", {"hs_is_closed": "yes"}, "hs_is_closed is 'true'"),
        ("deals", {"Deal Name": ["Frost Cloud - renewal", "x"]}, "dealname is 'Frost Cloud - renewal' or 'x'"),
        (
            "deals",
            {"company": ["Frost Cloud", "602200306343"]},
            "linked to companies: Frost Cloud (602200301128), 6022",
        ),
        ("contacts", {"name": "Ivan Fischer"}, "name is 'Ivan Fischer'"),
        ("contacts", {"name": "Ivan"}, "name is 'Ivan'"),
        ("contacts", {"email": "ivan.fischer@pioneersoftware.example"}, "email is 'ivan.fischer@pioneersoftware.exa"),
        ("contacts", {"Email": "contains fischer"}, "email contains the word 'fischer'"),
        ("contacts", {"emails": {"created": "this year"}}, "linked to "),
        ("tickets", {"state": "closed"}, "hs_is_closed is true"),
        ("contacts", {"created": "this year", "owner": "maya"}, "createdate from 2026-01-01"),
        ("tickets", {"category": {"contains": "PRODUCT_ISSUE"}}, "hs_ticket_category contains 'PRODUCT_ISSUE'"),
        ("deals", {"contact": "ivan.fischer@pioneersoftware.example"}, "linked to contacts: Ivan Fischer"),
        ("contacts", {"hs_all_owner_ids": "88001005"}, "hs_all_owner_ids is 88001005"),
    ],
)
def test_a_condition_is_read_as_people_mean_it(
    default: Account, entity: str, where: dict[str, object], understood: str
) -> None:
    found = default.ask(entity, "find", {"where": where, "limit": 1}).to_dict()
    assert cast("list[str]", found["understood"])[0].startswith(understood)


def test_a_date_without_time_is_the_same_day_in_every_zone(default: Account) -> None:
    params = {"objectType": "2-30417762", "where": {"installed_on": "2026-10-01"}, "limit": 200}
    found = default.ask("objects", "find", params).to_dict()
    records = cast("list[dict[str, dict[str, str]]]", found["data"])
    assert {record["properties"]["installed_on"] for record in records} <= {"2026-10-01"}
    assert found["understood"] == ["installed_on from 2026-10-01 until before 2026-10-02"]
    by_day = default.ask("objects", "aggregate", {"objectType": "2-30417762", "groupBy": "installed_on"}).to_dict()
    assert cast("list[dict[str, object]]", by_day["rows"])[0]["label"] == {}
    as_deals = default.ask("objects", "find", {"objectType": "DEAL", "limit": 1}).to_dict()
    assert "dealname" in cast("list[dict[str, dict[str, str]]]", as_deals["data"])[0]["properties"]


@pytest.mark.parametrize(
    "sort", ["newest", "oldest", "amount asc", "-amount", "Deal Name", "closedate desc", "-closedate"]
)
def test_an_order_is_the_same_beyond_the_reach_of_a_search(
    default: Account, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    params = {
        "sort": sort,
        "where": {"pipeline": "Sales pipeline"},
        "limit": 2000,
        "properties": "amount,closedate,dealname",
    }
    within = cast("Found[Deal]", default.ask("deals", "find", params))
    monkeypatch.setattr(searching, "REACH", 50)
    beyond = cast("Found[Deal]", default.ask("deals", "find", params))
    assert len(beyond) > 200
    assert {deal.id for deal in beyond} == {deal.id for deal in within}
    name = {"newest": "createdate", "oldest": "createdate", "Deal Name": "dealname"}.get(sort) or sort.strip(
        "-"
    ).split()[0]
    assert [deal.properties[name] for deal in beyond] == [deal.properties[name] for deal in within]


def test_of_more_than_can_be_sorted_the_first_come_and_it_is_said(
    default: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (searching, find_module):
        monkeypatch.setattr(module, "REACH", 400)
        monkeypatch.setattr(module, "MOST_SORTED", 500)
    found = cast("Found[Deal]", default.ask("deals", "find", {"sort": "-amount", "limit": 900, "properties": "amount"}))
    amounts = [deal.amount for deal in found if deal.amount is not None]
    assert (len(found), found.complete, amounts == sorted(amounts, reverse=True)) == (400, False, True)
    assert "no more can be had" in (found.note or "")


def test_what_is_linked_to_many_takes_several_searches_and_comes_once(
    default: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = {"where": {"deal": {"pipeline": "Renewals", "status": "open"}}, "limit": 1000, "properties": "email"}
    at_once = cast("Found[Deal]", default.ask("contacts", "find", params))
    monkeypatch.setattr(where_module, "LINKS_PER_SEARCH", 10)
    in_parts = cast("Found[Deal]", default.ask("contacts", "find", params))
    assert {one.id for one in in_parts} == {one.id for one in at_once}
    assert (in_parts.total, in_parts.complete) == (at_once.total, True)
    counted = default.ask("contacts", "aggregate", {"where": params["where"]}).to_dict()
    assert counted["overall"] == {"count": str(at_once.total)}
    monkeypatch.setattr(setting_module, "MAX_LINKS", 3)
    partly = cast("Found[Deal]", default.ask("contacts", "find", params))
    assert not partly.complete
    assert partly.note is not None
    assert "only the first 3 of" in partly.understood[0]


def test_a_person_is_meant_by_address_or_name_but_two_of_one_name_are_not_guessed_between(default: Account) -> None:
    for said in ("ivan.fischer@pioneersoftware.example", "ivan fischer"):
        assert default.ask("contacts", "overview", {"record": said}).to_dict()["name"] == "Ivan Fischer"
    for said, code in (("Ivan", "ambiguous_name"), ("Quennel", "unknown_name")):
        with pytest.raises(InvalidParamsError) as raised:
            default.ask("contacts", "overview", {"record": said})
        assert raised.value.errors[0].error_code == code


@pytest.mark.parametrize("said", ["installations", "installation", "Installation", "2-30417762"])
def test_a_type_of_the_account_goes_by_its_names(default: Account, said: str) -> None:
    found = default.ask("objects", "aggregate", {"objectType": said}).to_dict()
    assert found["overall"] == {"count": "240"}


def test_an_order_may_be_written_with_a_colon(default: Account) -> None:
    ids = [
        [deal.id for deal in cast("Found[Deal]", default.ask("deals", "find", {"sort": sort, "limit": 3}))]
        for sort in ("-amount", "amount:desc", "amount desc")
    ]
    assert ids[0] == ids[1] == ids[2]


def test_a_type_that_nobody_has_is_refused(default: Account) -> None:
    with pytest.raises(UpstreamRejectedError):
        default.ask("objects", "find", {"objectType": "spaceships"})


@pytest.mark.parametrize("word", ["or", "and", "not"])
def test_conditions_are_not_combined_by_words(default: Account, word: str) -> None:
    with pytest.raises(InvalidParamsError) as raised:
        default.ask("deals", "find", {"where": {word: [{"amount": 1}]}})
    assert raised.value.errors[0].error_code == "unsupported_condition"


def test_an_overview_shows_no_related_records_if_none_are_wanted(default: Account) -> None:
    bare = default.ask("contacts", "overview", {"record": "ivan.fischer@pioneersoftware.example", "related": 0})
    answer = bare.to_dict()
    assert (answer["related"], cast("dict[str, str]", answer["counts"])["companies"]) == ({}, "1")


def test_links_that_would_take_too_many_searches_are_refused(default: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(where_module, "LINKS_PER_SEARCH", 1)
    with pytest.raises(InvalidParamsError) as raised:
        default.ask("contacts", "find", {"where": {"deal": {"pipeline": "Renewals"}}})
    assert raised.value.errors[0].error_code == "unsupported_condition"


def test_nothing_is_linked_to_what_does_not_exist(default: Account) -> None:
    for action, expected in (("find", {"total": 0, "complete": True}), ("aggregate", {"total": 0, "complete": True})):
        answer = default.ask("contacts", action, {"where": {"deal": {"name": "No such deal"}}}).to_dict()
        assert expected.items() <= answer.items()


@pytest.mark.parametrize(
    ("entity", "params", "key", "labelled"),
    [
        ("deals", {"groupBy": "team"}, "team", True),
        ("deals", {"groupBy": "company", "limit": 3}, "companies", True),
        ("deals", {"groupBy": "closedate", "limit": 3}, "closedate by day", False),
        ("deals", {"groupBy": "created by week"}, "createdate by week", False),
        ("deals", {"groupBy": "quarter of close date"}, "closedate by quarter", False),
        ("deals", {"groupBy": "year", "dateProperty": "closedate"}, "closedate by year", False),
        ("deals", {"groupBy": ["stage", "month"]}, "dealstage", True),
        ("deals", {"groupBy": "status"}, "dealstage", True),
        ("tickets", {"groupBy": "status"}, "hs_pipeline_stage", True),
        ("activities", {"groupBy": ["owner"], "kinds": ["calls"]}, "hubspot_owner_id", True),
        ("activities", {"groupBy": "week"}, "hs_timestamp by week", False),
        ("activities", {"groupBy": "contact", "limit": 2, "maxRecords": 100}, "contacts", True),
    ],
)
def test_groups_have_keys_and_what_people_call_them(
    default: Account, entity: str, params: dict[str, object], key: str, *, labelled: bool
) -> None:
    answer = default.ask(entity, "aggregate", params).to_dict()
    row = cast("list[dict[str, dict[str, str]]]", answer["rows"])[0]
    assert key in row["key"]
    assert (key in row["label"]) == labelled


def test_the_first_and_last_of_times_and_of_nothing(default: Account, deals: list[Deal]) -> None:
    metrics = ["min created", "max created", "avg amount"]
    overall = default.ask("deals", "aggregate", {"metrics": metrics}).to_dict()["overall"]
    made = sorted(deal.createdate for deal in deals if deal.createdate)
    first, last, average = cast("dict[str, str]", overall).values()
    assert (datetime.fromisoformat(first), datetime.fromisoformat(last)) == (made[0], made[-1])
    amounts = [deal.amount for deal in deals if deal.amount is not None]
    assert abs(Decimal(average) - sum(amounts, Decimal(0)) / len(amounts)) < Decimal("0.000001")
    nothing = default.ask("deals", "aggregate", {"metrics": metrics, "where": {"name": "No such deal"}}).to_dict()
    assert nothing["overall"] == dict.fromkeys(("min createdate", "max createdate", "avg amount"))


def test_answers_are_iterable_as_their_parts_are(default: Account) -> None:
    activities = cast("Activities", default.ask("activities", "find", {"limit": 2, "query": "call"}))
    assert len(activities) == len([*activities]) == 2
    rows = cast("Aggregate", default.ask("deals", "aggregate", {"groupBy": "pipeline"}))
    assert len(rows) == len([*rows]) == 2
    found = cast("Found[Deal]", default.ask("deals", "find", {"query": "Frost", "limit": 1}))
    assert "Frost" in (found.data[0].dealname or "")


async def test_members_of_a_list_are_found_by_its_name(small: Account) -> None:
    async with small.connect() as hubspot:
        members: list[str | int] = [contact.id for contact in (await hubspot.contacts.list(limit=3))]
        made = await hubspot.lists.create(name="VIP customers", object_type_id="0-1", processing_type="MANUAL")
        await hubspot.lists.add(list_id=made.listId, record_ids=members)
        found = await hubspot.contacts.find(where={"list": "vip customers"})
        assert {contact.id for contact in found} == set(members)


async def test_a_long_text_and_several_choices_are_shown_in_short(small: Account) -> None:
    async with small.connect() as hubspot:
        contact = (await hubspot.contacts.list(limit=1)).data[0]
        await hubspot.activities.log(kind="note", text="x" * 900, records={"contact": contact.id})
        overview = await hubspot.contacts.overview(contact.id)
        assert any("400 more characters" in (one.text or "") for one in overview.activities)
        ticket = await hubspot.tickets.create(
            properties={"subject": "Two", "hs_pipeline_stage": "1", "hs_ticket_category": "PRODUCT_ISSUE;BILLING_ISSUE"}
        )
        found = await hubspot.tickets.find(where={"id": ticket.id})
        assert found.label(ticket, "hs_ticket_category") == "Product issue, Billing issue"


# ---------------------------------------------------------------- plain calls


async def test_a_plain_call_takes_names_where_ids_are_expected(small: Account) -> None:
    async with small.connect() as hubspot:
        owner = (await hubspot.owners.list()).data[0]
        made = await hubspot.deals.create(
            properties={
                "dealname": "X",
                "pipeline": "Sales Pipeline",
                "dealstage": "Contract sent",
                "owner": owner.full_name,
            }
        )
        deal = await hubspot.deals.get(made.id, properties=["dealstage", "pipeline", "hubspot_owner_id"])
        assert (deal.dealstage, deal.pipeline, deal.hubspot_owner_id) == ("contractsent", "default", owner.id)
        batch = await hubspot.deals.batch_update(inputs=[{"id": made.id, "properties": {"dealstage": "Closed Won"}}])
        assert batch.errors == []
        found = await hubspot.deals.api_search(
            filter_groups=[
                {
                    "filters": [
                        {"property_name": "dealstage", "operator": "IN", "values": ["Closed Won", "contractsent"]},
                        {"property_name": "owner", "operator": "EQ", "value": owner.full_name},
                        {"property_name": "dealname", "operator": "EQ", "value": "X"},
                    ]
                }
            ]
        )
        assert [one.id for one in found] == [made.id]


async def test_options_stages_and_conditions_by_their_labels(small: Account) -> None:
    async with small.connect() as hubspot:
        contact = await hubspot.contacts.create(
            properties={"email": "l@acme.example", "lifecyclestage": "Marketing Qualified Lead"}
        )
        assert contact.lifecyclestage == "marketingqualifiedlead"
        ticket = await hubspot.tickets.create(properties={"subject": "T", "hs_pipeline_stage": "closed"})
        assert ticket.hs_pipeline_stage == "4"
        stages = [{"label": "Contract Sent", "display_order": 0, "metadata": {"probability": 0.5}}]
        other = await hubspot.pipelines.create(object_type="deals", label="Other", display_order=5, stages=stages)  # type: ignore[arg-type]
        for stage in ("contractsent", other.stages[0].id):
            await hubspot.deals.create(properties={"dealname": "Both", "dealstage": stage})
        for operator, count in (("EQ", 2), ("NEQ", 0)):
            page = await hubspot.execute(
                "deals",
                "api_search",
                {
                    "filterGroups": [
                        {
                            "filters": [
                                {"propertyName": "dealstage", "operator": operator, "value": "Contract sent"},
                                {"propertyName": "dealname", "operator": "EQ", "value": "Both"},
                            ]
                        }
                    ]
                },
            )
            assert len(cast("Page[Deal]", page)) == count


async def test_a_moment_is_written_as_people_say_it_in_the_portals_time_zone(small: Account) -> None:
    async with small.connect() as hubspot:
        made = await hubspot.deals.create(properties={"dealname": "Said", "closedate": "2 November 2026"})
        assert made.properties["closedate"] == "2026-11-02T05:00:00Z"
        note: dict[str, str | int | float | bool | None] = {"hs_note_body": "x", "hs_timestamp": "Nov 1, 2026 at 9am"}
        written = await hubspot.notes.batch_create(inputs=[{"properties": note}])
        assert written.records[0].properties["hs_timestamp"] == "2026-11-01T14:00:00Z"
        for said in ("soon", "next month"):
            with pytest.raises(InvalidParamsError) as raised:
                await hubspot.deals.update(made.id, properties={"closedate": said})
            assert raised.value.errors[0].field == "params.properties.closedate"
        same = await hubspot.deals.update(made.id, properties={"closedate": "2026-12-24"})
        assert same.properties["closedate"] == "2026-12-24T00:00:00Z"


async def test_a_plain_call_with_ids_is_one_request(small: Account) -> None:
    async with small.connect() as hubspot:
        before = small.portal.log.total
        await hubspot.deals.create(properties={"dealname": "X", "dealstage": "contractsent", "hubspot_owner_id": ""})
        assert small.portal.log.total == before + 1


async def test_the_label_of_an_option_is_understood_after_hubspot_refused_it(small: Account) -> None:
    async with small.connect() as hubspot:
        made = await hubspot.contacts.create(properties={"email": "x@acme.example", "department": "Marketing"})
        assert made.properties["department"] == "marketing"
        with pytest.raises(UpstreamRejectedError):
            await hubspot.contacts.create(properties={"email": "y@acme.example", "department": "Astrology"})


async def test_a_stage_of_several_pipelines_needs_the_pipeline(small: Account) -> None:
    async with small.connect() as hubspot:
        stages = [{"label": "Contract Sent", "display_order": 0, "metadata": {"probability": 0.5}}]
        await hubspot.pipelines.create(object_type="deals", label="Other", display_order=5, stages=stages)  # type: ignore[arg-type]
        with pytest.raises(InvalidParamsError) as raised:
            await hubspot.deals.create(properties={"dealname": "X", "dealstage": "Contract sent"})
        assert raised.value.errors[0].error_code == "ambiguous_name"
        await hubspot.deals.create(properties={"dealname": "X", "pipeline": "Other", "dealstage": "Contract sent"})


# ---------------------------------------------------------------- writes


async def test_a_deal_is_moved_within_its_pipeline_and_to_another_if_that_is_named(small: Account) -> None:
    async with small.connect() as hubspot:
        await hubspot.deals.create(properties={"dealname": "Acme renewal", "dealstage": "contractsent"})
        moved = await hubspot.deals.move_stage("acme renewal", "Closed Won")
        assert (moved.before.stage, moved.after.stage, moved.changed) == ("Contract Sent", "Closed Won", True)
        assert not (await hubspot.deals.move_stage(moved.id, "closedwon")).changed
        with pytest.raises(InvalidParamsError) as raised:
            await hubspot.deals.move_stage(moved.id, "Quote sent")
        assert raised.value.errors[0].error_code == "unknown_name"
        assert raised.value.errors[0].details["candidates"] == []
        moved = await hubspot.deals.move_stage(moved.id, "Quote sent", pipeline="Renewals")
        assert (moved.after.stage, moved.after.pipeline) == ("Quote sent", "Renewals")


async def test_an_activity_is_logged_and_a_task_created_on_records_by_name(small: Account) -> None:
    async with small.connect() as hubspot:
        owner = (await hubspot.owners.list()).data[0]
        deal = await hubspot.deals.create(properties={"dealname": "Acme renewal", "dealstage": "contractsent"})
        for kind in ("note", "call", "email", "meeting"):
            logged = await hubspot.activities.log(
                kind=kind,
                text="They want a quote.",
                records={"deal": "Acme renewal"},
                at="yesterday",
                owner=owner.full_name,
            )
            assert (logged.linked, logged.owner_id) == ({"deals": {deal.id: "Acme renewal"}}, owner.id)
        await hubspot.activities.log(kind="note", title="Title", text="Text", records={"deal": [deal.id]})
        task = await hubspot.tasks.create_task(
            title="Follow up", due="in 3 days", records={"deal": deal.id}, text="Call them", priority="HIGH"
        )
        assert task.kind == "tasks"
        overview = await hubspot.deals.overview(deal.id)
        assert sorted(one.kind for one in overview.activities) == [
            "calls",
            "emails",
            "meetings",
            "notes",
            "notes",
            "tasks",
        ]
        assert overview.counts["notes"] == "2"
        assert (await hubspot.deals.overview(deal.id, activities=0)).activities == []
        for wrong in ({"records": {"galaxy": "x"}}, {"records": {"deal": deal.id}, "at": "soon"}):
            with pytest.raises(InvalidParamsError):
                await hubspot.execute("activities", "log", {"kind": "note", "text": "x", **wrong})
        with pytest.raises(InvalidParamsError) as raised:
            await hubspot.execute("activities", "log", {"kind": "note", "text": "x", "records": {"dael": deal.id}})
        assert raised.value.errors[0].details["candidates"] == [{"id": "deals", "label": "deals"}]


async def test_a_deal_without_owner_currency_or_date_is_counted_with_the_rest(small: Account) -> None:
    async with small.connect() as hubspot:
        await hubspot.deals.create(properties={"dealname": "Bare", "dealstage": "contractsent", "amount": 7})
        where: dict[str, object] = {"name": "Bare"}
        answer = await hubspot.deals.aggregate(
            where=where, metrics="sum amount", group_by=["team", "closedate by month"]
        )
        [row] = answer
        assert row.key == {"team": None, "closedate by month": None}
        assert row.label == {"team": "(none)"}
        assert (answer.currency, answer.overall) == ("USD", {"sum amount": "7"})
        nobody = await hubspot.deals.find(where=where, properties="hubspot_owner_id,dealtype,amount")
        assert nobody.labels == {}


async def test_a_record_is_upserted_by_what_names_it(small: Account) -> None:
    async with small.connect() as hubspot:
        made = await hubspot.companies.upsert_by(
            by={"domain": "new.example"}, properties={"name": "New", "city": "Graz"}
        )
        again = await hubspot.companies.upsert_by(by={"domain": "new.example"}, properties={"city": "Wien"})
        assert (made.created, again.created, again.record.id) == (True, False, made.record.id)
        assert again.changed == {"city": "Graz"}
        contact = await hubspot.contacts.upsert_by(by={"email": "a@new.example"}, properties={"lastname": "A"})
        assert contact.created
        await hubspot.companies.create(properties={"name": "Twin", "domain": "new.example"})
        with pytest.raises(InvalidParamsError) as raised:
            await hubspot.companies.upsert_by(by={"domain": "new.example"}, properties={"city": "Linz"})
        assert raised.value.errors[0].error_code == "ambiguous_name"


async def test_amounts_of_several_currencies_are_not_added_up(small: Account) -> None:
    async with small.connect() as hubspot:
        for code, amount in (("USD", 10), ("EUR", 5), ("EUR", 0.1)):
            properties = {"dealname": "Mix", "dealstage": "contractsent", "amount": amount, "deal_currency_code": code}
            await hubspot.deals.create(properties=properties)  # type: ignore[arg-type]
        answer = await hubspot.deals.aggregate(where={"name": "Mix"}, metrics="sum amount")
        assert answer.overall == {"sum amount": None}
        assert {row.key["deal_currency_code"]: row.values["sum amount"] for row in answer} == {
            "USD": "10",
            "EUR": "5.1",
        }
        assert (answer.currency, answer.complete) == (None, True)
        partly = await hubspot.deals.aggregate(metrics="avg amount", max_records=2)
        assert not partly.complete


async def test_the_portal_is_described_in_short(small: Account) -> None:
    async with small.connect() as hubspot:
        told = await hubspot.account.describe_portal(object_types=["deals"])
        assert told.pipelines["deals"]["Renewals"][0] == "Upcoming"
        assert [*told.properties] == ["deals"]
        own = await hubspot.account.describe_portal(object_types="contacts", custom_only=True)
        assert "department" in {item.name for item in own.properties["contacts"]}
        types = await hubspot.account.describe_portal(object_types=["installation"], custom_only=True)
        assert "serial_number" in {item.name for item in types.properties["installation"]}


async def test_a_description_names_what_may_not_be_read(small: Account) -> None:
    denied = {"pipelines", "properties", "owners", "schemas"}

    async def allow(operation: Operation, params: Params) -> None:
        del params
        if operation.entity in denied:
            raise PermissionDeniedError("Not these.")

    async with small.connect() as hubspot:
        executor = cast("LocalExecutor", hubspot._open())
        describe = CATALOG.find("account", "describe_portal")
        answer = await executor.send(Call(describe, {"objectTypes": "deals"}), describe.shape.decode, allow=allow)
        told = cast("PortalDescription", answer)
        assert told.not_read == [
            *("pipelines of deals", "pipelines of tickets", "owners", "schemas", "properties of deals")
        ]
