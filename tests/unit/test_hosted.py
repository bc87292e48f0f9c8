"""Hosted execution over a scripted wire: tokens, the look-up of the connector, execute, and what errors become."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import msgspec
import pytest

from airbyte_agent_hubspot import HubspotConnector
from airbyte_agent_hubspot._auth import FixedToken
from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._executor import Call
from airbyte_agent_hubspot._hosted import HostedExecutor
from airbyte_agent_hubspot._retry import Retrier
from airbyte_agent_hubspot._sansio import reauthorization_required
from airbyte_agent_hubspot.errors import (
    AuthenticationError,
    ConflictError,
    ConnectorAmbiguityError,
    ConnectorError,
    ConnectorNotFoundError,
    FieldError,
    InvalidParamsError,
    InvalidRequestError,
    MissingCredentialsError,
    MissingScopesError,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitedError,
    ReauthorizationRequiredError,
    RecordExistsError,
    RecordNotFoundError,
    ServerError,
    ServerUnreachableError,
    UnavailableError,
    UnknownOperationError,
    Upstream,
    UpstreamError,
    UpstreamRejectedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from airbyte_agent_hubspot.models import CheckResult, Contact, Page, PageMeta, Result
from airbyte_agent_hubspot.transports import (
    AnswerTimeoutError,
    HttpRequest,
    HttpResponse,
    MaybeSentError,
    NotSentError,
    TransportError,
)
from unit.hosted import CONNECTORS, TOKEN, HostedServer, envelope, execute_path
from unit.scripted import ScriptedTransport, answer, grant, json_body, problem

EXECUTE = execute_path("c-1")
SUCCESS = Page([Contact("1")], PageMeta())


def connect(
    transport: ScriptedTransport, *, connector_id: str | None = "c-1", timeout_s: float | None = None
) -> HubspotConnector:
    return HubspotConnector(
        external_user_id="user-123",
        airbyte_client_id="id-1",
        airbyte_client_secret="secret-1",
        connector_id=connector_id,
        transport=transport,
        timeout_s=timeout_s,
    )


def with_token(*answers: HttpResponse | TransportError) -> ScriptedTransport:
    """A script that begins with the grant of a token."""
    return ScriptedTransport(grant("app-1"), *answers)


def elapsed_s() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.requirement("hosted-execute")
async def test_a_call_goes_to_the_only_connector_of_the_workspace() -> None:
    transport = ScriptedTransport(HostedServer("c-1"))
    connector = connect(transport, connector_id=None)
    assert await connector.contacts.list(limit=3, properties_with_history="email") == SUCCESS
    assert transport.paths() == [TOKEN, CONNECTORS, EXECUTE]
    execute = transport.requests[-1]
    assert json_body(execute) == {
        "entity": "contacts",
        "action": "list",
        "params": {"limit": 3, "propertiesWithHistory": "email"},
    }
    assert dict(execute.headers) == {
        "authorization": "Bearer app-1",
        "accept": "application/json",
        "content-type": "application/json",
    }


@pytest.mark.requirement("hosted-execute")
async def test_where_a_page_stands_comes_from_the_metadata() -> None:
    transport = with_token(envelope("1", next_cursor="102", next_link="https://x", has_next_page=True, total=55))
    page = await connect(transport).contacts.api_search(query="acme")
    assert page == Page([Contact("1")], PageMeta("102", 55))


@pytest.mark.requirement("hosted-token")
async def test_the_token_and_the_connector_are_remembered() -> None:
    transport = ScriptedTransport(HostedServer("c-1"))
    connector = connect(transport, connector_id=None)
    await connector.contacts.list()
    await connector.contacts.list()
    assert transport.paths() == [TOKEN, CONNECTORS, EXECUTE, EXECUTE]


@pytest.mark.requirement("hosted-token")
async def test_the_token_is_replaced_a_minute_before_it_expires() -> None:
    transport = ScriptedTransport(grant("app-1", expires_in=59), envelope(), grant("app-2"), envelope(), envelope())
    connector = connect(transport)
    for _ in range(3):
        await connector.contacts.list()
    assert transport.tokens() == ["app-1", "app-2", "app-2"]


@pytest.mark.requirement("hosted-token")
async def test_a_401_renews_the_token_once() -> None:
    expired = problem("token_expired", status=401)
    transport = ScriptedTransport(grant("app-1"), expired, grant("app-2"), envelope("1"))
    assert await connect(transport).contacts.list() == SUCCESS
    assert transport.tokens() == ["app-1", "app-2"]
    with pytest.raises(AuthenticationError) as caught:
        await connect(ScriptedTransport(grant("app-1"), expired, grant("app-2"), expired)).contacts.list()
    assert caught.value.code == "token_expired"


@pytest.mark.requirement("hosted-token")
async def test_fifty_calls_fetch_one_token() -> None:
    server = HostedServer("c-1")

    async def respond(request: HttpRequest) -> HttpResponse:
        await asyncio.sleep(1)
        return await server(request)

    connector = connect(ScriptedTransport(respond))
    await asyncio.gather(*(connector.contacts.list() for _ in range(50)))
    assert server.granted == 1


async def test_a_given_token_that_is_refused_asks_for_another() -> None:
    transport = ScriptedTransport(problem("token_expired", status=401))
    with pytest.raises(AuthenticationError) as caught:
        await HubspotConnector(airbyte_token="scoped-1", connector_id="c-1", transport=transport).contacts.list()
    assert caught.value.code == "token_expired"
    assert len(transport.requests) == 1


async def test_a_function_that_mints_tokens_is_asked_again_after_a_401() -> None:
    minted: list[str] = []

    async def mint() -> str:
        minted.append(f"scoped-{len(minted) + 1}")
        return minted[-1]

    transport = ScriptedTransport(problem("token_expired", status=401), envelope("1"), envelope("1"))
    connector = HubspotConnector(airbyte_token=mint, connector_id="c-1", transport=transport)
    await connector.contacts.list()
    await connector.contacts.list()
    assert transport.tokens() == ["scoped-1", "scoped-2", "scoped-2"]


async def test_a_refused_client_pair_is_said() -> None:
    with pytest.raises(AuthenticationError) as caught:
        await connect(ScriptedTransport(problem("invalid_client", status=401))).contacts.list()
    assert caught.value.code == "invalid_client"


# ---------------------------------------------------------------- which connector


@pytest.mark.requirement("hosted-lookup")
async def test_no_connector_is_an_error_that_names_the_workspace() -> None:
    with pytest.raises(ConnectorNotFoundError) as caught:
        await connect(ScriptedTransport(HostedServer()), connector_id=None).contacts.list()
    assert isinstance(caught.value, ValueError)
    assert "'user-123'" in caught.value.message


@pytest.mark.requirement("hosted-lookup")
async def test_several_connectors_are_an_error_that_lists_them() -> None:
    with pytest.raises(ConnectorAmbiguityError) as caught:
        await connect(ScriptedTransport(HostedServer("c-1", "c-2")), connector_id=None).contacts.list()
    assert isinstance(caught.value, ValueError)
    assert caught.value.code == "connector_ambiguous"
    assert [(error.message, error.details) for error in caught.value.errors] == [
        ("My c-1", {"connector_id": "c-1"}),
        ("My c-2", {"connector_id": "c-2"}),
    ]
    assert "c-1 (My c-1), c-2 (My c-2)" in caught.value.message


@pytest.mark.requirement("hosted-lookup")
async def test_a_replaced_connector_is_looked_up_once_more() -> None:
    server = HostedServer("c-1")
    transport = ScriptedTransport(server)
    connector = connect(transport, connector_id=None)
    await connector.contacts.list()
    server.found = ("c-2",)
    assert await connector.contacts.list() == SUCCESS
    assert transport.paths()[3:] == [EXECUTE, CONNECTORS, execute_path("c-2")]
    server.found = ()
    with pytest.raises(ConnectorNotFoundError):
        await connector.contacts.list()
    assert transport.paths()[6:] == [execute_path("c-2"), CONNECTORS]


@pytest.mark.requirement("hosted-lookup")
@pytest.mark.parametrize("connector_id", ["c-1", None])
async def test_a_connector_that_is_not_there_right_away_is_not_looked_up_again(connector_id: str | None) -> None:
    found = [] if connector_id else [answer({"data": [{"id": "c-1", "name": "One"}]})]
    transport = with_token(*found, problem("connector_not_found", status=404))
    with pytest.raises(ConnectorNotFoundError):
        await connect(transport, connector_id=connector_id).contacts.list()
    assert transport.unused == 0


# ---------------------------------------------------------------- errors


@pytest.mark.requirement("hosted-errors")
@pytest.mark.parametrize(
    ("code", "status", "error_class"),
    [
        ("connector_not_found", 404, ConnectorNotFoundError),
        ("idempotency_in_progress", 409, OutcomeUnknownError),
        ("internal_error", 500, ServerError),
        ("invalid_params", 422, InvalidParamsError),
        ("missing_credentials", 422, MissingCredentialsError),
        ("missing_scopes", 403, MissingScopesError),
        ("rate_limited", 429, RateLimitedError),
        ("reauthorization_required", 403, ReauthorizationRequiredError),
        ("record_exists", 409, RecordExistsError),
        ("record_not_found", 404, RecordNotFoundError),
        ("unknown_operation", 422, UnknownOperationError),
        ("upstream_error", 502, UpstreamError),
        ("upstream_outcome_unknown", 500, OutcomeUnknownError),
        ("upstream_rate_limited", 429, RateLimitedError),
        ("upstream_rejected", 422, UpstreamRejectedError),
        ("upstream_timeout", 504, UpstreamTimeoutError),
        ("upstream_unavailable", 503, UpstreamUnavailableError),
        ("invented_400", 400, InvalidRequestError),
        ("invented_403", 403, PermissionDeniedError),
        ("invented_404", 404, NotFoundError),
        ("invented_405", 405, ServerError),
        ("invented_409", 409, ConflictError),
        ("invented_413", 413, InvalidRequestError),
        ("invented_415", 415, InvalidRequestError),
        ("invented_422", 422, InvalidRequestError),
        ("invented_429", 429, RateLimitedError),
        ("invented_500", 500, ServerError),
        ("invented_503", 503, UnavailableError),
    ],
)
async def test_an_error_of_the_server_is_rebuilt_by_its_code_then_by_its_status(
    code: str, status: int, error_class: type[ConnectorError]
) -> None:
    with pytest.raises(ConnectorError) as caught:
        await connect(with_token(problem(code, status=status))).contacts.list()
    assert type(caught.value) is error_class
    assert (caught.value.code, caught.value.message) == (code, f"The server says {code}.")


@pytest.mark.requirement("hosted-errors")
async def test_an_error_of_the_server_comes_with_all_it_says() -> None:
    body = problem(
        "upstream_rate_limited",
        status=429,
        errors=[{"field": "params.limit", "message": "Less.", "error_code": "out_of_range", "details": {"max": 100}}],
        request_id="r-1",
        retry_after_s=86400,
        upstream={"status": 429, "category": "RATE_LIMITS", "correlation_id": "c-9", "policy": "DAILY"},
    )
    with pytest.raises(RateLimitedError) as caught:
        await connect(with_token(body)).contacts.list()
    error = caught.value
    assert error.errors == (FieldError("params.limit", "Less.", "out_of_range", {"max": 100}),)
    assert error.upstream == Upstream(429, "RATE_LIMITS", "c-9", "DAILY")
    assert (error.request_id, error.retry_after_s) == ("r-1", 86400)


@pytest.mark.requirement("hosted-errors")
@pytest.mark.parametrize(
    ("response", "error_class", "says"),
    [
        (answer(b"<html>no</html>", status=403), PermissionDeniedError, "HTTP 403"),
        (answer(b"", status=500), ServerError, "HTTP 500"),
        (answer({"detail": "Not Found"}, status=404), NotFoundError, "Not Found"),
        (answer({}, status=404), NotFoundError, "HTTP 404"),
        (answer({"code": 5}, status=422), InvalidRequestError, "HTTP 422"),
        (answer(b'{"message":"\xff"}', status=400), InvalidRequestError, "HTTP 400"),
    ],
)
async def test_an_error_that_is_no_problem_document_goes_by_its_status(
    response: HttpResponse, error_class: type[ConnectorError], says: str
) -> None:
    with pytest.raises(ConnectorError) as caught:
        await connect(with_token(response)).contacts.list()
    assert type(caught.value) is error_class
    assert says in caught.value.message


UNREADABLE = [b"", b"<html>", b"{}", b"[]", b'{"access_token":"\xff"}', b'{"data":[{"id":"\xff","name":""}]}']


@pytest.mark.parametrize("body", [*UNREADABLE, b'{"result":[]}', b'{"result":[],"connector_metadata":[]}'])
async def test_an_unreadable_answer_of_success_is_the_servers_fault(body: bytes) -> None:
    with pytest.raises(ServerError):
        await connect(with_token(answer(body))).contacts.list()


@pytest.mark.parametrize("result", [b'"\xff"', b"{}", b"[{}]", b"null"])
async def test_an_unreadable_result_in_a_sound_answer_is_hubspots_fault_as_it_is_locally(result: bytes) -> None:
    body = b'{"result":' + result + b',"connector_metadata":{}}'
    with pytest.raises(UpstreamError) as read:
        await connect(with_token(answer(body))).contacts.list()
    assert read.value.code == "upstream_error"
    with pytest.raises(OutcomeUnknownError):
        await connect(with_token(answer(body))).contacts.create(properties={"city": "Graz"})


@pytest.mark.parametrize("body", UNREADABLE)
async def test_an_unreadable_token_is_the_servers_fault(body: bytes) -> None:
    with pytest.raises(ServerError):
        await connect(ScriptedTransport(answer(body))).contacts.list()


@pytest.mark.parametrize("body", UNREADABLE)
async def test_an_unreadable_list_of_connectors_is_the_servers_fault(body: bytes) -> None:
    with pytest.raises(ServerError):
        await connect(with_token(answer(body)), connector_id=None).contacts.list()


async def test_a_check_says_what_is_wrong_instead_of_raising() -> None:
    response = problem("reauthorization_required", status=403)
    assert await connect(with_token(response)).check() == CheckResult(
        "unhealthy", "The server says reauthorization_required.", "account", "details", None, []
    )


# ---------------------------------------------------------------- again, and until when


@pytest.mark.requirement("hosted-retries")
@pytest.mark.parametrize(
    ("failure", "least_s", "most_s"),
    [
        pytest.param(problem("unavailable", status=503, retryable=True), 0.25, 0.5, id="retryable"),
        pytest.param(
            msgspec.structs.replace(problem("rate_limited", status=429, retryable=True), headers={"retry-after": "7"}),
            7,
            7,
            id="retryable in 7 s",
        ),
        pytest.param(
            problem("upstream_rate_limited", status=429, retryable=True, retry_after_s=9), 9, 9, id="HubSpot in 9 s"
        ),
        pytest.param(answer(b"<html>", status=502), 0.25, 0.5, id="a gateway"),
        pytest.param(answer(b"<html>", status=503, headers={"retry-after": "5"}), 5, 5, id="a gateway in 5 s"),
        pytest.param(NotSentError("refused"), 0.25, 0.5, id="refused"),
        pytest.param(MaybeSentError("closed"), 0.25, 0.5, id="closed"),
    ],
)
async def test_a_read_is_sent_again_when_that_may_help(
    failure: HttpResponse | TransportError, least_s: float, most_s: float
) -> None:
    assert await connect(with_token(failure, envelope("1"))).contacts.list() == SUCCESS
    assert least_s <= elapsed_s() <= most_s


@pytest.mark.requirement("hosted-retries")
@pytest.mark.parametrize(
    "failure",
    [
        problem("internal_error", status=500),
        problem("invalid_params", status=422),
        problem("upstream_error", status=502, retryable=True),
        answer(b"<html>", status=500),
        msgspec.structs.replace(problem("rate_limited", status=429, retryable=True), headers={"retry-after": "3600"}),
    ],
)
async def test_what_would_not_help_is_not_tried(failure: HttpResponse) -> None:
    with pytest.raises(ConnectorError):
        await connect(with_token(failure)).contacts.list()
    assert elapsed_s() == 0


@pytest.mark.requirement("hosted-retries")
async def test_a_call_is_given_up_after_four_attempts() -> None:
    transport = with_token(*[problem("unavailable", status=503, retryable=True)] * 5)
    with pytest.raises(UnavailableError):
        await connect(transport).contacts.list()
    assert transport.unused == 1


@pytest.mark.parametrize("before", [[], [grant("app-1")]], ids=["no token", "no answer"])
@pytest.mark.parametrize("failure", [NotSentError("refused"), MaybeSentError("closed"), AnswerTimeoutError("slow")])
async def test_a_stopped_server_is_unreachable(before: list[HttpResponse], failure: TransportError) -> None:
    transport = ScriptedTransport(*before, *[failure] * 4)
    with pytest.raises(ServerUnreachableError) as caught:
        await connect(transport).contacts.list()
    assert "https://api.airbyte.ai" in caught.value.message
    assert transport.unused == 0


@pytest.mark.parametrize(("timeout_s", "expected_s"), [(None, 300), (3, 3)])
async def test_a_call_ends_at_its_deadline(timeout_s: float | None, expected_s: float) -> None:
    async def never(_: HttpRequest) -> HttpResponse:
        return await asyncio.Future[HttpResponse]()

    transport = ScriptedTransport(grant("app-1"), never)
    with pytest.raises(UnavailableError):
        await connect(transport, timeout_s=timeout_s).contacts.list()
    assert elapsed_s() == expected_s


# ---------------------------------------------------------------- writes: no operation of the catalog writes yet

CREATE = replace(CATALOG.find("contacts", "list"), effect="write")


async def run(
    transport: ScriptedTransport,
    *,
    connector_id: str | None = "c-1",
    idempotency_key: str | None = "key-1",
    timeout_s: float = 60,
) -> Result:
    executor = HostedExecutor(
        retrier=Retrier(transport),
        base_url="https://agents.test",
        tokens=FixedToken("scoped-1", refused=lambda: reauthorization_required("refused")),
        workspace_name="user-123",
        connector_id=connector_id,
    )
    return await executor.execute(Call(CREATE, {}, timeout_s=timeout_s, idempotency_key=idempotency_key))


@pytest.mark.requirement("write-safety")
async def test_a_write_is_sent_again_under_the_same_key() -> None:
    transport = ScriptedTransport(MaybeSentError("closed"), envelope("1"))
    assert await run(transport) == SUCCESS
    assert [request.headers["idempotency-key"] for request in transport.requests] == ["key-1", "key-1"]


@pytest.mark.requirement("write-safety")
async def test_a_write_without_a_key_is_not_sent_again() -> None:
    transport = ScriptedTransport(MaybeSentError("closed"))
    with pytest.raises(OutcomeUnknownError):
        await run(transport, idempotency_key=None)
    assert "idempotency-key" not in transport.requests[0].headers


@pytest.mark.requirement("write-safety")
async def test_a_write_that_got_lost_once_stays_in_doubt() -> None:
    with pytest.raises(OutcomeUnknownError):
        await run(ScriptedTransport(MaybeSentError("closed"), *[NotSentError("refused")] * 3))


@pytest.mark.requirement("write-safety")
async def test_a_write_that_never_arrived_did_not_happen() -> None:
    with pytest.raises(ServerUnreachableError):
        await run(ScriptedTransport(*[NotSentError("refused")] * 4))


@pytest.mark.requirement("write-safety")
async def test_a_write_whose_connector_could_not_be_looked_up_did_not_happen() -> None:
    with pytest.raises(ServerUnreachableError):
        await run(ScriptedTransport(*[MaybeSentError("closed")] * 4), connector_id=None)


@pytest.mark.requirement("write-safety")
@pytest.mark.parametrize("connector_id", ["c-1", None])
async def test_a_write_at_its_deadline_is_in_doubt_only_once_it_was_sent(connector_id: str | None) -> None:
    async def never(_: HttpRequest) -> HttpResponse:
        return await asyncio.Future[HttpResponse]()

    with pytest.raises(OutcomeUnknownError if connector_id else UnavailableError):
        await run(ScriptedTransport(never), connector_id=connector_id, timeout_s=5)
    assert elapsed_s() == 5
