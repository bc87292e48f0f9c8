"""Results cut to what the caller asked for. Without a wish HubSpot's bytes pass through untouched."""

from collections.abc import Sequence

import msgspec

LONGEST_TEXT = 200
_MARK = "... [cut; get the record for the whole text]"


def shape_result(
    result: bytes,
    *,
    select_fields: Sequence[str] | None,
    exclude_fields: Sequence[str] | None,
    truncate: bool,
) -> bytes:
    """JSON of the result, with only the wished fields of each record, and long texts of lists cut."""
    if select_fields is None and exclude_fields is None and not truncate:
        return result
    value = msgspec.json.decode(result)
    records = value if isinstance(value, list) else [value]
    if select_fields is not None:
        records = [_selected(record, select_fields) for record in records]
    elif exclude_fields is not None:
        for record in records:
            for path in exclude_fields:
                _remove(record, path.split("."))
    if truncate and isinstance(value, list):
        records = [_truncated(record) for record in records]
    return msgspec.json.encode(records if isinstance(value, list) else records[0])


def _selected(record: object, paths: Sequence[str]) -> object:
    kept: dict[str, object] = {}
    for path in paths:
        _copy(record, kept, path.split("."))
    return kept


def _copy(source: object, target: dict[str, object], path: Sequence[str]) -> None:
    name, *rest = path
    if not isinstance(source, dict) or name not in source:
        return
    if not rest:
        target[name] = source[name]
        return
    child = target.setdefault(name, {})
    if isinstance(child, dict):
        _copy(source[name], child, rest)


def _remove(record: object, path: Sequence[str]) -> None:
    name, *rest = path
    if not isinstance(record, dict) or name not in record:
        return
    if rest:
        _remove(record[name], rest)
    else:
        del record[name]


def _truncated(value: object) -> object:
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return value[:LONGEST_TEXT] + _MARK
    if isinstance(value, dict):
        return {name: _truncated(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_truncated(item) for item in value]
    return value
