"""What happens after the sale: tickets, and the custom object type `installation`."""

from typing import Final

from hubspot_sandbox.associations import USER_DEFINED, AssociationType
from hubspot_sandbox.definitions import PropertyDefinition, parse_options
from hubspot_sandbox.instants import DAY_MS, format_day, format_instant
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.records import Value
from hubspot_sandbox.seeding.draw import Weighted
from hubspot_sandbox.seeding.people import owner_values
from hubspot_sandbox.seeding.vocabulary import Topic, vocabulary
from hubspot_sandbox.seeding.world import Draft, World

INSTALLATION: Final = "2-30417762"
_GROUP: Final = "installation_information"
_STAGES: Final = Weighted({"1": 16.0, "2": 14.0, "3": 12.0, "4": 58.0})
_PRIORITIES: Final = Weighted({"LOW": 35.0, "MEDIUM": 45.0, "HIGH": 20.0})
_SOURCES: Final = Weighted({"EMAIL": 55.0, "FORM": 20.0, "CHAT": 15.0, "PHONE": 10.0})
_STATES: Final = Weighted({"active": 82.0, "planned": 10.0, "decommissioned": 8.0})
_TICKET_SPAN_DAYS: Final = 400
_FIRST_LINK_TYPE: Final = 30


def add_portal_properties(world: World) -> None:
    """The account's own properties: a contact's department, and those of installations."""
    labels = ",".join(f"{department.value}:{department.label}" for department in vocabulary().departments)
    made_at = format_instant(world.reference_ms - 900 * DAY_MS)
    own = [
        ("0-1", "department", "Department", "enumeration/select", "contactinformation", labels),
        (INSTALLATION, "installation_name", "Installation name", "string/text", _GROUP, ""),
        (INSTALLATION, "serial_number", "Serial number", "string/text", _GROUP, ""),
        (
            INSTALLATION,
            "installation_status",
            "Installation status",
            "enumeration/select",
            _GROUP,
            "planned:Planned,active:Active,decommissioned:Decommissioned",
        ),
        (INSTALLATION, "installed_on", "Installed on", "date/date", _GROUP, ""),
        (INSTALLATION, "sensor_count", "Number of sensors", "number/number", _GROUP, ""),
    ]
    for type_id, name, label, kinds, group, options in own:
        kind, field_type = kinds.split("/")
        definition = PropertyDefinition(
            updated_at=made_at,
            created_at=made_at,
            name=name,
            label=label,
            type=kind,
            field_type=field_type,
            group_name=group,
            options=parse_options(options) if options else (),
            created_user_id=str(world.portal.identifiers.user_id(0)),
            updated_user_id=str(world.portal.identifiers.user_id(0)),
            archived=False,
            has_unique_value=name == "serial_number",
            form_field=type_id == "0-1",
        )
        world.portal.store.put(f"property {type_id}", name, definition)


def add_installation_type(world: World) -> None:
    """The custom object type with its links to contacts, companies, deals and tickets."""
    installation = ObjectType(
        type_id=INSTALLATION,
        name="installation",
        plural="installations",
        label="Installation",
        label_plural="Installations",
        scope="custom",
        primary_display="installation_name",
        secondary_display=("installation_status",),
        query_properties=("installation_name", "serial_number"),
        required=("installation_name",),
        group=_GROUP,
        created_at_ms=world.reference_ms - 900 * DAY_MS,
    )
    portal = world.portal
    portal.store.put("object_type", INSTALLATION, installation)
    portal.types.add(installation)
    type_id = _FIRST_LINK_TYPE
    for other in ("0-1", "0-2", "0-3", "0-5"):
        name = portal.types.by_id(other).name
        there = AssociationType(type_id, "installation", INSTALLATION, name, other, "", type_id + 1, USER_DEFINED)
        back = AssociationType(type_id + 1, name, other, "installation", INSTALLATION, "", type_id, USER_DEFINED)
        for kind in (there, back):
            portal.store.put("association_type", f"{kind.type_id:04d}", kind)
            portal.associations.kinds.add(kind)
        type_id += 2


def add_tickets(world: World) -> None:
    """Tickets from people of companies, about data, bills and wishes."""
    draw = world.draw
    customers = [company for company in world.companies if company.won_deals and company.people]
    for _ in range(world.size.tickets):
        company = draw.pick(customers)
        person = draw.pick(company.people)
        created_ms = max(draw.past(world.reference_ms, _TICKET_SPAN_DAYS), person.created_ms)
        stage = draw.weighted(_STAGES)
        topic = draw.pick(vocabulary().topics)
        changed_ms = min(world.reference_ms, created_ms + draw.between(1, 14 * 24) * 3_600_000)
        ticket = Draft("0-5", created_ms, changed_ms, _ticket_values(world, topic, stage, created_ms, changed_ms))
        world.add(ticket)
        world.link(ticket, person)
        world.link(ticket, company, primary=True)


def _ticket_values(world: World, topic: Topic, stage: str, created_ms: int, changed_ms: int) -> dict[str, Value]:
    closed = stage == "4"
    values: dict[str, Value] = {
        "subject": topic.subject,
        "content": topic.content,
        "hs_pipeline": "0",
        "hs_pipeline_stage": stage,
        "hs_ticket_category": topic.category,
        "hs_ticket_priority": world.draw.weighted(_PRIORITIES),
        "source_type": world.draw.weighted(_SOURCES),
        "hs_is_closed": str(closed).lower(),
        "hs_is_visible_in_help_desk": "true",
        "hs_helpdesk_sort_timestamp": changed_ms,
        "hs_v2_date_entered_current_stage": changed_ms,
        "hs_object_source": "CRM_UI",
        "hs_object_source_label": "CRM_UI",
        **owner_values(world, created_ms),
    }
    if closed:
        values |= {"closed_date": changed_ms, "time_to_close": str(changed_ms - created_ms)}
    return values


def number_tickets(world: World) -> None:
    """The ticket id, once ids are given."""
    for ticket in world.drafts["0-5"]:
        ticket.properties["hs_ticket_id"] = str(ticket.id)


def add_installations(world: World) -> None:
    """What customers have had installed."""
    draw = world.draw
    customers = [company for company in world.companies if company.won_deals and company.people]
    for serial in range(world.size.installations):
        company = draw.pick(customers)
        created_ms = draw.past(world.reference_ms, 700)
        draft = Draft(
            INSTALLATION,
            created_ms,
            created_ms,
            {
                "installation_name": f"{company.properties['name']} - {company.properties['city']} {serial + 1}",
                "serial_number": f"LMI-{serial + 1:06d}",
                "installation_status": draw.weighted(_STATES),
                "installed_on": format_day(created_ms),
                "sensor_count": str(draw.between(4, 180)),
                "hubspot_owner_id": company.properties["hubspot_owner_id"],
            },
        )
        world.add(draft)
        world.link(draft, company)
        world.link(draft, company.people[0])
