"""Open source execution over a scripted wire: what is sent, how often, and what comes of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from airbyte_agent_hubspot import HubspotAuthConfig, HubspotConnector, HubspotPrivateAppAuthConfig
from airbyte_agent_hubspot._auth import CachedTokens, ExpiringToken, FixedToken
from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._executor import Call
from airbyte_agent_hubspot._local import LocalExecutor
from airbyte_agent_hubspot._retry import Retrier
from airbyte_agent_hubspot._sansio import reauthorization_required
from airbyte_agent_hubspot.errors import (
    ConnectorError,
    InvalidParamsError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitedError,
    UpstreamError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from airbyte_agent_hubspot.models import Contact, Page, PageMeta
from airbyte_agent_hubspot.transports import (
    AnswerTimeoutError,
    HttpRequest,
    HttpResponse,
    MaybeSentError,
    NotSentError,
    TransportError,
)
from unit.scripted import ScriptedTransport, answer, page, query

if TYPE_CHECKING:
    from airbyte_agent_hubspot._operation import Operation
    from airbyte_agent_hubspot.models import Result

CONTACTS = "GET /crm/objects/2026-03/contacts"
SUCCESS = Page([Contact("1")], PageMeta())
TRANSIENT_STATUSES = [423, 477, 500, 502, 503, 504, 520, 521, 522, 523, 524]
SETTLED_STATUSES = [400, 403, 404, 405, 409, 414, 415, 437, 501, 525, 530]


def connect(transport: ScriptedTransport, *, timeout_s: float | None = None) -> HubspotConnector:
    return HubspotConnector(
        auth_config=HubspotPrivateAppAuthConfig(private_app_token="pat-1"), transport=transport, timeout_s=timeout_s
    )


def elapsed_s() -> float:
    """Seconds since the test began, on the loop's clock."""
    return asyncio.get_running_loop().time()


async def never(_: HttpRequest) -> HttpResponse:
    return await asyncio.Future[HttpResponse]()


async def test_a_call_is_one_request_with_the_token() -> None:
    transport = ScriptedTransport(page("1"))
    assert await connect(transport).contacts.list(limit=1, properties=["email", "city"]) == SUCCESS
    assert transport.requests == [
        HttpRequest(
            "GET",
            "https://api.hubapi.com/crm/objects/2026-03/contacts?limit=1&properties=email%2Ccity",
            {"authorization": "Bearer pat-1", "accept": "application/json"},
        )
    ]


@pytest.mark.parametrize(
    ("api_version", "path"),
    [("v3", "/crm/v3/objects/contacts"), ("2026-09", "/crm/objects/2026-09/contacts")],
)
async def test_the_version_chooses_the_path(api_version: str, path: str) -> None:
    transport = ScriptedTransport(page())
    connector = HubspotConnector(
        auth_config=HubspotPrivateAppAuthConfig(private_app_token="pat-1"),
        transport=transport,
        api_version=api_version,
        base_url="http://127.0.0.1:8765/",
    )
    await connector.contacts.list()
    assert transport.requests[0].url == f"http://127.0.0.1:8765{path}"


@pytest.mark.requirement("retry-reads")
@pytest.mark.parametrize("status", TRANSIENT_STATUSES)
async def test_a_read_is_sent_again_after_a_passing_failure(status: int) -> None:
    transport = ScriptedTransport(answer(b"<html>busy</html>", status=status), page("1"))
    assert await connect(transport).contacts.list() == SUCCESS
    assert transport.paths() == [CONTACTS, CONTACTS]
    assert 0.25 <= elapsed_s() <= 0.5


@pytest.mark.requirement("retry-reads")
@pytest.mark.parametrize("failure", [NotSentError("refused"), MaybeSentError("closed"), AnswerTimeoutError("slow")])
async def test_a_read_is_sent_again_when_no_answer_came(failure: TransportError) -> None:
    transport = ScriptedTransport(failure, page("1"))
    assert await connect(transport).contacts.list() == SUCCESS
    assert 0.25 <= elapsed_s() <= 0.5


@pytest.mark.requirement("retry-reads")
@pytest.mark.parametrize("status", [429, *TRANSIENT_STATUSES])
async def test_the_stated_wait_wins_over_the_back_off(status: int) -> None:
    transport = ScriptedTransport(answer({}, status=status, headers={"retry-after": "7"}), page("1"))
    assert await connect(transport).contacts.list() == SUCCESS
    assert elapsed_s() == 7


async def test_a_rate_limit_without_a_stated_wait_is_waited_for_longer_each_time() -> None:
    limit = answer({"policyName": "TEN_SECONDLY_ROLLING"}, status=429)
    transport = ScriptedTransport(limit, limit, limit, page("1"))
    assert await connect(transport).contacts.list() == SUCCESS
    assert 0.5 + 1 + 2 <= elapsed_s() <= 1 + 2 + 4


