import pytest

from airbyte_agent_server.oauth.flow import (
    Completion,
    FlowError,
    Narrowing,
    ScopeRequest,
    build_consent_url,
    challenge_of,
    choose_completion,
    failure_of,
)
from airbyte_agent_server.problems import ProblemError


@pytest.mark.parametrize(
    ("spellings", "asked", "completion"),
    [
        ({"external_user_id"}, None, Completion.SECRET_ID),
        ({"externalUserId", "redirect_url"}, None, Completion.SECRET_ID),
        ({"external_user_id"}, Completion.CONNECTOR_ID, Completion.CONNECTOR_ID),
        ({"workspace_name"}, Completion.SECRET_ID, Completion.SECRET_ID),
        ({"workspace_name"}, None, Completion.CONNECTOR_ID),
        ({"external_user_id", "name"}, None, Completion.CONNECTOR_ID),
        ({"external_user_id", "source_template_id"}, None, Completion.CONNECTOR_ID),
        (set(), None, Completion.CONNECTOR_ID),
    ],
)
def test_the_fields_of_a_client_generation_decide_what_it_gets_back(
    spellings: set[str], asked: Completion | None, completion: Completion
) -> None:
    assert choose_completion(spellings=spellings, asked=asked, binding=None) == completion


def test_authorizing_a_connector_anew_gives_its_id_back_and_nothing_else() -> None:
    given = choose_completion(spellings={"external_user_id"}, asked=None, binding="connector_id")
    assert given == Completion.CONNECTOR_ID
    with pytest.raises(ProblemError) as caught:
        choose_completion(spellings=set(), asked=Completion.SECRET_ID, binding="connector_id")
    assert caught.value.type.code == "validation_error"


APP = ScopeRequest(("oauth", "crm.objects.contacts.read"), ("crm.objects.deals.read", "tickets"))


def test_a_request_narrows_the_scopes_and_never_widens_them() -> None:
    assert APP.narrowed(Narrowing()) == APP
    assert APP.narrowed(Narrowing(required=["tickets", "crm.everything"], optional=["tickets"])) == ScopeRequest(
        ("oauth", "tickets"), ()
    )
    assert APP.narrowed(Narrowing(entities={"deals": ["read"]})) == ScopeRequest(
        APP.required, ("crm.objects.deals.read",)
    )
    writing = ScopeRequest(APP.required, (*APP.optional, "crm.objects.deals.write"))
    assert writing.narrowed(Narrowing(entities={"deals": ["write"]})).optional == ("crm.objects.deals.write",)


def test_the_consent_url_has_its_parameters_in_the_order_of_official_clients() -> None:
    url = build_consent_url(
        "https://h/oauth/authorize",
        client_id="app",
        callback_url="https://s/cb",
        scopes=APP,
        state="st",
        verifier="v" * 43,
    )
    assert url == (
        "https://h/oauth/authorize?client_id=app&redirect_uri=https%3A%2F%2Fs%2Fcb"
        "&scope=oauth%20crm.objects.contacts.read&optional_scope=crm.objects.deals.read%20tickets&state=st"
        f"&code_challenge={challenge_of('v' * 43)}&code_challenge_method=S256"
    )


def test_the_challenge_is_that_of_the_specifications_example() -> None:
    # Source: https://www.rfc-editor.org/rfc/rfc7636#appendix-B
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize(
    ("provider_error", "failure"),
    [
        ("access_denied", FlowError.ACCESS_DENIED),
        ("server_error", FlowError.PROVIDER_ERROR),
        (None, FlowError.PROVIDER_ERROR),
    ],
)
def test_refusal_by_the_user_is_told_from_other_errors(provider_error: str | None, failure: FlowError) -> None:
    assert failure_of(provider_error) == failure
