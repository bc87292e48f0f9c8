"""People and facts of the account: owners, teams, lists, usage, marketing; whether the connector works."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .results import Result


@dataclass(frozen=True, slots=True)
class TeamOfOwner:
    """A team that an owner belongs to."""

    id: str
    name: str
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Owner(Result):
    """Somebody who can own records. `hubspot_owner_id` of a record holds this `id`, not `userId`."""

    id: str
    email: str | None = None
    type: str | None = None
    firstName: str | None = None
    lastName: str | None = None
    userId: int | None = None
    userIdIncludingInactive: int | None = None
    archived: bool = False
    teams: list[TeamOfOwner] = field(default_factory=list[TeamOfOwner])
    createdAt: str | None = None
    updatedAt: str | None = None

    @property
    def full_name(self) -> str:
        """First and last name; the e-mail address if there is neither."""
        return " ".join(part for part in (self.firstName, self.lastName) if part) or self.email or self.id


@dataclass(frozen=True, slots=True)
class Team(Result):
    """A team of users."""

    id: str
    name: str
    userIds: list[str] = field(default_factory=list[str])
    secondaryUserIds: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class SegmentList(Result):
    """A list ("segment" in HubSpot's pages) of records of one object type."""

    listId: str
    name: str
    objectTypeId: str | None = None
    processingType: str | None = None
    processingStatus: str | None = None
    listVersion: int | None = None
    filterBranch: dict[str, object] | None = None
    additionalProperties: dict[str, str | None] | None = None
    createdAt: str | None = None
    updatedAt: str | None = None
    deletedAt: str | None = None

    @property
    def size(self) -> int | None:
        """Number of members, where it was asked for by `additional_properties=["hs_list_size"]`."""
        text = (self.additionalProperties or {}).get("hs_list_size")
        return None if text is None else int(text)


@dataclass(frozen=True, slots=True)
class ListMember(Result):
    """A record in a list."""

    recordId: str
    membershipTimestamp: str | None = None


@dataclass(frozen=True, slots=True)
class MembershipChange(Result):
    """What a change of a list's members did."""

    recordIdsAdded: list[str] = field(default_factory=list[str])
    recordIdsRemoved: list[str] = field(default_factory=list[str])
    recordIdsMissing: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class AccountDetails(Result):
    """Facts about the HubSpot account."""

    portalId: int
    accountType: str | None = None
    timeZone: str | None = None
    companyCurrency: str | None = None
    additionalCurrencies: list[str] = field(default_factory=list[str])
    utcOffset: str | None = None
    utcOffsetMilliseconds: int | None = None
    uiDomain: str | None = None
    dataHostingLocation: str | None = None


@dataclass(frozen=True, slots=True)
class ApiUsage(Result):
    """Calls of one kind that were used and that are allowed, until `resetsAt`."""

    name: str
    usageLimit: int
    currentUsage: int
    collectedAt: str | None = None
    fetchStatus: str | None = None
    resetsAt: str | None = None


@dataclass(frozen=True, slots=True)
class GrantedScopes(Result):
    """What the connector's token may do, and in which account."""

    hub_id: int | None
    scopes: list[str]
    user_id: int | None = None
    app_id: int | None = None


@dataclass(frozen=True, slots=True)
class SingleSend(Result):
    """A single send under way or done."""

    statusId: str
    status: str
    sendResult: str | None = None
    requestedAt: str | None = None
    startedAt: str | None = None
    completedAt: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionStatus(Result):
    """Whether a contact receives one kind of e-mail."""

    subscriptionId: int
    status: str
    channel: str | None = None
    subscriberIdString: str | None = None
    subscriptionName: str | None = None
    source: str | None = None
    legalBasis: str | None = None
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class CheckResult(Result):
    """Whether a connector can work: `healthy`, or `unhealthy` with the error's sentence."""

    status: Literal["healthy", "unhealthy"]
    error: str | None = None
    checked_entity: str | None = None
    checked_action: str | None = None
    hub_id: int | None = None
    missing_scopes: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Restored(Result):
    """What was brought back."""

    id: str
    restored: bool = True
