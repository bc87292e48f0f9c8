"""What an operation is, and the catalog of all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

from ._composition import Composition
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

CALLED_ENTITIES: Final = {
    **dict.fromkeys(("people", "person", "persons", "customers"), "contacts"),
    **dict.fromkeys(("accounts", "organizations", "organisations", "organization", "organisation"), "companies"),
    **dict.fromkeys(("opportunities", "opportunity"), "deals"),
    **dict.fromkeys(("cases", "case", "issues", "support_tickets"), "tickets"),
    **dict.fromkeys(("users", "user", "reps", "sales_reps", "salespeople"), "owners"),
    **dict.fromkeys(("segments", "segment"), "lists"),
    **dict.fromkeys(("todos", "reminders"), "tasks"),
    **dict.fromkeys(("custom_objects", "custom_object"), "objects"),
}
"""What entities are called elsewhere."""
CALLED_ACTIONS: Final = {
    **dict.fromkeys(("read", "fetch", "retrieve", "show", "view", "get_by_id"), "get"),
    **dict.fromkeys(("query", "filter", "lookup", "search", "find_all"), "find"),
    **dict.fromkeys(("count", "sum", "group", "stats", "report", "average"), "aggregate"),
    **dict.fromkeys(("add", "new", "insert", "make", "post"), "create"),
    **dict.fromkeys(("edit", "modify", "change", "patch", "set"), "update"),
    **dict.fromkeys(("remove", "archive", "destroy"), "delete"),
    **dict.fromkeys(("summary", "summarize", "details"), "overview"),
}
"""What actions are called elsewhere."""


@dataclass(frozen=True)
class Operation:
    """One action on one entity: everything the rest of the package knows about it.

    `encode` turns validated parameters and an API version into a request whose `url` is a path; an operation that is
    made of others has a `Composition` in its place. `wire_names` holds
    the wire name of each parameter whose name is not simply the camelCase form of its key. `scopes` are any-of.
    `idempotent` writes may be sent twice without doing more than once. `limit` is the
    one of HubSpot's limits that counts it. `recover` makes a result of an error.
    """

    entity: str
    action: str
    summary: str
    source: str
    params: type
    encode: Callable[[Params, str], HttpRequest] | Composition
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

    @cached_property
    def is_composed(self) -> bool:
        """Whether it is made of other operations."""
        return isinstance(self.encode, Composition)

    def request(self, params: Params, version: str) -> HttpRequest:
        """The one request that it is. An operation made of others is none."""
        if isinstance(self.encode, Composition):  # not `is_composed`: type checkers learn from this
            raise TypeError(f"{self.entity}.{self.action} is made of other operations: it is no request of its own")
        return self.encode(params, version)

    @cached_property
    def resendable(self) -> bool:
        """Whether sending it again after an unknown outcome does no harm."""
        return self.effect == "read" or self.idempotent

    @cached_property
    def writes(self) -> bool:
        """Whether it changes anything in HubSpot."""
        return self.effect != "read"


class Catalog:
    """All operations, by entity and action.

    `families` names the families that have each entity's operations, `load` gives those of a family; a family is
    loaded when an action is asked for that none before it has. `aliases` maps other names of actions to ours.
    """

    def __init__(
        self,
        families: Mapping[str, tuple[str, ...]],
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
        self._loaded: set[str] = set()
        self._found: dict[tuple[str, str], Operation] = {}
        """What was asked for, and found: each spelling once."""
        self._aliases = aliases

    def __iter__(self) -> Iterator[Operation]:
        for entity in self.entities:
            yield from self.find_entity(entity).values()

    def find_entity(self, entity: str) -> Mapping[str, Operation]:
        """The operations of `entity` by action.

        Raises:
            UnknownOperationError: there is no such entity.
        """
        for family in self._families_of(entity):
            self._take_in(family)
        return self._by_entity[entity]

    def find(self, entity: str, action: str) -> Operation:
        """The operation `action` on `entity`; an empty entity is the connector itself, `*`.

        Raises:
            UnknownOperationError: there is no such entity, or it has no such action.
        """
        found = self._found.get((entity, action)) if type(entity) is type(action) is str else None
        return found or self._find(entity, action)

    def _find(self, entity: str, action: str) -> Operation:
        for what, said, like in (("entity", entity, "contacts"), ("action", action, "list")):
            if not isinstance(cast("object", said), str):
                raise UnknownOperationError(f"The {what} must be a text like {like!r}; given was {said!r:.60}.")
        asked = entity, action
        entity = entity or "*"
        for family in self._families_of(entity):
            self._take_in(family)
            actions = self._by_entity.get(entity, {})
            operation = actions.get(self._aliases.get(action, action)) or actions.get(action)
            if operation is not None:
                self._found[asked] = operation
                return operation
        actions = self._by_entity[entity]
        raise UnknownOperationError(
            f"{entity} has no action {action!r}.{_nearest(action, actions, CALLED_ACTIONS)} "
            f"Actions of {entity} are: {', '.join(actions)}."
        )

    def _families_of(self, entity: str) -> tuple[str, ...]:
        families = self._families.get(entity)
        if families is None:
            raise UnknownOperationError(
                f"There is no entity {entity!r}.{_nearest(entity, self.entities, CALLED_ENTITIES)} "
                f"Entities are: {', '.join(self.entities)}."
            )
        return families

    def _take_in(self, family: str) -> None:
        if family not in self._loaded:
            for operation in self._load(family):
                self._by_entity.setdefault(operation.entity, {})[operation.action] = operation
            self._loaded.add(family)


def _nearest(name: str, known: Mapping[str, object], called: Mapping[str, str]) -> str:
    meant = called.get(name.casefold())
    close = [meant] if meant in known else get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
