"""The table of operations: the single source of what this connector can do."""

from __future__ import annotations

from itertools import chain

from .._operation import Catalog
from . import account, crm, schemas
from ._paths import DEFAULT_VERSION

__all__ = ["CATALOG", "DEFAULT_VERSION"]

CATALOG = Catalog(
    chain(crm.OPERATIONS, schemas.OPERATIONS, account.OPERATIONS),
    entities={
        "contacts": "People.",
        "companies": "Organisations.",
        "deals": "Opportunities, each in a stage of a pipeline.",
        "tickets": "Support requests, each in a stage of a pipeline.",
        "objects": "Records of any object type, named by `objectType`: custom objects above all.",
        "schemas": "Object types: their names, properties and associations.",
        "*": "The connector itself.",
    },
    aliases={"search": "api_search"},
)
