"""Communication preferences: kinds of e-mail, and who receives them.

Source: https://developers.hubspot.com/docs/api-reference/latest/communication-preferences/status/get-subscription,
https://developers.hubspot.com/docs/api-reference/latest/communication-preferences/status/update-subscription
"""

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from hubspot_sandbox.calls import Answer, Call, Door, read_json
from hubspot_sandbox.doors.access import any_of
from hubspot_sandbox.doors.batches import completed
from hubspot_sandbox.errors import NotFoundError, ValidationError
from hubspot_sandbox.instants import format_instant
from hubspot_sandbox.subscriptions import DEFINITIONS, STATES, find_definition, put_status, status_of
from hubspot_sandbox.versions import DATED

CHANNEL: Final = "EMAIL"
LEGAL_BASES: Final = frozenset(
    {
        "LEGITIMATE_INTEREST_PQL",
        "LEGITIMATE_INTEREST_CLIENT",
        "PERFORMANCE_OF_CONTRACT",
        "CONSENT_WITH_NOTICE",
        "NON_GDPR",
        "PROCESS_AND_STORE",
        "LEGITIMATE_INTEREST_OTHER",
    }
)


class _Change(msgspec.Struct, frozen=True, rename="camel"):
    subscription_id: int
    status_state: str
    channel: str
    legal_basis: str = ""
    legal_basis_explanation: str = ""


def _check_channel(channel: str) -> None:
    if channel != CHANNEL:
        # choice: the text for another channel than EMAIL is not documented.
        raise ValidationError(f"channel must be EMAIL, got '{channel}'")


def list_definitions(call: Call) -> Answer:
    """Every kind of e-mail."""
    return completed(call, 200, DEFINITIONS, (), call.portal.clock.now_ms())


def read_statuses(call: Call) -> Answer:
    """Where an address stands, one row for each kind of e-mail."""
    _check_channel(call.text("channel"))
    rows = [status_of(call.portal, call.path["address"], definition) for definition in DEFINITIONS]
    return completed(call, 200, rows, (), call.portal.clock.now_ms())


def set_status(call: Call) -> Answer:
    """Subscribe or unsubscribe an address."""
    wanted = read_json(call.body, _Change)
    _check_channel(wanted.channel)
    definition = find_definition(wanted.subscription_id)
    if definition is None:
        # choice: status and text for a kind of e-mail nobody defined are not documented.
        raise NotFoundError(f"Subscription {wanted.subscription_id} does not exist", category="OBJECT_NOT_FOUND")
    if wanted.status_state not in STATES or wanted.legal_basis not in LEGAL_BASES | {""}:
        # choice: the text for a state or basis that does not exist is not documented.
        raise ValidationError(f"Invalid statusState or legalBasis: {wanted.status_state} {wanted.legal_basis}")
    before = status_of(call.portal, call.path["address"], definition)
    reason: str | UnsetType = UNSET
    if before.status == wanted.status_state:
        reason = "NO_STATUS_CHANGE"
    elif (before.status, wanted.status_state) == ("UNSUBSCRIBED", "SUBSCRIBED"):
        reason = "RESUBSCRIBE_OCCURRED"
    changed = msgspec.structs.replace(
        before,
        status=wanted.status_state,
        # choice: what HubSpot writes as the source of a change by an app is not known.
        source=f"Public API: {call.author.source_id}",
        timestamp=format_instant(call.portal.clock.now_ms()),
        legal_basis=wanted.legal_basis or UNSET,
        legal_basis_explanation=wanted.legal_basis_explanation or UNSET,
        set_status_success_reason=reason,
    )
    put_status(call.portal, changed, definition)
    return completed(call, 200, [changed], (), call.portal.clock.now_ms())


_VERSIONS: Final = frozenset({"v4"}) | DATED
_READ: Final = any_of("communication_preferences.read", "communication_preferences.read_write")
_WRITE: Final = any_of("communication_preferences.read_write", "communication_preferences.write")
_STATUSES: Final = "/communication-preferences/statuses/{address}"
DOORS: Final = (
    Door("GET", "/communication-preferences/definitions", list_definitions, _READ, versions=_VERSIONS),
    Door("GET", _STATUSES, read_statuses, _READ, versions=_VERSIONS),
    Door("POST", _STATUSES, set_status, _WRITE, versions=_VERSIONS),
)
