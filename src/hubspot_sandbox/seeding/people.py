"""Owners, companies and contacts."""

from typing import Final

from hubspot_sandbox.instants import DAY_MS, format_instant
from hubspot_sandbox.owners import Owner, Team
from hubspot_sandbox.records import Value
from hubspot_sandbox.seeding.draw import Weighted
from hubspot_sandbox.seeding.vocabulary import COMPANY_DOMAIN_SUFFIX, City, vocabulary
from hubspot_sandbox.seeding.world import CompanyDraft, Draft, World

_DOMAIN: Final = "lumenmetrics.example"
_HISTORY_DAYS: Final = 1100
_FIRST_OWNER_ID: Final = 88_001_000
_SOURCES: Final = Weighted(
    {
        "ORGANIC_SEARCH": 28.0,
        "DIRECT_TRAFFIC": 18.0,
        "OFFLINE": 16.0,
        "EMAIL_MARKETING": 12.0,
        "PAID_SEARCH": 10.0,
        "REFERRALS": 9.0,
        "SOCIAL_MEDIA": 7.0,
    }
)
_EARLY_STAGES: Final = Weighted(
    {"subscriber": 22.0, "lead": 40.0, "marketingqualifiedlead": 24.0, "salesqualifiedlead": 14.0}
)
_LEAD_STATUSES: Final = Weighted(
    {
        "NEW": 30.0,
        "OPEN": 20.0,
        "IN_PROGRESS": 14.0,
        "ATTEMPTED_TO_CONTACT": 14.0,
        "CONNECTED": 12.0,
        "UNQUALIFIED": 6.0,
        "BAD_TIMING": 4.0,
    }
)
_COMPANY_KINDS: Final = Weighted({"PROSPECT": 80.0, "PARTNER": 8.0, "RESELLER": 7.0, "VENDOR": 5.0})


def add_owners(world: World) -> None:
    """The sales people of Lumen Metrics in three teams; the last one has left."""
    words = vocabulary()
    since = world.reference_ms - 3 * _HISTORY_DAYS * DAY_MS // 2
    for place, (first, last) in enumerate(words.sales_people):
        user_id = world.portal.identifiers.user_id(place)
        left = place == len(words.sales_people) - 1
        team = place % len(words.teams)
        joined_at = format_instant(since + place * 40 * DAY_MS + 33_330_250)
        world.owners.append(
            Owner(
                id=str(_FIRST_OWNER_ID + 17 * place + world.draw.below(16)),
                email=f"{first}.{last}@{_DOMAIN}".lower(),
                first_name=first,
                last_name=last,
                user_id=None if left else user_id,
                user_id_including_inactive=user_id,
                created_at=joined_at,
                updated_at=joined_at,
                archived=left,
                teams=() if left else (Team(str(178_588 + team), words.teams[team]),),
            )
        )
    world.portal.store.put_all("owner", ((owner.id, owner) for owner in world.owners))


def pick_owner(world: World) -> Owner:
    """An owner who is still there."""
    return world.draw.pick(world.owners[:-1])


def owner_values(world: World, assigned_ms: int) -> dict[str, Value]:
    """The owner's properties of a record."""
    owner = pick_owner(world)
    return {
        "hubspot_owner_id": owner.id,
        "hubspot_owner_assigneddate": assigned_ms,
        "hs_all_owner_ids": owner.id,
        "hs_user_ids_of_all_owners": str(owner.user_id_including_inactive),
    }


def add_companies(world: World) -> None:
    """Companies with places, industries and sizes; no two share a domain."""
    words, draw = vocabulary(), world.draw
    taken: set[str] = set()
    while len(world.companies) < world.size.companies:
        head = draw.pick(words.company_heads)
        tail, industry = draw.pick(words.company_tails)
        if head + tail in taken:
            continue
        taken.add(head + tail)
        domain = f"{head}{tail}{COMPANY_DOMAIN_SUFFIX}".lower()
        created_ms = draw.past(world.reference_ms, _HISTORY_DAYS)
        employees = max(3, round(draw.lognormal(140, 1.3)))
        properties: dict[str, Value] = {
            "name": f"{head} {tail}",
            "domain": domain,
            "website": domain,
            "industry": industry,
            "type": draw.weighted(_COMPANY_KINDS),
            "numberofemployees": str(employees),
            "annualrevenue": str(employees * draw.between(90, 320) * 1000),
            "hs_annual_revenue_currency_code": "USD",
            "founded_year": str(draw.between(1948, 2023)),
            "hs_analytics_source": draw.weighted(_SOURCES),
            "hs_pipeline": "companies-lifecycle-pipeline",
            "hs_task_label": f"{head} {tail}",
            "hs_object_source": "CRM_UI",
            "hs_object_source_label": "CRM_UI",
            **_place(world, draw.pick(words.cities)),
            **owner_values(world, created_ms),
        }
        updated_ms = _later(world, created_ms)
        company = CompanyDraft("0-2", created_ms, updated_ms, properties)
        world.companies.append(company)
        world.add(company)