async def test_a_stated_wait_that_is_no_number_is_ignored() -> None:
    stated = {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}
    transport = ScriptedTransport(answer({}, status=503, headers=stated), page("1"))
    assert await connect(transport).contacts.list() == SUCCESS
    assert elapsed_s() <= 0.5


@pytest.mark.parametrize(
    ("failure", "error_class"),
    [
        (answer({"message": "busy"}, status=429), RateLimitedError),
        (answer({"message": "oops"}, status=500), UpstreamError),
        (answer({"message": "down"}, status=503), UpstreamUnavailableError),
        (NotSentError("refused"), UpstreamUnavailableError),
        (MaybeSentError("closed"), UpstreamUnavailableError),
        (AnswerTimeoutError("slow"), UpstreamTimeoutError),
    ],
)
async def test_a_read_is_given_up_after_four_attempts(
    failure: HttpResponse | TransportError, error_class: type[ConnectorError]
) -> None:
    transport = ScriptedTransport(*[failure] * 5)
    with pytest.raises(ConnectorError) as caught:
        await connect(transport).contacts.list()
    assert type(caught.value) is error_class
    assert caught.value.retryable
    assert transport.unused == 1


@pytest.mark.parametrize("status", SETTLED_STATUSES)
async def test_other_failures_are_final(status: int) -> None:
    transport = ScriptedTransport(answer({"message": "no"}, status=status))
    with pytest.raises(ConnectorError):
        await connect(transport).contacts.list()
    assert elapsed_s() == 0


@pytest.mark.requirement("daily-limit")
async def test_a_daily_limit_is_said_at_once() -> None:
    refused = answer({"message": "You have reached your daily limit.", "policyName": "DAILY"}, status=429)
    transport = ScriptedTransport(refused, refused)  # the call, and the look for the account's time zone
    with pytest.raises(RateLimitedError) as caught:
        await connect(transport).contacts.list()
    assert caught.value.upstream is not None
    assert caught.value.upstream.policy == "DAILY"
    assert elapsed_s() == 0


@pytest.mark.requirement("deadline")
@pytest.mark.parametrize(
    ("status", "error_class"),
    [(429, RateLimitedError), (477, UpstreamUnavailableError), (503, UpstreamUnavailableError)],
)
async def test_a_wait_longer_than_the_deadline_is_said_at_once(status: int, error_class: type[ConnectorError]) -> None:
    transport = ScriptedTransport(answer({}, status=status, headers={"retry-after": "86400"}))
    with pytest.raises(error_class) as caught:
        await connect(transport).contacts.list()
    assert caught.value.retry_after_s == 86400
    assert elapsed_s() == 0


@pytest.mark.requirement("deadline")
async def test_a_call_ends_at_its_deadline() -> None:
    with pytest.raises(UpstreamTimeoutError):
        await connect(ScriptedTransport(never), timeout_s=3).contacts.list()
    assert elapsed_s() == 3


@pytest.mark.requirement("deadline")
async def test_attempts_share_one_deadline() -> None:
    async def fail_after_4_s(_: HttpRequest) -> HttpResponse:
        await asyncio.sleep(4)
        return answer({}, status=500)

    transport = ScriptedTransport(fail_after_4_s)
    with pytest.raises(UpstreamTimeoutError):
        await connect(transport, timeout_s=10).contacts.list()
    assert elapsed_s() == 10
    assert len(transport.requests) == 3


