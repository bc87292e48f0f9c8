"""Property definitions: what each property of each object type is, read from the data tables.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide
"""

from functools import cache
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from hubspot_sandbox.data import read_data
from hubspot_sandbox.object_types import ObjectType

BOOL_OPTIONS: Final = "true:True,false:False"
_RECORDED_CONTACTS: Final = "0-1"
_MULTIPLE_FIELD: Final = "checkbox"


class Option(msgspec.Struct, frozen=True, rename="camel"):
    """One allowed value of an enumeration."""

    label: str
    value: str
    description: str = ""
    display_order: int = -1
    hidden: bool = False


class ModificationMetadata(msgspec.Struct, frozen=True, rename="camel"):
    """What may be changed."""

    archivable: bool = True
    read_only_definition: bool = False
    read_only_value: bool = False


class PropertyDefinition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A property; field order is the order on the wire."""

    updated_at: str | UnsetType = UNSET
    created_at: str | UnsetType = UNSET
    name: str
    label: str
    type: str
    field_type: str
    description: str = ""
    group_name: str
    options: tuple[Option, ...] = ()
    created_user_id: str | UnsetType = UNSET
    updated_user_id: str | UnsetType = UNSET
    referenced_object_type: str | UnsetType = UNSET
    display_order: int = -1
    calculated: bool = False
    calculation_formula: str | UnsetType = UNSET
    external_options: bool = False
    archived: bool | UnsetType = UNSET
    archived_at: str | UnsetType = UNSET
    has_unique_value: bool = False
    hidden: bool = False
    hubspot_defined: bool | UnsetType = UNSET
    show_currency_symbol: bool | UnsetType = UNSET
    currency_property_name: str | UnsetType = UNSET
    modification_metadata: ModificationMetadata = ModificationMetadata()
    form_field: bool = False
    data_sensitivity: str = "non_sensitive"

    @property
    def is_multiple(self) -> bool:
        """Whether a value is a list joined by semicolons."""
        return self.type == "enumeration" and self.field_type == _MULTIPLE_FIELD

    @property
    def is_read_only(self) -> bool:
        """Whether a write of the value is refused."""
        return self.modification_metadata.read_only_value


class _Recorded(msgspec.Struct):
    properties: list[PropertyDefinition]


def parse_options(text: str) -> tuple[Option, ...]:
    """Options from `value:Label,value:Label`; a semicolon in a label stands for a comma."""
    pairs = [pair.split(":", 1) for pair in text.split(",")]
    return tuple(Option(label.replace(";", ","), value, "", place) for place, (value, label) in enumerate(pairs))


@cache
def _sections() -> dict[str, list[list[str]]]:
    sections: dict[str, list[list[str]]] = {}
    rows: list[list[str]] = []
    for line in read_data("properties.txt").splitlines():
        if line.startswith("["):
            rows = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            rows.append([cell.strip() for cell in line.split("|")])
    return sections


def _definition(cells: list[str], group: str, sets: dict[str, str]) -> PropertyDefinition:
    name, label, kinds, raw_flags = cells
    kind, field_type = kinds.split("/")
    flags, _, options_text = raw_flags.partition("options=")
    words = set(flags.split())
    if options_text.startswith("@"):
        options_text = sets[options_text[1:]]
    if kind == "bool":
        options_text = BOOL_OPTIONS
    reference = next((word.removeprefix("ref=") for word in words if word.startswith("ref=")), "")
    if "owner" in words:
        reference = "OWNER"
    read_only = "ro" in words
    return PropertyDefinition(
        name=name,
        label=label,
        type=kind,
        field_type=field_type,
        group_name=group,
        options=parse_options(options_text) if options_text else (),
        referenced_object_type=reference or UNSET,
        calculated="calc" in words,
        external_options=bool(words & {"owner", "external"}),
        hidden="hidden" in words,
        hubspot_defined=True,
        show_currency_symbol="currency" in words or UNSET,
        currency_property_name="deal_currency_code" if name == "amount" and "calc" not in words else UNSET,
        modification_metadata=ModificationMetadata(
            archivable=not read_only, read_only_definition=True, read_only_value=read_only
        ),
        form_field=not read_only,
    )


def built_in_definitions(object_type: ObjectType) -> dict[str, PropertyDefinition]:
    """The hubspotDefined properties of a type by name; of a custom type the ones every record has."""
    return _built_in("*" if object_type.is_custom else object_type.type_id, object_type.group)


@cache
def _built_in(section: str, group: str) -> dict[str, PropertyDefinition]:
    sections = _sections()
    sets = {row[0]: row[1] for row in sections["sets"]}
    rows = sections["*"] + (sections.get(section, []) if section != "*" else [])
    found = {row[0]: _definition(row, group, sets) for row in rows}
    if section == _RECORDED_CONTACTS:
        recorded = msgspec.json.decode(read_data("contact_properties.json"), type=_Recorded)
        for definition in recorded.properties:
            found[definition.name] = msgspec.structs.replace(definition, hubspot_defined=True)
    return dict(sorted(found.items()))
