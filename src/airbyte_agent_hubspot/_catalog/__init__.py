"""The table of operations: the single source of what this connector can do."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

from .._operation import Catalog
from ._paths import DEFAULT_VERSION, LEGACY_VERSION

if TYPE_CHECKING:
    from .._operation import Operation

__all__ = ["CATALOG", "DEFAULT_VERSION", "LEGACY_VERSION"]

ENTITIES: Final = {
    "contacts": "People.",
    "companies": "Organisations.",
    "deals": "Opportunities, each in a stage of a pipeline.",
    "tickets": "Support requests, each in a stage of a pipeline.",
    "products": "Goods and services in the product library.",
    "line_items": "Products in a deal or quote, with quantity and price.",
    "quotes": "Offers to customers.",
    "leads": "Contacts or companies that sales is qualifying.",
    "notes": "Notes on records.",
    "calls": "Calls logged on records.",
    "emails": "One-to-one e-mails logged on records.",
    "meetings": "Meetings logged on records.",
    "tasks": "Things to do.",
    "communications": "SMS, WhatsApp and LinkedIn messages logged on records.",
    "activities": "Notes, calls, e-mails, meetings and tasks together.",
    "objects": "Records of any object type, named by `objectType`: custom objects above all.",
    "associations": "Links between records.",
    "association_labels": "Types that links between two object types can have.",
    "schemas": "Object types: their names, properties and associations.",
    "properties": "Properties of an object type: names, labels, types and options.",
    "property_groups": "Headings under which properties are shown.",
    "pipelines": "Pipelines of deals, tickets and custom objects.",
    "stages": "Stages of a pipeline.",
    "owners": "People and queues that records are assigned to.",
    "teams": "Teams of users.",
    "lists": "Lists (segments) of records.",
    "account": "The HubSpot account itself.",
    "marketing_emails": "Marketing e-mail to single people.",
    "subscriptions": "Which kinds of e-mail a contact receives.",
    "*": "The connector itself.",
}

_RECORDS: Final = (
    "contacts",
    "companies",
    "deals",
    "tickets",
    "products",
    "line_items",
    "quotes",
    "leads",
    "notes",
    "calls",
    "emails",
    "meetings",
    "tasks",
    "communications",
    "objects",
)
"""CRM records: each entity is a family of its own, its operations made when it is first asked for."""

_MODULES: Final = {
    "associations": ("associations", "association_labels"),
    "definitions": ("schemas", "properties", "property_groups", "pipelines", "stages"),
    "people": ("owners", "teams", "lists"),
    "account": ("account", "marketing_emails", "subscriptions", "*"),
    "questions": ("activities",),
}
"""Which module has the operations of which other entities: each is imported when one of them is first asked for."""


_ASKED: Final = "questions of "


def _families() -> dict[str, tuple[str, ...]]:
    """Operations made of others come last: what is one request does not wait for them to be loaded."""
    families: dict[str, tuple[str, ...]] = {
        entity: (module,) for module, entities in _MODULES.items() for entity in entities
    }
    families.update({entity: (entity, f"{_ASKED}{entity}") for entity in _RECORDS})
    families["account"] = ("account", f"{_ASKED}account")
    return families


def _operations_in(family: str) -> tuple[Operation, ...]:
    if family in _RECORDS:
        from .crm import operations_on  # noqa: PLC0415 - needed at the first call on records

        return operations_on(family)
    if family.startswith(_ASKED):
        from .questions import questions_on  # noqa: PLC0415 - needed at the first question

        return questions_on(family.removeprefix(_ASKED))
    return cast("tuple[Operation, ...]", import_module(f"{__name__}.{family}").OPERATIONS)


CATALOG: Final = Catalog(_families(), load=_operations_in, entities=ENTITIES, aliases={"search": "api_search"})
