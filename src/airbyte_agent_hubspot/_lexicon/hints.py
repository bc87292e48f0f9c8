"""Whether a plain call names something that HubSpot wants the id of: told from its values alone, for nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OWNER: Final = "hubspot_owner_id"
OWNER_ALIAS: Final = "owner"
PLACES: Final = frozenset({"dealstage", "hs_pipeline_stage", "pipeline", "hs_pipeline"})
"""Properties that hold ids of stages and pipelines."""
CHOICES: Final = frozenset(
    {
        *("lifecyclestage", "hs_lead_status", "dealtype", "hs_priority", "industry"),
        *("hs_ticket_priority", "hs_ticket_category", "source_type"),
        *("hs_task_status", "hs_task_priority", "hs_task_type", "hs_meeting_outcome", "hs_call_status"),
    }
)
"""Standard properties that hold one of few values, none of which is written like a label."""
TIMES: Final = frozenset({"closedate", "hs_timestamp", "hs_meeting_start_time", "hs_meeting_end_time"})
"""Standard properties that hold a moment."""
HOLDERS: Final = frozenset({"properties", "inputs", "filterGroups"})
"""Parameters that hold values of properties."""
_LIKE_A_TIME: Final = re.compile(r"-?\d*|\d{4}-\d{2}-\d{2}(?:[T ].*)?")
_LIKE_AN_ID: Final = re.compile(r"[a-z0-9_;-]*|[A-Z0-9_;-]*")


def names_something(params: Mapping[str, object]) -> bool:
    """Whether a label stands where an id is expected, or words where a moment is to be written."""
    return any(is_name(name, value) for name, value in given_values(params)) or any(
        is_said_time(name, value) for name, value in _written_values(params)
    )


def is_said_time(name: str, value: object) -> bool:
    """Whether the value of a property is a moment in words."""
    return name in TIMES and isinstance(value, str) and _LIKE_A_TIME.fullmatch(value) is None


def is_name(name: str, value: object) -> bool:
    """Whether the value of a property cannot be an id."""
    if name == OWNER_ALIAS:
        return True
    if not isinstance(value, str) or not value:
        return False
    if name == OWNER:
        return not value.isdecimal()
    return name in PLACES | CHOICES and _LIKE_AN_ID.fullmatch(value) is None


def given_values(params: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Each value that a call writes or compares with, and the property it is of."""
    yield from _written_values(params)
    for group in cast("list[Mapping[str, list[Mapping[str, object]]]]", params.get("filterGroups", ())):
        for condition in group["filters"]:
            name = str(condition["propertyName"])
            for key in ("value", "highValue"):
                if key in condition:
                    yield name, condition[key]
            for value in cast("list[object]", condition.get("values", ())):
                yield name, value


def _written_values(params: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for part in (params, *cast("list[Mapping[str, object]]", params.get("inputs", ()))):
        properties = part.get("properties")
        if isinstance(properties, dict):
            yield from cast("dict[str, object]", properties).items()
