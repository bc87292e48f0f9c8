"""A HubSpot account as state: everything the doors read and change. Knows no HTTP."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import msgspec

from hubspot_sandbox.associations import Associations, AssociationType, AssociationTypes
from hubspot_sandbox.clock import Clock
from hubspot_sandbox.definitions import PropertyDefinition, built_in_definitions
from hubspot_sandbox.faults import Faults
from hubspot_sandbox.history import History
from hubspot_sandbox.identifiers import Identifiers
from hubspot_sandbox.limits import Limits, Quotas
from hubspot_sandbox.object_types import ObjectType, ObjectTypes
from hubspot_sandbox.owners import Owner
from hubspot_sandbox.pipelines import Pipeline, pipeline_options, stage_options
from hubspot_sandbox.records import Records
from hubspot_sandbox.request_log import RequestLog
from hubspot_sandbox.store import Store
from hubspot_sandbox.tokens import Tokens
from hubspot_sandbox.webhooks import Webhooks

TIME_ZONE: Final = "US/Eastern"
# choice: the sandbox's account keeps winter time all year.
UTC_OFFSET: Final = "-05:00"
UTC_OFFSET_MS: Final = -18_000_000
CURRENCY: Final = "USD"
_LONGEST_LAG_S: Final = 86_400


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What a portal was made from; kept in its state file."""

    seed: int
    portal: str
    reference_ms: int


@dataclass(frozen=True, slots=True)
class IndexLag:
    """How long a search still shows what was there before a write: some time from `low_s` to `high_s`."""

    low_s: float
    high_s: float


class NoPortalError(Exception):
    """The store is not that of a portal."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the portal behaves where HubSpot leaves a choice or a developer wants one.

    `search_index_lag_s` is how long a search still shows what was there before a write: a number, or the bounds
    between which each write's lag is drawn from the seed.

    Raises: ValueError for a lag below zero or above a day, or with its bounds the wrong way round.
    """

    auto_approve: bool = False
    rate_limits: bool = True
    rotate_refresh_tokens: bool = False
    search_index_lag_s: float | tuple[float, float] = 0.0
    quotas: Quotas = field(default_factory=Quotas)

    def __post_init__(self) -> None:
        if not 0 <= self.index_lag.low_s <= self.index_lag.high_s <= _LONGEST_LAG_S:
            raise ValueError(
                f"the index lag must be a time or a span of times from 0 to {_LONGEST_LAG_S} s, "
                f"not {self.search_index_lag_s}"
            )

    @property
    def index_lag(self) -> IndexLag:
        """The lag with both its bounds."""
        lag = self.search_index_lag_s
        return IndexLag(*lag) if isinstance(lag, tuple) else IndexLag(lag, lag)


