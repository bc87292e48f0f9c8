"""What a portal calls things, loaded through calls that the caller may make, and remembered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final, TypeVar, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .._composition import Steps, SubCall, ask_all
from ..errors import NotFoundError, PermissionDeniedError, ReauthorizationRequiredError
from .dates import Calendar
from .names import UNKNOWN, Named, Names, name_error, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

    from ..models import (
        AccountDetails,
        ListMember,
        Owner,
        Page,
        Pipeline,
        PropertyDefinition,
        Result,
        Schema,
        SegmentList,
    )

MAX_AGE_S: Final = 300.0
"""How old what we know may be."""
RECENT_S: Final = 10.0
"""How old it may be if a name was not found in it: it may have been given since."""
_PAGES: Final = 20
_OWNERS_PER_PAGE: Final = 100
_LISTS_PER_PAGE: Final = 500
_MEMBERS_PER_PAGE: Final = 250

STAGE_PROPERTY: Final[Mapping[str, str]] = {
    "deals": "dealstage",
    "tickets": "hs_pipeline_stage",
    "leads": "hs_pipeline_stage",
    "objects": "hs_pipeline_stage",
}
PIPELINE_PROPERTY: Final[Mapping[str, str]] = {
    "deals": "pipeline",
    "tickets": "hs_pipeline",
    "leads": "hs_pipeline",
    "objects": "hs_pipeline",
}
OWNER_PROPERTY: Final = "hubspot_owner_id"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stages:
    """The pipelines of one object type."""

    pipelines: list[Pipeline]

    @property
    def names(self) -> Names:
        """The pipelines by name."""
        return Names("pipeline", [Named(item.id, item.label or item.id) for item in self.pipelines])

    def stages(self, pipeline_id: str | None = None) -> Names:
        """The stages by name, of one pipeline or of all."""
        return Names(
            "stage",
            [
                Named(stage.id, stage.label or stage.id, where=pipeline.label or pipeline.id)
                for pipeline in self.pipelines
                if pipeline_id in {None, pipeline.id}
                for stage in pipeline.stages
            ],
        )

    def pipeline_of(self, stage_id: str) -> Pipeline | None:
        """The pipeline that has this stage."""
        return next((item for item in self.pipelines if any(stage.id == stage_id for stage in item.stages)), None)


def owners(max_age_s: float = MAX_AGE_S) -> Steps[list[Owner]]:
    """All owners."""
    return cast("list[Owner]", (yield from _every(SubCall("owners", "list", {"limit": _OWNERS_PER_PAGE}, max_age_s))))


def owner_names(found: list[Owner]) -> Names:
    """Owners by name and e-mail address."""
    return Names(
        "owner",
        [
            Named(
                item.id,
                item.full_name,
                tuple(name for name in (item.email, item.firstName, item.lastName) if name),
                item.email or "",
            )
            for item in found
        ],
    )


def team_names(max_age_s: float = MAX_AGE_S) -> Steps[Names]:
    """Teams by name: those that owners are in, without a call of their own."""
    found = yield from owners(max_age_s)
    teams = {team.id: Named(team.id, team.name) for owner in found for team in owner.teams}
    return Names("team", [*teams.values()])


def pipelines(object_type: str, max_age_s: float = MAX_AGE_S) -> Steps[Stages]:
    """The pipelines of an object type."""
    found = yield from _every(SubCall("pipelines", "list", {"objectType": object_type}, max_age_s))
    return Stages(cast("list[Pipeline]", found))


def properties(object_type: str, max_age_s: float = MAX_AGE_S) -> Steps[dict[str, PropertyDefinition]]:
    """The properties of an object type by internal name."""
    found = yield from _every(SubCall("properties", "list", {"objectType": object_type}, max_age_s))
    return {item.name: item for item in cast("list[PropertyDefinition]", found)}


def schemas() -> Steps[list[Schema]]:
    """The object types that the portal itself defined."""
    return cast("list[Schema]", (yield from _every(SubCall("schemas", "list", {}, MAX_AGE_S))))


def type_named(said: str) -> Steps[str]:
    """The id of the account's own type of objects that has this name or label; else what was said."""
    wanted = plain(said)
    for schema in (yield from maybe(schemas())) or []:
        labels = (schema.labels.singular, schema.labels.plural) if schema.labels else ()
        if wanted in {plain(name) for name in (schema.name, *labels) if name}:
            return schema.objectTypeId or said
    return said


def list_names(max_age_s: float = MAX_AGE_S) -> Steps[Names]:
    """Lists by name."""
    found = yield from _every(SubCall("lists", "list", {"limit": _LISTS_PER_PAGE}, max_age_s))
    return Names("list", [Named(item.listId, item.name) for item in cast("list[SegmentList]", found)])


def account() -> Steps[AccountDetails]:
    """The account: its time zone and currencies."""
    [found] = yield from ask_all([SubCall("account", "details", {}, MAX_AGE_S)])
    return cast("AccountDetails", found)


def calendar(now_s: float) -> Steps[Calendar]:
    """Dates in words, as the portal's time zone understands them."""
    return Calendar(datetime.fromtimestamp(now_s, UTC), zone_of((yield from account())))


