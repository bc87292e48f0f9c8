"""Pipelines: list, read, create, change, replace, delete, audit.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/pipelines/guide,
https://github.com/scopiousdigital/kalup/blob/main/docs/hubspot.md (measured live on 2026-09)
"""

from typing import Final

import msgspec

from hubspot_sandbox.calls import Answer, Call, Door, read_json
from hubspot_sandbox.doors.access import reads_definitions, writes_definitions
from hubspot_sandbox.errors import NotFoundError
from hubspot_sandbox.instants import format_instant
from hubspot_sandbox.pipeline_rules import check_label, check_unused, echoed
from hubspot_sandbox.pipeline_writes import (
    PipelineInput,
    audit,
    create_pipeline,
    drop_pipeline,
    keep_pipeline,
    note,
    replace_pipeline,
)
from hubspot_sandbox.pipelines import Pipeline

_JSON: Final = "application/json"
_HTML_404: Final = "<html><head><title>Error 404 Not Found</title></head><body><h2>HTTP ERROR 404</h2></body></html>"


class _Change(msgspec.Struct, frozen=True, rename="camel"):
    label: str | None = None
    display_order: int | None = None


def missing(call: Call) -> Answer:
    """404: HTML, or nothing at all for a client that wants JSON or changes something.

    Source: https://github.com/scopiousdigital/kalup/blob/main/docs/hubspot.md (measured live)
    """
    if call.accept.startswith(_JSON) or call.body:
        return Answer(404)
    return Answer(404, _HTML_404, content_type="text/html;charset=iso-8859-1")


def find_pipeline(call: Call) -> Pipeline | None:
    """The pipeline in the path, or None."""
    wanted = call.path["pipeline"]
    return next((line for line in call.portal.pipelines(call.object_type()) if line.id == wanted), None)


def list_pipelines(call: Call) -> Answer:
    """Every pipeline of a type with its stages; no paging."""
    return Answer(200, {"results": call.portal.pipelines(call.object_type())})


def read_pipeline(call: Call) -> Answer:
    """One pipeline with its stages."""
    found = find_pipeline(call)
    return Answer(200, found) if found else missing(call)


def create(call: Call) -> Answer:
    """A new pipeline with its stages."""
    wanted = read_json(call.body, PipelineInput)
    made = create_pipeline(call.portal, call.object_type(), wanted)
    note(call.portal, "CREATE", made, call.user_id)
    return Answer(201, _echoed(made, wanted))


def _echoed(pipeline: Pipeline, wanted: PipelineInput) -> Pipeline:
    sent = {item.label: item.metadata for item in wanted.stages}
    shown = tuple(echoed(stage, sent.get(stage.label, {})) for stage in pipeline.stages)
    return msgspec.structs.replace(pipeline, stages=shown)


def update(call: Call) -> Answer:
    """A pipeline with another label or place; every stage counts as changed."""
    found, object_type = find_pipeline(call), call.object_type()
    if found is None:
        return missing(call)
    wanted = read_json(call.body, _Change)
    if wanted.label is not None:
        check_label((line for line in call.portal.pipelines(object_type) if line.id != found.id), wanted.label)
    now_at = format_instant(call.portal.clock.now_ms())
    changed = msgspec.structs.replace(
        found,
        label=found.label if wanted.label is None else wanted.label,
        display_order=found.display_order if wanted.display_order is None else wanted.display_order,
        stages=tuple(msgspec.structs.replace(stage, updated_at=now_at) for stage in found.stages),
        updated_at=now_at,
    )
    keep_pipeline(call.portal, object_type, changed)
    note(call.portal, "UPDATE", changed, call.user_id)
    return Answer(200, changed)


def replace(call: Call) -> Answer:
    """A pipeline with exactly what the request says."""
    found, object_type = find_pipeline(call), call.object_type()
    if found is None:
        return missing(call)
    wanted = read_json(call.body, PipelineInput)
    named = {item.stage_id or item.id for item in wanted.stages}
    dropped = [stage.id for stage in found.stages if stage.id not in named]
    check_references(call, dropped)
    changed = replace_pipeline(call.portal, object_type, found, wanted)
    note(call.portal, "UPDATE", changed, call.user_id)
    return Answer(200, _echoed(changed, wanted))


def check_references(call: Call, stage_ids: list[str]) -> None:
    """Raises ValidationError while records are in one of the stages.

    2026-09 always looks; older versions look only where the request asks for it.

    # choice: that the older versions delete without the flags is documented, not measured.
    """
    asked = call.flag("validateReferencesBeforeDelete") or call.flag("validateDealStageUsagesBeforeDelete")
    if stage_ids and call.object_type().stage_property and (asked or call.version == "2026-09"):
        check_unused(call.portal, call.object_type(), stage_ids)


def delete(call: Call) -> Answer:
    """204; the pipeline and its stages are gone for good."""
    found = find_pipeline(call)
    if found is None:
        raise NotFoundError(f"Pipeline {call.path['pipeline']} does not exist", category="OBJECT_NOT_FOUND")
    check_references(call, [stage.id for stage in found.stages])
    drop_pipeline(call.portal, call.object_type(), found.id)
    note(call.portal, "DELETE", found, call.user_id)
    return Answer(204)


def read_audit(call: Call) -> Answer:
    """What happened to a pipeline, newest first."""
    return Answer(200, {"results": audit(call.portal, Pipeline, call.path["pipeline"])})


_ALL: Final = "/crm/pipelines/{type}"
_ONE: Final = f"{_ALL}/{{pipeline}}"
DOORS: Final = (
    Door("GET", _ALL, list_pipelines, reads_definitions),
    Door("POST", _ALL, create, writes_definitions),
    Door("GET", _ONE, read_pipeline, reads_definitions),
    Door("PATCH", _ONE, update, writes_definitions),
    Door("PUT", _ONE, replace, writes_definitions),
    Door("DELETE", _ONE, delete, writes_definitions),
    Door("GET", f"{_ONE}/audit", read_audit, reads_definitions),
)
