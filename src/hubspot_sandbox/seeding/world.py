"""What is being built: the drafts of all records, who is linked to whom, and the day it all leads up to."""

from dataclasses import dataclass, field

from hubspot_sandbox.associations import PRIMARY, AssociationType
from hubspot_sandbox.owners import Owner
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.records import Record, Value
from hubspot_sandbox.seeding.draw import Draw


@dataclass(frozen=True, slots=True)
class Size:
    """How many records of each kind a portal gets, at least."""

    companies: int
    contacts: int
    deals: int
    tickets: int
    installations: int
    leads: int
    quotes: int
    notes: int
    tasks: int
    calls: int
    emails: int
    meetings: int


@dataclass(slots=True)
class Draft:
    """A record in the making."""

    type_id: str
    created_ms: int
    updated_ms: int
    properties: dict[str, Value]
    id: int = 0

    def record(self) -> Record:
        """The finished record."""
        return Record(self.id, self.type_id, self.created_ms, self.updated_ms, None, self.properties)


@dataclass(slots=True)
class CompanyDraft(Draft):
    """A company with the people who work there."""

    people: list[Draft] = field(default_factory=list)
    deals: int = 0
    open_deals: int = 0
    won_deals: int = 0


@dataclass(slots=True)
class World:
    """Everything so far. `links` are (from, to, kind), `versions` are rows of the history."""

    portal: Portal
    draw: Draw
    size: Size
    reference_ms: int
    owners: list[Owner] = field(default_factory=list)
    companies: list[CompanyDraft] = field(default_factory=list)
    drafts: dict[str, list[Draft]] = field(default_factory=dict)
    links: list[tuple[Draft, Draft, AssociationType]] = field(default_factory=list)
    versions: list[tuple[Draft, str, int, str, int]] = field(default_factory=list)

    def add(self, draft: Draft) -> None:
        """Put a record into the portal."""
        self.drafts.setdefault(draft.type_id, []).append(draft)

    def link(self, start: Draft, end: Draft, *, primary: bool = False) -> None:
        """Link two records; a primary link comes beside the plain one."""
        kinds = self.portal.associations.kinds
        qualifiers = ("", PRIMARY) if primary else ("",)
        for qualifier in qualifiers:
            kind = kinds.qualified(start.type_id, end.type_id, qualifier)
            if kind is not None:
                self.links.append((start, end, kind))

    def number(self) -> None:
        """Give ids: within each type, the older record has the lower one."""
        for type_id in sorted(self.drafts, key=_place_of_type):
            drafts = self.drafts[type_id]
            drafts.sort(key=lambda draft: draft.created_ms)
            ids = self.portal.records.take_ids(type_id, len(drafts))
            for draft, record_id in zip(drafts, ids, strict=True):
                draft.id = record_id

    def write(self) -> None:
        """Write everything into the portal's store."""
        for drafts in self.drafts.values():
            self.portal.records.insert(draft.record() for draft in drafts)
        self.portal.associations.insert((start.id, end.id, kind) for start, end, kind in self.links)
        self.portal.history.seed(
            (draft.id, name, serial, value, at_ms, "CRM_UI", None, self.owners[0].user_id)
            for draft, name, serial, value, at_ms in self.versions
        )


def _place_of_type(type_id: str) -> tuple[int, int]:
    """Built-in types first, in the order of their numbers."""
    family, number = type_id.split("-")
    return int(family), int(number)
