"""`hubspot-agent` at a HubSpot account on a port: straight, and through a server where the account is connected."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from airbyte_agent_hubspot.cli._commands import app
from airbyte_agent_server.admin import Administration
from airbyte_agent_server.app import create_app as create_server
from airbyte_agent_server.ports import RandomIds, SystemClock
from airbyte_agent_server.settings import Settings
from hubspot_sandbox import Behaviour, Portal, create_app
from hubspot_sandbox.serving import serve_in_thread
from services import call

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WORKSPACE = "user-123"


@dataclass(frozen=True)
class Done:
    """How a command ended, what it printed, and what it said to people."""

    code: int
    printed: str
    said: str

    @property
    def json(self) -> Any:
        return json.loads(self.printed)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.printed.splitlines()]


@dataclass(frozen=True)
class Agent:
    """Someone at the command line."""

    portal: Portal
    variables: Mapping[str, str]

    def run(self, *arguments: str, text: str | None = None, **variables: str) -> Done:
        """Run a command in this process, whatever comes of it."""
        result = CliRunner().invoke(app, arguments, input=text, env={**cleared(), **self.variables, **variables})
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    def get(self, *arguments: str, text: str | None = None) -> Any:
        """What a command that must succeed printed."""
        done = self.run(*arguments, text=text)
        assert done.code == 0, done.said
        return done.json

    @property
    def requests(self) -> int:
        """How many requests reached HubSpot's CRM so far."""
        return sum("/crm/" in entry.path for entry in self.portal.log.entries)


def cleared() -> dict[str, str | None]:
    """The developer's own variables, as they must not be."""
    return {name: None for name in os.environ if name.startswith(("AIRBYTE_", "HUBSPOT_", "SDK_DEV_"))}


@dataclass(frozen=True)
class Account:
    """A HubSpot account, where it answers, and the variables for both ways to it."""

    portal: Portal
    local: Mapping[str, str]
    hosted: Mapping[str, str]


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """One for all tests: each works on records of its own."""
    sandbox = create_app(portal="small", behaviour=Behaviour(rate_limits=False, auto_approve=True))
    portal: Portal = sandbox.state.portal
    with ExitStack() as stack:
        hubspot_url = stack.enter_context(serve_in_thread(sandbox))
        known, grant = portal.tokens.apps()[0], portal.tokens.grants()[0]
        data_dir = tmp_path_factory.mktemp("server")
        settings = Settings(
            public_url="http://127.0.0.1",
            data_dir=data_dir,
            hubspot_api_base_url=hubspot_url,
            hubspot_client_id=known.client_id,
            hubspot_client_secret=SecretStr(known.client_secret),
            organization_rate_limit=0,
            workspace_rate_limit=0,
            jobs=False,  # their threads would live, and use the one source of randomness, as long as the whole run
        )
        pair = asyncio.run(
            Administration(settings, SystemClock(), RandomIds()).create_organization("Acme", redirect_origins=[])
        )
        server_url = stack.enter_context(serve_in_thread(create_server(settings)))
        secret = pair.client_secret.get_secret_value()
        applications = f"{server_url}/api/v1/account/applications/token"
        answer = call("POST", applications, body={"client_id": pair.client_id, "client_secret": secret})
        body = {
            "workspace_name": WORKSPACE,
            "connector_type": "HubSpot",
            "credentials": {"refresh_token": grant.refresh_token},
        }
        call("POST", f"{server_url}/api/v1/integrations/connectors", body=body, token=str(answer["access_token"]))
        yield Account(
            portal,
            {
                "HUBSPOT_API_URL": hubspot_url,
                "HUBSPOT_CLIENT_ID": known.client_id,
                "HUBSPOT_CLIENT_SECRET": known.client_secret,
                "HUBSPOT_REFRESH_TOKEN": grant.refresh_token,
            },
            {
                "AIRBYTE_API_URL": server_url,
                "AIRBYTE_CLIENT_ID": pair.client_id,
                "AIRBYTE_CLIENT_SECRET": secret,
                "AIRBYTE_WORKSPACE_NAME": WORKSPACE,
            },
        )


@pytest.fixture(params=["local", "hosted"])
def agent(request: pytest.FixtureRequest, account: Account) -> Agent:
    """The command line in both ways to the account: the same commands give the same."""
    return Agent(account.portal, account.local if request.param == "local" else account.hosted)


@pytest.fixture
def local(account: Account) -> Agent:
    """The command line, straight to HubSpot."""
    return Agent(account.portal, account.local)
