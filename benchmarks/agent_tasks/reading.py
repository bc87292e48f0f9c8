"""Questions over several kinds of records, over names that two have, and over figures."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date
from typing import TYPE_CHECKING, Final

from .book import Book, Row, is_open, is_won, moment, top
from .task import Expected, Task

if TYPE_CHECKING:
    from .agent import Agent
    from .task import Answer

_HALLOWEEN: Final = date(2026, 10, 31)
_SOLD: Final = "River Marine - site monitoring"
_NOW: Final = moment(2026, 11, 2, 4)


# ---------------------------------------------------------------- names that several have


def _company_named_ivory(book: Book) -> Expected:
    return Expected({"candidates": {row.name for row in book.rows("companies") if row.name.startswith("Ivory ")}})


async def _solve_company_named_ivory(agent: Agent) -> Answer:
    seen = await agent.execute("deals", "find", {"where": {"company": "Ivory"}})
    return {"candidates": [name for name, _ in seen.candidates]}


def _two_elenas(book: Book) -> Expected:
    return Expected({"candidates": {row["email"] for row in book.rows("contacts") if row.name == "Elena Lindgren"}})


async def _solve_two_elenas(agent: Agent) -> Answer:
    seen = await agent.execute("contacts", "overview", {"record": "Elena Lindgren"})
    return {"candidates": [email for _, email in seen.candidates]}


def _misspelt_owner(book: Book) -> Expected:
    deals = book.rows("deals", lambda deal: book.owner(deal) == "Jonas Weber" and is_open(deal))
    return Expected({"owner": "Jonas Weber", "deals": len(deals)})


async def _solve_misspelt_owner(agent: Agent) -> Answer:
    refused = await agent.execute("deals", "aggregate", {"where": {"owner": "Jonas Webber", "status": "open"}})
    seen = await agent.call("hubspot_execute", refused.correction)
    return {"owner": refused.candidates[0][0], "deals": seen.overall["count"]}


def _unknown_property(_book: Book) -> Expected:
    return Expected({"exists": False})


async def _solve_unknown_property(agent: Agent) -> Answer:
    seen = await agent.execute("contacts", "find", {"properties": ["NPS score"], "limit": 1})
    return {"exists": "no property 'NPS score'" not in seen.text}


# ---------------------------------------------------------------- times


def _halloween(book: Book) -> Expected:
    return Expected({"tickets": sum(row.day("createdate") == _HALLOWEEN for row in book.rows("tickets"))})


async def _solve_halloween(agent: Agent) -> Answer:
    seen = await agent.execute("tickets", "aggregate", {"where": {"created": "2026-10-31"}})
    return {"tickets": seen.overall["count"]}


def _halloween_in_utc(book: Book) -> Expected:
    created = [at.astimezone(UTC).date() for row in book.rows("tickets") if (at := row.at("createdate")) is not None]
    return Expected({"tickets": created.count(_HALLOWEEN)})


async def _solve_halloween_in_utc(agent: Agent) -> Answer:
    where = {"created": {"gte": "2026-10-31T00:00Z", "lt": "2026-11-01T00:00Z"}}
    seen = await agent.execute("tickets", "aggregate", {"where": where})
    return {"tickets": seen.overall["count"]}


def _tickets_by_day(book: Book) -> Expected:
    days = Counter(row.day("createdate").isoformat() for row in book.rows("tickets"))
    week = [date(2026, 10, day).isoformat() for day in range(26, 32)] + ["2026-11-01"]
    return Expected({"by_day": {day: days[day] for day in week}})


async def _solve_tickets_by_day(agent: Agent) -> Answer:
    params: Answer = {"where": {"created": "last week"}, "groupBy": "created by day"}
    seen = await agent.execute("tickets", "aggregate", params)
    return {"by_day": {row["createdate by day"]: row["count"] for row in seen.rows}}


def _overdue(book: Book) -> Expected:
    late = [
        task
        for task in book.rows("tasks", lambda task: task["hs_task_status"] != "COMPLETED")
        if (due := task.at("hs_timestamp")) is not None and due < _NOW
    ]
    return Expected({"overdue": dict(Counter(map(book.owner, late)))})


async def _solve_overdue(agent: Agent) -> Answer:
    params: Answer = {"where": {"status": "not Completed", "due": "before now"}, "groupBy": "owner"}
    seen = await agent.execute("tasks", "aggregate", params)
    return {"overdue": {row["hubspot_owner_id"]: row["count"] for row in seen.rows}}


def _old_deals(book: Book) -> Expected:
    day = date(2026, 8, 4)
    old = book.rows("deals", lambda deal: is_open(deal) and deal.day("createdate") < day)
    return Expected({"deals": len(old), "amount": sum(deal.amount() for deal in old)})


async def _solve_old_deals(agent: Agent) -> Answer:
    where = {"status": "open", "created": "more than 90 days ago"}
    seen = await agent.execute("deals", "aggregate", {"where": where, "metrics": ["count", "sum amount"]})
    return {"deals": seen.overall["count"], "amount": seen.overall["sum amount"]}


# ---------------------------------------------------------------- over several kinds of records


def _finance_people(book: Book) -> Expected:
    deals = book.rows("deals", lambda deal: book.stage(deal) == "Contract Sent")
    people = {person.id: person for deal in deals for person in book.linked(deal, "contacts")}
    return Expected({"emails": {one["email"] for one in people.values() if one["department"] == "finance"}})


async def _solve_finance_people(agent: Agent) -> Answer:
    where = {"deal": {"stage": "Contract sent"}, "department": "Finance"}
    seen = await agent.execute("contacts", "find", {"where": where})
    return {"emails": seen.column("email")}


def _banking(book: Book) -> Expected:
    banks = book.rows("companies", lambda company: company["industry"] == "BANKING")
    deals = {deal.id: deal for bank in banks for deal in book.linked(bank, "deals") if is_open(deal)}
    return Expected({"deals": len(deals), "amount": sum(deal.amount() for deal in deals.values())})


async def _solve_banking(agent: Agent) -> Answer:
    where = {"status": "open", "company": {"industry": "Banking"}}
    seen = await agent.execute("deals", "aggregate", {"where": where, "metrics": ["count", "sum amount"]})
    return {"deals": seen.overall["count"], "amount": seen.overall["sum amount"]}


def _late_owner(book: Book) -> Expected:
    [deal] = top(book.rows("deals", lambda deal: is_won(deal) and deal.day("closedate").year == 2026), Row.amount, 1)
    owner = deal["hubspot_owner_id"]
    waiting = book.rows("tasks", lambda task: task["hs_task_status"] == "NOT_STARTED")
    return Expected(
        {
            "deal": deal.name,
            "owner": book.owner(deal),
            "tasks": sum(task["hubspot_owner_id"] == owner for task in waiting),
        }
    )


async def _solve_late_owner(agent: Agent) -> Answer:
    where = {"status": "won", "closedate": "this year"}
    [deal] = (await agent.execute("deals", "find", {"where": where, "sort": "-amount", "limit": 1})).rows
    owner = deal["hubspot_owner_id"]
    seen = await agent.execute("tasks", "aggregate", {"where": {"owner": owner, "status": "Not started"}})
    return {"deal": deal["dealname"], "owner": owner, "tasks": seen.overall["count"]}


def _urgent_customers(book: Book) -> Expected:
    urgent = book.rows("tickets", lambda ticket: is_open(ticket) and ticket["hs_ticket_priority"] == "HIGH")
    companies = {company.id: company for ticket in urgent for company in book.linked(ticket, "companies")}
    rich = top(companies.values(), lambda company: company.amount("annualrevenue"), 3)
    return Expected({"companies": [company.name for company in rich]})


async def _solve_urgent_customers(agent: Agent) -> Answer:
    where = {"ticket": {"status": "open", "priority": "High"}}
    seen = await agent.execute("companies", "find", {"where": where, "sort": "-annualrevenue", "limit": 3})
    return {"companies": seen.column("name")}


def _idle_customers(book: Book) -> Expected:
    idle = [
        company
        for company in book.rows("companies", lambda company: company["lifecyclestage"] == "customer")
        if not any(map(is_open, book.linked(company, "deals")))
    ]
    rich = top(idle, lambda company: company.amount("annualrevenue"), 5)
    return Expected({"count": len(idle), "largest": [company.name for company in rich]})


async def _solve_idle_customers(agent: Agent) -> Answer:
    where = {"stage": "Customer", "hs_num_open_deals": 0}
    params: Answer = {"where": where, "sort": "-annualrevenue", "limit": 5, "properties": ["name"]}
    seen = await agent.execute("companies", "find", params)
    return {"count": seen.receipt["of"], "largest": seen.column("name")}


def _sold_to(book: Book) -> Expected:
    items = book.linked(book.one("deals", dealname=_SOLD), "line_items")
    return Expected({"items": {row.name: row.amount("quantity") for row in items}})


async def _solve_sold_to(agent: Agent) -> Answer:
    seen = await agent.execute("line_items", "find", {"where": {"deal": _SOLD}})
    return {"items": {row["name"]: row["quantity"] for row in seen.rows}}


READING: Final = (
    Task(
        "a_name_of_several_companies",
        "Which deals does Ivory have? If several companies may be meant, do not guess: name them.",
        '{"candidates": [names of the companies]}',
        _company_named_ivory,
        _solve_company_named_ivory,
    ),
    Task(
        "a_name_of_two_people",
        "What has happened lately with our contact Elena Lindgren? If several people may be meant, do not guess: give "
        "the e-mail addresses of all.",
        '{"candidates": [addresses]}',
        _two_elenas,
        _solve_two_elenas,
    ),
    Task(
        "a_misspelt_owner",
        "How many open deals does our colleague Jonas Webber own? The name may be misspelt.",
        '{"owner": "right name", "deals": 0}',
        _misspelt_owner,
        _solve_misspelt_owner,
    ),
    Task(
        "a_property_that_is_not_there",
        "Do we keep an NPS score of our contacts, as a property of that name?",
        '{"exists": true or false}',
        _unknown_property,
        _solve_unknown_property,
    ),
    Task(
        "a_day_in_the_accounts_time_zone",
        "How many tickets were created on 31 October 2026, a day of our own time zone?",
        '{"tickets": 0}',
        _halloween,
        _solve_halloween,
    ),
    Task(
        "a_day_in_utc",
        "How many tickets were created on 31 October 2026, counted as a day of UTC?",
        '{"tickets": 0}',
        _halloween_in_utc,
        _solve_halloween_in_utc,
    ),
    Task(
        "tickets_by_day",
        "How many tickets were created on each day of last week, Monday to Sunday, in our time zone?",
        '{"by_day": {"2026-12-31": 0}}',
        _tickets_by_day,
        _solve_tickets_by_day,
    ),
    Task(
        "overdue_tasks",
        "How many tasks are overdue, by owner? Tasks in progress count, completed ones do not.",
        '{"overdue": {"name": 0}}',
        _overdue,
        _solve_overdue,
    ),
    Task(
        "deals_that_are_old",
        "How many open deals were created more than 90 days ago, that is before 4 August 2026, and what are they worth "
        "together?",
        '{"deals": 0, "amount": 0}',
        _old_deals,
        _solve_old_deals,
    ),
    Task(
        "people_of_deals",
        "Which contacts in finance departments are linked to deals in the stage Contract Sent?",
        '{"emails": [addresses]}',
        _finance_people,
        _solve_finance_people,
    ),
    Task(
        "deals_of_an_industry",
        "How many open deals do we have with companies in banking, and what are they worth together?",
        '{"deals": 0, "amount": 0}',
        _banking,
        _solve_banking,
    ),
    Task(
        "tasks_of_a_deals_owner",
        "Which is the largest deal won this year, who owns it, and how many tasks of that owner are not started?",
        '{"deal": "name", "owner": "name", "tasks": 0}',
        _late_owner,
        _solve_late_owner,
    ),
    Task(
        "customers_with_urgent_tickets",
        "Of the companies with an open ticket of high priority, which three have the largest annual revenue? The "
        "largest first.",
        '{"companies": [names]}',
        _urgent_customers,
        _solve_urgent_customers,
    ),
    Task(
        "customers_without_an_open_deal",
        "How many companies in the life-cycle stage Customer have no open deal, and which five of them have the "
        "largest annual revenue, the largest first?",
        '{"count": 0, "largest": [names]}',
        _idle_customers,
        _solve_idle_customers,
    ),
    Task(
        "what_a_deal_sold",
        f"What did we sell in the deal '{_SOLD}', and how many of each?",
        '{"items": {"product": 0}}',
        _sold_to,
        _solve_sold_to,
    ),
)
"""Nothing is changed."""
