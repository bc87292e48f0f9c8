"""`move_stage`: a deal or ticket goes to another stage, named as people name it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ..._composition import ask
from ..._lexicon import portal
from ..._lexicon.names import UNKNOWN, name_error
from ...models.answers import Moved, StagePlace
from .setting import record_meant
from .words import TITLE, title_of

if TYPE_CHECKING:
    from ..._composition import Steps
    from ..._lexicon.names import Named
    from ..._shape import Params
    from ...models import Record


def move_stage(entity: str, params: Params, now_s: float) -> Steps[Moved]:
    """What the record's stage was, and what it is now."""
    del now_s
    meant = yield from record_meant(entity, {}, params["record"], "params.record")
    stage_name, pipeline_name = portal.STAGE_PROPERTY[entity], portal.PIPELINE_PROPERTY[entity]
    wanted = [*TITLE[entity], stage_name, pipeline_name]
    record = cast("Record", (yield from ask(entity, "get", {"record_id": meant.id, "properties": wanted})))
    stage_id, pipeline_id = record.properties.get(stage_name), record.properties.get(pipeline_name)
    stage = yield from _target(entity, params, pipeline_id)
    stages = yield from portal.pipelines(entity)
    goal = stages.pipeline_of(stage.id)
    goal_id = goal.id if goal is not None else pipeline_id
    before = _place(stages, stage_id, pipeline_id)
    after = _place(stages, stage.id, goal_id)
    is_there = (stage_id, pipeline_id) == (stage.id, goal_id)
    if not is_there:
        values = {stage_name: stage.id, **({pipeline_name: goal_id} if goal_id != pipeline_id else {})}
        yield from ask(entity, "update", {"record_id": meant.id, "properties": values})
    return Moved(record.id, title_of(entity, record.properties) or record.id, before, after, changed=not is_there)


def _target(entity: str, params: Params, pipeline_id: str | None) -> Steps[Named]:
    """The stage: in the pipeline that was named, else in the record's own."""
    said, place = params["stage"], "params.stage"
    if "pipeline" in params:
        pipeline = yield from portal.pipeline(entity, params["pipeline"], "params.pipeline")
        return (yield from portal.stage(entity, said, place, pipeline.id))
    fitting = yield from portal.stages_named(entity, said, place)
    stages = yield from portal.pipelines(entity)
    own = stages.stages(pipeline_id).fitting(said) if pipeline_id else fitting
    if own:
        return (yield from portal.stage(entity, said, place, pipeline_id or None))
    others = ", ".join(f"{item.label!r} of {item.where!r}" for item in fitting)
    sentence = f"The record's pipeline has no stage {said!r}, but there is {others}: pass `pipeline` to move it there."
    raise name_error(sentence, UNKNOWN, place, said, [])  # none is proposed: it may be meant to stay where it is


def _place(stages: portal.Stages, stage_id: str | None, pipeline_id: str | None) -> StagePlace:
    return StagePlace(
        stage_id or None,
        stages.stages().label(stage_id or ""),
        pipeline_id or None,
        stages.names.label(pipeline_id or ""),
    )
