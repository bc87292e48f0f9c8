"""What an operation is, and the catalog of all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

from ._reader import ParamsReader
from .errors import UnknownOperationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ._shape import Params, Shape
    from ._wire import HttpRequest
    from .errors import ConnectorError
    from .models import Result

Effect: TypeAlias = Literal["read", "write", "destructive"]
LimitKind: TypeAlias = Literal["burst", "search"]


@dataclass(frozen=True)
class Operation:
    """One action on one entity: everything the rest of the package knows about it.

    `encode` turns validated parameters and an API version into a request whose `url` is a path. `wire_names` holds
    the wire name of each parameter whose name is not simply the camelCase form of its key. `scopes` are any-of.
    `idempotent` writes may be sent twice without doing more than once. `limit` is the
    one of HubSpot's limits that counts it. `recover` makes a result of an error.
    """

    entity: str
    action: str
    summary: str
    source: str
    params: type
    encode: Callable[[Params, str], HttpRequest]
    shape: Shape[Result]
    effect: Effect = "read"
    scopes: tuple[str, ...] = ()
    wire_names: Mapping[str, str] = field(default_factory=dict[str, str])
    idempotent: bool = False
    limit: LimitKind = "burst"
    recover: Callable[[ConnectorError], Result] | None = None

    @cached_property
    def reader(self) -> ParamsReader:
        """The validator of `params`, built at first use."""
        return ParamsReader(self.params, wire_names=self.wire_names, owner=f"{self.entity}.{self.action}")

    @property
    def resendable(self) -> bool:
        """Whether sending it again after an unknown outcome does no harm."""
        return self.effect == "read" or self.idempotent

    @property
    def writes(self) -> bool:
        """Whether it changes anything in HubSpot."""
        return self.effect != "read"


class Catalog:
    """All operations, by entity and action.

    `families` names the family that has each entity's operations, `load` gives those of a family; a family is loaded
    when one of its entities is first asked for. `aliases` maps other names of actions to ours.
    """

    def __init__(
        self,
        families: Mapping[str, str],
        *,
        load: Callable[[str], Iterable[Operation]],
        entities: Mapping[str, str],
        aliases: Mapping[str, str],
    ) -> None:
        self.entities = entities
        """A sentence about each entity, in the order of the documentation."""
        self._families = families
        self._load = load
        self._by_entity: dict[str, dict[str, Operation]] = {}
        self._aliases = aliases

    def __iter__(self) -> Iterator[Operation]:
        for entity in self.entities:
            yield from self.find_entity(entity).values()

    def find_entity(self, entity: str) -> Mapping[str, Operation]:
        """The operations of `entity` by action.

        Raises:
            UnknownOperationError: there is no such entity.
        """
        actions = self._by_entity.get(entity)
        if actions is not None:
            return actions
        family = self._families.get(entity)
        if family is None:
            raise UnknownOperationError(
                f"There is no entity {entity!r}.{_nearest(entity, self.entities)} "
                f"Entities are: {', '.join(self.entities)}."
            )
        for operation in self._load(family):
            self._by_entity.setdefault(operation.entity, {})[operation.action] = operation
        return self._by_entity[entity]

    def find(self, entity: str, action: str) -> Operation:
        """The operation `action` on `entity`; an empty entity is the connector itself, `*`.

        Raises:
            UnknownOperationError: there is no such entity, or it has no such action.
        """
        actions = self.find_entity(entity or "*")
        operation = actions.get(self._aliases.get(action, action)) or actions.get(action)
        if operation is None:
            raise UnknownOperationError(
                f"{entity} has no action {action!r}.{_nearest(action, actions)} "
                f"Actions of {entity} are: {', '.join(actions)}."
            )
        return operation


def _nearest(name: str, known: Mapping[str, object]) -> str:
    close = get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
