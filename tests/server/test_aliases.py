import pytest

from airbyte_agent_server.aliases import PATH_ALIASES, CanonicalFields, Resolved, canonical_fields, resolve_path
from airbyte_agent_server.problems import ProblemError

CONNECTORS = "/api/v1/integrations/connectors"


@pytest.mark.parametrize(
    ("method", "path", "canonical"),
    [
        ("POST", "/v1/applications/token", "/api/v1/account/applications/token"),
        ("POST", "/api/v1/applications/token/", "/api/v1/account/applications/token"),
        ("POST", "/api/v1/embedded/scoped-token", "/api/v1/account/applications/scoped-token"),
        ("GET", "/v1/embedded/scoped-token/info", "/api/v1/account/applications/scoped-token/info"),
        ("POST", "/v1/integrations/sources", CONNECTORS),
        ("POST", "/v1/integrations/sources/7/execute", f"{CONNECTORS}/7/execute"),
        ("POST", "/api/v1/connectors/sources/7/execute", f"{CONNECTORS}/7/execute"),
        ("POST", "/api/v1/connectors/instances/7/execute", f"{CONNECTORS}/7/execute"),
        ("POST", "/api/v1/connectors/sources", CONNECTORS),
        ("POST", "/v1/connectors/instances", CONNECTORS),
        ("POST", "/v1/integrations/connectors/oauth/initiate", f"{CONNECTORS}/oauth/initiate"),
        ("GET", "/api/v1/integrations/sourcesque", "/api/v1/integrations/sourcesque"),
        ("GET", "/v1x/token", "/v1x/token"),
        ("GET", "/", "/"),
        ("GET", "/healthz", "/healthz"),
    ],
)
def test_a_historical_path_leads_to_the_canonical_one(method: str, path: str, canonical: str) -> None:
    assert resolve_path(method, path) == Resolved(canonical)


@pytest.mark.parametrize("member", ["connectors", "instances"])
def test_historical_lists_name_their_member_otherwise(member: str) -> None:
    assert resolve_path("GET", f"/v1/connectors/{member}_for_user") == Resolved(CONNECTORS, member)


def test_an_alias_with_another_method_is_refused_with_the_methods_it_takes() -> None:
    with pytest.raises(ProblemError) as caught:
        resolve_path("PUT", "/v1/applications/token")
    assert (caught.value.type.code, caught.value.headers) == ("method_not_allowed", {"allow": "POST"})


def test_no_alias_leads_to_another_alias() -> None:
    for row in PATH_ALIASES:
        path = "/api/v1" + row.canonical.format(id="7")
        assert resolve_path(row.method, path) == Resolved(path)


def test_fields_come_under_their_canonical_names_and_nulls_are_absent() -> None:
    assert canonical_fields({"external_user_id": "u", "secret_id": None, "name": "n"}) == CanonicalFields(
        {"workspace_name": "u", "name": "n"},
        {"workspace_name": frozenset({"external_user_id"}), "name": frozenset({"name"})},
    )


def test_two_spellings_of_one_field_may_agree_but_not_differ() -> None:
    agreeing = canonical_fields({"customer_name": "u", "workspace_name": "u", "externalUserId": None})
    assert agreeing.spellings == {"workspace_name": frozenset({"customer_name", "workspace_name"})}
    with pytest.raises(ProblemError) as caught:
        canonical_fields({"customer_name": "u", "workspace_name": "v"})
    assert (caught.value.type.code, caught.value.errors[0].field) == ("conflicting_fields", "workspace_name")
