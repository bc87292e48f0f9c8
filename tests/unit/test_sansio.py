"""What each of HubSpot's answers of failure means: class, code, fields and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbyte_agent_hubspot import HubspotConnector, HubspotPrivateAppAuthConfig
from airbyte_agent_hubspot._sansio import MAX_ATTEMPTS, back_off_s, read_retry_after_s, wait_before_retry
from airbyte_agent_hubspot.errors import (
    ConnectorError,
    InvalidParamsError,
    MissingScopesError,
    PermissionDeniedError,
    RateLimitedError,
    RecordExistsError,
    RecordNotFoundError,
    Upstream,
    UpstreamError,
    UpstreamRejectedError,
    UpstreamUnavailableError,
)
from unit.scripted import ScriptedTransport, answer

if TYPE_CHECKING:
    from airbyte_agent_hubspot.transports import HttpResponse

SCOPES_PAGE = "https://developers.hubspot.com/scopes"
COLOUR = 'Property "colour" does not exist'
EXISTS = "Contact already exists. Existing ID: 601200300401"


@dataclass(frozen=True)
class Case:
    """One of HubSpot's answers and what it becomes."""

    name: str
    answer: HttpResponse
    error: type[ConnectorError]
    code: str
    says: str
    errors: tuple[tuple[str, str, dict[str, object]], ...] = ()
    upstream: Upstream | None = None

    @property
    def expected_upstream(self) -> Upstream:
        return self.upstream or Upstream(self.answer.status)


def said(
    message: str, *, status: int, category: str | None = None, correlation_id: str = "c-1", **more: object
) -> HttpResponse:
    body = {"status": "error", "message": message, "correlationId": correlation_id, **more}
    return answer(body if category is None else {**body, "category": category}, status=status)


