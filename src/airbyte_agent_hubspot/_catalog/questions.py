"""Operations that are made of others: questions as people ask them, and the tasks that follow.

Each row names its steps; they are loaded when it runs.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

from .._composition import Composition
from .._operation import Operation
from .._shape import ItemShape
from ..models import answers as a
from ..params import questions as q
from .crm import KIND_OF, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .. import models as m
    from .._composition import Steps
    from .._shape import Params

_SEARCH_GUIDE: Final = "https://developers.hubspot.com/docs/api-reference/search/guide"
_PIPELINES_GUIDE: Final = "https://developers.hubspot.com/docs/api-reference/crm-pipelines-v3/guide"
_GUIDE: Final = "https://developers.hubspot.com/docs/api-reference/crm-{}-v3/guide"
_STAGED: Final = frozenset({"deals", "tickets"})
_ACTIVITIES: Final = frozenset({"notes", "calls", "emails", "meetings", "tasks", "communications"})


def steps(module: str, name: str, *first: object) -> Composition:
    """The steps `name` of a module, which is loaded when they run."""

    def begin(params: Params, now_s: float) -> Steps[m.Result]:
        run = cast("Callable[..., Steps[m.Result]]", getattr(import_module(f"{__package__}._steps.{module}"), name))
        return run(*first, params, now_s)

    return Composition(begin)


def _questions(kind: Kind) -> Iterator[Operation]:
    """The operations on records of one entity that are made of others."""
    one, many = kind.singular.replace("_", " "), kind.entity.replace("_", " ")
    read = partial(Operation, kind.entity, scopes=kind.read_scopes)
    write = partial(Operation, kind.entity, scopes=kind.write_scopes, effect="write")
    typed = kind.object_type is not None
    yield read(
        "find",
        f"{many.capitalize()} that fit conditions as people say them; past 10,000, and it says whether these are all.",
        _SEARCH_GUIDE,
        q.FindParams if typed else q.FindObjectsParams,
        steps("find", "find", kind.entity),
        ItemShape(a.Found[kind.record]),  # type: ignore[name-defined]
    )
    yield read(
        "aggregate",
        f"Counts, sums and averages of {many}, exactly, by owner, stage, month, company or any property.",
        _SEARCH_GUIDE,
        q.AggregateParams if typed else q.AggregateObjectsParams,
        steps("aggregate", "aggregate", kind.entity),
        ItemShape(a.Aggregate),
    )
    if kind.entity not in _ACTIVITIES:
        yield read(
            "overview",
            f"A {one} with its labels, related records and newest activities.",
            _GUIDE.format(kind.entity.replace("_", "-")),
            q.OverviewParams if typed else q.OverviewObjectsParams,
            steps("overview", "overview", kind.entity),
            ItemShape(a.Overview),
        )
    if kind.entity in _STAGED:
        yield write(
            "move_stage",
            f"Moves a {one} to another stage, both named as people name them.",
            _PIPELINES_GUIDE,
            q.MoveStageParams,
            steps("moving", "move_stage", kind.entity),
            ItemShape(a.Moved),
            idempotent=True,
        )
    if kind.entity not in _ACTIVITIES:
        yield write(
            "upsert_by",
            f"Changes the {one} that has these values, or creates it; HubSpot's index may lag writes by seconds.",
            _GUIDE.format(kind.entity.replace("_", "-")),
            q.UpsertByParams if typed else q.UpsertObjectsByParams,
            steps("saving", "upsert_by", kind.entity),
            ItemShape(a.Saved[kind.record]),  # type: ignore[name-defined]
        )
    if kind.entity == "tasks":
        yield write(
            "create_task",
            "Creates a task on records, due in words, for an owner by name.",
            _GUIDE.format("tasks"),
            q.CreateTaskParams,
            steps("activities", "create_task"),
            ItemShape(a.Logged),
        )


_activity = partial(Operation, "activities", source=_SEARCH_GUIDE, scopes=("crm.objects.contacts.read",))

OPERATIONS: tuple[Operation, ...] = (
    _activity(
        "find",
        "Notes, calls, e-mails, meetings and tasks together, newest first.",
        params=q.FindActivitiesParams,
        encode=steps("activities", "find"),
        shape=ItemShape(a.Activities),
    ),
    _activity(
        "aggregate",
        "Activities counted by kind, owner, company or time.",
        params=q.AggregateActivitiesParams,
        encode=steps("activities", "aggregate"),
        shape=ItemShape(a.Aggregate),
    ),
    _activity(
        "log",
        "Writes down a note, call, e-mail or meeting on records, named as people name them.",
        source="https://developers.hubspot.com/docs/api-reference/crm-notes-v3/guide",
        params=q.LogActivityParams,
        encode=steps("activities", "log"),
        shape=ItemShape(a.Logged),
        effect="write",
        scopes=("crm.objects.contacts.write",),
    ),
)

_DESCRIBE_PORTAL: Final = Operation(
    "account",
    "describe_portal",
    "The portal in short: pipelines with stages, owners, teams, object types, key properties with their options.",
    "https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide",
    q.DescribePortalParams,
    steps("describing", "describe_portal"),
    ItemShape(a.PortalDescription),
    scopes=("oauth",),
)


def questions_on(entity: str) -> tuple[Operation, ...]:
    """The operations on an entity that are made of others."""
    return (_DESCRIBE_PORTAL,) if entity == "account" else tuple(_questions(KIND_OF[entity]))
