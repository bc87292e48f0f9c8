"""Results in few tokens: records flat, lists as tables with their header once, nothing that says nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Json: TypeAlias = dict[str, object]

_OF_RECORD: Final = ("createdAt", "updatedAt", "archived", "url", "propertiesWithHistory", "associations")
_SELDOM_WANTED: Final = ("createdAt", "updatedAt", "url")
_ALWAYS_SENT: Final = ("createdate", "hs_createdate", "lastmodifieddate", "hs_lastmodifieddate", "hs_object_id")
"""Properties that HubSpot adds to each record, asked for or not."""
_WORTH_A_COLUMN: Final = ("createdate", "hs_createdate")
_FEWEST_ROWS: Final = 2
_MILLISECONDS: Final = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+Z$")


def is_record(value: object) -> bool:
    """Whether it is a CRM record as plain JSON."""
    return isinstance(value, dict) and "id" in value and isinstance(cast("Json", value).get("properties"), dict)


def flat(record: Json, wanted: frozenset[str] = frozenset()) -> Json:
    """A record with its properties beside its id. What HubSpot adds unasked is there only if it is `wanted`."""
    properties = cast("Json", record["properties"])
    row: Json = {"id": record["id"]}
    for name, value in properties.items():
        unasked = name in _ALWAYS_SENT and name not in wanted and (wanted or name not in _WORTH_A_COLUMN)
        if value is not None and value != "" and not unasked:
            row[f"properties.{name}" if name in row else name] = value
    for name, value in record.items():
        if name in {"id", "properties"} or value is None:
            continue
        if name == "archived" and not value:
            continue
        if name not in _SELDOM_WANTED or name in wanted or not properties:
            row[f"record.{name}" if name in row else name] = _ids(value) if name == "associations" else value
    return row


def _ids(associations: object) -> object:
    """Associated ids by object type, each once."""
    if not isinstance(associations, dict):
        return associations
    found: Json = {}
    for name, ids in cast("dict[str, Json]", associations).items():
        results = cast("list[Json]", ids.get("results", []))
        found[name] = list(dict.fromkeys(str(item["id"]) for item in results))
        if ids.get("paging"):
            found[name] = [*cast("list[str]", found[name]), "and more: associations.list"]
    return found


def compact(value: object, wanted: frozenset[str] = frozenset()) -> object:
    """The same in few tokens: records flat, lists of objects as tables, empty members left out, times to the second."""
    if is_record(value):
        value = flat(cast("Json", value), wanted)
    if isinstance(value, dict):
        members = {name: compact(item, wanted) for name, item in cast("Json", value).items()}
        return {name: item for name, item in members.items() if not _is_empty(item)}
    if isinstance(value, list):
        items = [compact(item, wanted) for item in cast("list[object]", value)]
        if len(items) >= _FEWEST_ROWS and all(isinstance(item, dict) for item in items):
            return table(cast("list[Json]", items))
        return items
    if isinstance(value, str):
        return _MILLISECONDS.sub(r"\1Z", value)
    return value


def table(rows: Sequence[Mapping[str, object]]) -> Json:
    """Columns once, then the values of each row in their order; null where a row has none.

    A column that is false or empty in each row is left out.
    """
    columns = list(
        dict.fromkeys(name for row in rows for name, item in row.items() if not (item is False or _is_empty(item)))
    )
    return {"columns": columns, "rows": [[row.get(name) for name in columns] for row in rows]}


def _is_empty(value: object) -> bool:
    return value is None or value in ("", [], {})


def is_table(value: object) -> bool:
    """Whether `table` made it."""
    return isinstance(value, dict) and set(cast("Json", value)) == {"columns", "rows"}