CASES = [
    Case(
        "an unknown property",
        said(
            'Property values were not valid: [{"isValid":false}]',
            status=400,
            category="VALIDATION_ERROR",
            errors=[
                {"message": COLOUR, "code": "PROPERTY_DOESNT_EXIST", "context": {"propertyName": ["colour"]}},
                {"message": "asd000 was not a valid long.", "error": "INVALID_LONG"},
                {"context": {"propertyName": ["silent"]}},
                {"message": "Something is odd."},
            ],
        ),
        UpstreamRejectedError,
        "upstream_rejected",
        COLOUR,
        (
            ("params.properties.colour", "property_doesnt_exist", {"propertyName": ["colour"]}),
            ("params.properties", "invalid_long", {}),
            ("params.properties", "rejected", {}),
        ),
        Upstream(400, "VALIDATION_ERROR", "c-1"),
    ),
    Case(
        "broken JSON",
        said(
            "Invalid input JSON on line 1, column 1: Some required fields were not set: [inputs]",
            status=400,
            category="VALIDATION_ERROR",
        ),
        UpstreamRejectedError,
        "upstream_rejected",
        "Some required fields were not set: [inputs]",
        upstream=Upstream(400, "VALIDATION_ERROR", "c-1"),
    ),
    Case(
        "an unknown object type",
        said("Unable to infer object type from: widgets", status=400),
        UpstreamRejectedError,
        "upstream_rejected",
        "Unable to infer object type from: widgets. schemas.list has the account's own types",
        (("params", "unknown_object_type", {"given": "widgets"}),),
        upstream=Upstream(400, None, "c-1"),
    ),
    Case(
        "a missing scope",
        said(
            f"This app hasn't been granted all required scopes. Read more here: {SCOPES_PAGE}.",
            status=403,
            category="MISSING_SCOPES",
            errors=[
                {
                    "message": "One or more of the following scopes are required.",
                    "context": {"requiredGranularScopes": ["crm.objects.deals.read", "crm.schemas.deals.read"]},
                }
            ],
            links={"scopes": SCOPES_PAGE},
        ),
        MissingScopesError,
        "missing_scopes",
        "crm.objects.deals.read, crm.schemas.deals.read",
        (
            (
                "scopes",
                "missing_scopes",
                {"required_scopes": ["crm.objects.deals.read", "crm.schemas.deals.read"]},
            ),
        ),
        Upstream(403, "MISSING_SCOPES", "c-1"),
    ),
    Case(
        "a missing scope in the older form",
        said("no", status=403, errors=[{"message": "all", "context": {"requiredScopes": ["contacts"]}}]),
        MissingScopesError,
        "missing_scopes",
        "contacts",
        (("scopes", "missing_scopes", {"required_scopes": ["contacts"]}),),
        Upstream(403, None, "c-1"),
    ),
    Case(
        "a missing scope that HubSpot does not name",
        said("no", status=403, category="MISSING_SCOPES"),
        MissingScopesError,
        "missing_scopes",
        "crm.objects.contacts.read",
        (("scopes", "missing_scopes", {"required_scopes": ["crm.objects.contacts.read"]}),),
        Upstream(403, "MISSING_SCOPES", "c-1"),
    ),
    Case(
        "a user without permission",
        said("The user left.", status=403, category="USER_DOES_NOT_HAVE_PERMISSIONS"),
        PermissionDeniedError,
        "permission_denied",
        "The user left.",
        upstream=Upstream(403, "USER_DOES_NOT_HAVE_PERMISSIONS", "c-1"),
    ),
    Case(
        "an unknown id",
        said("resource not found", status=404),
        RecordNotFoundError,
        "record_not_found",
        "resource not found",
        upstream=Upstream(404, None, "c-1"),
    ),
    Case(
        "an id that is no number",
        said(
            "Object not found.  objectId are usually numeric.",
            status=404,
            category="OBJECT_NOT_FOUND",
            context={"id": ["abc"]},
        ),
        RecordNotFoundError,
        "record_not_found",
        "objectId are usually numeric",
        upstream=Upstream(404, "OBJECT_NOT_FOUND", "c-1"),
    ),
    Case(
        "a contact that exists",
        said(EXISTS, status=409, category="CONFLICT"),
        RecordExistsError,
        "record_exists",
        "Update record 601200300401",
        (("params", "record_exists", {"existing_id": "601200300401"}),),
        Upstream(409, "CONFLICT", "c-1"),
    ),
    Case(
        "a name that is taken",
        said("A property named 'x' already exists.", status=409, category="OBJECT_ALREADY_EXISTS"),
        RecordExistsError,
        "record_exists",
        "A property named 'x' already exists.",
        (("params", "record_exists", {}),),
        Upstream(409, "OBJECT_ALREADY_EXISTS", "c-1"),
    ),
    Case(
        "an address that is too long",
        answer(b"", status=414),
        InvalidParamsError,
        "invalid_params",
        "fewer properties",
    ),
    Case("a wrong method", answer(b"<html>405</html>", status=405), UpstreamRejectedError, "upstream_rejected", "405"),
    Case(
        "one label too many",
        said("no more labels", status=437, category="VALIDATION_ERROR"),
        UpstreamRejectedError,
        "upstream_rejected",
        "no more labels",
        upstream=Upstream(437, "VALIDATION_ERROR", "c-1"),
    ),
    Case(
        "a lock",
        answer({"message": "locked"}, status=423),
        UpstreamUnavailableError,
        "upstream_unavailable",
        "locked",
    ),
    Case("a migration", answer(b"", status=477), UpstreamUnavailableError, "upstream_unavailable", "HTTP 477"),
    Case(
        "a burst",
        answer(
            {
                "status": "error",
                "message": "You have reached your ten_secondly_rolling limit.",
                "errorType": "RATE_LIMIT",
                "correlationId": "c-1",
                "policyName": "TEN_SECONDLY_ROLLING",
            },
            status=429,
        ),
        RateLimitedError,
        "upstream_rate_limited",
        "TEN_SECONDLY_ROLLING",
        upstream=Upstream(429, None, "c-1", "TEN_SECONDLY_ROLLING"),
    ),
    Case(
        "the daily limit",
        said("You have reached your daily limit.", status=429, policyName="DAILY", errorType="RATE_LIMIT"),
        RateLimitedError,
        "upstream_rate_limited",
        "midnight",
        upstream=Upstream(429, None, "c-1", "DAILY"),
    ),
    Case(
        "too many searches",
        said("You have reached your secondly limit.", status=429, category="RATE_LIMITS"),
        RateLimitedError,
        "upstream_rate_limited",
        "secondly limit",
        upstream=Upstream(429, "RATE_LIMITS", "c-1"),
    ),
    Case(
        "a failure",
        said("internal error", status=500, category="INTERNAL_ERROR"),
        UpstreamError,
        "upstream_error",
        "internal error",
        upstream=Upstream(500, "INTERNAL_ERROR", "c-1"),
    ),
    Case("a bad gateway", answer(b"", status=502), UpstreamError, "upstream_error", "HTTP 502"),
    Case("an overload", answer(b"", status=503), UpstreamUnavailableError, "upstream_unavailable", "HTTP 503"),
    Case("a page of Cloudflare", answer(b"<html>", status=520), UpstreamError, "upstream_error", "HTTP 520"),
    Case("a host that is down", answer(b"<html>", status=521), UpstreamUnavailableError, "upstream_unavailable", "521"),
    Case("a malformed token", answer(b"<html>", status=530), UpstreamUnavailableError, "upstream_unavailable", "530"),
    Case(
        "an envelope with odd members",
        answer({"message": "odd", "errors": "none", "category": 5}, status=400),
        UpstreamRejectedError,
        "upstream_rejected",
        "odd",
    ),
    Case(
        "a message that is none", answer({"message": 7}, status=400), UpstreamRejectedError, "upstream_rejected", "400"
    ),
    Case(
        "text that is none", answer(b'{"message":"\xff"}', status=400), UpstreamRejectedError, "upstream_rejected", ""
    ),
]


