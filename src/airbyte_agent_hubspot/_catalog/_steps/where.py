"""What `where` says, as searches of HubSpot: names become ids, words become dates, relations become links.

HubSpot combines at most five alternatives of at most six conditions each, eighteen in all.
Source: https://developers.hubspot.com/docs/api-reference/search/guide
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from ..._lexicon import portal
from ..._lexicon.names import plain
from ...errors import FieldError, InvalidParamsError
from .filters import read_condition
from .words import ACTIVITIES, STATUS, alias, related_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ..._composition import Steps
    from ..._lexicon.dates import Calendar
    from ...models import PropertyDefinition
    from .filters import Filter

    Alternative = list[Filter]

MAX_GROUPS: Final = 5
MAX_FILTERS: Final = 6
MAX_IN_ALL: Final = 18
LINKS_PER_SEARCH: Final = 100
"""Ids in one condition: a search's body has at most 3,000 characters."""
MAX_LINKS: Final = 2_000
MOST_SEARCHES: Final = 100
_ITSELF: Final = ""
_LOGIC: Final = frozenset({"and", "or", "not", "any", "all"})
_STATUS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "deals": {
        "open": ("hs_is_closed", "false"),
        "closed": ("hs_is_closed", "true"),
        "won": ("hs_is_closed_won", "true"),
        "lost": ("hs_is_closed_lost", "true"),
    },
    "tickets": {"open": ("hs_is_closed", "false"), "closed": ("hs_is_closed", "true")},
}
"""What the words mean after `status`, beside the stages."""


@dataclass(frozen=True, slots=True)
class Linked:
    """Records of `kind` of which one must be linked. `complete` says whether these are all that were meant."""

    kind: str
    ids: list[str]
    understood: str = ""
    complete: bool = True

    @property
    def property_name(self) -> str:
        """The name under which a search knows the link; no kind means the record itself."""
        return f"associations.{self.kind}" if self.kind else "hs_object_id"


Link: TypeAlias = "Callable[[str, object, str], Steps[Linked]]"
"""Finds the records of a type that a condition means."""


