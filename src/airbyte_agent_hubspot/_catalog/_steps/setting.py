"""What every question needs first: whose records it is about, what their properties are, what day it is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from ..._composition import SubCall, ask_all
from ..._lexicon import portal
from ..._lexicon.names import Named, Names, plain
from ...errors import FieldError, InvalidParamsError
from ..object_types import entity_of_type
from .filters import is_owner
from .searching import Order, Search, all_that_fit
from .where import MAX_LINKS, Linked, Where, WhereReader
from .words import SHOWN, TITLE, alias, created_property, title_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..._composition import Steps
    from ..._lexicon.dates import Calendar
    from ..._shape import Params
    from ...models import Page, PropertyDefinition, Record
    from .filters import Filter

_SHORTEST_ID: Final = 5
_CANDIDATES: Final = 10
_CUSTOM_SHOWN: Final = 8


@dataclass(frozen=True)
class Setting:
    """The records of one type, as this portal has them."""

    entity: str
    object_type: str
    kind: Mapping[str, object]
    definitions: Mapping[str, PropertyDefinition]
    calendar: Calendar
    now_s: float

    def where(self, given: object, place: str = "params.where") -> Steps[Where]:
        """The conditions that were given."""
        if not given:
            return Where()
        reader = WhereReader(self.entity, self.object_type, self.definitions, self.calendar, self._link)
        return (yield from reader.read(given, place))

    def property(self, said: str, place: str) -> PropertyDefinition:
        """The property that is called so: by internal name, label, or a common word."""
        name = said if said in self.definitions else alias(self.entity, said)
        return portal.property_named(self.object_type, name or said, self.definitions, place)

    def properties(self, given: object) -> list[str]:
        """The properties to return: those asked for, or the usual ones."""
        if given is None:
            usual = SHOWN.get(self.entity) or tuple(
                name for name, item in self.definitions.items() if not item.hubspotDefined
            )
            return [name for name in usual if name in self.definitions][:_CUSTOM_SHOWN]
        names = given.split(",") if isinstance(given, str) else cast("list[str]", given)
        wanted = [name.strip() for item in names for name in str(item).split(",") if name.strip()]
        return list(dict.fromkeys(self.property(name, "params.properties").name for name in wanted))

    def order(self, given: object) -> Order:
        """The order that was asked for; else newest first."""
        if not given:
            return Order(created_property(self.entity), descending=True)
        text = str(given).replace(":", " ").strip()
        word = text.casefold()
        if word in {"newest", "newest first", "recent", "latest"}:
            return Order(created_property(self.entity), descending=True)
        if word in {"oldest", "oldest first"}:
            return Order(created_property(self.entity))
        name, _, direction = text.lstrip("-+").rpartition(" ")
        down, up = {"desc", "descending", "down"}, {"asc", "ascending", "up"}
        if not name or direction.casefold() not in down | up:
            name, direction = text.lstrip("-+"), "desc" if text.startswith("-") else "asc"
        definition = self.property(name.strip(), "params.sort")
        return Order(definition.name, direction.casefold() in down, definition.type == "number")

    def search(self, where: Where, properties: Iterable[str], query: object = None) -> Search:
        """A search of these records."""
        return Search(self.entity, self.kind, where, list(properties), str(query) if query else None)

    def labels(self, records: Sequence[Record], names: Iterable[str]) -> Steps[dict[str, dict[str, str]]]:
        """What people call the values that occur: owners, stages, pipelines, options."""
        labels: dict[str, dict[str, str]] = {}
        for name in names:
            definition = self.definitions.get(name)
            values = {record.properties.get(name) for record in records} - {None, ""}
            if definition is None or not values:
                continue
            found = yield from self._labels_of(definition)
            if found is not None:
                said = {value: label for value in cast("set[str]", values) if (label := _label(found, value))}
                if said:
                    labels[name] = dict(sorted(said.items()))
        return labels

    def _labels_of(self, definition: PropertyDefinition) -> Steps[Names | None]:
        if is_owner(definition):
            owners = yield from portal.maybe(portal.owners())
            return None if owners is None else portal.owner_names(owners)
        is_stage = definition.name == portal.STAGE_PROPERTY.get(self.object_type)
        if is_stage or definition.name == portal.PIPELINE_PROPERTY.get(self.object_type):
            found = yield from portal.maybe(portal.pipelines(self.object_type))
            return None if found is None else found.stages() if is_stage else found.names
        return portal.option_names(definition) if definition.options else None

    def _link(self, kind: str, value: object, place: str) -> Steps[Linked]:
        """The records of another type that a condition means: an id, a name, several, or conditions on them."""
        if value is None or value == "":
            sentence = f"{place}: say which one, by name, id, or conditions on it."
            raise InvalidParamsError(sentence, errors=[FieldError(place, sentence, "missing")])
        if isinstance(value, dict):
            other = yield from setting(kind, {}, self.now_s)
            where = yield from other.where(cast("object", value), place)
            found = yield from all_that_fit(other.search(where, []), MAX_LINKS + 1)
            said = f"linked to {len(found.records)} {kind} whose {' and '.join(where.understood) or 'anything fits'}"
            if found.total > MAX_LINKS:
                said += f" (only the first {MAX_LINKS} of {found.total} were looked at)"
            ids = [record.id for record in found.records][:MAX_LINKS]
            return Linked(kind, ids, said, found.total <= MAX_LINKS)
        values = cast("list[object]", value) if isinstance(value, list) else [value]
        meant: list[Named] = []
        for one in values:
            meant += [(yield from record_meant(kind, {}, one, place))]
        said = ", ".join(f"{item.label} ({item.id})" if item.label != item.id else item.id for item in meant)
        return Linked(kind, [item.id for item in meant], f"linked to {kind}: {said}")


def setting(entity: str, params: Params, now_s: float) -> Steps[Setting]:
    """The setting of a question about an entity's records."""
    object_type = str(params.get("objectType", entity))
    kind: dict[str, object] = {"objectType": object_type} if entity == "objects" else {}
    standard = entity_of_type(object_type)
    if entity == "objects" and standard in TITLE:
        entity, kind = standard, {}
    if kind:
        object_type = yield from portal.type_named(object_type)
        kind["objectType"] = object_type
    definitions = yield from portal.properties(object_type)
    return Setting(
        entity, standard if not kind else object_type, kind, definitions, (yield from portal.calendar(now_s)), now_s
    )


