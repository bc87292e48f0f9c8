"""The connector itself: its life, what it tells about itself, what it never tells."""

from __future__ import annotations

import traceback
from uuid import UUID

import pytest

from airbyte_agent_hubspot import (
    AirbyteAuthConfig,
    ConnectorError,
    HubspotAuthConfig,
    HubspotConnector,
    HubspotPrivateAppAuthConfig,
)
from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot.errors import ConfigurationError, InvalidParamsError, UnknownOperationError
from airbyte_agent_hubspot.models import CheckResult, Contact, Page, PageMeta
from airbyte_agent_hubspot.transports import HttpRequest, HttpResponse, MaybeSentError
from unit.hosted import HostedServer, envelope
from unit.scripted import ScriptedTransport, answer, grant, page, problem

LOCAL = HubspotPrivateAppAuthConfig(private_app_token="pat-1")


def connect(*answers: HttpResponse) -> tuple[HubspotConnector, ScriptedTransport]:
    transport = ScriptedTransport(*answers)
    return HubspotConnector(auth_config=LOCAL, transport=transport), transport


async def test_execute_takes_null_for_no_parameters() -> None:
    connector, transport = connect(page("1"), page("1"))
    assert await connector.execute("contacts", "list", None) == await connector.execute("contacts", "list", {})
    assert transport.requests[0] == transport.requests[1]


@pytest.mark.requirement("unknown-operation")
@pytest.mark.parametrize(("entity", "action"), [("contact", "list"), ("contacts", "lst"), ("", "list")])
async def test_an_unknown_operation_sends_nothing(entity: str, action: str) -> None:
    connector, transport = connect()
    with pytest.raises(UnknownOperationError):
        await connector.execute(entity, action)
    assert transport.requests == []


@pytest.mark.requirement("params-misspelt")
async def test_a_misspelt_parameter_sends_nothing() -> None:
    connector, transport = connect()
    with pytest.raises(InvalidParamsError):
        await connector.execute("contacts", "list", {"limt": 1})
    assert transport.requests == []


@pytest.mark.requirement("write-safety")
async def test_every_write_has_a_key_of_its_own() -> None:
    created = answer({"status": "success", "result": {"id": "1"}, "connector_metadata": {}})
    transport = ScriptedTransport(created, created, envelope("1"))
    connector = HubspotConnector(airbyte_token="scoped-1", connector_id="c-1", transport=transport)
    assert await connector.contacts.create(properties={"city": "Graz"}) == Contact("1")
    await connector.contacts.create(properties={"city": "Graz"})
    await connector.contacts.list()
    keys = [request.headers.get("idempotency-key") for request in transport.requests]
    assert len({UUID(key or "") for key in keys[:2]}) == 2
    assert keys[2] is None


@pytest.mark.requirement("closing")
async def test_leaving_the_connector_closes_its_connections() -> None:
    transport = ScriptedTransport(page("1"))
    async with HubspotConnector(auth_config=LOCAL, transport=transport) as connector:
        assert await connector.contacts.list() == Page([Contact("1")], PageMeta())
        assert transport.closed == 0
    assert transport.closed == 1
    await connector.close()
    with pytest.raises(ConfigurationError):
        await connector.contacts.list()


async def test_a_hosted_connector_closes_its_connections_too() -> None:
    transport = ScriptedTransport(HostedServer("c-1"))
    async with HubspotConnector(airbyte_token="scoped-1", transport=transport) as connector:
        await connector.contacts.list()
    assert transport.closed == 1


async def test_an_unused_connector_has_nothing_to_close() -> None:
    connector, transport = connect()
    await connector.close()
    assert transport.closed == 0


@pytest.mark.requirement("check")
async def test_a_check_names_the_account() -> None:
    connector, transport = connect(answer({"portalId": 24681012}))
    assert await connector.check() == CheckResult("healthy", None, "account", "details", 24681012, [])
    assert transport.paths() == ["GET /account-info/2026-03/details"]


@pytest.mark.requirement("check")
async def test_a_check_says_what_is_wrong_instead_of_raising() -> None:
    missing = {"category": "MISSING_SCOPES", "errors": [{"context": {"requiredGranularScopes": ["oauth"]}}]}
    connector, _ = connect(answer(missing, status=403))
    found = await connector.check()
    assert (found.status, found.hub_id, found.missing_scopes) == ("unhealthy", None, ["oauth"])
    assert found.error is not None
    assert "oauth" in found.error


