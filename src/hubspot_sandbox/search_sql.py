"""A search request as SQL over the records.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm,
https://github.com/brekkylab/backlot (matching measured live)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from hubspot_sandbox.errors import ValidationError
from hubspot_sandbox.instants import format_day, parse_instant
from hubspot_sandbox.matching import literals, tokens
from hubspot_sandbox.numerals import whole_number
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.records import value_of
from hubspot_sandbox.search_request import Filter, Operator, SearchRequest

LINKED: Final = "associations."


class Kind(Enum):
    """How a property's values compare."""

    TEXT = "text"
    CHOICE = "choice"
    CHOICES = "choices"
    NUMBER = "number"
    INSTANT = "instant"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Field:
    """A property in SQL: `value` as it is stored, `compared` as it is compared and sorted."""

    name: str
    kind: Kind
    value: str
    compared: str


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL with its parameters."""

    text: str
    parameters: tuple[str | float, ...] = ()


class Compiler:
    """Turns requests on one object type into SQL."""

    def __init__(self, portal: Portal, object_type: ObjectType) -> None:
        self._portal = portal
        self._type = object_type
        self._definitions = portal.definitions(object_type)

    def where(self, request: SearchRequest) -> Sql:
        """The condition that a record must meet."""
        parts: list[Sql] = []
        groups = [_join(" AND ", [self._condition(each) for each in group]) for group in request.groups if group]
        if groups:
            parts.append(_join(" OR ", groups))
        if request.query:
            parts.extend(self._query(request.query))
        return _join(" AND ", parts) if parts else Sql("1")

    def compared(self, request: SearchRequest) -> list[Field]:
        """The properties whose values are compared as a whole, so that an index helps; not ids and dates of records."""
        wanted = [each for group in request.groups for each in group if each.operator in _INDEXABLE]
        names = dict.fromkeys(each.property_name for each in wanted if not each.property_name.startswith(LINKED))
        return [field for field in map(self.field, names) if field.value != field.compared or field.kind is Kind.CHOICE]

    def order(self, request: SearchRequest) -> str:
        """The ORDER BY terms; oldest first unless asked otherwise, empty values last."""
        if request.sort is None:
            return "created_ms, id"
        field = self.field(request.sort.property_name)
        direction = "DESC" if request.sort.descending else "ASC"
        nulls = "" if field.value == field.compared else f"{field.value} IS NULL, "
        return f"{nulls}{field.compared} {direction}, id"

    def field(self, name: str) -> Field:
        """A property in SQL.

        Raises: ValidationError for one the type does not have.
        """
        columns = {
            "hs_object_id": (Kind.NUMBER, "id"),
            self._type.created_property: (Kind.INSTANT, "created_ms"),
            self._type.modified_property: (Kind.INSTANT, "updated_ms"),
        }
        if name in columns:
            kind, column = columns[name]
            return Field(name, kind, column, column)
        definition = self._definitions.get(name)
        if definition is None:
            # choice: the text for an unknown property in a search is not documented.
            raise ValidationError(
                "There was a problem with the request.",
                errors=[{"message": f'Property "{name}" does not exist', "context": {"propertyName": [name]}}],
            )
        kind, compared = _KINDS.get(definition.type, (Kind.TEXT, "lower({value})"))
        if kind is Kind.CHOICE and definition.is_multiple:
            kind = Kind.CHOICES
        value = value_of(name)
        return Field(name, kind, value, compared.format(value=value))

    def _condition(self, wanted: Filter) -> Sql:
        if wanted.property_name.startswith(LINKED):
            return self._linked(wanted)
        field = self.field(wanted.property_name)
        return _CONDITIONS[wanted.operator](field, wanted)

    def _linked(self, wanted: Filter) -> Sql:
        """The pseudo-property `associations.{type}`."""
        self._portal.types.find(wanted.property_name.removeprefix(LINKED))
        ids = wanted.values if wanted.operator is Operator.IN else (wanted.value,)
        numbers = [number for each in ids if (number := whole_number(each)) is not None]
        if wanted.operator not in {Operator.EQ, Operator.IN} or len(numbers) < len(ids):
            # choice: only EQ and IN with record ids; the text is not documented.
            raise ValidationError(f"{wanted.property_name} takes EQ or IN with record ids")
        marks = ", ".join("?" * len(ids))
        return Sql(
            f"id IN (SELECT to_id FROM association WHERE from_id IN ({marks}) AND to_type = ?)",  # noqa: S608 - marks
            (*numbers, self._type.type_id),
        )

    def _query(self, query: str) -> list[Sql]:
        """Word prefixes over the searchable properties; LIKE sorts out most records before Python looks."""
        names = self._type.query_properties or (self._type.primary_display,)
        joined = " || ' ' || ".join(f"coalesce({value_of(name)}, '')" for name in names)
        likely = [
            Sql(f"{column} LIKE ?", (f"%{word}%",))
            for word in tokens(query)
            if word.isascii()
            for column in ("properties", f"({joined})")
        ]
        return [*likely, Sql(f"matches_query({joined}, ?)", (query,))]


def _join(word: str, parts: Sequence[Sql]) -> Sql:
    text = word.join(f"({part.text})" for part in parts)
    return Sql(text, tuple(parameter for part in parts for parameter in part.parameters))


def _between(field: Field, wanted: Filter) -> Sql:
    low = _compare(field, ">=", _required(wanted))
    return _join(" AND ", [low, _compare(field, "<=", wanted.high_value)])


def _contains(field: Field, wanted: Filter) -> Sql:
    """LIKE sorts out most records before Python looks."""
    needle = _required(wanted)
    likely = [Sql(f"{field.value} LIKE ?", (f"%{literal}%",)) for literal in literals(needle)]
    return _join(" AND ", [*likely, Sql(f"contains_token({field.value}, ?)", (needle,))])


def _negated(field: Field, positive: Sql) -> Sql:
    """The opposite, which records without the property meet too."""
    return Sql(f"{field.value} IS NULL OR NOT ({positive.text})", positive.parameters)


def _required(wanted: Filter) -> str:
    if not wanted.value:
        # choice: the text is not documented.
        raise ValidationError(f"operator {wanted.operator.value} requires a value")
    return wanted.value


def _compare(field: Field, sign: str, raw: str) -> Sql:
    needle = _needle(field, raw)
    if field.kind is not Kind.TEXT:
        return Sql(f"{field.compared} {sign} ?", (needle,))
    return Sql(f"{_folded(field, raw)} {sign} ?", (raw.lower(),))


def _folded(field: Field, raw: str) -> str:
    """Lower case; SQLite's own `lower`, which the indexes use, knows ASCII only."""
    return field.compared if raw.isascii() else f"fold({field.value})"


