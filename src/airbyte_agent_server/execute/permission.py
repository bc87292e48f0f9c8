"""Whether a call may be made: by the token's permissions, and by the entities a connector is limited to."""

from collections.abc import Iterable, Mapping
from typing import cast

from airbyte_agent_hubspot._catalog.object_types import entity_of_type
from airbyte_agent_server.connectors.store import Connector
from airbyte_agent_server.execute.reach import Reach
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.tokens.claims import Claims, Denied, Ok, Scope, verify_call

_EVERYTHING = frozenset({Scope.EXECUTE_READ, Scope.EXECUTE_WRITE})


def is_limited(claims: Claims, connector: Connector) -> bool:
    """Whether only some entities may be touched."""
    permissions = claims.permissions
    return connector.entities is not None or (permissions is not None and permissions.allow is not None)


def may_do_all(claims: Claims, connector: Connector) -> bool:
    """Whether nothing that a call could reach is kept from the token or the connector."""
    return claims.scopes >= _EVERYTHING and not is_limited(claims, connector)


def check_token(claims: Claims, reached: Iterable[Reach]) -> None:
    """Raise unless the token allows all that a call reaches.

    Raises:
        ProblemError: `token_not_allowed` or `permission_denied`.
    """
    for reach in reached:
        verdicts = [verify_call(claims, entity=name, action=reach.action, writes=reach.writes) for name in reach.names]
        if Ok() not in verdicts:
            denied = next(verdict for verdict in verdicts if isinstance(verdict, Denied))
            raise ProblemError(denied.code, denied.reason + reach.advice)


def disabled() -> ProblemError:
    """The error for all that is asked of a connector that is switched off."""
    return ProblemError("permission_denied", 'The connector is disabled: enable it with PUT and {"disabled": false}.')


def check_connector(connector: Connector, reached: Iterable[Reach]) -> None:
    """Raise unless the connector may be used for all that a call reaches.

    Raises:
        ProblemError: `permission_denied`.
    """
    if connector.entities is None:
        return
    allowed = {(entity_of_type(str(row["entity"])), mode) for row in connector.entities for mode in _modes(row)}
    for reach in reached:
        mode = "write" if reach.writes else "read"
        if not any((name, mode) in allowed for name in reach.names):
            raise ProblemError(
                "permission_denied",
                f"The connector is limited to other entities: it may not {mode} {reach.names[0]}.{reach.advice}",
            )


def _modes(row: Mapping[str, object]) -> list[str]:
    return cast("list[str]", row["modes"])
