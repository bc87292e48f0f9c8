"""Kinds of e-mail that people subscribe to, and who has.

Source: https://developers.hubspot.com/docs/api-reference/latest/communication-preferences/status/get-subscription
"""

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from hubspot_sandbox.portal import Portal

STATES: Final = frozenset({"SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED"})
_KIND: Final = "subscription status"
_MADE_AT: Final = "2025-02-03T09:00:00Z"


class Definition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A kind of e-mail."""

    id: str
    name: str
    description: str
    purpose: str
    communication_method: str = "Email"
    is_active: bool = True
    is_default: bool = False
    is_internal: bool = False
    created_at: str = _MADE_AT
    updated_at: str = _MADE_AT
    business_unit_id: int = 0


# choice: every generated account sends the same four kinds.
DEFINITIONS: Final = (
    Definition(
        id="481200101",
        name="Marketing Information",
        description="Offers and announcements",
        purpose="Marketing",
        is_default=True,
    ),
    Definition(id="481200102", name="Product Updates", description="What is new in the product", purpose="Marketing"),
    Definition(
        id="481200103", name="Customer Service Communication", description="Answers to tickets", purpose="Support"
    ),
    Definition(id="481200104", name="One to One", description="E-mails from people to people", purpose="Sales"),
)


class Status(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether one address receives one kind of e-mail; field order is the order on the wire."""

    channel: str = "EMAIL"
    source: str
    status: str
    subscriber_id_string: str
    subscription_id: int
    timestamp: str
    business_unit_id: int = 0
    legal_basis: str | UnsetType = UNSET
    legal_basis_explanation: str | UnsetType = UNSET
    set_status_success_reason: str | UnsetType = UNSET
    subscription_name: str


def find_definition(subscription_id: int) -> Definition | None:
    """The kind of e-mail of that number, or None."""
    return next((each for each in DEFINITIONS if each.id == str(subscription_id)), None)


def status_of(portal: Portal, address: str, definition: Definition) -> Status:
    """Where an address stands; NOT_SPECIFIED for one that never said.

    # choice: an address nobody has is answered like one that never said.
    """
    found = portal.store.find(_KIND, _key(address, definition), Status)
    return found or Status(
        source="",
        status="NOT_SPECIFIED",
        subscriber_id_string=address,
        subscription_id=int(definition.id),
        timestamp=definition.created_at,
        subscription_name=definition.name,
    )


def put_status(portal: Portal, status: Status, definition: Definition) -> None:
    """Remember where an address stands."""
    kept = msgspec.structs.replace(status, set_status_success_reason=UNSET)
    portal.store.put(_KIND, _key(status.subscriber_id_string, definition), kept)


def _key(address: str, definition: Definition) -> str:
    return f"{address.lower()} {definition.id}"