async def test_a_cancelled_call_is_cancelled_on_the_wire() -> None:
    seen: list[str] = []

    async def watch(_: HttpRequest) -> HttpResponse:
        try:
            return await asyncio.Future[HttpResponse]()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    call = asyncio.create_task(connect(ScriptedTransport(watch)).contacts.list())
    await asyncio.sleep(1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert seen == ["cancelled"]


UNREADABLE = [
    b"",
    b"<html>",
    b'{"results":',
    b'{"results":{}}',
    b'{"results":[{}]}',
    b'{"results":[{"id":"\xff"}]}',
    b"[]",
]


@pytest.mark.requirement("retry-reads")
@pytest.mark.parametrize("body", UNREADABLE)
async def test_a_read_whose_answer_of_success_is_unreadable_is_sent_again(body: bytes) -> None:
    transport = ScriptedTransport(answer(body), answer(body), page("1"))
    assert [contact.id for contact in await connect(transport).contacts.list()] == ["1"]
    assert transport.unused == 0


@pytest.mark.requirement("retry-reads")
@pytest.mark.parametrize("body", UNREADABLE)
async def test_an_answer_that_stays_unreadable_is_an_error_of_hubspot_after_four_requests(body: bytes) -> None:
    transport = ScriptedTransport(*[answer(body)] * 4)
    with pytest.raises(UpstreamError) as caught:
        await connect(transport).contacts.list()
    assert type(caught.value) is UpstreamError
    assert transport.unused == 0


async def test_after_an_unreadable_answer_the_last_answer_counts() -> None:
    refused = answer({"message": "no"}, status=403)
    with pytest.raises(PermissionDeniedError):
        await connect(ScriptedTransport(answer(b""), refused)).contacts.list()


@pytest.mark.requirement("deadline")
async def test_an_unreadable_answer_is_not_waited_for_past_the_deadline() -> None:
    transport = ScriptedTransport(answer(b"<html>"))
    with pytest.raises(UpstreamError):
        await connect(transport, timeout_s=0.1).contacts.list()
    assert elapsed_s() == 0


async def test_an_address_longer_than_hubspot_takes_is_refused_before_it_is_sent() -> None:
    transport = ScriptedTransport(answer({"message": "too long"}, status=414))
    connector = connect(transport)
    with pytest.raises(InvalidParamsError) as unsent:
        await connector.contacts.list(properties=[f"property_{number}" for number in range(2000)])
    assert transport.requests == []
    with pytest.raises(InvalidParamsError) as sent:
        await connector.contacts.list(properties=[f"property_{number}" for number in range(1000)])
    assert query(transport.requests[0])["properties"].startswith("property_0,property_1,")
    assert unsent.value.message == sent.value.message


# ---------------------------------------------------------------- writes

CREATE = CATALOG.find("contacts", "create")
UPDATE = CATALOG.find("contacts", "update")
PARAMS: dict[str, object] = {"contactId": 7, "properties": {"city": "Graz"}}
WRITTEN = answer({"id": "7"})


async def run(operation: Operation, transport: ScriptedTransport, *, timeout_s: float = 60) -> Result:
    executor = LocalExecutor(
        retrier=Retrier(transport),
        base_url="https://hubspot.test",
        tokens=FixedToken("pat-1", refused=lambda: reauthorization_required("refused")),
        version="2026-03",
    )
    return await executor.execute(Call(operation, PARAMS, timeout_s=timeout_s))


@pytest.mark.requirement("write-safety")
@pytest.mark.parametrize("proof", [*(answer({}, status=status) for status in (423, 429, 477)), NotSentError("refused")])
async def test_a_write_is_sent_again_when_it_certainly_did_not_happen(proof: HttpResponse | NotSentError) -> None:
    transport = ScriptedTransport(proof, WRITTEN)
    assert await run(CREATE, transport) == Contact("7")
    assert transport.unused == 0


@pytest.mark.requirement("write-safety")
@pytest.mark.parametrize(
    "doubt",
    [
        *[answer({}, status=status) for status in (500, 502, 503, 504, 520, 522, 530)],
        MaybeSentError("closed"),
        AnswerTimeoutError("slow"),
        answer(b"<html>"),
    ],
)
async def test_a_write_of_unknown_outcome_is_not_sent_again(doubt: HttpResponse | TransportError) -> None:
    transport = ScriptedTransport(doubt)
    with pytest.raises(OutcomeUnknownError) as caught:
        await run(CREATE, transport)
    assert not caught.value.retryable
    assert elapsed_s() == 0


@pytest.mark.requirement("write-safety")
@pytest.mark.parametrize("status", [423, 477])
async def test_a_write_to_a_locked_account_did_not_happen(status: int) -> None:
    transport = ScriptedTransport(*[answer({}, status=status)] * 4)
    with pytest.raises(UpstreamUnavailableError):
        await run(CREATE, transport)
    assert transport.unused == 0


@pytest.mark.requirement("write-safety")
@pytest.mark.parametrize(
    "doubt", [answer({}, status=502), MaybeSentError("closed"), AnswerTimeoutError("slow"), answer(b"<html>")]
)
async def test_a_write_that_may_be_repeated_is(doubt: HttpResponse | TransportError) -> None:
    assert await run(UPDATE, ScriptedTransport(doubt, WRITTEN)) == Contact("7")


@pytest.mark.requirement("write-safety")
async def test_a_write_under_way_at_the_deadline_has_an_unknown_outcome() -> None:
    with pytest.raises(OutcomeUnknownError):
        await run(CREATE, ScriptedTransport(never), timeout_s=5)
    assert elapsed_s() == 5


@pytest.mark.requirement("write-safety")
async def test_a_write_that_still_waited_for_its_token_did_not_happen() -> None:
    async def fetch() -> ExpiringToken:
        return await asyncio.Future[ExpiringToken]()

    executor = LocalExecutor(
        retrier=Retrier(ScriptedTransport()),
        base_url="https://hubspot.test",
        tokens=CachedTokens(fetch, now_s=lambda: 0),
        version="2026-03",
    )
    with pytest.raises(UpstreamTimeoutError):
        await executor.execute(Call(CREATE, PARAMS, timeout_s=5))
    await executor.close()


@pytest.mark.requirement("write-safety")
async def test_a_write_whose_token_could_not_be_fetched_did_not_happen() -> None:
    config = HubspotAuthConfig(client_id="app", client_secret="s", refresh_token="r")
    transport = ScriptedTransport(*[MaybeSentError("closed")] * 4)
    executor = HubspotConnector(auth_config=config, transport=transport)._open()
    with pytest.raises(UpstreamUnavailableError):
        await executor.execute(Call(CREATE, PARAMS))