def add_contacts(world: World) -> None:
    """People with the addresses of their companies; one in fifty has no company."""
    words, draw = vocabulary(), world.draw
    taken: set[str] = set()
    # A few companies have many contacts, most have some: the minimum of two draws leans to the front.
    while len(taken) < world.size.contacts:
        alone = draw.chance(0.02)
        place = min(draw.below(len(world.companies)), draw.below(len(world.companies)))
        company = world.companies[place]
        first, last = draw.pick(words.first_names), draw.pick(words.last_names)
        domain = "mail.example" if alone else str(company.properties["domain"])
        email = f"{first}.{last}@{domain}".lower()
        if email in taken:
            continue
        taken.add(email)
        contact = _contact(world, None if alone else company, first, last, email)
        world.add(contact)
        if not alone:
            company.people.append(contact)
            world.link(contact, company, primary=True)


def _contact(world: World, company: CompanyDraft | None, first: str, last: str, email: str) -> Draft:
    draw = world.draw
    department = draw.pick(vocabulary().departments)
    earliest = company.created_ms if company else world.reference_ms - _HISTORY_DAYS * DAY_MS
    span_days = (world.reference_ms - earliest) / DAY_MS
    created_ms = draw.past(world.reference_ms, max(1, int(span_days)))
    city = draw.pick(vocabulary().cities)
    phone = f"+1 {city.area_code}-555-01{draw.digits(2)}"
    properties: dict[str, Value] = {
        "email": email,
        "firstname": first,
        "lastname": last,
        "hs_email_domain": email.rpartition("@")[2],
        "hs_full_name_or_email": f"{first} {last}",
        "hs_is_contact": "true",
        "hs_pipeline": "contacts-lifecycle-pipeline",
        "jobtitle": draw.pick(department.titles),
        "department": department.value,
        "phone": phone,
        "hs_searchable_calculated_phone_number": "".join(filter(str.isdigit, phone)),
        "hs_analytics_source": draw.weighted(_SOURCES),
        "hs_lead_status": draw.weighted(_LEAD_STATUSES),
        "hs_object_source": "CRM_UI",
        "hs_object_source_label": "CRM_UI",
        **owner_values(world, created_ms),
    }
    if company is None:
        properties |= {"city": city.name, "state": city.state, "country": city.country}
    else:
        properties |= {"company": company.properties["name"]}
        properties |= {name: company.properties[name] for name in ("city", "state", "country", "industry")}
    return Draft("0-1", created_ms, _later(world, created_ms), properties)


def settle_lifecycle(world: World) -> None:
    """Life-cycle stages that agree with the deals: customers have bought, opportunities have an open deal."""
    draw = world.draw
    in_company: set[int] = set()
    for company in world.companies:
        stage = "customer" if company.won_deals else "opportunity" if company.open_deals else ""
        _set_stage(company, stage or draw.weighted(_EARLY_STAGES))
        company.properties["num_associated_contacts"] = str(len(company.people))
        company.properties["num_associated_deals"] = str(company.deals)
        company.properties["hs_num_open_deals"] = str(company.open_deals)
        for person in company.people:
            in_company.add(id(person))
            follows = stage and draw.chance(0.85)
            _set_stage(person, stage if follows else draw.weighted(_EARLY_STAGES))
    for person in world.drafts["0-1"]:
        if id(person) not in in_company:
            _set_stage(person, draw.weighted(_EARLY_STAGES))


def number_contacts(world: World) -> None:
    """The properties that name ids, once ids are given."""
    for contact in world.drafts["0-1"]:
        contact.properties["hs_all_contact_vids"] = str(contact.id)
    for company in world.companies:
        for person in company.people:
            person.properties["associatedcompanyid"] = str(company.id)


def _set_stage(draft: Draft, stage: str) -> None:
    draft.properties["lifecyclestage"] = stage
    draft.properties["hs_v2_date_entered_current_stage"] = draft.updated_ms
    if draft.type_id == "0-1":
        draft.properties[f"hs_lifecyclestage_{stage}_date"] = str(draft.updated_ms)


def _later(world: World, created_ms: int) -> int:
    """Some instant between a record's creation and now, more often recent."""
    return created_ms + int((world.reference_ms - created_ms) * (1 - world.draw.fraction() ** 2))


def _place(world: World, city: City) -> dict[str, Value]:
    return {
        "address": f"{world.draw.between(1, 980)} {world.draw.pick(vocabulary().streets)}",
        "city": city.name,
        "state": city.state,
        "zip": city.zip_code,
        "country": city.country,
        "phone": f"+1 {city.area_code}-555-01{world.draw.digits(2)}",
    }
