"""Rows of a file as inputs of a batch."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, cast

from ..errors import InvalidParamsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ._rows import Row

_ID = "id"


def read_rows(text: str, *, clear_empty: bool) -> list[Row]:
    """The objects of a JSON array or of JSON lines, or the lines of CSV by the names in the first.

    An empty cell of CSV is as if it were not there, unless it shall clear the property.

    Raises:
        InvalidParamsError: it cannot be read, or holds nothing.
    """
    begin = text.lstrip()[:1]
    if begin == "[":
        rows = _objects([(1, text)])[0]
    elif begin == "{":
        rows = [row for found in _objects(enumerate(text.splitlines(), start=1)) for row in found]
    else:
        rows = list(_csv(text, clear_empty=clear_empty))
    if not rows:
        raise InvalidParamsError("FILE holds no rows: it must be CSV with a line of names, a JSON array or JSON lines.")
    return rows


def _objects(texts: object) -> list[list[Row]]:
    found: list[list[Row]] = []
    for number, text in cast("Iterator[tuple[int, str]]", texts):
        if not text.strip():
            continue
        try:
            value: object = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidParamsError(f"FILE is not JSON, from line {number}: {error}.") from error
        rows = cast("list[object]", value) if isinstance(value, list) else [value]
        wrong = next((row for row in rows if not isinstance(row, dict)), None)
        if wrong is not None:
            raise InvalidParamsError(f"FILE must hold JSON objects, one for each record; {wrong!r} is none.")
        found.append(cast("list[Row]", rows))
    return found


def _csv(text: str, *, clear_empty: bool) -> Iterator[Row]:
    reader = csv.DictReader(io.StringIO(text), restkey="", strict=True)
    try:
        for row in reader:
            if "" in row or None in row.values():
                raise InvalidParamsError(
                    f"Line {reader.line_num} of FILE has not as many cells as the first line has names."
                )
            yield {name: cell for name, cell in row.items() if cell or clear_empty}
    except csv.Error as error:
        raise InvalidParamsError(f"FILE is not CSV, after line {reader.line_num}: {error}.") from error


def inputs_of(action: str, rows: Sequence[Row], id_property: str | None) -> tuple[str, list[object]]:
    """The parameter that takes them, and the inputs: ids, or records with their properties.

    Raises:
        InvalidParamsError: a row does not name its record.
    """
    if action in {"batch_get", "batch_delete"}:
        return "ids", [_named(row, number, id_property) for number, row in enumerate(rows)]
    return "inputs", [_input(action, row, number, id_property) for number, row in enumerate(rows)]


def _input(action: str, row: Row, number: int, id_property: str | None) -> Row:
    if isinstance(row.get("properties"), dict):
        return row  # it is an input already
    if action == "batch_create":
        return {"properties": row}
    name = _named(row, number, id_property)
    properties = {key: value for key, value in row.items() if key not in {_ID, id_property}}
    by = {"idProperty": id_property} if id_property is not None and action == "batch_update" else {}
    if action == "batch_upsert":
        properties = {key: value for key, value in row.items() if key != _ID}
    return {_ID: name, **by, "properties": properties}


def _named(row: Row, number: int, id_property: str | None) -> object:
    column = id_property if id_property is not None and id_property in row else _ID
    if not row.get(column):
        wanted = _ID if id_property is None else id_property
        raise InvalidParamsError(
            f"Row {number} of FILE has no {wanted!r}: a column of that name must say which record."
        )
    return row[column]
