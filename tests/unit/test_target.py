"""Constructor forms, variables of the environment and rules for addresses: where a call goes, and as whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict
from urllib.parse import urlsplit

import pytest

from airbyte_agent_hubspot import (
    AirbyteAuthConfig,
    HubspotAuthConfig,
    HubspotConnector,
    HubspotPrivateAppAuthConfig,
)
from airbyte_agent_hubspot.errors import ConfigurationError
from unit.hosted import HostedServer
from unit.scripted import ScriptedTransport, json_body, page, query

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airbyte_agent_hubspot.transports import HttpRequest

VARIABLES = (
    "AIRBYTE_API_URL",
    "AIRBYTE_API_HOST",
    "SDK_DEV_ADP_API_HOST",
    "AIRBYTE_CLIENT_ID",
    "AIRBYTE_CLIENT_SECRET",
    "AIRBYTE_ORGANIZATION_ID",
    "HUBSPOT_API_URL",
)


class Pair(TypedDict):
    """The client pair of an organization."""

    airbyte_client_id: str
    airbyte_client_secret: str


class Workspace(TypedDict, total=False):
    """The names of a workspace."""

    workspace_name: str
    external_user_id: str
    customer_name: str


PAIR = Pair(airbyte_client_id="id-1", airbyte_client_secret="secret-1")
LOCAL = HubspotPrivateAppAuthConfig(private_app_token="pat-1")
DEFINITION_ID = "36c891d9-4bd9-43ac-bad2-10e12756272c"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@dataclass(frozen=True)
class Seen:
    """What a hosted server sees of one call."""

    base_url: str
    pair: object
    looked_up: str | None
    connector_id: str
    bearer: str
    organization_id: str | None = None


async def see(connect: Callable[[ScriptedTransport], HubspotConnector]) -> Seen:
    transport = ScriptedTransport(HostedServer("c-1"))
    await connect(transport).contacts.list()
    by_kind: dict[str, HttpRequest] = {}
    for request in transport.requests:
        path = urlsplit(request.url).path
        by_kind["token" if path.endswith("/token") else "list" if path.endswith("/connectors") else "execute"] = request
    if "list" in by_kind:
        assert query(by_kind["list"])["definition_id"] == DEFINITION_ID
    execute = by_kind["execute"]
    base_url, _, tail = execute.url.partition("/api/v1/")
    return Seen(
        base_url,
        json_body(by_kind["token"]) if "token" in by_kind else None,
        query(by_kind["list"]).get("workspace_name", "(the token's own)") if "list" in by_kind else None,
        tail.split("/")[2],
        execute.headers["authorization"].removeprefix("Bearer "),
        execute.headers.get("x-organization-id"),
    )


HOSTED = Seen("https://api.airbyte.ai", {"client_id": "id-1", "client_secret": "secret-1"}, "user-123", "c-1", "app-1")


@pytest.mark.requirement("constructor-forms")
@pytest.mark.parametrize(
    "workspace",
    [
        Workspace(external_user_id="user-123"),
        Workspace(workspace_name="user-123"),
        Workspace(customer_name="user-123"),
        Workspace(external_user_id="user-123", workspace_name="user-123"),
    ],
)
async def test_three_names_of_a_workspace_mean_the_same(workspace: Workspace) -> None:
    assert await see(lambda transport: HubspotConnector(**PAIR, **workspace, transport=transport)) == HOSTED
    config = AirbyteAuthConfig(**PAIR, **workspace)
    assert await see(lambda transport: HubspotConnector(auth_config=config, transport=transport)) == HOSTED


@pytest.mark.requirement("constructor-forms")
async def test_a_given_connector_is_not_looked_up() -> None:
    seen = await see(lambda transport: HubspotConnector(**PAIR, connector_id="c-1", transport=transport))
    assert seen == Seen(HOSTED.base_url, HOSTED.pair, None, "c-1", "app-1")
    config = AirbyteAuthConfig(**PAIR, workspace_name="user-123", connector_id="c-1")
    assert await see(lambda transport: HubspotConnector(auth_config=config, transport=transport)) == seen


@pytest.mark.requirement("constructor-forms")
async def test_a_config_that_names_no_workspace_means_the_default_one() -> None:
    seen = await see(lambda transport: HubspotConnector(auth_config=AirbyteAuthConfig(**PAIR), transport=transport))
    assert seen.looked_up == "default"


@pytest.mark.requirement("constructor-forms")
async def test_a_config_class_of_the_same_name_from_elsewhere_is_understood() -> None:
    class AirbyteAuthConfig:
        airbyte_client_id = "id-1"
        airbyte_client_secret = "secret-1"
        external_user_id = "user-123"
        workspace_name = None
        organization_id = "org-1"

    foreign: object = AirbyteAuthConfig()
    seen = await see(
        lambda transport: HubspotConnector(auth_config=foreign, transport=transport)  # type: ignore[arg-type]
    )
    assert seen == Seen(HOSTED.base_url, HOSTED.pair, "user-123", "c-1", "app-1", "org-1")


@pytest.mark.requirement("constructor-forms")
async def test_a_token_stands_in_for_the_pair() -> None:
    seen = await see(lambda transport: HubspotConnector(airbyte_token="scoped-1", transport=transport))
    assert seen == Seen("https://api.airbyte.ai", None, "(the token's own)", "c-1", "scoped-1")


@pytest.mark.requirement("constructor-forms")
async def test_a_token_may_come_from_a_function() -> None:
    async def mint() -> str:
        return "scoped-1"

    seen = await see(
        lambda transport: HubspotConnector(airbyte_token=mint, external_user_id="user-123", transport=transport)
    )
    assert seen == Seen("https://api.airbyte.ai", None, "user-123", "c-1", "scoped-1")


@pytest.mark.requirement("constructor-forms")
async def test_hubspots_credentials_mean_open_source_execution(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AIRBYTE_CLIENT_ID", "AIRBYTE_CLIENT_SECRET", "AIRBYTE_API_URL"):
        monkeypatch.setenv(name, "ignored")
    oauth = HubspotAuthConfig(refresh_token="r", access_token="a")
    for config in (oauth, LOCAL):
        transport = ScriptedTransport(page())
        await HubspotConnector(auth_config=config, transport=transport).contacts.list()
        assert transport.requests[0].url == "https://api.hubapi.com/crm/objects/2026-03/contacts"


@pytest.mark.requirement("environment")
async def test_the_environment_fills_what_arguments_leave_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRBYTE_CLIENT_ID", "id-env")
    monkeypatch.setenv("AIRBYTE_CLIENT_SECRET", "secret-env")
    monkeypatch.setenv("AIRBYTE_ORGANIZATION_ID", "org-env")
    seen = await see(lambda transport: HubspotConnector(external_user_id="u", transport=transport))
    assert (seen.pair, seen.organization_id) == ({"client_id": "id-env", "client_secret": "secret-env"}, "org-env")
    empty = Pair(airbyte_client_id="", airbyte_client_secret="")
    again = await see(
        lambda transport: HubspotConnector(external_user_id="u", **empty, organization_id="", transport=transport)
    )
    assert again == seen
    seen = await see(
        lambda transport: HubspotConnector(external_user_id="u", **PAIR, organization_id="org-1", transport=transport)
    )
    assert (seen.pair, seen.organization_id) == (HOSTED.pair, "org-1")


@pytest.mark.requirement("environment")
@pytest.mark.parametrize(
    ("variables", "base_url", "expected"),
    [
        ({}, None, "https://api.airbyte.ai"),
        ({"SDK_DEV_ADP_API_HOST": "https://c.example"}, None, "https://c.example"),
        (
            {"SDK_DEV_ADP_API_HOST": "https://c.example", "AIRBYTE_API_HOST": "https://b.example"},
            None,
            "https://b.example",
        ),
        ({"AIRBYTE_API_HOST": "https://b.example", "AIRBYTE_API_URL": "https://a.example"}, None, "https://a.example"),
        ({"AIRBYTE_API_HOST": "https://b.example", "AIRBYTE_API_URL": ""}, None, "https://b.example"),
        ({"AIRBYTE_API_URL": "https://a.example"}, "https://given.example", "https://given.example"),
        ({"HUBSPOT_API_URL": "https://hubspot.example"}, None, "https://api.airbyte.ai"),
    ],
)
async def test_the_servers_address_comes_from_the_first_place_that_has_one(
    monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str], base_url: str | None, expected: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    seen = await see(
        lambda transport: HubspotConnector(**PAIR, external_user_id="u", base_url=base_url, transport=transport)
    )
    assert seen.base_url == expected


@pytest.mark.requirement("environment")
@pytest.mark.parametrize("base_url", [None, "https://given.example"])
async def test_hubspots_address_comes_from_the_argument_or_the_environment(
    monkeypatch: pytest.MonkeyPatch, base_url: str | None
) -> None:
    monkeypatch.setenv("HUBSPOT_API_URL", "http://localhost:8765")
    transport = ScriptedTransport(page())
    await HubspotConnector(auth_config=LOCAL, base_url=base_url, transport=transport).contacts.list()
    assert transport.requests[0].url == f"{base_url or 'http://localhost:8765'}/crm/objects/2026-03/contacts"


@pytest.mark.requirement("address-rules")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://agents.example/", "https://agents.example"),
        ("https://agents.example/api/v1", "https://agents.example"),
        ("https://agents.example/api/v1/", "https://agents.example"),
        ("https://agents.example/v1/", "https://agents.example"),
        ("https://example.com/agents/v1", "https://example.com/agents"),
        (" https://agents.example:8443\n", "https://agents.example:8443"),
        ("HTTPS://agents.example", "HTTPS://agents.example"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://LocalHost", "http://LocalHost"),
        ("http://[::1]:8080/api/v1", "http://[::1]:8080"),
    ],
)
async def test_an_address_is_taken_without_the_ends_that_people_paste_along(given: str, expected: str) -> None:
    seen = await see(
        lambda transport: HubspotConnector(**PAIR, external_user_id="u", base_url=given, transport=transport)
    )
    assert seen.base_url == expected


@pytest.mark.requirement("address-rules")
@pytest.mark.parametrize(
    "address",
    [
        "agents.example",
        "ftp://agents.example",
        "https://",
        "https:///api/v1",
        "https://:8080",
        "https://agents.example:99999",
        "https://agents.example:port",
        "https://agents example",
        "https://user:s3cret@agents.example",
        "https://agents.example?token=1",
        "https://agents.example#fragment",
        "http://agents.example",
        "http://127.0.0.1.agents.example",
        "http://localhost@agents.example",
        "https://user:s3cret/@agents.example",
    ],
)
@pytest.mark.parametrize(
    "construct",
    [
        lambda address: HubspotConnector(auth_config=LOCAL, base_url=address),
        lambda address: HubspotConnector(**PAIR, external_user_id="u", base_url=address),
    ],
    ids=["local", "hosted"],
)
def test_an_address_that_would_leak_or_cannot_work_is_refused(
    address: str, construct: Callable[[str], HubspotConnector]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        construct(address)
    assert "s3cret" not in caught.value.message


@pytest.mark.requirement("address-rules")
async def test_plain_http_needs_to_be_asked_for() -> None:
    seen = await see(
        lambda transport: HubspotConnector(
            **PAIR,
            external_user_id="u",
            base_url="http://agents.example",
            allow_insecure_http=True,
            transport=transport,
        )
    )
    assert seen.base_url == "http://agents.example"


WRONG_FORMS: dict[str, tuple[Callable[[], HubspotConnector], tuple[str, ...]]] = {
    "nothing": (HubspotConnector, ("HubspotAuthConfig", "external_user_id", "AIRBYTE_CLIENT_ID")),
    "credentials of both kinds": (
        lambda: HubspotConnector(auth_config=LOCAL, external_user_id="u", **PAIR),
        ("auth_config", "external_user_id"),
    ),
    "credentials and a token": (
        lambda: HubspotConnector(auth_config=LOCAL, airbyte_token="t"),
        ("auth_config",),
    ),
    "a hosted config and single arguments": (
        lambda: HubspotConnector(auth_config=AirbyteAuthConfig(**PAIR), external_user_id="u"),
        ("AirbyteAuthConfig",),
    ),
    "two workspaces": (
        lambda: HubspotConnector(external_user_id="a", workspace_name="b", **PAIR),
        ("workspace_name", "external_user_id", "a, b"),
    ),
    "no pair": (
        lambda: HubspotConnector(external_user_id="u"),
        ("airbyte_client_id", "AIRBYTE_CLIENT_ID", "airbyte_client_secret", "AIRBYTE_CLIENT_SECRET"),
    ),
    "half a pair": (
        lambda: HubspotConnector(external_user_id="u", airbyte_client_id="id-1"),
        ("airbyte_client_secret", "AIRBYTE_CLIENT_SECRET"),
    ),
    "a pair for nobody": (lambda: HubspotConnector(**PAIR), ("external_user_id",)),
    "a config of another kind": (
        lambda: HubspotConnector(auth_config={"refresh_token": "r"}),  # type: ignore[arg-type]
        ("HubspotAuthConfig", "AirbyteAuthConfig", "dict"),
    ),
}


@pytest.mark.requirement("constructor-forms")
@pytest.mark.parametrize("form", WRONG_FORMS)
def test_a_form_that_says_too_much_or_too_little_names_arguments_and_variables(form: str) -> None:
    construct, names = WRONG_FORMS[form]
    with pytest.raises(ConfigurationError) as caught:
        construct()
    assert isinstance(caught.value, ValueError)
    assert caught.value.code == "configuration_error"
    assert [name for name in names if name not in caught.value.message] == []
    assert "secret-1" not in caught.value.message
