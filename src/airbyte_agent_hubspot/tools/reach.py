"""Which operations tools may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from .._catalog import CATALOG
from ..errors import UnknownOperationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._operation import Effect, Operation

_STRONGEST_FIRST: Final[tuple[Effect, ...]] = ("destructive", "write", "read")


@dataclass(frozen=True, slots=True)
class Reach:
    """The operations of these entities and actions, all if None; with `read_only` those that change nothing."""

    read_only: bool = False
    entities: Sequence[str] | None = None
    actions: Sequence[str] | None = None

    def has(self, operation: Operation) -> bool:
        """Whether it is one of them."""
        return (
            not (self.read_only and operation.writes)
            and (self.entities is None or operation.entity in self.entities)
            and (self.actions is None or operation.action in self.actions)
        )

    def operations(self) -> list[Operation]:
        """All of them."""
        return [operation for operation in CATALOG if operation.entity != "*" and self.has(operation)]

    def effect(self) -> Effect:
        """The strongest effect that one of them has."""
        effects = {operation.effect for operation in self.operations()}
        return next(effect for effect in _STRONGEST_FIRST if effect in effects)

    def lacks(self, named: Mapping[str, object]) -> bool:
        """Whether there is an operation of that `entity` and `action`, but not here."""
        try:
            return not self.has(CATALOG.find(cast("str", named.get("entity")), cast("str", named.get("action"))))
        except UnknownOperationError:
            return False

    def find(self, entity: str, action: str) -> Operation:
        """The operation.

        Raises:
            UnknownOperationError: there is none, or it is not one of them.
        """
        operation = CATALOG.find(entity, action)
        if not self.has(operation):
            why = "they only read" if self.read_only and operation.writes else "they were made without it"
            raise UnknownOperationError(
                f"These tools cannot use {operation.entity}.{operation.action}: {why}. "
                "hubspot_inspect lists what they can."
            )
        return operation
