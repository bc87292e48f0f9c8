"""The properties HubSpot fills in by itself when a record is written.

Values: those seen in recordings of 2021 to 2022 and March 2026; arithmetic on probabilities is done on the exact
decimal value of the double, as Java's BigDecimal does.

Source: https://github.com/grouparoo/grouparoo, https://github.com/NangoHQ/integration-templates
"""

import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Final

from hubspot_sandbox.instants import DAY_MS
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.pipelines import Stage
from hubspot_sandbox.records import Value

Derived = dict[str, Value | None]

_EXACT_DIGITS: Final = 400
_PREVIEW_LENGTH: Final = 1000
_TAG: Final = re.compile(r"<[^>]+>")
_NOT_DIGIT: Final = re.compile(r"\D+")


@dataclass(frozen=True, slots=True)
class Change:
    """One write, as the rules see it. `names` are the properties that change; on creation, all that are set."""

    record_id: int
    values: Mapping[str, Value]
    names: AbstractSet[str]
    stage: Stage | None
    created_ms: int
    now_ms: int
    is_new: bool

    def text(self, name: str) -> str:
        """The new value as text, "" if there is none."""
        return str(self.values.get(name, ""))

    def touches(self, *names: str) -> bool:
        """Whether any of these properties changes."""
        return not self.names.isdisjoint(names)


def derive(object_type: ObjectType, change: Change) -> Derived:
    """The values that follow from a write, None where one vanishes."""
    found: Derived = {}
    if object_type.stage_property and change.touches(object_type.stage_property):
        found["hs_v2_date_entered_current_stage"] = change.now_ms
        found["hs_v2_time_in_current_stage"] = change.now_ms
    rule = _RULES.get(object_type.type_id)
    if rule is not None:
        found |= rule(change)
    body = _BODIES.get(object_type.type_id)
    if body is not None:
        if change.touches(body):
            found["hs_body_preview"] = preview(change.text(body)) or None
        if change.is_new and object_type.type_id in _COORDINATED:
            found["hs_obj_coords"] = f"{object_type.type_id}-{change.record_id}"
    return found


def exact(number: float) -> str:
    """The decimal text of a double, all digits of it."""
    return format(Decimal(number), "f")


def exact_product(amount: str, factor: float) -> str:
    """The product of a decimal text and a double; the scales add, as BigDecimal's do."""
    with localcontext() as context:
        context.prec = _EXACT_DIGITS
        return format(Decimal(amount) * Decimal(factor), "f")


def preview(html: str) -> str:
    """The text of a body without its markup."""
    return _TAG.sub("", html).strip()[:_PREVIEW_LENGTH]


def _contact(change: Change) -> Derived:
    found: Derived = {}
    if change.is_new:
        found |= _NEW_CONTACT
        found["hs_all_contact_vids"] = str(change.record_id)
    if change.touches("email"):
        found["hs_email_domain"] = change.text("email").rpartition("@")[2] or None
    if change.touches("email", "firstname", "lastname"):
        full_name = f"{change.text('firstname')} {change.text('lastname')}".strip()
        found["hs_full_name_or_email"] = full_name or change.text("email") or None
    for source, target in _PHONES:
        if change.touches(source):
            found[target] = _NOT_DIGIT.sub("", change.text(source)) or None
    if change.touches("lifecyclestage") and change.text("lifecyclestage"):
        # The wire shows this instant as epoch milliseconds, so it is kept as text.
        found[f"hs_lifecyclestage_{change.text('lifecyclestage')}_date"] = str(change.now_ms)
    return found


def _company(change: Change) -> Derived:
    found: Derived = dict(_NEW_COMPANY) if change.is_new else {}
    if change.touches("domain") and not change.text("website"):
        found["website"] = change.text("domain") or None
    if change.touches("name"):
        found["hs_task_label"] = change.text("name") or None
    return found


def _deal(change: Change) -> Derived:
    found: Derived = dict(_NEW_DEAL) if change.is_new else {}
    amount = change.text("amount")
    if change.touches("amount"):
        found["amount_in_home_currency"] = found["hs_forecast_amount"] = amount or None
    stage = change.stage
    if stage is None:
        return found
    if change.touches("dealstage"):
        found["hs_deal_stage_probability"] = found["hs_deal_stage_probability_shadow"] = exact(stage.probability)
        won, lost = stage.is_closed and stage.probability > 0, stage.is_closed and not stage.probability
        found["hs_is_closed"] = _bool(stage.is_closed)
        found["hs_is_closed_won"], found["hs_is_closed_lost"] = _bool(won), _bool(lost)
        found["hs_is_open_count"] = str(int(not stage.is_closed))
        found["hs_is_closed_count"] = str(int(stage.is_closed))
    if change.touches("amount", "dealstage"):
        weighted = exact_product(amount, stage.probability) if amount else None
        found["hs_projected_amount"] = found["hs_weighted_pipeline_in_company_currency"] = weighted
        found["hs_projected_amount_in_home_currency"] = weighted
        closed_amount = amount if amount and stage.is_closed and stage.probability else "0"
        found["hs_closed_amount"] = found["hs_closed_amount_in_home_currency"] = closed_amount
    closed_at = change.values.get("closedate")
    if change.touches("closedate", "dealstage") and isinstance(closed_at, int):
        days = (closed_at - change.created_ms) / DAY_MS
        found["days_to_close"] = str(max(0, int(days)))
        found["hs_days_to_close_raw"] = f"{days:.5f}"
        found["hs_actual_duration"] = str(max(0, closed_at - change.created_ms))
    return found


