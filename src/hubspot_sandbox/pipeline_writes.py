"""Creating, changing and deleting pipelines and stages, with an audit of each change.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/pipelines/guide
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from hubspot_sandbox.definitions import ModificationMetadata, PropertyDefinition
from hubspot_sandbox.errors import JsonObject
from hubspot_sandbox.instants import format_instant
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.pipeline_rules import (
    LONGEST_PIPELINE_ID,
    LONGEST_STAGE_ID,
    StageInput,
    check_id,
    check_label,
    check_stages,
    duplicate_pipeline,
    duplicate_stages,
    new_id,
    placed,
    stored_metadata,
)
from hubspot_sandbox.pipelines import Pipeline, Stage
from hubspot_sandbox.portal import Portal

_CUSTOM_PROPERTIES: Final = (("hs_pipeline", "Pipeline"), ("hs_pipeline_stage", "Pipeline stage"))


class PipelineInput(msgspec.Struct, frozen=True, rename="camel"):
    """A pipeline as clients write it."""

    label: str
    display_order: int
    stages: tuple[StageInput, ...] = ()
    pipeline_id: str = ""


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One change of a pipeline or stage."""

    identifier: str
    raw_object: Pipeline | Stage
    from_user_id: int
    portal_id: int
    action: str
    message: str = ""
    timestamp: str


def build_stage(portal: Portal, object_type: ObjectType, wanted: StageInput) -> Stage:
    """A new stage from what a client sent, its metadata as it will be stored."""
    now_at = format_instant(portal.clock.now_ms())
    return Stage(
        label=wanted.label,
        display_order=wanted.display_order,
        metadata=stored_metadata(object_type, wanted.metadata, {}),
        id=check_id(wanted.stage_id or wanted.id, LONGEST_STAGE_ID) or new_id(portal),
        created_at=now_at,
        updated_at=now_at,
    )


def create_pipeline(portal: Portal, object_type: ObjectType, wanted: PipelineInput) -> Pipeline:
    """A new pipeline.

    Raises: ApiError.
    """
    lines = portal.pipelines(object_type)
    pipeline_id = check_id(wanted.pipeline_id, LONGEST_PIPELINE_ID) or new_id(portal)
    if any(line.id == pipeline_id for line in lines):
        raise duplicate_pipeline(pipeline_id)
    check_label(lines, wanted.label)
    built = [build_stage(portal, object_type, stage) for stage in wanted.stages]
    check_stages(object_type, built, creating=True)
    ids = [stage.id for line in lines for stage in line.stages] + [stage.id for stage in built]
    taken = sorted({stage.id for stage in built if ids.count(stage.id) > 1})
    if taken:
        raise duplicate_stages(taken)
    now_at = format_instant(portal.clock.now_ms())
    pipeline = Pipeline(
        label=wanted.label,
        display_order=wanted.display_order,
        id=pipeline_id,
        stages=_in_order(built),
        created_at=now_at,
        updated_at=now_at,
    )
    if object_type.is_custom and not object_type.pipeline_property:
        object_type = _with_pipelines(portal, object_type)
    keep_pipeline(portal, object_type, pipeline)
    return pipeline


def _in_order(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    found: tuple[Stage, ...] = ()
    for stage in stages:
        found = placed(found, stage)
    return found


def _with_pipelines(portal: Portal, object_type: ObjectType) -> ObjectType:
    """The custom type with the two properties that its first pipeline brings."""
    names = [name for name, _ in _CUSTOM_PROPERTIES]
    changed = msgspec.structs.replace(object_type, pipeline_property=names[0], stage_property=names[1])
    portal.put_type(changed)
    for name, label in _CUSTOM_PROPERTIES:
        definition = PropertyDefinition(
            name=name,
            label=label,
            type="enumeration",
            field_type="select",
            group_name=object_type.group,
            hubspot_defined=True,
            modification_metadata=ModificationMetadata(archivable=False, read_only_definition=True),
        )
        portal.put_definition(changed, definition)
    return changed


def replace_pipeline(portal: Portal, object_type: ObjectType, before: Pipeline, wanted: PipelineInput) -> Pipeline:
    """A pipeline with exactly the stages of the request: those it names stay, those it leaves out go."""
    check_label((line for line in portal.pipelines(object_type) if line.id != before.id), wanted.label)
    known = {stage.id: stage for stage in before.stages}
    stages = [
        _changed_stage(portal, object_type, known[item.stage_id or item.id], item)
        if (item.stage_id or item.id) in known
        else build_stage(portal, object_type, item)
        for item in wanted.stages
    ]
    check_stages(object_type, stages)
    now_at = format_instant(portal.clock.now_ms())
    changed = msgspec.structs.replace(
        before,
        label=wanted.label,
        display_order=wanted.display_order,
        stages=_in_order(stages),
        updated_at=now_at,
    )
    keep_pipeline(portal, object_type, changed)
    return changed


def _changed_stage(portal: Portal, object_type: ObjectType, before: Stage, wanted: StageInput) -> Stage:
    return msgspec.structs.replace(
        before,
        label=wanted.label,
        display_order=wanted.display_order,
        metadata=stored_metadata(object_type, wanted.metadata, before.metadata),
        updated_at=format_instant(portal.clock.now_ms()),
    )


def keep_pipeline(portal: Portal, object_type: ObjectType, pipeline: Pipeline) -> None:
    """Write a pipeline over any earlier one of its id."""
    portal.store.put(f"pipeline {object_type.type_id}", pipeline.id, pipeline)
    portal.forget_definitions(object_type)


def drop_pipeline(portal: Portal, object_type: ObjectType, pipeline_id: str) -> None:
    """Delete a pipeline for good."""
    portal.store.remove(f"pipeline {object_type.type_id}", pipeline_id)
    portal.forget_definitions(object_type)


def note(portal: Portal, action: str, subject: Pipeline | Stage, user_id: int) -> None:
    """Write a change into the audit."""
    entry = AuditEntry(
        identifier=subject.id,
        raw_object=subject,
        from_user_id=user_id,
        portal_id=portal.hub_id,
        action=action,
        timestamp=format_instant(portal.clock.now_ms()),
    )
    serial = portal.store.next_serial("pipeline audit")
    portal.store.put(f"audit {type(subject).__name__} {subject.id}", f"{serial:09d}", entry)


def audit(portal: Portal, kind: type[Pipeline | Stage], identifier: str) -> list[JsonObject]:
    """The changes of a pipeline or stage, newest first."""
    return portal.store.all(f"audit {kind.__name__} {identifier}", dict)[::-1]
