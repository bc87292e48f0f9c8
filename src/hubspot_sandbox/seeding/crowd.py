"""Great numbers of contacts, with their companies and deals: written row by row, never held in memory together.

Every value follows from the seed and the place of a company in the row, so each of the passes over the companies
(contacts, companies, deals, then the links) can compute them afresh. Rows go in the order of their ids: that keeps
the file dense and the writing fast.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, NamedTuple

import msgspec

from hubspot_sandbox.associations import PRIMARY, AssociationType
from hubspot_sandbox.calculations import exact, exact_product
from hubspot_sandbox.identifiers import Identifiers
from hubspot_sandbox.instants import DAY_MS
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.seeding.vocabulary import vocabulary

CONTACTS: Final = "0-1"
COMPANIES: Final = "0-2"
DEALS: Final = "0-3"

RecordRow = tuple[int, str, int, int, int, str]
LinkRow = tuple[int, str, int, str, int]

_SPAN_DAYS: Final = 1000
_STAGGER_MS: Final = 20 * DAY_MS
_PEOPLE: Final = (2, 3, 4, 5, 6, 8, 10, 12, 20, 30)
_DEALS: Final = (0, 0, 1, 2, 2, 3, 3, 5)
_STAGES: Final = (
    "subscriber",
    "lead",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
)
_SOURCES: Final = ("ORGANIC_SEARCH", "DIRECT_TRAFFIC", "OFFLINE", "EMAIL_MARKETING", "PAID_SEARCH", "REFERRALS")
_STATUSES: Final = ("NEW", "OPEN", "IN_PROGRESS", "ATTEMPTED_TO_CONTACT", "CONNECTED", "UNQUALIFIED")
_MASK: Final = (1 << 64) - 1


class _Company(NamedTuple):
    """What the values of a company and its people are made of."""

    place: int
    noise: int
    name: str
    domain: str
    industry: str
    city: str
    owner: str
    people: int
    deals: int


@dataclass(frozen=True, slots=True)
class _Stage:
    """A deal's stage with the values that follow from it."""

    probability: float
    is_closed: bool
    json: str


