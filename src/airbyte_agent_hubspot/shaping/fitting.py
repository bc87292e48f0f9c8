"""A result within a budget of tokens, and what was left out of it. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, cast

from .._fields import for_each_record, has, records_of, selected, without
from .._lexicon.names import plain
from .budget import estimate_tokens
from .tables import compact, flat, is_record, is_table, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .tables import Json

    Labels = Mapping[str, Mapping[str, str]]
    """Property -> value -> what people call it."""

MAX_TOKENS: Final = 2_000
LEAST_TOKENS: Final = 200
_RESERVED: Final = 110
"""Tokens of the receipt and the fence."""
_CUTS: Final[tuple[tuple[int | None, int | None], ...]] = (
    *((None, None), (1_000, None), (500, 50), (200, 25), (200, 12), (100, 6), (60, 3), (40, 1)),
)
"""How long texts and inner lists may be, from no limit down."""
_ROW_CUTS: Final = (None, 200, 60)
_TECHNICAL: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,99}")
"""Names that are told outside the fence: others may be words that somebody wrote into the CRM."""
_SPEAK_FOR_THEMSELVES: Final = frozenset({"deal_currency_code"})
"""Properties whose values people use as they are, though they have labels."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the caller wants to see of a result."""

    select_fields: tuple[str, ...] = ()
    exclude_fields: tuple[str, ...] = ()
    max_tokens: int = MAX_TOKENS
    skip: int = 0


@dataclass(frozen=True)
class Fitted:
    """What is shown. `records` of `of` are; `complete` says that it is everything there is, uncut.

    `left_out` says in sentences what is missing, `following` what to change in the call to get it.
    """

    data: Json
    records: int
    of: int | None = None
    complete: bool = True
    left_out: list[str] = field(default_factory=list[str])
    following: Json | None = None
    note: str | None = None


def as_json(value: object) -> str:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def fit(result: object, wish: Wish, *, asked: Sequence[str] = (), labels: Labels | None = None) -> Fitted:
    """A result as plain JSON, in few tokens. `asked` are the properties that the call named.

    `labels` are those that the result itself does not bring.
    """
    missing = _missing(result, wish.select_fields)
    if wish.select_fields:
        result = for_each_record(result, lambda record: selected(record, _with_id(record, wish.select_fields)))
    if wish.exclude_fields:
        result = for_each_record(result, lambda record: without(record, wish.exclude_fields))
    wanted = frozenset([*asked, *wish.select_fields])
    records = records_of(result)
    if records is None:
        fitted = _one(result, wish, wanted, labels or {})
        unread = _unread(result)
        complete = fitted.complete and not unread
        return replace(fitted, complete=complete, left_out=[*missing, *unread, *fitted.left_out])
    around = cast("Json", result) if isinstance(result, dict) else {}
    around = {name: item for name, item in around.items() if item is not records}
    own = cast("Labels | None", around.pop("labels", None))
    fitted = _many(records, around, wish, wanted, own or labels or {})
    return replace(fitted, left_out=[*missing, *fitted.left_out])


def _missing(result: object, paths: Sequence[str]) -> list[str]:
    """A sentence about fields that nothing in the result has."""
    records = records_of(result)
    found = [result] if records is None else records
    names = [path for path in paths if found and not any(has(record, path) for record in found)]
    return [f"Nothing here has {', '.join(names)}: ask for properties by their names in params."] if names else []


def _unread(result: object) -> list[str]:
    """A sentence about what the account's user did not allow to read."""
    names = cast("Json", result).get("not_read") if isinstance(result, dict) else None
    return [f"What may not be read: {', '.join(cast('list[str]', names))}."] if names else []


def _with_id(record: object, paths: Sequence[str]) -> Sequence[str]:
    """The paths, and the id of a record: without it nothing can be done with the rest."""
    return ("id", *paths) if is_record(record) else paths


# ---------------------------------------------------------------- many records


