"""The sixteen questions that agents with HubSpot are asked most."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from .book import ACTIVITIES, TYPE, Book, Row, moment, top
from .changes import New
from .task import Expected, Task

if TYPE_CHECKING:
    from .agent import Agent
    from .task import Answer

_COMPANY: Final = "Pacific Farms"
_EMPLOYER: Final = "Indigo Solutions"
_COMPLAINANT: Final = "Rowan Foods"
_FOLLOWED: Final = "North Systems - gateway upgrade"
_SUBJECT: Final = "Monitoring prices for 2027"
_TEXT: Final = "Our prices for monitoring stay as they are in 2027."
_NEW_CONTACT: Final = {
    "email": "ada.lovelace@analytical.example",
    "firstname": "Ada",
    "lastname": "Lovelace",
    "jobtitle": "Mathematician",
}


def _names(rows: list[Row]) -> list[str]:
    return [row.name for row in rows]


def _recent_deals(book: Book) -> Expected:
    return Expected({"deals": _names(book.newest("deals", 10))})


async def _solve_recent_deals(agent: Agent) -> Answer:
    seen = await agent.execute("deals", "find", {"sort": "-createdate", "limit": 10})
    return {"deals": seen.column("dealname")}


def _recent_tickets(book: Book) -> Expected:
    rows = book.newest("tickets", 10)
    return Expected({"tickets": [{"subject": row.name, "status": book.stage(row)} for row in rows]})


async def _solve_recent_tickets(agent: Agent) -> Answer:
    seen = await agent.execute("tickets", "find", {"sort": "-createdate", "limit": 10})
    return {"tickets": [{"subject": row["subject"], "status": row["hs_pipeline_stage"]} for row in seen.rows]}


def _companies(book: Book) -> Expected:
    return Expected({"total": len(book.rows("companies")), "newest": _names(book.newest("companies", 20))})


async def _solve_companies(agent: Agent) -> Answer:
    seen = await agent.execute("companies", "find", {"limit": 20})
    return {"total": seen.receipt["of"], "newest": seen.column("name")}


def _contacts(book: Book) -> Expected:
    newest = [row["email"] for row in book.newest("contacts", 20)]
    return Expected({"total": len(book.rows("contacts")), "newest": newest})


async def _solve_contacts(agent: Agent) -> Answer:
    seen = await agent.execute("contacts", "find", {"limit": 20})
    return {"total": seen.receipt["of"], "newest": seen.column("email")}


def _deals_of_company(book: Book) -> Expected:
    deals = book.linked(book.one("companies", name=_COMPANY), "deals")
    fitting = [deal for deal in deals if date(2026, 10, 1) <= deal.day("closedate") < date(2027, 1, 1)]
    by_amount = top(fitting, Row.amount, len(fitting))
    return Expected({"deals": _names(by_amount), "amount": sum(deal.amount() for deal in fitting)})


async def _solve_deals_of_company(agent: Agent) -> Answer:
    where = {"company": _COMPANY, "closedate": "this quarter"}
    seen = await agent.execute("deals", "find", {"where": where, "sort": "-amount"})
    return {"deals": seen.column("dealname"), "amount": sum(map(int, seen.column("amount")))}


def _top_deals(book: Book) -> Expected:
    still_open = book.rows("deals", lambda deal: deal["hs_is_closed"] == "false")
    rows = top(still_open, Row.amount, 5)
    return Expected({"deals": [{"name": row.name, "amount": row.amount()} for row in rows]})


async def _solve_top_deals(agent: Agent) -> Answer:
    seen = await agent.execute("deals", "find", {"where": {"status": "open"}, "sort": "-amount", "limit": 5})
    return {"deals": [{"name": row["dealname"], "amount": row["amount"]} for row in seen.rows]}


def _marketing_contacts(book: Book) -> Expected:
    people = book.linked(book.one("companies", name=_EMPLOYER), "contacts")
    return Expected({"emails": {row["email"] for row in people if row["department"] == "marketing"}})


async def _solve_marketing_contacts(agent: Agent) -> Answer:
    seen = await agent.execute("contacts", "find", {"where": {"company": _EMPLOYER, "department": "Marketing"}})
    return {"emails": seen.column("email")}


def _team_deals(book: Book) -> Expected:
    since, team = moment(2026, 10, 3), book.teams["Enterprise"]
    deals = [
        deal
        for deal in book.rows("deals", lambda deal: deal["hubspot_owner_id"] in team)
        if (created_at := deal.at("createdate")) is not None and created_at >= since
    ]
    by_owner = Counter(map(book.owner, deals))
    amount = sum(deal.amount() for deal in deals)
    return Expected({"count": len(deals), "amount": amount, "by_owner": dict(by_owner)})


async def _solve_team_deals(agent: Agent) -> Answer:
    where = {"team": "Enterprise", "created": "last 30 days"}
    params: Answer = {"where": where, "metrics": ["count", "sum amount"], "groupBy": "owner"}
    seen = await agent.execute("deals", "aggregate", params)
    by_owner = {row["hubspot_owner_id"]: row["count"] for row in seen.rows}
    return {"count": seen.overall["count"], "amount": seen.overall["sum amount"], "by_owner": by_owner}


def _active_companies(book: Book) -> Expected:
    counts = Counter[str]()
    for kind in ACTIVITIES:
        for activity in book.rows(kind):
            if date(2026, 11, 1) <= activity.day("hs_timestamp") < date(2026, 12, 1):
                counts.update(company.id for company in book.linked(activity, "companies"))
    rows = top(book.rows("companies"), lambda company: counts[company.id], 5)
    return Expected({"companies": [{"name": row.name, "activities": counts[row.id]} for row in rows]})


async def _solve_active_companies(agent: Agent) -> Answer:
    params: Answer = {"where": {"date": "this month"}, "groupBy": "company", "limit": 5}
    seen = await agent.execute("activities", "aggregate", params)
    return {"companies": [{"name": row["companies"], "activities": row["count"]} for row in seen.rows]}


def _won_by_owner(book: Book) -> Expected:
    won = book.rows("deals", lambda deal: deal["hs_is_closed_won"] == "true")
    amounts: dict[str, Decimal] = {}
    for deal in won:
        amounts[book.owner(deal)] = amounts.get(book.owner(deal), Decimal(0)) + deal.amount()
    counts = Counter(map(book.owner, won))
    return Expected({"won": {name: {"deals": counts[name], "amount": amount} for name, amount in amounts.items()}})


async def _solve_won_by_owner(agent: Agent) -> Answer:
    params: Answer = {"where": {"status": "won"}, "metrics": ["count", "sum amount"], "groupBy": "owner"}
    seen = await agent.execute("deals", "aggregate", params)
    won = {row["hubspot_owner_id"]: {"deals": row["count"], "amount": row["sum amount"]} for row in seen.rows}
    return {"won": won}


def _issue_tickets(book: Book) -> Expected:
    about = book.rows("tickets", lambda ticket: "pair" in ticket["subject"].casefold())
    return Expected({"by_status": dict(Counter(map(book.stage, about)))})


async def _solve_issue_tickets(agent: Agent) -> Answer:
    params: Answer = {"where": {"subject": "contains pair"}, "groupBy": "stage"}
    seen = await agent.execute("tickets", "aggregate", params)
    return {"by_status": {row["hs_pipeline_stage"]: row["count"] for row in seen.rows}}


def _create_contact(_book: Book) -> Expected:
    return Expected({"created": True}, created=[New(TYPE["contacts"], _NEW_CONTACT)])


async def _solve_create_contact(agent: Agent) -> Answer:
    seen = await agent.execute("contacts", "create", {"properties": _NEW_CONTACT})
    return {"created": seen.data["email"] == _NEW_CONTACT["email"]}


def _update_customer(book: Book) -> Expected:
    [person] = [
        row for row in book.linked(book.one("companies", name=_EMPLOYER), "contacts") if row["jobtitle"] == "Controller"
    ]
    return Expected({"name": person.name, "before": person["phone"]}, changed={person.id: {"phone": "+1 212-555-0199"}})


async def _solve_update_customer(agent: Agent) -> Answer:
    seen = await agent.execute("contacts", "find", {"where": {"company": _EMPLOYER, "jobtitle": "Controller"}})
    [person] = seen.rows
    await agent.execute("contacts", "update", {"contactId": person["id"], "properties": {"phone": "+1 212-555-0199"}})
    return {"name": f"{person['firstname']} {person['lastname']}", "before": person["phone"]}


def _delete_ticket(book: Book) -> Expected:
    tickets = book.linked(book.one("companies", name=_COMPLAINANT), "tickets")
    [ticket] = [row for row in tickets if date(2026, 10, 26) <= row.day("createdate") < date(2026, 11, 2)]
    return Expected({"subject": ticket.name}, deleted=frozenset({ticket.id}))


async def _solve_delete_ticket(agent: Agent) -> Answer:
    seen = await agent.execute("tickets", "find", {"where": {"company": _COMPLAINANT, "created": "last week"}})
    [ticket] = seen.rows
    await agent.execute("tickets", "delete", {"ticketId": ticket["id"]})
    return {"subject": ticket["subject"]}


def _follow_up(book: Book) -> Expected:
    deal = book.one("deals", dealname=_FOLLOWED)
    due_ms = round(moment(2026, 11, 6, 9).timestamp() * 1000)
    values = {
        "hs_task_subject": "Follow up on the gateway upgrade",
        "hs_timestamp": str(due_ms),
        "hubspot_owner_id": deal["hubspot_owner_id"],
    }
    answer = {"owner": book.owner(deal), "due": "2026-11-06T14:00Z"}
    return Expected(answer, created=[New(TYPE["tasks"], values, frozenset({deal.id}))])


async def _solve_follow_up(agent: Agent) -> Answer:
    [deal] = (await agent.execute("deals", "find", {"where": {"name": _FOLLOWED}})).rows
    owner = deal["hubspot_owner_id"]
    params: Answer = {
        "title": "Follow up on the gateway upgrade",
        "due": "2026-11-06T09:00",
        "owner": owner,
        "records": {"deal": deal["id"]},
    }
    seen = await agent.execute("tasks", "create_task", params)
    return {"owner": owner, "due": f"{str(seen.data['at'])[:16]}Z"}


def _mail_the_pipeline(book: Book) -> Expected:
    deals = book.rows("deals", lambda deal: book.stage(deal) == "Negotiation")
    people = {person.id: person["email"] for deal in deals for person in book.linked(deal, "contacts")}
    mail = {"hs_email_subject": _SUBJECT, "hs_email_text": _TEXT, "hs_email_direction": "EMAIL"}
    return Expected({"emails": set(people.values())}, created=[New(TYPE["emails"], mail, frozenset(people))])


async def _solve_mail_the_pipeline(agent: Agent) -> Answer:
    params: Answer = {"where": {"deal": {"stage": "Negotiation"}}, "properties": ["email"], "limit": 100}
    seen = await agent.execute("contacts", "find", params)
    mail: Answer = {"kind": "email", "title": _SUBJECT, "text": _TEXT, "records": {"contact": seen.column("id")}}
    await agent.execute("activities", "log", mail)
    return {"emails": seen.column("email")}


QUESTIONS: Final = (
    Task(
        "list_recent_deals",
        "List the ten deals created last, newest first.",
        '{"deals": [names]}',
        _recent_deals,
        _solve_recent_deals,
    ),
    Task(
        "list_recent_tickets",
        "List the ten tickets created last, newest first, with their status.",
        '{"tickets": [{"subject": "..", "status": "name of the stage"}]}',
        _recent_tickets,
        _solve_recent_tickets,
    ),
    Task(
        "list_companies",
        "List our companies: how many there are, and the names of the 20 created last, newest first.",
        '{"total": 0, "newest": [names]}',
        _companies,
        _solve_companies,
    ),
    Task(
        "list_contacts",
        "List our contacts: how many there are, and the e-mail addresses of the 20 created last, newest first.",
        '{"total": 0, "newest": [addresses]}',
        _contacts,
        _solve_contacts,
    ),
    Task(
        "deals_of_a_company",
        f"Show all deals from {_COMPANY} with a close date in this quarter, the largest first, and what they are worth "
        "together.",
        '{"deals": [names], "amount": 0}',
        _deals_of_company,
        _solve_deals_of_company,
    ),
    Task(
        "most_valuable_deals",
        "What are the top 5 most valuable open deals in the pipeline, the largest first?",
        '{"deals": [{"name": "..", "amount": 0}]}',
        _top_deals,
        _solve_top_deals,
    ),
    Task(
        "marketing_contacts",
        f"Find the contacts in the marketing department at {_EMPLOYER}.",
        '{"emails": [addresses]}',
        _marketing_contacts,
        _solve_marketing_contacts,
    ),
    Task(
        "deals_of_a_team",
        "Give me an overview of the Enterprise team's deals that were created in the last 30 days: how many, their "
        "amount, and how many of each owner.",
        '{"count": 0, "amount": 0, "by_owner": {"name": 0}}',
        _team_deals,
        _solve_team_deals,
    ),
    Task(
        "most_active_companies",
        "Which five companies have the most activities (notes, calls, e-mails, meetings, tasks) dated this month? The "
        "most active first.",
        '{"companies": [{"name": "..", "activities": 0}]}',
        _active_companies,
        _solve_active_companies,
    ),
    Task(
        "won_by_each_representative",
        "How many deals has each sales representative won, and for how much?",
        '{"won": {"name": {"deals": 0, "amount": 0}}}',
        _won_by_owner,
        _solve_won_by_owner,
    ),
    Task(
        "tickets_about_an_issue",
        "Customers cannot pair sensors. How many tickets have the word pair in their subject, by status?",
        '{"by_status": {"name of the stage": 0}}',
        _issue_tickets,
        _solve_issue_tickets,
    ),
    Task(
        "create_a_contact",
        "Create a contact: Ada Lovelace, ada.lovelace@analytical.example, job title Mathematician.",
        '{"created": true}',
        _create_contact,
        _solve_create_contact,
        calls=3,
    ),
    Task(
        "update_a_customer",
        f"The controller of {_EMPLOYER} has a new phone number, +1 212-555-0199. Update the contact.",
        '{"name": "name of the contact", "before": "phone number until now"}',
        _update_customer,
        _solve_update_customer,
        calls=3,
    ),
    Task(
        "delete_a_ticket",
        f"Delete the support ticket that {_COMPLAINANT} opened last week.",
        '{"subject": ".."}',
        _delete_ticket,
        _solve_delete_ticket,
        calls=3,
    ),
    Task(
        "follow_up_on_a_deal",
        f"Schedule a task on the deal '{_FOLLOWED}' for its owner: 'Follow up on the gateway upgrade', due this "
        "Friday at 9 in the morning.",
        '{"owner": "name", "due": "when, in UTC, as 2026-12-31T23:59Z"}',
        _follow_up,
        _solve_follow_up,
        calls=3,
    ),
    Task(
        "mail_the_pipeline",
        f"E-mail all contacts of deals in the stage Negotiation of our pipeline: subject '{_SUBJECT}', text '{_TEXT}'. "
        "Our mail program sends it; put it on record as one e-mail on all of these contacts.",
        '{"emails": [addresses]}',
        _mail_the_pipeline,
        _solve_mail_the_pipeline,
        calls=3,
    ),
)
"""In the order in which the project names them."""
