"""Who is told of changes, what they are told, and when it is tried again. Sends nothing itself.

Source: https://developers.hubspot.com/docs/api-reference/legacy/webhooks/guide
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

from hubspot_sandbox.associations import PRIMARY, AssociationTypes
from hubspot_sandbox.clock import Clock
from hubspot_sandbox.data import read_data
from hubspot_sandbox.errors import JsonObject
from hubspot_sandbox.history import wire
from hubspot_sandbox.identifiers import Identifiers
from hubspot_sandbox.object_types import ObjectTypes
from hubspot_sandbox.records import Value
from hubspot_sandbox.store import Store

EVENTS: Final = ("creation", "propertyChange", "deletion", "privacyDeletion", "merge", "associationChange")
LARGEST_BATCH: Final = 100
# Notifications beyond that are lost, the oldest first.
LONGEST_QUEUE: Final = 50_000
# choice: HubSpot says up to ten times over 24 hours; these are 21.8 hours.
RETRIES_S: Final = (60, 300, 900, 1800, 3600, 7200, 10_800, 14_400, 18_000, 21_600)
_DEFAULT_NAMES: Final = ("contact", "company", "deal", "ticket")
_KEPT_DELIVERIES: Final = 200
_decode: Final = msgspec.json.Decoder(dict[str, Value]).decode


class Subscription(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Interest in one kind of event: `contact.creation`, or `object.creation` with the type's id.

    `property_name` narrows propertyChange; without it every property counts.
    """

    event_type: str
    property_name: str | None = None
    object_type_id: str | None = None

    @property
    def event(self) -> str:
        """What happens."""
        return self.event_type.partition(".")[2]

    def concerns(self, event: str, type_id: str, name: str) -> bool:
        """Whether this is about such an event on records of a type."""
        wanted = type_id == self.object_type_id if self.object_type_id else self.event_type.startswith(f"{name}.")
        return wanted and self.event == event


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where notifications go, and about what; no subscriptions means all of contacts, companies, deals, tickets."""

    url: str
    subscriptions: tuple[Subscription, ...] = ()
    signature_version: Literal["v1", "v2"] = "v1"


class SubscriptionError(ValueError):
    """A subscription to something that never happens; the message says what does."""


@dataclass(frozen=True, slots=True, order=True)
class _Due:
    """A notification that waits for its time."""

    due_ms: int
    serial: int
    attempt: int = field(compare=False)
    event: JsonObject = field(compare=False)


@dataclass(frozen=True, slots=True)
class Batch:
    """Notifications that go out together."""

    attempt: int
    events: Sequence[JsonObject]

    def body(self) -> bytes:
        """The JSON that is sent."""
        return msgspec.json.encode([event | {"attemptNumber": self.attempt} for event in self.events])


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a batch. `status` is 0 if no answer came."""

    at_ms: int
    events: int
    attempt: int
    status: int