def members_of_list(said: object, place: str, most: int) -> Steps[tuple[Named, list[str], bool]]:
    """A list by id or name, the ids of its records, and whether these are all."""
    found = yield from found_in(list_names, said, place)
    ids: list[str] = []
    after: dict[str, object] = {}
    while True:
        params = {"listId": found.id, "limit": _MEMBERS_PER_PAGE, **after}
        [answer] = yield from ask_all([SubCall("lists", "members", params)])
        page = cast("Page[ListMember]", answer)
        ids += [member.recordId for member in page]
        if page.meta.next_cursor is None or len(ids) > most:
            return found, ids[:most], len(ids) <= most
        after = {"after": page.meta.next_cursor}


def zone_of(details: AccountDetails) -> tzinfo:
    """The portal's time zone; where this machine does not know it by name, its offset of today."""
    try:
        return ZoneInfo(details.timeZone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return timezone(timedelta(milliseconds=details.utcOffsetMilliseconds or 0))


def property_names(definitions: Mapping[str, PropertyDefinition]) -> Names:
    """Properties by internal name and label."""
    return Names("property", [Named(name, item.label or name) for name, item in definitions.items()])


def option_names(definition: PropertyDefinition) -> Names:
    """The options of a property by value and label."""
    kind = f"option of {definition.name}"
    return Names(kind, [Named(option.value, option.label) for option in definition.options])


def found_in(load: Callable[[float], Steps[Names]], said: object, place: str) -> Steps[Named]:
    """The one that `said` names. What is not known is asked for anew once: it may be younger than what we know.

    Raises:
        InvalidParamsError: nothing has that name, or several things have.
    """
    names = yield from load(MAX_AGE_S)
    if not names.fitting(said):
        names = yield from load(RECENT_S)
    return names.find(said, place)


def owner(said: object, place: str) -> Steps[Named]:
    """An owner by id, name or e-mail address."""

    def load(max_age_s: float) -> Steps[Names]:
        return owner_names((yield from owners(max_age_s)))

    return (yield from found_in(load, said, place))


def members_of(team: object, place: str) -> Steps[list[str]]:
    """The owners that are in a team, by its id or name."""
    found = yield from found_in(team_names, team, place)
    return [item.id for item in (yield from owners()) if any(one.id == found.id for one in item.teams)]


def pipeline(object_type: str, said: object, place: str) -> Steps[Named]:
    """A pipeline by id or label."""

    def load(max_age_s: float) -> Steps[Names]:
        return (yield from pipelines(object_type, max_age_s)).names

    return (yield from found_in(load, said, place))


def stages_named(object_type: str, said: object, place: str, pipeline_id: str | None = None) -> Steps[list[Named]]:
    """Every stage that `said` names; `Closed Won` may be in several pipelines.

    Raises:
        InvalidParamsError: none has that name.
    """
    names = (yield from pipelines(object_type)).stages(pipeline_id)
    if not names.fitting(said):
        names = (yield from pipelines(object_type, RECENT_S)).stages(pipeline_id)
    fitting = names.fitting(said)
    if not fitting:
        raise names.unknown(said, place)
    return fitting


def stage(object_type: str, said: object, place: str, pipeline_id: str | None = None) -> Steps[Named]:
    """One stage by id or label.

    Raises:
        InvalidParamsError: none has that name, or those of several pipelines have.
    """
    fitting = yield from stages_named(object_type, said, place, pipeline_id)
    if len(fitting) > 1:
        raise Names("stage", fitting).ambiguous(said, fitting, place)
    return fitting[0]


def option(definition: PropertyDefinition, said: object, place: str) -> str:
    """The value of an option by value or label; of several, those that `;` parts.

    Raises:
        InvalidParamsError: there is no such option.
    """
    names = option_names(definition)
    values = {item.value for item in definition.options}
    parts = str(said).split(";")
    return ";".join(part if part in values or not part else names.find(part, place).id for part in parts)


def property_named(
    object_type: str, said: str, definitions: Mapping[str, PropertyDefinition], place: str
) -> PropertyDefinition:
    """A property by internal name or label.

    Raises:
        InvalidParamsError: there is none, or several have the label.
    """
    definition = definitions.get(said)
    if definition is not None:
        return definition
    names = property_names(definitions)
    exact = [item for item in names.items if plain(said) in {plain(item.id), plain(item.label)}]
    if len(exact) == 1:
        return definitions[exact[0].id]
    if exact:
        raise names.ambiguous(said, exact, place)
    near = names.nearest(said)
    hint = f"Did you mean {' or '.join(f'{item.id} ({item.label})' for item in near)}?" if near else ""
    sentence = f"{object_type} have no property {said!r}. {hint or 'See properties.list for those there are.'}"
    raise name_error(sentence, UNKNOWN, place, said, near)


def maybe(steps: Steps[T]) -> Steps[T | None]:
    """What the steps end with; None where the caller may not know it. For labels beside ids, which are an extra."""
    try:
        return (yield from steps)
    except ReauthorizationRequiredError:
        raise
    except (NotFoundError, PermissionDeniedError):
        return None


def _every(first: SubCall) -> Steps[list[Result]]:
    """All pages."""
    items: list[Result] = []
    call = first
    for _ in range(_PAGES):
        [answer] = yield from ask_all([call])
        page = cast("Page[Result]", answer)
        items += page.data
        if page.meta.next_cursor is None:
            break
        call = SubCall(call.entity, call.action, {**first.params, "after": page.meta.next_cursor}, call.max_age_s)
    return items