def record_meant(entity: str, kind: Mapping[str, object], said: object, place: str) -> Steps[Named]:
    """The one record that is meant by its id or by what people call it.

    Raises:
        InvalidParamsError: none or several are; `errors[0].details["candidates"]` has them with their ids.
    """
    text = str(said).strip()
    if text.isdecimal() and len(text) >= _SHORTEST_ID:
        return Named(text, text)
    titles = list(TITLE.get(entity, ("name",)))
    exact = yield from _search_named(entity, kind, {"filterGroups": _by_title(entity, text, titles)}, titles)
    if not exact:
        exact = yield from _search_named(entity, kind, {"query": text}, titles)
        whole = [item for item in exact if plain(item.label) == plain(text)]
        exact = whole or exact
    singular = entity.removesuffix("ies") + "y" if entity.endswith("ies") else entity.removesuffix("s")
    names = Names(singular, exact)
    if len(exact) == 1:
        return exact[0]
    if exact:
        raise names.ambiguous(said, exact, place)
    first = max(text.split(), key=len, default=text)
    near = yield from _search_named(entity, kind, {"query": first[: max(3, len(first) - 2)]}, titles)
    raise Names(singular, near).unknown(said, place)


def _by_title(entity: str, text: str, titles: Sequence[str]) -> list[dict[str, list[Filter]]]:
    first, _, last = " ".join(text.split()).partition(" ")
    if entity != "contacts":
        return [{"filters": [{"propertyName": name, "operator": "EQ", "value": text}]} for name in titles]
    if "@" in text:
        return [{"filters": [{"propertyName": "email", "operator": "EQ", "value": text}]}]
    whole: list[Filter] = [{"propertyName": "firstname", "operator": "EQ", "value": first}]
    if last:
        return [{"filters": [*whole, {"propertyName": "lastname", "operator": "EQ", "value": last}]}]
    return [{"filters": whole}, {"filters": [{"propertyName": "lastname", "operator": "EQ", "value": first}]}]


def _search_named(
    entity: str, kind: Mapping[str, object], how: Mapping[str, object], titles: Sequence[str]
) -> Steps[list[Named]]:
    call = SubCall(entity, "api_search", {**kind, **how, "properties": list(titles), "limit": _CANDIDATES})
    [answer] = yield from ask_all([call])
    records = cast("Page[Record]", answer).data
    return [
        Named(
            record.id,
            title_of(entity, record.properties) or record.id,
            where=(record.properties.get("domain") or record.properties.get("email") or ""),
        )
        for record in records
    ]


def _label(names: Names, value: str) -> str | None:
    label = names.label(value)
    if label is None and ";" in value:
        parts = [names.label(part) or part for part in value.split(";") if part]
        return ", ".join(parts)
    return label
