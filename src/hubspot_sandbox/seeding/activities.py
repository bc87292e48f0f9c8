"""Notes, tasks, calls, e-mails and meetings around deals."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from hubspot_sandbox.calculations import preview
from hubspot_sandbox.instants import DAY_MS, to_ms
from hubspot_sandbox.portal import UTC_OFFSET_MS
from hubspot_sandbox.records import Value
from hubspot_sandbox.seeding.draw import Draw, Weighted
from hubspot_sandbox.seeding.vocabulary import vocabulary
from hubspot_sandbox.seeding.world import CompanyDraft, Draft, World

_DISPOSITIONS: Final = Weighted(
    {
        "f240bbac-87c9-4f6e-bf70-924b57d47db7": 50.0,
        "73a0d17f-1163-4015-bdd5-ec830791da20": 25.0,
        "b2cf5968-551e-4856-9783-52b3da59a7d0": 15.0,
        "9d9162e7-6cf3-4944-bf63-4dff82258764": 10.0,
    }
)
_SPAN_DAYS: Final = 360
_MOST_BUSY: Final = 8
_NOTES_PER_BUSY: Final = 30


def add_activities(world: World) -> None:
    """Everything people noted, did and planned."""
    active = [company for company in world.companies if company.people and (company.won_deals or company.open_deals)]
    deals = {id(start): end for start, end, _ in world.links if start.type_id == "0-3" and end.type_id == "0-2"}
    by_company: dict[int, list[Draft]] = {}
    for deal in world.drafts["0-3"]:
        by_company.setdefault(id(deals[id(deal)]), []).append(deal)
    for number, make in (
        (world.size.notes, _note),
        (world.size.tasks, _task),
        (world.size.calls, _call),
        (world.size.emails, _email),
        (world.size.meetings, _meeting),
    ):
        for _ in range(number):
            company = world.draw.pick(active)
            person = world.draw.pick(company.people)
            activity = make(world, company, person)
            world.add(activity)
            world.link(activity, person)
            world.link(activity, company)
            if world.draw.chance(0.7):
                world.link(activity, world.draw.pick(by_company[id(company)]))


def add_busy_month(world: World) -> None:
    """A few companies with far more activities than the others: as many since the month began as in the weeks before.

    Drawn apart from everything else, so that the rest of the portal does not depend on it.
    """
    origin = world.portal.origin
    world = replace(world, draw=Draw(f"{origin.seed}/{origin.portal}/busy"))
    month_began_ms = _month_began_ms(world.reference_ms)
    first_ms = month_began_ms - 28 * DAY_MS
    spans = ((month_began_ms, world.reference_ms), (first_ms, month_began_ms))
    older = [company for company in world.companies if company.created_ms < first_ms]
    active = [company for company in older if company.people and company.open_deals]
    for place in range(min(_MOST_BUSY, world.size.notes // _NOTES_PER_BUSY)):
        company = active.pop(world.draw.below(len(active)))
        for begins_ms, ends_ms in spans:
            for _ in range(3 * (_MOST_BUSY - place) + 1):
                person = world.draw.pick(company.people)
                activity = world.draw.pick((_note, _call, _email))(world, company, person)
                activity.created_ms = begins_ms + int(world.draw.fraction() * (ends_ms - begins_ms))
                activity.updated_ms = activity.created_ms
                activity.properties["hs_timestamp"] = activity.created_ms
                world.add(activity)
                world.link(activity, person)
                world.link(activity, company)


def _month_began_ms(at_ms: int) -> int:
    """When the month of an instant began in the account's time zone."""
    local = datetime.fromtimestamp((at_ms + UTC_OFFSET_MS) // 1000, UTC)
    return to_ms(local.replace(day=1, hour=0, minute=0, second=0)) - UTC_OFFSET_MS


def number_activities(world: World) -> None:
    """The coordinates, once ids are given."""
    for type_id in ("0-27", "0-46", "0-47", "0-48", "0-49"):
        for activity in world.drafts[type_id]:
            activity.properties["hs_obj_coords"] = f"{type_id}-{activity.id}"


def _phrase(world: World, kind: str) -> str:
    return world.draw.pick(vocabulary().phrases[kind])


def _draft(world: World, company: CompanyDraft, type_id: str, properties: dict[str, Value]) -> Draft:
    at_ms = world.draw.past(world.reference_ms, _SPAN_DAYS)
    owner_id = company.properties["hubspot_owner_id"]
    return Draft(type_id, at_ms, at_ms, {"hs_timestamp": at_ms, "hubspot_owner_id": owner_id, **properties})


def _note(world: World, company: CompanyDraft, _person: Draft) -> Draft:
    text = _phrase(world, "notes")
    body = f"<p>{text}</p>"
    return _draft(
        world,
        company,
        "0-46",
        {
            "hs_note_body": body,
            "hs_body_preview": text,
            "hs_body_preview_html": f"<html>\n<head></head>\n<body>\n{body}\n</body>\n</html>",
            "hs_body_preview_is_truncated": "false",
        },
    )


def _task(world: World, company: CompanyDraft, _person: Draft) -> Draft:
    draft = _draft(world, company, "0-27", {})
    done = world.draw.chance(0.55)
    due_ms = draft.created_ms + world.draw.between(1, 20) * DAY_MS
    late = due_ms < world.reference_ms and not done
    draft.properties |= {
        "hs_timestamp": due_ms,
        "hs_task_subject": f"{_phrase(world, 'task_subjects')}: {company.properties['name']}",
        "hs_task_status": "COMPLETED" if done else world.draw.pick(("NOT_STARTED", "NOT_STARTED", "IN_PROGRESS")),
        "hs_task_priority": world.draw.pick(("NONE", "LOW", "MEDIUM", "HIGH")),
        "hs_task_type": world.draw.pick(("TODO", "CALL", "EMAIL")),
        "hs_task_is_completed": str(int(done)),
        "hs_task_is_overdue": str(late).lower(),
        "hs_task_family": "SALES",
        "hs_task_for_object_type": "OWNER",
    }
    if done:
        draft.properties["hs_task_completion_date"] = min(due_ms, world.reference_ms)
    return draft


def _call(world: World, company: CompanyDraft, person: Draft) -> Draft:
    note = _phrase(world, "notes")
    return _draft(
        world,
        company,
        "0-48",
        {
            "hs_call_title": f"{_phrase(world, 'call_titles')} with {person.properties['firstname']}",
            "hs_call_body": note,
            "hs_body_preview": preview(note),
            "hs_call_direction": world.draw.pick(("OUTBOUND", "OUTBOUND", "INBOUND")),
            "hs_call_disposition": world.draw.weighted(_DISPOSITIONS),
            "hs_call_status": "COMPLETED",
            "hs_call_duration": str(world.draw.between(20, 2400) * 1000),
            "hs_call_to_number": person.properties["phone"],
        },
    )


def _email(world: World, company: CompanyDraft, person: Draft) -> Draft:
    incoming = world.draw.chance(0.35)
    text = f"Hello {person.properties['firstname']},\n{_phrase(world, 'notes')}\nKind regards"
    return _draft(
        world,
        company,
        "0-49",
        {
            "hs_email_subject": _phrase(world, "email_subjects"),
            "hs_email_text": text,
            "hs_body_preview": text,
            "hs_email_direction": "INCOMING_EMAIL" if incoming else "EMAIL",
            "hs_email_status": "SENT",
            "hs_email_from_email" if incoming else "hs_email_to_email": person.properties["email"],
        },
    )


def _meeting(world: World, company: CompanyDraft, person: Draft) -> Draft:
    draft = _draft(world, company, "0-47", {})
    start_ms = world.draw.working_instant(draft.created_ms + world.draw.between(1, 24) * DAY_MS)
    held = start_ms < world.reference_ms
    draft.properties |= {
        "hs_timestamp": start_ms,
        "hs_meeting_title": f"{_phrase(world, 'meeting_titles')} with {company.properties['name']}",
        "hs_meeting_body": f"With {person.properties['firstname']} {person.properties['lastname']}",
        "hs_meeting_start_time": start_ms,
        "hs_meeting_end_time": start_ms + world.draw.pick((30, 45, 60)) * 60_000,
        "hs_meeting_outcome": world.draw.pick(("COMPLETED", "COMPLETED", "NO_SHOW", "RESCHEDULED"))
        if held
        else "SCHEDULED",
        "hs_meeting_location": world.draw.pick(("Video call", "On site", "Phone")),
    }
    return draft
