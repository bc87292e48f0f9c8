"""What pipelines and stages must look like, and how HubSpot stores what is written.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/pipelines/guide,
https://github.com/scopiousdigital/kalup/blob/main/docs/hubspot.md (measured live on 2026-09)
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from hubspot_sandbox.errors import ApiError, JsonObject, ValidationError
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.pipelines import DEALS, TICKETS, Pipeline, Stage
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.records import value_of

MOST_STAGES: Final = 100
MOST_STAGES_ELSEWHERE: Final = 30
LONGEST_PIPELINE_ID: Final = 36
LONGEST_STAGE_ID: Final = 100
_STATES: Final = frozenset({"OPEN", "CLOSED"})
_FIRST_ID: Final = 1_098_120_101


class StageInput(msgspec.Struct, frozen=True, rename="camel"):
    """A stage as clients write it."""

    label: str
    display_order: int
    metadata: dict[str, object] = {}
    stage_id: str = ""
    id: str = ""


def new_id(portal: Portal) -> str:
    """A numeric id for a pipeline or stage that was sent without one."""
    return str(portal.store.next_serial("pipeline id", _FIRST_ID))


def check_id(text: str, longest: int) -> str:
    """The id, which HubSpot takes as it is.

    Raises: ApiError (500) for one that is too long.
    """
    if len(text) > longest:
        # choice: the text of this 500 is not documented.
        raise ApiError("internal error", status=500, category="INTERNAL_ERROR")
    return text


def stored_metadata(object_type: ObjectType, sent: Mapping[str, object], before: Mapping[str, str]) -> dict[str, str]:
    """The metadata as a GET will show it: known keys alone, numbers in canonical form.

    Raises: ValidationError.
    """
    merged: dict[str, object] = {**before, **sent}
    if object_type.type_id == DEALS:
        return _deal_metadata(merged)
    key = "ticketState" if object_type.type_id == TICKETS else "state"
    state = str(merged.get(key) or "OPEN")
    if state not in _STATES:
        # choice: only the code is known.
        raise ValidationError(
            f"{key} must be OPEN or CLOSED, got {state}",
            errors=[{"message": f"Invalid {key}: {state}", "code": "INVALID_PIPELINE_STAGE_METADATA"}],
        )
    return {key: state, "isClosed": str(state == "CLOSED").lower()}


def _deal_metadata(merged: Mapping[str, object]) -> dict[str, str]:
    if merged.get("probability") is None:
        raise ValidationError("must specify probability when writing a dealstage")
    try:
        probability = float(str(merged["probability"]))
    except ValueError:
        probability = -1.0
    if not 0 <= probability <= 1:
        # choice: the text for a probability outside 0 to 1 is not documented.
        raise ValidationError(f"probability must be between 0 and 1, got {merged['probability']}")
    return {"isClosed": str(probability in {0.0, 1.0}).lower(), "probability": str(probability)}


def echoed(stage: Stage, sent: Mapping[str, object]) -> Stage:
    """What a write answers: the request over what is stored; only a GET shows the stored form."""
    shown = {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode() for name, value in sent.items()
    }
    return msgspec.structs.replace(stage, metadata={**stage.metadata, **shown})


def check_stages(object_type: ObjectType, stages: Sequence[Stage], *, creating: bool = False) -> None:
    """Raises ValidationError unless a pipeline may consist of these stages."""
    if not stages:
        raise ValidationError("Pipeline must have at least one stage")
    most = MOST_STAGES if object_type.type_id in {DEALS, TICKETS} else MOST_STAGES_ELSEWHERE
    if len(stages) > most:
        # choice: the text for too many stages is not documented.
        raise ValidationError(f"A pipeline can have at most {most} stages")
    labels = [stage.label.strip().casefold() for stage in stages]
    if len(labels) != len(set(labels)):
        # choice: the text for a label two stages share is not documented.
        raise ValidationError(
            "Stage labels must be unique within a pipeline",
            sub_category=None if creating else "PipelineError.STAGE_LABEL_EXISTS",
        )
    if object_type.type_id == TICKETS and not any(stage.is_closed for stage in stages):
        # choice: only the sub-category is known.
        raise ValidationError(
            "A ticket pipeline must have a closed stage", sub_category="PipelineError.MISSING_CLOSED_STAGE"
        )


def check_label(others: Iterable[Pipeline], label: str) -> None:
    """Raises ValidationError if another pipeline of the type has the label."""
    if any(other.label.casefold() == label.casefold() for other in others):
        raise ValidationError(f"An active pipeline with label {label} already exists.")


def check_unused(portal: Portal, object_type: ObjectType, stage_ids: Sequence[str]) -> None:
    """Raises ValidationError while live records are in one of the stages."""
    marks = ", ".join("?" * len(stage_ids))
    rows = portal.store.connection.execute(
        f"SELECT id, {value_of(object_type.stage_property)} FROM record "  # noqa: S608 - known names and marks
        f"WHERE type = ? AND archived = 0 AND {value_of(object_type.stage_property)} IN ({marks}) ORDER BY id",
        (object_type.type_id, *stage_ids),
    ).fetchall()
    if not rows:
        return
    used, ids = sorted({str(row[1]) for row in rows}), [str(row[0]) for row in rows]
    stage_text, object_text = f"[{', '.join(used)}]", f"[{', '.join(ids)}]"
    raise ValidationError(
        f"Stage IDs: {stage_text} are being referenced by object IDs: {object_text}",
        sub_category="PipelineError.STAGE_ID_IN_USE",
        context={"stageIds": [stage_text], "objectIds": [object_text]},
    )


def placed(stages: Sequence[Stage], changed: Stage) -> tuple[Stage, ...]:
    """The stages with one put in its place: behind the one that held a taken place, and all numbered afresh then."""
    others = [stage for stage in stages if stage.id != changed.id]
    if all(stage.display_order != changed.display_order for stage in others):
        return tuple(sorted([*others, changed], key=lambda stage: stage.display_order))
    before = [stage for stage in others if stage.display_order <= changed.display_order]
    behind = [stage for stage in others if stage.display_order > changed.display_order]
    return tuple(
        msgspec.structs.replace(stage, display_order=place) for place, stage in enumerate([*before, changed, *behind])
    )


def duplicate_pipeline(pipeline_id: str) -> ApiError:
    """The refusal of an id that another pipeline of the type has."""
    return ValidationError(f"There's another pipeline with pipelineId {pipeline_id}")


def duplicate_stage(stage_id: str) -> ApiError:
    """The refusal of a stage id in use, which has no category."""
    return ApiError(f"Another stage is already using stage id {stage_id}")


def duplicate_stages(stage_ids: Sequence[str]) -> ApiError:
    """The refusal of a pipeline some of whose stage ids are in use."""
    # choice: only status and sub-category are known.
    errors: list[JsonObject] = [{"message": f"Stage id {each} exists in another pipeline"} for each in stage_ids]
    return ApiError(
        f"Stage ids {', '.join(stage_ids)} exist in another pipeline",
        status=409,
        category="CONFLICT",
        sub_category="PipelineError.STAGE_ID_EXISTS_IN_ANOTHER_PIPELINE",
        errors=errors,
    )