def _many(records: list[object], around: Json, wish: Wish, wanted: frozenset[str], labels: Labels) -> Fitted:
    meta = cast("Json", around.pop("meta", {}))
    cursor = meta.get("next_cursor")
    of = cast("int | None", meta.get("total", around.pop("row_count", around.get("total"))))
    all_there = around.pop("complete", True) is True and cursor is None and not wish.skip
    note = cast("str | None", around.pop("note", None))
    if "overall" not in around:
        around.pop("total", None)
    shown = records[wish.skip : wish.skip + wish.max_tokens]  # no row takes less than a token
    rows, called = _labelled([_row(record, wanted) for record in shown], labels)
    budget = wish.max_tokens - _RESERVED - estimate_tokens(as_json(around))
    kept, cuts = _fitting(rows, budget)
    ids = _ids_of(kept, called)
    if ids:
        kept, cuts = _fitting(rows, budget - estimate_tokens(as_json(ids)))
        ids = _ids_of(kept, called)
    left = len(records) - wish.skip - len(kept)
    following: Json | None = None
    if left > 0:
        following = {"skip": wish.skip + len(kept)}
        cuts.insert(0, f"{left} of the {len(records)} records of this answer: repeat the call with what `next` says.")
    elif cursor is not None:
        following = {"params": {"after": cursor}, "skip": 0} if wish.skip else {"params": {"after": cursor}}
    if of is None and cursor is None:
        of = len(records)
    data = {**cast("Json", compact(around)), **_listed(kept), **({"ids": ids} if ids else {})}
    return Fitted(data, len(kept), of, all_there and not cuts, cuts, following, note)


def _listed(rows: list[Json]) -> Json:
    found = compact(rows)
    return cast("Json", found) if is_table(found) else {"records": found}


def _row(record: object, wanted: frozenset[str]) -> Json:
    if is_record(record):
        record = flat(cast("Json", record), wanted)
    elif isinstance(record, dict) and set(cast("Json", record)) == {"key", "label", "values"}:
        group = cast("dict[str, Json]", record)
        record = {**{name: group["label"].get(name, key) for name, key in group["key"].items()}, **group["values"]}
    elif isinstance(record, dict) and "index" in record and ("record" in record or "error" in record):
        record = _batch_row(cast("Json", record), wanted)
    elif not isinstance(record, dict):
        record = {"value": record}
    return cast("Json", record)


def _batch_row(item: Json, wanted: frozenset[str]) -> Json:
    """What became of one input: the record flat, or the error in one text."""
    row = {name: value for name, value in item.items() if name not in {"record", "error"}}
    if is_record(item.get("record")):
        row.update(flat(cast("Json", item["record"]), wanted))
    elif "record" in item:
        row["record"] = item["record"]
    if "error" in item:
        error = cast("dict[str, str]", item["error"])
        row["error"] = f"{error['code']}: {error['message']}"
    return row


def _labelled(rows: list[Json], labels: Labels) -> tuple[list[Json], Labels]:
    """The rows with what people call the values, and the value of each name that one value alone has."""
    ids: dict[str, dict[str, str]] = {}
    changed: dict[str, Mapping[str, str]] = {}
    for name, called in labels.items():
        if name in _SPEAK_FOR_THEMSELVES:
            continue
        present = {str(row[name]) for row in rows if name in row}
        telling = {value: label for value, label in called.items() if value in present and plain(label) != plain(value)}
        if not telling:
            continue
        alone = len(set(telling.values())) == len(telling)
        changed[name] = telling if alone else {value: f"{label} [{value}]" for value, label in telling.items()}
        if alone:
            ids[name] = {label: value for value, label in telling.items()}
    return [
        {name: changed[name].get(str(item), item) if name in changed else item for name, item in row.items()}
        for row in rows
    ], ids


def _ids_of(rows: list[Json], called: Labels) -> dict[str, dict[str, str]]:
    """The values of the names that are shown, once each."""
    ids = {
        name: {label: values[label] for label in dict.fromkeys(str(row.get(name)) for row in rows) if label in values}
        for name, values in called.items()
    }
    return {name: values for name, values in ids.items() if values}


def _fitting(rows: list[Json], budget: int) -> tuple[list[Json], list[str]]:
    """As many rows as fit, at least one, and what was cut in them."""
    fits: list[Json] = []
    longest: int | None = None
    cut: dict[str, int] = {}
    for longest in _ROW_CUTS:
        cut = {}
        short = [cast("Json", _trimmed(compact(row), longest, None, cut, "")) for row in rows]
        fits = short[: _count_fitting(short, budget)]
        if len(fits) == len(rows) or (fits and longest is not None):
            break
    told = (
        [f"Texts after {longest} characters ({', '.join(_named(cut))}): select_fields shows fewer, longer."]
        if cut
        else []
    )
    if fits or not rows:
        return fits, told
    narrow, left = _narrowed(cast("Json", _trimmed(compact(rows[0]), _ROW_CUTS[-1], 1, cut, "")), budget)
    return [narrow], [*told, f"{left} fields of each record: name those you need in select_fields."]


def _count_fitting(rows: list[Json], budget: int) -> int:
    """How many of the first rows fit as a table."""
    columns = cast("list[str]", table(rows)["columns"])
    used = estimate_tokens(as_json(columns))
    for count, row in enumerate(rows):
        used += estimate_tokens(as_json([row.get(name) for name in columns])) + 1
        if used > budget:
            return count
    return len(rows)


