"""Every line of the page that the whole project is measured by works as it is printed."""

import asyncio
import re
from typing import Final
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from airbyte_agent_hubspot import HubspotConnector
from airbyte_agent_hubspot.models import Contact, Page
from docs.made_up import MadeUp
from docs.pages import ROOT, Block, HttpAnswer, Shell, find_block, read_blocks
from services import call

PAGE: Final = "docs/authentication.md"
HOST: Final = "http://127.0.0.1:8000"
ACCESS_TOKEN: Final = "<Your HubSpot OAuth2 Access Token (optional if refresh_token is provided)>"

FACTS: Final = (
    ("OAuth", "HubspotAuthConfig", "client_id", "client_secret", "refresh_token", "access_token"),
    ("OAuth", "from airbyte_agent_hubspot import HubspotConnector"),
    ("OAuth", "from airbyte_agent_hubspot.models import HubspotAuthConfig", "auth_config=HubspotAuthConfig("),
    ("OAuth", 'client_id="<Your HubSpot OAuth2 Client ID>"', 'client_secret="<Your HubSpot OAuth2 Client Secret>"'),
    ("OAuth", 'refresh_token="<Your HubSpot OAuth2 Refresh Token>"', f'access_token="{ACCESS_TOKEN}"'),
    ("OAuth", "POST", "/v1/integrations/connectors", "Authorization: Bearer <SCOPED_TOKEN>"),
    ("OAuth", '"external_user_id": "<EXTERNAL_USER_ID>"', '"connector_type": "Hubspot"'),
    ("OAuth", '"name": "My Hubspot Connector"', '"credentials": {', '"client_id": "<Your HubSpot OAuth2 Client ID>"'),
    ("OAuth", '"client_secret": "<Your HubSpot OAuth2 Client Secret>"'),
    ("OAuth", '"refresh_token": "<Your HubSpot OAuth2 Refresh Token>"', f'"access_token": "{ACCESS_TOKEN}"'),
    ("Bring your own OAuth flow", "| `external_user_id` | `string` | yes", "| `connector_type` | `string` | yes"),
    ("Bring your own OAuth flow", "| `redirect_url` | `string` | yes"),
    ("Bring your own OAuth flow", "POST", "/v1/integrations/connectors/oauth/initiate", "Bearer <BEARER_TOKEN>"),
    ("Bring your own OAuth flow", '"external_user_id": "<EXTERNAL_USER_ID>"', '"connector_type": "Hubspot"'),
    ("Bring your own OAuth flow", '"redirect_url": "https://yourapp.com/oauth/callback"', "consent_url", "secret_id"),
    ("Bring your own OAuth flow", "| `external_user_id` | `string` | yes", "| `connector_type` | `string` | yes"),
    ("Bring your own OAuth flow", "| `name` | `string` |", "| `server_side_oauth_secret_id` | `string` | yes"),
    ("Bring your own OAuth flow", "POST", "/v1/integrations/connectors", "Bearer <BEARER_TOKEN>"),
    ("Bring your own OAuth flow", '"external_user_id": "<EXTERNAL_USER_ID>"', '"connector_type": "Hubspot"'),
    ("Bring your own OAuth flow", '"name": "My Hubspot Connector"'),
    ("Bring your own OAuth flow", '"server_side_oauth_secret_id": "<secret_id_from_callback>"'),
    ("Execution", "from airbyte_agent_hubspot import HubspotConnector", 'external_user_id="<your_external_user_id>"'),
    ("Execution", 'airbyte_client_id="<your-client-id>"', 'airbyte_client_secret="<your-client-secret>"'),
    ("Execution", "@agent.tool_plain", "@HubspotConnector.tool_utils"),
    ("Execution", "async def hubspot_execute(entity: str, action: str, params: dict | None = None):"),
    ("Execution", "return await connector.execute(entity, action, params or {})"),
    ("Execution", "POST", "/api/v1/connectors/sources/<connector_id>/execute", "Authorization: Bearer <SCOPED_TOKEN>"),
    ("Execution", "Content-Type: application/json", '{"entity": "<entity>", "action": "<action>", "params": {}}'),
)
"""What must be on the page, in this order: names, fields, methods, paths. Each row begins with its heading."""


