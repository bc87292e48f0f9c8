"""`aggregate`: records counted and summed, exactly, by group."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation, localcontext
from itertools import product
from typing import TYPE_CHECKING, Final, cast

from ..._lexicon import portal
from ..._lexicon.conditions import number_text
from ...errors import FieldError, InvalidParamsError
from ...models.answers import Aggregate, AggregateRow
from .groups import Group, keys_of, label_of, named, read_groups
from .searching import all_that_fit, count, in_order
from .setting import setting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._composition import Steps
    from ..._shape import Params
    from ...models import PropertyDefinition, Record
    from .groups import Keys
    from .setting import Setting
    from .where import Where

    Key = tuple[str | None, ...]

ROWS: Final = 50
MOST_RECORDS: Final = 20_000
_CURRENCY: Final = "deal_currency_code"
_IN_DEAL_CURRENCY: Final = frozenset(
    {"amount", "hs_acv", "hs_arr", "hs_mrr", "hs_tcv", "hs_closed_amount", "hs_forecast_amount", "hs_projected_amount"}
)
"""Amounts in the currency of each deal: those of several currencies cannot be added."""
_FUNCTIONS: Final = {
    "count": "count",
    "number": "count",
    "sum": "sum",
    "total": "sum",
    "avg": "avg",
    "average": "avg",
    "mean": "avg",
    "min": "min",
    "minimum": "min",
    "lowest": "min",
    "max": "max",
    "maximum": "max",
    "highest": "max",
}
_METRIC: Final = re.compile(r"(\w+)(?:\s*[:(\s]\s*(?:of\s+)?(.+?)\s*\)?)?")
_AVERAGE_PLACES: Final = Decimal("0.000001")
_PRECISION: Final = 200


@dataclass(frozen=True, slots=True)
class Metric:
    """A function of one property; `count` needs none."""

    function: str
    definition: PropertyDefinition | None = None

    @property
    def name(self) -> str:
        """`sum amount`."""
        return self.function if self.definition is None else f"{self.function} {self.definition.name}"

    def of(self, records: Sequence[Record]) -> str | None:
        """The exact result as text; None if no record has a value."""
        if self.definition is None:
            return str(len(records))
        name = self.definition.name
        texts = [text for record in records if (text := record.properties.get(name))]
        if self.definition.type != "number":
            return (min if self.function == "min" else max)(texts, key=in_order, default=None)
        numbers = [number for text in texts if (number := _number(text)) is not None]
        if not numbers:
            return None
        with localcontext() as exact:
            exact.prec = _PRECISION
            if self.function == "avg":
                return number_text((sum(numbers, Decimal(0)) / len(numbers)).quantize(_AVERAGE_PLACES))
            if self.function == "sum":
                return number_text(sum(numbers, Decimal(0)))
            return number_text(min(numbers) if self.function == "min" else max(numbers))


def aggregate(entity: str, params: Params, now_s: float) -> Steps[Aggregate]:
    """The groups with their values, and the whole."""
    of = yield from setting(entity, params, now_s)
    metrics = read_metrics(of, params.get("metrics"))
    groups = read_groups(of, params.get("groupBy"), params.get("dateProperty"))
    where = yield from of.where(params.get("where"))
    if not groups and all(metric.definition is None for metric in metrics):
        total = yield from count(of.search(where, [], params.get("query")))
        return _counted(total, where)
    sums_money = entity == "deals" and any(
        metric.definition is not None and metric.definition.name in _IN_DEAL_CURRENCY for metric in metrics
    )
    names = {group.property_name for group in groups} | {
        metric.definition.name for metric in metrics if metric.definition is not None
    }
    if sums_money and _CURRENCY in of.definitions:
        names.add(_CURRENCY)
    most = cast("int", params.get("maxRecords", MOST_RECORDS))
    wanted = of.search(where, sorted(name for name in names if name is not None), params.get("query"))
    found = yield from all_that_fit(wanted, most)
    records = found.records[:most]
    notes = [] if len(records) >= found.total else [f"Only {len(records)} of {found.total} records were read."]
    currency = (yield from _currency(records)) if sums_money else None
    if currency is not None and len(currency) > 1:
        notes.append(
            f"Amounts are in {len(currency)} currencies ({', '.join(currency)}), so they are not added up: rows are by "
            "currency too. Sum amount_in_home_currency for one figure."
        )
        groups = [*groups, Group(_CURRENCY, of.definitions[_CURRENCY])]
    limit = cast("int", params.get("limit", ROWS))
    rows, row_count = yield from _rows(of, groups, metrics, records, limit)
    mixed = currency is not None and len(currency) > 1
    overall = {
        metric.name: None if mixed and metric.definition is not None else metric.of(records) for metric in metrics
    }
    if any(group.kind is not None for group in groups):
        notes.append("A record that is linked to several counts in the group of each.")
    sure = all(link.complete for link in where.links)
    return Aggregate(
        rows,
        overall,
        row_count,
        len(records),
        found.total,
        sure and len(records) >= found.total,
        currency[0] if currency and len(currency) == 1 else None,
        where.understood,
        " ".join(notes) or None,
    )


def _counted(total: int, where: Where) -> Aggregate:
    overall: dict[str, str | None] = {"count": str(total)}
    sure = all(link.complete for link in where.links)
    return Aggregate([AggregateRow({}, {}, overall)], overall, 1, total, total, sure, None, where.understood)


def read_metrics(of: Setting, given: object) -> list[Metric]:
    """What to work out: `count`, `sum amount`, `avg(amount)`."""
    said = cast("list[object]", given) if isinstance(given, list) else str(given or "count").split(",")
    return [_metric(of, str(item).strip(), f"params.metrics[{at}]") for at, item in enumerate(said)]


def _metric(of: Setting, said: str, place: str) -> Metric:
    found = _METRIC.fullmatch(said)
    function = _FUNCTIONS.get(found[1].casefold()) if found else None
    if found is None or function is None or (function != "count" and not found[2]):
        sentence = f"{said!r} is no metric. Use count, or sum, avg, min or max with a property: `sum amount`."
        raise InvalidParamsError(sentence, errors=[FieldError(place, sentence, "unknown_metric")])
    if function == "count":
        return Metric("count")
    definition = of.property(found[2], place)
    is_ordered = definition.type in {"number", "date", "datetime"}
    if definition.type != "number" and not (is_ordered and function in {"min", "max"}):
        sentence = f"{definition.name} is no number: {function} does not work on it."
        raise InvalidParamsError(sentence, errors=[FieldError(place, sentence, "wrong_type")])
    return Metric(function, definition)


def _currency(records: Sequence[Record]) -> Steps[list[str]]:
    """The currencies that occur. A deal without one is in the company's."""
    codes = {record.properties.get(_CURRENCY) or None for record in records}
    if None in codes:
        details = yield from portal.maybe(portal.account())
        codes.discard(None)
        codes.add((details.companyCurrency if details else None) or "company currency")
    return sorted(cast("set[str]", codes))


