"""Whether a call may be made: by the token's permissions, and by the entities a connector is limited to."""

from collections.abc import Mapping, Sequence

from airbyte_agent_server.connectors.store import Connector
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.tokens.claims import Claims, Denied, verify_call

# Source: https://developers.hubspot.com/docs/api-reference/crm-objects-v3/guide
_ENTITY_OF_TYPE = {
    "0-1": "contacts",
    "0-2": "companies",
    "0-3": "deals",
    "0-5": "tickets",
    "contact": "contacts",
    "company": "companies",
    "deal": "deals",
    "ticket": "tickets",
}


def entity_of_type(object_type: str) -> str:
    """The entity that an object type is, whether named or numbered."""
    lowered = object_type.lower()
    return _ENTITY_OF_TYPE.get(lowered, lowered)


def touched_entities(entity: str, params: Mapping[str, object]) -> Sequence[str]:
    """The entities whose records a call reads or writes: the one really meant first, then expansions to others."""
    object_type = params.get("objectType")
    main = entity_of_type(object_type) if entity == "objects" and isinstance(object_type, str) else entity
    associations = params.get("associations")
    expanded = associations.split(",") if isinstance(associations, str) else associations
    names = expanded if isinstance(expanded, list) else []
    others = [entity_of_type(item.strip()) for item in names if isinstance(item, str)]
    return [main, *others]


def check_call(
    claims: Claims,
    connector: Connector,
    *,
    entity: str,
    action: str,
    writes: bool,
    params: Mapping[str, object],
) -> None:
    """Raise unless token and connector allow the call.

    Raises:
        ProblemError: `token_not_allowed` or `permission_denied`.
    """
    main, *others = touched_entities(entity, params)
    verdicts = [verify_call(claims, entity=main, action=action, writes=writes)]
    verdicts += [verify_call(claims, entity=other, action="list", writes=False) for other in others]
    for verdict in verdicts:
        if isinstance(verdict, Denied):
            raise verdict.raised()
    if connector.entities is None or entity == "*":
        return
    modes = {str(row["entity"]): row["modes"] for row in connector.entities}
    for name, mode in [(main, "write" if writes else "read"), *((other, "read") for other in others)]:
        allowed = modes.get(name, ())
        if not isinstance(allowed, list) or mode not in allowed:
            raise ProblemError(
                "permission_denied", f"The connector is limited to other entities: it may not {mode} {name}."
            )
