"""Questions to an account of a million contacts, where most answers have more than the 10,000 records of a search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .book import Book, moment, value_sql
from .task import Expected, Task

if TYPE_CHECKING:
    from .agent import Agent
    from .task import Answer

_SOUGHT: Final = "malik.khan@pioneerpartners.example"


def _customers(book: Book) -> Expected:
    [(count,)] = book.select("contacts", "count(*)", f"{value_sql('lifecyclestage')} = 'customer'")
    return Expected({"customers": count})


async def _solve_customers(agent: Agent) -> Answer:
    seen = await agent.execute("contacts", "aggregate", {"where": {"stage": "Customer"}})
    return {"customers": seen.overall["count"]}


def _won_by_owner(book: Book) -> Expected:
    first_ms, after_ms = (round(at.timestamp() * 1000) for at in (moment(2026, 7, 1), moment(2026, 11, 1)))
    rows = book.select(
        "deals",
        f"{value_sql('hubspot_owner_id')}, count(*), CAST(sum({value_sql('amount')}) AS INTEGER)",
        f"{value_sql('hs_is_closed_won')} = 'true' AND {value_sql('closedate')} >= {first_ms} "
        f"AND {value_sql('closedate')} < {after_ms} GROUP BY 1",
    )
    return Expected({"won": {book.owners[str(owner)]: {"deals": deals, "amount": sum_} for owner, deals, sum_ in rows}})


async def _solve_won_by_owner(agent: Agent) -> Answer:
    where = {"status": "won", "closedate": "between 2026-07-01 and 2026-10-31"}
    params: Answer = {"where": where, "metrics": ["count", "sum amount"], "groupBy": "owner"}
    seen = await agent.execute("deals", "aggregate", params)
    won = {row["hubspot_owner_id"]: {"deals": row["count"], "amount": row["sum amount"]} for row in seen.rows}
    return {"won": won}


def _largest_open(book: Book) -> Expected:
    amount = f"CAST({value_sql('amount')} AS REAL)"
    rows = book.select(
        "deals",
        f"{value_sql('dealname')}, CAST({amount} AS INTEGER)",
        f"{value_sql('hs_is_closed')} = 'false' ORDER BY {amount} DESC LIMIT 5",
    )
    return Expected({"deals": [{"name": name, "amount": value} for name, value in rows]})


async def _solve_largest_open(agent: Agent) -> Answer:
    params: Answer = {"where": {"status": "open"}, "sort": "-amount", "limit": 5}
    seen = await agent.execute("deals", "find", params)
    return {"deals": [{"name": row["dealname"], "amount": row["amount"]} for row in seen.rows]}


def _one_of_a_million(book: Book) -> Expected:
    [(name, job, owner)] = book.select(
        "contacts",
        f"{value_sql('firstname')} || ' ' || {value_sql('lastname')}, {value_sql('jobtitle')}, "
        f"{value_sql('hubspot_owner_id')}",
        f"lower({value_sql('email')}) = '{_SOUGHT}'",
    )
    return Expected({"name": name, "job_title": job, "owner": book.owners[str(owner)]})


async def _solve_one_of_a_million(agent: Agent) -> Answer:
    [person] = (await agent.execute("contacts", "find", {"where": {"email": _SOUGHT}})).rows
    name = f"{person['firstname']} {person['lastname']}"
    return {"name": name, "job_title": person["jobtitle"], "owner": person["hubspot_owner_id"]}


CROWD: Final = (
    Task(
        "customers_of_a_million",
        "How many of our contacts are in the life-cycle stage Customer?",
        '{"customers": 0}',
        _customers,
        _solve_customers,
        portal="million",
    ),
    Task(
        "won_by_owner_past_10000",
        "How many deals has each owner won with a close date from July to October 2026, and for how much?",
        '{"won": {"name": {"deals": 0, "amount": 0}}}',
        _won_by_owner,
        _solve_won_by_owner,
        portal="million",
    ),
    Task(
        "largest_of_many_deals",
        "Which five open deals have the largest amounts, the largest first?",
        '{"deals": [{"name": "..", "amount": 0}]}',
        _largest_open,
        _solve_largest_open,
        portal="million",
    ),
    Task(
        "one_of_a_million",
        f"Who is {_SOUGHT}: name, job title, and who of us owns the contact?",
        '{"name": "..", "job_title": "..", "owner": "name"}',
        _one_of_a_million,
        _solve_one_of_a_million,
        portal="million",
    ),
)
"""Nothing is changed."""
