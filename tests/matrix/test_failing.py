"""What goes wrong, and how it is said: the same locally and hosted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from airbyte_agent_hubspot import ConnectorError
from airbyte_agent_hubspot._http import NotSentError
from airbyte_agent_hubspot._wire import HttpResponse
from airbyte_agent_hubspot.errors import (
    InvalidParamsError,
    MissingScopesError,
    RateLimitedError,
    ReauthorizationRequiredError,
    RecordNotFoundError,
    UnknownOperationError,
    UpstreamRejectedError,
    UpstreamUnavailableError,
)

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


async def test_a_missing_scope_is_named(connector: HubspotConnector, hubspot: Hubspot) -> None:
    hubspot.wire.answers[CONTACTS_PATH] = HttpResponse(
        403,
        {"content-type": "application/json"},
        b'{"status":"error","message":"missing","category":"MISSING_SCOPES","errors":[{"message":"One or more",'
        b'"context":{"requiredGranularScopes":["crm.objects.contacts.read"]}}]}',
    )
    with pytest.raises(MissingScopesError) as caught:
        await connector.contacts.list()
    assert caught.value.code == "missing_scopes"
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
    assert hubspot.wire.count(CONTACTS_PATH) == 1


async def test_a_stopped_hubspot_is_unavailable(connector: HubspotConnector, hubspot: Hubspot) -> None:
    hubspot.wire.answers[CONTACTS_PATH] = NotSentError("refused")
    with pytest.raises(UpstreamUnavailableError) as caught:
        await connector.contacts.list()
    assert caught.value.code == "upstream_unavailable"
    assert caught.value.retryable


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
