"""What people call the properties and relations of standard entities, beside their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..._lexicon.names import plain
from ..object_types import entity_of_type

if TYPE_CHECKING:
    from collections.abc import Mapping

ACTIVITIES: Final = ("notes", "calls", "emails", "meetings", "tasks")
"""What counts as activity on records. Text messages have entities of their own: communications."""
RELATED: Final = ("contacts", "companies", "deals", "tickets", "leads", "quotes", "line_items", *ACTIVITIES)
"""Object types whose links the search knows: standard ones."""

STATUS: Final = ("status", "state")
"""What people call the stage of a deal or ticket, or whether it is open."""
_EVERYWHERE: Final = {
    "owner": "hubspot_owner_id",
    "rep": "hubspot_owner_id",
    "sales rep": "hubspot_owner_id",
    "sales representative": "hubspot_owner_id",
    "assignee": "hubspot_owner_id",
    "assigned to": "hubspot_owner_id",
    "id": "hs_object_id",
    "record id": "hs_object_id",
}
_OF_ACTIVITY: Final = {
    "date": "hs_timestamp",
    "time": "hs_timestamp",
    "when": "hs_timestamp",
    "at": "hs_timestamp",
    "timestamp": "hs_timestamp",
}
_ALIASES: Final[Mapping[str, Mapping[str, str]]] = {
    "contacts": {"title": "jobtitle", "job": "jobtitle", "stage": "lifecyclestage", "status": "hs_lead_status"},
    "companies": {
        "employees": "numberofemployees",
        "revenue": "annualrevenue",
        "stage": "lifecyclestage",
        "status": "hs_lead_status",
    },
    "deals": {
        "name": "dealname",
        "title": "dealname",
        "stage": "dealstage",
        **dict.fromkeys(STATUS, "dealstage"),
        "close": "closedate",
        "closed": "closedate",
        "closing": "closedate",
        "closed date": "closedate",
        "value": "amount",
        "currency": "deal_currency_code",
        "type": "dealtype",
        "priority": "hs_priority",
        "next step": "hs_next_step",
    },
    "tickets": {
        "name": "subject",
        "title": "subject",
        "stage": "hs_pipeline_stage",
        **dict.fromkeys(STATUS, "hs_pipeline_stage"),
        "pipeline": "hs_pipeline",
        "priority": "hs_ticket_priority",
        "category": "hs_ticket_category",
        "description": "content",
        "closed": "closed_date",
        "source": "source_type",
    },
    "leads": {
        "name": "hs_lead_name",
        "stage": "hs_pipeline_stage",
        "pipeline": "hs_pipeline",
        "type": "hs_lead_type",
        "label": "hs_lead_label",
    },
    "objects": {"stage": "hs_pipeline_stage", "pipeline": "hs_pipeline"},
    "quotes": {"name": "hs_title", "title": "hs_title", "status": "hs_status", "expires": "hs_expiration_date"},
    "notes": {**_OF_ACTIVITY, "text": "hs_note_body", "body": "hs_note_body"},
    "calls": {**_OF_ACTIVITY, "title": "hs_call_title", "text": "hs_call_body", "body": "hs_call_body"},
    "emails": {**_OF_ACTIVITY, "title": "hs_email_subject", "subject": "hs_email_subject", "text": "hs_email_text"},
    "meetings": {**_OF_ACTIVITY, "title": "hs_meeting_title", "text": "hs_meeting_body", "body": "hs_meeting_body"},
    "tasks": {
        **_OF_ACTIVITY,
        "due": "hs_timestamp",
        "due date": "hs_timestamp",
        "title": "hs_task_subject",
        "subject": "hs_task_subject",
        "name": "hs_task_subject",
        "text": "hs_task_body",
        "body": "hs_task_body",
        "status": "hs_task_status",
        "priority": "hs_task_priority",
        "type": "hs_task_type",
    },
}
_CREATED: Final = frozenset({"created", "create date", "created at", "createdate", "creation date"})
_MODIFIED: Final = frozenset({"modified", "updated", "changed", "last modified", "updated at", "modified at"})
_CREATED_SHORT: Final = frozenset({"contacts", "companies", "deals", "tickets", "products", "line_items"})

TITLE: Final[Mapping[str, tuple[str, ...]]] = {
    "contacts": ("firstname", "lastname", "email"),
    "companies": ("name", "domain"),
    "deals": ("dealname",),
    "tickets": ("subject",),
    "products": ("name",),
    "line_items": ("name",),
    "quotes": ("hs_title",),
    "leads": ("hs_lead_name",),
    "notes": ("hs_note_body",),
    "calls": ("hs_call_title",),
    "emails": ("hs_email_subject",),
    "meetings": ("hs_meeting_title",),
    "tasks": ("hs_task_subject",),
    "communications": ("hs_communication_body",),
}
"""The properties by which people know a record."""

SHOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "contacts": (
        "firstname",
        "lastname",
        "email",
        "phone",
        "jobtitle",
        "company",
        "lifecyclestage",
        "hubspot_owner_id",
    ),
    "companies": ("name", "domain", "industry", "city", "country", "lifecyclestage", "hubspot_owner_id"),
    "deals": ("dealname", "amount", "deal_currency_code", "dealstage", "pipeline", "closedate", "hubspot_owner_id"),
    "tickets": (
        *("subject", "hs_pipeline_stage", "hs_pipeline", "hs_ticket_priority", "hs_ticket_category"),
        "hubspot_owner_id",
    ),
    "leads": ("hs_lead_name", "hs_pipeline_stage", "hs_pipeline", "hubspot_owner_id"),
    "products": ("name", "price", "hs_sku"),
    "line_items": ("name", "quantity", "price", "amount"),
    "quotes": ("hs_title", "hs_status", "hs_expiration_date", "hs_quote_amount"),
    "notes": ("hs_timestamp", "hs_note_body", "hubspot_owner_id"),
    "calls": ("hs_timestamp", "hs_call_title", "hs_call_body", "hs_call_direction", "hubspot_owner_id"),
    "emails": ("hs_timestamp", "hs_email_subject", "hs_email_direction", "hubspot_owner_id"),
    "meetings": ("hs_timestamp", "hs_meeting_title", "hs_meeting_outcome", "hubspot_owner_id"),
    "tasks": ("hs_timestamp", "hs_task_subject", "hs_task_status", "hs_task_priority", "hubspot_owner_id"),
    "communications": ("hs_timestamp", "hs_communication_channel_type", "hs_communication_body", "hubspot_owner_id"),
}
"""What `find` returns of each record where nothing else is asked for."""


def alias(entity: str, said: str) -> str | None:
    """The property that people call so; None where it is no such word."""
    word = plain(said)
    if word in _CREATED:
        return created_property(entity)
    if word in _MODIFIED:
        return "lastmodifieddate" if entity == "contacts" else "hs_lastmodifieddate"
    return _ALIASES.get(entity, {}).get(word) or _EVERYWHERE.get(word)


def created_property(entity: str) -> str:
    """The property that says when a record was created."""
    return "createdate" if entity in _CREATED_SHORT else "hs_createdate"


def related_type(said: str) -> str | None:
    """The standard object type that a word such as `company` names."""
    found = entity_of_type(plain(said).replace(" ", "_"))
    return found if found in RELATED else None


def title_of(entity: str, properties: Mapping[str, str | None]) -> str:
    """What people call a record."""
    parts = [properties.get(name) for name in TITLE.get(entity, ("name", "title"))]
    if entity == "contacts":
        return " ".join(part for part in parts[:2] if part) or parts[2] or ""
    return next((part for part in parts if part), "")
