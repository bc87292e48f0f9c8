"""Limits tracking: how much of what the account allows is used.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/limits-tracking/guide,
https://github.com/scopiousdigital/kalup/blob/main/docs/hubspot.md (figures measured live)
"""

from collections.abc import Iterable, Sequence
from typing import Final

from hubspot_sandbox.association_labels import MOST_LABELS
from hubspot_sandbox.associations import USER_DEFINED
from hubspot_sandbox.calls import Answer, Call, Door
from hubspot_sandbox.errors import JsonObject
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.property_rules import MOST_CUSTOM
from hubspot_sandbox.versions import DATED

ALL_CUSTOM_PROPERTIES: Final = 10_000
CUSTOM_TYPES: Final = 20
# choice: 15 million records of a built-in type and 500,000 of a custom one are a Professional account's numbers.
RECORDS: Final = 15_000_000
CUSTOM_RECORDS: Final = 500_000
PIPELINES: Final = 100
_WITH_PIPELINES: Final = ("0-3", "0-5")
_MAIN: Final = ("0-1", "0-2", "0-3", "0-5", "0-8")


def _any_object(call: Call) -> Sequence[str]:
    """Any one scope to read records."""
    return sorted({scope for kind in call.portal.types for scope in kind.read_scopes})


def _used(limit: int, usage: int) -> JsonObject:
    return {"limit": limit, "usage": usage, "percentage": round(100 * usage / limit, 2)}


def _named(kind: ObjectType) -> JsonObject:
    return {"objectTypeId": kind.type_id, "singularLabel": kind.label, "pluralLabel": kind.label_plural}


def _overall(limit: int, rows: Sequence[JsonObject], usages: Iterable[int]) -> JsonObject:
    usage = sum(usages)
    overall: JsonObject = {"overallLimit": limit, "overallUsage": usage}
    return overall | {"overallPercentage": round(100 * usage / limit, 2), "byObjectType": list(rows)}


def _main_and_custom(call: Call) -> list[ObjectType]:
    return [kind for kind in call.portal.types if kind.is_custom or kind.type_id in _MAIN]


def custom_properties(call: Call) -> Answer:
    """Own properties of each type."""
    kinds = _main_and_custom(call)
    counts = [
        sum(not definition.hubspot_defined for definition in call.portal.definitions(kind).values()) for kind in kinds
    ]
    rows = [_named(kind) | _used(MOST_CUSTOM, count) for kind, count in zip(kinds, counts, strict=True)]
    return Answer(200, _overall(ALL_CUSTOM_PROPERTIES, rows, counts))


def custom_types(call: Call) -> Answer:
    """Custom object types."""
    return Answer(200, _used(CUSTOM_TYPES, sum(kind.is_custom for kind in call.portal.types)))


def records(call: Call) -> Answer:
    """Records of each type.

    # choice: the names of the two halves are not confirmed.
    """
    built_in: list[JsonObject] = []
    custom: list[JsonObject] = []
    for kind in _main_and_custom(call):
        limit = CUSTOM_RECORDS if kind.is_custom else RECORDS
        row = _named(kind) | _used(limit, call.portal.records.count(kind.type_id))
        (custom if kind.is_custom else built_in).append(row)
    usages = [call.portal.records.count(kind.type_id) for kind in call.portal.types if kind.is_custom]
    body: JsonObject = {"hubspotDefinedObjectTypes": built_in}
    return Answer(200, body | {"customObjectTypes": _overall(CUSTOM_RECORDS, custom, usages)})


def pipelines(call: Call) -> Answer:
    """Pipelines beyond the default one of each type.

    # choice: the names of the two halves are not confirmed.
    """
    portal = call.portal
    rows = [
        _named(kind) | _used(PIPELINES, max(0, len(portal.pipelines(kind)) - 1))
        for kind in portal.types
        if kind.type_id in _WITH_PIPELINES
    ]
    usages = [len(portal.pipelines(kind)) for kind in portal.types if kind.is_custom]
    body: JsonObject = {"hubspotDefinedObjectTypes": rows}
    return Answer(200, body | {"customObjectTypes": _overall(PIPELINES, [], usages)})


def labels(call: Call) -> Answer:
    """Labels of each direction of each pair that has one."""
    found: dict[tuple[str, str], list[str]] = {}
    for start in call.portal.types:
        for kind in call.portal.associations.kinds.of(start.type_id):
            if kind.category == USER_DEFINED and kind.text and kind.from_type == start.type_id:
                found.setdefault((kind.from_type, kind.to_type), []).append(kind.text)
    by_id = call.portal.types.by_id
    rows: list[JsonObject] = [
        {
            "fromObjectType": _named(by_id(start)),
            "toObjectType": _named(by_id(end)),
            **_used(MOST_LABELS, len(set(texts))),
            "allLabels": sorted(set(texts)),
        }
        for (start, end), texts in sorted(found.items())
    ]
    return Answer(200, {"results": rows})


DOORS: Final = tuple(
    Door("GET", f"/crm/limits/{path}", handle, _any_object, versions=frozenset({"v3"}) | DATED)
    for path, handle in (
        ("records", records),
        ("custom-properties", custom_properties),
        ("custom-object-types", custom_types),
        ("pipelines", pipelines),
        ("associations/labels", labels),
    )
)