class Crowd:
    """So many contacts beyond those a portal has already, at companies of 2 to 30 people."""

    def __init__(self, portal: Portal, contacts: int) -> None:
        words = vocabulary()
        self._reference_ms = portal.origin.reference_ms
        self._noise = Identifiers(portal.origin.seed).number("crowd", 0, 1 << 62)
        self._words = words
        self._cities = [
            _json({"city": city.name, "state": city.state, "country": city.country}) for city in words.cities
        ]
        self._jobs = [
            _json({"jobtitle": title, "department": department.value})
            for department in words.departments
            for title in department.titles
        ]
        self._owners = [
            _json({"hubspot_owner_id": owner.id, "hs_all_owner_ids": owner.id})
            for owner in portal.owners().values()
            if not owner.archived
        ]
        self._stages = _stages(portal)
        self.people, self.companies = self._cut(contacts)
        self.deals = [self._company(place).deals for place in range(self.companies)]
        self.contact_ids = array("q", portal.records.take_ids(CONTACTS, contacts))
        self.company_ids = array("q", portal.records.take_ids(COMPANIES, self.companies))
        self.deal_ids = array("q", portal.records.take_ids(DEALS, sum(self.deals)))
        self._kinds = portal.associations.kinds

    def records(self, type_id: str) -> Iterator[RecordRow]:
        """The rows of a type, ascending by id: id, type, archived, created, updated, properties."""
        match type_id:
            case "0-1":
                return self._contacts()
            case "0-2":
                return self._companies()
            case "0-3":
                return self._deals()
            case _:
                return iter(())

    def links(self, type_id: str) -> Iterator[LinkRow]:
        """The rows of links from records of a type, in the order of the table's key."""
        contact_company = self._both(CONTACTS, COMPANIES)
        deal_company, deal_contact = self._both(DEALS, COMPANIES), self._both(DEALS, CONTACTS)
        for place, people, deals in self._spans():
            company_id = self.company_ids[place]
            if type_id == CONTACTS:
                for at, contact_id in enumerate(people):
                    yield from _rows(contact_id, [company_id], contact_company, back=False)
                    yield from _rows(contact_id, deals if at == 0 else (), deal_contact, back=True)
            elif type_id == COMPANIES:
                yield from _rows(company_id, people, contact_company, back=True)
                yield from _rows(company_id, deals, deal_company, back=True)
            elif type_id == DEALS:
                for deal_id in deals:
                    yield from _rows(deal_id, people[:1], deal_contact, back=False)
                    yield from _rows(deal_id, [company_id], deal_company, back=False)

    def _both(self, start: str, end: str) -> list[tuple[AssociationType, AssociationType]]:
        """The plain and the primary kind between two types, each with its inverse."""
        found = [self._kinds.qualified(start, end, qualifier) for qualifier in ("", PRIMARY)]
        return [(kind, self._kinds.inverse(kind)) for kind in found if kind is not None]

    def _spans(self) -> Iterator[tuple[int, Sequence[int], Sequence[int]]]:
        """For each company: its place, the ids of its people and of its deals."""
        people_ends, deal_ends = accumulate(self.people), accumulate(self.deals)
        person = deal = 0
        for place, (person_end, deal_end) in enumerate(zip(people_ends, deal_ends, strict=True)):
            yield place, self.contact_ids[person:person_end], self.deal_ids[deal:deal_end]
            person, deal = person_end, deal_end

    def _cut(self, contacts: int) -> tuple[list[int], int]:
        """How many people each company has, the last one what is left."""
        people: list[int] = []
        left = contacts
        while left > 0:
            people.append(min(left, self._company(len(people)).people))
            left -= people[-1]
        return people, len(people)

    def _company(self, place: int) -> _Company:
        noise = _mixed(place * 2 + 1, self._noise)
        words = self._words
        head = words.company_heads[noise % len(words.company_heads)]
        tail, industry = words.company_tails[(noise >> 10) % len(words.company_tails)]
        return _Company(
            place=place,
            noise=noise,
            name=f"{head} {tail}",
            domain=f"{head}{tail}{place + 1}.example".lower(),
            industry=industry,
            city=self._cities[(noise >> 20) % len(self._cities)],
            owner=self._owners[(noise >> 28) % len(self._owners)],
            people=_PEOPLE[(noise >> 36) % len(_PEOPLE)],
            deals=_DEALS[(noise >> 44) % len(_DEALS)],
        )

    def _created_ms(self, place: int) -> int:
        age_ms = _SPAN_DAYS * DAY_MS * (self.companies - place) // self.companies
        return self._reference_ms - _STAGGER_MS - age_ms

    def _contacts(self) -> Iterator[RecordRow]:
        first_names, last_names, jobs = self._words.first_names, self._words.last_names, self._jobs
        names = len(first_names) * len(last_names)
        for place, people, _ in self._spans():
            company = self._company(place)
            created_ms = self._created_ms(place)
            step_ms = _STAGGER_MS // (len(people) + 1)
            shared = (
                f'"hs_is_contact":"true","hs_pipeline":"contacts-lifecycle-pipeline","hs_object_source":"CRM_UI",'
                f'"company":"{company.name}","industry":"{company.industry}",{company.city},{company.owner},'
                f'"associatedcompanyid":"{self.company_ids[place]}","hs_email_domain":"{company.domain}"'
            )
            for at, contact_id in enumerate(people):
                # The step has no factor in common with the number of names: nobody at a company shares a full name.
                name = (company.noise + at * 104_729) % names
                first, last = first_names[name % len(first_names)], last_names[name // len(first_names)]
                noise = _mixed(contact_id, company.noise)
                born_ms = created_ms + at * step_ms
                changed_ms = born_ms + noise % (self._reference_ms - born_ms)
                yield (
                    contact_id,
                    CONTACTS,
                    0,
                    born_ms,
                    changed_ms,
                    (
                        f'{{"email":"{first.lower()}.{last.lower()}@{company.domain}","firstname":"{first}",'
                        f'"lastname":"{last}","hs_full_name_or_email":"{first} {last}",'
                        f'{jobs[(noise >> 8) % len(jobs)]},"phone":"+1 617-555-01{noise % 100:02d}",'
                        f'"hs_analytics_source":"{_SOURCES[(noise >> 20) % 6]}",'
                        f'"hs_lead_status":"{_STATUSES[(noise >> 24) % 6]}",'
                        f'"lifecyclestage":"{_STAGES[(noise >> 28) % 7]}",'
                        f'{shared},"hs_all_contact_vids":"{contact_id}"}}'
                    ),
                )

    def _companies(self) -> Iterator[RecordRow]:
        for place, people, deals in self._spans():
            company = self._company(place)
            created_ms = self._created_ms(place)
            employees = max(len(people), company.noise % 900)
            yield (
                self.company_ids[place],
                COMPANIES,
                0,
                created_ms,
                created_ms + (company.noise >> 3) % (self._reference_ms - created_ms),
                (
                    f'{{"name":"{company.name}","domain":"{company.domain}","website":"{company.domain}",'
                    f'"industry":"{company.industry}","type":"PROSPECT",{company.city},{company.owner},'
                    f'"numberofemployees":"{employees}","annualrevenue":"{employees * 170_000}",'
                    f'"hs_annual_revenue_currency_code":"USD","lifecyclestage":"{_STAGES[(company.noise >> 5) % 7]}",'
                    f'"hs_pipeline":"companies-lifecycle-pipeline","hs_object_source":"CRM_UI",'
                    f'"num_associated_contacts":"{len(people)}","num_associated_deals":"{len(deals)}"}}'
                ),
            )

    def _deals(self) -> Iterator[RecordRow]:
        subjects = self._words.phrases["deal_subjects"]
        for place, _, deals in self._spans():
            company = self._company(place)
            for at, deal_id in enumerate(deals):
                noise = _mixed(deal_id, company.noise)
                created_ms = self._created_ms(place) + at * DAY_MS
                stage = self._stages[noise % len(self._stages)]
                amount = str((noise >> 8) % 1200 * 50 + 500)
                changed_ms = created_ms + (noise >> 3) % (self._reference_ms - created_ms)
                closes_ms = changed_ms if stage.is_closed else self._reference_ms + (noise >> 20) % 120 * DAY_MS
                yield (
                    deal_id,
                    DEALS,
                    0,
                    created_ms,
                    changed_ms,
                    (
                        f'{{"dealname":"{company.name} - {subjects[(noise >> 12) % len(subjects)]}",'
                        f'"amount":"{amount}",'
                        f'"amount_in_home_currency":"{amount}","deal_currency_code":"USD",{stage.json},{company.owner},'
                        f'"hs_projected_amount":"{exact_product(amount, stage.probability)}","closedate":{closes_ms},'
                        f'"hs_object_source":"CRM_UI","num_associated_contacts":"1"}}'
                    ),
                )


def _rows(
    from_id: int, to_ids: Sequence[int], kinds: Sequence[tuple[AssociationType, AssociationType]], *, back: bool
) -> Iterator[LinkRow]:
    ways = sorted((pair[back] for pair in kinds), key=lambda kind: kind.type_id)
    for to_id in to_ids:
        for kind in ways:
            yield from_id, kind.to_type, to_id, kind.category, kind.type_id


def _mixed(number: int, noise: int) -> int:
    """64 well-stirred bits that follow from both."""
    mixed = (number * 0x9E37_79B9_7F4A_7C15 + noise) & _MASK
    mixed = (mixed ^ mixed >> 30) * 0xBF58_476D_1CE4_E5B9 & _MASK
    return mixed ^ mixed >> 27


def _json(values: dict[str, str]) -> str:
    """The inside of a JSON object."""
    return msgspec.json.encode(values).decode()[1:-1]


def _stages(portal: Portal) -> list[_Stage]:
    """Every stage of the first deal pipeline."""
    pipeline = portal.pipelines(portal.types.by_id(DEALS))[0]
    return [
        _Stage(
            stage.probability,
            stage.is_closed,
            _json(
                {
                    "pipeline": pipeline.id,
                    "dealstage": stage.id,
                    "hs_deal_stage_probability": exact(stage.probability),
                    "hs_is_closed": str(stage.is_closed).lower(),
                    "hs_is_closed_won": str(stage.is_closed and stage.probability > 0).lower(),
                }
            ),
        )
        for stage in pipeline.stages
    ]