def _narrowed(row: Json, budget: int) -> tuple[Json, int]:
    """The first fields that fit, and how many others there are."""
    kept: Json = {}
    used = 0
    for name, item in row.items():
        used += estimate_tokens(as_json({name: item}))
        if kept and used > budget:
            break
        kept[name] = item
    return kept, len(row) - len(kept)


# ---------------------------------------------------------------- one thing


def _one(result: object, wish: Wish, wanted: frozenset[str], labels: Labels) -> Fitted:
    whole = compact(_with_labels(result, labels), wanted)
    budget = wish.max_tokens - _RESERVED
    for longest, most in _CUTS:
        cut: dict[str, int] = {}
        value = _trimmed(whole, longest, most, cut, "")
        if estimate_tokens(as_json(value)) <= budget:
            data = cast("Json", value) if isinstance(value, dict) else {"value": value}
            told = [_cut_sentence(cut, longest, most)] if cut else []
            return Fitted(data, 1, None, not cut, told)
    narrow, left = _narrowed(cast("Json", _trimmed(whole, *_CUTS[-1], {}, "")), budget)
    told = [f"{left} fields, and most of the others: name those you need in select_fields."]
    return Fitted(narrow, 1, None, complete=False, left_out=told)


def _cut_sentence(cut: Mapping[str, int], longest: int | None, most: int | None) -> str:
    told = _named(cut)
    lists = [f"{name} ({count} more)" for name, count in told.items() if count]
    texts = [name for name, count in told.items() if not count]
    parts = [f"texts after {longest} characters ({', '.join(texts)})"] if texts else []
    parts += [f"lists after {most} ({', '.join(lists)})"] if lists else []
    return f"Cut were {' and '.join(parts)}: name what you need in select_fields, or raise max_tokens."


def _named(cut: Mapping[str, int]) -> Mapping[str, int]:
    """What was cut, under names that are ours or HubSpot's; those that people gave are `others`."""
    told: dict[str, int] = {}
    for name, count in cut.items():
        shown = name if _TECHNICAL.fullmatch(name) else "others"
        told[shown] = told.get(shown, 0) + count
    return told


def _with_labels(result: object, labels: Labels) -> object:
    """A record with what its values are called beside them. An overview brings labels for the record within it."""
    if is_record(result):
        record = cast("Json", result)
        properties = cast("Json", record["properties"])
        said = {name: labels[name][str(item)] for name, item in properties.items() if str(item) in labels.get(name, {})}
        return {**record, "properties": _beside(properties, said)}
    if not isinstance(result, dict):
        return result
    members = cast("Json", result)
    inner = members.get("record")
    if "labels" not in members or not is_record(inner):
        return members
    named = dict(cast("Json", inner))
    named["properties"] = _beside(cast("Json", named["properties"]), cast("dict[str, str]", members["labels"]))
    return {name: named if name == "record" else item for name, item in members.items() if name != "labels"}


def _beside(properties: Json, said: Mapping[str, str]) -> Json:
    return {
        name: f"{said[name]} [{item}]" if name in said and plain(said[name]) != plain(str(item)) else item
        for name, item in properties.items()
    }


def _trimmed(value: object, longest: int | None, most: int | None, cut: dict[str, int], place: str) -> object:
    """The value with shorter texts and lists; `cut` learns where, and how many items of a list are missing."""
    if isinstance(value, str):
        if longest is None or len(value) <= longest:
            return value
        cut[place or "text"] = 0
        return f"{value[:longest]}... [{len(value) - longest} more characters]"
    if is_table(value):
        members = cast("dict[str, list[object]]", value)
        columns = cast("list[str]", members["columns"])
        rows = _cut_list(members["rows"], most, cut, place)
        return {
            "columns": columns,
            "rows": [
                [
                    _trimmed(item, longest, most, cut, name)
                    for name, item in zip(columns, cast("list[object]", row), strict=True)
                ]
                for row in rows
            ],
        }
    if isinstance(value, dict):
        return {name: _trimmed(item, longest, most, cut, name) for name, item in cast("Json", value).items()}
    if isinstance(value, list):
        items = _cut_list(cast("list[object]", value), most, cut, place)
        return [_trimmed(item, longest, most, cut, place) for item in items]
    return value


def _cut_list(items: list[object], most: int | None, cut: dict[str, int], place: str) -> list[object]:
    if most is None or len(items) <= most:
        return items
    cut[place or "list"] = cut.get(place or "list", 0) + len(items) - most
    return items[:most]