@dataclass(frozen=True)
class Where:
    """Conditions: a record fits if it fits one of `groups` and is linked to one of each of `links`."""

    groups: list[Alternative] = field(default_factory=lambda: [[]])
    links: list[Linked] = field(default_factory=list[Linked])
    understood: list[str] = field(default_factory=list[str])

    @property
    def is_hopeless(self) -> bool:
        """Whether no record can fit, as what they must be linked to does not exist."""
        return any(not link.ids for link in self.links)

    @property
    def count(self) -> int:
        """How many searches it takes."""
        return prod(-(-len(link.ids) // self._size) for link in self.links)

    @property
    def _size(self) -> int:
        return max(1, LINKS_PER_SEARCH // max(1, len(self.groups) * len(self.links)))

    def searches(self) -> Iterator[list[Alternative]]:
        """The groups of each search; all searches together find what fits."""
        size = self._size
        parts = [
            [
                {"propertyName": link.property_name, "operator": "IN", "values": link.ids[at : at + size]}
                for at in range(0, len(link.ids), size)
            ]
            for link in self.links
        ]
        for chosen in product(*parts):
            yield [[*group, *cast("list[Filter]", chosen)] for group in self.groups]


class WhereReader:
    """Reads the conditions on the records of one type."""

    def __init__(
        self,
        entity: str,
        object_type: str,
        definitions: Mapping[str, PropertyDefinition],
        calendar: Calendar,
        link: Link,
    ) -> None:
        self._entity = entity
        self._object_type = object_type
        self._definitions = definitions
        self._calendar = calendar
        self._link = link
        self._links: list[Linked] = []
        self._understood: list[str] = []

    def read(self, given: object, place: str) -> Steps[Where]:
        """Conditions that must all hold, or a list of such of which one must.

        Raises:
            InvalidParamsError: a property, name, time or operator is not known; or there are too many conditions.
        """
        is_list = isinstance(given, list)
        options = cast("list[dict[str, object]]", given if isinstance(given, list) else [given])
        groups: list[Alternative] = []
        for number, option in enumerate(options):
            at = f"{place}[{number}]" if is_list else place
            parts: list[list[Alternative]] = []
            for name, value in option.items():
                links = len(self._links)
                parts.append((yield from self._condition(name, value, f"{at}.{name}")))
                if len(self._links) > links and len(options) > 1:
                    raise _refused(at, f"{at}.{name}: a relation cannot be one of several alternatives: ask for each.")
            groups += [[item for part in chosen for item in part] for chosen in product(*parts)]
        self._check_room(groups, place)
        where = Where(groups, self._links, self._understood)
        if where.count > MOST_SEARCHES:
            raise _refused(
                place,
                f"{place} links to so many records that {where.count} searches would be needed, more than "
                f"{MOST_SEARCHES}: say more about them.",
            )
        return where

    def _condition(self, said: str, value: object, place: str) -> Steps[list[Alternative]]:
        """The alternatives that one condition means."""
        word = plain(said)
        if word in _LOGIC and said not in self._definitions:
            raise _refused(
                place,
                f"Conditions have no {said!r}: those in one object must all hold; of a list of objects, "
                '`where: [{..}, {..}]`, one; `{"stage": "not Closed lost"}` turns one around.',
            )
        if word == "team" and said not in self._definitions:
            return (yield from self._team(value, place))
        if word in {"list", "segment"} and said not in self._definitions:
            named, ids, complete = yield from portal.members_of_list(value, place, MAX_LINKS)
            self._add(Linked(_ITSELF, ids, f"in the list {named.label} ({named.id})", complete))
            return [[]]
        if word == "name" and self._entity == "contacts" and isinstance(value, str):
            return self._person(value)
        kind = related_type(said)
        if kind is not None and not (kind in ACTIVITIES and word in self._definitions):  # a contact's own `email`
            self._add((yield from self._link(kind, value, place)))
            return [[]]
        own = said in self._definitions
        flag = _STATUS.get(self._entity, {}).get(plain(str(value))) if word in STATUS and not own else None
        if flag is not None:
            self._understood.append(f"{flag[0]} is {flag[1]}")
            return [[_equals(*flag)]]
        name = said if own else alias(self._entity, said)
        definition = portal.property_named(self._object_type, name or said, self._definitions, place)
        found = yield from read_condition(self._object_type, definition, value, self._calendar, place)
        self._understood.append(found.understood)
        return [found.filters]

    def _add(self, link: Linked) -> None:
        self._links.append(link)
        self._understood.append(link.understood)

    def _team(self, value: object, place: str) -> Steps[list[Alternative]]:
        teams = cast("list[object]", value) if isinstance(value, list) else [value]
        members: dict[str, None] = {}
        for team in teams:
            members.update(dict.fromkeys((yield from portal.members_of(team, place))))
        self._understood.append(f"owner is one of {len(members)} in team {', '.join(map(str, teams))}")
        return [[{"propertyName": portal.OWNER_PROPERTY, "operator": "IN", "values": list(members)}]]

    def _person(self, name: str) -> list[Alternative]:
        first, _, last = " ".join(name.split()).partition(" ")
        self._understood.append(f"name is {name.strip()!r}")
        if last:
            return [[_equals("firstname", first), _equals("lastname", last)]]
        return [[_equals("firstname", first)], [_equals("lastname", first)]]

    def _check_room(self, groups: Sequence[Alternative], place: str) -> None:
        """Raise unless there is room for the links, and for the condition by which pages go on."""
        sizes = [len(group) + len(self._links) + 1 for group in groups]
        if len(sizes) > MAX_GROUPS or max(sizes, default=0) > MAX_FILTERS or sum(sizes) > MAX_IN_ALL:
            raise _refused(
                place,
                f"{place} has too many conditions: HubSpot takes {MAX_FILTERS - 1} that must hold together, and "
                f"{MAX_GROUPS} alternatives. Ask for less, and choose among what comes.",
            )


def _equals(name: str, value: str) -> Filter:
    return {"propertyName": name, "operator": "EQ", "value": value}


def _refused(place: str, sentence: str) -> InvalidParamsError:
    return InvalidParamsError(sentence, errors=[FieldError(place, sentence, "unsupported_condition")])