def _rows(
    of: Setting, groups: Sequence[Group], metrics: Sequence[Metric], records: Sequence[Record], limit: int
) -> Steps[tuple[list[AggregateRow], int]]:
    """The first rows, and how many there are."""
    keys: list[Keys] = []
    for group in groups:
        keys += [(yield from keys_of(of, group, records))]
    members: dict[Key, list[Record]] = {}
    for record in records:
        for key in product(*(one.of[record.id] for one in keys)):
            members.setdefault(key, []).append(record)
    ordered = _ordered(members, groups, metrics[0])[:limit]
    yield from named(keys, ordered)
    rows = [
        AggregateRow(
            {group.key_name: part for group, part in zip(groups, key, strict=True)},
            {
                group.key_name: label_of(one.labels, part)
                for group, one, part in zip(groups, keys, key, strict=True)
                if group.unit is None
            },
            {metric.name: metric.of(members[key]) for metric in metrics},
        )
        for key in ordered
    ]
    return rows, len(members)


def _ordered(members: dict[Key, list[Record]], groups: Sequence[Group], metric: Metric) -> list[Key]:
    """Times in their order; within one time, and without, the largest first."""
    times = [at for at, group in enumerate(groups) if group.unit is not None]

    def place(key: Key) -> tuple[list[str], bool, Decimal, list[str]]:
        value = metric.of(members[key])
        number = _number(value) if value is not None else None
        size = -number if number is not None else Decimal(0)
        return [key[at] or "~" for at in times], number is None, size, [part or "~" for part in key]

    return sorted(members, key=place)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