class Reader:
    """Somebody with `make up` running who follows the page."""

    def __init__(self, up: MadeUp, shell: Shell) -> None:
        self.up = up
        self._shell = shell
        self._values = {
            HOST: up.values["server_url"],
            "<Your HubSpot OAuth2 Client ID>": up.values["hubspot_client_id"],
            "<Your HubSpot OAuth2 Client Secret>": up.values["hubspot_client_secret"],
            "<Your HubSpot OAuth2 Refresh Token>": up.values["hubspot_refresh_token"],
            "<Your HubSpot private app token>": str(self._credentials()["private_app_token"]),
            ACCESS_TOKEN: self._access_token(),
            "<your-client-id>": up.values["airbyte_client_id"],
            "<your-client-secret>": up.values["airbyte_client_secret"],
        }

    def curl(self, block: Block, **places: str) -> HttpAnswer:
        """What the block's command is answered."""
        return self._shell.curl(self._fill(block, places))

    def python(self, block: Block, names: dict[str, object] | None = None, **places: str) -> HubspotConnector:
        """The connector that the block makes."""
        namespace = dict(names or {})
        exec(compile(self._fill(block, places), block.heading, "exec"), namespace)  # noqa: S102 - that is the test
        connector = namespace["connector"]
        assert isinstance(connector, HubspotConnector)
        return connector

    def log_in(self) -> str:
        """An application token, as the page says."""
        answer = self.curl(find_block(PAGE, "Tokens of the server", "bash"))
        assert (answer.status, answer.body["expires_in"]) == (200, 900)
        return str(answer.body["access_token"])

    def log_in_for(self, user: str) -> str:
        """A token for one end user, as the page says."""
        block = find_block(PAGE, "Tokens of the server", "bash", number=1)
        answer = self.curl(block, BEARER_TOKEN=self.log_in(), EXTERNAL_USER_ID=user)
        assert answer.status == 200
        return str(answer.body["token"])

    def consent(self, consent_url: str) -> str:
        """Where the browser ends up after consent: our application's address, which is not visited."""
        follow = "curl -o /dev/null --write-out '%{{redirect_url}}' '{}'"
        callback = self._shell.run(follow.format(f"{consent_url}&auto_approve=true"))
        return self._shell.run(follow.format(callback))

    def _fill(self, block: Block, places: dict[str, str]) -> str:
        return block.fill({**self._values, **{f"<{name}>": value for name, value in places.items()}})

    def _credentials(self) -> dict[str, object]:
        return call("GET", f"{self.up.values['sandbox_url']}/_sandbox/credentials")

    def _access_token(self) -> str:
        """One that the sandbox grants now, so that the first call needs no refresh."""
        form = f"-d grant_type=refresh_token -d client_id={self.up.values['hubspot_client_id']}"
        secrets = (
            f"{self.up.values['hubspot_client_secret']} -d refresh_token={self.up.values['hubspot_refresh_token']}"
        )
        address = f"{self.up.values['sandbox_url']}/oauth/2026-03/token"
        return str(self._shell.curl(f"curl {form} -d client_secret={secrets} {address}").body["access_token"])


@pytest.fixture
def reader(up: MadeUp, shell: Shell) -> Reader:
    return Reader(up, shell)


async def _first_contacts(connector: HubspotConnector) -> list[Contact]:
    async with connector:
        page = await connector.contacts.list(limit=3)
        executed = await connector.execute("contacts", "list", {"limit": 3})
    assert executed == page
    return page.data


