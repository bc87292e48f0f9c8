"""What a portal is made of: object types, properties, pipelines, association labels."""

from __future__ import annotations

from dataclasses import dataclass, field

from .results import Result


@dataclass(frozen=True, slots=True)
class PropertyOption:
    """One choice of an enumeration. Records hold `value`, people see `label`."""

    label: str
    value: str
    displayOrder: int | None = None
    hidden: bool = False
    description: str | None = None


@dataclass(frozen=True, slots=True)
class PropertyDefinition(Result):
    """What a property is: its type, label and choices."""

    name: str
    label: str | None = None
    type: str | None = None
    fieldType: str | None = None
    groupName: str | None = None
    description: str | None = None
    options: list[PropertyOption] = field(default_factory=list[PropertyOption])
    hasUniqueValue: bool = False
    calculated: bool = False
    hidden: bool = False
    archived: bool = False
    hubspotDefined: bool = False
    referencedObjectType: str | None = None


@dataclass(frozen=True, slots=True)
class SchemaLabels:
    """What people call one and several records of a type."""

    singular: str | None = None
    plural: str | None = None


@dataclass(frozen=True, slots=True)
class Schema(Result):
    """What an object type is: its names, properties and associations."""

    id: str
    name: str
    objectTypeId: str | None = None
    fullyQualifiedName: str | None = None
    labels: SchemaLabels | None = None
    primaryDisplayProperty: str | None = None
    secondaryDisplayProperties: list[str] = field(default_factory=list[str])
    requiredProperties: list[str] = field(default_factory=list[str])
    searchableProperties: list[str] = field(default_factory=list[str])
    properties: list[PropertyDefinition] = field(default_factory=list[PropertyDefinition])
    associations: list[dict[str, str | None]] = field(default_factory=list[dict[str, str | None]])
    createdAt: str | None = None
    updatedAt: str | None = None
    archived: bool = False


@dataclass(frozen=True, slots=True)
class PropertyGroup(Result):
    """A heading under which properties are shown."""

    name: str
    label: str | None = None
    displayOrder: int | None = None
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Stage(Result):
    """One stage of a pipeline. `metadata` holds `probability` and `isClosed` (deals) or `ticketState` (tickets)."""

    id: str
    label: str | None = None
    displayOrder: int | None = None
    metadata: dict[str, str] = field(default_factory=dict[str, str])
    archived: bool = False
    createdAt: str | None = None
    updatedAt: str | None = None

    @property
    def is_closed(self) -> bool:
        """Whether records in this stage are finished."""
        return self.metadata.get("isClosed") == "true" or self.metadata.get("ticketState") == "CLOSED"

    @property
    def probability(self) -> float | None:
        """Chance of winning a deal in this stage, 0-1; None for other pipelines."""
        text = self.metadata.get("probability")
        return None if text is None else float(text)


@dataclass(frozen=True, slots=True)
class Pipeline(Result):
    """The stages that records of one type go through."""

    id: str
    label: str | None = None
    displayOrder: int | None = None
    stages: list[Stage] = field(default_factory=list[Stage])
    archived: bool = False
    createdAt: str | None = None
    updatedAt: str | None = None


@dataclass(frozen=True, slots=True)
class AssociationType(Result):
    """The type of an association in one direction. The unlabelled one has no label."""

    category: str
    typeId: int
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Association(Result):
    """An associated record, with every type that the association has."""

    toObjectId: str
    associationTypes: list[AssociationType] = field(default_factory=list[AssociationType])

    @property
    def labels(self) -> list[str]:
        """The labels among its types; `Primary` marks a primary company."""
        return [kind.label for kind in self.associationTypes if kind.label]


@dataclass(frozen=True, slots=True)
class AssociatedRecords(Result):
    """All associations of one record to one object type; `next_cursor` if there are more."""

    fromObjectId: str
    to: list[Association] = field(default_factory=list[Association])
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class AssociationLink(Result):
    """Two records that are associated now, and the labels that were set."""

    fromObjectType: str
    fromObjectId: str
    toObjectType: str
    toObjectId: str
    labels: list[str] = field(default_factory=list[str])