def _ticket(change: Change) -> Derived:
    found: Derived = {}
    if change.is_new:
        found |= _NEW_TICKET
        found["hs_ticket_id"] = str(change.record_id)
        found["hs_helpdesk_sort_timestamp"] = change.now_ms
    if change.touches("hs_pipeline_stage") and change.stage is not None:
        found["hs_is_closed"] = _bool(change.stage.is_closed)
        if change.stage.is_closed and "closed_date" not in change.names:
            found["closed_date"] = change.now_ms
            found["time_to_close"] = str(change.now_ms - change.created_ms)
    return found


def _task(change: Change) -> Derived:
    found: Derived = {"hs_task_family": "SALES", "hs_task_for_object_type": "OWNER"} if change.is_new else {}
    done = change.text("hs_task_status") == "COMPLETED"
    due_at = change.values.get("hs_timestamp")
    late = isinstance(due_at, int) and due_at < change.now_ms and not done
    if change.touches("hs_timestamp", "hs_task_status"):
        found["hs_task_is_completed"] = str(int(done))
        found["hs_task_is_overdue"] = found["hs_task_is_past_due_date"] = _bool(late)
        found["hs_task_missed_due_date"] = _bool(late)
        found["hs_task_missed_due_date_count"] = str(int(late))
        found["hs_engagements_last_contacted"] = due_at
    if done and change.touches("hs_task_status"):
        found["hs_task_completion_date"] = change.now_ms
    return found


def _note(change: Change) -> Derived:
    if not change.touches("hs_note_body"):
        return {}
    body = change.text("hs_note_body")
    return {
        "hs_body_preview_html": f"<html>\n<head></head>\n<body>\n{body}\n</body>\n</html>",
        "hs_body_preview_is_truncated": _bool(len(body) > _PREVIEW_LENGTH),
    }


def _meeting(change: Change) -> Derived:
    start_at = change.values.get("hs_timestamp")
    return {"hs_meeting_start_time": start_at} if change.is_new and not change.text("hs_meeting_start_time") else {}


def _line_item(change: Change) -> Derived:
    if not change.touches("price", "quantity", "discount"):
        return {}
    price, quantity = change.text("price") or "0", change.text("quantity") or "1"
    discount = change.text("discount") or "0"
    before = Decimal(price) * Decimal(quantity)
    amount = (Decimal(price) - Decimal(discount)) * Decimal(quantity)
    return {"hs_pre_discount_amount": format(before, "f"), "amount": format(amount, "f")}


def _bool(value: bool) -> str:  # noqa: FBT001 - converts exactly one boolean
    return "true" if value else "false"


_NEW_CONTACT: Final[Derived] = {
    "hs_associated_target_accounts": "0",
    "hs_currently_enrolled_in_prospecting_agent": "false",
    "hs_is_contact": "true",
    "hs_is_unworked": "true",
    "hs_membership_has_accessed_private_content": "0",
    "hs_pipeline": "contacts-lifecycle-pipeline",
    "hs_prospecting_agent_actively_enrolled_count": "0",
    "hs_prospecting_agent_total_enrolled_count": "0",
    "hs_registered_member": "0",
    "hs_sequences_actively_enrolled_count": "0",
    "num_notes": "0",
}
_NEW_COMPANY: Final[Derived] = {
    "hs_annual_revenue_currency_code": "USD",
    "hs_num_blockers": "0",
    "hs_num_child_companies": "0",
    "hs_num_contacts_with_buying_roles": "0",
    "hs_num_decision_makers": "0",
    "hs_num_open_deals": "0",
    "hs_pipeline": "companies-lifecycle-pipeline",
    "num_associated_contacts": "0",
    "num_notes": "0",
}
_NEW_DEAL: Final[Derived] = {
    "days_to_close": "0",
    "hs_closed_amount": "0",
    "hs_deal_stage_probability_shadow": "0",
    "hs_is_closed_lost": "false",
    "hs_is_closed_won": "false",
    "hs_num_of_associated_line_items": "0",
    "hs_projected_amount": "0",
    "num_associated_contacts": "0",
    "num_notes": "0",
}
_NEW_TICKET: Final[Derived] = {
    "hs_is_closed": "false",
    "hs_is_visible_in_help_desk": "true",
    "hs_last_email_activity": "ORIGINAL_FROM_CONTACT",
    "hs_num_times_contacted": "0",
}
_PHONES: Final = (
    ("phone", "hs_searchable_calculated_phone_number"),
    ("mobilephone", "hs_searchable_calculated_mobile_number"),
)
_RULES: Final[Mapping[str, Callable[[Change], Derived]]] = {
    "0-1": _contact,
    "0-2": _company,
    "0-3": _deal,
    "0-5": _ticket,
    "0-8": _line_item,
    "0-27": _task,
    "0-46": _note,
    "0-47": _meeting,
}
_BODIES: Final = {
    "0-18": "hs_communication_body",
    "0-27": "hs_task_body",
    "0-46": "hs_note_body",
    "0-47": "hs_meeting_body",
    "0-48": "hs_call_body",
    "0-49": "hs_email_text",
}
_COORDINATED: Final = frozenset({"0-27", "0-46", "0-47", "0-48", "0-49"})