def _among(field: Field, raw: Sequence[str]) -> Sql:
    if not raw:
        # choice: the text is not documented.
        raise ValidationError("operators IN and NOT_IN require values")
    if field.kind is Kind.CHOICES:
        return _join(" OR ", [Sql(f"instr(';' || {field.value} || ';', ?)", (f";{each};",)) for each in raw])
    marks = ", ".join("?" * len(raw))
    if field.kind is Kind.TEXT:
        # IN on text compares the stored value in lower case with the values as they are:
        # upper-case values never match. Source: the search guide.
        return Sql(f"{_folded(field, ''.join(raw))} IN ({marks})", tuple(raw))
    return Sql(f"{field.compared} IN ({marks})", tuple(_needle(field, each) for each in raw))


def _needle(field: Field, raw: str) -> str | float:
    match field.kind:
        case Kind.NUMBER:
            number = whole_number(raw.strip())
            try:
                return float(raw) if number is None else number
            except ValueError:
                # choice: the text is not documented.
                raise ValidationError(f"{raw} is not a number, as {field.name} needs") from None
        case Kind.INSTANT | Kind.DAY:
            instant = parse_instant(raw)
            if instant is None:
                # choice: the text is not documented.
                raise ValidationError(f"{raw} is not a date or time, as {field.name} needs")
            return instant if field.kind is Kind.INSTANT else format_day(instant)
        case _:
            return raw


_KINDS: Final = {
    "number": (Kind.NUMBER, "CAST({value} AS REAL)"),
    "datetime": (Kind.INSTANT, "CAST({value} AS INTEGER)"),
    "date": (Kind.DAY, "({value})"),
    "enumeration": (Kind.CHOICE, "({value})"),
    "bool": (Kind.CHOICE, "({value})"),
}
_INDEXABLE: Final = frozenset(
    {Operator.EQ, Operator.IN, Operator.LT, Operator.LTE, Operator.GT, Operator.GTE, Operator.BETWEEN}
)
_CONDITIONS: Final[Mapping[Operator, Callable[[Field, Filter], Sql]]] = {
    Operator.EQ: lambda field, wanted: _compare(field, "=", _required(wanted)),
    Operator.NEQ: lambda field, wanted: _negated(field, _compare(field, "=", _required(wanted))),
    Operator.LT: lambda field, wanted: _compare(field, "<", _required(wanted)),
    Operator.LTE: lambda field, wanted: _compare(field, "<=", _required(wanted)),
    Operator.GT: lambda field, wanted: _compare(field, ">", _required(wanted)),
    Operator.GTE: lambda field, wanted: _compare(field, ">=", _required(wanted)),
    Operator.BETWEEN: _between,
    Operator.IN: lambda field, wanted: _among(field, wanted.values),
    Operator.NOT_IN: lambda field, wanted: _negated(field, _among(field, wanted.values)),
    Operator.HAS_PROPERTY: lambda field, _wanted: Sql(f"{field.value} IS NOT NULL"),
    Operator.NOT_HAS_PROPERTY: lambda field, _wanted: Sql(f"{field.value} IS NULL"),
    Operator.CONTAINS_TOKEN: _contains,
    Operator.NOT_CONTAINS_TOKEN: lambda field, wanted: Sql(
        f"NOT contains_token({field.value}, ?)", (_required(wanted),)
    ),
}
