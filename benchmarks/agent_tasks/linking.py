"""Tasks that change links, lists and activities: those, wholly, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .book import TYPE, Book, Row, moment
from .changes import New
from .task import Expected, Task
from .writing import MOVED

if TYPE_CHECKING:
    from .account import Account
    from .agent import Agent, Seen
    from .task import Answer

_BILLED: Final = "Teal Goods"
_BILLED_TO: Final = "Bianca Haas"
_BUSY: Final = "Hana Sato"


# ---------------------------------------------------------------- links


def _understood_id(seen: Seen) -> str:
    """The id of the record to which what was found is linked."""
    return str(seen.data["understood"]).partition("(")[2].partition(")")[0]


def _person(book: Book, company: Row) -> Row:
    [person] = [row for row in book.linked(company, "contacts") if row.name == _BILLED_TO]
    return person


def _bill(book: Book) -> Expected:
    company = book.one("companies", name=_BILLED)
    person = _person(book, company)
    return Expected({"email": person["email"]}, linked=frozenset({(person.id, company.id, "Billing")}))


async def _solve_bill(agent: Agent) -> Answer:
    seen = await agent.execute("contacts", "find", {"where": {"company": _BILLED, "name": _BILLED_TO}})
    [person] = seen.rows
    types: Answer = {"fromObjectType": "contacts", "toObjectType": "companies"}
    labels = (await agent.execute("association_labels", "list", types)).rows
    kinds = [
        {"associationCategory": row["category"], "associationTypeId": row["typeId"]}
        for row in labels
        if row["label"] == "Billing"
    ]
    ends = {"fromObjectId": person["id"], "toObjectId": _understood_id(seen)}
    await agent.execute("associations", "create", {**types, **ends, "types": kinds})
    return {"email": person["email"]}


def _unlink(book: Book) -> Expected:
    deal = book.one("deals", dealname=MOVED)
    [person] = book.linked(deal, "contacts")
    return Expected({"email": person["email"]}, unlinked=frozenset({(person.id, deal.id, "")}))


async def _solve_unlink(agent: Agent) -> Answer:
    seen = await agent.execute("contacts", "find", {"where": {"deal": MOVED}})
    [person] = seen.rows
    ends = {"fromObjectId": _understood_id(seen), "toObjectId": person["id"]}
    await agent.execute("associations", "delete", {"fromObjectType": "deals", "toObjectType": "contacts", **ends})
    return {"email": person["email"]}


async def _make_list(account: Account) -> None:
    body = {"name": "Newsletter", "objectTypeId": TYPE["contacts"], "processingType": "MANUAL"}
    await account.send("POST", "/crm/v3/lists", body)


def _add_to_list(book: Book) -> Expected:
    deals = book.rows("deals", lambda deal: book.stage(deal) == "Negotiation")
    people = {person.id for deal in deals for person in book.linked(deal, "contacts")}
    return Expected({"added": len(people)}, others=frozenset(f"member {person}" for person in people))


async def _solve_add_to_list(agent: Agent) -> Answer:
    params: Answer = {"where": {"deal": {"stage": "Negotiation"}}, "properties": ["email"], "limit": 100}
    people = (await agent.execute("contacts", "find", params)).column("id")
    [found] = (await agent.execute("lists", "search", {"query": "Newsletter"})).rows
    await agent.execute("lists", "add", {"listId": found["listId"], "recordIds": people})
    return {"added": len(people)}


def _plan_installation(book: Book) -> Expected:
    company = book.one("companies", name="Argon Media")
    values = {
        "installation_name": "Argon Media - roof",
        "serial_number": "LMI-900001",
        "installation_status": "planned",
    }
    return Expected({"linked_to": company.id}, created=[New(TYPE["installations"], values, frozenset({company.id}))])


async def _solve_plan_installation(agent: Agent) -> Answer:
    where = {"name": "Argon Media"}
    [company] = (await agent.execute("companies", "find", {"where": where, "properties": ["name"]})).column("id")
    properties = {
        "installation_name": "Argon Media - roof",
        "serial_number": "LMI-900001",
        "installation_status": "planned",
    }
    made = await agent.execute("objects", "create", {"objectType": "installations", "properties": properties})
    ends = {"fromObjectId": made.data["id"], "toObjectId": company}
    types: Answer = {"fromObjectType": "installations", "toObjectType": "companies"}
    await agent.execute("associations", "create", {**types, **ends})
    return {"linked_to": company}


# ---------------------------------------------------------------- activities


def _log_call(book: Book) -> Expected:
    company = book.one("companies", name=_BILLED)
    person = _person(book, company)
    values = {
        "hs_call_body": "They want two more sensors.",
        "hs_timestamp": str(round(moment(2026, 11, 1, 14).timestamp() * 1000)),
    }
    call = New(TYPE["calls"], values, frozenset({person.id, company.id}))
    return Expected({"at": "2026-11-01T19:00Z"}, created=[call])


async def _solve_log_call(agent: Agent) -> Answer:
    [person] = (await agent.execute("contacts", "find", {"where": {"company": _BILLED, "name": _BILLED_TO}})).rows
    params: Answer = {
        "kind": "call",
        "text": "They want two more sensors.",
        "at": "2026-11-01T14:00",
        "records": {"contact": person["id"], "company": _BILLED},
    }
    seen = await agent.execute("activities", "log", params)
    return {"at": f"{str(seen.data['at'])[:16]}Z"}


def _clear_tasks(book: Book) -> Expected:
    first = moment(2026, 1, 1)
    done = [
        task.id
        for task in book.rows("tasks", lambda task: task["hs_task_status"] == "COMPLETED" and book.owner(task) == _BUSY)
        if (due := task.at("hs_timestamp")) is not None and due < first
    ]
    return Expected({"deleted": len(done)}, deleted=frozenset(done))


async def _solve_clear_tasks(agent: Agent) -> Answer:
    where = {"owner": _BUSY, "status": "Completed", "due": "before 2026-01-01"}
    params: Answer = {"where": where, "properties": ["hs_task_status"], "limit": 100}
    done = (await agent.execute("tasks", "find", params)).column("id")
    await agent.execute("tasks", "batch_delete", {"ids": done})
    return {"deleted": len(done)}


LINKING: Final = (
    Task(
        "link_with_a_label",
        f"Make {_BILLED_TO} the billing contact of {_BILLED}, by the label of the link. What is the address?",
        '{"email": ".."}',
        _bill,
        _solve_bill,
        calls=3,
    ),
    Task(
        "unlink_a_contact",
        f"The contact linked to the deal '{MOVED}' has nothing to do with it. Remove the link; which contact was it?",
        '{"email": ".."}',
        _unlink,
        _solve_unlink,
        calls=3,
    ),
    Task(
        "add_to_a_list",
        "Add all contacts of deals in the stage Negotiation to our list Newsletter. How many are they?",
        '{"added": 0}',
        _add_to_list,
        _solve_add_to_list,
        calls=3,
        prepare=_make_list,
    ),
    Task(
        "plan_an_installation",
        "We plan an installation at the company Argon Media: record one with the name 'Argon Media - roof', the serial "
        "number LMI-900001 and the status Planned, and link it to the company. What is the company's id?",
        '{"linked_to": ".."}',
        _plan_installation,
        _solve_plan_installation,
        calls=3,
    ),
    Task(
        "log_a_call",
        f"I called {_BILLED_TO} of {_BILLED} yesterday at two in the afternoon. Log the call on the contact and on the "
        "company, with exactly this text: They want two more sensors.",
        '{"at": "when, in UTC, as 2026-12-31T23:59Z"}',
        _log_call,
        _solve_log_call,
        calls=3,
    ),
    Task(
        "delete_old_tasks",
        f"Delete all completed tasks of {_BUSY} that were due before this year. How many were there?",
        '{"deleted": 0}',
        _clear_tasks,
        _solve_clear_tasks,
        calls=3,
    ),
)
"""What must have happened is compared to what did."""
