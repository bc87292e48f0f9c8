"""The conditions of a list ("segment") as SQL over the records.

Source: https://developers.hubspot.com/docs/api-reference/crm-lists-v3/list-filters
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from hubspot_sandbox.calls import mapping, objects, texts
from hubspot_sandbox.errors import JsonObject, ValidationError
from hubspot_sandbox.instants import DAY_MS, to_ms
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.search_sql import Compiler, Field, Kind, Sql

_BRANCHES: Final = {"OR": " OR ", "AND": " AND ", "ASSOCIATION": " AND "}
_KNOWN: Final = frozenset({"IS_KNOWN", "IS_NOT_BLANK"})
_UNKNOWN: Final = frozenset({"IS_UNKNOWN", "IS_BLANK"})
_NUMBER_SIGNS: Final = {
    "IS_EQUAL_TO": "=",
    "IS_NOT_EQUAL_TO": "<>",
    "IS_GREATER_THAN": ">",
    "IS_GREATER_THAN_OR_EQUAL_TO": ">=",
    "IS_LESS_THAN": "<",
    "IS_LESS_THAN_OR_EQUAL_TO": "<=",
}
_PATTERNS: Final = {"IS_EQUAL_TO": "{}", "CONTAINS": "%{}%", "STARTS_WITH": "{}%", "ENDS_WITH": "%{}"}
_OPPOSITES: Final = {"IS_NOT_EQUAL_TO": "IS_EQUAL_TO", "DOES_NOT_CONTAIN": "CONTAINS"}
_TIME_SIGNS: Final = {"IS_BEFORE": "<", "IS_AFTER": ">"}

MembersOf = Callable[[str], Sql]


def unsupported(what: str) -> ValidationError:
    """The refusal of a condition.

    # choice: the sandbox evaluates conditions on properties, associations and other lists; the rest is refused.
    """
    return ValidationError(f"The list filter is not valid: {what} is not supported")


def completed_branch(branch: Mapping[str, object]) -> JsonObject:
    """A branch as HubSpot answers it: operators and defaults written out."""
    kind = str(branch.get("filterBranchType", ""))
    body: JsonObject = {
        "filterBranches": [completed_branch(each) for each in objects(branch.get("filterBranches"))],
        "filters": [_completed_filter(each) for each in objects(branch.get("filters"))],
        "filterBranchType": kind,
        "filterBranchOperator": "OR" if kind == "OR" else "AND",
    }
    return {**body, **{name: value for name, value in branch.items() if name not in body}}


def _completed_filter(item: JsonObject) -> JsonObject:
    if "operation" not in item:
        return item
    return {**item, "operation": {"includeObjectsWithNoValueSet": False, **mapping(item["operation"])}}


def check_root(branch: Mapping[str, object]) -> None:
    """Raises ValidationError unless the conditions are groups (AND) inside one OR, as HubSpot demands.

    # choice: the text is not documented.
    """
    inner = objects(branch.get("filterBranches"))
    if branch.get("filterBranchType") != "OR" or objects(branch.get("filters")) or not inner:
        raise ValidationError("The root filter branch must be an OR branch with nested AND branches and no filters")
    if any(each.get("filterBranchType") != "AND" for each in inner):
        raise ValidationError("The filter branches inside the root OR branch must be AND branches")


def compile_branch(portal: Portal, object_type: ObjectType, branch: Mapping[str, object], members: MembersOf) -> Sql:
    """The condition on records of a type.

    `members` gives the ids in another list. Raises: ValidationError.
    """
    kind = str(branch.get("filterBranchType", ""))
    word = _BRANCHES.get(kind)
    if word is None:
        raise unsupported(f"filterBranchType {kind}")
    inner_type = portal.types.find(str(branch.get("objectTypeId"))) if kind == "ASSOCIATION" else object_type
    compiler = Compiler(portal, inner_type)
    parts = [_filter(compiler, each, members) for each in objects(branch.get("filters"))]
    parts += [compile_branch(portal, inner_type, each, members) for each in objects(branch.get("filterBranches"))]
    condition = _join(word, parts)
    if kind != "ASSOCIATION":
        return condition
    return Sql(
        "id IN (SELECT association.to_id FROM association JOIN record AS other ON other.id = association.from_id "  # noqa: S608 - a condition of ours
        "WHERE association.to_type = ? AND association.from_id IN "
        f"(SELECT id FROM record WHERE type = ? AND archived = 0 AND ({condition.text})))",
        (object_type.type_id, inner_type.type_id, *condition.parameters),
    )


def _join(word: str, parts: Sequence[Sql]) -> Sql:
    if not parts:
        return Sql("1")
    text = word.join(f"({part.text})" for part in parts)
    return Sql(text, tuple(parameter for part in parts for parameter in part.parameters))


def _filter(compiler: Compiler, item: JsonObject, members: MembersOf) -> Sql:
    kind, operator = str(item.get("filterType")), str(item.get("operator", "IN_LIST"))
    if kind == "IN_LIST":
        inside = members(str(item.get("listId", "")))
        negation = "NOT " if operator == "NOT_IN_LIST" else ""
        return Sql(f"id {negation}IN ({inside.text})", inside.parameters)
    if kind != "PROPERTY":
        raise unsupported(f"filterType {kind}")
    operation = mapping(item.get("operation"))
    field = compiler.field(str(item.get("property", "")))
    condition = _operation(field, operation)
    if operation.get("includeObjectsWithNoValueSet") is True:
        return Sql(f"{field.value} IS NULL OR ({condition.text})", condition.parameters)
    return condition


def _operation(field: Field, operation: JsonObject) -> Sql:
    kind, operator = str(operation.get("operationType")), str(operation.get("operator"))
    if operator in _KNOWN:
        return Sql(f"{field.value} IS NOT NULL")
    if operator in _UNKNOWN:
        return Sql(f"{field.value} IS NULL")
    compile_operation = _OPERATIONS.get(kind)
    if compile_operation is None:
        raise unsupported(f"operationType {kind}")
    return compile_operation(field, operator, operation)


def _text(field: Field, operator: str, operation: JsonObject) -> Sql:
    """One text or several: any of them is enough, and none of them may fit a negated condition."""
    pattern = _PATTERNS.get(_OPPOSITES.get(operator, operator))
    if pattern is None:
        raise unsupported(f"operator {operator} of a text")
    wanted = texts(operation.get("values")) or [str(operation.get("value", ""))]
    folded = [pattern.format(_escaped(each.lower())) for each in wanted]
    found = _join(" OR ", [Sql(f"fold({field.value}) LIKE ? ESCAPE '!'", (each,)) for each in folded])
    if operator in _OPPOSITES:
        return Sql(f"{field.value} IS NOT NULL AND NOT ({found.text})", found.parameters)
    return found


def _escaped(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _number(field: Field, operator: str, operation: JsonObject) -> Sql:
    sign = _NUMBER_SIGNS.get(operator)
    if sign is None:
        raise unsupported(f"operator {operator} of a number")
    compared = f"CAST({field.value} AS REAL)"
    return Sql(f"{field.value} IS NOT NULL AND {compared} {sign} ?", (_as_number(operation.get("value")),))


def _number_range(field: Field, operator: str, operation: JsonObject) -> Sql:
    bounds = _as_number(operation.get("lowerBound")), _as_number(operation.get("upperBound"))
    negation = "NOT " if operator == "IS_NOT_BETWEEN" else ""
    return Sql(f"{field.value} IS NOT NULL AND CAST({field.value} AS REAL) {negation}BETWEEN ? AND ?", bounds)


def _as_number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        raise unsupported(f"the number {value}") from None


def _bool(field: Field, operator: str, operation: JsonObject) -> Sql:
    wanted = str(operation.get("value")).lower()
    sign = "<>" if operator == "IS_NOT_EQUAL_TO" else "="
    return Sql(f"{field.value} {sign} ?", (wanted,))


def _choice(field: Field, operator: str, operation: JsonObject) -> Sql:
    wanted = texts(operation.get("values"))
    each = [Sql(f"instr(';' || {field.value} || ';', ?)", (f";{value};",)) for value in wanted]
    match operator:
        case "IS_ANY_OF":
            return _join(" OR ", each)
        case "CONTAINS_ALL":
            return _join(" AND ", each)
        case "IS_NONE_OF":
            found = _join(" OR ", each)
            return Sql(f"{field.value} IS NOT NULL AND NOT ({found.text})", found.parameters)
        case "IS_EXACTLY":
            return Sql(f"{field.value} = ?", (";".join(wanted),))
        case _:
            raise unsupported(f"operator {operator} of an enumeration")


def _time_point(field: Field, operator: str, operation: JsonObject) -> Sql:
    sign = _TIME_SIGNS.get(operator)
    point = mapping(operation.get("timePoint"))
    if sign is None or point.get("timeType") != "DATE":
        raise unsupported(f"operator {operator} with time point {point.get('timeType')}")
    try:
        parts = [int(str(point.get(name))) for name in ("year", "month", "day")]
        start_ms = to_ms(datetime(parts[0], parts[1], parts[2], tzinfo=UTC))
    except ValueError:
        raise unsupported(f"the date {dict(point)}") from None
    # choice: days of a time point are counted in UTC.
    bound_ms = start_ms if operator == "IS_BEFORE" else start_ms + DAY_MS - 1
    if field.kind is Kind.DAY:
        return Sql(f"CAST(strftime('%s', {field.value}) AS INTEGER) * 1000 {sign} ?", (bound_ms,))
    return Sql(f"{field.value} IS NOT NULL AND {field.compared} {sign} ?", (bound_ms,))


_OPERATIONS: Final[Mapping[str, Callable[[Field, str, JsonObject], Sql]]] = {
    "STRING": _text,
    "MULTISTRING": _text,
    "NUMBER": _number,
    "NUMBER_RANGED": _number_range,
    "BOOL": _bool,
    "ENUMERATION": _choice,
    "TIME_POINT": _time_point,
}
