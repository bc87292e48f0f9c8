"""CRM records.

A record is HubSpot's JSON object as a frozen dataclass: its fields carry HubSpot's own names (`createdAt`), so that
every serialiser, log and tool result shows the shape that HubSpot documents; instants are also there as aware
datetimes under snake_case names (`created_at`), and standard properties as typed attributes (`deal.amount`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Generic, TypeVar, overload

from .results import Result

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
PropertiesT = TypeVar("PropertiesT")


@dataclass(frozen=True, slots=True)
class AssociatedId:
    """The id of an associated record, and the association's type in snake case (`deal_to_contact`)."""

    id: str
    type: str


@dataclass(frozen=True, slots=True)
class AssociatedIds:
    """Associated ids of one object type. A primary association appears twice, once for each type."""

    results: list[AssociatedId]
    paging: dict[str, dict[str, str]] | None = None


@dataclass(frozen=True, slots=True)
class PropertyVersion:
    """One value that a property had, since `timestamp`."""

    value: str | None
    timestamp: str
    sourceType: str | None = None
    sourceId: str | None = None
    sourceLabel: str | None = None
    updatedByUserId: int | None = None


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    return datetime.fromisoformat(text)


@dataclass(frozen=True)  # without slots: absent fields then cost nothing to decode, an eighth of a page
class Record(Result):
    """One CRM record. Values of `properties` are text or None, as HubSpot sends them. `new` is set by an upsert."""

    id: str
    properties: dict[str, str | None] = field(default_factory=dict[str, str | None])
    createdAt: str | None = None
    updatedAt: str | None = None
    archived: bool = False
    archivedAt: str | None = None
    url: str | None = None
    associations: dict[str, AssociatedIds] | None = None
    propertiesWithHistory: dict[str, list[PropertyVersion]] | None = None
    new: bool | None = None

    @property
    def created_at(self) -> datetime | None:
        """When the record was created, UTC."""
        return _instant(self.createdAt)

    @property
    def updated_at(self) -> datetime | None:
        """When the record was last changed, UTC."""
        return _instant(self.updatedAt)

    @property
    def archived_at(self) -> datetime | None:
        """When the record was archived, UTC; None for a live record."""
        return _instant(self.archivedAt)

    @property
    def properties_with_history(self) -> dict[str, list[PropertyVersion]] | None:
        """Values over time, newest first, of the properties that were asked for with history."""
        return self.propertiesWithHistory


class StandardProperty(Generic[T]):
    """A standard property as a typed attribute of its record: None where the record has no value."""

    def __init__(self, read: Callable[[str], T], doc: str) -> None:
        self.__doc__ = doc
        self._read = read
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, record: None, owner: type) -> StandardProperty[T]: ...
    @overload
    def __get__(self, record: Record, owner: type) -> T | None: ...
    def __get__(self, record: Record | None, owner: type) -> StandardProperty[T] | T | None:
        if record is None:
            return self
        text = record.properties.get(self._name)
        return self._read(text) if text else None


def _flag(text: str) -> bool:
    return text == "true"


def _choices(text: str) -> list[str]:
    return [value for value in text.split(";") if value]


def _text(doc: str) -> StandardProperty[str]:
    return StandardProperty(str, doc)


def _number(doc: str) -> StandardProperty[Decimal]:
    return StandardProperty(Decimal, doc)


def _whole(doc: str) -> StandardProperty[int]:
    return StandardProperty(int, doc)


def _at(doc: str) -> StandardProperty[datetime]:
    return StandardProperty(datetime.fromisoformat, doc)


def _bool(doc: str) -> StandardProperty[bool]:
    return StandardProperty(_flag, doc)


def _many(doc: str) -> StandardProperty[list[str]]:
    return StandardProperty(_choices, doc)


class Contact(Record):
    """A person."""

    email = _text("Main e-mail address; unique among contacts.")
    hs_additional_emails = _many("Further e-mail addresses.")
    firstname = _text("First name.")
    lastname = _text("Last name.")
    salutation = _text("Title by which to address them.")
    phone = _text("Phone number as it was typed.")
    mobilephone = _text("Mobile phone number as it was typed.")
    company = _text("Name of the company, as text; the association is in `associations`.")
    jobtitle = _text("Job title.")
    department = _text("Department, where the portal has such a property.")
    industry = _text("Industry, as text.")
    website = _text("Web address.")
    address = _text("Street address.")
    city = _text("City.")
    state = _text("State or region.")
    zip = _text("Postal code.")
    country = _text("Country or region.")
    hs_language = _text("Preferred language, such as `en` or `de-at`.")
    hs_timezone = _text("Time zone.")
    lifecyclestage = _text("Lifecycle stage: internal value such as `lead` or `customer`.")
    hs_lead_status = _text("Lead status: an upper-case internal value such as `OPEN`.")
    hubspot_owner_id = _text("`id` of the owner (not the user id).")
    hubspot_owner_assigneddate = _at("When the owner was assigned.")
    hs_email_optout = _bool("Whether they unsubscribed from all e-mail.")
    num_associated_deals = _whole("Number of associated deals.")
    num_notes = _whole("Number of activities logged.")
    notes_last_contacted = _at("Last call, e-mail or meeting logged.")
    notes_last_updated = _at("Last activity.")
    notes_next_activity_date = _at("Next planned activity.")
    createdate = _at("When it was created.")
    lastmodifieddate = _at("When it was last changed.")


