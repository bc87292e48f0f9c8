"""Every historical spelling of a path or a field, as data beside its canonical name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from airbyte_agent_server.problems import ProblemError, field_problem

API = "/api/v1"

PREFIX_ALIASES = (
    ("/v1", API),
    (f"{API}/integrations/sources", f"{API}/integrations/connectors"),
)
"""Applied in this order, on whole path segments."""


@dataclass(frozen=True, slots=True)
class PathAlias:
    """One historical path, relative to `/api/v1`. `list_member` renames `data` in the answer."""

    method: str
    alias: str
    canonical: str
    list_member: str | None = None


_EXECUTE = "/integrations/connectors/{id}/execute"
PATH_ALIASES = (
    PathAlias("POST", "/applications/token", "/account/applications/token"),
    PathAlias("POST", "/embedded/scoped-token", "/account/applications/scoped-token"),
    PathAlias("GET", "/embedded/scoped-token/info", "/account/applications/scoped-token/info"),
    PathAlias("POST", "/embedded/widget-token", "/account/applications/widget-token"),
    PathAlias("POST", "/embedded/widget_token", "/account/applications/widget-token"),
    PathAlias("POST", "/connectors/instances", "/integrations/connectors"),
    PathAlias("POST", "/connectors/sources", "/integrations/connectors"),
    PathAlias("GET", "/connectors/connectors_for_user", "/integrations/connectors", "connectors"),
    PathAlias("GET", "/connectors/instances_for_user", "/integrations/connectors", "instances"),
    PathAlias("POST", "/connectors/sources/{id}/execute", _EXECUTE),
    PathAlias("POST", "/connectors/instances/{id}/execute", _EXECUTE),
)

FIELD_ALIASES: Mapping[str, str] = {
    "external_user_id": "workspace_name",
    "customer_name": "workspace_name",
    "external_id": "workspace_name",
    "externalUserId": "workspace_name",
    "allowedOrigin": "allowed_origin",
    "organizationId": "organization_id",
    "connector_definition_id": "definition_id",
    "actor_definition_id": "definition_id",
    "source_definition_id": "definition_id",
    "auth_config": "credentials",
    "source_config": "replication_config",
    "secret_id": "server_side_oauth_secret_id",
}
"""Alias -> canonical name, for the top level of bodies and for query parameters."""


NULLS_KEPT = frozenset({"cache_enabled"})
"""Fields of which null says something; of all others it says the same as their absence."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """Where a request goes."""

    path: str
    list_member: str = "data"


def _pattern(alias: str) -> re.Pattern[str]:
    return re.compile(re.escape(API + alias).replace(r"\{id\}", "(?P<id>[^/]+)"))


_COMPILED = tuple((row, _pattern(row.alias)) for row in PATH_ALIASES)


def resolve_path(method: str, path: str) -> Resolved:
    """The canonical path of a request; a path that is no alias is its own, without a trailing slash.

    Raises:
        ProblemError: the path is an alias, but not with this method.
    """
    path = path.rstrip("/") or "/"
    for alias, canonical in PREFIX_ALIASES:
        if path.startswith(alias) and path[len(alias) : len(alias) + 1] in {"", "/"}:
            path = canonical + path[len(alias) :]
    matches = [(row, found) for row, pattern in _COMPILED if (found := pattern.fullmatch(path))]
    for row, found in matches:
        if row.method == method:
            return Resolved(API + row.canonical.format(**found.groupdict()), row.list_member or "data")
    if matches and method != "OPTIONS":
        allowed = ", ".join(sorted({row.method for row, _ in matches}))
        raise ProblemError(
            "method_not_allowed", f"This path takes {allowed}, not {method}.", headers={"allow": allowed}
        )
    return Resolved(path)


@dataclass(frozen=True, slots=True)
class CanonicalFields:
    """Fields under their canonical names, and the spelling in which each came."""

    values: dict[str, object]
    spellings: Mapping[str, frozenset[str]]


def canonical_fields(given: Mapping[str, object]) -> CanonicalFields:
    """`given` under canonical names; nulls are dropped, since null means absent, but for `NULLS_KEPT`.

    Raises:
        ProblemError: two spellings of one field carry different values.
    """
    values: dict[str, object] = {}
    spellings: dict[str, frozenset[str]] = {}
    for spelling, value in given.items():
        name = FIELD_ALIASES.get(spelling, spelling)
        if value is None and name not in NULLS_KEPT:
            continue
        if name in values and values[name] != value:
            raise field_problem(
                "conflicting_fields",
                spelling,
                f"{spelling} is another spelling of {name}, and the two differ: send one of them.",
            )
        values[name] = value
        spellings[name] = spellings.get(name, frozenset()) | {spelling}
    return CanonicalFields(values, spellings)