@pytest.mark.parametrize("heading", ["OAuth", "Token"])
def test_open_source_execution_lists_contacts_with_what_the_page_prints(
    reader: Reader, heading: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUBSPOT_API_URL", reader.up.values["sandbox_url"])
    connector = reader.python(find_block(PAGE, heading, "python"))
    assert len(asyncio.run(_first_contacts(connector))) == 3


def test_a_connector_made_of_credentials_executes_over_http(reader: Reader) -> None:
    token = reader.log_in_for("user-with-credentials")
    created = reader.curl(
        find_block(PAGE, "OAuth", "bash"), SCOPED_TOKEN=token, EXTERNAL_USER_ID="user-with-credentials"
    )
    assert (created.status, created.body["name"], created.body["workspace_name"]) == (
        200,
        "My Hubspot Connector",
        "user-with-credentials",
    )
    for bearer in (token, reader.log_in()):
        answer = reader.curl(
            find_block(PAGE, "Execution", "bash"),
            SCOPED_TOKEN=bearer,
            connector_id=str(created.body["id"]),
            entity="contacts",
            action="list",
        )
        records = answer.body["result"]
        assert isinstance(records, list)
        assert (answer.status, answer.body["status"], len(records)) == (200, "success", 10)


def test_users_connect_by_consent_in_a_browser(reader: Reader) -> None:
    places = {"BEARER_TOKEN": reader.log_in(), "EXTERNAL_USER_ID": "user-with-browser"}
    begun = reader.curl(find_block(PAGE, "Bring your own OAuth flow", "bash"), **places)
    assert begun.status == 200
    arrived = urlsplit(reader.consent(str(begun.body["consent_url"])))
    assert f"{arrived.scheme}://{arrived.netloc}{arrived.path}" == "https://yourapp.com/oauth/callback"
    secret_id = parse_qs(arrived.query)["secret_id"][0]

    finish = find_block(PAGE, "Bring your own OAuth flow", "bash", number=1)
    created = reader.curl(finish, **places, secret_id_from_callback=secret_id)
    assert (created.status, created.body["name"]) == (200, "My Hubspot Connector")
    again = reader.curl(finish, **places, secret_id_from_callback=secret_id)
    assert (again.status, again.body["code"]) == (422, "invalid_secret_id")


def test_the_token_of_a_private_app_makes_a_connector(reader: Reader) -> None:
    user = "user-with-private-app"
    block = find_block(PAGE, "Private app tokens", "bash")
    created = reader.curl(block, SCOPED_TOKEN=reader.log_in_for(user), EXTERNAL_USER_ID=user)
    assert created.status == 200


def test_the_agent_of_the_page_calls_its_tool_and_gets_contacts(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = "user-with-agent"
    create = find_block(PAGE, "OAuth", "bash")
    assert reader.curl(create, SCOPED_TOKEN=reader.log_in_for(user), EXTERNAL_USER_ID=user).status == 200
    monkeypatch.setenv("AIRBYTE_API_URL", reader.up.values["server_url"])
    seen: list[object] = []

    def model(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        last = messages[-1].parts[-1]
        if isinstance(last, ToolReturnPart):
            seen.append(last.content)
            return ModelResponse([TextPart("Done.")])
        (tool,) = info.function_tools
        assert "contacts (contactId)" in (tool.description or "")
        return ModelResponse([ToolCallPart(tool.name, {"entity": "contacts", "action": "list"})])

    agent = Agent(FunctionModel(model))
    connector = reader.python(find_block(PAGE, "Execution", "python"), {"agent": agent}, your_external_user_id=user)

    async def ask() -> str:
        async with connector:
            return (await agent.run("Who are my contacts?")).output

    assert asyncio.run(ask()) == "Done."
    (page,) = seen
    assert isinstance(page, Page)
    assert [type(record) for record in page] == [Contact] * 10


def test_every_block_of_the_page_is_run() -> None:
    blocks = [(block.heading, block.language) for block in read_blocks(PAGE)]
    assert blocks == [
        ("OAuth", "python"),
        ("Token", "python"),
        ("Tokens of the server", "bash"),
        ("Tokens of the server", "bash"),
        ("OAuth", "bash"),
        ("Bring your own OAuth flow", "bash"),
        ("Bring your own OAuth flow", "bash"),
        ("Private app tokens", "bash"),
        ("Execution", "python"),
        ("Execution", "bash"),
    ]


def test_the_page_says_each_fact_in_the_expected_order() -> None:
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    place = 0
    for heading, *facts in FACTS:
        for fact in facts:
            found = text.find(fact, place)
            assert found >= 0, f"{fact!r} is not on the page after {text[:place][-60:]!r}"
            place = found
        headings = re.findall(r"^#+ (.*)$", text[:place], flags=re.MULTILINE)
        assert heading == headings[-1], f"{facts} do not stand under {heading!r}"
