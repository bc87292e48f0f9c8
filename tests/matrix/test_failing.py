"""What goes wrong, and how it is said: the same locally and hosted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qs, urlsplit

import pytest

from airbyte_agent_hubspot import ConnectorError
from airbyte_agent_hubspot._http import NotSentError
from airbyte_agent_hubspot._wire import HttpResponse
from airbyte_agent_hubspot.errors import (
    InvalidParamsError,
    MissingScopesError,
    OutcomeUnknownError,
    RateLimitedError,
    ReauthorizationRequiredError,
    RecordNotFoundError,
    UnknownOperationError,
    UpstreamRejectedError,
    UpstreamUnavailableError,
)
from hubspot_sandbox.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from airbyte_agent_hubspot import HubspotConnector
    from matrix.conftest import Hubspot

TOKEN_PATH = "/oauth/2026-03/token"
CONTACTS_PATH = "/crm/objects/2026-03/contacts"


async def test_an_unknown_entity_names_the_known_ones_and_sends_nothing(
    connector: HubspotConnector, hubspot: Hubspot
) -> None:
    with pytest.raises(UnknownOperationError) as caught:
        await connector.execute("contact", "list")
    assert caught.value.code == "unknown_operation"
    assert "contacts" in caught.value.message
    assert hubspot.wire.seen == []


@pytest.mark.parametrize(
    ("entity", "action", "says"),
    [
        (None, "list", "The entity must be a text like 'contacts'; given was None."),
        (["contacts"], "list", "The entity must be a text like 'contacts'; given was ['contacts']."),
        ("contacts", None, "The action must be a text like 'list'; given was None."),
        ("", 5, "The action must be a text like 'list'; given was 5."),
    ],
)
async def test_an_entity_or_action_that_is_no_text_is_told(
    connector: HubspotConnector, hubspot: Hubspot, entity: object, action: object, says: str
) -> None:
    with pytest.raises(UnknownOperationError) as caught:
        await connector.execute(cast("str", entity), cast("str", action))
    assert caught.value.message == says
    assert hubspot.wire.seen == []


@pytest.mark.parametrize(
    ("entity", "action", "params"),
    [
        ("objects", "list", {"objectType": "contcts"}),
        ("properties", "list", {"objectType": "Contcts"}),
        ("associations", "list", {"fromObjectType": "contcts", "fromObjectId": "1", "toObjectType": "companies"}),
    ],
)
async def test_a_misspelt_object_type_names_the_one_that_was_meant(
    connector: HubspotConnector, entity: str, action: str, params: dict[str, object]
) -> None:
    with pytest.raises(UpstreamRejectedError) as caught:
        await connector.execute(entity, action, params)
    [error] = caught.value.errors
    assert error.error_code == "unknown_object_type"
    assert error.details["nearest"] == ["contacts"]
    assert "schemas.list" in caught.value.message
    assert caught.value.message.endswith("Did you mean 'contacts'?")


async def test_an_object_type_like_no_other_is_told_where_to_look(connector: HubspotConnector) -> None:
    with pytest.raises(UpstreamRejectedError) as caught:
        await connector.execute("objects", "list", {"objectType": "launch_pads"})
    assert caught.value.message == (
        "HubSpot refused the request: Unable to infer object type from: launch_pads. schemas.list has the account's "
        "own types: name them by objectTypeId or fullyQualifiedName."
    )


async def test_a_page_that_search_does_not_reach_says_what_does(connector: HubspotConnector) -> None:
    with pytest.raises(UpstreamRejectedError) as caught:
        await connector.execute("contacts", "api_search", {"after": "10000", "limit": 100})
    assert [error.error_code for error in caught.value.errors] == ["out_of_reach"]
    assert "contacts.find" in caught.value.message


async def test_an_error_of_the_whole_request_has_no_field_in_either_way_to_run(connector: HubspotConnector) -> None:
    with pytest.raises(RecordNotFoundError) as caught:
        await connector.execute("contacts", "get", {"contactId": "999999999"})
    assert caught.value.errors == ()


@pytest.mark.parametrize(
    ("params", "field", "error_code"),
    [
        ({"limt": 3}, "params.limt", "unknown_param"),
        ({"limit": "three"}, "params.limit", "wrong_type"),
        ({"limit": 101}, "params.limit", "out_of_range"),
    ],
)
async def test_a_wrong_parameter_is_named_and_sends_nothing(
    connector: HubspotConnector, hubspot: Hubspot, params: dict[str, object], field: str, error_code: str
) -> None:
    with pytest.raises(InvalidParamsError) as caught:
        await connector.execute("contacts", "list", params)
    assert caught.value.code == "invalid_params"
    assert [(error.field, error.error_code) for error in caught.value.errors] == [(field, error_code)]
    assert hubspot.wire.seen == []


async def test_a_record_that_is_not_there_is_not_found(connector: HubspotConnector) -> None:
    with pytest.raises(RecordNotFoundError) as caught:
        await connector.contacts.get("999999999999")
    assert caught.value.code == "record_not_found"
    assert caught.value.upstream is not None
    assert caught.value.upstream.status == 404


@pytest.mark.parametrize("action", ["get", "update"])
async def test_an_id_of_another_type_names_that_type(
    connector: HubspotConnector, hubspot: Hubspot, action: str
) -> None:
    company = await connector.companies.create(properties={"name": "Walnut Ltd"})
    hubspot.wire.seen.clear()
    change = {"properties": {"subject": "x"}} if action == "update" else {}
    with pytest.raises(RecordNotFoundError) as caught:
        await connector.execute("tickets", action, {"ticketId": company.id, **change})
    assert caught.value.code == "record_not_found"
    assert f"but one in companies: call companies.{action}" in caught.value.message
    [item] = caught.value.errors
    assert (item.field, item.error_code) == ("params.ticketId", "other_object_type")
    assert item.details == {"object_types": ["companies"]}
    assert caught.value.upstream is not None
    assert caught.value.upstream.status == 404
    asked = [request.url.partition("/2026-03/")[2] for request in hubspot.wire.seen if "/objects/" in request.url]
    assert asked[0] == f"tickets/{company.id}"
    assert sorted(asked[1:]) == [f"{entity}/batch/read" for entity in ("companies", "contacts", "deals")]


async def test_types_that_the_connector_may_not_read_are_not_spoken_of(
    connector: HubspotConnector, hubspot: Hubspot
) -> None:
    company = await connector.companies.create(properties={"name": "Walnut Ltd"})
    forbidden = HttpResponse(403, {"content-type": "application/json"}, b'{"category":"MISSING_SCOPES"}')
    hubspot.wire.answers["/crm/objects/2026-03/companies/batch/read"] = forbidden
    with pytest.raises(RecordNotFoundError) as caught:
        await connector.tickets.get(company.id)
    assert caught.value.code == "record_not_found"
    assert "compan" not in caught.value.message
    assert "other_object_type" not in {item.error_code for item in caught.value.errors}


async def test_an_unknown_object_type_is_rejected_with_hubspots_reason(connector: HubspotConnector) -> None:
    with pytest.raises(UpstreamRejectedError) as caught:
        await connector.objects.list("widgets")
    assert caught.value.code == "upstream_rejected"
    assert "Unable to infer object type from: widgets" in caught.value.message


async def test_a_dead_refresh_token_asks_for_a_new_connection(
    connect: Callable[[], HubspotConnector], hubspot: Hubspot
) -> None:
    hubspot.portal.tokens.revoke(hubspot.config.refresh_token)
    hubspot.portal.tokens.expire_access_tokens()
    async with connect() as connector:
        with pytest.raises(ReauthorizationRequiredError) as caught:
            await connector.contacts.list()
    assert caught.value.code == "reauthorization_required"
    assert not caught.value.retryable


async def test_a_second_401_asks_for_a_new_connection_after_one_refresh(
    connector: HubspotConnector, hubspot: Hubspot
) -> None:
    await connector.contacts.list(limit=1)
    hubspot.wire.seen.clear()
    refused = HttpResponse(401, {"content-type": "application/json"}, b'{"category":"INVALID_AUTHENTICATION"}')
    hubspot.wire.answers[CONTACTS_PATH] = refused
    with pytest.raises(ReauthorizationRequiredError):
        await connector.contacts.list(limit=1)
    assert hubspot.wire.count(TOKEN_PATH) == 1
    assert hubspot.wire.count(CONTACTS_PATH) == 2


async def test_an_expired_access_token_is_replaced_once_for_fifty_calls(
    connector: HubspotConnector, hubspot: Hubspot
) -> None:
    await connector.contacts.list(limit=1)
    hubspot.wire.seen.clear()
    hubspot.portal.tokens.expire_access_tokens()
    pages = await asyncio.gather(*(connector.contacts.list(limit=1) for _ in range(50)))
    assert len({page.data[0].id for page in pages}) == 1
    assert hubspot.wire.count(TOKEN_PATH) == 1


async def test_a_missing_scope_is_named_with_the_way_to_grant_it(
    connector: HubspotConnector, hubspot: Hubspot, mode: str
) -> None:
    hubspot.wire.answers[CONTACTS_PATH] = HttpResponse(
        403,
        {"content-type": "application/json"},
        b'{"status":"error","message":"missing","category":"MISSING_SCOPES","errors":[{"message":"One or more",'
        b'"context":{"requiredGranularScopes":["crm.objects.contacts.read"]}}]}',
    )
    with pytest.raises(MissingScopesError) as caught:
        await connector.contacts.list()
    assert caught.value.code == "missing_scopes"
    details = caught.value.errors[0].details
    assert details["required_scopes"] == ["crm.objects.contacts.read"]
    if mode == "hosted":  # where the server starts the flow
        assert isinstance(details["connector_id"], str)
        return
    page = urlsplit(str(details["consent_url"]))
    asked = parse_qs(page.query)
    assert (page.netloc, asked["client_id"]) == ("app.hubspot.com", [hubspot.config.client_id])
    assert set(asked["scope"][0].split()) == {*(await connector.granted_scopes()).scopes, "crm.objects.contacts.read"}


async def test_a_missing_scope_is_named_even_if_the_granted_ones_cannot_be_had(
    connector: HubspotConnector, hubspot: Hubspot
) -> None:
    hubspot.wire.answers[CONTACTS_PATH] = HttpResponse(403, {}, b'{"category":"MISSING_SCOPES","message":"missing"}')
    await connector.owners.list()
    hubspot.wire.answers["/oauth/2026-03/token/introspect"] = NotSentError("refused")
    with pytest.raises(MissingScopesError) as caught:
        await connector.contacts.list()
    assert caught.value.errors[0].details["required_scopes"] == ["crm.objects.contacts.read"]


async def test_a_daily_limit_is_said_at_once(connector: HubspotConnector, hubspot: Hubspot) -> None:
    hubspot.wire.answers[CONTACTS_PATH] = HttpResponse(
        429,
        {"content-type": "application/json"},
        b'{"status":"error","message":"You have reached your daily limit.","errorType":"RATE_LIMIT",'
        b'"policyName":"DAILY"}',
    )
    with pytest.raises(RateLimitedError) as caught:
        await connector.contacts.list()
    assert caught.value.code == "upstream_rate_limited"
    assert caught.value.upstream is not None
    assert caught.value.upstream.policy == "DAILY"
    # 10:00 UTC of a winter day is 5 hours earlier in the account's time zone.
    assert caught.value.errors[0].details == {"resets_at": "2026-11-24T05:00:00Z"}
    assert caught.value.retry_after_s == 19 * 3600
    assert hubspot.wire.count(CONTACTS_PATH) == 1


async def test_a_daily_limit_that_keeps_the_time_zone_back_is_said_all_the_same(
    connector: HubspotConnector, hubspot: Hubspot
) -> None:
    refused = HttpResponse(429, {}, b'{"message":"You have reached your daily limit.","policyName":"DAILY"}')
    hubspot.wire.answers |= {CONTACTS_PATH: refused, "/account-info/2026-03/details": refused}
    with pytest.raises(RateLimitedError) as caught:
        await connector.contacts.list()
    assert "midnight of the account's time zone" in caught.value.message
    assert caught.value.retry_after_s is None


async def test_a_stopped_hubspot_is_unavailable(connector: HubspotConnector, hubspot: Hubspot) -> None:
    hubspot.wire.answers[CONTACTS_PATH] = NotSentError("refused")
    with pytest.raises(UpstreamUnavailableError) as caught:
        await connector.contacts.list()
    assert caught.value.code == "upstream_unavailable"
    assert caught.value.retryable


async def test_an_answer_that_broke_off_is_asked_for_again(connector: HubspotConnector, hubspot: Hubspot) -> None:
    whole = await connector.contacts.list(limit=2)
    hubspot.wire.seen.clear()
    hubspot.portal.faults.add(Fault(kind="truncated_json", route=CONTACTS_PATH, times=1))
    assert await connector.contacts.list(limit=2) == whole
    assert hubspot.wire.count(CONTACTS_PATH) == 2


async def test_a_create_whose_answer_broke_off_is_done_once_and_says_that_its_outcome_is_unknown(
    connector: HubspotConnector, hubspot: Hubspot
) -> None:
    hubspot.portal.faults.add(Fault(kind="truncated_json", route=CONTACTS_PATH))
    with pytest.raises(OutcomeUnknownError):
        await connector.contacts.create(properties={"email": "broken-off@acme.example"})
    assert hubspot.wire.count(CONTACTS_PATH) == 1


async def test_a_check_of_a_broken_connector_says_why_instead_of_raising(
    connector: HubspotConnector, hubspot: Hubspot
) -> None:
    hubspot.portal.tokens.revoke(hubspot.config.refresh_token)
    hubspot.portal.tokens.expire_access_tokens()
    result = await connector.check()
    assert result.status == "unhealthy"
    assert result.error is not None
    assert "Connect the account again" in result.error


async def test_no_error_shows_a_secret(connect: Callable[[], HubspotConnector], hubspot: Hubspot) -> None:
    hubspot.portal.tokens.revoke(hubspot.config.refresh_token)
    hubspot.portal.tokens.expire_access_tokens()
    async with connect() as connector:
        with pytest.raises(ConnectorError) as caught:
            await connector.deals.list()
    shown = repr(connector) + str(caught.value) + repr(caught.value) + repr(caught.value.errors)
    config = hubspot.config
    assert config.refresh_token not in shown
    assert (config.client_secret or "-") not in shown