@pytest.mark.requirement("hubspot-errors")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_an_answer_of_failure_becomes_an_error_of_its_own(case: Case) -> None:
    connector = HubspotConnector(
        auth_config=HubspotPrivateAppAuthConfig(private_app_token="pat-1"),
        transport=ScriptedTransport(*[case.answer] * MAX_ATTEMPTS),
        api_version="v3",
    )
    with pytest.raises(ConnectorError) as caught:
        await connector.contacts.list()
    error = caught.value
    assert (type(error), error.code) == (case.error, case.code)
    assert case.says in error.message
    assert tuple((item.field, item.error_code, item.details) for item in error.errors) == case.errors
    assert error.upstream == case.expected_upstream


def retry_after(text: str) -> float | None:
    return read_retry_after_s(answer(headers={"retry-after": text}))


def test_a_stated_wait_is_a_number_of_seconds_and_never_negative() -> None:
    assert [retry_after(text) for text in ("0", "1.5", "-3", "soon", "")] == [0.0, 1.5, 0.0, None, None]


@given(attempt=st.integers(1, 1000), jitter=st.floats(0, 1, exclude_max=True))
def test_the_back_off_doubles_from_half_a_second_to_eight(attempt: int, jitter: float) -> None:
    ceiling = min(8, 0.5 * 2 ** (attempt - 1))
    assert ceiling / 2 <= back_off_s(attempt, lambda: jitter) <= ceiling


@given(status=st.integers(400, 599), resendable=st.booleans())
def test_nothing_is_sent_a_fifth_time(status: int, *, resendable: bool) -> None:
    wait_s = wait_before_retry(answer(status=status), attempt=MAX_ATTEMPTS, resendable=resendable, jitter=lambda: 0)
    assert wait_s is None


@pytest.mark.requirement("write-safety")
@given(status=st.integers(400, 599), attempt=st.integers(1, MAX_ATTEMPTS - 1))
def test_what_must_not_happen_twice_is_sent_again_only_when_hubspot_has_not_acted(status: int, attempt: int) -> None:
    wait_s = wait_before_retry(answer(status=status), attempt=attempt, resendable=False, jitter=lambda: 0)
    assert (wait_s is not None) == (status in {423, 429, 477})  # a lock, a limit, a migration
