"""Results as rows and columns: what tables and CSV show."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Row: TypeAlias = "dict[str, object]"

_LISTS: Final = ("data", "rows", "items")
_SELDOM: Final = frozenset(
    {"createdate", "hs_createdate", "hs_lastmodifieddate", "lastmodifieddate", "hs_object_id"}
    | {"createdAt", "updatedAt", "archived", "url"}
)
"""Columns that a table leaves out if it has others: they come with every record."""
_FIRST: Final = ("id", "name", "dealname", "subject", "title", "firstname", "lastname", "email", "amount", "dealstage")
"""Columns that a table has before others: what people know records by."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a result, with its title. `rows` are records under each other, or one whose fields are."""

    title: str
    rows: list[Row]
    is_list: bool


def items_of(shown: Mapping[str, object]) -> list[Row] | None:
    """The records of a result that is a list of some, as they are; None for other results."""
    found = next((shown[name] for name in _LISTS if isinstance(shown.get(name), list)), None)
    return cast("list[Row] | None", found)


def rows_of(shown: Mapping[str, object]) -> list[Row] | None:
    """The same as rows."""
    items = items_of(shown)
    return None if items is None else [flat(item) for item in items]


def flat(item: Mapping[str, object]) -> Row:
    """A record with its properties as columns; a group with its key and metrics; an item of a batch with its record."""
    row: Row = {}
    for name, value in item.items():
        if name in {"properties", "values", "facts"} and isinstance(value, dict):
            row.update({key: held for key, held in cast("Row", value).items() if key not in row})
        elif name == "key" and isinstance(value, dict):
            labels = cast("Mapping[str, object]", item.get("label") or {})
            row.update({key: labels.get(key, held) for key, held in cast("Row", value).items()})
        elif name == "record" and isinstance(value, dict):
            row.update(flat(cast("Row", value)))
        elif name != "label" or "key" not in item:
            row[name] = value
    return row


def labelled(rows: Iterable[Row], labels: Mapping[str, Mapping[str, str]]) -> list[Row]:
    """The rows with what people call a value in place of it."""
    return [{name: labels.get(name, {}).get(str(value), value) for name, value in row.items()} for row in rows]


def columns_of(rows: Iterable[Row], chosen: str | None, *, short: bool = False, first: Sequence[str] = ()) -> list[str]:
    """The columns that occur, `first` before others, or those that are chosen.

    `short` leaves out empty ones, and those that come with every record.

    Raises:
        ConfigurationError: a chosen one does not occur.
    """
    rows = list(rows)
    found = list(dict.fromkeys([*first, *(name for row in rows for name in row)]))
    if chosen is not None:
        wanted = [name.strip() for name in chosen.split(",") if name.strip()]
        missing = [name for name in wanted if rows and name not in found]
        if missing:
            raise ConfigurationError(f"There is no column {missing[0]!r}. Columns are: {', '.join(found)}.")
        return wanted
    if not short:
        return found
    found.sort(key=lambda name: _FIRST.index(name) if name in _FIRST and not first else len(_FIRST))
    filled = [name for name in found if any(text_of(row.get(name)) for row in rows)]
    return [name for name in filled if name not in _SELDOM] or filled


def text_of(value: object) -> str:
    """A value as the text of a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "), default=str)


def sections_of(shown: Mapping[str, object]) -> list[Section]:
    """A result that is one thing, in parts: its own fields, then each list and each group of fields in it."""
    if "id" in shown and isinstance(shown.get("properties"), dict):
        return [Section("", [flat(shown)], is_list=False)]
    own: Row = {}
    parts: list[Section] = []
    labels = shown.get("labels")
    if "record" in shown and isinstance(labels, dict):
        shown = {name: value for name, value in shown.items() if name != "labels"}
    for name, value in shown.items():
        if _is_list_of_objects(value):
            parts.append(Section(name, [flat(item) for item in cast("list[Row]", value)], is_list=True))
        elif isinstance(value, dict):
            parts += _of_object(name, cast("Row", value), cast("Row", labels or {})) if value else []
        elif isinstance(value, list):
            own[name] = ", ".join(map(text_of, cast("list[object]", value)))
        else:
            own[name] = value
    return [Section("", [own], is_list=False), *parts] if own else parts


def _of_object(name: str, value: Row, labels: Row) -> list[Section]:
    if isinstance(value.get("properties"), dict):
        known = {key: text_of(held) for key, held in labels.items()}
        return [Section(name, [{key: known.get(key, held) for key, held in flat(value).items()}], is_list=False)]
    if any(_is_list_of_objects(item) for item in value.values()):
        return [
            Section(f"{name}: {key}", [flat(part) for part in cast("list[Row]", item)], is_list=True)
            for key, item in value.items()
            if _is_list_of_objects(item)
        ]
    return [Section(name, [value], is_list=False)]


def _is_list_of_objects(value: object) -> bool:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return bool(items) and all(isinstance(item, dict) for item in items)
