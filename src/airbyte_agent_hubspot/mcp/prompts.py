"""Common questions, each with the calls that answer it. Pure.

A call may have `{name}` in its texts: the prompt's argument of that name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from ..tools.disclosure import PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Step:
    """One call of an operation."""

    entity: str
    action: str
    params: Mapping[str, object]

    def call(self, values: Mapping[str, str], *, per_operation: bool) -> str:
        """The tool to call and its arguments: one tool runs all operations, or each has its own."""
        params = _filled(self.params, values)
        if per_operation:
            return f"{PREFIX}{self.entity}_{self.action} {_json(params)}"
        return f"{PREFIX}execute {_json({'entity': self.entity, 'action': self.action, 'params': params})}"


@dataclass(frozen=True, slots=True)
class Argument:
    """What has to be known to ask."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question. A model asked it has the calls to make before its eyes."""

    name: str
    title: str
    text: str
    steps: Sequence[Step]
    arguments: Sequence[Argument] = ()
    advice: str = ""
    changes: bool = False

    def asked(self, values: Mapping[str, str], *, per_operation: bool) -> str:
        """What the user says, and the calls that find the answer."""
        said = cast("str", _filled(self.text, values))
        calls = [step.call(values, per_operation=per_operation) for step in self.steps]
        return "\n".join(part for part in (said, "Call:", *calls, self.advice) if part)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _filled(value: object, values: Mapping[str, str]) -> object:
    if isinstance(value, str):
        for name, given in values.items():
            value = value.replace(f"{{{name}}}", given)
        return value
    if isinstance(value, dict):
        return {str(_filled(key, values)): _filled(item, values) for key, item in cast("Json", value).items()}
    if isinstance(value, list):
        return [_filled(item, values) for item in cast("list[object]", value)]
    return value


_COMPANY: Final = Argument("company", "Name or domain of the company.")
_DEAL: Final = Argument("deal", "Name of the deal.")
_EMAIL: Final = Argument("email", "E-mail address of the contact.")
_ONE_BY_ONE: Final = "Show what you would do and wait for a yes before you change anything."

QUESTIONS: Final = (
    Question(
        "recent_deals",
        "Recent deals",
        "List the most recent deals.",
        [Step("deals", "find", {"sort": "-createdate", "limit": 10})],
    ),
    Question(
        "recent_tickets",
        "Recent tickets",
        "List the most recent tickets.",
        [Step("tickets", "find", {"sort": "-createdate", "limit": 10})],
    ),
    Question("companies", "Companies", "List companies.", [Step("companies", "find", {"limit": 20})]),
    Question("contacts", "Contacts", "List contacts.", [Step("contacts", "find", {"limit": 20})]),
    Question(
        "deals_of_company",
        "Deals of a company this quarter",
        "Show all deals of {company} that close this quarter.",
        [Step("deals", "find", {"where": {"company": "{company}", "closedate": "this quarter"}, "sort": "-amount"})],
        [_COMPANY],
    ),
    Question(
        "top_deals",
        "Most valuable open deals",
        "What are the five most valuable deals in the pipeline?",
        [Step("deals", "find", {"where": {"status": "open"}, "sort": "-amount", "limit": 5})],
    ),
    Question(
        "contacts_of_department",
        "Contacts of a department",
        "Who works in {department} at {company}?",
        [Step("contacts", "find", {"where": {"company": "{company}", "department": "{department}"}})],
        [Argument("department", "The department, for example Marketing."), _COMPANY],
    ),
    Question(
        "team_deals",
        "A team's deals of the last 30 days",
        "Give an overview of the deals of the team {team} in the last 30 days.",
        [
            Step(
                "deals",
                "aggregate",
                {
                    "where": {"team": "{team}", "created": "last 30 days"},
                    "metrics": ["count", "sum amount"],
                    "groupBy": ["owner", "stage"],
                },
            )
        ],
        [Argument("team", "Name of the team.")],
    ),
    Question(
        "active_companies",
        "Most active companies this month",
        "Which companies had the most activity this month?",
        [
            Step(
                "activities",
                "aggregate",
                {"where": {"date": "this month"}, "groupBy": "company", "limit": 10},
            )
        ],
    ),
    Question(
        "won_by_owner",
        "Deals won by each sales representative",
        "How many deals has each sales representative won, and for how much?",
        [
            Step(
                "deals",
                "aggregate",
                {"where": {"status": "won"}, "metrics": ["count", "sum amount"], "groupBy": "owner"},
            )
        ],
    ),
    Question(
        "tickets_about",
        "Tickets about an issue",
        "Which tickets are about {issue}, and how do they stand?",
        [Step("tickets", "find", {"where": {"subject": "contains {issue}"}, "sort": "-createdate"})],
        [Argument("issue", "A word of the subject.")],
    ),
    Question(
        "create_contact",
        "Create a contact",
        "Create a contact for {firstname} {lastname} with the address {email}.",
        [
            Step(
                "contacts",
                "upsert_by",
                {"by": {"email": "{email}"}, "properties": {"firstname": "{firstname}", "lastname": "{lastname}"}},
            )
        ],
        [Argument("firstname", "First name."), Argument("lastname", "Last name."), _EMAIL],
        changes=True,
    ),
    Question(
        "update_customer",
        "Update a customer",
        "Set {property} of the contact {email} to {value}.",
        [Step("contacts", "upsert_by", {"by": {"email": "{email}"}, "properties": {"{property}": "{value}"}})],
        [_EMAIL, Argument("property", "Name of the property."), Argument("value", "Its new value.")],
        changes=True,
    ),
    Question(
        "delete_ticket",
        "Delete a support ticket of last week",
        "Delete last week's support ticket about {issue}.",
        [Step("tickets", "find", {"where": {"created": "last week", "subject": "contains {issue}"}})],
        [Argument("issue", "A word of the subject.")],
        'Then, for the one that is meant: tickets.delete {"ticketId": its id}. If there are several, ask which. '
        + _ONE_BY_ONE,
        changes=True,
    ),
    Question(
        "follow_up",
        "Schedule a follow-up",
        "Schedule a follow-up task for the deal {deal}, due {due}.",
        [
            Step(
                "tasks",
                "create_task",
                {"title": "Follow up on {deal}", "due": "{due}", "records": {"deal": "{deal}"}},
            )
        ],
        [_DEAL, Argument("due", "When, for example next friday.")],
        changes=True,
    ),
    Question(
        "mail_the_pipeline",
        "E-mail all contacts in the pipeline",
        "Write an e-mail to all contacts of open deals: {message}",
        [
            Step(
                "contacts",
                "find",
                {"where": {"deal": {"status": "open"}}, "properties": ["email", "firstname"], "limit": 200},
            )
        ],
        [Argument("message", "What the e-mail should say.")],
        "HubSpot mails only with marketing_emails.single_send and a template of the account. Without one, put what "
        'you write on record: activities.log {"kind": "email", "text": "..", "records": {"contact": id}}. '
        + _ONE_BY_ONE,
        changes=True,
    ),
)
"""In the order in which they are offered."""
