"""Stages of a pipeline.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/pipelines/guide,
https://github.com/scopiousdigital/kalup/blob/main/docs/hubspot.md (measured live on 2026-09)
"""

from typing import Final

import msgspec

from hubspot_sandbox.calls import Answer, Call, Door, read_json
from hubspot_sandbox.doors.access import reads_definitions, writes_definitions
from hubspot_sandbox.doors.pipelines import check_references, find_pipeline, missing
from hubspot_sandbox.errors import NotFoundError
from hubspot_sandbox.instants import format_instant
from hubspot_sandbox.pipeline_rules import (
    StageInput,
    check_stages,
    duplicate_stage,
    echoed,
    placed,
    stored_metadata,
)
from hubspot_sandbox.pipeline_writes import audit, build_stage, keep_pipeline, note
from hubspot_sandbox.pipelines import Pipeline, Stage


class _Change(msgspec.Struct, frozen=True, rename="camel"):
    label: str | None = None
    display_order: int | None = None
    metadata: dict[str, object] = {}


def _stage(found: Pipeline | None, stage_id: str) -> Stage | None:
    stages = found.stages if found else ()
    return next((stage for stage in stages if stage.id == stage_id), None)


def list_stages(call: Call) -> Answer:
    """The stages of a pipeline."""
    found = find_pipeline(call)
    if found is None:
        raise NotFoundError("resource not found")
    return Answer(200, {"results": found.stages})


def read_stage(call: Call) -> Answer:
    """One stage of a pipeline."""
    stage = _stage(find_pipeline(call), call.path["stage"])
    return Answer(200, stage) if stage else missing(call)


def _keep(call: Call, pipeline: Pipeline, stages: tuple[Stage, ...]) -> None:
    check_stages(call.object_type(), stages)
    now_at = format_instant(call.portal.clock.now_ms())
    changed = msgspec.structs.replace(pipeline, stages=stages, updated_at=now_at)
    keep_pipeline(call.portal, call.object_type(), changed)


def create(call: Call) -> Answer:
    """A new stage."""
    found = find_pipeline(call)
    if found is None:
        return missing(call)
    wanted = read_json(call.body, StageInput)
    stage = build_stage(call.portal, call.object_type(), wanted)
    lines = call.portal.pipelines(call.object_type())
    if any(stage.id == other.id for line in lines for other in line.stages):
        raise duplicate_stage(stage.id)
    _keep(call, found, placed(found.stages, stage))
    note(call.portal, "CREATE", stage, call.user_id)
    return Answer(201, echoed(stage, wanted.metadata))


def update(call: Call) -> Answer:
    """A stage with some things changed; metadata that is not sent stays."""
    found = find_pipeline(call)
    stage = _stage(found, call.path["stage"])
    if found is None or stage is None:
        return missing(call)
    return _change(call, found, stage, read_json(call.body, _Change))


def replace(call: Call) -> Answer:
    """A stage with label, place and metadata of the request."""
    found = find_pipeline(call)
    stage = _stage(found, call.path["stage"])
    if found is None or stage is None:
        return missing(call)
    wanted = read_json(call.body, StageInput)
    return _change(call, found, stage, _Change(wanted.label, wanted.display_order, wanted.metadata))


def _change(call: Call, pipeline: Pipeline, stage: Stage, wanted: _Change) -> Answer:
    raw = call.json().get("metadata")
    sent = raw if isinstance(raw, dict) else {}
    changed = msgspec.structs.replace(
        stage,
        label=stage.label if wanted.label is None else wanted.label,
        display_order=stage.display_order if wanted.display_order is None else wanted.display_order,
        metadata=stored_metadata(call.object_type(), sent, stage.metadata),
        updated_at=format_instant(call.portal.clock.now_ms()),
    )
    in_place = tuple(changed if each.id == stage.id else each for each in pipeline.stages)
    moved = changed.display_order != stage.display_order
    _keep(call, pipeline, placed(pipeline.stages, changed) if moved else in_place)
    note(call.portal, "UPDATE", changed, call.user_id)
    return Answer(200, echoed(changed, sent))


def delete(call: Call) -> Answer:
    """204, also for a stage or pipeline that does not exist."""
    found = find_pipeline(call)
    stage = _stage(found, call.path["stage"])
    if found is None or stage is None:
        return Answer(204)
    check_references(call, [stage.id])
    _keep(call, found, tuple(each for each in found.stages if each.id != stage.id))
    note(call.portal, "DELETE", stage, call.user_id)
    return Answer(204)


def read_audit(call: Call) -> Answer:
    """What happened to a stage, newest first."""
    return Answer(200, {"results": audit(call.portal, Stage, call.path["stage"])})


_ALL: Final = "/crm/pipelines/{type}/{pipeline}/stages"
_ONE: Final = f"{_ALL}/{{stage}}"
DOORS: Final = (
    Door("GET", _ALL, list_stages, reads_definitions),
    Door("POST", _ALL, create, writes_definitions),
    Door("GET", _ONE, read_stage, reads_definitions),
    Door("PATCH", _ONE, update, writes_definitions),
    Door("PUT", _ONE, replace, writes_definitions),
    Door("DELETE", _ONE, delete, writes_definitions),
    Door("GET", f"{_ONE}/audit", read_audit, reads_definitions),
)
