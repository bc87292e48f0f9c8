"""Values that a call has under a wrong name, put where they belong: so that a proposed call keeps what was given."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, cast

from .._catalog._steps.words import related_type
from .repair import nearest_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .._describe import Json
    from .._operation import Operation

_CALLED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("body", "note", "content", "message", "description"), "text"),
    **dict.fromkeys(("subject", "name"), "title"),
    **dict.fromkeys(("type", "activity"), "kind"),
    **dict.fromkeys(("due_date", "due_at", "deadline"), "due"),
    **dict.fromkeys(("date", "when", "timestamp"), "at"),
    **dict.fromkeys(("q", "search", "text"), "query"),
    **dict.fromkeys(("order", "order_by", "sort_by", "sorts"), "sort"),
    **dict.fromkeys(("count", "max", "top", "page_size"), "limit"),
    **dict.fromkeys(("filter", "filters", "conditions"), "where"),
    **dict.fromkeys(("associations", "associated", "linked_to"), "records"),
    **dict.fromkeys(("fields", "columns"), "properties"),
}
"""What parameters are called elsewhere."""


_CONDITION: Final = re.compile(r"\s*([A-Za-z]\w*)\s*(>=|<=|!=|==|=|>|<|:|\bis\b)\s*['\"]?(.+?)['\"]?\s*")
_LONGEST_CONDITIONS: Final = 500
"""Characters. Patterns take time with the square of a text's length."""
_AND: Final = re.compile(r"\s+and\s+", re.IGNORECASE)
_IS: Final = frozenset({"=", "==", ":", "is"})
_FIRST: Final = frozenset({"sum", "avg", "average", "mean", "min", "max", "count", "total"})


def placed(operation: Operation, given: Mapping[str, object]) -> Json:
    """The parameters, each value where it belongs if that can be told, else where it was."""
    known = frozenset(operation.reader.wire_names.values())
    kept: Json = {name: item for name, item in given.items() if name in known}
    for name, item in given.items():
        if name in known:
            continue
        free = known - kept.keys() - given.keys()
        home = _slot(operation, name, free) or _CALLED.get(_snake(name))
        if home in free and not (home == "records" and not isinstance(item, dict)):
            kept[home] = item
        elif name == "email" and "idProperty" in free:
            kept |= {next(wire for wire in known if wire.endswith("Id")): item, "idProperty": "email"}
        elif name == "filters" and "filterGroups" in free:
            kept["filterGroups"] = [{"filters": item}]
        elif not _joined(operation, kept, known, name, item):
            kept[name] = item
    for name in _FORMS.keys() & kept.keys():
        kept[name] = _FORMS[name](kept[name])
    return kept


def _in_words(item: object) -> object:
    """`{"function": "sum", "property": "amount"}` as `sum amount`; a list of such with each so."""
    if isinstance(item, list):
        return [_in_words(one) for one in cast("list[object]", item)]
    if not isinstance(item, dict):
        return item
    words = [one for one in cast("Json", item).values() if isinstance(one, str)]
    return " ".join(sorted(words, key=lambda word: word.casefold() not in _FIRST))


def _conditions(item: object) -> object:
    """`amount > 5000 and stage = won` as `{"amount": "> 5000", "stage": "won"}`; what is no such text as it is."""
    if not isinstance(item, str) or len(item) > _LONGEST_CONDITIONS:
        return item
    parts = [_CONDITION.fullmatch(part) for part in _AND.split(item)]
    found = {part[1]: part[3] if part[2] in _IS else f"{part[2]} {part[3]}" for part in parts if part is not None}
    return found if found and len(found) == len(parts) else item


def _order(item: object) -> object:
    """`{"propertyName": "amount", "direction": "DESC"}` as `-amount`; of several orders the first."""
    if isinstance(item, list):
        orders = cast("list[object]", item)
        return _order(orders[0]) if orders else orders
    if not isinstance(item, dict):
        return item
    members = cast("Json", item)
    said = {name: str(value) for name, value in members.items()}
    by = next((said[name] for name in ("propertyName", "property_name", "property", "field", "by") if name in said), "")
    down = any(value.casefold().startswith("desc") for value in said.values())
    return f"-{by}" if by and down else by or members


def _links(named: object) -> object:
    """`{"company": "7"}` as what associations are made of. Of a record that is named, only the caller knows the id."""
    if not isinstance(named, dict):
        return named
    return [
        {"toObjectType": related_type(name) or name, "toObjectId": str(item) if str(item).isdecimal() else "<id>"}
        for name, item in cast("Json", named).items()
    ]


_FORMS: Final[Mapping[str, Callable[[object], object]]] = {
    "metrics": _in_words,
    "groupBy": _in_words,
    "where": _conditions,
    "sort": _order,
    "associations": _links,
}
"""Parameters that are often given in another form."""


def _slot(operation: Operation, name: str, free: frozenset[str]) -> str | None:
    """The parameter that says which record, if that is still open and `name` can only mean it."""
    word = name.casefold()
    if "record" in free and (word in {"id", "name"} or word.endswith("id") or related_type(name) == operation.entity):
        return "record"
    ids = [wire for wire in free if wire.endswith("Id")]
    return ids[0] if len(ids) == 1 and (word in {"id", "record"} or word.endswith("id")) else None


def _joined(operation: Operation, kept: Json, known: frozenset[str], name: str, item: object) -> bool:
    """Whether the value became a member of one of the objects that the operation takes."""
    kind = related_type(name)
    if "records" in known and kind is not None:
        return _add(kept, "records", name, item)
    if nearest_name(name, known) is not None:
        return False
    scalar = isinstance(item, str | int | float | bool)
    if "by" in known and "by" not in kept and scalar:
        return _add(kept, "by", name, item)
    if "properties" in known and operation.writes and scalar:
        return _add(kept, "properties", name, item)
    return "where" in known and _add(kept, "where", name, item)


def _add(kept: Json, home: str, name: str, item: object) -> bool:
    members = kept.get(home, {})
    if not isinstance(members, dict):
        return False
    kept[home] = {**cast("Json", members), name: item}
    return True


def _snake(name: str) -> str:
    """`orderBy` as `order_by`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
