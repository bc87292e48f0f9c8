"""Laws of permissions: they only take away."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from airbyte_agent_server.tokens.claims import (
    DEFAULT_SCOPES,
    Claims,
    Ok,
    Permissions,
    Scope,
    TokenKind,
    verify_call,
    verify_connector,
)

ENTITIES = st.sampled_from(["contacts", "deals", "objects"])
ACTIONS = st.sampled_from(["list", "get", "search", "api_search", "create", "*"])
PERMISSIONS = st.builds(
    Permissions,
    read_only=st.booleans(),
    manage=st.booleans(),
    connector_ids=st.none() | st.frozensets(st.sampled_from(["c1", "c2"])),
    allow=st.none() | st.dictionaries(ENTITIES, st.frozensets(ACTIONS, min_size=1)),
)


def claims_with(permissions: Permissions | None) -> Claims:
    scopes = DEFAULT_SCOPES[TokenKind.SCOPED]
    return Claims(
        TokenKind.SCOPED,
        "org",
        "client",
        "workspace",
        scopes if permissions is None else permissions.narrow(scopes),
        permissions,
        "jti",
        datetime(2026, 11, 23, tzinfo=UTC),
    )


@given(PERMISSIONS, ENTITIES, ACTIONS, st.booleans())
def test_permissions_never_allow_what_a_token_without_them_may_not(
    permissions: Permissions, entity: str, action: str, writes: bool
) -> None:
    narrowed, whole = claims_with(permissions), claims_with(None)
    assert narrowed.scopes <= whole.scopes
    if isinstance(verify_call(narrowed, entity=entity, action=action, writes=writes), Ok):
        assert isinstance(verify_call(whole, entity=entity, action=action, writes=writes), Ok)
        assert not (writes and permissions.read_only)


@given(PERMISSIONS, ENTITIES, ACTIONS)
def test_an_entity_that_is_not_listed_cannot_be_touched(permissions: Permissions, entity: str, action: str) -> None:
    verdict = verify_call(claims_with(permissions), entity=entity, action=action, writes=False)
    if permissions.allow is not None and entity not in permissions.allow:
        assert not isinstance(verdict, Ok)


@given(PERMISSIONS, st.sampled_from(["c1", "c2", "c3"]))
def test_a_connector_that_is_not_listed_cannot_be_reached(permissions: Permissions, connector_id: str) -> None:
    verdict = verify_connector(claims_with(permissions), connector_id)
    ids = permissions.connector_ids
    assert isinstance(verdict, Ok) == (ids is None or connector_id in ids)


def test_search_covers_every_search_and_a_star_everything() -> None:
    searching = claims_with(Permissions(allow={"contacts": frozenset({"search"}), "deals": frozenset({"*"})}))
    for action in ("api_search", "context_store_search", "context_store_sql_query"):
        assert isinstance(verify_call(searching, entity="contacts", action=action, writes=False), Ok)
    assert not isinstance(verify_call(searching, entity="contacts", action="list", writes=False), Ok)
    assert isinstance(verify_call(searching, entity="deals", action="create", writes=True), Ok)


def test_application_tokens_have_every_scope() -> None:
    assert DEFAULT_SCOPES[TokenKind.APPLICATION] == frozenset(Scope)
