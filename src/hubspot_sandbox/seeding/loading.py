"""Records from the user's own files: CSV with a heading, a JSON array of objects, or one JSON object per line.

Columns are property names, or labels in any letter case. A column that is neither becomes a custom text property.
A file is loaded whole or not at all.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hubspot_sandbox.definitions import PropertyDefinition
from hubspot_sandbox.errors import ApiError, JsonObject
from hubspot_sandbox.instants import format_instant
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.records import Author
from hubspot_sandbox.writes import create_record

MOST_PROBLEMS: Final = 20
_AUTHOR: Final = Author("IMPORT", "sandbox-load")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,99}")
_BLANK: Final = re.compile(r"[\s,]*")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of a file."""

    path: Path
    object_type: str
    records: int
    new_properties: tuple[str, ...]

    def __str__(self) -> str:
        made = f"; new properties: {', '.join(self.new_properties)}" if self.new_properties else ""
        return f"{self.records} {self.object_type} from {self.path}{made}"


@dataclass(frozen=True, slots=True)
class _Row:
    """A record of a file, and the line it begins at."""

    line: int
    values: Mapping[str, object]


class LoadError(Exception):
    """A file that cannot be loaded; nothing of it was. Each problem names its file and line."""

    def __init__(self, problems: list[str]) -> None:
        shown = problems[:MOST_PROBLEMS]
        more = len(problems) - len(shown)
        super().__init__("\n".join([*shown, f"... and {more} more"] if more else shown))
        self.problems = problems


def load_file(portal: Portal, object_type: str, path: Path) -> Loaded:
    """Create the records of a file.

    Raises: LoadError.
    """
    try:
        found = portal.types.find(object_type)
    except ApiError as error:
        raise LoadError([f"{path}: {error.message}"]) from None
    rows = _read(path)
    with portal.transaction():
        return _load(portal, found, path, rows)


def _load(portal: Portal, object_type: ObjectType, path: Path, rows: list[_Row]) -> Loaded:
    names = _Names(portal, object_type)
    problems: list[str] = []
    for row in rows:
        try:
            values = names.all_of(row.values)
            create_record(portal, object_type, values, _AUTHOR)
        except ApiError as error:
            problems.append(f"{path}, line {row.line}: {_explain(error)}")
        except ValueError as error:
            problems.append(f"{path}, line {row.line}: {error}")
    if problems:
        raise LoadError(problems)
    return Loaded(path, object_type.plural, len(rows), tuple(names.made))


def _explain(error: ApiError) -> str:
    messages = [str(each["message"]) for each in error.errors if "message" in each]
    return "; ".join(messages) or error.message


class _Names:
    """The properties behind the columns of a file."""

    def __init__(self, portal: Portal, object_type: ObjectType) -> None:
        self._portal = portal
        self._type = object_type
        self._known: dict[str, str] = {}
        self.made: list[str] = []

    def all_of(self, values: Mapping[str, object]) -> dict[str, object]:
        """The values by property.

        Raises: ValueError for a column that cannot be a property, or two that are the same one.
        """
        found = {self.of(column): value for column, value in values.items()}
        if len(found) < len(values):
            names = [self.of(column) for column in values]
            twice = sorted({name for name in names if names.count(name) > 1})
            raise ValueError(f"more than one column is the property {', '.join(twice)}")
        return found

    def of(self, column: str) -> str:
        """The property of a column; made if there is none.

        Raises: ValueError for a column that cannot be a property.
        """
        if column not in self._known:
            self._known[column] = self._find(column)
        return self._known[column]

    def _find(self, column: str) -> str:
        definitions = self._portal.definitions(self._type)
        if column in definitions:
            return column
        wanted = column.strip().casefold()
        for definition in definitions.values():
            if wanted in {definition.name, definition.label.casefold()}:
                return definition.name
        return self._make(column)

    def _make(self, column: str) -> str:
        name = re.sub(r"\W+", "_", column.strip().lower()).strip("_")
        if not _NAME.fullmatch(name) or name.startswith("hs_"):
            raise ValueError(f"column {column!r} is no property, and cannot become one: use letters, digits and _")
        now = format_instant(self._portal.clock.now_ms())
        definition = PropertyDefinition(
            updated_at=now,
            created_at=now,
            name=name,
            label=column.strip(),
            type="string",
            field_type="text",
            group_name=self._type.group,
            archived=False,
            form_field=True,
        )
        if name not in self._portal.definitions(self._type):
            self._portal.put_definition(self._type, definition)
            self.made.append(name)
        return name


def _read(path: Path) -> list[_Row]:
    try:
        if path.suffix.lower() == ".csv":
            return list(_csv_rows(path))
        if path.suffix.lower() in {".json", ".jsonl", ".ndjson"}:
            return list(_json_rows(path))
    except OSError as error:
        raise LoadError([f"{path}: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise LoadError([f"{path}: it must be UTF-8: {error.reason} at byte {error.start}"]) from None
    raise LoadError([f"{path}: only .csv, .json and .jsonl can be loaded"])


def _csv_rows(path: Path) -> Iterator[_Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            heading = next(reader, [])
            if len(set(heading)) < len(heading) or not all(name.strip() for name in heading):
                raise LoadError([f"{path}, line 1: every column needs a name of its own"])
            begins_at = reader.line_num + 1
            for cells in reader:
                if cells and len(cells) != len(heading):
                    raise LoadError([f"{path}, line {begins_at}: {len(cells)} cells, {len(heading)} in the heading"])
                if cells:
                    yield _Row(begins_at, dict(zip(heading, cells, strict=True)))
                begins_at = reader.line_num + 1
        except csv.Error as error:
            raise LoadError([f"{path}, line {reader.line_num}: {error}"]) from None


def _json_rows(path: Path) -> Iterator[_Row]:
    """The objects of a text, one after the other, with or without an array around them."""
    text = path.read_text(encoding="utf-8-sig")
    decoder = json.JSONDecoder(parse_float=str)
    inside = text.strip()
    end = len(text.rstrip())
    at = text.find("[") + 1 if inside.startswith("[") else 0
    end -= inside.startswith("[") and inside.endswith("]")
    while True:
        at = _blank_end(text, at)
        if at >= end:
            return
        line = text.count("\n", 0, at) + 1
        try:
            value, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise LoadError([f"{path}, line {error.lineno}: {error.msg}"]) from None
        yield _Row(line, _values(path, line, value))


def _blank_end(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at


def _values(path: Path, line: int, value: object) -> JsonObject:
    """The values of an object: its own, or those of its `properties`, as HubSpot writes records."""
    if not isinstance(value, dict):
        raise LoadError([f"{path}, line {line}: a record must be an object"])
    inner = value.get("properties", value)
    if not isinstance(inner, dict) or any(isinstance(item, dict | list) for item in inner.values()):
        raise LoadError([f"{path}, line {line}: the values of a record must be texts, numbers or booleans"])
    return inner