class Webhooks:
    """The notifications of one portal."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        identifiers: Identifiers,
        shape: Callable[[], tuple[ObjectTypes, AssociationTypes]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._identifiers = identifiers
        self._shape = shape
        self._queue: list[_Due] = []
        self._serial = 0
        self._watching = False
        self.app_id = 0
        self.target: Target | None = None
        self.deliveries: deque[Delivery] = deque(maxlen=_KEPT_DELIVERIES)
        self.lost = 0
        self.news: Callable[[], object] = bool

    @property
    def queued(self) -> int:
        """How many notifications wait."""
        return len(self._queue)

    def aim(self, target: Target | None, *, app_id: int) -> None:
        """Tell this target what happens from now on, in the name of an app; None stops.

        Raises: SubscriptionError.
        """
        if target is not None and not target.subscriptions:
            target = msgspec.structs.replace(target, subscriptions=everything())
        for subscription in target.subscriptions if target else ():
            self._check(subscription)
        if target is not None and not self._watching:
            self._watch()
        self.target, self.app_id = target, app_id
        if target is None:
            self._queue.clear()

    def collect(self) -> None:
        """Put what has happened since the last time into the queue."""
        if not self._watching:
            return
        sql = self._store.connection
        noted = sql.execute("SELECT * FROM noted ORDER BY serial").fetchall()
        if not noted:
            return
        sql.execute("DELETE FROM noted")
        now_ms = self._clock.now_ms()
        for subscription_id, event in self._events([_Note(*row) for row in noted]):
            self._serial += 1
            heading: JsonObject = {
                "eventId": self._identifiers.number("webhook event", self._serial, 1 << 31),
                "subscriptionId": subscription_id,
                "portalId": self._identifiers.hub_id(),
                "appId": self.app_id,
                "occurredAt": now_ms,
            }
            heapq.heappush(self._queue, _Due(now_ms, self._serial, 0, heading | event))
        if len(self._queue) > LONGEST_QUEUE:
            self.lost += len(self._queue) - LONGEST_QUEUE
            self._queue = heapq.nlargest(LONGEST_QUEUE, self._queue)[::-1]
        self.news()

    def next_due_ms(self) -> int | None:
        """When the next notification is to be sent, or None if none waits."""
        return self._queue[0].due_ms if self._queue else None

    def take(self) -> Batch | None:
        """The next batch that is due: notifications of the same attempt."""
        due: list[_Due] = []
        while self._queue and self._queue[0].due_ms <= self._clock.now_ms() and len(due) < LARGEST_BATCH:
            if due and self._queue[0].attempt != due[0].attempt:
                break
            due.append(heapq.heappop(self._queue))
        return Batch(due[0].attempt, [each.event for each in due]) if due else None

    def settle(self, batch: Batch, status: int) -> None:
        """Note what became of a batch; it is tried again later unless it was taken."""
        now_ms = self._clock.now_ms()
        self.deliveries.append(Delivery(now_ms, len(batch.events), batch.attempt, status))
        if 200 <= status < 300:  # noqa: PLR2004 - HTTP statuses
            return
        if batch.attempt >= len(RETRIES_S):
            self.lost += len(batch.events)
            return
        due_ms = now_ms + RETRIES_S[batch.attempt] * 1000
        for event in batch.events:
            self._serial += 1
            heapq.heappush(self._queue, _Due(due_ms, self._serial, batch.attempt + 1, event))

    def _watch(self) -> None:
        # One by one: a whole script would end the transaction that the call runs in.
        for statement in read_data("watch.sql").split("\nCREATE ")[1:]:
            self._store.connection.execute(f"CREATE {statement}")
        self._watching = True

    def _check(self, subscription: Subscription) -> None:
        name, _, event = subscription.event_type.partition(".")
        known = {kind.name for kind in self._shape()[0]} | {"object"}
        if event not in EVENTS or name not in known or (name == "object") == (subscription.object_type_id is None):
            raise SubscriptionError(
                f"{subscription.event_type} cannot be subscribed to: it must be an object type's name or `object` "
                f"(then with object_type_id), a dot, and one of {', '.join(EVENTS)}"
            )

    def _events(self, notes: Sequence["_Note"]) -> Iterator[tuple[int, JsonObject]]:
        merged = {note.to_id for note in notes if note.kind == "merge"}
        names = {kind.type_id: kind.name for kind in self._shape()[0]}
        subscriptions = self.target.subscriptions if self.target else ()
        for note in notes:
            if note.type not in names or (note.kind == "privacyDeletion" and note.id in merged):
                continue
            for place, subscription in enumerate(subscriptions, 1):
                if subscription.concerns(note.kind, note.type, names[note.type]):
                    for event in self._describe(note, subscription):
                        yield place, {"subscriptionType": subscription.event_type} | event

    def _describe(self, note: "_Note", subscription: Subscription) -> Iterator[JsonObject]:
        # choice: every change counts as one by the app; who made it is not kept.
        source: JsonObject = {"changeSource": "INTEGRATION", "sourceId": str(self.app_id)}
        generic: JsonObject = {"objectTypeId": note.type} if subscription.object_type_id else {}
        match note.kind:
            case "propertyChange":
                for name, value in _differences(note):
                    if subscription.property_name in {None, name}:
                        change: JsonObject = {"propertyName": name, "propertyValue": value}
                        yield {"objectId": note.id, **generic, **change, **source}
            case "associationChange":
                yield {**self._link(note), **generic, **source}
            case "merge":
                ids: JsonObject = {"primaryObjectId": note.id, "mergedObjectIds": [note.to_id], "newObjectId": note.id}
                # choice: the number of properties that moved is not counted.
                yield {"objectId": note.id, **generic, **ids, "numberOfPropertiesMoved": 0, **source}
            case _:
                flag = "NEW" if note.kind == "creation" else "DELETED"
                yield {"objectId": note.id, **generic, "changeFlag": flag, **source}

    def _link(self, note: "_Note") -> JsonObject:
        kinds = self._shape()[1]
        kind = kinds.find(str(note.type), str(note.to_type), str(note.category), note.type_id or 0)
        return {
            "associationType": kinds.wire_name(kind).removesuffix("_unlabeled").upper() if kind else "",
            "associationTypeId": note.type_id,
            "associationCategory": note.category,
            "fromObjectId": note.id,
            "toObjectId": note.to_id,
            "associationRemoved": note.after is None,
            "isPrimaryAssociation": kind is not None and kind.qualifier == PRIMARY,
        }


@dataclass(frozen=True, slots=True)
class _Note:
    """A row that the triggers of `watch.sql` wrote."""

    serial: int
    kind: str
    type: str | None
    id: int
    before: str | None
    after: str | None
    to_type: str | None
    to_id: int | None
    category: str | None
    type_id: int | None


def everything() -> tuple[Subscription, ...]:
    """Subscriptions to all that happens to contacts, companies, deals and tickets."""
    return tuple(Subscription(f"{name}.{event}") for name in _DEFAULT_NAMES for event in EVENTS)


def _differences(note: _Note) -> Iterator[tuple[str, str]]:
    before, after = (_properties(text) for text in (note.before, note.after))
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield name, wire(after.get(name)) or ""


def _properties(text: str | None) -> Mapping[str, Value]:
    return _decode(text or "{}")