async def test_a_check_through_a_server_survives_an_error_of_unusual_form() -> None:
    transport = ScriptedTransport(problem("missing_scopes", status=403, errors=[{"field": "scopes"}]))
    found = await HubspotConnector(airbyte_token="scoped-1", connector_id="c-1", transport=transport).check()
    assert (found.status, found.missing_scopes) == ("unhealthy", [])


def test_entities_are_listed_with_their_actions() -> None:
    entities = HubspotConnector(auth_config=LOCAL).list_entities()
    assert entities == [
        {"name": name, "description": sentence, "actions": list(CATALOG.find_entity(name))}
        for name, sentence in CATALOG.entities.items()
        if name != "*"
    ]
    assert entities[-2] == {
        "name": "marketing_emails",
        "description": "Marketing e-mail to single people.",
        "actions": ["single_send", "get"],
    }


def test_an_entity_has_a_schema() -> None:
    connector = HubspotConnector(auth_config=LOCAL)
    schema = connector.entity_schema("tickets")
    assert schema["name"] == "tickets"
    with pytest.raises(UnknownOperationError):
        connector.entity_schema("ticket")


# ---------------------------------------------------------------- secrets

SECRETS = ("s3cret-app", "s3cret-refresh", "s3cret-access", "s3cret-granted", "s3cret-pat", "s3cret-scoped")
OAUTH = HubspotAuthConfig(
    client_id="app-1", client_secret="s3cret-app", refresh_token="s3cret-refresh", access_token="s3cret-access"
)


def shows_a_secret(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


@pytest.mark.requirement("no-secrets-shown")
@pytest.mark.parametrize(
    ("connector", "expected"),
    [
        (
            HubspotConnector(auth_config=OAUTH),
            (
                "HubspotConnector(LocalTarget(base_url='https://api.hubapi.com', auth_config=HubspotAuthConfig("
                "refresh_token=***, client_id='app-1', client_secret=***, access_token=***)))"
            ),
        ),
        (
            HubspotConnector(
                auth_config=AirbyteAuthConfig(airbyte_client_id="id-1", airbyte_client_secret="s3cret-app")
            ),
            (
                "HubspotConnector(HostedTarget(base_url='https://api.airbyte.ai', workspace_name='default', "
                "connector_id=None, organization_id=None, client_id='id-1'))"
            ),
        ),
        (
            HubspotConnector(airbyte_token="s3cret-scoped"),
            (
                "HubspotConnector(HostedTarget(base_url='https://api.airbyte.ai', workspace_name=None, "
                "connector_id=None, organization_id=None, client_id=None))"
            ),
        ),
    ],
)
def test_a_connector_shows_no_secret(connector: HubspotConnector, expected: str) -> None:
    assert repr(connector) == str(connector) == expected


@pytest.mark.requirement("no-secrets-shown")
@pytest.mark.parametrize(
    "answers",
    [
        [answer({}, status=401), grant("s3cret-granted"), answer({}, status=401)],
        [answer({}, status=401), answer({"status": "BAD_REFRESH_TOKEN"}, status=400)],
        [answer({}, status=401), answer({"access_token": "s3cret-granted", "expires_in": "soon"})],
        [answer(b'{"results":1}')] * 4,
        [answer({"message": "no"}, status=400)],
        [MaybeSentError("closed")] * 4,
    ],
)
async def test_an_error_with_all_its_causes_shows_no_secret(answers: list[HttpResponse | MaybeSentError]) -> None:
    connector = HubspotConnector(auth_config=OAUTH, transport=ScriptedTransport(*answers))
    with pytest.raises(ConnectorError) as caught:
        await connector.contacts.list()
    error = caught.value
    shown = [repr(error), str(error), repr(error.errors), repr(error.upstream), *traceback.format_exception(error)]
    assert shows_a_secret("".join(shown)) == []


@pytest.mark.requirement("no-secrets-shown")
async def test_what_holds_a_secret_in_memory_does_not_show_it() -> None:
    transport = ScriptedTransport(grant("s3cret-granted"), page())
    config = HubspotAuthConfig(client_id="app-1", client_secret="s3cret-app", refresh_token="s3cret-refresh")
    connector = HubspotConnector(auth_config=config, transport=transport)
    await connector.contacts.list()
    assert shows_a_secret(repr(transport.requests)) == []
    assert isinstance(transport.requests[0], HttpRequest)
