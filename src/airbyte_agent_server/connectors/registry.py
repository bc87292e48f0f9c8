"""Which types of connector there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from airbyte_agent_hubspot._hosted import HUBSPOT_DEFINITION_ID
from airbyte_agent_server.problems import ProblemError, field_problem


@dataclass(frozen=True, slots=True)
class ConnectorType:
    """One kind of account that can be connected. `slug` is what the database keeps."""

    slug: str
    name: str
    definition_id: str
    template_id: str


HUBSPOT = ConnectorType(
    slug="hubspot",
    name="HubSpot",
    definition_id=HUBSPOT_DEFINITION_ID,
    template_id="7aff03a7-5185-5afd-baae-df10c4af272d",
)
CONNECTOR_TYPES: Sequence[ConnectorType] = (HUBSPOT,)


def find_connector_type(
    *, connector_type: str | None, definition_id: str | None, source_template_id: str | None
) -> ConnectorType:
    """The type that the given names agree on. Its name and slug are matched without regard to case.

    Raises:
        ProblemError: none is given, one is unknown, or they name different types.
    """
    given = {
        "connector_type": connector_type,
        "definition_id": definition_id,
        "source_template_id": source_template_id,
    }
    named = {_find(field, value) for field, value in given.items() if value is not None}
    if not named:
        raise field_problem(
            "connector_type_required",
            "connector_type",
            f"Say which type of connector it is: send connector_type, one of {', '.join(_known())}.",
        )
    if len(named) > 1:
        raise ProblemError("conflicting_fields", "The fields name different types of connector: send one.")
    return named.pop()


@cache
@cache
def get_connector_type(slug: str) -> ConnectorType:
    """The type of a stored connector."""
    return next(kind for kind in CONNECTOR_TYPES if kind.slug == slug)


def _find(field: str, value: str) -> ConnectorType:
    wanted = value.strip().lower()
    for kind in CONNECTOR_TYPES:
        names = {
            "connector_type": {kind.slug, kind.name.lower()},
            "definition_id": {kind.definition_id},
            "source_template_id": {kind.template_id},
        }
        if wanted in names[field]:
            return kind
    if field == "source_template_id":
        raise field_problem("template_not_found", field, f"There is no source template {value}: list them.")
    known = _known()
    raise field_problem(
        "connector_type_unknown",
        field,
        f"{value!r} is not a type of connector: use one of {', '.join(known)}.",
        known=known,
    )


def _known() -> list[str]:
    return [kind.name for kind in CONNECTOR_TYPES]
