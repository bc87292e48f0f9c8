"""`describe_portal`: what a portal holds and what it calls things, small enough for a model's context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from ..._lexicon import portal
from ...models.answers import PortalDescription, PortalProperty
from ..object_types import entity_of_type
from .words import SHOWN, TITLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..._composition import Steps
    from ..._shape import Params
    from ...models import Pipeline, PropertyDefinition

_TYPES: Final = ("contacts", "companies", "deals", "tickets")
_STAGED: Final = ("deals", "tickets")
_FEW_OPTIONS: Final = 10
_MOST_OWNERS: Final = 50
_MOST_PROPERTIES: Final = 25


def describe_portal(params: Params, now_s: float) -> Steps[PortalDescription]:
    """The description. What the caller may not read is named in `not_read`."""
    del now_s
    details = yield from portal.account()
    not_read: list[str] = []
    pipelines: dict[str, dict[str, list[str]]] = {}
    for object_type in _STAGED:
        found = yield from portal.maybe(portal.pipelines(object_type))
        if found is None:
            not_read.append(f"pipelines of {object_type}")
        else:
            pipelines[object_type] = {item.label or item.id: _stages(item) for item in found.pipelines}
    owners = yield from portal.maybe(portal.owners())
    schemas = yield from portal.maybe(portal.schemas())
    not_read += [name for name, found in (("owners", owners), ("schemas", schemas)) if found is None]
    teams: dict[str, list[str]] = {}
    for owner in owners or []:
        for team in owner.teams:
            teams.setdefault(team.name, []).append(owner.full_name)
    properties: dict[str, list[PortalProperty]] = {}
    for object_type in _types(params.get("objectTypes")):
        is_standard = entity_of_type(object_type) in TITLE
        type_id = object_type if is_standard else (yield from portal.type_named(object_type))
        definitions = yield from portal.maybe(portal.properties(type_id))
        if definitions is None:
            not_read.append(f"properties of {object_type}")
        else:
            properties[object_type] = _worth_knowing(
                object_type, definitions, custom_only=bool(params.get("customOnly"))
            )
    return PortalDescription(
        details.portalId,
        details.timeZone,
        details.companyCurrency,
        details.additionalCurrencies,
        pipelines,
        [owner.full_name for owner in owners or []][:_MOST_OWNERS],
        len(owners or []),
        teams,
        {item.objectTypeId or item.id: item.name for item in schemas or []},
        properties,
        not_read,
    )


def _types(given: object) -> list[str]:
    if given is None:
        return list(_TYPES)
    names = given.split(",") if isinstance(given, str) else cast("list[str]", given)
    return [name.strip() for name in names if name.strip()]


def _stages(pipeline: Pipeline) -> list[str]:
    return [stage.label or stage.id for stage in pipeline.stages]


def _worth_knowing(
    object_type: str, definitions: Mapping[str, PropertyDefinition], *, custom_only: bool
) -> list[PortalProperty]:
    """Those that the portal defined itself, then the usual ones."""
    own = [name for name, item in definitions.items() if not item.hubspotDefined and not item.hidden]
    usual = [] if custom_only else [name for name in SHOWN.get(object_type, ()) if name in definitions]
    names = list(dict.fromkeys([*usual, *own]))[:_MOST_PROPERTIES]
    return [_property(definitions[name]) for name in names]


def _property(item: PropertyDefinition) -> PortalProperty:
    options = {option.value: option.label for option in item.options if not option.hidden}
    shown = options if 0 < len(options) <= _FEW_OPTIONS else None
    return PortalProperty(item.name, item.label or item.name, item.type or "", shown)
