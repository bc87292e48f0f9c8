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
        GrantedScopes,
        ListMember,
        MembershipChange,
        Owner,
        SegmentList,
        SingleSend,
        SubscriptionStatus,
        Team,
        TeamOfOwner,
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
    from .results import BatchItem, BatchResult, CheckResult, Deleted, ItemError, Page, PageMeta, Restored, Result

__all__ = [
    "AccountDetails",
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
    "GrantedScopes",
    "HubspotAuthConfig",
    "HubspotPrivateAppAuthConfig",
    "ItemError",
    "ListMember",
    "MembershipChange",
    "Owner",
    "Page",
    "PageMeta",
    "Pipeline",
    "PropertyDefinition",
    "PropertyGroup",
    "PropertyOption",
    "PropertyVersion",
    "Record",
    "Restored",
    "Result",
    "Schema",
    "SchemaLabels",
    "SegmentList",
    "SingleSend",
    "Stage",
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
        "CheckResult",
        "Deleted",
        "ItemError",
        "Page",
        "PageMeta",
        "Restored",
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
    "account": (
        "AccountDetails",
        "ApiUsage",
        "GrantedScopes",
        "ListMember",
        "MembershipChange",
        "Owner",
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
