"""Tasks that change something: that, wholly, and nothing else."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from .book import TYPE, Book, Row, moment
from .changes import New
from .task import Expected, Task

if TYPE_CHECKING:
    from .account import Account
    from .agent import Agent
    from .task import Answer

MOVED: Final = "Vista Insurance - energy metering"
"""A deal in the Sales Pipeline."""
_FROM: Final = "Jonas Weber"
_TO: Final = "Hana Sato"
_TWIN: Final = {
    "email": "elena.lindgren@oak.example",
    "firstname": "Elena",
    "lastname": "Lindgren",
    "company": "Oak Robotics",
}


# ---------------------------------------------------------------- stages


def _move(book: Book) -> Expected:
    deal = book.one("deals", dealname=MOVED)
    return Expected({"before": book.stage(deal)}, changed={deal.id: {"dealstage": "contractsent"}})


async def _solve_move(agent: Agent) -> Answer:
    seen = await agent.execute("deals", "move_stage", {"record": MOVED, "stage": "Contract sent"})
    before = seen.data["before"]
    return {"before": before["stage"] if isinstance(before, dict) else None}


def _win(book: Book) -> Expected:
    deal = book.one("deals", dealname=MOVED)
    note = New(TYPE["notes"], {"hs_note_body": "Signed by their head of operations."}, frozenset({deal.id}))
    return Expected(
        {"amount": deal.amount(), "owner": book.owner(deal)},
        changed={deal.id: {"dealstage": "closedwon"}},
        created=[note],
    )


async def _solve_win(agent: Agent) -> Answer:
    [deal] = (await agent.execute("deals", "find", {"where": {"name": MOVED}})).rows
    await agent.execute("deals", "move_stage", {"record": deal["id"], "stage": "Closed won"})
    note: Answer = {"kind": "note", "text": "Signed by their head of operations.", "records": {"deal": deal["id"]}}
    await agent.execute("activities", "log", note)
    return {"amount": deal["amount"], "owner": deal["hubspot_owner_id"]}


def _no_such_stage(_book: Book) -> Expected:
    return Expected({"moved": False, "pipeline_with_that_stage": "Renewals"})


async def _solve_no_such_stage(agent: Agent) -> Answer:
    seen = await agent.execute("deals", "move_stage", {"record": MOVED, "stage": "Negotiation"})
    [pipeline] = re.findall(r"'Negotiation' of '([^']+)'", seen.text)
    return {"moved": "has no stage" not in seen.text, "pipeline_with_that_stage": pipeline}


# ---------------------------------------------------------------- owners


def _hand_over(book: Book) -> Expected:
    deals = book.rows(
        "deals", lambda deal: book.owner(deal) == _FROM and book.stage(deal) == "Decision Maker Bought-In"
    )
    [owner_id] = [owner_id for owner_id, name in book.owners.items() if name == _TO]
    return Expected({"deals": len(deals)}, changed={deal.id: {"hubspot_owner_id": owner_id} for deal in deals})


async def _solve_hand_over(agent: Agent) -> Answer:
    where = {"owner": _FROM, "stage": "Decision Maker Bought-In"}
    seen = await agent.execute("deals", "find", {"where": where, "properties": ["dealname"], "limit": 100})
    inputs = [{"id": deal, "properties": {"owner": _TO}} for deal in seen.column("id")]
    done = await agent.execute("deals", "batch_update", {"inputs": inputs}, select_fields=["id"])
    return {"deals": len(done.rows)}


def _postpone(book: Book) -> Expected:
    deal = book.one("deals", dealname=MOVED)
    closes_ms = round(moment(2026, 11, 20).timestamp() * 1000)
    return Expected({"before": deal.day("closedate").isoformat()}, changed={deal.id: {"closedate": str(closes_ms)}})


async def _solve_postpone(agent: Agent) -> Answer:
    [deal] = (await agent.execute("deals", "find", {"where": {"name": MOVED}})).rows
    await agent.execute("deals", "update", {"dealId": deal["id"], "properties": {"closedate": "20 November 2026"}})
    return {"before": deal["closedate"][:10]}


# ---------------------------------------------------------------- customers


def _raise_amount(book: Book) -> Expected:
    deal = book.one("deals", dealname=MOVED)
    amount = deal.amount() * Decimal("1.1")
    return Expected(
        {"before": deal.amount(), "after": amount}, changed={deal.id: {"amount": f"{amount.normalize():f}"}}
    )


async def _solve_raise_amount(agent: Agent) -> Answer:
    [deal] = (await agent.execute("deals", "find", {"where": {"name": MOVED}})).rows
    amount = Decimal(deal["amount"]) * Decimal("1.1")
    params: Answer = {"dealId": deal["id"], "properties": {"amount": f"{amount.normalize():f}"}}
    await agent.execute("deals", "update", params)
    seen = await agent.execute("deals", "get", {"dealId": deal["id"], "properties": ["amount"]})
    return {"before": deal["amount"], "after": seen.data["amount"]}


def _known_company(book: Book) -> Expected:
    company = book.one("companies", domain="tealgoods.example")
    return Expected({"created": False, "before": company["city"]}, changed={company.id: {"city": "Graz"}})


async def _solve_company(agent: Agent, domain: str, name: str) -> Answer:
    params: Answer = {"by": {"domain": domain}, "properties": {"name": name, "city": "Graz"}}
    seen = await agent.execute("companies", "upsert_by", params)
    changed = seen.data.get("changed")
    before = changed.get("city") if isinstance(changed, dict) else None
    return {"created": seen.data["created"], "before": before}


async def _solve_known_company(agent: Agent) -> Answer:
    return await _solve_company(agent, "tealgoods.example", "Teal Goods")


def _new_company(_book: Book) -> Expected:
    new = New(TYPE["companies"], {"domain": "murhydro.example", "name": "Mur Hydro", "city": "Graz"})
    return Expected({"created": True, "before": None}, created=[new])


async def _solve_new_company(agent: Agent) -> Answer:
    return await _solve_company(agent, "murhydro.example", "Mur Hydro")


def _known_contact(book: Book) -> Expected:
    person = book.one("contacts", email="katya.evans@pioneerdevices.example")
    return Expected({"created": False, "id": person.id})


async def _solve_known_contact(agent: Agent) -> Answer:
    properties = {"email": "katya.evans@pioneerdevices.example", "firstname": "Katya", "lastname": "Evans"}
    seen = await agent.execute("contacts", "create", {"properties": properties})
    return {"created": "record_exists" not in seen.text, "id": seen.text.partition("Existing ID: ")[2].split(".")[0]}


def _no_such_option(book: Book) -> Expected:
    definition = book.portal.definitions(book.portal.types.by_id(TYPE["contacts"]))["department"]
    return Expected({"updated": False, "departments": {option.label for option in definition.options}})


async def _solve_no_such_option(agent: Agent) -> Answer:
    [person] = (
        await agent.execute("contacts", "find", {"where": {"email": "katya.evans@pioneerdevices.example"}})
    ).rows
    params: Answer = {"contactId": person["id"], "properties": {"department": "Legal"}}
    seen = await agent.execute("contacts", "update", params)
    return {
        "updated": "must be one of" not in seen.text,
        "departments": re.findall(r"'\w+' \(([^)]+)\)", seen.text),
    }


# ---------------------------------------------------------------- duplicates


async def make_twin(account: Account) -> None:
    """Creates a contact that is there already, with another address."""
    await account.send("POST", "/crm/v3/objects/contacts", {"properties": _TWIN})


def elenas(book: Book) -> tuple[Row, Row]:
    """The contact that stays, and its double."""
    known = book.one("contacts", email="elena.lindgren@oakrobotics.example")
    return known, book.one("contacts", email=_TWIN["email"])


def _merge(book: Book) -> Expected:
    known, twin = elenas(book)
    return Expected({"id": known.id}, deleted=frozenset({twin.id}))


async def _solve_merge(agent: Agent) -> Answer:
    where = {"firstname": "Elena", "lastname": "Lindgren", "company name": "Oak Robotics"}
    seen = await agent.execute("contacts", "find", {"where": where, "sort": "createdate"})
    known, twin = seen.column("id")
    await agent.execute("contacts", "merge", {"primaryObjectId": known, "objectIdToMerge": twin})
    return {"id": known}


WRITING: Final = (
    Task(
        "move_a_deal",
        f"Move the deal '{MOVED}' to the stage Contract Sent. In which stage was it before?",
        '{"before": "name of the stage"}',
        _move,
        _solve_move,
    ),
    Task(
        "win_a_deal",
        f"We have won the deal '{MOVED}': close it as won, and note on it exactly this: Signed by their head of "
        "operations. What is it worth, and who owns it?",
        '{"amount": 0, "owner": "name"}',
        _win,
        _solve_win,
        calls=3,
    ),
    Task(
        "a_stage_of_another_pipeline",
        f"Move the deal '{MOVED}' to the stage Negotiation. If its pipeline has no such stage, leave it where it is, "
        "and say which pipeline has one.",
        '{"moved": true or false, "pipeline_with_that_stage": "name"}',
        _no_such_stage,
        _solve_no_such_stage,
    ),
    Task(
        "hand_deals_over",
        f"{_FROM} hands all deals in the stage Decision Maker Bought-In over to {_TO}. Make {_TO} their owner. How "
        "many are there?",
        '{"deals": 0}',
        _hand_over,
        _solve_hand_over,
    ),
    Task(
        "postpone_a_deal",
        f"Set the close date of the deal '{MOVED}' to 20 November 2026, at the beginning of that day in our time zone. "
        "On which day was it to close?",
        '{"before": "day in our time zone, as 2026-12-31"}',
        _postpone,
        _solve_postpone,
        calls=3,
    ),
    Task(
        "raise_an_amount_and_verify",
        f"Raise the amount of the deal '{MOVED}' by 10 percent, then read it back.",
        '{"before": 0, "after": 0}',
        _raise_amount,
        _solve_raise_amount,
        calls=3,
    ),
    Task(
        "save_a_company_that_is_there",
        "Save the company Teal Goods with the domain tealgoods.example in the city of Graz: change it if we have it, "
        "else create it. Which city did we have?",
        '{"created": true or false, "before": "city, or null"}',
        _known_company,
        _solve_known_company,
    ),
    Task(
        "save_a_company_that_is_new",
        "Save the company Mur Hydro with the domain murhydro.example in the city of Graz: change it if we have it, "
        "else create it. Which city did we have?",
        '{"created": true or false, "before": "city, or null"}',
        _new_company,
        _solve_new_company,
    ),
    Task(
        "a_contact_that_exists",
        "Create the contact Katya Evans, katya.evans@pioneerdevices.example. If there is one with this address, change "
        "nothing and give its id.",
        '{"created": true or false, "id": ".."}',
        _known_contact,
        _solve_known_contact,
    ),
    Task(
        "an_option_that_is_not_there",
        "Set the department of katya.evans@pioneerdevices.example to Legal. If there is no such department, change "
        "nothing and name all there are, as people read them.",
        '{"updated": true or false, "departments": [names]}',
        _no_such_option,
        _solve_no_such_option,
        calls=3,
    ),
    Task(
        "merge_a_double",
        "Elena Lindgren of Oak Robotics (that is the company name on both) is in our contacts twice. Merge the newer "
        "contact into the older one, and give the id of the one that stays.",
        '{"id": ".."}',
        _merge,
        _solve_merge,
        calls=3,
        prepare=make_twin,
    ),
)
"""What must have happened is compared to what did."""