class Portal:
    """One account, as its store holds it.

    Raises: NoPortalError if the store holds none.
    """

    def __init__(self, store: Store, clock: Clock, behaviour: Behaviour) -> None:
        origin = store.find("origin", "portal", Origin)
        if origin is None:
            raise NoPortalError("there is no portal in this store")
        self.store = store
        self.clock = clock
        self.origin = origin
        self.behaviour = behaviour
        self.identifiers = Identifiers(origin.seed)
        self.hub_id = self.identifiers.hub_id()
        self.name = f"Sandbox {origin.seed}"
        self.records = Records(store)
        self.history = History(store)
        self.tokens = Tokens(store, self.identifiers, clock)
        self.log = RequestLog()
        self.faults = Faults(origin.seed)
        self.webhooks = Webhooks(store, clock, self.identifiers, lambda: (self.types, self.associations.kinds))
        self.limits = Limits(clock, behaviour.quotas, enforced=behaviour.rate_limits, utc_offset_ms=UTC_OFFSET_MS)
        self._correlations = 0
        self._indexed = 0
        self._read_shape()

    def _read_shape(self) -> None:
        """What is kept in memory beside the store: types, kinds of links, definitions, pipelines, owners."""
        self.types = ObjectTypes(self.hub_id)
        for object_type in self.store.all("object_type", ObjectType):
            if not object_type.archived:
                self.types.add(object_type)
        association_types = AssociationTypes()
        for kind in self.store.all("association_type", AssociationType):
            association_types.add(kind)
        self.associations = Associations(self.store, association_types)
        self._definitions: dict[str, Mapping[str, PropertyDefinition]] = {}
        self._archived_definitions: dict[str, Mapping[str, PropertyDefinition]] = {}
        self._pipelines: dict[str, list[Pipeline]] = {}
        self._owners: dict[str, Owner] | None = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, in the store and in memory: an exception undoes what happened inside."""
        changes = self.store.connection.total_changes
        try:
            with self.store.transaction():
                yield
        except BaseException:
            if self.store.connection.total_changes != changes:
                self._read_shape()
            raise

    def behave(self, behaviour: Behaviour) -> None:
        """Go on with other rules; what was used of the quotas stays used."""
        self.behaviour = behaviour
        self.limits.quotas = behaviour.quotas
        self.limits.enforced = behaviour.rate_limits

    def next_index_lag_ms(self) -> int:
        """How long search will not see the write that happens now."""
        lag = self.behaviour.index_lag
        self._indexed += 1
        share = self.identifiers.number("index lag", self._indexed, 1001) / 1000 if lag.high_s else 0
        return round((lag.low_s + (lag.high_s - lag.low_s) * share) * 1000)

    def next_correlation_id(self) -> str:
        """A fresh correlation id."""
        self._correlations += 1
        return self.identifiers.correlation_id(self.clock.now_ms(), self._correlations)

    def pipelines(self, object_type: ObjectType) -> list[Pipeline]:
        """The pipelines of a type, in display order."""
        if object_type.type_id not in self._pipelines:
            found = self.store.all(f"pipeline {object_type.type_id}", Pipeline)
            self._pipelines[object_type.type_id] = sorted(found, key=lambda line: line.display_order)
        return self._pipelines[object_type.type_id]

    def owners(self) -> dict[str, Owner]:
        """The owners by id, ascending."""
        if self._owners is None:
            self._owners = {owner.id: owner for owner in self.store.all("owner", Owner)}
        return self._owners

    def definitions(self, object_type: ObjectType) -> Mapping[str, PropertyDefinition]:
        """The property definitions of a type by name, in alphabetic order, options of the portal filled in."""
        if object_type.type_id not in self._definitions:
            found = self._build_definitions(object_type)
            archived = {name: definition for name, definition in found.items() if definition.archived is True}
            self._archived_definitions[object_type.type_id] = archived
            self._definitions[object_type.type_id] = {
                name: definition for name, definition in found.items() if name not in archived
            }
        return self._definitions[object_type.type_id]

    def archived_definitions(self, object_type: ObjectType) -> Mapping[str, PropertyDefinition]:
        """The definitions in the recycle bin, by name; values of records are kept."""
        self.definitions(object_type)
        return self._archived_definitions[object_type.type_id]

    def put_definition(self, object_type: ObjectType, definition: PropertyDefinition) -> None:
        """Write a definition over any earlier one of its name."""
        self.store.put(f"property {object_type.type_id}", definition.name, definition)
        self.forget_definitions(object_type)

    def forget_definitions(self, object_type: ObjectType) -> None:
        """Read definitions and pipelines of a type afresh: something in the store changed."""
        self._definitions.pop(object_type.type_id, None)
        self._pipelines.pop(object_type.type_id, None)

    def put_type(self, object_type: ObjectType) -> None:
        """Write an object type over any earlier one of its id; an archived one is no longer found."""
        self.store.put("object_type", object_type.type_id, object_type)
        self.forget_definitions(object_type)
        self.types.discard(object_type.type_id)
        if not object_type.archived:
            self.types.add(object_type)

    def _build_definitions(self, object_type: ObjectType) -> dict[str, PropertyDefinition]:
        found = dict(built_in_definitions(object_type))
        for own in self.store.all(f"property {object_type.type_id}", PropertyDefinition):
            found[own.name] = own
        pipelines = self.pipelines(object_type)
        if object_type.pipeline_property and pipelines:
            for name, options in (
                (object_type.pipeline_property, pipeline_options(pipelines)),
                (object_type.stage_property, stage_options(pipelines)),
            ):
                found[name] = msgspec.structs.replace(found[name], options=options)
        return dict(sorted(found.items()))
