"""Ids in place of the names that a plain call gave: of owners, stages, pipelines and options."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final, cast

from ..errors import FieldError, InvalidParamsError
from . import portal
from .hints import CHOICES, OWNER, OWNER_ALIAS, PLACES, is_name, is_said_time
from .names import Named, name_error

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .._composition import Steps
    from .._shape import Params
    from .dates import Calendar

    Values = dict[str, object]

_LONGEST_DAY: Final = timedelta(hours=25)
"""That on which winter time begins."""


def with_ids(object_type: str, params: Params, now_s: float) -> Steps[Params]:
    """The parameters with ids in place of names, and moments in place of what people say of time.

    Raises:
        InvalidParamsError: a name is unknown, or several things have it; or a time is none, or longer than a day.
    """
    found = dict(params)
    if isinstance(params.get("properties"), dict):
        values = cast("Values", params["properties"])
        found["properties"] = yield from _properties(object_type, values, "params.properties", now_s)
    if "inputs" in params:
        inputs: list[Values] = []
        for at, item in enumerate(cast("list[Values]", params["inputs"])):
            values = yield from _properties(
                object_type, cast("Values", item["properties"]), f"params.inputs[{at}].properties", now_s
            )
            inputs.append({**item, "properties": values})
        found["inputs"] = inputs
    if "filterGroups" in params:
        groups: list[object] = []
        for number, group in enumerate(cast("list[dict[str, list[Values]]]", params["filterGroups"])):
            filters: list[Values] = []
            for at, condition in enumerate(group["filters"]):
                place = f"params.filterGroups[{number}].filters[{at}]"
                filters += [(yield from _condition(object_type, condition, place))]
            groups.append({**group, "filters": filters})
        found["filterGroups"] = groups
    return found


def with_options(object_type: str, params: Params, refused: Collection[str]) -> Steps[Params]:
    """The parameters, with the values of those options whose labels HubSpot refused; as they were if none fits."""
    definitions = yield from portal.properties(object_type)
    values = dict(cast("Values", params["properties"]))
    for name in sorted(name for name in refused if name in values and name in definitions):
        try:
            if name in PLACES:
                values[name] = (
                    yield from _place(object_type, name, values, values[name], f"params.properties.{name}")
                )[0]
            else:
                values[name] = portal.option(definitions[name], values[name], f"params.properties.{name}")
        except InvalidParamsError:
            continue  # HubSpot's own refusal says more: it lists the options
    return {**params, "properties": values}


def _properties(object_type: str, given: Mapping[str, object], place: str, now_s: float) -> Steps[Values]:
    values = dict(given)
    for name in [name for name, value in given.items() if is_said_time(name, value)]:
        values[name] = _moment((yield from portal.calendar(now_s)), str(values[name]), f"{place}.{name}")
    if OWNER_ALIAS in values and OWNER not in values and OWNER_ALIAS not in (yield from portal.properties(object_type)):
        values[OWNER] = values.pop(OWNER_ALIAS)
    # A pipeline is resolved before the stage in it.
    for name in sorted(values, key=lambda one: one not in {"pipeline", "hs_pipeline"}):
        if name != OWNER_ALIAS and is_name(name, values[name]):
            found = yield from _ids(object_type, name, values, values[name], f"{place}.{name}")
            if len(found) > 1:
                named = (yield from portal.pipelines(object_type)).stages()
                fitting = [item for item in named.items if item.id in found]
                raise named.ambiguous(values[name], fitting, f"{place}.{name}")
            values[name] = found[0]
    return values


def _moment(calendar: Calendar, said: str, place: str) -> str:
    """The moment that is meant, or when the day that is meant begins."""
    span = calendar.span(said)
    if span is None:
        raise time_error(calendar, said, place, "Say a day or an hour of it: `next friday` or `2026-12-01T09:00`.")
    if span.start is None or span.end is None or span.end - span.start > _LONGEST_DAY:
        sentence = f"{said!r} is no moment: say a day or an hour of it, such as `next friday` or `2026-12-01T09:00`."
        raise InvalidParamsError(sentence, errors=[FieldError(place, sentence, "wrong_type")])
    return span.start.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _condition(object_type: str, condition: Mapping[str, object], place: str) -> Steps[Values]:
    """A condition; a stage's name that several pipelines have means any of these stages."""
    name = str(condition["propertyName"])
    result = dict(condition)
    if name == OWNER_ALIAS and OWNER_ALIAS not in (yield from portal.properties(object_type)):
        result["propertyName"] = name = OWNER
    if "value" in condition and is_name(name, condition["value"]):
        found = yield from _ids(object_type, name, {}, condition["value"], f"{place}.value")
        result["value"] = found[0]
        if len(found) > 1:
            del result["value"]
            result.update(operator="NOT_IN" if str(condition["operator"]).startswith("N") else "IN", values=found)
    if "values" in condition:
        values: list[object] = []
        for value in cast("list[object]", condition["values"]):
            if is_name(name, value):
                values += yield from _ids(object_type, name, {}, value, f"{place}.values")
            else:
                values.append(value)
        result["values"] = values
    return result


def _ids(object_type: str, name: str, beside: Mapping[str, object], value: object, place: str) -> Steps[list[str]]:
    if name == OWNER:
        return [(yield from portal.owner(value, place)).id]
    if name in CHOICES:
        definition = (yield from portal.properties(object_type)).get(name)
        return [portal.option(definition, value, place) if definition is not None else str(value)]
    return (yield from _place(object_type, name, beside, value, place))


def _place(object_type: str, name: str, beside: Mapping[str, object], value: object, place: str) -> Steps[list[str]]:
    """A stage or a pipeline of this object type."""
    if name == portal.PIPELINE_PROPERTY.get(object_type, "hs_pipeline"):
        return [(yield from portal.pipeline(object_type, value, place)).id]
    pipeline_id = beside.get(portal.PIPELINE_PROPERTY.get(object_type, "hs_pipeline"))
    inside = str(pipeline_id) if pipeline_id else None
    return [item.id for item in (yield from portal.stages_named(object_type, value, place, inside))]


def time_error(calendar: Calendar, said: object, place: str, examples: str) -> InvalidParamsError:
    """The error for what is no time, with what was meant, or examples."""
    near = calendar.respelt(str(said))
    sentence = f"{said!r} is no time. {examples if near is None else f'Did you mean {near!r}?'}"
    return name_error(sentence, "wrong_type", place, said, [] if near is None else [Named(near, near)])
