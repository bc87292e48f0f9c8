"""Schemas: what object types a portal has, and what each is made of.

Source: https://developers.hubspot.com/docs/api-reference/crm-schemas-v3/guide
"""

from __future__ import annotations

from .. import params as p
from .._operation import Operation
from .._shape import ItemShape, PageShape
from ..models import Schema
from ._paths import get, schemas_path

_SOURCE = "https://developers.hubspot.com/docs/api-reference/crm-schemas-v3/guide"
_SCOPES = ("crm.schemas.custom.read", "crm.objects.custom.read")

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "schemas",
        "list",
        "All custom object types of the portal.",
        _SOURCE,
        p.ListSchemasParams,
        lambda params, version: get(schemas_path(version), params, ("archived",)),
        PageShape(Schema),
        scopes=_SCOPES,
    ),
    Operation(
        "schemas",
        "get",
        "One object type, built-in ones too: labels, properties, associations.",
        _SOURCE,
        p.GetSchemaParams,
        lambda params, version: get(schemas_path(version, str(params["objectType"])), params, ()),
        ItemShape(Schema),
        scopes=_SCOPES,
    ),
)
