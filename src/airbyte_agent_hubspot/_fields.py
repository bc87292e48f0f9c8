"""Fields of plain JSON: chosen, left out, and texts cut. What the server and tools cut results with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LONGEST_TEXT: Final = 200
"""Characters of a text that a list shows of it."""
_LISTS: Final = ("data", "items", "rows")
"""Under which name a result that is an object has its records."""


def records_of(value: object) -> list[object] | None:
    """The records within a result as plain JSON; None where it is one thing."""
    if isinstance(value, list):
        return cast("list[object]", value)
    if isinstance(value, dict):
        members = cast("dict[str, object]", value)
        for name in _LISTS:
            if isinstance(members.get(name), list):
                return cast("list[object]", members[name])
    return None


def for_each_record(value: object, change: Callable[[object], object]) -> object:
    """The result with each of its records changed; what stands around them stays."""
    if isinstance(value, list):
        return [change(item) for item in cast("list[object]", value)]
    records = records_of(value)
    if records is None:
        return change(value)
    members = cast("dict[str, object]", value)
    return {name: [change(item) for item in records] if part is records else part for name, part in members.items()}


def selected(record: object, paths: Sequence[str]) -> object:
    """Only the fields at these dotted paths. A name that is no field of a record is that of a property."""
    kept: dict[str, object] = {}
    for path in paths:
        _copy(record, kept, _steps(record, path))
    return kept


def without(record: object, paths: Sequence[str]) -> object:
    """All but the fields at these dotted paths. A name that is no field of a record is that of a property."""
    for path in paths:
        record = _removed(record, _steps(record, path))
    return record


def with_short_texts(value: object, longest: int = LONGEST_TEXT) -> object:
    """The same with longer texts cut, each of which says so."""
    if isinstance(value, str) and len(value) > longest:
        return f"{value[:longest]}... [cut; get the record for the whole text]"
    if isinstance(value, dict):
        return {name: with_short_texts(item, longest) for name, item in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [with_short_texts(item, longest) for item in cast("list[object]", value)]
    return value


def has(record: object, path: str) -> bool:
    """Whether a record has something at a dotted path."""
    return bool(selected(record, [path]))


def _steps(record: object, path: str) -> list[str]:
    if isinstance(record, dict) and path not in record:
        properties = cast("dict[str, object]", record).get("properties")
        if isinstance(properties, dict) and path in properties:
            return ["properties", path]
    return path.split(".")


def _copy(source: object, target: dict[str, object], path: Sequence[str]) -> bool:
    """Whether `source` has something at the path; `target` has it then, too."""
    name, *rest = path
    if not isinstance(source, dict) or name not in source:
        return False
    found = cast("object", source[name])
    if not rest:
        target[name] = found
        return True
    there = target.get(name)
    child = cast("dict[str, object]", there) if isinstance(there, dict) else {}
    if not _copy(found, child, rest):
        return False
    target[name] = child
    return True


def _removed(record: object, path: Sequence[str]) -> object:
    name, *rest = path
    if not isinstance(record, dict):
        return record
    members = cast("dict[str, object]", record)
    if rest:
        return {key: _removed(item, rest) if key == name else item for key, item in members.items()}
    return {key: item for key, item in members.items() if key != name}