class Company(Record):
    """An organisation."""

    name = _text("Name.")
    domain = _text("Web domain, such as `acme.example`.")
    website = _text("Web address.")
    description = _text("What it does.")
    industry = _text("Industry: an upper-case internal value.")
    type = _text("`PROSPECT`, `PARTNER`, `RESELLER`, `VENDOR` or `OTHER`.")
    phone = _text("Phone number as it was typed.")
    address = _text("Street address.")
    city = _text("City.")
    state = _text("State or region.")
    zip = _text("Postal code.")
    country = _text("Country or region.")
    timezone = _text("Time zone.")
    founded_year = _text("Year it was founded.")
    numberofemployees = _whole("Number of employees.")
    annualrevenue = _number("Revenue of a year, in the portal's currency.")
    is_public = _bool("Whether its shares are traded.")
    lifecyclestage = _text("Lifecycle stage: internal value such as `lead` or `customer`.")
    hs_lead_status = _text("Lead status: an upper-case internal value such as `OPEN`.")
    hubspot_owner_id = _text("`id` of the owner (not the user id).")
    num_associated_contacts = _whole("Number of associated contacts.")
    num_associated_deals = _whole("Number of associated deals.")
    notes_last_contacted = _at("Last call, e-mail or meeting logged.")
    createdate = _at("When it was created.")
    hs_lastmodifieddate = _at("When it was last changed.")


class Deal(Record):
    """An opportunity in a pipeline."""

    dealname = _text("Name.")
    amount = _number("Amount in the deal's own currency.")
    amount_in_home_currency = _number("Amount in the portal's currency.")
    deal_currency_code = _text("Currency of `amount`, such as `EUR`.")
    dealstage = _text("Id of the stage; its label is in the pipeline.")
    pipeline = _text("Id of the pipeline.")
    closedate = _at("Expected or actual close date.")
    dealtype = _text("`newbusiness` or `existingbusiness`.")
    description = _text("What it is about.")
    hs_priority = _text("`low`, `medium` or `high`.")
    hs_next_step = _text("What to do next.")
    hs_deal_stage_probability = _number("Chance of winning, 0-1.")
    hs_forecast_amount = _number("Amount in the forecast.")
    hs_projected_amount = _number("Amount times probability.")
    hs_is_closed = _bool("Whether it is won or lost.")
    hs_is_closed_won = _bool("Whether it is won.")
    hs_is_closed_lost = _bool("Whether it is lost.")
    closed_won_reason = _text("Why it was won.")
    closed_lost_reason = _text("Why it was lost.")
    days_to_close = _whole("Days from creation to close.")
    hubspot_owner_id = _text("`id` of the owner (not the user id).")
    num_associated_contacts = _whole("Number of associated contacts.")
    num_notes = _whole("Number of activities logged.")
    notes_last_contacted = _at("Last call, e-mail or meeting logged.")
    notes_next_activity_date = _at("Next planned activity.")
    createdate = _at("When it was created.")
    hs_lastmodifieddate = _at("When it was last changed.")


class Ticket(Record):
    """A support request in a pipeline."""

    subject = _text("Subject.")
    content = _text("Description.")
    hs_pipeline = _text("Id of the pipeline.")
    hs_pipeline_stage = _text("Id of the stage; its label is in the pipeline.")
    hs_ticket_id = _text("The same as the record's id.")
    hs_ticket_priority = _text("`LOW`, `MEDIUM` or `HIGH`.")
    hs_ticket_category = _many("Categories: upper-case internal values such as `PRODUCT_ISSUE`.")
    hs_is_closed = _bool("Whether it is closed.")
    hs_resolution = _text("How it was resolved.")
    source_type = _text("Where it came from: `CHAT`, `EMAIL`, `FORM` or `PHONE`.")
    hubspot_owner_id = _text("`id` of the owner (not the user id).")
    closed_date = _at("When it was closed.")
    time_to_close = _whole("Milliseconds from creation to close.")
    hs_num_times_contacted = _whole("Number of times the customer was contacted.")
    notes_last_contacted = _at("Last call, e-mail or meeting logged.")
    createdate = _at("When it was created.")
    hs_lastmodifieddate = _at("When it was last changed.")


@dataclass(frozen=True, slots=True)
class TypedRecord(Result, Generic[PropertiesT]):
    """A record whose properties are read into a class of yours: see `CrmEntity.with_model`."""

    id: str
    properties: PropertiesT
    record: Record
