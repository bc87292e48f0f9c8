"""What a call reaches: the entity it is made on, and every other whose records or definitions it touches.

A link is made by whoever may write the record it starts from, or `associations`; both ends must be readable. A change
of an object type's definition counts as a change of its records. Lists know their object type only in HubSpot: see
`reach_of_list`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._catalog.crm import KINDS
from airbyte_agent_hubspot._catalog.object_types import entity_of_type
from airbyte_agent_hubspot._operation import Operation

ANY_TYPE = "(any object type)"
"""Stands for an object type that cannot be told: only the right to everything includes it."""

_RECORDS = frozenset(kind.entity for kind in KINDS if kind.object_type is not None)
_CUSTOM = re.compile(r"2-\d+|p\d*_(?P<name>.+)")
_LINKED = "associations."
_MEMBERS = frozenset({"members", "add", "remove"})


@dataclass(frozen=True, slots=True)
class Reach:
    """One entity that a call reaches. The right to `action` on any of its `names` is enough."""

    names: tuple[str, ...]
    action: str
    writes: bool
    advice: str = ""


def reach_of(operation: Operation, params: Mapping[str, object]) -> list[Reach]:
    """Everything that a call with these validated parameters reaches; first the entity it is made on."""
    own = names_of(str(params["objectType"])) if operation.entity == "objects" else (operation.entity,)
    found = [Reach(own, operation.action, operation.writes)]
    if "objectType" in params and operation.entity != "objects":
        action = "update" if operation.writes else "list"
        found.append(Reach(names_of(str(params["objectType"])), action, operation.writes))
    found += [_read(name) for name in _types_read(params)]
    found += _linked(params)
    if "contactProperties" in params:
        found.append(Reach(("contacts",), "update", writes=True))
    return found


def reach_of_list(object_type_id: str) -> Reach:
    """What a call on the members of a list reaches."""
    return _read(object_type_id)


def touches_members(operation: Operation) -> bool:
    """Whether the call reaches the records of a list."""
    return operation.entity == "lists" and operation.action in _MEMBERS


def names_of(object_type: str) -> tuple[str, ...]:
    """The entities that an object type counts as, however it is spelt. A custom type counts as `objects` too."""
    entity = entity_of_type(object_type)
    if entity in _RECORDS:
        return (entity,)
    custom = _CUSTOM.fullmatch(entity)
    if custom is not None:
        standard = entity_of_type(custom["name"] or "")
        return (standard,) if standard in _RECORDS else (entity, object_type.strip(), "objects")
    # `lists`, `account` or `subscriptions` may be object types too, and are not what the entity of that name is.
    return (ANY_TYPE,) if entity in CATALOG.entities else (entity,)


def _read(object_type: str) -> Reach:
    return Reach(names_of(object_type), "list", writes=False)


def _types_read(params: Mapping[str, object]) -> Iterator[str]:
    """Object types that are named as ends of links, in conditions, or as members of a list."""
    for name in ("fromObjectType", "toObjectType"):
        if name in params:
            yield str(params[name])
    yield from map(str, cast("list[object]", params.get("associatedObjects", [])))
    for group in cast("list[Mapping[str, list[Mapping[str, object]]]]", params.get("filterGroups", [])):
        for condition in group["filters"]:
            name = str(condition["propertyName"]).strip()
            if name.lower().startswith(_LINKED):
                yield name[len(_LINKED) :]
    yield from _object_type_ids({name: params[name] for name in ("objectTypeId", "filterBranch") if name in params})


def _object_type_ids(value: object) -> Iterator[str]:
    """Object types named anywhere in the condition of a list."""
    if isinstance(value, dict):
        for name, item in value.items():
            if str(name).lower().endswith("objecttypeid"):
                yield str(item)
            yield from _object_type_ids(item)
    elif isinstance(value, list):
        for item in value:
            yield from _object_type_ids(item)


def _linked(params: Mapping[str, object]) -> Iterator[Reach]:
    """Entities named by `associations`, of the call or of its inputs: names to read, or records to link to."""
    inputs = cast("list[Mapping[str, object]]", params.get("inputs", []))
    for given in (params.get("associations"), *(item.get("associations") for item in inputs)):
        items = given.split(",") if isinstance(given, str) else given or ()
        for item in cast("Iterable[object]", items):
            if not isinstance(item, Mapping):
                yield from (_read(name) for name in str(item).split(",") if name.strip())
                continue
            yield _read(str(item["toObjectType"]))
            if "types" in item:
                advice = "`types` alone decide what a new record is linked to: leave them out, or link it afterwards."
                yield Reach((ANY_TYPE,), "list", writes=False, advice=f" {advice}")
