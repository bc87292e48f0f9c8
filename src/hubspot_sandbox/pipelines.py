"""Pipelines and their stages, as the portal keeps them.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/pipelines/guide
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from hubspot_sandbox.definitions import Option, built_in_definitions
from hubspot_sandbox.object_types import ObjectType

BEGINNING: Final = "1970-01-01T00:00:00Z"

CONTACTS: Final = "0-1"
COMPANIES: Final = "0-2"
DEALS: Final = "0-3"
TICKETS: Final = "0-5"
LEADS: Final = "0-136"


class Stage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A stage; `metadata` values are strings."""

    label: str
    display_order: int
    metadata: dict[str, str]
    id: str
    created_at: str = BEGINNING
    updated_at: str = BEGINNING
    write_permissions: str = "CRM_PERMISSIONS_ENFORCEMENT"
    archived: bool = False

    @property
    def is_closed(self) -> bool:
        """Whether a record that reaches the stage is done."""
        return self.metadata.get("isClosed") == "true"

    @property
    def probability(self) -> float:
        """How likely a deal in this stage is won; 0 where the stage has none."""
        return float(self.metadata.get("probability", "0"))


class Pipeline(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A pipeline; field order is the order on the wire."""

    label: str
    display_order: int
    id: str
    stages: tuple[Stage, ...]
    created_at: str = BEGINNING
    updated_at: str = BEGINNING
    archived: bool = False


def deal_stages(rows: Sequence[tuple[str, str, float]]) -> tuple[Stage, ...]:
    """Stages from (id, label, probability); a probability of 0 or 1 closes the deal."""
    return tuple(
        Stage(
            label=label,
            display_order=place,
            metadata={"isClosed": str(probability in {0.0, 1.0}).lower(), "probability": str(probability)},
            id=stage_id,
        )
        for place, (stage_id, label, probability) in enumerate(rows)
    )


def _ticket_stages(rows: Sequence[tuple[str, str, str]]) -> tuple[Stage, ...]:
    return tuple(
        Stage(
            label=label,
            display_order=place,
            metadata={"ticketState": state, "isClosed": str(state == "CLOSED").lower()},
            id=stage_id,
        )
        for place, (stage_id, label, state) in enumerate(rows)
    )


def default_pipelines(object_type: ObjectType) -> Iterator[Pipeline]:
    """The pipelines that HubSpot gives to every portal.

    Source: https://github.com/damianh/hubspot (deals, tickets), https://github.com/HubSpot/agent-cli-skills (tickets)
    """
    match object_type.type_id:
        case "0-1" | "0-2":
            stages = built_in_definitions(object_type)["lifecyclestage"].options
            yield Pipeline(
                label="Lifecycle Stage Pipeline",
                display_order=0,
                id=f"{object_type.plural}-lifecycle-pipeline",
                stages=tuple(
                    Stage(label=stage.label, display_order=place, metadata={"isClosed": "false"}, id=stage.value)
                    for place, stage in enumerate(stages)
                ),
            )
        case "0-3":
            yield Pipeline(label="Sales Pipeline", display_order=0, id="default", stages=deal_stages(_DEAL_STAGES))
        case "0-5":
            yield Pipeline(label="Support Pipeline", display_order=0, id="0", stages=_ticket_stages(_TICKET_STAGES))
        case "0-136":
            # choice: HubSpot documents the labels of the lead stages, not their ids.
            yield Pipeline(
                label="Lead Pipeline",
                display_order=0,
                id="lead-pipeline-id",
                stages=_ticket_stages(_LEAD_STAGES),
            )
        case _:
            return


def stage_options(pipelines: Sequence[Pipeline]) -> tuple[Option, ...]:
    """What the type's stage property allows."""
    return tuple(Option(stage.label, stage.id, "", stage.display_order) for line in pipelines for stage in line.stages)


def pipeline_options(pipelines: Sequence[Pipeline]) -> tuple[Option, ...]:
    """What the type's pipeline property allows."""
    return tuple(Option(line.label, line.id, "", line.display_order) for line in pipelines)


_DEAL_STAGES: Final = (
    ("appointmentscheduled", "Appointment Scheduled", 0.2),
    ("qualifiedtobuy", "Qualified To Buy", 0.4),
    ("presentationscheduled", "Presentation Scheduled", 0.6),
    ("decisionmakerboughtin", "Decision Maker Bought-In", 0.8),
    ("contractsent", "Contract Sent", 0.9),
    ("closedwon", "Closed Won", 1.0),
    ("closedlost", "Closed Lost", 0.0),
)
_TICKET_STAGES: Final = (
    ("1", "New", "OPEN"),
    ("2", "Waiting on contact", "OPEN"),
    ("3", "Waiting on us", "OPEN"),
    ("4", "Closed", "CLOSED"),
)
_LEAD_STAGES: Final = (
    ("new-stage-id", "New", "OPEN"),
    ("attempting-stage-id", "Attempting", "OPEN"),
    ("connected-stage-id", "Connected", "OPEN"),
    ("qualified-stage-id", "Qualified", "CLOSED"),
    ("unqualified-stage-id", "Disqualified", "CLOSED"),
)
