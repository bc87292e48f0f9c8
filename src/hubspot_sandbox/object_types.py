"""The object types of a portal, and the many names clients use for them.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/understanding-the-crm
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import msgspec

from hubspot_sandbox.data import read_data
from hubspot_sandbox.errors import ApiError

_ID_SHAPE: Final = re.compile(r"\d+-\d+")


class ObjectType(msgspec.Struct, frozen=True, kw_only=True):
    """What the portal knows about a type besides its properties and pipelines.

    `default_properties` come with every read in addition to id, created and modified property;
    `query_properties` are what a search's `query` looks into.
    """

    type_id: str
    name: str
    plural: str
    label: str
    label_plural: str
    scope: str
    aliases: tuple[str, ...] = ()
    created_property: str = "hs_createdate"
    modified_property: str = "hs_lastmodifieddate"
    default_properties: tuple[str, ...] = ()
    query_properties: tuple[str, ...] = ()
    primary_display: str = ""
    secondary_display: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    group: str = ""
    pipeline_property: str = ""
    stage_property: str = ""
    created_at_ms: int = 0
    updated_at_ms: int = 0
    description: str = ""
    archived: bool = False

    @property
    def is_custom(self) -> bool:
        """Whether somebody of this portal made it."""
        return not self.type_id.startswith("0-")

    @property
    def base_properties(self) -> tuple[str, ...]:
        """The properties that every read and write answer holds."""
        return ("hs_object_id", self.created_property, self.modified_property)

    @property
    def read_scopes(self) -> tuple[str, ...]:
        """Any one of these lets a credential read records of the type, before 2026-09."""
        return self._scopes("read")

    @property
    def write_scopes(self) -> tuple[str, ...]:
        """Any one of these lets a credential write records of the type, before 2026-09."""
        return self._scopes("write")

    @property
    def definition_scopes(self) -> tuple[str, ...]:
        """Any one of these opens the type's property definitions and pipelines."""
        return (*self.read_scopes, f"crm.schemas.{self.scope}.read")

    @property
    def definition_write_scopes(self) -> tuple[str, ...]:
        """Any one of these lets a credential change the type's property definitions and pipelines."""
        match self.scope:
            case "tickets":
                return ("crm.schemas.tickets.write", "tickets")
            case "orders":
                return ("crm.schemas.orders.write", "crm.pipelines.orders.write")
            case scope:
                return (f"crm.schemas.{scope}.write",)

    def _scopes(self, verb: str) -> tuple[str, ...]:
        match self.scope:
            case "tickets":
                return ("tickets",)
            case "line_items" | "products" | "quotes":
                return (f"crm.objects.{self.scope}.{verb}", "e-commerce")
            case "emails":
                return (f"crm.objects.contacts.{verb}", "sales-email-read")
            case scope:
                return (f"crm.objects.{scope}.{verb}",)

    def fully_qualified_name(self, hub_id: int) -> str:
        """`p24681012_installation` for a custom type; the upper-case name for a built-in one."""
        return f"p{hub_id}_{self.name}" if self.is_custom else self.name.upper()


@cache
def standard_types() -> tuple[ObjectType, ...]:
    """The types every portal has."""
    return tuple(msgspec.json.decode(read_data("object_types.json"), type=list[ObjectType]))


class ObjectTypes:
    """The types of one portal, found by any name a client may use."""

    def __init__(self, hub_id: int) -> None:
        self._hub_id = hub_id
        self._by_id: dict[str, ObjectType] = {}
        self._by_name: dict[str, ObjectType] = {}
        for object_type in standard_types():
            self.add(object_type)

    def add(self, object_type: ObjectType) -> None:
        """Make a type known."""
        self._by_id[object_type.type_id] = object_type
        names = {object_type.plural, *object_type.aliases}
        if object_type.is_custom:
            own = object_type.name
            names |= {own, f"p_{own}", f"p{self._hub_id}_{own}"}
        self._by_name.update(dict.fromkeys(names, object_type))

    def discard(self, type_id: str) -> None:
        """Forget a type with all its names."""
        self._by_id.pop(type_id, None)
        self._by_name = {name: each for name, each in self._by_name.items() if each.type_id != type_id}

    def __iter__(self) -> Iterator[ObjectType]:
        return iter(self._by_id.values())

    def by_id(self, type_id: str) -> ObjectType:
        """The type of a type id that the portal itself gave."""
        return self._by_id[type_id]

    def find(self, name: str) -> ObjectType:
        """The type behind a type id, a plural, a singular, or a custom type's names, in any letter case.

        Raises: ApiError (400), worded differently for unknown names and unknown ids.

        Source: https://github.com/brekkylab/backlot (measured live, August to October 2026)
        """
        found = self._by_id.get(name) or self._by_name.get(name.lower())
        if found is not None:
            return found
        if _ID_SHAPE.fullmatch(name):
            raise ApiError(f"Invalid object or event type id: {name}")
        raise ApiError(f"Unable to infer object type from: {name}")
