"""Public types: credentials, results, records and what a portal is made of.

Credentials are loaded with the package; the rest when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .auth import AirbyteAuthConfig, HubspotAuthConfig, HubspotPrivateAppAuthConfig, StoredGrant, TokenGrant

if TYPE_CHECKING:
    from .account import (
        AccountDetails,
        ApiUsage,
        CheckResult,
        GrantedScopes,
        ListMember,
        MembershipChange,
        Owner,
        Restored,
        SegmentList,
        SingleSend,
        SubscriptionStatus,
        Team,
        TeamOfOwner,
    )
    from .answers import (
        Activities,
        Activity,
        Aggregate,
        AggregateRow,
        Found,
        Logged,
        Moved,
        Overview,
        PortalDescription,
        PortalProperty,
        RelatedRecord,
        Saved,
        StagePlace,
    )
    from .definitions import (
        AssociatedRecords,
        Association,
        AssociationLink,
        AssociationType,
        Pipeline,
        PropertyDefinition,
        PropertyGroup,
        PropertyOption,
        Schema,
        SchemaLabels,
        Stage,
    )
    from .records import (
        AssociatedId,
        AssociatedIds,
        Company,
        Contact,
        Deal,
        PropertyVersion,
        Record,
        StandardProperty,
        Ticket,
        TypedRecord,
    )
    from .results import BatchItem, BatchResult, Deleted, ItemError, Page, PageMeta, Result

__all__ = [
    "AccountDetails",
    "Activities",
    "Activity",
    "Aggregate",
    "AggregateRow",
    "AirbyteAuthConfig",
    "ApiUsage",
    "AssociatedId",
    "AssociatedIds",
    "AssociatedRecords",
    "Association",
    "AssociationLink",
    "AssociationType",
    "BatchItem",
    "BatchResult",
    "CheckResult",
    "Company",
    "Contact",
    "Deal",
    "Deleted",
    "Found",
    "GrantedScopes",
    "HubspotAuthConfig",
    "HubspotPrivateAppAuthConfig",
    "ItemError",
    "ListMember",
    "Logged",
    "MembershipChange",
    "Moved",
    "Overview",
    "Owner",
    "Page",
    "PageMeta",
    "Pipeline",
    "PortalDescription",
    "PortalProperty",
    "PropertyDefinition",
    "PropertyGroup",
    "PropertyOption",
    "PropertyVersion",
    "Record",
    "RelatedRecord",
    "Restored",
    "Result",
    "Saved",
    "Schema",
    "SchemaLabels",
    "SegmentList",
    "SingleSend",
    "Stage",
    "StagePlace",
    "StandardProperty",
    "StoredGrant",
    "SubscriptionStatus",
    "Team",
    "TeamOfOwner",
    "Ticket",
    "TokenGrant",
    "TypedRecord",
]

_MODULES = {
    "results": (
        "BatchItem",
        "BatchResult",
        "Deleted",
        "ItemError",
        "Page",
        "PageMeta",
        "Result",
    ),
    "records": (
        "AssociatedId",
        "AssociatedIds",
        "Company",
        "Contact",
        "Deal",
        "PropertyVersion",
        "Record",
        "StandardProperty",
        "Ticket",
        "TypedRecord",
    ),
    "definitions": (
        "AssociatedRecords",
        "Association",
        "AssociationLink",
        "AssociationType",
        "Pipeline",
        "PropertyDefinition",
        "PropertyGroup",
        "PropertyOption",
        "Schema",
        "SchemaLabels",
        "Stage",
    ),
    "answers": (
        "Activities",
        "Activity",
        "Aggregate",
        "AggregateRow",
        "Found",
        "Logged",
        "Moved",
        "Overview",
        "PortalDescription",
        "PortalProperty",
        "RelatedRecord",
        "Saved",
        "StagePlace",
    ),
    "account": (
        "AccountDetails",
        "ApiUsage",
        "CheckResult",
        "GrantedScopes",
        "ListMember",
        "MembershipChange",
        "Owner",
        "Restored",
        "SegmentList",
        "SingleSend",
        "SubscriptionStatus",
        "Team",
        "TeamOfOwner",
    ),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    """The type `name`, from the module that has it."""
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{module}"), name)
