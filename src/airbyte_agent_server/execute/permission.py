"""Whether a call may be made: by the token's permissions, and by the entities a connector is limited to."""

from collections.abc import Mapping, Sequence

from airbyte_agent_hubspot._catalog.object_types import entity_of_type
from airbyte_agent_server.connectors.store import Connector
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.tokens.claims import Claims, Denied, verify_call


def touched_entities(entity: str, params: Mapping[str, object]) -> Sequence[str]:
    """The entities whose records a call reads or writes: the one really meant first, then those it reaches."""
    main = entity
    if entity == "objects":
        main = entity_of_type(str(params.get("objectType")))
    ends = [entity_of_type(str(params[name])) for name in ("fromObjectType", "toObjectType") if name in params]
    return [main, *ends, *_associated(params)]


def _associated(params: Mapping[str, object]) -> list[str]:
    """Entities named by `associations`, of the call or of its inputs: names to read, or records to link to."""
    inputs = params.get("inputs")
    nested = [item.get("associations") for item in inputs if isinstance(item, dict)] if isinstance(inputs, list) else []
    found: list[str] = []
    for given in [params.get("associations"), *nested]:
        items = given.split(",") if isinstance(given, str) else given if isinstance(given, list) else []
        names = [item.get("toObjectType") if isinstance(item, dict) else item for item in items]
        found += [entity_of_type(str(name)) for name in names]
    return found


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
